"""The snippets, best first. A new one is one file here and one line in :data:`SNIPPETS`."""

from __future__ import annotations

from . import fsspec_open, http_names, xarray_zarr, zarr_open
from .base import Snippet, Target

SNIPPETS: tuple[Snippet, ...] = (*xarray_zarr.SNIPPETS, *zarr_open.SNIPPETS, *fsspec_open.SNIPPETS)

__all__ = ["SNIPPETS", "Snippet", "Target", "http_names"]
