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
from collections.abc import AsyncIterable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from .. import errors
from ..access import CellAccess
from ..config import EndpointConfig
from ..errors import BrowserError

EntryKind = Literal["bucket", "prefix", "object"]

_T = TypeVar("_T")

#: What may be over in a moment. Reading twice does no harm.
_WORTH_ANOTHER_TRY = frozenset({"throttled", "unreachable", "store_error"})

#: Seconds before that, give or take a half.
_PAUSE_S = 0.2

#: Bytes read at a time, where a body is read in pieces.
READ_BYTES = 2**16


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


class Store(ABC):
    """Async I/O for one endpoint. Everything runs on one event loop; :meth:`close` ends it."""

    #: Whether the root is a list of buckets.
    has_buckets = False

    def __init__(self, config: EndpointConfig) -> None:
        self.id = config.id
        self.title = config.shown_title
        self._timeout_s = config.timeout_s
        self._slots = asyncio.Semaphore(config.concurrency)

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

    @abstractmethod
    async def _get(self, key: str, max_bytes: int) -> bytes: ...

    @abstractmethod
    async def _stat(self, key: str) -> Entry: ...

    @abstractmethod
    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        """Say it in our words; None where the error is not the store's."""

    async def _recover(self, error: BrowserError) -> None:  # noqa: B027  (most kinds have nothing to do)
        """Called after an error, so that the next request can do better (forget dead credentials, say)."""

    async def _guarded(self, work: Callable[[], Coroutine[Any, Any, _T]], *, listing: bool) -> _T:
        first: BrowserError | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                try:
                    return await self._attempt(work, listing)
                except BrowserError as exc:
                    if exc.code not in _WORTH_ANOTHER_TRY:
                        raise
                    first = exc
                # Many rows that were refused together must not come back together.
                await asyncio.sleep(_PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311
                return await self._attempt(work, listing)
        except TimeoutError as exc:
            # What the first attempt heard says more than that the second one took too long.
            raise first or BrowserError("timeout", f"{self.title} did not answer in time.") from exc

    async def _attempt(self, work: Callable[[], Coroutine[Any, Any, _T]], listing: bool) -> _T:
        try:
            async with self._slots:
                return await work()
        except BrowserError as exc:
            await self._recover(exc)
            raise
        except Exception as exc:
            error = self._translate(exc, listing) or errors.from_network(exc, self.title)
            if error is None:
                error = BrowserError("store_error", f"{self.title} failed in a way not known ({type(exc).__name__}).")
            await self._recover(error)
            raise error from exc


async def read_bounded(pieces: AsyncIterable[bytes], key: str, max_bytes: int) -> bytes:
    """All of a body, or ``too_large`` as soon as it is."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > max_bytes:
            raise too_large(key, max_bytes)
    return bytes(body)


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

    def uri(self, key: str) -> str:
        return f"{self.scheme}://{self.prefix}{key}"

    def key_of(self, url: str) -> str | None:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme.lower() not in self.schemes:
            return None
        if rest + "/" == self.prefix:
            return ""
        return rest[len(self.prefix) :] if rest.startswith(self.prefix) else None
