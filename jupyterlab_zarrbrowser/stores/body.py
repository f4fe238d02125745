"""Bytes of an object on their way: which of them are wanted, which come, and how an answer by HTTP says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import BrowserError

#: Bytes read at a time, where a body is read in pieces.
READ_BYTES = 2**16

#: The same where the pieces are handed on one by one, as a download.
PIECE_BYTES = 2**19

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Reader(Protocol):
    """What a body needs of the store that it comes from."""

    title: str

    async def guard_read(self, work: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes: ...


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
        content_type: str | None = None,
        encoding: str | None = None,
    ) -> None:
        self.size, self.start = size, start
        self.stop = size if stop is None else stop
        self.etag = etag
        #: As HTTP has them; the bytes are still encoded so.
        self.content_type, self.encoding = content_type, encoding
        self._pieces = aiter(pieces)
        self._left = None if self.stop is None else self.stop - start
        self._kept = b""
        self._store: Reader | None = None
        self._stack: AsyncExitStack | None = None

    def attach(self, store: Reader, stack: AsyncExitStack) -> None:
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
    is_decoded: bool = False,
) -> Body:
    """The body of an answer to a request that may have asked for a range.

    ``is_decoded`` tells that the client undoes a content encoding, after which no stated length is right.

    https://www.rfc-editor.org/rfc/rfc9110#name-content-range
    """
    if is_decoded and headers.get("content-encoding", "identity") != "identity":
        return Body(pieces, size=None)
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
        content_type=headers.get("content-type"),
        encoding=headers.get("content-encoding"),
    )


def too_large(key: str, max_bytes: int) -> BrowserError:
    name = key.removesuffix("/").rsplit("/", 1)[-1] or "It"
    limit = f"{max_bytes // 2**20} MiB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
    return BrowserError("too_large", f"{name} is larger than {limit} and was not read.")


def is_page(content_type: str | None, key: str) -> bool:
    """Whether an answer is a web page where an object was asked for: login pages answer every address with 200."""
    return "html" in (content_type or "").lower() and not key.lower().endswith((".html", ".htm"))
