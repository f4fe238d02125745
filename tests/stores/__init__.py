"""The contract of a store (``conformance.py``), and each kind of store held against it."""
