"""What a place holds: a scan of everything below it, summed up per child, with what the store deletes when.

Scan (pages in parallel) → :class:`Tally` (sums) → this module (names, times, chunks that are missing) → ``wire.Usage``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from . import wire
from .concurrency import gather, outcome
from .errors import BrowserError
from .expiry import Lifetime, deleted_at, moment_of, text_of, written_before
from .explorer import Explorer
from .formats import ArrayFacts
from .history import Note
from .keys import name_of
from .scan import Scan
from .tally import ArrayTally, Row, Tally

Damage = Literal["gone", "unreadable", "incomplete"]
ChunkVerdict = Literal["complete", "never_written", "deleted", "unknown"]

#: Rows in an answer; lighter ones are told as a sum.
MAX_ROWS = 2_000

#: Stores whose arrays are read and whose chunks are compared with what they should have.
_MAX_COUNTED = 200

#: Arrays of one store without consolidated metadata that are read, one request each.
_MAX_READ = 200

#: Days by which dates in listings and deletion may differ from the rule.
_LAG_DAYS = 1.5

#: What a rule of a bucket says at least, where nobody knows it.
_SHORTEST_DAYS = 1.0


class UsageScan:
    """Counts what lies below a container.

    Parameters
    ----------
    explorer
        Of the endpoint.
    key
        ``""`` or a container.
    lifetime
        When the store deletes things.
    max_objects
        Objects after which the count gives up; the result says so.
    previous
        The last result for the same place, None where there is none.
    hints
        :attr:`marks` of the last scan of the same place.
    note_of
        What was known of a store, by its key, before it was copied here; None where nothing was.
    most_at_once
        As :class:`Scan` has it.
    now
        A seam for tests.
    """

    def __init__(
        self,
        explorer: Explorer,
        key: str,
        lifetime: Lifetime,
        *,
        max_objects: int,
        previous: wire.Usage | None = None,
        hints: list[str] | None = None,
        note_of: Callable[[str], Note | None] = lambda _: None,
        most_at_once: int | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._explorer = explorer
        self._key = key
        self._lifetime = lifetime
        self._last = previous
        self._previous = {row.key: row for row in previous.rows} if previous is not None else {}
        self._note_of = note_of
        self._now = now()
        self._at_midnight = explorer.store.expires_at_midnight
        self._befores: dict[float | None, str | None] = {}
        self._tally = Tally(self._life, lifetime.cuts(key))
        self._scan = Scan(
            explorer.store, key, self._tally.add, max_objects=max_objects, hints=hints, most_at_once=most_at_once
        )

    @property
    def marks(self) -> list[str]:
        """What makes another scan of the same place cheaper."""
        return self._scan.marks

    def progress(self) -> wire.JobProgress:
        total = self._tally.total
        return wire.JobProgress(objects=total.objects, bytes=total.bytes, requests=self._scan.requests)

    async def run(self) -> wire.Usage:
        """Scan, then describe. Raises BrowserError as listing does."""
        began = time.monotonic()
        end = await self._scan.run()
        tally = self._tally
        children = {**tally.rows, **tally.objects}
        heaviest = sorted(children.items(), key=lambda item: (-item[1].bytes, -item[1].objects, item[0]))
        shown, rest = heaviest[:MAX_ROWS], heaviest[MAX_ROWS:]
        rows = await self._describe(shown, counts_chunks=end.is_complete)
        firsts = (self._dates(name, row)[0] for name, row in children.items())
        expires = [date for date in firsts if date is not None]
        return wire.Usage(
            endpoint=self._explorer.store.id,
            key=self._key,
            objects=tally.total.objects,
            bytes=tally.total.bytes,
            is_lower_bound=not end.is_complete,
            rows=rows,
            other_rows=len(rest) + tally.other_rows,
            other_objects=sum(row.objects for _, row in rest) + tally.other.objects,
            other_bytes=sum(row.bytes for _, row in rest) + tally.other.bytes,
            as_of=text_of(self._now),
            oldest_at=tally.total.oldest or None,
            newest_at=tally.total.newest or None,
            expires_at=min(expires, default=None),
            expiring_objects=tally.total.expiring_objects,
            expiring_bytes=tally.total.expiring_bytes,
            lifetime_days=self._lifetime.of(self._key),
            lifetime_source=self._lifetime.source_of(self._key),
            requests=end.requests,
            duration_s=round(time.monotonic() - began, 3),
        )

    def _life(self, name: str) -> tuple[float | None, str | None]:
        """Of something below the place: days, and the time up to which what was written goes soon."""
        days = self._lifetime.of(self._key + name)
        if days not in self._befores:
            self._befores[days] = written_before(self._now, days, at_midnight=self._at_midnight)
        return days, self._befores[days]

    def _dates(self, name: str, row: Row) -> tuple[str | None, str | None]:
        """When the first of a row is deleted, and the last."""
        ages = row.ages or {self._lifetime.of(self._key + name): (row.oldest, row.newest)}
        firsts = [self._deleted_at(oldest, days) for days, (oldest, _) in ages.items()]
        lasts = [self._deleted_at(newest, days) for days, (_, newest) in ages.items()]
        return (
            min((date for date in firsts if date is not None), default=None),
            max((date for date in lasts if date is not None), default=None) if None not in lasts else None,
        )

    def _deleted_at(self, modified: str, days: float | None) -> str | None:
        return deleted_at(modified, days, at_midnight=self._at_midnight) if modified else None

    async def _describe(self, children: list[tuple[str, Row]], *, counts_chunks: bool) -> list[wire.UsageRow]:
        stores = [name for name, row in children if row.documents][:_MAX_COUNTED]
        nodes = await gather(outcome(self._explorer.node(self._key + name, refresh=True)) for name in stores)
        found = dict(zip(stores, nodes, strict=True))
        arrays: dict[str, dict[str, ArrayFacts]] = {}
        if counts_chunks:
            rows = dict(children)
            read = await gather(self._arrays(name, rows[name]) for name in stores)
            arrays = dict(zip(stores, read, strict=True))
        return [
            self._row(name, row, found.get(name), arrays.get(name, {}), is_whole=counts_chunks)
            for name, row in children
        ]

    def _row(
        self,
        name: str,
        row: Row,
        node: wire.Node | BrowserError | None,
        arrays: dict[str, ArrayFacts],
        *,
        is_whole: bool,
    ) -> wire.UsageRow:
        key = self._key + name
        kind = _kind(node)
        lacking = self._lacking(name, row, arrays) if is_whole else []
        expires_at, gone_at = self._dates(name, row)
        return wire.UsageRow(
            key=key,
            name=name_of(key),
            kind=kind or ("folder" if name.endswith("/") else "object"),  # type: ignore[arg-type]
            objects=row.objects,
            bytes=row.bytes,
            oldest_at=row.oldest or None,
            newest_at=row.newest or None,
            expires_at=expires_at,
            gone_at=gone_at,
            expiring_objects=row.expiring_objects,
            expiring_bytes=row.expiring_bytes,
            chunks=self._count(name, row, arrays),
            damage=_damage(row, node, lacking),
            missing_documents=len(lacking),
        )

    async def _arrays(self, name: str, row: Row) -> dict[str, ArrayFacts]:
        described = [path for path, array in row.arrays.items() if array.described]
        try:
            return await self._explorer.arrays_below(self._key + name, described[:_MAX_READ])
        except BrowserError:
            return {}

    def _lacking(self, name: str, row: Row, arrays: dict[str, ArrayFacts]) -> list[str]:
        """Arrays whose metadata document is not there, by path: chunks of them are, or the root still names them."""
        if not self._tally.knows_all_arrays:
            return []
        if ".zarr" in name.lower() and not _is_described(row):
            return sorted(path for path, array in row.arrays.items() if array.chunks)
        named = {path for path in arrays if path not in row.arrays or not row.arrays[path].described}
        return sorted(named | {path for path in row.arrays if _has_lost_its_document(path, row)})

    def _count(self, name: str, row: Row, arrays: dict[str, ArrayFacts]) -> wire.ChunkCount | None:
        """Chunks that the arrays of a store should have, and those that lie there."""
        expected = present = counted = lacking = 0
        for path, facts in arrays.items():
            most = _chunks_of(facts)
            if most is None or _is_ambiguous(path, row.arrays):
                continue
            counted += 1
            expected += most
            array = row.arrays.get(path)
            lacking += array is None or not array.described
            # Chunks beyond a shape that was made smaller are no chunks of it.
            present += min(most, array.chunks if array is not None else 0)
        if not counted:
            return None
        before, since = self._known(self._key + name)
        if before is not None and before.expected != expected:
            before = None  # written anew with another shape: nothing of this one is gone
        # All that ever was there and is not now, however many counts ago.
        gone = min(expected - present, max(0, before.gone + before.present - present)) if before is not None else 0
        # Dates may have been reset since; what was deleted then has not come back.
        was_deleted = before is not None and before.verdict == "deleted" and present <= before.present
        verdict: ChunkVerdict
        if present >= expected:
            verdict = "complete"
        elif gone or was_deleted:
            verdict = "deleted"
        elif not lacking and self._was_never_written(name, row, before, since):
            verdict = "never_written"
        else:
            verdict = self._by_dates(name, row, is_described=not lacking)
        return wire.ChunkCount(expected=expected, present=present, arrays=counted, verdict=verdict, gone=gone)

    def _known(self, key: str) -> tuple[wire.ChunkCount | None, str]:
        """What the last count said of the chunks of a store, here or where it was copied from, and when it began."""
        row = self._previous.get(key)
        counted_at = self._last.as_of if self._last is not None else ""
        note = self._note_of(key)
        if note is not None and moment_of(note.noted_at) >= moment_of(counted_at or note.as_of):
            return note.chunks, note.as_of
        return row.chunks if row is not None else None, counted_at

    def _was_never_written(self, name: str, row: Row, before: wire.ChunkCount | None, since: str) -> bool:
        """Whether it is known that chunks which are missing were never there. Dates alone cannot prove it: metadata may
        have been rewritten since, and a copy may lack what was gone before.

        So it takes an earlier count, after which nothing had time to expire: one that knew it already, or one that did
        not see the store, where metadata was written before the chunks. (A copy has its metadata last.)
        """
        if not since or not self._is_within_a_life(name, since):
            return False
        if before is not None:
            return before.verdict == "never_written"
        last = self._last
        if last is None or last.is_lower_bound or last.other_rows or self._key + name in self._previous:
            return False
        written = [array for array in row.arrays.values() if array.chunks]
        return bool(written) and all(array.described and array.described < array.oldest for array in written)

    def _is_within_a_life(self, name: str, since: str) -> bool:
        """Whether nothing that was written since then can have been deleted by its age."""
        days = self._lifetime.shortest(self._key + name)
        if days is not None and self._lifetime.source_of(self._key + name) == "default":
            days = min(days, _SHORTEST_DAYS)  # how long it is, nobody said
        return days is None or self._age_days(since) < days

    def _by_dates(self, name: str, row: Row, *, is_described: bool) -> ChunkVerdict:
        """Whether chunks that no earlier count has seen were deleted, by the dates of what is left.

        A chunk that holds only the fill value need not be written, so that one is missing means nothing by itself. But
        stores delete the oldest first. Where what is left begins with a chunk that is as old as anything gets, there
        was probably more; where it begins with the metadata of an array, which is written before its chunks, that may
        have been rewritten.
        """
        ages = {days: oldest for days, (oldest, _) in row.ages.items()} or {
            self._lifetime.of(self._key + name): row.oldest
        }
        described = [array.described for array in row.arrays.values() if array.described]
        # Where not all live equally long, metadata may be older than chunks that went before it.
        if is_described and not row.ages and described and min(described) <= row.oldest:
            return "unknown"
        is_old = (days is not None and self._age_days(oldest) >= days - _LAG_DAYS for days, oldest in ages.items())
        return "deleted" if any(is_old) else "unknown"

    def _age_days(self, modified: str) -> float:
        return (self._now - moment_of(modified)).total_seconds() / 86_400


def _kind(node: wire.Node | BrowserError | None) -> str | None:
    kinds: dict[type, str] = {wire.DatasetNode: "dataset", wire.GroupNode: "group", wire.ArrayNode: "array"}
    return kinds.get(type(node))


def _damage(row: Row, node: wire.Node | BrowserError | None, lacking: list[str]) -> Damage | None:
    """What is wrong with the metadata of a row; whatever lies in a folder beside stores is none of its business."""
    if isinstance(node, wire.FolderNode) and node.problem is not None and node.problem.code == "unreadable_metadata":
        return "unreadable"
    if not lacking:
        return None
    return "incomplete" if _is_described(row) else "gone"


def _is_described(row: Row) -> bool:
    return bool(row.documents) or any(array.described for array in row.arrays.values())


def _has_lost_its_document(path: str, row: Row) -> bool:
    """Whether chunks lie at a path without the metadata of an array, by names that nothing else has."""
    array = row.arrays[path]
    if array.described or not array.chunks:
        return False
    beside = row.arrays.get(f"{path}c/")
    # `c/0` may be a chunk of an array of version 2 that is called `c`.
    return array.is_certain and not (beside is not None and beside.described)


def _chunks_of(facts: ArrayFacts) -> int | None:
    """Objects that an array has when all of it is written; None where its grid is not known."""
    shape = facts.shards or facts.chunks
    if shape is None or len(shape) != len(facts.shape):
        return None
    return math.prod(math.ceil(size / step) if step else 0 for size, step in zip(facts.shape, shape, strict=True))


def _is_ambiguous(path: str, arrays: dict[str, ArrayTally]) -> bool:
    """Whether names alone do not tell the chunks of this array from those of a neighbour.

    ``0/1/2`` may be chunk ``1/2`` of the array ``0`` or chunk ``0/1/2`` of what lies above, and ``c/0`` one of ``c``.
    """
    name = path.rstrip("/").rpartition("/")[2]
    own = arrays.get(path)
    return (name.isdecimal() or name == "c") and (own is None or not own.chunks)
