"""From facts to rows: the only place that builds the wire's nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from . import wire
from .formats import ArrayFacts, BrokenFacts, CodecFacts, Facts, GroupFacts
from .formats.documents import strict
from .hierarchy import Place
from .keys import name_of
from .stores import Entry, Store

#: What one answer carries of a raw document; the rest can be read with a cell.
_MAX_DOCUMENT_CHARS = 256 * 1024

#: What one answer carries of all attributes of a node, and of each smaller thing, in characters.
_MAX_ATTRIBUTES_CHARS = 256 * 1024
_MAX_CONFIGURATION_CHARS = 8 * 1024
_MAX_TEXT_CHARS = 2_000

#: More codecs than any array has.
_MAX_CODECS = 64

_MEMBERS_UNKNOWN = wire.Health(
    level="warning",
    code="members_unknown",
    message="Its members are not known: it cannot be listed here, and no consolidated metadata names them.",
    hint="Libraries may show it as empty. Open a member by its name, or ask the owner to consolidate the metadata.",
)

_ATTRIBUTES_CUT = wire.Health(
    level="info",
    code="attributes_cut",
    message="The attributes are very large; where … stands, something was left out.",
)

_IMPLIED = wire.Health(
    level="warning",
    code="no_group_metadata",
    message="This folder in a Zarr store has no metadata of its own, so libraries do not open it as a group.",
    hint="What lies in it opens by its own path.",
)


def _unsupported(what: str, obstacle: str) -> wire.Health:
    return wire.Health(
        level="warning",
        code="unsupported",
        message=f"zarr-python refuses this {what}: {obstacle}.",
        hint="A package that brings what is missing may help.",
    )


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
    if isinstance(facts, GroupFacts) and facts.is_implied:
        return folder(store, key, format="zarr", health=[_IMPLIED])
    base: dict[str, Any] = {
        "endpoint": store.id,
        "key": key,
        "name": name_of(key) if key else store.title,
        "uri": store.uri(key),
        "format": "zarr",
        "zarr_format": facts.zarr_format,
        # A group above may hold its metadata, as long as the root is not known.
        "consolidated": place.found.consolidated if place.found.consolidated or place.store_key is not None else None,
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
            dtype=facts.dtype[:_MAX_TEXT_CHARS],
            codecs=[_codec(codec) for codec in facts.codecs[:_MAX_CODECS]],
            fill_value=strict(facts.fill_value, _MAX_TEXT_CHARS)[0],
            order=facts.order,
            health=[_unsupported("array", facts.obstacle)] if facts.obstacle else [],
        )
    known = None if members is None else list(members)
    base["child_count"] = None if known is None or not members_complete else len(known)
    if facts.obstacle is not None:
        return wire.GroupNode(**base, members_unknown=members_unknown, health=[_unsupported("group", facts.obstacle)])
    if members_unknown:
        return wire.GroupNode(**base, members_unknown=True, health=[_MEMBERS_UNKNOWN])
    sizes, reason = (None, None) if known is None else dataset_sizes(known)
    if sizes is not None:
        return wire.DatasetNode(**base, sizes=sizes)
    return wire.GroupNode(**base, health=[_not_a_dataset(reason)] if reason else [])


def _codec(facts: CodecFacts) -> wire.Codec:
    configuration, _ = strict(facts.configuration, _MAX_CONFIGURATION_CHARS)
    return wire.Codec(name=facts.name[:_MAX_TEXT_CHARS], configuration=configuration)


def _not_a_dataset(reason: str) -> wire.Health:
    return wire.Health(
        level="info",
        code="not_a_dataset",
        message=f"xarray does not open this group as a dataset: {reason}.",
        hint="Open its arrays one by one.",
    )


def with_details(node: wire.Node, place: Place) -> wire.Node:
    """Add what only ``GET node`` carries: attributes, raw documents, and remarks on the whole store."""
    if not isinstance(node, wire.GroupNode | wire.DatasetNode | wire.ArrayNode):
        return msgspec.structs.replace(node, documents=_documents(place))
    facts = place.found.facts
    found = facts.attributes if isinstance(facts, ArrayFacts | GroupFacts) else None
    attributes, is_cut = strict(found, _MAX_ATTRIBUTES_CHARS)
    obstacle = place.tree.obstacle() if place.tree is not None else None
    health = [*node.health, *([_unusable(obstacle)] if obstacle else []), *([_ATTRIBUTES_CUT] if is_cut else [])]
    return msgspec.structs.replace(node, attributes=attributes, documents=_documents(place), health=health)


def _unusable(obstacle: str) -> wire.Health:
    return wire.Health(
        level="warning",
        code="consolidated_unusable",
        message=f"zarr-python refuses the consolidated metadata of this store as a whole: {obstacle}.",
        hint="Cells read the metadata of each member instead. Ask the owner to consolidate again without it.",
    )


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


def dataset_sizes(members: Iterable[Facts]) -> tuple[dict[str, int] | None, str | None]:
    """Sizes of all dimensions where xarray would open the group as a dataset, else why it would not.

    xarray needs a name for every dimension of every array, and one size for each name
    (https://docs.xarray.dev/en/stable/internals/zarr-encoding-spec.html), and all members as zarr-python reads them.
    Both are None where there is no array.
    """
    sizes: dict[str, int] = {}
    has_array = False
    # The array with most dimensions has them in the order that people expect: time, lat, lon.
    for facts in sorted(members, key=lambda facts: -len(facts.shape) if isinstance(facts, ArrayFacts) else 0):
        if isinstance(facts, BrokenFacts):
            return None, "a member cannot be read"
        if facts.obstacle is not None:
            return None, f"zarr-python refuses a member, since {facts.obstacle}"
        if not isinstance(facts, ArrayFacts):
            continue
        has_array = True
        if facts.dims is None or not facts.is_named:
            return None, "an array has dimensions without names"
        for name, size in zip(facts.dims, facts.shape, strict=True):
            if name is not None and sizes.setdefault(name, size) != size:
                return None, f"its dimension {name!r} has the sizes {sizes[name]} and {size}"
    return (sizes, None) if has_array else (None, None)
