"""The contract of a store: async I/O for one endpoint, one page or one small object at a time.

A key is relative to the endpoint's root and opaque: stores never normalise it. ``""`` is the root itself. Where the
root is every bucket of an account, keys begin with the bucket's name.

The public methods here do what every kind needs (a limit on requests in flight, a deadline, a second try, errors in our
words); a kind implements the ones with an underscore.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Literal, TypeVar

from .. import errors
from ..access import CellAccess
from ..config import EndpointConfig
from ..errors import BrowserError
from ..expiry import LifetimeRule
from .body import Body, Range
from .listing import Block, Entry, Page
from .uploads import ObjectUploads

_T = TypeVar("_T")

#: What may be over in a moment. Reading twice does no harm.
_WORTH_ANOTHER_TRY = frozenset({"throttled", "unreachable", "store_error"})

#: Objects by which it is told whether two containers are one.
_LOOK = 100

#: Objects that any server can delete in time.
_FEW = 50

#: Seconds before that, give or take a half.
_PAUSE_S = 0.2


class Store(ABC):
    """Async I/O for one endpoint. Everything runs on one event loop; :meth:`close` ends it."""

    #: Whether the root is a list of buckets.
    has_buckets = False

    #: How objects are put; None where this kind can only be read.
    uploads: ObjectUploads | None = None

    #: Whether objects are written with the content encoding that they had where they come from.
    keeps_encodings = False

    #: Whether what has come of age is deleted from the next midnight on, and not at once.
    expires_at_midnight = True

    #: Whether everything below a container can be listed in pages that begin anywhere.
    can_scan = True

    #: Whether such pages may begin behind any key. Where that is not so, or not known, one page leads to the next.
    scans_anywhere: bool = True

    def __init__(self, config: EndpointConfig) -> None:
        self.id = config.id
        #: Objects in one block of a scan, the most that is worth asking for.
        self.scan_limit = 1000
        #: Listings of a scan in flight at the same time; browsing has its own slots beside them.
        self.scan_concurrency = config.scan_concurrency
        self._scan_slots = asyncio.Semaphore(config.scan_concurrency)
        self.title = config.shown_title
        self._timeout_s = config.timeout_s
        self._slots = asyncio.Semaphore(config.concurrency)
        self._bodies = asyncio.Semaphore(max(1, config.concurrency // 4))
        # Apart from bodies that are read: two stores that copy from one another would wait for each other for ever.
        self._writes = asyncio.Semaphore(max(1, config.concurrency // 4))

    async def list(
        self, container: str, *, name_prefix: str = "", cursor: str | None = None, limit: int = 1000
    ) -> Page:
        """One page of what lies directly in ``container`` (``""`` or a key that ends in ``/``): one request.

        Only names that begin with ``name_prefix`` are listed. ``limit`` is 1 to 1000; a page may be shorter.

        Raises
        ------
        BrowserError
            ``list_forbidden``, ``list_unsupported``, ``no_such_bucket``, ``not_found``, ``credentials_*``,
            ``timeout``, ``unreachable``, …
        """
        return await self._guarded(lambda: self._list(container, name_prefix, cursor, limit), listing=True)

    async def scan(self, container: str, *, after: str = "", cursor: str | None = None, limit: int = 1000) -> Block:
        """The next objects below ``container``, on all levels, whose keys come after ``after``: one request.

        ``container`` is ``""`` or ends in ``/``; ``after`` is relative to it and need not exist. At most ``limit``
        objects, in the order of their keys; fewer do not mean the end. ``cursor`` is that of the block before: what
        follows it comes then, whatever ``after`` is, and may sort before what it held.

        Raises
        ------
        BrowserError
            As :meth:`list`; ``list_unsupported`` where this kind or this root cannot be scanned.
        """
        if not self.can_scan or (self.has_buckets and not container):
            raise BrowserError("list_unsupported", f"{self.title} cannot be counted as a whole.", "Choose a bucket.")
        return await self._guarded(
            lambda: self._scan(container, after, limit) if cursor is None else self._scan_on(container, cursor, limit),
            listing=True,
            slots=self._scan_slots,
            tries=1,
        )

    def bucket_of(self, key: str) -> str:
        """The bucket that ``key`` lies in, ``""`` where there are none."""
        return ""

    async def lifetimes(self, key: str) -> Sequence[LifetimeRule]:
        """Rules by which the bucket of ``key`` deletes objects: one request. Empty where there are none.

        Raises
        ------
        BrowserError
            ``forbidden`` where these credentials may not read them, and what :meth:`get` raises.
        """
        return await self._guarded(lambda: self._lifetimes(key), listing=False)

    async def get(self, key: str, *, max_bytes: int) -> bytes:
        """A whole object, in one request.

        Raises
        ------
        BrowserError
            ``not_found``, ``forbidden``, ``too_large`` (above ``max_bytes``), and what :meth:`list` raises.
        """
        return await self._guarded(lambda: self._get(key, max_bytes), listing=False)

    async def stat(self, key: str) -> Entry:
        """Size and age of one object, in one request. Raises as :meth:`get`."""
        return await self._guarded(lambda: self._stat(key), listing=False)

    async def read(self, key: str, wanted: Range | None = None) -> Body:
        """Begin to read an object, or part of it: one request. The body is read piece by piece and must be closed.

        A server may ignore ``wanted``; ``Body.start`` and ``Body.stop`` say what comes.

        Raises
        ------
        BrowserError
            ``bad_range`` where the object has no such part, and what :meth:`get` raises.
        """
        stack = AsyncExitStack()
        try:
            # Few at a time: a download may take hours, and each of them holds a connection.
            await stack.enter_async_context(self._bodies)
            body = await self._guarded(lambda: self._open(key, wanted, stack), listing=False)
        except BaseException:
            await stack.aclose()
            raise
        body.attach(self, stack)
        return body

    async def write(self, key: str, body: Body) -> None:
        """Put an object: the whole of ``body``, or nothing. Replaces what is there.

        Raises
        ------
        BrowserError
            ``forbidden``, ``store_error`` where the body ends too early or changes, and what :meth:`get` raises.
        """
        if body.encoding not in {None, "", "identity"} and not self.keeps_encodings:
            raise BrowserError(
                "store_error",
                f"{self.title} cannot keep an object that is stored as {body.encoding}.",
                "Copy it inside its own service, or unpack it first.",
            )
        async with self._writes:
            await self._long(lambda: self._write(key, body))

    async def copy(self, source: Store, source_key: str, key: str, size: int) -> None:
        """Copy an object of ``size`` bytes to ``key``, inside the service where that can be done.

        Raises as :meth:`write`.
        """
        if self.shares_service(source):
            async with self._writes:
                await self._long(lambda: self._copy(source, source_key, key, size))
            return
        body = await source.read(source_key)
        try:
            await self.write(key, body)
        finally:
            await body.close()

    async def remove(self, keys: Sequence[str]) -> None:
        """Delete objects, at most 1,000. One that is gone already is no error.

        A key that ends in ``/`` is the object that stands for a folder; on a file system, the folder with those in it,
        unless files are left.

        Raises
        ------
        BrowserError
            ``forbidden``, and what :meth:`get` raises: some may be deleted then, and some not.
        """
        if not keys:
            return
        try:
            await self._guarded(lambda: self._remove(keys), listing=False)
        except BrowserError as exc:
            if exc.code != "timeout" or len(keys) <= _FEW:
                raise self._of_change(exc) from exc
            # Some servers delete one after the other before they answer.
            middle = len(keys) // 2
            await self.remove(keys[:middle])
            await self.remove(keys[middle:])

    async def overlaps(self, other: Store, other_key: str, key: str) -> bool:
        """Whether the two are the same, or one lies in the other: two requests at most.

        Raises
        ------
        BrowserError
            What :meth:`list` and :meth:`stat` raise, but for ``not_found``.
        """
        here, there = self.uri(key), other.uri(other_key)
        if not _is_within(here, there):
            return False
        if self.shares_service(other):
            return True
        # Two services may have a bucket of the same name, and one service may be known by two names. What both of them
        # reach tells: it has other dates where it is a copy.
        inner = max(here, there, key=len)
        mine, theirs = self.key_of(inner), other.key_of(inner)
        return mine is None or theirs is None or await self._look(mine) == await other._look(theirs)

    async def _look(self, key: str) -> object:
        """What can be seen at a key with one request; the same wherever there is nothing."""
        try:
            if key.endswith("/"):
                block = await self.scan(key, limit=_LOOK)
                return block.keys, block.sizes, block.modified
            found = await self.stat(key)
        except BrowserError as exc:
            if exc.code != "not_found":
                raise
            return None if not key.endswith("/") else ([], [], [])
        return found.size_bytes, found.modified_at

    def shares_service(self, other: Store) -> bool:
        """Whether objects can be copied from there without passing through this server."""
        return False

    @abstractmethod
    async def close(self) -> None:
        """Give connections back. The store cannot be used afterwards."""

    @abstractmethod
    def uri(self, key: str) -> str:
        """Where ``key`` lies, as other tools write it. Never signed."""

    @abstractmethod
    def key_of(self, url: str) -> str | None:
        """The key of an address, None where it is outside of this endpoint."""

    @abstractmethod
    def cell_access(self) -> CellAccess:
        """What a notebook cell needs to open an address of this endpoint."""

    @abstractmethod
    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page: ...

    async def _scan(self, container: str, after: str, limit: int) -> Block:
        raise NotImplementedError

    async def _scan_on(self, container: str, cursor: str, limit: int) -> Block:
        raise NotImplementedError

    async def _write(self, key: str, body: Body) -> None:
        raise _read_only(self.title)

    async def _copy(self, source: Store, source_key: str, key: str, size: int) -> None:
        raise _read_only(self.title)

    async def _remove(self, keys: Sequence[str]) -> None:
        raise _read_only(self.title)

    async def _lifetimes(self, key: str) -> Sequence[LifetimeRule]:
        return []

    @abstractmethod
    async def _get(self, key: str, max_bytes: int) -> bytes: ...

    @abstractmethod
    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        """What is entered into ``stack`` is left when the body is closed."""

    @abstractmethod
    async def _stat(self, key: str) -> Entry: ...

    @abstractmethod
    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        """Say it in our words; None where the error is not the store's."""

    async def _recover(self, error: BrowserError) -> None:  # noqa: B027  (most kinds have nothing to do)
        """Called after an error, so that the next request can do better (forget dead credentials, say)."""

    async def _long(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A change in many requests, each with the client's own deadline."""
        try:
            await work()
        except BrowserError as exc:
            await self._recover(exc)
            raise self._of_change(exc) from exc
        except Exception as exc:
            error = self._said(exc, listing=False)
            await self._recover(error)
            raise self._of_change(error) from exc

    def _of_change(self, error: BrowserError) -> BrowserError:
        """The same, where nobody wanted to read or to list."""
        if error.code not in {"forbidden", "list_forbidden"}:
            return error
        hint = "Ask its owner for the right to write and delete there."
        return BrowserError("forbidden", f"{self.title} does not allow this change.", hint)

    async def guard_change(
        self, work: Callable[[], Coroutine[Any, Any, _T]], extra_s: float, *, is_small: bool = False
    ) -> _T:
        """One step of an upload, with so many seconds beyond the endpoint's ``timeout_s``. No second try."""
        # Small objects wait for the network and not for the machine: as many at a time as listings of a scan.
        async with self._scan_slots if is_small else self._writes:
            try:
                async with asyncio.timeout(self._timeout_s + extra_s):
                    return await work()
            except BrowserError as exc:
                await self._recover(exc)
                raise self._of_change(exc) from exc
            except Exception as exc:
                error = self.said(exc)
                await self._recover(error)
                raise self._of_change(error) from exc

    def said(self, exc: Exception) -> BrowserError:
        """Any error of a request for one object, in our words."""
        return exc if isinstance(exc, BrowserError) else self._said(exc, listing=False)

    async def guard_read(self, work: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        """One piece of a body that is open: no second try, since what came before is gone."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await work()
        except BrowserError:
            raise
        except Exception as exc:
            raise self._said(exc, listing=False) from exc

    async def _guarded(
        self,
        work: Callable[[], Coroutine[Any, Any, _T]],
        *,
        listing: bool,
        slots: asyncio.Semaphore | None = None,
        tries: Literal[1, 2] = 2,
    ) -> _T:
        first: BrowserError | None = None
        slots = slots or self._slots
        try:
            async with asyncio.timeout(self._timeout_s):
                try:
                    return await self._attempt(work, listing, slots)
                except BrowserError as exc:
                    if exc.code not in _WORTH_ANOTHER_TRY or tries == 1:
                        raise
                    first = exc
                # Many rows that were refused together must not come back together.
                await asyncio.sleep(_PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311
                return await self._attempt(work, listing, slots)
        except TimeoutError as exc:
            # What the first attempt heard says more than that the second one took too long.
            raise first or BrowserError("timeout", f"{self.title} did not answer in time.") from exc

    async def _attempt(
        self, work: Callable[[], Coroutine[Any, Any, _T]], listing: bool, slots: asyncio.Semaphore
    ) -> _T:
        try:
            async with slots:
                return await work()
        except BrowserError as exc:
            await self._recover(exc)
            raise
        except Exception as exc:
            error = self._said(exc, listing)
            await self._recover(error)
            raise error from exc

    def _said(self, exc: Exception, listing: bool) -> BrowserError:
        """Any error of a client in our words."""
        error = self._translate(exc, listing) or errors.from_network(exc, self.title)
        if error is not None:
            return error
        return BrowserError("store_error", f"{self.title} failed in a way not known ({type(exc).__name__}).")


def _is_within(one: str, other: str) -> bool:
    return (
        one == other or (one.endswith("/") and other.startswith(one)) or (other.endswith("/") and one.startswith(other))
    )


def _read_only(title: str) -> BrowserError:
    return BrowserError("read_only", f"{title} can only be read.")
