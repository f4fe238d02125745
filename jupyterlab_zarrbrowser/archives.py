"""A container as one zip file that is made while it is sent: nothing of it is stored anywhere.

Chunks are compressed already, so that nothing is compressed again.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import asyncio
import io
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from .errors import BrowserError
from .keys import name_of
from .scan import blocks_of, patiently
from .stores import Store

#: Objects in one file: its directory is kept in memory until the end.
MAX_OBJECTS = 50_000

#: Objects up to this size are read ahead, so many at a time; a store of small chunks would take for ever else.
_SMALL_BYTES = 2**20
_AHEAD = 16

#: Bytes that are handed on at a time, about.
_PIECE_BYTES = 2**18

#: Names that mean another folder.
_LEADS_NOWHERE = {".", ".."}

#: The first moment that the format knows.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class _Object(NamedTuple):
    name: str
    size: int
    modified: str


class _Sink(io.RawIOBase):
    """Takes what is written until somebody takes it away. Cannot seek, so that sizes follow the bytes."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def __len__(self) -> int:
        return len(self._held)

    def take(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held


async def objects_of(store: Store, container: str) -> list[_Object]:
    """What the file will hold.

    Raises
    ------
    BrowserError
        ``too_large`` for more than :data:`MAX_OBJECTS`, ``not_found`` for nothing.
    """
    found: list[_Object] = []
    async for block in blocks_of(store, container):
        found += [_Object(*each) for each in zip(block.keys, block.sizes, block.modified, strict=True)]
        if len(found) > MAX_OBJECTS:
            raise BrowserError(
                "too_large",
                f"{store.uri(container)} holds more than {MAX_OBJECTS:,} objects.",
                "Copy it into your files, or open it in a notebook.",
            )
    # Objects that stand for folders: a folder comes of what lies in it.
    found = [each for each in found if not each.name.endswith("/")]
    if any(not _LEADS_NOWHERE.isdisjoint(each.name.split("/")) or "\\" in each.name for each in found):
        raise BrowserError(
            "bad_request", "It holds names that would lead out of the folder it is unpacked to.", "Download its parts."
        )
    if not found:
        raise BrowserError("not_found", f"Nothing lies at {store.uri(container)}.")
    return found


async def zip_of(store: Store, container: str, objects: list[_Object]) -> AsyncIterator[bytes]:
    """The file, in pieces. All lies below a folder of the container's name.

    Raises
    ------
    BrowserError
        Where an object cannot be read, or is not as long as it was: what was sent until then is no zip file.
    """
    folder = name_of(container)
    sink = _Sink()
    waiting: deque[tuple[_Object, asyncio.Task[bytes] | None]] = deque()
    left = iter(objects)
    try:
        with ZipFile(sink, "w", ZIP_STORED, allowZip64=True) as file:
            while True:
                while len(waiting) < _AHEAD and (each := next(left, None)) is not None:
                    waiting.append((each, _read_ahead(store, container, each)))
                if not waiting:
                    break
                current, task = waiting.popleft()
                info = ZipInfo(f"{folder}/{current.name}", _time_of(current.modified))
                info.external_attr = 0o644 << 16
                with file.open(info, "w", force_zip64=current.size >= 2**31) as entry:
                    if task is not None:
                        entry.write(await task)
                    else:
                        async for piece in _pieces(store, container + current.name, current.size):
                            entry.write(piece)
                            if len(sink) >= _PIECE_BYTES:
                                yield sink.take()
                if len(sink) >= _PIECE_BYTES:
                    yield sink.take()
        yield sink.take()
    finally:
        for _, task in waiting:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for _, task in waiting if task is not None), return_exceptions=True)


def _read_ahead(store: Store, container: str, wanted: _Object) -> asyncio.Task[bytes] | None:
    if wanted.size > _SMALL_BYTES:
        return None

    async def read() -> bytes:
        data = await patiently(partial(store.get, container + wanted.name, max_bytes=_SMALL_BYTES))
        if len(data) != wanted.size:
            raise _changed(store, container + wanted.name)
        return data

    return asyncio.create_task(read())


async def _pieces(store: Store, key: str, size: int) -> AsyncIterator[bytes]:
    body = await patiently(partial(store.read, key))
    read = 0
    try:
        while piece := await body.next():
            read += len(piece)
            yield piece
    finally:
        await body.close()
    if read != size:
        raise _changed(store, key)


def _changed(store: Store, key: str) -> BrowserError:
    return BrowserError("conflict", f"{store.uri(key)} has changed meanwhile.", "Download it again.")


def _time_of(modified: str) -> tuple[int, int, int, int, int, int]:
    try:
        found = datetime.fromisoformat(modified)
    except ValueError:
        return _EPOCH
    return max(_EPOCH, (found.year, found.month, found.day, found.hour, found.minute, found.second))
