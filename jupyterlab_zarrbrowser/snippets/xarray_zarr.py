"""``xr.open_zarr`` for datasets, for groups inside a store, and for one variable of a dataset.

``zarr_format`` and ``consolidated`` are always stated: without them xarray probes, which takes more requests and fails
where listing is forbidden. The root and the group stay apart, because consolidated metadata lies at the root.
"""

from __future__ import annotations

import math
from typing import Any

from .. import wire
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
        _open(code, target, target.node, target.node.path)
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
        _open(code, target, target.node, group)
        code.line(f"da = ds[{name!r}]")
        code.line("da")
        return code.text()


def _open(code: Code, target: Target, node: wire.DatasetNode | wire.ArrayNode, group: str) -> None:
    aligned = shard_chunks(target.arrays)
    if target.has_dask:
        chunks: Any = aligned
    else:
        chunks = Raw("None")
        if aligned:
            code.note(f"Sharded: with dask installed, chunks={aligned!r} reads one whole shard per task.")
    code.needs("xarray", "xr")
    code.call(
        "ds",
        "xr.open_zarr",
        target.url,
        group=group or None,
        zarr_format=node.zarr_format,
        consolidated=bool(node.consolidated),
        chunks=chunks,
        storage_options=code.storage_options(),
    )


def shard_chunks(arrays: list[wire.ArrayNode]) -> dict[str, int]:
    """Dask chunks such that each covers whole shards; empty where nothing is sharded.

    ``chunks={}`` follows the inner chunk and reads a shard in many small ranges (pydata/xarray#11460). Where arrays
    that share a dimension are cut differently, the chunk is the least common multiple.
    """
    # A coordinate along its own dimension is read whole, whatever the chunks are.
    wide = [array for array in arrays if array.dims and array.shape and (array.shards or len(array.dims) > 1)]
    sharded = {name for array in wide if array.shards for name in array.dims or []}
    sizes: dict[str, int] = {}
    for array in wide:
        unit = array.shards or array.chunks
        if unit is None:
            continue
        for name, step, length in zip(array.dims or [], unit, array.shape or [], strict=True):
            if name is not None and name in sharded and length:
                sizes[name] = math.lcm(sizes.get(name, 1), min(step, length) or 1)
    return {name: size for name, size in sizes.items() if size <= _MAX_ALIGNED}


SNIPPETS: tuple[Snippet, ...] = (OpenZarr(), OpenZarrVariable())
