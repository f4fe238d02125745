"""Cells that change something: from two places and what a notebook may know of them."""

from __future__ import annotations

from . import wire
from .errors import BrowserError
from .formats import METADATA_NAMES
from .keys import name_of
from .snippets.converting import can_convert, convert_cell
from .snippets.copying import copy_cell
from .snippets.deleting import delete_cell
from .stores import Store


def cell_that_copies(source: Store, key: str, target: Store, to_key: str, *, has_dask: bool) -> wire.Snippet:
    """Copies a container to a container, or writes a file of another format as a store.

    Raises
    ------
    BrowserError
        ``bad_request`` where that makes no sense.
    """
    to_url, access = target.uri(to_key).removesuffix("/"), target.cell_access()
    if not key.endswith("/") and to_key.endswith("/") and can_convert(key):
        path = source.uri(key)
        if "://" in path:
            raise BrowserError("bad_request", "Only a file of this server is written as Zarr.", "Copy it here first.")
        code = convert_cell(path, to_url, access, has_dask=has_dask)
        return wire.Snippet(id="xarray.to_zarr", label=f"write {name_of(key)} as Zarr", language="python", code=code)
    if not (key.endswith("/") and to_key.endswith("/")):
        raise BrowserError("bad_request", "A container is copied to a container.", "Choose a folder or a store.")
    code = copy_cell(
        source.uri(key).removesuffix("/"),
        source.cell_access(),
        to_url,
        access,
        METADATA_NAMES,
        # adlfs returns before such a copy is made; a file system has folders that must be there before.
        inside=target.shares_service(source) and to_url.startswith(("s3://", "gs://")),
    )
    return wire.Snippet(id="dask.copy", label="copy on a Dask cluster", language="python", code=code)


def cell_that_deletes(store: Store, key: str) -> wire.Snippet:
    """Deletes a container. Raises BrowserError (``bad_request``) for anything else."""
    if not key.endswith("/"):
        raise BrowserError("bad_request", "A single object needs no cluster.", "Delete it from the panel.")
    code = delete_cell(store.uri(key).removesuffix("/"), store.cell_access(), METADATA_NAMES)
    return wire.Snippet(id="dask.delete", label="delete on a Dask cluster", language="python", code=code)
