"""The contract of uploads: small objects in one request, large ones in parts that may arrive over days.

What is begun is named by a token, text that outlives the process: an upload goes on after a restart. A token may be a
credential in itself (a session of Google Cloud Storage is), so it stays on the server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import BrowserError

if TYPE_CHECKING:
    from .base import Store

_T = TypeVar("_T")

_MiB = 2**20

#: The slowest that a connection to a store may be, bytes a second, before it counts as dead.
_SLOWEST = 100_000

#: The largest part that is taken: it is in memory while it is sent.
MAX_PART_BYTES = 640 * _MiB

#: Unfinished uploads in one answer.
MAX_BEGUN = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One part on its way to the store."""

    number: int
    """From 1."""
    start: int
    """Offset of its first byte in the object."""
    total: int
    """Bytes of the whole object."""
    data: bytes
    before: str
    """Tag of the part before it, where those come in order; empty for the first."""

    @property
    def is_last(self) -> bool:
        return self.start + len(self.data) == self.total


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One part that the store has."""

    number: int
    size: int
    crc32: int
    tag: str
    """What :meth:`ObjectUploads.put_part` returned."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that was begun, by whomever, and not ended."""

    key: str
    token: str
    started_at: str


class ObjectUploads(ABC):
    """How objects of one store are put. Everything runs on the store's loop."""

    #: Parts that may be under way at a time; 1 where they must come in order.
    parallel = 4

    #: Bytes of a part of all but huge objects, and what larger parts are a multiple of.
    part_bytes = 8 * _MiB
    part_unit = _MiB

    #: Parts that an object may have.
    most_parts = 10_000

    def __init__(self, store: Store) -> None:
        self._store = store

    def part_size(self, size: int) -> int:
        """Bytes of each part but the last, so that an object of ``size`` bytes does not need more than there may be."""
        least = -(-size // self.most_parts)
        return max(self.part_bytes, -(-least // self.part_unit) * self.part_unit)

    async def put(self, key: str, data: bytes, media_type: str, *, replace: bool) -> None:
        """Put a small object: all of it, or nothing.

        Raises
        ------
        BrowserError
            ``exists`` where something is there and may not be replaced, ``corrupted`` where the store got something
            else, ``forbidden``, and what :meth:`Store.get` raises.
        """
        await self._change(lambda: self._put(key, data, media_type, replace), len(data), is_small=True)

    async def begin(self, key: str, size: int, media_type: str, *, replace: bool) -> str:
        """Begin a large object; nothing of it can be seen before :meth:`complete`. Returns its token."""
        return await self._change(lambda: self._begin(key, size, media_type, replace))

    async def put_part(self, key: str, token: str, part: Part) -> str:
        """Put a part, or put it again. Returns its tag.

        Raises
        ------
        BrowserError
            ``not_found`` where the upload was given up, ``corrupted``, and what :meth:`put` raises.
        """
        return await self._change(lambda: self._put_part(key, token, part), len(part.data))

    async def has(self, key: str, token: str, parts: Sequence[StoredPart]) -> list[StoredPart]:
        """Those of ``parts`` that the store still has, in order.

        Raises
        ------
        BrowserError
            ``not_found`` where the upload was given up.
        """
        return await self._change(lambda: self._has(key, token, parts))

    async def complete(self, key: str, token: str, parts: Sequence[StoredPart], *, replace: bool) -> None:
        """Make an object of all its parts, and check that it is the one that was sent.

        Raises
        ------
        BrowserError
            ``corrupted`` where it is not: it was removed then. ``exists``, and what :meth:`put` raises.
        """
        # A store may put thousands of parts together for minutes.
        await self._change(lambda: self._complete(key, token, parts, replace), sum(each.size for each in parts))

    async def give_up(self, key: str, token: str) -> None:
        """Take back all parts. No error where that was done already."""
        try:
            await self._change(lambda: self._give_up(key, token))
        except BrowserError as exc:
            if exc.code != "not_found":
                raise

    async def begun(self, container: str) -> list[Begun]:
        """What was begun below ``container`` and not ended, by any program; at most :data:`MAX_BEGUN`, oldest first.

        Empty where the store does not tell.
        """
        return await self._change(lambda: self._begun(container))

    async def is_empty(self, key: str, token: str) -> bool:
        """Whether nothing of what was begun has arrived. Raises BrowserError (``not_found``) where it was given up."""
        return await self._change(lambda: self._is_empty(key, token))

    async def make(self, key: str) -> None:
        """Make a bucket, or an object that stands for a folder; ``key`` ends in ``/``. Raises as :meth:`put`."""
        await self._change(lambda: self._make(key))

    async def _change(
        self, work: Callable[[], Coroutine[Any, Any, _T]], size: int = 0, *, is_small: bool = False
    ) -> _T:
        return await self._store.guard_change(work, size / _SLOWEST, is_small=is_small)

    @abstractmethod
    async def _put(self, key: str, data: bytes, media_type: str, replace: bool) -> None: ...

    @abstractmethod
    async def _begin(self, key: str, size: int, media_type: str, replace: bool) -> str: ...

    @abstractmethod
    async def _put_part(self, key: str, token: str, part: Part) -> str: ...

    async def _has(self, key: str, token: str, parts: Sequence[StoredPart]) -> list[StoredPart]:
        return list(parts)

    @abstractmethod
    async def _complete(self, key: str, token: str, parts: Sequence[StoredPart], replace: bool) -> None: ...

    @abstractmethod
    async def _give_up(self, key: str, token: str) -> None: ...

    async def _begun(self, container: str) -> list[Begun]:
        return []

    async def _is_empty(self, key: str, token: str) -> bool:
        return False

    @abstractmethod
    async def _make(self, key: str) -> None: ...

    async def check_free(self, key: str) -> None:
        """Raise BrowserError (``exists``) where an object lies at ``key``."""
        try:
            await self._store._stat(key)
        except Exception as exc:
            if self._store.said(exc).code != "not_found":
                raise
            return
        raise exists(self._store, key)


def exists(store: Store, key: str) -> BrowserError:
    return BrowserError("exists", f"{store.uri(key)} is there already.")


def corrupted(store: Store, key: str) -> BrowserError:
    return BrowserError(
        "corrupted", f"What arrived at {store.uri(key)} is not what was sent.", "It was removed. Send it again."
    )
