"""What code needs to know of a node: its store's public address, the path below it, and the arrays around it."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from . import wire
from .errors import BrowserError
from .explorer import Explorer
from .keys import parent_of
from .snippets import Target, http_names
from .stores import Store


async def target_of(explorer: Explorer, key: str, *, has_dask: bool, has_cftime: bool) -> Target:
    """The target of all snippets for the node at ``key``. Raises BrowserError where it cannot be read."""
    store = explorer.store
    node = await explorer.node(key)
    group = parent_of(node.key) if isinstance(node, wire.ArrayNode) else node.key
    arrays = await _arrays(explorer, node, group)
    url, seen = _address(store, node)
    is_member = isinstance(seen, wire.ArrayNode) and bool(seen.path)
    target = Target(
        seen,
        url,
        store.cell_access(),
        arrays,
        in_dataset=is_member and any(each.key == node.key for each in arrays),
        has_dask=has_dask,
        has_cftime=has_cftime,
    )
    was_consolidated = isinstance(node, wire.ZarrNode) and node.consolidated
    if was_consolidated and not target.consolidated and not await _lists(store, group):
        # Code has to list the members now, and a group that cannot be listed looks empty without any error.
        return dataclasses.replace(target, node=_unlisted(seen), in_dataset=False)
    return target


async def _arrays(explorer: Explorer, node: wire.Node, group: str) -> list[wire.ArrayNode]:
    """The arrays of the group that code opens: the node, or the dataset that holds it."""
    if isinstance(node, wire.GroupNode | wire.DatasetNode):
        return [] if node.members_unknown else await explorer.arrays(group)
    if not isinstance(node, wire.ArrayNode) or not node.path:
        return []
    try:
        return await explorer.arrays(group) if isinstance(await explorer.node(group), wire.DatasetNode) else []
    except BrowserError:
        # The array itself is readable, and opens without its group.
        return []


def _address(store: Store, node: wire.Node) -> tuple[str, Any]:
    """Address of the root of a node's store, and the node as seen from that root."""
    if not isinstance(node, wire.GroupNode | wire.DatasetNode | wire.ArrayNode):
        return store.uri(node.key), node
    if not _arrives(store, node.path):
        return store.uri(node.key).removesuffix("/"), msgspec.structs.replace(node, path="", consolidated=False)
    root = node.store_key if node.store_key is not None else node.key
    return store.uri(root).removesuffix("/"), node


def _arrives(store: Store, path: str) -> bool:
    """Whether libraries take a path below a store as it stands. As part of the store's own address it always arrives.

    zarr-python turns backslashes into slashes and slashes into one; for web servers see ``snippets/http_names.py``.
    """
    if store.uri("").startswith("http") and not http_names.is_safe(path):
        return False
    return "\\" not in path and not (path and {"", ".", ".."}.intersection(path.split("/")))


def _unlisted(node: Any) -> Any:
    """A group as code sees it that cannot list it."""
    if isinstance(node, wire.ArrayNode):
        return node
    shared = {field: getattr(node, field) for field in wire.GroupNode.__struct_fields__ if hasattr(node, field)}
    return wire.GroupNode(**{**shared, "members_unknown": True})


async def _lists(store: Store, key: str) -> bool:
    try:
        await store.list(key, limit=1)
    except BrowserError as exc:
        if exc.code not in {"list_forbidden", "list_unsupported"}:
            raise
        return False
    return True
