"""The kinds of store. A new kind is one file here, one line in :data:`STORES` and one struct in ``config.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..config import EndpointConfig
from .azure import AzureStore
from .base import Store
from .body import Body, Range
from .gcs import GcsStore
from .http import HttpStore
from .listing import Block, Entry, Page
from .local import LocalStore
from .s3 import S3Store

STORES: dict[str, Callable[[Any], Store]] = {
    "s3": S3Store,
    "gcs": GcsStore,
    "azure": AzureStore,
    "http": HttpStore,
    "local": LocalStore,
}


def open_store(config: EndpointConfig) -> Store:
    """Make the store of an endpoint. No request is made before it is used. Call it on the loop that will use it."""
    return STORES[config.kind](config)


__all__ = ["STORES", "Block", "Body", "Entry", "Page", "Range", "Store", "open_store"]
