"""All objects below a container, listed in many stretches of the key space at once.

A listing is a chain: every page must be there before the next can be asked for. Stretches of the key space are not, so
whoever has nothing to do cuts off half of what somebody else has before him. Where the cut falls decides how even the
work is and never what is found: stretches neither overlap nor leave gaps.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import lt
from typing import TypeVar

from .errors import BrowserError
from .keyspace import Keyspace
from .stores import Block, Store

#: Keys in one request, the most that S3 gives.
PAGE = 1000

#: Pages that one may have before him without sharing.
_WORTH_CUTTING = 6

#: Share of what was fetched that may be of no use, and how much more cautious each further share makes.
_FAIR_WASTE = 0.1
_CAUTION = 30

#: From here on, few work at once, until less is wasted.
_MOST_WASTE = 0.5
_FEW_HANDS = 4

#: Stretches that another scan begins with, and pages that one of them has at least.
_MAX_MARKS = 128
_PAGES_APART = 4

#: What a stretch that nobody has looked into counts, beside one that holds as much for certain.
_UNSEEN = 0.9

#: Tries of one request, and the seconds before the second; each pause is twice the one before.
_TRIES = 6
_PAUSE_S = 0.25

_PASSING = frozenset({"throttled", "timeout", "unreachable", "store_error"})

_T = TypeVar("_T")


async def patiently(work: Callable[[], Awaitable[_T]]) -> _T:
    """One request of very many: what is over in a moment must not end all of them. Raises what lasts."""
    pause_s = _PAUSE_S
    for tries_left in reversed(range(_TRIES)):
        try:
            return await work()
        except BrowserError as exc:
            if exc.code not in _PASSING or not tries_left:
                raise
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311
        pause_s *= 2
    raise AssertionError


async def blocks_of(store: Store, container: str) -> AsyncIterator[Block]:
    """Everything below a container, page after page, in the order of the store.

    Raises
    ------
    BrowserError
        ``store_error`` where the store does not list all: what is not seen would be taken for copied, or for deleted.
    """
    after, cursor = "", None
    while True:
        request = partial(store.scan, container, after=after, cursor=cursor, limit=store.scan_limit)
        block = await patiently(request)
        yield block
        if not block.goes_on:
            return
        if block.cursor is None and (not block.keys or block.keys[-1] <= after):
            raise BrowserError("store_error", f"{store.title} did not list all of {store.uri(container)}.")
        if block.cursor is not None and block.cursor == cursor:
            raise BrowserError("store_error", f"{store.title} lists {store.uri(container)} without end.")
        after, cursor = block.keys[-1] if block.keys else after, block.cursor


@dataclass(slots=True)
class _Stretch:
    """Keys after ``after`` (exclusive), up to and with ``upto`` (None: to the end)."""

    after: str
    upto: str | None
    #: Objects that may be left, as far as its last page tells; 0 where nothing is known to be.
    left: float = 0
    #: What leads on where ``after`` does not.
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ScanEnd:
    """How a scan ended."""

    is_complete: bool
    """False where ``max_objects`` ended it."""
    requests: int


class Scan:
    """One pass over everything below a container.

    Parameters
    ----------
    store
        Its listings must come in the order of their keys, or each page of them tell how to go on.
    container
        ``""`` or a key that ends in ``/``.
    on_block
        Called with every stretch of objects, in no order but each object once; keys are relative to ``container``.
    max_objects
        Objects after which the scan gives up.
    hints
        :attr:`marks` of an earlier scan of the same container: it is cut there from the start.
    most_at_once
        Listings in flight at the same time, where that should be fewer than the store's ``scan_concurrency``.
    """

    def __init__(
        self,
        store: Store,
        container: str,
        on_block: Callable[[Block], None],
        *,
        max_objects: int | None = None,
        hints: list[str] | None = None,
        most_at_once: int | None = None,
    ) -> None:
        self._store = store
        self._container = container
        self._on_block = on_block
        self._max_objects = max_objects
        self._hands = min(store.scan_concurrency, most_at_once or store.scan_concurrency)
        self._keyspace = Keyspace()
        self._waiting = _stretches(hints or [] if store.scans_anywhere else [])
        self._active: list[_Stretch] = []
        self._full_pages = len(self._waiting)
        self._objects = 0
        self._gave_up = False
        self._cuts = 0
        self._starts: list[tuple[str, int]] = []
        #: Requests so far.
        self.requests = 0

    @property
    def marks(self) -> list[str]:
        """Keys that part what was found into even stretches, sorted."""
        apart = max(_PAGES_APART * PAGE, self._objects // _MAX_MARKS)
        found, since = [], 0
        for start, objects in sorted(self._starts):
            if since >= apart:
                found.append(start)
                since = 0
            since += objects
        return found

    async def run(self) -> ScanEnd:
        """Scan to the end.

        Raises
        ------
        BrowserError
            What listing raises; a store that stays overloaded for half a minute has failed.
        """
        workers: set[asyncio.Task[None]] = set()
        try:
            while True:
                while self._waiting and self._has_room(len(workers)):
                    workers.add(asyncio.create_task(self._work(self._waiting.pop())))
                if not workers:
                    break
                done, workers = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in workers:
                task.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return ScanEnd(not (self._gave_up or self._waiting), self.requests)

    @property
    def _is_over(self) -> bool:
        return self._max_objects is not None and self._objects >= self._max_objects

    def _has_room(self, workers: int) -> bool:
        """Whether one more page may be asked for: near the bound, those that are on their way may reach it already."""
        if self._max_objects is None or not workers:
            return workers < self._hands and not self._is_over
        expected = self._objects + workers * self._store.scan_limit
        return workers < self._hands and expected < self._max_objects

    async def _work(self, stretch: _Stretch) -> None:
        """One page of a stretch; the rest of it goes back to those that wait, cut in pieces where hands are free."""
        self._active.append(stretch)
        try:
            block = await self._page(stretch)
        finally:
            self._active.remove(stretch)
        goes_on = block.goes_on
        is_chained = stretch.cursor is not None or block.cursor is not None
        leads_on = bool(block.keys) or block.cursor is not None
        if (goes_on and not leads_on) or not _is_ordered("" if stretch.cursor else stretch.after, block.keys):
            raise BrowserError("store_error", f"{self._store.title} does not list in the order of its keys.")
        if block.keys and stretch.upto is not None and block.keys[-1] >= stretch.upto:
            block, goes_on = block.part(0, bisect_right(block.keys, stretch.upto)), False
        if self._max_objects is not None and len(block.keys) > self._max_objects - self._objects:
            # Others may have come meanwhile. What was agreed on is enough, and as true.
            block, goes_on = block.part(0, self._max_objects - self._objects), True
        if block.keys:
            self._objects += len(block.keys)
            self._on_block(block)
            stretch.after = block.keys[-1]
            stretch.left = 0
            if not is_chained:
                self._keyspace.learn((block.keys[0], block.keys[-1]))
                self._starts.append((block.keys[0], len(block.keys)))
                stretch.left = len(block.keys) * self._keyspace.share(block.keys[0], stretch.after, stretch.upto)
        stretch.cursor = block.cursor
        self._gave_up |= goes_on and self._is_over
        if goes_on and not self._is_over:
            self._full_pages += 1
            self._waiting.append(stretch)
        self._share()

    def _share(self) -> None:
        """Cut what is largest, for those who have nothing to do.

        Each full page brings two more stretches at most: a cut that finds nothing costs a request.
        """
        # Where cuts have found little so far, keys are spread unevenly: fewer hands, and only what looks very large.
        waste = 1 - self._objects / (self.requests * self._store.scan_limit)
        hands = self._hands if waste < _MOST_WASTE else _FEW_HANDS
        free = min(hands, 1 + 2 * self._full_pages) - len(self._active) - len(self._waiting)
        # Whatever was expected: each cut costs a request at most, and there are not many more of them than full pages.
        free = min(free, self._hands + self._full_pages - self._cuts)
        if free <= 0 or self._is_over:
            return
        worth = _WORTH_CUTTING * self._store.scan_limit * (1 + _CAUTION * max(0, waste - _FAIR_WASTE))
        while free > 0:
            stretch = max((*self._waiting, *self._active), key=lambda each: each.left, default=None)
            if stretch is None or stretch.left < worth:
                break
            stretch.left /= 2
            middle = self._keyspace.middle(stretch.after, stretch.upto)
            if middle is None:
                continue
            self._waiting.insert(0, _Stretch(middle, stretch.upto, stretch.left * _UNSEEN))
            stretch.upto = middle
            self._cuts += 1
            free -= 1

    async def _page(self, stretch: _Stretch) -> Block:
        # Whoever cuts it meanwhile changes neither of them.
        after, cursor = stretch.after, stretch.cursor

        def request() -> Awaitable[Block]:
            self.requests += 1
            return self._store.scan(self._container, after=after, cursor=cursor, limit=self._store.scan_limit)

        return await patiently(request)


def _is_ordered(after: str, keys: list[str]) -> bool:
    """Whether keys ascend from ``after`` on. Some stores do not list so, and would be counted wrongly."""
    return not keys or (after < keys[0] and all(map(lt, keys, islice(keys, 1, None))))


def _stretches(hints: list[str]) -> list[_Stretch]:
    """The whole key space, cut at the hints."""
    cuts = sorted({hint for hint in hints if hint})
    return [_Stretch(after, upto) for after, upto in zip(["", *cuts], [*cuts, None], strict=True)]
