"""Zarr version 3 (https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html), from JSON alone.

zarr-python refuses a whole group when one member is unknown to it; here each node stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BrowserError
from . import documents, support
from .base import (
    ArrayFacts,
    BrokenFacts,
    CodecFacts,
    Facts,
    Found,
    GroupFacts,
    Read,
    as_dict,
    as_dims,
    as_list,
    as_shape,
    is_node_path,
)


class ZarrV3:
    name = "zarr"
    zarr_format = 3
    documents = ("zarr.json",)
    whole = "zarr.json"

    def claims(self, names: frozenset[str]) -> bool:
        return "zarr.json" in names

    def from_names(self, names: frozenset[str]) -> Found | None:
        return None

    async def read(self, read: Read, names: frozenset[str] | None) -> Found | None:
        if names is not None and not self.claims(names):
            return None
        return await self.read_member(read)

    async def read_member(self, read: Read) -> Found | None:
        data = await read("zarr.json")
        if data is None:
            return None
        try:
            document = documents.parse(data, "zarr.json")
        except BrowserError as exc:
            return Found(BrokenFacts(3, exc), {"zarr.json": data})
        facts = facts_of(document)
        members = None
        inline = as_dict(document.get("consolidated_metadata")).get("metadata")
        if isinstance(facts, GroupFacts) and isinstance(inline, dict):
            members = _Members(inline)
        return Found(facts, {"zarr.json": data}, members, consolidated=members is not None)


class _Members(Mapping[str, Facts]):
    """Consolidated nodes, each understood when it is asked for: a store may have a hundred thousand."""

    def __init__(self, raw: dict[str, Any]) -> None:
        stripped = ((path.strip("/"), value) for path, value in raw.items())
        self._raw = {path: value for path, value in stripped if is_node_path(path)}

    def __getitem__(self, path: str) -> Facts:
        return facts_of(as_dict(self._raw[path]))

    def __iter__(self) -> Any:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def _broken(message: str) -> BrokenFacts:
    return BrokenFacts(3, BrowserError("unreadable_metadata", f"zarr.json: {message}", "The raw document shows more."))


def facts_of(document: dict[str, Any]) -> Facts:
    """Understand one ``zarr.json``."""
    version = document.get("zarr_format")
    if isinstance(version, str) and "purl.org/zarr/spec" in version:
        return _broken("this is a draft of Zarr v3 that no current library reads.")
    if version != 3:
        return _broken("`zarr_format` is not 3.")
    match document.get("node_type"):
        case "group":
            return GroupFacts(3, as_dict(document.get("attributes")), support.v3_group(document))
        case "array":
            return _array(document)
    return _broken("`node_type` is neither group nor array.")


def _array(document: dict[str, Any]) -> ArrayFacts | BrokenFacts:
    shape = as_shape(document.get("shape"))
    if shape is None:
        return _broken("`shape` is no list of sizes, or has more than 64.")
    codecs = tuple(_codec(item) for item in as_list(document.get("codecs")))
    stored = _chunk_shape(document.get("chunk_grid"))
    inner = _inner_chunks(codecs)
    dims = as_dims(document.get("dimension_names"), len(shape))
    return ArrayFacts(
        zarr_format=3,
        shape=shape,
        dtype=_name(document.get("data_type")),
        chunks=inner if inner is not None else stored,
        shards=stored if inner is not None else None,
        # A scalar has nothing to name, and xarray opens it without.
        dims=dims if shape else (),
        codecs=codecs,
        fill_value=document.get("fill_value"),
        order=None,
        attributes=as_dict(document.get("attributes")),
        obstacle=support.v3_array(document, shape),
    )


def _name(extension: Any) -> str:
    """An extension point may be a bare name since specification 3.1."""
    if isinstance(extension, str):
        return extension
    name = as_dict(extension).get("name")
    return name if isinstance(name, str) else "unknown"


def _codec(extension: Any) -> CodecFacts:
    return CodecFacts(_name(extension), as_dict(as_dict(extension).get("configuration")))


def _chunk_shape(grid: Any) -> tuple[int, ...] | None:
    if _name(grid) != "regular":
        return None
    return as_shape(as_dict(as_dict(grid).get("configuration")).get("chunk_shape"))


def _inner_chunks(codecs: tuple[CodecFacts, ...]) -> tuple[int, ...] | None:
    """Chunk shape inside of shards, of the innermost level where they nest; None where there are no shards.

    https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
    """
    found: tuple[int, ...] | None = None
    sharding = _sharding(codecs)
    while sharding is not None:
        found = as_shape(sharding.configuration.get("chunk_shape")) or found
        sharding = _sharding(tuple(_codec(item) for item in as_list(sharding.configuration.get("codecs"))))
    return found


def _sharding(codecs: tuple[CodecFacts, ...]) -> CodecFacts | None:
    return next((codec for codec in codecs if codec.name == "sharding_indexed"), None)
