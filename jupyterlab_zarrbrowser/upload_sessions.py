"""Uploads that were begun, in files: they outlive a page, a connection and this process.

One file per upload: a line that says what it is, then a line for each part that arrived. Lines are only ever added, so
that a part of ten thousand costs as much to remember as the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from .stores.uploads import StoredPart

#: A file above this is not one of ours.
_MAX_BYTES = 8 * 2**20

#: Files that arrived and are remembered, so that a folder offered again goes on where it stood.
_MAX_ARRIVED = 200_000

_encode = msgspec.json.Encoder().encode


class Session(msgspec.Struct, frozen=True):
    """What an upload is."""

    id: str
    endpoint: str
    key: str
    #: Where it lies: an endpoint of the same id may be another one by now.
    uri: str
    size: int
    modified_ms: int
    replace: bool
    part_size: int
    #: What the store calls it; None while it is asked for. May be a credential: it never leaves the server.
    token: str | None
    started_at: float


class SessionFiles:
    """The files of one server.

    Parameters
    ----------
    folder
        Made on first use; None keeps everything in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    async def read_all(self) -> list[tuple[Session, list[StoredPart], float]]:
        """Each with its parts and when it was touched last, in seconds since 1970."""
        return await asyncio.to_thread(self._read_all)

    async def write(self, session: Session, parts: Sequence[StoredPart] = ()) -> None:
        """Remember a session and its parts, in place of what was known of it."""
        await asyncio.to_thread(self._write, session, parts)

    async def add(self, session: Session, part: StoredPart) -> None:
        """Remember a part."""
        await asyncio.to_thread(self._append, session, part)

    async def forget(self, session: Session) -> None:
        """Its upload has ended."""
        if self._folder is not None:
            path = self._path(session)
            await asyncio.to_thread(lambda: path.unlink(missing_ok=True))

    def _path(self, session: Session) -> Path:
        assert self._folder is not None
        return self._folder / f"{session.id}.jsonl"

    def _read_all(self) -> list[tuple[Session, list[StoredPart], float]]:
        found = []
        for path in sorted(self._folder.glob("*.jsonl")) if self._folder is not None else []:
            with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
                if path.stat().st_size <= _MAX_BYTES:
                    head, *rest = path.read_bytes().splitlines()
                    session = msgspec.json.decode(head, type=Session)
                    parts: dict[int, StoredPart] = {}
                    for line in rest:
                        with contextlib.suppress(msgspec.MsgspecError):  # half a line, where the server was killed
                            part = msgspec.json.decode(line, type=StoredPart)
                            parts[part.number] = part
                    found.append((session, [parts[number] for number in sorted(parts)], path.stat().st_mtime))
        return found

    def _write(self, session: Session, parts: Sequence[StoredPart]) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path(session).with_suffix(f".{os.getpid()}.tmp")
        # A token may be all that one needs to write there.
        fresh.touch(mode=0o600)
        fresh.write_bytes(b"".join(_encode(each) + b"\n" for each in (session, *parts)))
        fresh.replace(self._path(session))

    def _append(self, session: Session, part: StoredPart) -> None:
        if self._folder is not None:
            with self._path(session).open("ab") as file:
                file.write(_encode(part) + b"\n")


class ArrivedFile(NamedTuple):
    """A local file that was put."""

    size: int
    modified_ms: int
    """Of the file, as the browser says it."""
    at: float
    """When it was put, in seconds since 1970."""


class Arrived:
    """Which local files lie in the store already.

    Kept in one file, to which every batch adds its lines.

    Parameters
    ----------
    path
        The file; None keeps everything in memory.
    keep_s
        Seconds for which a file is remembered.
    """

    def __init__(self, path: Path | None, keep_s: float) -> None:
        self._path, self._keep_s = path, keep_s
        self._found: OrderedDict[bytes, ArrivedFile] = OrderedDict()
        self._lines = 0
        self._is_read = False
        self._reading = asyncio.Lock()

    async def get(self, place: str) -> ArrivedFile | None:
        """The file that was put there, None where none is known."""
        await self._load()
        return self._found.get(_name(place))

    async def add(self, files: Sequence[tuple[str, int, int]]) -> None:
        """Remember files: place, bytes, time."""
        await self._load()
        now = round(time.time(), 3)
        added = {_name(place): ArrivedFile(size, modified_ms, now) for place, size, modified_ms in files}
        for name, file in added.items():
            self._found.pop(name, None)
            self._found[name] = file
        while len(self._found) > _MAX_ARRIVED:
            self._found.popitem(last=False)
        self._lines += len(added)
        if self._lines > 2 * _MAX_ARRIVED:
            self._lines = len(self._found)
            await asyncio.to_thread(self._rewrite, dict(self._found))
        else:
            await asyncio.to_thread(self._append, added)

    async def _load(self) -> None:
        async with self._reading:
            if not self._is_read:
                self._found = await asyncio.to_thread(self._read)
                self._lines = len(self._found)
                self._is_read = True

    def _read(self) -> OrderedDict[bytes, ArrivedFile]:
        found: OrderedDict[bytes, ArrivedFile] = OrderedDict()
        if self._path is None:
            return found
        since = time.time() - self._keep_s
        with contextlib.suppress(OSError), self._path.open(encoding="ascii", errors="replace") as file:
            for line in file:
                with contextlib.suppress(ValueError):  # half a line
                    name, size, modified_ms, at = line.split()
                    if float(at) >= since:
                        found[bytes.fromhex(name)] = ArrivedFile(int(size), int(modified_ms), float(at))
                    if len(found) > _MAX_ARRIVED:
                        found.popitem(last=False)
        self._rewrite(found)
        return found

    def _rewrite(self, found: Mapping[bytes, ArrivedFile]) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                if not found:
                    self._path.unlink(missing_ok=True)
                    return
                fresh = self._path.with_suffix(f".{os.getpid()}.tmp")
                fresh.touch(mode=0o600)
                fresh.write_text(_lines_of(found))
                fresh.replace(self._path)

    def _append(self, added: Mapping[bytes, ArrivedFile]) -> None:
        # A disk that is full must not fail an upload.
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with self._path.open("a", encoding="ascii") as file:
                    file.write(_lines_of(added))


def _lines_of(files: Mapping[bytes, ArrivedFile]) -> str:
    return "".join(f"{name.hex()} {file.size} {file.modified_ms} {file.at}\n" for name, file in files.items())


def _name(place: str) -> bytes:
    """Short, since there may be very many, and too long for two places to share one."""
    return hashlib.blake2b(place.encode("utf-8", "surrogatepass"), digest_size=12).digest()
