"""Recognising Zarr, and describing it."""
