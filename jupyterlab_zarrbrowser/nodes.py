"""From facts to rows: the only place that builds the wire's nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from . import wire
from .formats import ArrayFacts, BrokenFacts, Facts, GroupFacts
from .formats.documents import strict
from .hierarchy import Place
from .stores import Entry, Store

#: What one answer carries of a raw document; the rest can be read with a cell.
_MAX_DOCUMENT_CHARS = 256 * 1024

_MEMBERS_UNKNOWN = wire.Health(
    level="warning",
    code="members_unknown",
    message="Its members are not known: it cannot be listed here, and no consolidated metadata names them.",
    hint="Libraries may show it as empty. Open a member by its name, or ask the owner to consolidate the metadata.",
)


def name_of(key: str) -> str:
    return key.removesuffix("/").rpartition("/")[2] or key.rpartition("/")[1] or "/"


def from_entry(store: Store, entry: Entry) -> wire.Node:
    """A row of a listing of which nothing more is known."""
    base: dict[str, Any] = {
        "endpoint": store.id,
        "key": entry.key,
        "name": name_of(entry.key),
        "uri": store.uri(entry.key),
        "size_bytes": entry.size_bytes,
        "modified_at": entry.modified_at,
    }
    if entry.kind == "bucket":
        return wire.BucketNode(**base)
    if entry.kind == "prefix":
        return wire.FolderNode(**base, is_undecided=True)
    return wire.ObjectNode(**base)


def folder(store: Store, key: str, *, bucket: bool = False, **more: Any) -> wire.FolderNode | wire.BucketNode:
    base: dict[str, Any] = {
        "endpoint": store.id,
        "key": key,
        "name": name_of(key) if key else store.title,
        "uri": store.uri(key),
    }
    return wire.BucketNode(**base, **more) if bucket else wire.FolderNode(**base, **more)


def from_place(
    store: Store,
    key: str,
    place: Place,
    members: Iterable[Facts] | None,
    *,
    members_unknown: bool = False,
    members_complete: bool = True,
) -> wire.Node:
    """A Zarr node. ``members`` are the facts of its direct members (of some where not complete), None if not read."""
    facts = place.found.facts
    if isinstance(facts, BrokenFacts):
        return folder(store, key, format="zarr", problem=facts.problem.problem())
    base: dict[str, Any] = {
        "endpoint": store.id,
        "key": key,
        "name": name_of(key) if key else store.title,
        "uri": store.uri(key),
        "format": "zarr",
        "zarr_format": facts.zarr_format,
        "consolidated": place.found.consolidated,
        "store_key": place.store_key,
        "path": place.path,
    }
    if isinstance(facts, ArrayFacts):
        return wire.ArrayNode(
            **base,
            dims=None if facts.dims is None else list(facts.dims),
            shape=list(facts.shape),
            chunks=None if facts.chunks is None else list(facts.chunks),
            shards=None if facts.shards is None else list(facts.shards),
            dtype=facts.dtype,
            codecs=[wire.Codec(name=codec.name, configuration=strict(codec.configuration)) for codec in facts.codecs],
            fill_value=strict(facts.fill_value),
            order=facts.order,
        )
    known = None if members is None else list(members)
    base["child_count"] = None if known is None or not members_complete else len(known)
    sizes = None if known is None else dataset_sizes(known)
    if sizes is not None:
        return wire.DatasetNode(**base, sizes=sizes, members_unknown=members_unknown)
    return wire.GroupNode(**base, members_unknown=members_unknown, health=[_MEMBERS_UNKNOWN] if members_unknown else [])


def with_details(node: wire.Node, place: Place) -> wire.Node:
    """Add what only ``GET node`` carries: attributes and raw documents."""
    if not isinstance(node, wire.GroupNode | wire.DatasetNode | wire.ArrayNode):
        return msgspec.structs.replace(node, documents=_documents(place))
    facts = place.found.facts
    attributes = facts.attributes if isinstance(facts, ArrayFacts | GroupFacts) else None
    return msgspec.structs.replace(node, attributes=strict(attributes), documents=_documents(place))


def _documents(place: Place) -> list[wire.Document]:
    shown = []
    for name, data in place.found.documents.items():
        text = data[: 4 * _MAX_DOCUMENT_CHARS].decode("utf-8", "replace")
        shown.append(
            wire.Document(
                name=name,
                text=text[:_MAX_DOCUMENT_CHARS],
                size_bytes=len(data),
                is_truncated=len(text) > _MAX_DOCUMENT_CHARS or len(data) > 4 * _MAX_DOCUMENT_CHARS,
            )
        )
    return shown


def dataset_sizes(members: Iterable[Facts]) -> dict[str, int] | None:
    """Sizes of all dimensions where xarray would open the group as a dataset, else None.

    xarray needs a name for every dimension of every array, and one size for each name
    (https://docs.xarray.dev/en/stable/internals/zarr-encoding-spec.html).
    """
    sizes: dict[str, int] = {}
    has_array = False
    for facts in members:
        if isinstance(facts, BrokenFacts):
            return None
        if not isinstance(facts, ArrayFacts):
            continue
        has_array = True
        if not facts.is_named or facts.dims is None:
            return None
        for name, size in zip(facts.dims, facts.shape, strict=True):
            if name is None or sizes.setdefault(name, size) != size:
                return None
    return sizes if has_array else None
