"""The last counts of a place, kept in a file, so that growth shows and the panel has something to say at once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from . import wire

#: Rows of a count that are kept, the heaviest.
_MAX_ROWS = 500

#: Earlier totals that are kept.
_MAX_BEFORE = 60

#: Files that are kept.
_MAX_PLACES = 50

#: Copies of which it is kept what was known before, the latest.
_MAX_NOTES = 1_000

#: A file above this is not one of ours.
_MAX_BYTES = 8 * 2**20


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of a store's chunks when it was copied."""

    chunks: wire.ChunkCount
    #: When the count began that says so, of what was copied.
    as_of: str
    #: When the copy was made.
    noted_at: str


class UsageHistory:
    """One small file per place.

    Parameters
    ----------
    folder
        Made on first use; None remembers nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    async def last(self, uri: str) -> wire.Usage | None:
        """The last count of the place at ``uri``; None where there is none that can be read."""
        return await asyncio.to_thread(self._read, uri)

    async def keep(self, uri: str, usage: wire.Usage) -> wire.Usage:
        """Remember a count; returned with the totals of those before it."""
        return await asyncio.to_thread(self._write, uri, usage)

    async def note(self, uri: str, note: Note) -> None:
        """Remember what was known of a store that was copied to ``uri``."""
        await asyncio.to_thread(self._write_note, uri, note)

    async def notes(self) -> dict[str, Note]:
        """What was known of copies, by their addresses."""
        return await asyncio.to_thread(self._read_notes)

    def _read_notes(self) -> dict[str, Note]:
        try:
            path = self._notes
            if path is None or path.stat().st_size > _MAX_BYTES:
                return {}
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Note])
        except (OSError, msgspec.MsgspecError):
            return {}

    def _write_note(self, uri: str, note: Note) -> None:
        path = self._notes
        if path is not None:
            others = [each for each in self._read_notes().items() if each[0] != uri]
            with contextlib.suppress(OSError):
                _replace(path, msgspec.json.encode(dict([*others, (uri, note)][-_MAX_NOTES:])))

    @property
    def _notes(self) -> Path | None:
        # Not called as the counts are, of which there may not be more than so many.
        return self._folder / "copies.notes" if self._folder is not None else None

    def _path(self, uri: str) -> Path | None:
        if self._folder is None:
            return None
        # An address may be longer than a file name, and hold what one may not.
        return self._folder / f"{hashlib.sha256(uri.encode()).hexdigest()[:32]}.json"

    def _read(self, uri: str) -> wire.Usage | None:
        path = self._path(uri)
        try:
            if path is None or path.stat().st_size > _MAX_BYTES:
                return None
            return msgspec.json.decode(path.read_bytes(), type=wire.Usage)
        except (OSError, msgspec.MsgspecError):  # of another version, or broken: as if there were none
            return None

    def _write(self, uri: str, usage: wire.Usage) -> wire.Usage:
        last = self._read(uri)
        if last is not None:
            total = wire.UsageBefore(as_of=last.as_of, objects=last.objects, bytes=last.bytes)
            usage = msgspec.structs.replace(usage, before=[total, *last.before][:_MAX_BEFORE])
        path = self._path(uri)
        if path is not None:
            rest = usage.rows[_MAX_ROWS:]
            kept = msgspec.structs.replace(
                usage,
                rows=usage.rows[:_MAX_ROWS],
                other_rows=usage.other_rows + len(rest),
                other_objects=usage.other_objects + sum(row.objects for row in rest),
                other_bytes=usage.other_bytes + sum(row.bytes for row in rest),
            )
            # A disk that is full must not fail a count.
            with contextlib.suppress(OSError):
                _replace(path, msgspec.json.encode(kept))
                self._tidy(path.parent)
        return usage

    @staticmethod
    def _tidy(folder: Path) -> None:
        files = sorted(folder.glob("*.json"), key=lambda each: each.stat().st_mtime, reverse=True)
        for path in files[_MAX_PLACES:]:
            path.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    # The folder may be older than this, and open to others.
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)
