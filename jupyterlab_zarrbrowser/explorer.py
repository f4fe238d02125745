"""What lies where on one endpoint: pages of children, and what each of them is, in as few requests as possible.

The costs are a contract (docs/architecture.md, "Cost"); ``tests/test_costs.py`` counts them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from . import nodes, wire
from .cache import Cache, SingleFlight
from .errors import BrowserError
from .formats import FORMATS, METADATA_NAMES, ArrayFacts, BrokenFacts, Facts, Format, Found, GroupFacts
from .hierarchy import Place, place_of
from .stores import Entry, Page, Store

#: A metadata document above this is not read: consolidated documents of a hundred thousand arrays stay below.
MAX_DOCUMENT_BYTES = 64 * 2**20

#: Bytes of documents that are remembered per endpoint; parsed they take several times as much memory.
_CACHE_BYTES = 32 * 2**20

#: Weight of a place that came without a document.
_SMALL = 512

#: Pages of listings that are remembered per endpoint, in rows.
_CACHE_ROWS = 200_000

#: Containers whose children's format is remembered.
_CACHE_HINTS = 2_000

#: Rows asked for when the question is only what a prefix is. All that decides v2 sorts among the first few.
_PEEK_ROWS = 100

#: Members of an unconsolidated group that are read to describe it. Above, the group is described by these.
_MAX_MEMBERS = 200

#: Containers above a node that are looked at for the root of its store.
_MAX_ANCESTORS = 16

#: Documents in flight for one gesture, so that one screenful does not take every slot of the endpoint.
_MAX_PROBES = 24

#: What a prefix is: a node of a format, or (None) neither.
Identity = Place | None

_T = TypeVar("_T")


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
        self._places: Cache[str, tuple[Identity]] = Cache(_CACHE_BYTES, lifetime_s)
        self._pages: Cache[tuple[str, str, str | None, int], Page] = Cache(_CACHE_ROWS, lifetime_s)
        self._hints: Cache[str, tuple[Format | None]] = Cache(_CACHE_HINTS, lifetime_s)
        self._plain: Cache[str, bool] = Cache(_CACHE_HINTS, lifetime_s)
        self._members: Cache[str, tuple[list[Facts], bool]] = Cache(_CACHE_HINTS, lifetime_s)
        self._looks: SingleFlight[str, Identity] = SingleFlight()
        self._listings: SingleFlight[tuple[str, str, str | None, int], Page] = SingleFlight()

    # -- what the handlers ask for -------------------------------------------------------------------------------

    async def children(self, key: str, *, cursor: str | None, limit: int, prefix: str, refresh: bool) -> wire.Children:
        """One page of what lies directly in a container. Arrays have no children: chunks are never listed."""
        if refresh and cursor is None:
            self.forget(key)
        place = self._recall(key)
        if place is None and self._knows_nothing(key) and _looks_like_store(key):
            place = (await self._peek(key, self._reader(key)),)
        if place is not None and place[0] is not None:
            found = place[0].found
            if isinstance(found.facts, ArrayFacts):
                return wire.Children(items=[], parent=self._node(key, place[0], None), total_count=0)
            if place[0].tree is not None:
                return self._consolidated_page(key, place[0], cursor, limit, prefix)
        return await self._listed_page(key, place[0] if place else None, cursor, limit, prefix)

    async def nodes(self, keys: list[str], *, refresh: bool) -> list[wire.Node]:
        """Recognise rows. One that cannot be read carries its problem and never hides the others."""
        for key in keys if refresh else ():
            self.forget(key)
        unknown = [key for key in keys if key.endswith("/") and self._recall(key) is None]
        pilots: dict[str, str] = {}
        for key in unknown:
            parent = parent_of(key)
            if self._hints.get(parent) is None and self._group_above(key) is None:
                pilots.setdefault(parent, key)
        if len(unknown) > 1:
            # Neighbours are mostly of one kind: the first tells which single document the others are asked for.
            await _gather(_outcome(self._look(key)) for key in pilots.values())
        return list(await _gather(self._row(key) for key in keys))

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
            self.forget(key)
        if not key.endswith("/") and key:
            return await self._object_or_container(key, hurry)
        place = await (self._find_in_one_trip(key) if hurry else self._find(key))
        if place is None:
            return await self._plain_container(key)
        place = await self._rooted(key, await self._complete(key, place))
        members, unknown = await self.members(key, place)
        node = self._node(key, place, members.values() if members is not None else None, unknown=unknown)
        return nodes.with_details(node, place)

    async def arrays(self, key: str) -> list[wire.ArrayNode]:
        """The arrays directly in a group; empty where they are not known."""
        place = await self._find(key)
        if place is None:
            return []
        members, _ = await self.members(key, place)
        return [
            node
            for name, facts in (members or {}).items()
            if isinstance(facts, ArrayFacts)
            and isinstance(
                node := self._node(f"{key}{name}/", Place(Found(facts, {}), place.store_key, name), None),
                wire.ArrayNode,
            )
        ]

    async def members(self, key: str, place: Place) -> tuple[dict[str, Facts] | None, bool]:
        """Direct members of a group by name, and whether they are unknowable (neither listed nor consolidated)."""
        if not isinstance(place.found.facts, GroupFacts):
            return None, False
        if place.tree is not None:
            tree = place.tree
            return {name: tree.child(place.path, name).found.facts for name in tree.names(place.path)}, False
        try:
            page = await self._page(key, "", None, 1000)
        except BrowserError as exc:
            if exc.code in {"list_forbidden", "list_unsupported"}:
                return None, True
            raise
        below = [entry.key for entry in page.entries if entry.kind == "prefix"][:_MAX_MEMBERS]
        found = await _gather(self._look(child) for child in below)
        facts = {
            nodes.name_of(child): place.found.facts
            for child, place in zip(below, found, strict=True)
            if place is not None
        }
        self._members.put(key, (list(facts.values()), page.cursor is None and len(below) < _MAX_MEMBERS))
        return facts, False

    def forget(self, key: str) -> None:
        """Ask the store again for ``key`` and everything below. What holds it in consolidated metadata goes too."""
        place = self._recall(key)
        root = place[0].store_key if place is not None and place[0] is not None else None
        base = root if root is not None else key
        caches: tuple[Cache[str, Any], ...] = (self._places, self._hints, self._plain, self._members)
        for cache in caches:
            for known in list(cache):
                if known.startswith(base):
                    cache.pop(known)
        for page in list(self._pages):
            if page[0].startswith(base):
                self._pages.pop(page)

    # -- pages ---------------------------------------------------------------------------------------------------

    def _consolidated_page(self, key: str, place: Place, cursor: str | None, limit: int, prefix: str) -> wire.Children:
        assert place.tree is not None
        tree = place.tree
        names = [name for name in tree.names(place.path) if name.startswith(prefix)]
        start = _offset(cursor)
        items = []
        for name in names[start : start + limit]:
            child = tree.child(place.path, name)
            inner = (tree.child(child.path, each).found.facts for each in tree.names(child.path))
            items.append(self._node(f"{key}{name}/", child, inner))
        more = start + limit < len(names)
        own = (tree.child(place.path, name).found.facts for name in tree.names(place.path))
        return wire.Children(
            items=items,
            next_cursor=str(start + limit) if more else None,
            parent=self._node(key, place, own),
            total_count=len(names),
        )

    async def _listed_page(
        self, key: str, place: Place | None, cursor: str | None, limit: int, prefix: str
    ) -> wire.Children:
        try:
            page = await self._page(key, prefix, cursor, limit)
        except BrowserError as exc:
            if place is None or exc.code not in {"list_forbidden", "list_unsupported"}:
                raise
            return wire.Children(items=[], parent=self._node(key, place, None, unknown=True), problem=exc.problem())
        if place is None and not prefix and cursor is None and not self._is_plain(key):
            place = await self._claimed(key, page)
            if place is not None and isinstance(place.found.facts, ArrayFacts):
                return wire.Children(items=[], parent=self._node(key, place, None), total_count=0)
            if place is not None and place.tree is not None:
                return self._consolidated_page(key, place, cursor, limit, prefix)
        hidden = METADATA_NAMES if place is not None else frozenset()
        items = [
            self._listed(entry)
            for entry in page.entries
            if not (entry.kind == "object" and nodes.name_of(entry.key) in hidden)
        ]
        parent = None if place is None else self._node(key, place, None)
        return wire.Children(items=items, next_cursor=page.cursor, parent=parent)

    def _listed(self, entry: Entry) -> wire.Node:
        place = self._recall(entry.key) if entry.kind != "object" else None
        if place is None:
            return nodes.from_entry(self.store, entry)
        if place[0] is None:
            return nodes.folder(self.store, entry.key, bucket=entry.kind == "bucket", modified_at=entry.modified_at)
        return self._node(entry.key, place[0], None)

    async def _page(self, key: str, prefix: str, cursor: str | None, limit: int) -> Page:
        ask = (key, prefix, cursor, limit)
        known = self._pages.get(ask)
        if known is None and cursor is None:
            peeked = self._pages.get((key, prefix, None, _PEEK_ROWS))
            known = peeked if peeked is not None and peeked.cursor is None else None
        if known is None:
            known = await self._listings.run(
                ask, lambda: self.store.list(key, name_prefix=prefix, cursor=cursor, limit=limit)
            )
            self._pages.put(ask, known, 1 + len(known.entries))
        return known

    async def _claimed(self, key: str, page: Page) -> Place | None:
        """What the names on a first page make of their container."""
        names = _object_names(page)
        for fmt in FORMATS:
            if fmt.claims(names):
                found = await fmt.read(self._reader(key), names)
                if found is not None:
                    return self._remember(key, found)
        if page.cursor is None or key == "":
            self._remember(key, None)
        else:
            # Its own document may sort behind the first page. Good enough to say that its children are roots.
            self._plain.put(key, True)
        return None

    # -- what is at a key ----------------------------------------------------------------------------------------

    async def _row(self, key: str) -> wire.Node:
        try:
            if not key.endswith("/"):
                return nodes.from_entry(self.store, await self.store.stat(key))
            place = await self._look(key)
        except BrowserError as exc:
            if not key.endswith("/"):
                return nodes.from_entry(self.store, Entry(key, "object"))
            return nodes.folder(self.store, key, problem=exc.problem())
        if place is None:
            return nodes.folder(self.store, key, bucket=self._is_bucket(key))
        if place.tree is not None:
            tree = place.tree
            return self._node(key, place, (tree.child(place.path, n).found.facts for n in tree.names(place.path)))
        return self._node(key, place, None)

    async def _look(self, key: str) -> Identity:
        """Recognise one prefix for a row: from memory, else one small document or one short listing."""
        known = self._recall(key)
        if known is not None:
            return known[0]
        return await self._looks.run(key, lambda: self._probe(key))

    async def _probe(self, key: str) -> Identity:
        above = self._group_above(key)
        if above is not None:
            fmt = next(fmt for fmt in FORMATS if fmt.zarr_format == above.found.facts.zarr_format)
            found = await fmt.read_member(self._reader(key))
            return self._remember(key, found)
        parent = parent_of(key)
        hint = self._hints.get(parent)
        tried: set[str] = set()
        if hint is None:
            found, page = await asyncio.gather(self._read_whole(FORMATS[0], self._reader(key)), self._peek_page(key))
            tried.add(FORMATS[0].whole)
        elif hint[0] is not None:
            name = hint[0].whole
            found, page = await self._read_whole(hint[0], self._reader(key)), None
            tried.add(name)
        else:
            found, page = None, None
        if found is None:
            page = page if page is not None else await self._peek_page(key)
            found = await self._from_listing(key, page, tried)
        self._hints.put(parent, (_best_document(found),))
        return self._remember(key, found)

    async def _peek_page(self, key: str) -> Page | BrowserError:
        """A short listing, or why there is none."""
        try:
            return await self._page(key, "", None, _PEEK_ROWS)
        except BrowserError as exc:
            if exc.code in {"list_forbidden", "list_unsupported"}:
                return exc
            raise

    async def _from_listing(self, key: str, page: Page | BrowserError, tried: set[str]) -> Found | None:
        if isinstance(page, BrowserError):
            return await self._read_all(self._reader(key), page)
        names = _object_names(page)
        for fmt in FORMATS:
            if fmt.claims(names):
                return fmt.from_names(names) or await fmt.read(self._reader(key), names)
        if page.cursor is None:
            return None
        # More lies behind the first rows; v3's only document sorts after every chunk.
        for fmt in FORMATS:
            if fmt.whole not in tried and not fmt.whole.startswith("."):
                return await self._read_whole(fmt, self._reader(key))
        return None

    async def _read_whole(self, fmt: Format, read: _Reader) -> Found | None:
        """Read the one document of a format that tells most; None where it is not there or may not be read."""
        try:
            return await fmt.read(read, frozenset({fmt.whole}) if await read(fmt.whole) is not None else frozenset())
        except BrowserError as exc:
            if exc.code == "forbidden":
                return None
            raise

    async def _read_all(self, read: _Reader, denied: BrowserError | None = None) -> Found | None:
        """Ask for every document by name, concurrently: one round trip, no listing.

        Raises
        ------
        BrowserError
            ``forbidden`` where nothing was found and the store does not say whether it is absent or forbidden.
        """
        refused: list[BrowserError] = [denied] if denied is not None else []

        async def lenient(name: str) -> bytes | None:
            try:
                return await read(name)
            except BrowserError as exc:
                if exc.code != "forbidden":
                    raise
                refused.append(exc)
                return None

        found = await asyncio.gather(*(fmt.read(lenient, None) for fmt in FORMATS))
        first = next((each for each in found if each is not None), None)
        if first is None and refused:
            raise refused[-1]
        return first

    async def _peek(self, key: str, read: _Reader) -> Identity:
        """A container whose name promises a store: its whole document first, which may spare the listing."""
        hint = self._hints.get(parent_of(key))
        first = hint[0] if hint is not None and hint[0] is not None else FORMATS[0]
        for fmt in (first, *(each for each in FORMATS if each is not first)):
            found = await self._read_whole(fmt, read)
            if found is not None:
                return self._remember(key, found)
        return None

    async def _find(self, key: str) -> Identity:
        """What is at ``key``, without listing: one document after the other, since the first mostly tells all."""
        known = self._recall(key)
        if known is not None:
            return known[0]
        if self._group_above(key) is not None:
            return await self._look(key)
        read = self._reader(key)
        whole = await self._peek(key, read)
        return whole if whole is not None else await self._settle(key, await _outcome(self._read_all(read)))

    async def _find_in_one_trip(self, key: str) -> Identity:
        """What is at ``key``, without listing: every document at once, of the groups above too."""
        known = self._recall(key)
        if known is not None:
            return known[0]
        above = (_outcome(self._read_above(each)) for each in self._unknown_above(key))
        own, *_ = await asyncio.gather(_outcome(self._read_all(self._reader(key))), *above)
        inside = self._recall(key)
        return inside[0] if inside is not None else await self._settle(key, own)

    async def _settle(self, key: str, found: Found | BrowserError | None) -> Identity:
        if isinstance(found, BrowserError):
            if found.code != "forbidden":
                raise found
            # Without the right to list, S3 answers 403 for what does not exist. A listing may tell.
            found = await self._from_listing(key, await self._peek_page(key), {fmt.whole for fmt in FORMATS})
        return self._remember(key, found)

    async def _complete(self, key: str, place: Place) -> Place:
        """Read the attributes of a group that was recognised by the names below it."""
        facts = place.found.facts
        if isinstance(facts, GroupFacts) and facts.attributes is None:
            fmt = next(fmt for fmt in FORMATS if fmt.zarr_format == facts.zarr_format)
            found = await fmt.read(self._reader(key), None)
            if found is not None:
                self._places.pop(key)
                self._remember(key, found)
                return self._recall_place(key) or place
        return place

    async def _rooted(self, key: str, place: Place) -> Place:
        """Find the root of the store that a node belongs to."""
        if place.store_key is not None or isinstance(place.found.facts, BrokenFacts):
            return place
        root = key
        await _gather(_outcome(self._read_above(parent)) for parent in self._unknown_above(key))
        for parent in self._above(key):
            known = self._recall(parent)
            if known is None or known[0] is None or not isinstance(known[0].found.facts, GroupFacts):
                break
            if known[0].tree is not None:
                inside = known[0].tree.place(key[len(parent) :].removesuffix("/"))
                root = known[0].tree.store_key
                if inside is not None:
                    return inside
                break
            root = parent
        rooted = Place(place.found, root, key[len(root) :].removesuffix("/"), place.tree if root == key else None)
        self._places.put(key, (rooted,), _weight(rooted.found))
        return rooted

    def _above(self, key: str) -> list[str]:
        """Containers above, nearest first, that may belong to a store."""
        return [each for each in ancestors_of(key) if not self._is_bucket_list(each)][::-1][:_MAX_ANCESTORS]

    def _unknown_above(self, key: str) -> list[str]:
        """Those of them that must be read. Nothing above a known container matters: it was looked at already."""
        unknown = []
        for parent in self._above(key):
            if self._recall(parent) is not None or self._is_plain(parent):
                break
            unknown.append(parent)
        return unknown

    async def _read_above(self, key: str) -> None:
        try:
            self._remember(key, await self._read_all(self._reader(key)))
        except BrowserError as exc:
            if exc.code == "forbidden":
                self._plain.put(key, True)
            raise

    async def _object_or_container(self, key: str, hurry: bool) -> wire.Node:
        """A key without a slash at its end: an object, or a container typed without it."""
        inside, stat = await asyncio.gather(
            _outcome(self._find_in_one_trip(key + "/") if hurry else self._find(key + "/")),
            _outcome(self.store.stat(key)),
        )
        if isinstance(inside, Place):
            return await self.node(key + "/")
        if isinstance(stat, Entry):
            return nodes.from_entry(self.store, stat)
        try:
            return await self._plain_container(key + "/")
        except BrowserError as exc:
            if exc.code == "not_found" and stat.code != "not_found":
                raise stat from exc
            raise

    async def _plain_container(self, key: str) -> wire.Node:
        """A folder or bucket that is no Zarr node. Raises BrowserError (``not_found``) where nothing is there."""
        bucket = self._is_bucket(key)
        if not self._is_bucket_list(key):
            page = await self._page(key, "", None, _PEEK_ROWS)
            if key and not page.entries and not bucket:
                raise BrowserError("not_found", f"Nothing lies at {self.store.uri(key)}.")
        return nodes.folder(self.store, key, bucket=bucket)

    # -- memory --------------------------------------------------------------------------------------------------

    def _recall(self, key: str) -> tuple[Identity] | None:
        """What is known of a container; None where nothing is."""
        known = self._places.get(key)
        if known is not None:
            return known
        for parent in reversed(ancestors_of(key)):
            above = self._places.get(parent)
            if above is not None and above[0] is not None and above[0].tree is not None:
                inside = above[0].tree.place(key[len(above[0].tree.store_key) :].removesuffix("/"))
                if inside is not None:
                    return (inside,)
        return None

    def _recall_place(self, key: str) -> Place | None:
        known = self._recall(key)
        return known[0] if known is not None else None

    def _knows_nothing(self, key: str) -> bool:
        return self._pages.get((key, "", None, _PEEK_ROWS)) is None and self._group_above(key) is None

    def _is_plain(self, key: str) -> bool:
        known = self._places.get(key)
        return known[0] is None if known is not None else self._plain.get(key) is not None

    def _group_above(self, key: str) -> Place | None:
        """The unconsolidated group directly above, if it is known to be one."""
        known = self._places.get(parent_of(key)) if key else None
        if known is None or known[0] is None or not isinstance(known[0].found.facts, GroupFacts):
            return None
        return known[0]

    def _remember(self, key: str, found: Found | None) -> Identity:
        if found is None:
            self._places.put(key, (None,), _SMALL)
            return None
        place = place_of(key, found)
        above = self._group_above(key)
        if place.store_key is None and above is not None and above.store_key is not None:
            place = Place(found, above.store_key, key[len(above.store_key) :].removesuffix("/"))
        elif place.store_key is None and self._is_plain(parent_of(key)):
            place = Place(found, key, "")
        self._places.put(key, (place,), _weight(found))
        return place

    def _reader(self, key: str) -> _Reader:
        return _Reader(self.store, key)

    def _node(self, key: str, place: Place, members: Iterable[Facts] | None, *, unknown: bool = False) -> wire.Node:
        described = self._members.get(key)
        members = described[0] if described is not None and members is None else members
        complete = described is None or described[1]
        return nodes.from_place(self.store, key, place, members, members_unknown=unknown, members_complete=complete)

    def _is_bucket_list(self, key: str) -> bool:
        return key == "" and self.store.has_buckets

    def _is_bucket(self, key: str) -> bool:
        return self.store.has_buckets and key.count("/") == 1 and key.endswith("/")


class _Reader:
    """Reads the documents of one prefix, each at most once."""

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key
        self._read: dict[str, bytes | None] = {}

    async def __call__(self, name: str) -> bytes | None:
        if name not in self._read:
            try:
                self._read[name] = await self._store.get(self._key + name, max_bytes=MAX_DOCUMENT_BYTES)
            except BrowserError as exc:
                if exc.code != "not_found":
                    raise
                self._read[name] = None
        return self._read[name]


def parent_of(key: str) -> str:
    """The container of a key: ``a/b/`` for ``a/b/c/`` and ``a/b/c``, ``""`` for ``a/``."""
    head, slash, _ = key.removesuffix("/").rpartition("/")
    return head + slash


def ancestors_of(key: str) -> list[str]:
    """Containers above a key, outermost first: ``"", "a/", "a/b/"`` for ``a/b/c/``."""
    found = [""] if key else []
    found += [key[: index + 1] for index, char in enumerate(key[:-1]) if char == "/"]
    return found


def _looks_like_store(key: str) -> bool:
    """Whether the name promises a Zarr store. Decides only what is asked first, never what it is."""
    return ".zarr" in nodes.name_of(key).lower()


def _object_names(page: Page) -> frozenset[str]:
    return frozenset(nodes.name_of(entry.key) for entry in page.entries if entry.kind == "object")


def _best_document(found: Found | None) -> Format | None:
    if found is None:
        return None
    return next((fmt for fmt in FORMATS if fmt.whole in found.documents), None)


def _weight(found: Found) -> int:
    return _SMALL + sum(len(data) for data in found.documents.values())


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal():
        raise BrowserError("bad_request", "This cursor is not valid here.", "Load the folder again from its beginning.")
    return int(cursor)


async def _gather(work: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    limit = asyncio.Semaphore(_MAX_PROBES)

    async def one(each: Coroutine[Any, Any, _T]) -> _T:
        async with limit:
            return await each

    return await asyncio.gather(*(one(each) for each in work))


async def _outcome(work: Coroutine[Any, Any, _T]) -> _T | BrowserError:
    """The result, or the error as a value: for what only prepares, or is one of several ways."""
    try:
        return await work
    except BrowserError as exc:
        return exc
