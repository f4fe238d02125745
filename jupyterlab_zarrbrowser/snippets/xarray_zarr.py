"""``xr.open_zarr`` for datasets, for groups inside a store, and for one variable of a dataset.

``zarr_format`` and ``consolidated`` are always stated: without them xarray probes, which takes more requests and fails
where listing is forbidden. The root and the group stay apart, because consolidated metadata lies at the root.
"""

from __future__ import annotations

import math
from typing import Any

from .. import wire
from . import http_names, times
from .base import Code, Raw, Snippet, Target

#: A dask chunk of more elements along one dimension helps nobody.
_MAX_ALIGNED = 2**31


class OpenZarr:
    id = "xarray.open_zarr"

    def label(self, target: Target) -> str:
        return "open_zarr"

    def applies(self, target: Target) -> bool:
        return isinstance(target.node, wire.DatasetNode)

    def render(self, target: Target) -> str:
        assert isinstance(target.node, wire.DatasetNode)
        code = Code(target.access)
        _open(code, target, target.node.zarr_format, target.node.path)
        code.line("ds")
        return code.text()


class OpenZarrVariable:
    id = "xarray.open_zarr.variable"

    def label(self, target: Target) -> str:
        return "open_zarr variable"

    def applies(self, target: Target) -> bool:
        return isinstance(target.node, wire.ArrayNode) and target.in_dataset

    def render(self, target: Target) -> str:
        assert isinstance(target.node, wire.ArrayNode)
        group, _, name = target.node.path.rpartition("/")
        code = Code(target.access)
        _open(code, target, target.node.zarr_format, group)
        code.line(f"da = ds[{name!r}]")
        code.line("da")
        return code.text()


def _open(code: Code, target: Target, zarr_format: int | None, group: str) -> None:
    aligned = shard_chunks(target.arrays)
    chunks: Any = aligned
    if not target.has_dask:
        chunks = Raw("None")
        if aligned:
            code.note(f"Sharded: with dask installed, chunks={aligned!r} reads one whole shard per task.")
    if (unusable := target.remark("consolidated_unusable")) is not None:
        code.note(unusable)
    misread = http_names.misread(target)
    http_names.note_misread(code, misread)
    code.needs("xarray", "xr")
    names_members = http_names.names_members(target, group)
    store, options = http_names.name_members(code, target) if names_members else code.store(target)
    code.call(
        "ds",
        "xr.open_zarr",
        store,
        group=group or None,
        zarr_format=zarr_format,
        consolidated=target.consolidated,
        chunks=chunks,
        drop_variables=misread or None,
        decode_times=_decode_times(code, target),
        storage_options=options,
    )
    if names_members:
        http_names.restore(code, target)


def _decode_times(code: Code, target: Target) -> dict[str, bool] | None:
    raw = times.undecodable(target.arrays, target.has_cftime)
    if raw:
        why = "" if target.has_cftime else " (without cftime)"
        code.note(f"xarray cannot decode{why} the times in {', '.join(map(repr, raw))}, so they stay numbers.")
    return dict.fromkeys(raw, False) or None


def shard_chunks(arrays: list[wire.ArrayNode]) -> dict[str, int]:
    """Dask chunks such that each covers whole shards; empty where nothing is sharded.

    ``chunks={}`` follows the inner chunk and reads a shard in many small ranges (pydata/xarray#11460). Where arrays
    that share a dimension are cut differently, the chunk is the least common multiple, or the whole dimension.
    """
    # A coordinate along its own dimension is read whole, whatever the chunks are.
    cut = [array for array in arrays if array.dims and array.shape and array.dims != [array.name]]
    sharded = {name for array in cut if array.shards for name in array.dims or []}
    sizes: dict[str, int] = {}
    for array in cut:
        unit = array.shards or array.chunks
        if unit is None:
            continue
        for name, step, length in zip(array.dims or [], unit, array.shape or [], strict=True):
            if name is not None and name in sharded and length and step:
                sizes[name] = min(math.lcm(sizes.get(name, 1), step), length)
    return {name: size for name, size in sizes.items() if size <= _MAX_ALIGNED}


SNIPPETS: tuple[Snippet, ...] = (OpenZarr(), OpenZarrVariable())
