"""Cells, executed as they stand."""
