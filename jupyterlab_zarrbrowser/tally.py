"""What objects weigh, summed up per child of the place that is scanned.

Memory grows with the number of children and of arrays, up to bounds, and not with the number of objects.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, takewhile

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

#: Names that are as likely dates: ``2026.11.21``.
_YEAR = re.compile(r"(?:19|20)\d\d\.", re.ASCII)


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
    #: When the first of those that are there was written; empty where there is none.
    oldest: str = ""
    #: When its metadata was written; empty where that was not met.
    described: str = ""
    #: Whether names were met that hardly anything but chunks have: ``c/0``, ``0.1``.
    is_certain: bool = False


@dataclass(slots=True)
class Row(Weight):
    """One child: a container (its name ends in ``/``) or an object."""

    #: Arrays by path below the row, ending in ``/`` (``""``: the row itself).
    arrays: dict[str, ArrayTally] = field(default_factory=dict)
    #: Names of metadata documents directly in it: what makes it a Zarr node.
    documents: set[str] = field(default_factory=set)
    #: Where not all of it lives equally long: the oldest and the newest that live so many days.
    ages: dict[float | None, tuple[str, str]] = field(default_factory=dict)

    def grow(self, days: float | None, oldest: str, newest: str) -> None:
        first, last = self.ages.get(days, (oldest, newest))
        self.ages[days] = min(first, oldest), max(last, newest)


class Tally:
    """Sums of a scan.

    Parameters
    ----------
    life
        Gives, for a key, how many days what lies there lives, and the time up to which what was written is deleted
        soon; each None for ever.
    cuts
        Prefixes below which lives are of another length. Elsewhere, all below a child lives as the child's name tells.
    """

    def __init__(
        self,
        life: Callable[[str], tuple[float | None, str | None]] = lambda _: (None, None),
        cuts: Sequence[str] = (),
    ) -> None:
        self._life = life
        self._cuts = sorted(cuts)
        self.total = Weight()
        self.rows: dict[str, Row] = {}
        self.objects: dict[str, Row] = {}
        self.other = Weight()
        #: Children that are in ``other``, about: one that is met in two blocks may count twice.
        self.other_rows = 0
        self._last_other = ""
        self._arrays = 0

    @property
    def knows_all_arrays(self) -> bool:
        """Whether an array that no row names is not there."""
        return self._arrays < _MAX_ARRAYS

    def add(self, block: Block) -> None:
        """Take up objects; each must come once."""
        keys, sizes, modified = block.keys, block.sizes, block.modified
        start = 0
        while start < len(keys):
            key = keys[start]
            name, slash, _ = key.partition("/")
            # "0" follows "/": all keys below a name come before what only begins like it.
            stop = bisect_left(keys, name + "0", start) if slash else start + 1
            # An object is a row as it stands.
            part = Weight() if slash else Row()
            inner = self._inner(name + slash) if self._cuts and slash else None
            ages = self._add_pieces(part, block, start, stop, inner) if inner else ()
            if not ages:
                part.add(sizes[start:stop], modified[start:stop], self._life(name + slash)[1])
            self.total.merge(part)
            row = self._row(name + slash, part)
            if row is not None and slash:
                for age in ages:
                    row.grow(*age)
                self._look_inside(row, block, start, stop, len(name) + 1)
            start = stop

    def _inner(self, name: str) -> list[str]:
        """Cuts that lie below a child."""
        cuts = self._cuts
        first = bisect_right(cuts, name)
        return list(takewhile(lambda cut: cut.startswith(name), islice(cuts, first, None)))

    def _add_pieces(
        self, part: Weight, block: Block, start: int, stop: int, cuts: list[str]
    ) -> list[tuple[float | None, str, str]]:
        """Sum up objects that need not live equally long: days, oldest and newest of each stretch of those that do."""
        keys = block.keys
        texts = (text for cut in cuts for text in (cut, behind(cut)) if text is not None)
        edges = {bisect_left(keys, text, start, stop) for text in texts}
        found = []
        for at, end in pairwise(sorted({start, stop, *edges})):
            days, before = self._life(keys[at])
            piece = Weight()
            piece.add(block.sizes[at:end], block.modified[at:end], before)
            part.merge(piece)
            found.append((days, piece.oldest, piece.newest))
        return found

    def _row(self, name: str, part: Weight) -> Row | None:
        if isinstance(part, Row):
            self.objects[name] = part
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
                array.is_certain |= text.startswith("c/") or ("." in text and _YEAR.match(text) is None)
                oldest = min(modified[at:end])
                array.oldest = min(array.oldest, oldest) if array.oldest else oldest
            at = end

    def _array(self, row: Row, path: str) -> ArrayTally | None:
        found = row.arrays.get(path)
        if found is None and self._arrays < _MAX_ARRAYS:
            self._arrays += 1
            found = row.arrays[path] = ArrayTally()
        return found


def behind(prefix: str) -> str | None:
    """The first text behind all that begin with a prefix; None where there is none."""
    bare = prefix.rstrip(chr(sys.maxunicode))
    return bare[:-1] + chr(ord(bare[-1]) + 1) if bare else None
