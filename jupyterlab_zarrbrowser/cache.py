"""Bounded memory of what stores answered."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

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
