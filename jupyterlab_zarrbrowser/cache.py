"""Bounded memory of what stores answered, and one request for many who ask the same at once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Iterator
from typing import Any, Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class Cache(Generic[_K, _V]):
    """Least recently used entries leave first; every entry leaves when it is too old.

    Parameters
    ----------
    max_weight
        Sum of the weights of all entries, in the unit of ``put``'s ``weight``.
    lifetime_s
        Seconds after which an entry is forgotten.
    clock
        Seconds that only grow; a seam for tests.
    """

    def __init__(self, max_weight: int, lifetime_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_weight = max_weight
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._entries: OrderedDict[_K, tuple[float, int, _V]] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[_K]:
        return iter(self._entries)

    def get(self, key: _K) -> _V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock() - entry[0] > self._lifetime_s:
            self.pop(key)
            return None
        self._entries.move_to_end(key)
        return entry[2]

    def put(self, key: _K, value: _V, weight: int = 1) -> None:
        """Remember. An entry heavier than the whole cache is kept alone, so that one large store stays usable."""
        self.pop(key)
        self._entries[key] = (self._clock(), weight, value)
        self._weight += weight
        while self._weight > self._max_weight and len(self._entries) > 1:
            self.pop(next(iter(self._entries)))

    def pop(self, key: _K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._weight -= entry[1]


class SingleFlight(Generic[_K, _V]):
    """Callers that ask for the same while the answer is under way share one request.

    When the last of them is cancelled, so is the request.
    """

    def __init__(self) -> None:
        self._running: dict[_K, tuple[asyncio.Task[_V], list[int]]] = {}

    async def run(self, key: _K, work: Callable[[], Coroutine[Any, Any, _V]]) -> _V:
        if key not in self._running:
            task = asyncio.create_task(work())
            self._running[key] = (task, [0])
            task.add_done_callback(lambda done: self._forget(key, done))
        task, waiting = self._running[key]
        waiting[0] += 1
        try:
            return await asyncio.shield(task)
        finally:
            waiting[0] -= 1
            if waiting[0] == 0 and not task.done():
                # Nobody may join what is being cancelled.
                self._forget(key, task)
                task.cancel()

    def _forget(self, key: _K, task: asyncio.Task[_V]) -> None:
        if key in self._running and self._running[key][0] is task:
            del self._running[key]
