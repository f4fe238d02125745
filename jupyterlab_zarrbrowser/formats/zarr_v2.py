"""Zarr version 2 (https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html), from JSON alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
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

_NODE_DOCUMENTS = (".zgroup", ".zarray", ".zattrs")

#: A structured type with more fields is cut short on its way to the screen.
_MAX_DTYPE_CHARS = 2_000


class ZarrV2:
    name = "zarr"
    zarr_format = 2
    documents = (".zmetadata", *_NODE_DOCUMENTS)
    whole = ".zmetadata"

    def claims(self, names: frozenset[str]) -> bool:
        return not names.isdisjoint({".zmetadata", ".zgroup", ".zarray"})

    def from_names(self, names: frozenset[str]) -> Found | None:
        if ".zgroup" in names and names.isdisjoint({".zarray", ".zmetadata"}):
            return Found(GroupFacts(2, None), {}, consolidated=False)
        return None

    async def read(self, read: Read, names: frozenset[str] | None) -> Found | None:
        if names is not None and not self.claims(names):
            return None
        if names is not None and ".zmetadata" in names and ".zarray" not in names:
            # It holds copies of all the others.
            data = await read(".zmetadata")
            found = None if data is None else _consolidated(data)
            if found is not None and isinstance(found.facts, GroupFacts):
                return found
            names = None  # the others may do without it
        wanted = [name for name in self.documents if names is None or name in names]
        return _found(dict(zip(wanted, await asyncio.gather(*map(read, wanted)), strict=True)), True)

    async def read_member(self, read: Read) -> Found | None:
        # v2 keeps dimension names in a second document, so an array takes two requests.
        wanted = (".zarray", ".zattrs")
        data = dict(zip(wanted, await asyncio.gather(*map(read, wanted)), strict=True))
        if data[".zarray"] is None:
            data[".zgroup"] = await read(".zgroup")
        return _found(data, False)


def _found(data: dict[str, bytes | None], looked_for_consolidated: bool) -> Found | None:
    present = {name: body for name, body in data.items() if body is not None}
    if ".zmetadata" in present and ".zarray" not in present:
        found = _consolidated(present[".zmetadata"])
        if isinstance(found.facts, GroupFacts) or ".zgroup" not in present:
            return found
    if ".zarray" not in present and ".zgroup" not in present:
        return None  # attributes alone make no node
    return Found(_facts_of_documents(present), present, consolidated=False if looked_for_consolidated else None)


def _facts_of_documents(present: dict[str, bytes]) -> Facts:
    try:
        attributes = documents.parse(present[".zattrs"], ".zattrs") if ".zattrs" in present else {}
        if ".zarray" in present:
            return array_facts(documents.parse(present[".zarray"], ".zarray"), attributes)
        return group_facts(documents.parse(present[".zgroup"], ".zgroup"), attributes)
    except BrowserError as exc:
        return BrokenFacts(2, exc)


def _consolidated(data: bytes) -> Found:
    """The layout is zarr-python's own: https://zarr.readthedocs.io/en/stable/user-guide/consolidated_metadata/."""
    raw = {".zmetadata": data}
    try:
        document = documents.parse(data, ".zmetadata")
    except BrowserError as exc:
        return Found(BrokenFacts(2, exc), raw)
    if "record_size" in document:
        return Found(_broken(".zmetadata: references to other files (kerchunk) are not read yet."), raw)
    if document.get("zarr_consolidated_format") != 1:
        return Found(_broken(".zmetadata: `zarr_consolidated_format` is not 1."), raw)
    members = _Members(as_dict(document.get("metadata")))
    return Found(members.root(), raw, members, consolidated=True)


class _Members(Mapping[str, Facts]):
    """Consolidated nodes by path, each understood when it is asked for."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._nodes: dict[str, dict[str, Any]] = {}
        for key, value in raw.items():
            path, _, name = key.rpartition("/")
            if name in _NODE_DOCUMENTS:
                self._nodes.setdefault(path.strip("/"), {})[name] = value
        self._root = self._nodes.pop("", {})
        # Attributes alone make no node.
        self._nodes = {
            path: docs
            for path, docs in self._nodes.items()
            if is_node_path(path) and (".zarray" in docs or ".zgroup" in docs)
        }

    def root(self) -> Facts:
        return _facts(self._root or {".zgroup": {"zarr_format": 2}})

    def __getitem__(self, path: str) -> Facts:
        return _facts(self._nodes[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def _facts(raw: dict[str, Any]) -> Facts:
    parts = {name: _decoded(value) for name, value in raw.items()}
    attributes = parts.get(".zattrs", {})
    if ".zarray" in parts:
        return array_facts(parts[".zarray"], attributes)
    return group_facts(parts.get(".zgroup", {}), attributes)


def _decoded(value: Any) -> dict[str, Any]:
    if isinstance(value, str):  # early writers put JSON into JSON
        try:
            return documents.parse(value.encode("utf-8", "surrogatepass"), ".zmetadata")
        except BrowserError:
            return {}
    return as_dict(value)


def _broken(message: str) -> BrokenFacts:
    return BrokenFacts(2, BrowserError("unreadable_metadata", message, "The raw document shows more."))


def group_facts(document: dict[str, Any], attributes: dict[str, Any]) -> Facts:
    if document.get("zarr_format") != 2:
        return _broken(".zgroup: `zarr_format` is not 2.")
    return GroupFacts(2, attributes)


def array_facts(document: dict[str, Any], attributes: dict[str, Any]) -> Facts:
    """Understand one ``.zarray`` with its ``.zattrs``."""
    if document.get("zarr_format") != 2:
        return _broken(".zarray: `zarr_format` is not 2.")
    shape = as_shape(document.get("shape"))
    if shape is None:
        return _broken(".zarray: `shape` is no list of sizes, or has more than 64.")
    chain = [*as_list(document.get("filters")), document.get("compressor")]
    return ArrayFacts(
        zarr_format=2,
        shape=shape,
        dtype=_dtype(document.get("dtype")),
        chunks=as_shape(document.get("chunks")),
        shards=None,
        # https://docs.xarray.dev/en/stable/internals/zarr-encoding-spec.html
        dims=as_dims(attributes.get("_ARRAY_DIMENSIONS"), len(shape)),
        codecs=tuple(_codec(item) for item in chain if isinstance(item, dict)),
        fill_value=document.get("fill_value"),
        order=document.get("order") if document.get("order") in ("C", "F") else None,
        attributes=attributes,
        obstacle=support.v2_array(document, shape),
    )


def _codec(raw: dict[str, Any]) -> CodecFacts:
    return CodecFacts(str(raw.get("id", "unknown")), {key: value for key, value in raw.items() if key != "id"})


def _dtype(raw: Any) -> str:
    """As written; a structured type as its JSON."""
    return raw if isinstance(raw, str) else json.dumps(documents.strict(raw, _MAX_DTYPE_CHARS)[0])
