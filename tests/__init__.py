"""Tests. A package, so that benchmarks and subprocesses can import and run ``tests.servers``."""
