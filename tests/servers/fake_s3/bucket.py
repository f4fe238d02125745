"""A bucket: virtual keys with what was written and deleted since laid over them, and how it is listed."""

from __future__ import annotations

import bisect
import hashlib
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .keys import Sliceable, Space

_JSON_ENDINGS = (".json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")


class Entry(NamedTuple):
    """One row of a listing; a common prefix has no etag."""

    key: str
    size: int = 0
    modified: float = 0
    etag: str = ""

    @property
    def is_prefix(self) -> bool:
        return not self.etag


@dataclass(frozen=True, slots=True)
class Stored:
    """An object."""

    size: int
    modified: float
    etag: str
    content_type: str
    body: Sliceable
    metadata: dict[str, str] = field(default_factory=dict)


class Bucket:
    def __init__(self, name: str, space: Space | None = None) -> None:
        self.name = name
        self._virtual = space or Space()
        self._written: dict[str, Stored] = {}
        self._written_keys: list[str] = []
        self._deleted: set[str] = set()
        #: Rendered listings, which writes invalidate.
        self.pages: dict[object, bytes] = {}

    def __len__(self) -> int:
        """Number of virtual keys."""
        return len(self._virtual)

    def put(
        self, key: str, content: bytes, content_type: str | None, metadata: dict[str, str], etag: str = ""
    ) -> Stored:
        """``etag`` is the MD5 of the content, unless it is given."""
        if key not in self._written:
            bisect.insort(self._written_keys, key)
        etag = etag or hashlib.md5(content, usedforsecurity=False).hexdigest()
        stored = Stored(len(content), time.time(), etag, content_type or "binary/octet-stream", content, metadata)
        self._written[key] = stored
        self._deleted.discard(key)
        self.pages.clear()
        return stored

    def delete(self, key: str) -> None:
        if self._written.pop(key, None) is not None:
            del self._written_keys[bisect.bisect_left(self._written_keys, key)]
        if self._virtual.find(key):
            self._deleted.add(key)
        self.pages.clear()

    def get(self, key: str) -> Stored | None:
        if key in self._written:
            return self._written[key]
        found = None if key in self._deleted else self._virtual.find(key)
        if found is None:
            return None
        segment, index = found
        size, modified = segment.size_and_time(index)
        kind = "application/json" if key.endswith(_JSON_ENDINGS) else "application/octet-stream"
        return Stored(size, modified, _virtual_etag(key), kind, segment.body(index))

    def page(self, prefix: str, delimiter: str, after: str, limit: int) -> tuple[list[Entry], bool]:
        """The first entries beyond ``after``, and whether there are more.

        A common prefix that equals ``after`` counts as seen, with all keys below it: it was the last entry of a page.
        """
        entries: list[Entry] = []
        for entry in self._entries(prefix, delimiter, after):
            if len(entries) == limit:
                return entries, True
            entries.append(entry)
        return entries, False

    def _entries(self, prefix: str, delimiter: str, after: str) -> Iterator[Entry]:
        """All entries of a listing beyond ``after``, in order of their keys."""
        start = max(prefix, after)
        if delimiter and after and after.startswith(prefix) and _common_prefix(after, prefix, delimiter) == after:
            start = _beyond(after)
        cursor = _Cursor(self._virtual, self._written, self._written_keys, self._deleted)
        cursor.seek(start)
        if after and cursor.key == after:
            cursor.step()
        while (key := cursor.key) is not None and key.startswith(prefix):
            common = _common_prefix(key, prefix, delimiter) if delimiter else ""
            if common:
                yield Entry(common)
                cursor.seek(_beyond(common))
            else:
                yield cursor.entry()
                cursor.step()


def _common_prefix(key: str, prefix: str, delimiter: str) -> str:
    at = key.find(delimiter, len(prefix))
    return key[: at + len(delimiter)] if at >= 0 else ""


def _beyond(prefix: str) -> str:
    """The smallest text above everything that begins with the prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _virtual_etag(key: str) -> str:
    return f"{zlib.crc32(key.encode()) * 0x9E3779B97F4A7C15F39CC0605CEDC835 & ((1 << 128) - 1):032x}"


class _Cursor:
    """Walks virtual and written keys merged, without those that were deleted or replaced."""

    def __init__(self, virtual: Space, written: dict[str, Stored], keys: list[str], deleted: set[str]) -> None:
        self._virtual, self._written, self._keys, self._deleted = virtual, written, keys, deleted
        self._index = self._position = 0
        self._virtual_key: str | None = None
        self._segment_first = self._segment_end = 0
        self.key: str | None = None

    def seek(self, start: str) -> None:
        self._index = self._virtual.seek(start)
        self._position = bisect.bisect_left(self._keys, start)
        self._settle()

    def step(self) -> None:
        if self.key is not None and self.key == self._virtual_key:
            self._index += 1
        else:
            self._position += 1
        self._settle()

    def entry(self) -> Entry:
        assert self.key is not None
        if self.key == self._virtual_key:
            size, modified = self._segment.size_and_time(self._index - self._segment_first)
            return Entry(self.key, size, modified, _virtual_etag(self.key))
        stored = self._written[self.key]
        return Entry(self.key, stored.size, stored.modified, stored.etag)

    def _settle(self) -> None:
        self._virtual_key = self._next_virtual()
        written = self._keys[self._position] if self._position < len(self._keys) else None
        if written is None or (self._virtual_key is not None and self._virtual_key < written):
            self.key = self._virtual_key
        else:
            self.key = written

    def _next_virtual(self) -> str | None:
        while self._index < len(self._virtual):
            if not self._segment_first <= self._index < self._segment_end:
                self._segment, within = self._virtual.at(self._index)
                self._segment_first = self._index - within
                self._segment_end = self._segment_first + len(self._segment)
            key = self._segment[self._index - self._segment_first]
            if key not in self._deleted and key not in self._written:
                return key
            self._index += 1
        return None
