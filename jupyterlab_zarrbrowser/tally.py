"""What objects weigh, summed up per child of the place that is scanned.

Memory grows with the number of children and of arrays, up to bounds, and not with the number of objects.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from .formats import METADATA_NAMES
from .stores import Block

#: Children that are kept apart. What lies in others is counted, too, but not by name.
MAX_ROWS = 20_000

#: Objects directly in the place: of many, the heaviest are kept.
_MAX_OBJECT_ROWS = 5_000

#: Arrays whose chunks are counted.
_MAX_ARRAYS = 50_000

#: The end of a chunk's key: ``c/0/1`` and ``0/1`` (v3, v2 with slashes), ``0.1`` (v2); ``c`` and ``0`` of scalars.
_CHUNK = re.compile(r"/(?:c(?:/\d+)*|\d+(?:/\d+)*|\d+(?:\.\d+)+)\Z", re.ASCII)


@dataclass(slots=True)
class Weight:
    """Sums over some objects. Times are as listings have them: ISO 8601, UTC."""

    objects: int = 0
    bytes: int = 0
    oldest: str = ""
    newest: str = ""
    expiring_objects: int = 0
    expiring_bytes: int = 0

    def add(self, sizes: list[int], modified: list[str], expiring_before: str | None) -> None:
        self.objects += len(sizes)
        self.bytes += sum(sizes)
        oldest, newest = min(modified), max(modified)
        self.oldest = min(self.oldest, oldest) if self.oldest else oldest
        self.newest = max(self.newest, newest)
        if expiring_before is not None and oldest <= expiring_before:
            going = [size for size, moment in zip(sizes, modified, strict=True) if moment <= expiring_before]
            self.expiring_objects += len(going)
            self.expiring_bytes += sum(going)

    def merge(self, other: Weight) -> None:
        self.objects += other.objects
        self.bytes += other.bytes
        self.oldest = min(filter(None, (self.oldest, other.oldest)), default="")
        self.newest = max(self.newest, other.newest)
        self.expiring_objects += other.expiring_objects
        self.expiring_bytes += other.expiring_bytes


@dataclass(slots=True)
class ArrayTally:
    """Chunks of one array, found by their names alone."""

    chunks: int = 0
    oldest: str = ""
    #: When its metadata was written; empty where that was not met.
    described: str = ""


@dataclass(slots=True)
class Row(Weight):
    """One child: a container (its name ends in ``/``) or an object."""

    #: Arrays by path below the row, ending in ``/`` (``""``: the row itself).
    arrays: dict[str, ArrayTally] = field(default_factory=dict)
    #: Names of metadata documents directly in it: what makes it a Zarr node.
    documents: set[str] = field(default_factory=set)


class Tally:
    """Sums of a scan.

    Parameters
    ----------
    expiring_before
        Gives, for the name of a child, the time up to which what was written is deleted soon; None for never.
    """

    def __init__(self, expiring_before: Callable[[str], str | None] = lambda _: None) -> None:
        self._expiring_before = expiring_before
        self.total = Weight()
        self.rows: dict[str, Row] = {}
        self.objects: dict[str, Row] = {}
        self.other = Weight()
        #: Children that are in ``other``, about: one that is met in two blocks may count twice.
        self.other_rows = 0
        self._last_other = ""
        self._arrays = 0

    def add(self, block: Block) -> None:
        """Take up objects; each must come once."""
        keys, sizes, modified = block.keys, block.sizes, block.modified
        start = 0
        while start < len(keys):
            key = keys[start]
            name, slash, _ = key.partition("/")
            # "0" follows "/": all keys below a name come before what only begins like it.
            stop = bisect_left(keys, name + "0", start) if slash else start + 1
            part = Weight()
            part.add(sizes[start:stop], modified[start:stop], self._expiring_before(name + slash))
            self.total.merge(part)
            row = self._row(name + slash, part)
            if row is not None and slash:
                self._look_inside(row, block, start, stop, len(name) + 1)
            start = stop

    def _row(self, name: str, part: Weight) -> Row | None:
        if not name.endswith("/"):
            row = Row()
            row.merge(part)
            self.objects[name] = row
            if len(self.objects) > 2 * _MAX_OBJECT_ROWS:
                self._fold_objects()
            return None
        row = self.rows.get(name) or Row()
        if name not in self.rows:
            if len(self.rows) >= MAX_ROWS:
                self.other.merge(part)
                self.other_rows += name != self._last_other
                self._last_other = name
                return None
            self.rows[name] = row
        row.merge(part)
        return row

    def _fold_objects(self) -> None:
        """Keep the heavier ones by name."""
        heaviest = sorted(self.objects.items(), key=lambda item: -item[1].bytes)
        self.objects = dict(heaviest[:_MAX_OBJECT_ROWS])
        for _, row in heaviest[_MAX_OBJECT_ROWS:]:
            self.other.merge(row)
            self.other_rows += 1

    def _look_inside(self, row: Row, block: Block, start: int, stop: int, skip: int) -> None:
        """Count chunks and note metadata documents. ``skip`` letters of each key are the row's own name."""
        keys, modified = block.keys, block.modified
        at = start
        while at < stop:
            key = keys[at]
            path, slash, name = key[skip:].rpartition("/")
            if name in METADATA_NAMES:
                if not slash:
                    row.documents.add(name)
                if name in {"zarr.json", ".zarray"} and (array := self._array(row, path + slash)) is not None:
                    array.described = modified[at]
                at += 1
                continue
            matched = _CHUNK.search(key, skip - 1)  # with the slash behind the row's own name
            if matched is None:
                at += 1
                continue
            # All that follow in the same array: a block mostly holds chunks of one or two.
            text = matched.group()[1:]
            place = key[: matched.end() - len(text)]
            first, deeper, _ = text.partition("/")
            # Behind a number and a slash may lie another array that is called by that number, too.
            after = place + (f"{first}0" if deeper else ":")
            end = min(stop, bisect_left(keys, after, at + 1))
            if (array := self._array(row, place[skip:])) is not None:
                array.chunks += end - at
                oldest = min(modified[at:end])
                array.oldest = min(array.oldest, oldest) if array.oldest else oldest
            at = end

    def _array(self, row: Row, path: str) -> ArrayTally | None:
        found = row.arrays.get(path)
        if found is None and self._arrays < _MAX_ARRAYS:
            self._arrays += 1
            found = row.arrays[path] = ArrayTally()
        return found
