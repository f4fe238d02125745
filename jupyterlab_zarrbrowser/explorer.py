"""The tree of one endpoint: pages of children, rows and descriptions, in as few requests as possible.

The costs are a contract (docs/architecture.md, "Cost"); ``tests/test_costs.py`` counts them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from . import nodes, wire
from .cache import Cache
from .concurrency import gather, outcome
from .errors import BrowserError
from .formats import METADATA_NAMES, ArrayFacts, BrokenFacts, Facts, Found, GroupFacts
from .hierarchy import Place
from .keys import name_of
from .recogniser import MEMBER_ROWS, PEEK_ROWS, Recogniser
from .stores import Entry, Store

#: Members of an unconsolidated group that are read to describe it. Above, the group is described by these.
_MAX_MEMBERS = 200

#: Members of groups that are remembered, over all groups of an endpoint.
_CACHE_MEMBERS = 20_000

#: Errors that leave the members of a group unknown while the group itself is readable.
_NO_LISTING = frozenset({"list_forbidden", "list_unsupported"})


#: What a cursor continues: a listing of the store, or the members that consolidated metadata names.
_STORE, _MEMBERS = "s", "m"

_OFFSET_DIGITS = 12


class Explorer:
    """Children and nodes of one endpoint.

    Parameters
    ----------
    store
        The endpoint's store.
    lifetime_s
        Seconds for which an answer is remembered.
    """

    def __init__(self, store: Store, lifetime_s: float) -> None:
        self.store = store
        self._recogniser = Recogniser(store, lifetime_s)
        self._members: Cache[str, tuple[list[Facts], bool]] = Cache(_CACHE_MEMBERS, lifetime_s)

    async def children(self, key: str, *, cursor: str | None, limit: int, prefix: str, refresh: bool) -> wire.Children:
        """One page of what lies directly in a container. Arrays have no children: chunks are never listed."""
        if refresh and cursor is None:
            await self._refresh(key)
        cursor, offset = _split_cursor(cursor)
        place = self._recogniser.recall(key)
        if place is None and self._recogniser.knows_nothing(key) and _looks_like_store(key):
            place = (await self._recogniser.peek(key, self._recogniser.reader(key)),)
        if place is not None and place[0] is not None:
            found = place[0].found
            if isinstance(found.facts, ArrayFacts):
                return wire.Children(items=[], parent=self._node(key, place[0]), total_count=0)
            if place[0].tree is not None and cursor is None:
                return self._consolidated_page(key, place[0], offset, limit, prefix)
        if offset:
            # What the page before was cut from is forgotten, or no longer consolidated.
            raise BrowserError("bad_request", "This list has changed.", "Refresh the group and load it again.")
        return await self._listed_page(key, place[0] if place else None, cursor, limit, prefix)

    async def nodes(self, keys: list[str], *, refresh: bool) -> list[wire.Node]:
        """Recognise rows. One that cannot be read carries its problem and never hides the others."""
        fresh: set[str] = set()
        for key in keys if refresh else ():
            if not any(key.startswith(base) for base in fresh):
                fresh.add(await self._refresh(key))
        await self._recogniser.learn_from_neighbours(keys)
        return await gather(self._row(key) for key in keys)

    async def node(self, key: str, *, refresh: bool = False, hurry: bool = False) -> wire.Node:
        """Everything about one node. Works where listing is forbidden: documents are asked for by name.

        ``hurry`` asks for whatever might be needed, the groups above included, in one round trip instead of in as few
        requests as possible.

        Raises
        ------
        BrowserError
            ``not_found``, ``forbidden`` and what the store raises.
        """
        if refresh:
            await self._refresh(key)
        if not key.endswith("/") and key:
            return await self._object_or_container(key, hurry)
        place = await (self._recogniser.find_in_one_trip(key) if hurry else self._recogniser.find(key))
        if place is None:
            array = self._recogniser.array_above(key) if hurry else None
            return await self.node(array) if array is not None else await self._plain_container(key)
        place = await self._recogniser.rooted(key, await self._recogniser.complete(key, place))
        members, unknown = await self.members(key, place)
        node = nodes.with_details(self._node(key, place, unknown=unknown), place)
        self._forget_failures(key, members)
        return node

    async def arrays(self, key: str) -> list[wire.ArrayNode]:
        """The arrays directly in a group, with their attributes; empty where they are not known."""
        place = await self._recogniser.find(key)
        if place is None:
            return []
        place = await self._recogniser.rooted(key, place)
        members, _ = await self.members(key, place)
        self._forget_failures(key, members)
        found = (
            (Place(Found(facts, {}), place.store_key, name), f"{key}{name}/")
            for name, facts in (members or {}).items()
            if isinstance(facts, ArrayFacts)
        )
        arrays = (nodes.with_details(self._node(where, array), array) for array, where in found)
        return [node for node in arrays if isinstance(node, wire.ArrayNode)]

    async def arrays_below(self, key: str, paths: Iterable[str]) -> dict[str, ArrayFacts]:
        """Arrays anywhere in a store, by path below ``key`` (ending in ``/``; ``""`` is the store itself).

        Consolidated metadata tells them all in one request; else those of ``paths`` are read that are arrays. One that
        cannot be read is left out.
        """
        place = await self._recogniser.find(key)
        if place is None:
            return {}
        if isinstance(place.found.facts, ArrayFacts):
            return {"": place.found.facts}
        if place.tree is not None:
            below = place.tree.below(place.path)
            return {f"{path}/": facts for path, facts in below if isinstance(facts, ArrayFacts)}
        chosen = [path for path in paths if path]
        found = await gather(outcome(self._recogniser.find(key + path)) for path in chosen)
        return {
            path: each.found.facts
            for path, each in zip(chosen, found, strict=True)
            if isinstance(each, Place) and isinstance(each.found.facts, ArrayFacts)
        }

    async def members(self, key: str, place: Place) -> tuple[dict[str, Facts] | None, bool]:
        """Direct members of a group by name, and whether they are unknowable (neither listed nor consolidated)."""
        if not isinstance(place.found.facts, GroupFacts):
            return None, False
        if place.tree is not None:
            return place.tree.members(place.path), False
        try:
            page = await self._recogniser.page(key, "", None, MEMBER_ROWS)
        except BrowserError as exc:
            if exc.code in _NO_LISTING:
                return None, True
            raise
        below = [entry.key for entry in page.entries if entry.kind == "prefix"][:_MAX_MEMBERS]
        found = await gather(outcome(self._recogniser.look(child)) for child in below)
        facts: dict[str, Facts] = {}
        for child, member in zip(below, found, strict=True):
            if isinstance(member, BrowserError):
                # One that cannot be read must not hide the others.
                facts[name_of(child)] = BrokenFacts(place.found.facts.zarr_format, member)
            elif member is not None:
                facts[name_of(child)] = member.found.facts
        self._members.put(
            key, (list(facts.values()), page.cursor is None and len(below) < _MAX_MEMBERS), 1 + len(facts)
        )
        return facts, False

    def _forget_failures(self, key: str, members: dict[str, Facts] | None) -> None:
        """Where the store was slow or overloaded, the next look may see more."""
        if any(isinstance(each, BrokenFacts) and each.problem.retryable for each in (members or {}).values()):
            self._members.pop(key)

    async def _refresh(self, key: str) -> str:
        """Ask the store again for ``key`` and everything below. Returns the key from which on all is new."""
        base = self._recogniser.forget(key)
        for known in list(self._members):
            if known.startswith(base):
                self._members.pop(known)
        if base != key:
            # Its metadata is consolidated further up. Without that it would be taken for a store of its own.
            await self._recogniser.peek(base, self._recogniser.reader(base))
        return base

    def _consolidated_page(self, key: str, place: Place, offset: int, limit: int, prefix: str) -> wire.Children:
        assert place.tree is not None
        tree = place.tree
        names = [name for name in tree.names(place.path) if name.startswith(prefix)]
        items = [self._node(f"{key}{name}/", tree.child(place.path, name)) for name in names[offset : offset + limit]]
        more = offset + limit < len(names)
        return wire.Children(
            items=items,
            next_cursor=f"{_MEMBERS}{offset + limit}" if more else None,
            parent=self._node(key, place),
            total_count=len(names),
        )

    async def _listed_page(
        self, key: str, place: Place | None, cursor: str | None, limit: int, prefix: str
    ) -> wire.Children:
        try:
            page = await self._recogniser.page(key, prefix, cursor, limit)
        except BrowserError as exc:
            if place is None or exc.code not in _NO_LISTING:
                raise
            return wire.Children(items=[], parent=self._node(key, place, unknown=True), problem=exc.problem())
        if place is None and not prefix and cursor is None and not self._recogniser.is_plain(key):
            place = await self._recogniser.claimed(key, page)
            if place is not None and isinstance(place.found.facts, ArrayFacts):
                return wire.Children(items=[], parent=self._node(key, place), total_count=0)
            if place is not None and place.tree is not None:
                return self._consolidated_page(key, place, 0, limit, prefix)
        hidden = METADATA_NAMES if place is not None else frozenset()
        items = [
            self._listed(entry)
            for entry in page.entries
            if not (entry.kind == "object" and name_of(entry.key) in hidden)
        ]
        parent = None if place is None else self._node(key, place)
        next_cursor = None if page.cursor is None else _STORE + page.cursor
        return wire.Children(items=items, next_cursor=next_cursor, parent=parent)

    def _listed(self, entry: Entry) -> wire.Node:
        place = self._recogniser.recall(entry.key) if entry.kind != "object" else None
        if place is None:
            return nodes.from_entry(self.store, entry)
        if place[0] is None:
            return nodes.folder(self.store, entry.key, bucket=entry.kind == "bucket", modified_at=entry.modified_at)
        return self._node(entry.key, place[0])

    async def _row(self, key: str) -> wire.Node:
        try:
            if not key.endswith("/"):
                return nodes.from_entry(self.store, await self.store.stat(key))
            place = await self._recogniser.look(key)
        except BrowserError as exc:
            if not key.endswith("/"):
                return nodes.from_entry(self.store, Entry(key, "object"))
            return nodes.folder(self.store, key, problem=exc.problem())
        if place is None:
            return nodes.folder(self.store, key, bucket=self._recogniser.is_bucket(key))
        return self._node(key, place)

    async def _object_or_container(self, key: str, hurry: bool) -> wire.Node:
        """A key without a slash at its end: an object, or a container typed without it."""
        inside, stat = await asyncio.gather(
            outcome(self._recogniser.find_in_one_trip(key + "/") if hurry else self._recogniser.find(key + "/")),
            outcome(self.store.stat(key)),
        )
        if isinstance(inside, Place):
            return await self.node(key + "/")
        if hurry and (array := self._recogniser.array_above(key)) is not None:
            return await self.node(array)  # the address of a chunk: what is meant is what it is a part of
        if isinstance(stat, Entry):
            return nodes.from_entry(self.store, stat)
        if isinstance(inside, BrowserError) and inside.code in {"timeout", "unreachable"}:
            raise inside  # a listing would only wait as long again
        try:
            return await self._plain_container(key + "/")
        except BrowserError as exc:
            if exc.code == "not_found" and stat.code != "not_found":
                raise stat from exc
            raise

    async def _plain_container(self, key: str) -> wire.Node:
        """A folder or bucket that is no Zarr node. Raises BrowserError (``not_found``) where nothing is there."""
        bucket = self._recogniser.is_bucket(key)
        if not self._recogniser.is_bucket_list(key):
            page = await self._recogniser.page(key, "", None, PEEK_ROWS)
            if key and not page.entries and not bucket:
                raise BrowserError("not_found", f"Nothing lies at {self.store.uri(key)}.")
        return nodes.folder(self.store, key, bucket=bucket)

    def _node(self, key: str, place: Place, *, unknown: bool = False) -> wire.Node:
        """A row with whatever is known of its members."""
        members: Iterable[Facts] | None = None
        complete = True
        if place.tree is not None:
            members = place.tree.members(place.path).values()
        elif (described := self._members.get(key)) is not None:
            members, complete = described
        return nodes.from_place(self.store, key, place, members, members_unknown=unknown, members_complete=complete)


def _looks_like_store(key: str) -> bool:
    """Whether the name promises a Zarr store. Decides only what is asked first, never what it is."""
    return ".zarr" in name_of(key).lower()


def _split_cursor(cursor: str | None) -> tuple[str | None, int]:
    """The store's own cursor, and the offset among consolidated members; a cursor is only ever one of them."""
    if cursor is None:
        return None, 0
    if cursor.startswith(_STORE):
        return cursor.removeprefix(_STORE), 0
    offset = cursor.removeprefix(_MEMBERS)
    if offset == cursor or not offset.isdecimal() or len(offset) > _OFFSET_DIGITS:
        raise BrowserError("bad_request", "This cursor is not valid.", "Load the folder again from its beginning.")
    return None, int(offset)
