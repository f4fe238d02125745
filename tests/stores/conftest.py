"""What all stores' tests share."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def quick_collection() -> Iterator[None]:
    """Every test looks for what it left behind; this keeps the modules out of that search."""
    for module in ("fsspec.implementations.http", "gcsfs.core", "moto.server", "s3fs"):
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
