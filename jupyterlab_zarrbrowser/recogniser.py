"""What is at a key: node or folder, of which format, in which store. Remembers what it found.

There are three ways to find out, for three situations: a row on screen (:meth:`Recogniser.look`, one small request), a
description (:meth:`Recogniser.find`, few requests one after the other) and an address that was typed
(:meth:`Recogniser.find_in_one_trip`, everything at once). The last two list only what cannot be told otherwise.
"""

from __future__ import annotations

import asyncio
from typing import Any

from .cache import Cache
from .concurrency import SingleFlight, gather, outcome
from .errors import BrowserError
from .formats import FORMATS, ArrayFacts, BrokenFacts, Format, Found, GroupFacts
from .hierarchy import Place, place_of
from .keys import ancestors_of, name_of, parent_of
from .stores import Page, Store

#: A metadata document above this is not read: consolidated documents of a hundred thousand arrays stay below.
MAX_DOCUMENT_BYTES = 64 * 2**20

#: Bytes of documents that are remembered per endpoint; parsed they take several times as much memory.
_CACHE_BYTES = 32 * 2**20

#: Weight of a place that came without a document.
_SMALL = 512

#: Pages of listings that are remembered per endpoint, in rows.
_CACHE_ROWS = 200_000

#: Containers of which something small is remembered.
CACHE_CONTAINERS = 2_000

#: Rows asked for when the question is only what a prefix is. All that decides v2 sorts among the first few.
PEEK_ROWS = 100

#: Rows of the page that tells the members of a group.
MEMBER_ROWS = 1000

#: Containers above a node that are looked at for the root of its store.
_MAX_ANCESTORS = 16

#: What a prefix is: a node of a format, or (None) neither.
Identity = Place | None


class Recogniser:
    """One endpoint's memory and its ways to extend it.

    Parameters
    ----------
    store
        The endpoint's store.
    lifetime_s
        Seconds for which an answer is remembered.
    """

    def __init__(self, store: Store, lifetime_s: float) -> None:
        self._store = store
        self._places: Cache[str, tuple[Identity]] = Cache(_CACHE_BYTES, lifetime_s)
        self._pages: Cache[tuple[str, str, str | None, int], Page] = Cache(_CACHE_ROWS, lifetime_s)
        self._hints: Cache[str, tuple[Format | None]] = Cache(CACHE_CONTAINERS, lifetime_s)
        self._plain: Cache[str, bool] = Cache(CACHE_CONTAINERS, lifetime_s)
        #: Grows with every refresh.
        self._age = 0
        self._looks: SingleFlight[str, Identity] = SingleFlight()
        self._listings: SingleFlight[tuple[str, str, str | None, int], Page] = SingleFlight()

    async def look(self, key: str) -> Identity:
        """Recognise one prefix for a row: from memory, else one small document or one short listing."""
        known = self.recall(key)
        if known is not None:
            return known[0]
        return await self._looks.run(key, lambda: self._probe(key))

    async def _probe(self, key: str) -> Identity:
        age = self._age
        above = self.group_above(key)
        if above is not None:
            return self._remember(key, await _format_of(above).read_member(self.reader(key)))
        hint = self._hints.get(parent_of(key))
        guess = hint[0] if hint is not None else None
        found = await self._read_whole(guess, self.reader(key)) if guess is not None else None
        if found is None:
            found = await self._from_listing(key, await self._peek_page(key), guess)
        if age != self._age:  # it may be older than a refresh
            return None if found is None else place_of(key, found)
        return self._remember(key, found)

    async def learn_from_neighbours(self, keys: list[str]) -> None:
        """Neighbours are mostly of one kind: what the names in one tell decides what the others are asked for."""
        pilots: dict[str, str] = {}
        for key in keys:
            if key.endswith("/") and self.recall(key) is None and self.group_above(key) is None:
                pilots.setdefault(parent_of(key), key)
        await gather(self._pilot(parent, key) for parent, key in pilots.items() if self._hints.get(parent) is None)

    async def _pilot(self, parent: str, key: str) -> None:
        page = await outcome(self._peek_page(key))
        names = _object_names(page) if isinstance(page, Page) else frozenset()
        guess = next((fmt for fmt in FORMATS if fmt.claims(names)), None)
        self._hints.put(parent, (guess if guess is not None and guess.whole in names else None,))

    async def _peek_page(self, key: str) -> Page | BrowserError:
        """A short listing, or why there is none."""
        try:
            return await self.page(key, "", None, PEEK_ROWS)
        except BrowserError as exc:
            if exc.code in {"list_forbidden", "list_unsupported"}:
                return exc
            raise

    async def _from_listing(self, key: str, page: Page | BrowserError, *tried: Format | None) -> Found | None:
        if isinstance(page, BrowserError):
            return await self._read_all(self.reader(key), page)
        names = _object_names(page)
        for fmt in FORMATS:
            if fmt.claims(names):
                return fmt.from_names(names) or await fmt.read(self.reader(key), names)
        if page.cursor is None:
            return None
        # More lies behind the first rows; v3's only document sorts after every chunk.
        for fmt in FORMATS:
            if fmt not in tried and not fmt.whole.startswith("."):
                return await self._read_whole(fmt, self.reader(key))
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

    async def peek(self, key: str, read: _Reader) -> Identity:
        """A container whose name promises a store: its whole document first, which may spare the listing."""
        hint = self._hints.get(parent_of(key))
        first = hint[0] if hint is not None and hint[0] is not None else FORMATS[0]
        for fmt in (first, *(each for each in FORMATS if each is not first)):
            found = await self._read_whole(fmt, read)
            if found is not None:
                return self._remember(key, found)
        return None

    async def find(self, key: str) -> Identity:
        """What is at ``key``, without listing: one document after the other, since the first mostly tells all."""
        known = self.recall(key)
        if known is not None:
            return known[0]
        if self.group_above(key) is not None:
            return await self.look(key)
        read = self.reader(key)
        whole = await self.peek(key, read)
        return whole if whole is not None else await self._settle(key, await outcome(self._read_all(read)))

    async def find_in_one_trip(self, key: str) -> Identity:
        """What is at ``key``, without listing: every document at once, of the groups above too."""
        known = self.recall(key)
        if known is not None:
            return known[0]
        above = (outcome(self._read_above(each)) for each in self._unknown_above(key))
        own, *_ = await asyncio.gather(outcome(self._read_all(self.reader(key))), *above)
        inside = self.recall(key)
        return inside[0] if inside is not None else await self._settle(key, own)

    async def _settle(self, key: str, found: Found | BrowserError | None) -> Identity:
        if isinstance(found, BrowserError):
            if found.code != "forbidden":
                raise found
            # Without the right to list, S3 answers 403 for what does not exist. A listing may tell.
            found = await self._from_listing(key, await self._peek_page(key), *FORMATS)
        return self._remember(key, found)

    async def complete(self, key: str, place: Place) -> Place:
        """Read what the row of a group did without: its attributes, and whether its metadata is consolidated here."""
        facts = place.found.facts
        if not isinstance(facts, GroupFacts) or (facts.attributes is not None and place.found.consolidated is not None):
            return place
        if facts.attributes is not None:
            # The same page tells the group's members.
            page = await outcome(self.page(key, "", None, MEMBER_ROWS))
            if isinstance(page, Page) and _format_of(place).whole not in _object_names(page):
                return place
        found = await outcome(self._read_all(self.reader(key)))
        if isinstance(found, Found) and found.facts.zarr_format == facts.zarr_format:
            self._places.pop(key)
            self._remember(key, found)
            return self._recall_place(key) or place
        return place

    async def rooted(self, key: str, place: Place) -> Place:
        """Find the root of the store that a node belongs to."""
        if place.store_key is not None or isinstance(place.found.facts, BrokenFacts):
            return place
        root = key
        read = await gather(outcome(self._read_above(parent)) for parent in self._unknown_above(key))
        if any(isinstance(each, BrowserError) and each.code not in {"forbidden", "not_found"} for each in read):
            return place  # not known now, and a guess must not be remembered
        for parent in self._above(key):
            known = self.recall(parent)
            if known is None or known[0] is None or not isinstance(known[0].found.facts, GroupFacts):
                break
            if known[0].tree is not None:
                inside = known[0].tree.place(key[len(parent) :].removesuffix("/"))
                root = known[0].tree.store_key
                if inside is not None:
                    # Its own documents were read before the root's were known to hold them.
                    self._places.put(key, (inside,), _SMALL)
                    return inside
                break
            root = parent
        rooted = Place(place.found, root, key[len(root) :].removesuffix("/"), place.tree if root == key else None)
        self._places.put(key, (rooted,), _weight(rooted.found))
        return rooted

    def _above(self, key: str) -> list[str]:
        """Containers above, nearest first, that may belong to a store."""
        return [each for each in ancestors_of(key) if not self.is_bucket_list(each)][::-1][:_MAX_ANCESTORS]

    def _unknown_above(self, key: str) -> list[str]:
        """Those of them that must be read. Nothing above a known container matters: it was looked at already."""
        unknown = []
        for parent in self._above(key):
            if self.recall(parent) is not None or self.is_plain(parent):
                break
            unknown.append(parent)
        return unknown

    async def _read_above(self, key: str) -> None:
        try:
            self._remember(key, await self._read_all(self.reader(key)))
        except BrowserError as exc:
            if exc.code == "forbidden":
                self._plain.put(key, True)
            raise

    async def claimed(self, key: str, page: Page) -> Place | None:
        """What the names on a first page make of their container."""
        names = _object_names(page)
        for fmt in FORMATS:
            if fmt.claims(names):
                found = await fmt.read(self.reader(key), names)
                if found is not None:
                    return self._remember(key, found)
        if page.cursor is None or key == "":
            self._remember(key, None)
        else:
            # Its own document may sort behind the first page. Good enough to say that its children are roots.
            self._plain.put(key, True)
        return None

    async def page(self, key: str, prefix: str, cursor: str | None, limit: int) -> Page:
        ask = (key, prefix, cursor, limit)
        known = self._pages.get(ask)
        if known is None and cursor is None:
            peeked = self._pages.get((key, prefix, None, PEEK_ROWS))
            known = peeked if peeked is not None and peeked.cursor is None else None
        if known is None:
            age = self._age
            known = await self._listings.run(
                ask, lambda: self._store.list(key, name_prefix=prefix, cursor=cursor, limit=limit)
            )
            if age == self._age:  # else it may be older than a refresh
                self._pages.put(ask, known, 1 + len(known.entries))
        return known

    def recall(self, key: str) -> tuple[Identity] | None:
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
        known = self.recall(key)
        return known[0] if known is not None else None

    def knows_nothing(self, key: str) -> bool:
        return self._pages.get((key, "", None, PEEK_ROWS)) is None and self.group_above(key) is None

    def is_plain(self, key: str) -> bool:
        known = self._places.get(key)
        return known[0] is None if known is not None else self._plain.get(key) is not None

    def group_above(self, key: str) -> Place | None:
        """The unconsolidated group directly above, if it is known to be one."""
        known = self._places.get(parent_of(key)) if key else None
        if known is None or known[0] is None or not isinstance(known[0].found.facts, GroupFacts):
            return None
        return known[0]

    def array_above(self, key: str) -> str | None:
        """Key of the array that a key lies in, as far as that is known."""
        for parent in self._above(key):
            place = self._recall_place(parent)
            if place is not None:
                return parent if isinstance(place.found.facts, ArrayFacts) else None
        return None

    def _remember(self, key: str, found: Found | None) -> Identity:
        if found is None:
            self._places.put(key, (None,), _SMALL)
            return None
        place = place_of(key, found)
        above = self.group_above(key)
        if place.store_key is None and above is not None and above.store_key is not None:
            place = Place(found, above.store_key, key[len(above.store_key) :].removesuffix("/"))
        elif place.store_key is None and self.is_plain(parent_of(key)):
            place = Place(found, key, "")
        self._places.put(key, (place,), _weight(found))
        return place

    def reader(self, key: str) -> _Reader:
        return _Reader(self._store, key)

    def is_bucket_list(self, key: str) -> bool:
        return key == "" and self._store.has_buckets

    def is_bucket(self, key: str) -> bool:
        return self._store.has_buckets and key.count("/") == 1 and key.endswith("/")

    def forget(self, key: str) -> str:
        """Forget ``key`` and everything below, and the consolidated metadata that holds it.

        Returns the key from which on all was forgotten.
        """
        place = self.recall(key)
        root = place[0].store_key if place is not None and place[0] is not None else None
        base = root if root is not None else key
        caches: tuple[Cache[str, Any], ...] = (self._places, self._hints, self._plain)
        for cache in caches:
            for known in list(cache):
                if known.startswith(base):
                    cache.pop(known)
        for page in list(self._pages):
            if page[0].startswith(base):
                self._pages.pop(page)
        self._age += 1
        self._looks.leave(lambda looked: looked.startswith(base))
        self._listings.leave(lambda listed: listed[0].startswith(base))
        return base


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


def _object_names(page: Page) -> frozenset[str]:
    return frozenset(name_of(entry.key) for entry in page.entries if entry.kind == "object")


def _format_of(place: Place) -> Format:
    return next(fmt for fmt in FORMATS if fmt.zarr_format == place.found.facts.zarr_format)


def _weight(found: Found) -> int:
    return _SMALL + sum(len(data) for data in found.documents.values())
