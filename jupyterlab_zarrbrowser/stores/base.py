"""The contract of a store: async I/O for one endpoint, one page or one small object at a time.

A key is relative to the endpoint's root and opaque: stores never normalise it. ``""`` is the root itself. Where the
root is every bucket of an account, keys begin with the bucket's name.

The public methods here do what every kind needs (a limit on requests in flight, a deadline, a second try, errors in our
words); a kind implements the ones with an underscore.
"""

from __future__ import annotations

import asyncio
import random
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from .. import errors
from ..access import CellAccess
from ..config import EndpointConfig
from ..errors import BrowserError
from ..expiry import LifetimeRule

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")

EntryKind = Literal["bucket", "prefix", "object"]

_T = TypeVar("_T")

#: What may be over in a moment. Reading twice does no harm.
_WORTH_ANOTHER_TRY = frozenset({"throttled", "unreachable", "store_error"})

#: Seconds before that, give or take a half.
_PAUSE_S = 0.2

#: Bytes read at a time, where a body is read in pieces.
READ_BYTES = 2**16

#: The same where the pieces are handed on one by one, as a download.
PIECE_BYTES = 2**19


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a listing."""

    key: str
    """Relative to the endpoint's root; buckets and prefixes end in ``/``."""
    kind: EntryKind
    size_bytes: int | None = None
    modified_at: str | None = None
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, in the order of the store."""

    entries: list[Entry]
    cursor: str | None = None
    """Opaque; None on the last page. A short page is not the last one: only a cursor of None is."""


@dataclass(frozen=True, slots=True)
class Block:
    """Objects that lie one after the other in the key space: columns of equal length, in the order of the keys.

    Columns, because a scan meets millions: nothing is made for each object that is not needed.
    """

    keys: list[str]
    """Relative to the container that is scanned."""
    sizes: list[int]
    """In bytes."""
    modified: list[str]
    """ISO 8601, UTC, all of one length."""
    goes_on: bool
    """Whether more lies behind the last key."""

    def part(self, start: int, stop: int) -> Block:
        """Some of the objects, ``stop`` exclusive."""
        return Block(self.keys[start:stop], self.sizes[start:stop], self.modified[start:stop], self.goes_on)


@dataclass(frozen=True, slots=True)
class Range:
    """Part of an object, in bytes: ``start`` is inclusive, ``stop`` exclusive, a negative ``start`` from the end.

    https://www.rfc-editor.org/rfc/rfc9110#name-byte-ranges
    """

    start: int
    stop: int | None = None

    def header(self) -> str:
        if self.start < 0:
            return f"bytes={self.start}"
        return f"bytes={self.start}-{'' if self.stop is None else self.stop - 1}"

    def within(self, size: int) -> tuple[int, int]:
        """First byte and the one after the last, of an object of that size. Raises BrowserError (``bad_range``)."""
        start = max(0, size + self.start) if self.start < 0 else self.start
        if start >= size:
            raise BrowserError("bad_range", "The object has no such part.")
        return start, size if self.stop is None else min(self.stop, size)


class Body:
    """An object on its way: facts first, then its bytes.

    Parameters
    ----------
    size
        Bytes of the whole object, None where the server does not say.
    start, stop
        Which bytes come: ``start`` inclusive, ``stop`` exclusive; ``stop`` is None where the size is not known.
    etag
        As HTTP has it, quotes included; None where there is none.
    pieces
        The bytes.
    """

    def __init__(
        self,
        pieces: AsyncIterable[bytes],
        *,
        size: int | None,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
        modified_at: str | None = None,
        content_type: str | None = None,
        encoding: str | None = None,
    ) -> None:
        self.size, self.start = size, start
        self.stop = size if stop is None else stop
        self.etag, self.modified_at = etag, modified_at
        #: As HTTP has them; the bytes are still encoded so.
        self.content_type, self.encoding = content_type, encoding
        self._pieces = aiter(pieces)
        self._left = None if self.stop is None else self.stop - start
        self._kept = b""
        self._store: Store | None = None
        self._stack: AsyncExitStack | None = None

    def attach(self, store: Store, stack: AsyncExitStack) -> None:
        self._store, self._stack = store, stack

    async def next(self) -> bytes:
        """The next piece, empty at the end.

        Raises
        ------
        BrowserError
            Where the store fails, or ends the body too early: what was read so far is not the object.
        """
        assert self._store is not None
        piece = await self._store.guard_read(lambda: anext(self._pieces, b""))
        if self._left is not None:
            self._left -= len(piece)
            if not piece and self._left > 0:
                raise BrowserError("store_error", f"{self._store.title} ended the object too early.")
        return piece

    async def read(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer at the end only. Raises as :meth:`next`."""
        found = bytearray(self._kept)
        while len(found) < size and (piece := await self.next()):
            found += piece
        self._kept = bytes(found[size:])
        return bytes(found[:size])

    async def close(self) -> None:
        if self._stack is not None:
            await self._stack.aclose()


class Store(ABC):
    """Async I/O for one endpoint. Everything runs on one event loop; :meth:`close` ends it."""

    #: Whether the root is a list of buckets.
    has_buckets = False

    #: Whether objects are written with the content encoding that they had where they come from.
    keeps_encodings = False

    #: Whether what has come of age is deleted from the next midnight on, and not at once.
    expires_at_midnight = True

    #: Whether everything below a container can be listed in pages that begin anywhere.
    can_scan = True

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

    async def scan(self, container: str, *, after: str = "", limit: int = 1000) -> Block:
        """The next objects below ``container``, on all levels, whose keys come after ``after``: one request.

        ``container`` is ``""`` or ends in ``/``; ``after`` is relative to it and need not exist. At most ``limit``
        objects, in the order of their keys; fewer do not mean the end.

        Raises
        ------
        BrowserError
            As :meth:`list`; ``list_unsupported`` where this kind or this root cannot be scanned.
        """
        if not self.can_scan or (self.has_buckets and not container):
            raise BrowserError("list_unsupported", f"{self.title} cannot be counted as a whole.", "Choose a bucket.")
        return await self._guarded(
            lambda: self._scan(container, after, limit), listing=True, slots=self._scan_slots, tries=1
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
            raise self._of_change(exc) from exc

    async def overlaps(self, other: Store, other_key: str, key: str) -> bool:
        """Whether the two are the same, or one lies in the other, as far as that can be known."""
        return self.shares_service(other) and _is_within(self.uri(key), other.uri(other_key))

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


async def read_bounded(pieces: AsyncIterable[bytes], key: str, max_bytes: int) -> bytes:
    """All of a body, or ``too_large`` as soon as it is."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > max_bytes:
            raise too_large(key, max_bytes)
    return bytes(body)


def body_of_http(
    pieces: AsyncIterable[bytes],
    status: int,
    headers: Mapping[str, str],
    *,
    modified_at: str | None = None,
    is_decoded: bool = False,
) -> Body:
    """The body of an answer to a request that may have asked for a range.

    ``is_decoded`` tells that the client undoes a content encoding, after which no stated length is right.

    https://www.rfc-editor.org/rfc/rfc9110#name-content-range
    """
    if is_decoded and headers.get("content-encoding", "identity") != "identity":
        return Body(pieces, size=None, modified_at=modified_at)
    length = headers.get("content-length")
    etag = headers.get("etag")
    matched = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    start, stop, size = 0, None, int(length) if length else None
    if status == 206 and matched is not None:
        first, last, total = matched.groups()
        start, stop, size = int(first), int(last) + 1, None if total == "*" else int(total)
    return Body(
        pieces,
        size=size,
        start=start,
        stop=stop,
        etag=etag,
        modified_at=modified_at,
        content_type=headers.get("content-type"),
        encoding=headers.get("content-encoding"),
    )


def _is_within(one: str, other: str) -> bool:
    return (
        one == other or (one.endswith("/") and other.startswith(one)) or (other.endswith("/") and one.startswith(other))
    )


def _read_only(title: str) -> BrowserError:
    return BrowserError("read_only", f"{title} can only be read.")


def too_large(key: str, max_bytes: int) -> BrowserError:
    name = key.removesuffix("/").rsplit("/", 1)[-1] or "It"
    limit = f"{max_bytes // 2**20} MiB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
    return BrowserError("too_large", f"{name} is larger than {limit} and was not read.")


def is_page(content_type: str | None, key: str) -> bool:
    """Whether an answer is a web page where an object was asked for: login pages answer every address with 200."""
    return "html" in (content_type or "").lower() and not key.lower().endswith((".html", ".htm"))


def ca_file(path: str, title: str) -> str:
    """A configured file of certificate authorities, with ``~`` replaced."""
    found = Path(path).expanduser()
    if not found.is_file():
        raise BrowserError("tls", f"The file `ca_bundle` of {title} does not exist.")
    return str(found)


def without_query(url: str) -> str:
    """A web address up to its query or fragment: a signature there is a secret, and no part of a key."""
    return url.partition("#")[0].partition("?")[0]


def quote_path(key: str) -> str:
    """Percent-encode a key for the path of a URL; slashes stay."""
    return quote(key, safe="/-_.~")


class BucketRoot:
    """Where an endpoint's tree begins in a service of buckets, and how keys map to buckets and object keys."""

    def __init__(self, root: str, scheme: str, aliases: tuple[str, ...] = ()) -> None:
        for name in (scheme, *aliases):
            root = root.removeprefix(f"{name}://")
        self.scheme = scheme
        self.schemes = (scheme, *aliases)
        #: ``""`` for every bucket, else ``bucket/`` or ``bucket/prefix/``.
        self.prefix = f"{root}/" if root and not root.endswith("/") else root

    def split(self, key: str) -> tuple[str, str]:
        """Bucket and object key. The bucket is empty for the list of buckets."""
        bucket, _, rest = (self.prefix + key).partition("/")
        return bucket, rest

    def relative(self, bucket: str, object_key: str) -> str:
        return f"{bucket}/{object_key}".removeprefix(self.prefix)

    def relative_prefix(self, bucket: str, object_prefix: str) -> str | None:
        """A prefix in a bucket as one below the root: ``""`` where it holds all of that, None where nothing."""
        whole = f"{bucket}/{object_prefix}"
        if whole.startswith(self.prefix):
            return whole[len(self.prefix) :]
        return "" if self.prefix.startswith(whole) else None

    def uri(self, key: str) -> str:
        return f"{self.scheme}://{self.prefix}{key}"

    def key_of(self, url: str) -> str | None:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme.lower() not in self.schemes:
            return None
        if rest + "/" == self.prefix:
            return ""
        return rest[len(self.prefix) :] if rest.startswith(self.prefix) else None
