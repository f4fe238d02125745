"""Virtual key spaces: sorted sequences of keys that are computed when asked for, so a million costs nothing."""

from __future__ import annotations

import bisect
import functools
import hashlib
import json
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol, overload

#: Modification time of everything virtual, in seconds since 1970.
BASE_TIME = 1_700_000_000

#: Content of an object, cut out by slices, so that a big one is never built whole.
Body = Callable[[], "Sliceable"]


class Sliceable(Protocol):
    def __getitem__(self, part: slice, /) -> bytes: ...


class Segment(Protocol):
    """A run of consecutive keys."""

    first: str
    last: str

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> str: ...

    def size_and_time(self, index: int) -> tuple[int, int]: ...

    def body(self, index: int) -> Sliceable: ...


class Grid(Sequence[str]):
    """``prefix`` + one label of each dimension, joined + ``suffix``. Each dimension's labels are sorted as text."""

    def __init__(
        self,
        prefix: str,
        dimensions: Sequence[Sequence[str]],
        *,
        separator: str = "/",
        suffix: str = "",
        size: int = 1024,
        body: Callable[[], bytes] | None = None,
        modified: int = BASE_TIME,
    ) -> None:
        self._prefix, self._separator, self._suffix = prefix, separator, suffix
        self._dimensions = dimensions
        self._size, self._body, self._modified = size, body, modified
        self._length = math.prod(len(labels) for labels in dimensions)
        self.first = self[0]
        self.last = self[self._length - 1]

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._length))]
        parts: list[str] = []
        for labels in reversed(self._dimensions):
            index, label = divmod(index, len(labels))
            parts.append(labels[label])
        return self._prefix + self._separator.join(reversed(parts)) + self._suffix

    def size_and_time(self, index: int) -> tuple[int, int]:
        return self._size, self._modified

    def body(self, index: int) -> Sliceable:
        return self._body() if self._body else filler(self._size, index)


class One:
    """A single object; what is not bytes becomes JSON."""

    def __init__(self, key: str, content: Any, *, modified: int = BASE_TIME) -> None:
        self.first = self.last = key
        self._content = content if isinstance(content, bytes) else json.dumps(content, indent=1).encode()
        self._modified = modified

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> str:
        return self.first

    def size_and_time(self, index: int) -> tuple[int, int]:
        return len(self._content), self._modified

    def body(self, index: int) -> Sliceable:
        return self._content


class Big:
    """A single big object that repeats a block of 1 MiB."""

    def __init__(self, key: str, size: int) -> None:
        self.first = self.last = key
        self._size = size

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> str:
        return self.first

    def size_and_time(self, index: int) -> tuple[int, int]:
        return self._size, BASE_TIME

    def body(self, index: int) -> Sliceable:
        return _Repeated(noise(1 << 20, seed=1), self._size)


class _Repeated:
    def __init__(self, block: bytes, size: int) -> None:
        self._block, self._size = block, size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self._size)
        length = len(self._block)
        first = start // length
        copies = max(1, -(-stop // length) - first)
        return (self._block * copies)[start - first * length : stop - first * length]


class Space:
    """Segments whose key ranges do not interleave, as one sorted sequence."""

    def __init__(self, segments: Sequence[Segment] = ()) -> None:
        self._segments = sorted(segments, key=lambda segment: segment.first)
        for before, after in zip(self._segments, self._segments[1:], strict=False):
            if before.last >= after.first:
                raise ValueError(f"key ranges interleave: {before.last!r}, {after.first!r}")
        self._firsts = [segment.first for segment in self._segments]
        self._offsets: list[int] = []
        self._length = 0
        for segment in self._segments:
            self._offsets.append(self._length)
            self._length += len(segment)

    def __len__(self) -> int:
        return self._length

    def seek(self, key: str) -> int:
        """Index of the first key that is not below ``key``; the length if there is none."""
        number = bisect.bisect_right(self._firsts, key) - 1
        if number < 0:
            return 0
        segment = self._segments[number]
        if key > segment.last:
            return self._offsets[number] + len(segment)
        return self._offsets[number] + bisect.bisect_left(segment, key)

    def at(self, index: int) -> tuple[Segment, int]:
        """The segment that holds this index, and the index within it."""
        number = bisect.bisect_right(self._offsets, index) - 1
        return self._segments[number], index - self._offsets[number]

    def find(self, key: str) -> tuple[Segment, int] | None:
        index = self.seek(key)
        if index < self._length:
            segment, within = self.at(index)
            if segment[within] == key:
                return segment, within
        return None


@functools.lru_cache(256)
def noise(size: int, seed: int) -> bytes:
    return hashlib.shake_128(b"%d" % seed).digest(size)


def filler(size: int, index: int) -> bytes:
    """Bytes that differ from object to object, cheaply."""
    return noise(size, 0)[:-8] + struct.pack("<Q", index) if size >= 8 else noise(size, 0)


def numbers(count: int) -> list[str]:
    """``"0"`` to ``str(count - 1)``, sorted as text."""
    return sorted(str(number) for number in range(count))


def labels(pattern: str, count: int) -> list[str]:
    """``pattern % 0`` and so on; zero-padded patterns come out sorted."""
    return [pattern % number for number in range(count)]
