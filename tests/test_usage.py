"""What a count says of dates and of chunks, over objects whose ages the test chose."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyterlab_zarrbrowser import usage, wire
from jupyterlab_zarrbrowser.browser import Browser
from jupyterlab_zarrbrowser.config import AnyEndpointConfig, GcsConfig, LocalConfig, S3Config, ScratchConfig
from jupyterlab_zarrbrowser.discovery import Offered, ScratchPlace
from jupyterlab_zarrbrowser.expiry import Lifetime, LifetimeRule, deleted_at, moment_of, text_of, written_before
from jupyterlab_zarrbrowser.history import Note
from jupyterlab_zarrbrowser.scratch import Lifetimes, keep_of
from jupyterlab_zarrbrowser.stores import open_store
from jupyterlab_zarrbrowser.stores.s3 import S3Store

from .aged import NOW, Aged, v2_array, v3_array, v3_group
from .servers.counting_proxy import CountingProxy
from .servers.moto_s3 import MotoS3

WEEK = Lifetime(7, "configured")
EVER = Lifetime(None, None)


@pytest.fixture
def bucket(moto: MotoS3) -> Aged:
    return Aged(moto)


def ago(days: float) -> str:
    return text_of(NOW - timedelta(days=days))


class TestDates:
    @pytest.mark.parametrize(
        ("written", "days", "deleted"),
        [
            ("2026-11-10T10:30:00.000Z", 3, "2026-11-14T00:00:00Z"),  # Amazon's own example
            ("2026-11-10T00:00:00.000Z", 3, "2026-11-13T00:00:00Z"),  # at midnight it is that midnight
            ("2026-11-10T00:00:01.000Z", 3, "2026-11-14T00:00:00Z"),
            ("2026-11-10T23:59:59.999Z", 1, "2026-11-12T00:00:00Z"),
            ("2026-02-28T12:00:00Z", 1, "2026-03-02T00:00:00Z"),
            ("2026-11-10T12:00:00.000Z", 0.25, "2026-11-11T00:00:00Z"),
            ("2026-11-10T12:00:00.000Z", None, None),
            ("2026-11-10T12:00:00.000Z", 2**31, None),  # as good as never
        ],
    )
    def test_rounding_to_midnight(self, written: str, days: float | None, deleted: str | None) -> None:
        assert deleted_at(written, days) == deleted

    @pytest.mark.parametrize("seed", range(20))
    def test_what_goes_within_a_day_is_what_is_deleted_within_a_day(self, seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(200):
            now = datetime(2026, 11, dice.randint(1, 28), dice.randint(0, 23), dice.randint(0, 59), tzinfo=UTC)
            days = dice.choice([1, 7, 0.5, 30])
            seconds = dice.choice([0, 1, 3600, 86_399, dice.randint(0, 86_400)])
            written = now.replace(hour=0, minute=0) - timedelta(days=dice.randint(0, 9), seconds=seconds)
            before = written_before(now, days)
            deleted = deleted_at(text_of(written), days)
            assert before is not None
            assert deleted is not None
            assert (text_of(written) <= before) == (moment_of(deleted) <= now + timedelta(hours=24))

    def test_nothing_goes_where_nothing_is_deleted(self) -> None:
        assert written_before(NOW, None) is None
        assert written_before(NOW, 2**31) is None

    def test_the_shortest_rule_holds(self) -> None:
        rules = [LifetimeRule("", 30), LifetimeRule("tmp", 3), LifetimeRule("tmp/long/", 90)]
        lifetime = Lifetime(7, "default", rules)
        days = {key: lifetime.of(key) for key in ("a/", "tmp/", "tmp-2/x", "tmp/long/x", "")}
        assert days == {"a/": 30, "tmp/": 3, "tmp-2/x": 3, "tmp/long/x": 3, "": 30}
        assert lifetime.source_of("a/") == "bucket"
        beside = Lifetime(7, "default", rules[1:])
        assert (beside.of("a/"), beside.source_of("a/"), beside.source_of("tmp/")) == (7, "default", "bucket")


class TestRows:
    async def test_dates_and_sums(self, bucket: Aged) -> None:
        bucket.put(6.9, {"a/old": bytes(10), "a/b/old": bytes(20)})
        bucket.put(0.5, {"a/new": bytes(40)})
        bucket.put(3, {"b/x": bytes(100), "top.txt": bytes(1000)})
        found = await bucket.count(WEEK)
        assert (found.objects, found.bytes, found.is_lower_bound) == (5, 1170, False)
        assert (found.as_of, found.oldest_at[:19] + "Z" if found.oldest_at else "") == (text_of(NOW), ago(6.9))
        assert (found.lifetime_days, found.lifetime_source) == (7, "configured")
        rows = {row.name: row for row in found.rows}
        assert [row.name for row in found.rows] == ["top.txt", "b", "a"], "the heaviest first"
        a = rows["a"]
        assert (a.kind, a.objects, a.bytes, a.chunks) == ("folder", 3, 70, None)
        assert (a.expires_at, a.gone_at) == ("2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z")
        assert (a.expiring_objects, a.expiring_bytes) == (2, 30)
        assert (found.expiring_objects, found.expiring_bytes) == (2, 30)
        assert found.expires_at == "2026-11-22T00:00:00Z"
        assert rows["top.txt"].kind == "object"
        assert (rows["b"].expires_at, rows["b"].expiring_objects) == ("2026-11-26T00:00:00Z", 0)

    async def test_where_nothing_is_deleted(self, bucket: Aged) -> None:
        bucket.put(400, ["a/old"])
        found = await bucket.count(EVER)
        (row,) = found.rows
        assert (row.expires_at, row.gone_at, row.expiring_objects, found.expires_at) == (None, None, 0, None)

    async def test_rules_below_prefixes(self, bucket: Aged) -> None:
        bucket.put(6.9, ["in/tmp/x", "in/keep/x", "in/short/x", "in/short/y"])
        rules = [LifetimeRule("in/tmp/", 7), LifetimeRule("in/short", 1)]
        found = await bucket.count(Lifetime(None, None, rules), "in/")
        assert {row.name: row.expires_at and row.expires_at[:10] for row in found.rows} == {
            "tmp": "2026-11-22",
            "keep": None,
            "short": "2026-11-16",
        }
        assert found.expiring_objects == 3

    async def test_rules_below_a_row(self, bucket: Aged) -> None:
        bucket.put(6.9, {"a/keep/x": bytes(1), "b/tmp/x": bytes(2), "b/tmp/y": bytes(4)})
        bucket.put(1, {"a/tmp/x": bytes(8), "a/tmp/y": bytes(16)})
        bucket.put(0.1, {"b/tmp/new": bytes(32)})
        found = await bucket.count(Lifetime(None, None, [LifetimeRule("a/tmp/", 1), LifetimeRule("b/tm", 7)]))
        a, b = sorted(found.rows, key=lambda row: row.name)
        assert (a.expires_at, a.gone_at) == ("2026-11-22T00:00:00Z", None), "the rest of it stays for ever"
        assert (a.expiring_objects, a.expiring_bytes) == (2, 24)
        assert (b.expires_at, b.gone_at) == ("2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z")
        assert (b.expiring_objects, b.expiring_bytes) == (2, 6)
        assert (found.expires_at, found.expiring_objects) == ("2026-11-22T00:00:00Z", 4)

    async def test_nothing_lies_there(self, bucket: Aged) -> None:
        found = await bucket.count(WEEK, "nothing/")
        assert (found.objects, found.rows, found.oldest_at, found.expires_at) == (0, [], None, None)

    async def test_more_rows_than_are_told(self, bucket: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(usage, "MAX_ROWS", 3)
        bucket.put(1, {f"f{number}/x": bytes(number) for number in range(1, 9)})
        found = await bucket.count(WEEK)
        assert [row.bytes for row in found.rows] == [8, 7, 6]
        assert (found.other_rows, found.other_objects, found.other_bytes) == (5, 5, 15)
        assert (found.objects, found.bytes) == (8, 36)

    async def test_a_bound_is_told(self, bucket: Aged) -> None:
        bucket.put(1, {"s.zarr/zarr.json": v3_array([4], [2])})
        bucket.put(1, ["s.zarr/c/0", "s.zarr/c/1"])
        found = await bucket.count(WEEK, max_objects=3)
        assert not found.is_lower_bound, "as many as the bound are all"
        assert found.rows[0].chunks is not None
        bucket.put(1, [f"more/{number:04}" for number in range(1100)])
        found = await bucket.count(WEEK, max_objects=1000)
        assert found.is_lower_bound
        assert found.objects == 1000
        assert all(row.chunks is None for row in found.rows), "what was not seen must not look missing"


def store_of(layout: str) -> tuple[dict[str, bytes], list[str]]:
    """Metadata and chunks of a store with two arrays, of four chunks and of one."""
    four, one = [8, 8], [4]
    match layout:
        case "v3":
            t, x = v3_array(four, [4, 4]), v3_array(one, [4])
            documents = {"zarr.json": v3_group({"t": t, "x": x}), "t/zarr.json": t, "x/zarr.json": x}
            return documents, ["t/c/0/0", "t/c/0/1", "t/c/1/0", "t/c/1/1", "x/c/0"]
        case "v3 not consolidated":
            documents, chunks = store_of("v3")
            return {**documents, "zarr.json": v3_group()}, chunks
        case "sharded":
            t, x = v3_array(four, [1, 1], shards=[4, 4]), v3_array([], [])
            documents = {"zarr.json": v3_group({"t": t, "x": x}), "t/zarr.json": t, "x/zarr.json": x}
            return documents, ["t/c/0/0", "t/c/0/1", "t/c/1/0", "t/c/1/1", "x/c"]
        case "v2":
            documents = {".zgroup": b'{"zarr_format": 2}', "t/.zarray": v2_array(four, [4, 4])}
            return {**documents, "x/.zarray": v2_array(one, [4])}, ["t/0.0", "t/0.1", "t/1.0", "t/1.1", "x/0"]
        case "v2 slashes":
            documents = {".zgroup": b'{"zarr_format": 2}', "t/.zarray": v2_array(four, [4, 4], "/")}
            return {**documents, "x/.zarray": v2_array([], [], "/")}, ["t/0/0", "t/0/1", "t/1/0", "t/1/1", "x/0"]
    raise ValueError(layout)


LAYOUTS = ("v3", "v3 not consolidated", "sharded", "v2", "v2 slashes")


class TestChunks:
    def fill(self, bucket: Aged, layout: str, described: float, written: float, missing: int = 0) -> list[str]:
        """A store; its chunks but the first ones, which are missing. Returns the keys of those that are there."""
        documents, chunks = store_of(layout)
        bucket.put(described, {f"s.zarr/{name}": content for name, content in documents.items()})
        there = [f"s.zarr/{name}" for name in chunks[missing:]]
        bucket.put(written, there)
        return there

    async def counted(self, bucket: Aged, lifetime: Lifetime = WEEK, **options: Any) -> wire.ChunkCount:
        (row,) = [row for row in (await bucket.count(lifetime, **options)).rows if row.name == "s.zarr"]
        assert row.chunks is not None
        return row.chunks

    @pytest.mark.parametrize("layout", LAYOUTS)
    async def test_complete(self, bucket: Aged, layout: str) -> None:
        self.fill(bucket, layout, 6.9, 6.8)
        assert await self.counted(bucket) == wire.ChunkCount(expected=5, present=5, arrays=2, verdict="complete")

    @pytest.mark.parametrize("layout", LAYOUTS)
    async def test_never_written(self, bucket: Aged, layout: str) -> None:
        """A count saw that nothing was there yet; since then nothing had time to expire."""
        before = await bucket.count(WEEK, now=lambda: NOW - timedelta(days=3))
        self.fill(bucket, layout, 2, 1.9, missing=2)
        found = await self.counted(bucket, previous=before)
        assert found == wire.ChunkCount(expected=5, present=3, arrays=2, verdict="never_written")

    @pytest.mark.parametrize("lifetime", [WEEK, EVER])
    @pytest.mark.parametrize("layout", LAYOUTS)
    async def test_dates_alone_do_not_prove_that_chunks_were_never_written(
        self, bucket: Aged, layout: str, lifetime: Lifetime
    ) -> None:
        """Metadata may be rewritten together with new chunks, and a copy is as young as it is."""
        self.fill(bucket, layout, 2, 1.9, missing=2)
        assert (await self.counted(bucket, lifetime)).verdict == "unknown"
        # Nor does an earlier count that saw it and knew no more.
        before = await bucket.count(lifetime, now=lambda: NOW - timedelta(days=1))
        assert (await self.counted(bucket, lifetime, previous=before)).verdict == "unknown"

    @pytest.mark.parametrize(
        ("days", "lifetime", "verdict"),
        [
            (6.9, WEEK, "never_written"),
            (7.1, WEEK, "unknown"),
            (400, EVER, "never_written"),
            (0.9, Lifetime(7, "default"), "never_written"),
            (1.1, Lifetime(7, "default"), "unknown"),
            (2.6, Lifetime(7, "bucket", [LifetimeRule("s.zarr/t/", 2.5)]), "unknown"),
            (2, Lifetime(7, "bucket", [LifetimeRule("other/", 1)]), "never_written"),
        ],
    )
    async def test_how_long_a_count_proves_that_nothing_expired(
        self, bucket: Aged, days: float, lifetime: Lifetime, verdict: str
    ) -> None:
        before = await bucket.count(lifetime, now=lambda: NOW - timedelta(days=days))
        self.fill(bucket, "v3", 0.8, 0.7, missing=2)
        assert (await self.counted(bucket, lifetime, previous=before)).verdict == verdict

    async def test_what_was_copied_since_the_last_count_proves_nothing(self, bucket: Aged) -> None:
        """Copies have their metadata last."""
        before = await bucket.count(WEEK, now=lambda: NOW - timedelta(days=3))
        self.fill(bucket, "v3", 1.8, 1.9, missing=2)
        assert (await self.counted(bucket, previous=before)).verdict == "unknown"

    async def test_a_count_that_did_not_see_all_proves_nothing(self, bucket: Aged) -> None:
        before = await bucket.count(WEEK, now=lambda: NOW - timedelta(days=3))
        self.fill(bucket, "v3", 2, 1.9, missing=2)
        for change in ({"is_lower_bound": True}, {"other_rows": 1}):
            partial = msgspec.structs.replace(before, **change)
            assert (await self.counted(bucket, previous=partial)).verdict == "unknown"

    @pytest.mark.parametrize("verdict", ["never_written", "deleted", "unknown"])
    async def test_what_was_known_of_what_was_copied(self, bucket: Aged, verdict: Any) -> None:
        self.fill(bucket, "v3", 0.1, 0.2, missing=2)
        chunks = wire.ChunkCount(expected=5, present=3, arrays=2, verdict=verdict, gone=2 * (verdict == "deleted"))
        note = Note(chunks=chunks, as_of=ago(0.5), noted_at=ago(0.2))
        options: dict[str, Any] = {"note_of": {"s.zarr/": note}.get}
        older = await bucket.count(EVER, now=lambda: NOW - timedelta(days=0.3))
        for previous in (None, older):
            assert await self.counted(bucket, EVER, previous=previous, **options) == chunks
        newer = await bucket.count(EVER, now=lambda: NOW - timedelta(days=0.1))
        assert (await self.counted(bucket, EVER, previous=newer, **options)).verdict == "unknown", "written since"

    @pytest.mark.parametrize("layout", LAYOUTS)
    async def test_only_chunks_are_left(self, bucket: Aged, layout: str) -> None:
        documents, _ = store_of(layout)
        self.fill(bucket, layout, 2, 1.9)
        bucket.delete(*(f"s.zarr/{name}" for name in documents))
        (row,) = (await bucket.count(WEEK)).rows
        assert (row.kind, row.chunks, row.damage, row.missing_documents) == ("folder", None, "gone", 2)

    @pytest.mark.parametrize("name", ["c/0/0", "0.0", "0.1.2", "t/c/3", "t/x/7.0"])
    async def test_names_that_only_chunks_have(self, bucket: Aged, name: str) -> None:
        bucket.put(1, [f"run/{name}", "run/notes.txt"])
        assert [row.damage for row in (await bucket.count(WEEK)).rows] == ["gone"]

    @pytest.mark.parametrize("name", ["2026/11/21", "1", "a/0/1", "c", "2026.11.21", "1.x", "x/zarr.json.bak"])
    async def test_names_that_others_have(self, bucket: Aged, name: str) -> None:
        bucket.put(1, [f"run/{name}", "run/notes.txt"])
        assert [row.damage for row in (await bucket.count(WEEK)).rows] == [None]

    @pytest.mark.parametrize("layout", LAYOUTS)
    async def test_documents_of_arrays_are_gone(self, bucket: Aged, layout: str) -> None:
        self.fill(bucket, layout, 2, 1.9)
        (row,) = (await bucket.count(WEEK)).rows
        assert (row.damage, row.missing_documents) == (None, 0)
        bucket.delete(*(f"s.zarr/t/{name}" for name in ("zarr.json", ".zarray") if f"t/{name}" in store_of(layout)[0]))
        (row,) = (await bucket.count(WEEK)).rows
        found = (row.damage, row.missing_documents)
        # Chunks of version 2 with slashes are named as anything may be.
        assert found == ((None, 0) if layout == "v2 slashes" else ("incomplete", 1))

    @pytest.mark.parametrize(("described", "written", "verdict"), [(2, 1.9, "unknown"), (6.6, 6.5, "deleted")])
    async def test_chunks_of_an_array_whose_metadata_is_gone(
        self, bucket: Aged, described: float, written: float, verdict: str
    ) -> None:
        before = await bucket.count(WEEK, now=lambda: NOW - timedelta(days=6.9))
        self.fill(bucket, "v3", described, written)
        bucket.delete("s.zarr/x/zarr.json", "s.zarr/x/c/0")
        assert (await self.counted(bucket, previous=before)).verdict == verdict
        (row,) = (await bucket.count(WEEK)).rows
        assert (row.damage, row.missing_documents) == ("incomplete", 1), "the root still names it"

    @pytest.mark.parametrize("layout", LAYOUTS)
    async def test_deleted_as_the_dates_tell(self, bucket: Aged, layout: str) -> None:
        """What is left is as old as anything gets, and the metadata was written again since."""
        self.fill(bucket, layout, 0.5, 6.4, missing=2)
        assert (await self.counted(bucket)).verdict == "deleted"

    async def test_old_is_not_yet_deleted(self, bucket: Aged) -> None:
        """Where the metadata is still there that was written first, or written anew just then."""
        self.fill(bucket, "v3", 6.9, 6.8, missing=2)
        assert (await self.counted(bucket)).verdict == "unknown"

    async def test_what_is_known_to_be_deleted_stays_known(self, bucket: Aged) -> None:
        there = self.fill(bucket, "v3", 2, 1.9)
        before = await bucket.count(WEEK)
        bucket.delete(*there[:2])
        for _ in range(2):
            found = await self.counted(bucket, previous=before)
            assert (found.verdict, found.gone) == ("deleted", 2)
            before = await bucket.count(WEEK, previous=before)
        bucket.put(0, there[:1])
        found = await self.counted(bucket, previous=before)
        assert (found.verdict, found.gone) == ("deleted", 1)

    async def test_resetting_the_clock_does_not_bring_back_what_was_deleted(self, bucket: Aged) -> None:
        self.fill(bucket, "v3", 0.5, 6.4, missing=2)
        before = await bucket.count(WEEK)
        self.fill(bucket, "v3", 0, 0, missing=2)
        assert (await self.counted(bucket, previous=before)).verdict == "deleted"

    async def test_unknown(self, bucket: Aged) -> None:
        """Metadata that was written again says nothing of what was there before."""
        self.fill(bucket, "v3", 1, 3, missing=2)
        assert (await self.counted(bucket)).verdict == "unknown"

    @pytest.mark.parametrize("lifetime", [WEEK, EVER])
    async def test_gone_since_the_last_count(self, bucket: Aged, lifetime: Lifetime) -> None:
        there = self.fill(bucket, "v3", 2, 1.9)
        before = await bucket.count(lifetime)
        bucket.delete(*there[:3])
        found = await self.counted(bucket, lifetime, previous=before)
        assert found == wire.ChunkCount(expected=5, present=2, arrays=2, verdict="deleted", gone=3)
        bucket.put(0, there[:3])
        assert (await self.counted(bucket, lifetime, previous=before)).verdict == "complete"

    async def test_written_since_the_last_count(self, bucket: Aged) -> None:
        before = await bucket.count(WEEK, now=lambda: NOW - timedelta(days=3))
        there = self.fill(bucket, "v3", 2, 1.9, missing=4)
        before = await bucket.count(WEEK, previous=before)
        bucket.put(0, ["s.zarr/t/c/1/1"])
        found = await self.counted(bucket, previous=before)
        assert (found.present, found.gone, found.verdict) == (len(there) + 1, 0, "never_written")

    @pytest.mark.parametrize(
        ("document", "content", "chunks"),
        [
            ("zarr.json", v3_array([8, 8], [4, 4]), ["c/0/0", "c/0/1", "c/1/0"]),
            (".zarray", v2_array([8, 8], [4, 4]), ["0.0", "0.1", "1.0"]),
            (".zarray", v2_array([8, 8], [4, 4], "/"), ["0/0", "0/1", "1/0"]),
        ],
    )
    async def test_an_array_that_is_a_row_itself(
        self, bucket: Aged, document: str, content: bytes, chunks: list[str]
    ) -> None:
        bucket.put(1, {f"s.zarr/{document}": content})
        bucket.put(0.9, [f"s.zarr/{name}" for name in chunks])
        found = await self.counted(bucket)
        assert found == wire.ChunkCount(expected=4, present=3, arrays=1, verdict="unknown")
        assert [row.kind for row in (await bucket.count(WEEK)).rows] == ["array"]

    async def test_chunks_beyond_a_shape_that_was_made_smaller(self, bucket: Aged) -> None:
        self.fill(bucket, "v3", 2, 1.9, missing=1)
        bucket.put(1.8, ["s.zarr/t/c/2/0", "s.zarr/t/c/2/1", "s.zarr/x/c/1"])
        found = await self.counted(bucket)
        assert (found.expected, found.present) == (5, 5), "names alone do not tell more than that"

    async def test_numbers_as_names_of_arrays(self, bucket: Aged) -> None:
        """A pyramid as microscopes write it: whose chunk `0/1/2` is, a name does not tell in version 2."""
        bucket.put(2, {"s.zarr/.zgroup": b'{"zarr_format": 2}', "s.zarr/0/.zarray": v2_array([8, 8], [4, 4], "/")})
        bucket.put(1.9, ["s.zarr/0/0/0", "s.zarr/0/1/1"])
        (row,) = (await bucket.count(WEEK)).rows
        assert (row.objects, row.chunks) == (4, None)

    async def test_numbers_as_names_of_arrays_of_version_3(self, bucket: Aged) -> None:
        array = v3_array([8, 8], [4, 4])
        bucket.put(2, {"s.zarr/zarr.json": v3_group({"0": array}), "s.zarr/0/zarr.json": array})
        bucket.put(1.9, ["s.zarr/0/c/0/0", "s.zarr/0/c/1/1"])
        assert await self.counted(bucket) == wire.ChunkCount(expected=4, present=2, arrays=1, verdict="unknown")

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"zarr_format": 9}', bytes(100)])
    async def test_metadata_that_cannot_be_read(self, bucket: Aged, content: bytes) -> None:
        bucket.put(1, {"s.zarr/zarr.json": content, "s.zarr/c/0": b"chunk", "other/x": b"x"})
        found = await bucket.count(WEEK)
        rows = {row.name: row for row in found.rows}
        assert found.objects == 3
        assert (rows["s.zarr"].objects, rows["s.zarr"].chunks) == (2, None)
        assert (rows["s.zarr"].damage, rows["other"].damage) == ("unreadable", None)

    async def test_an_array_called_c_of_version_2(self, bucket: Aged) -> None:
        """Its chunk `c/0` is named as one of version 3."""
        bucket.put(2, {"s.zarr/.zgroup": b'{"zarr_format": 2}', "s.zarr/c/.zarray": v2_array([8], [4])})
        bucket.put(1.9, ["s.zarr/c/0", "s.zarr/c/1"])
        (row,) = (await bucket.count(WEEK)).rows
        assert (row.objects, row.chunks) == (4, None)

    async def test_an_array_whose_metadata_is_gone(self, bucket: Aged) -> None:
        """The consolidated document still names it: its chunks are expected, and that they are gone shows."""
        self.fill(bucket, "v3", 2, 1.9, missing=4)
        bucket.delete("s.zarr/t/zarr.json")
        found = await self.counted(bucket)
        assert (found.expected, found.present, found.arrays) == (5, 1, 2)

    async def test_only_the_heaviest_stores_are_read(self, bucket: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(usage, "_MAX_COUNTED", 2)
        for number in range(4):
            documents, chunks = store_of("v3")
            bucket.put(1, {f"{number}.zarr/{name}": content for name, content in documents.items()})
            bucket.put(1, {f"{number}.zarr/{name}": bytes(100 * number) for name in chunks})
        rows = (await bucket.count(WEEK)).rows
        assert [(row.name, row.chunks is not None) for row in rows] == [
            ("3.zarr", True),
            ("2.zarr", True),
            ("1.zarr", False),
            ("0.zarr", False),
        ]


async def test_a_copy_takes_along_what_is_known_of_its_chunks(tmp_path: Path) -> None:
    for name in ("scratch/s.zarr/c", "kept"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "scratch/s.zarr/zarr.json").write_bytes(v3_array([8], [2]))
    for chunk in range(4):
        (tmp_path / f"scratch/s.zarr/c/{chunk}").write_bytes(b"chunk")
    configs = [LocalConfig(id=name, root=str(tmp_path / name), writable=True) for name in ("scratch", "kept")]
    browser = Browser([Offered(each, "admin", None) for each in configs], history=tmp_path / "history")

    async def ran(**request: Any) -> Any:
        job = await browser.start(wire.JobRequest(**request))
        while job.state in {"queued", "running"}:
            job = await browser.jobs.watch(job.id, 60)
        assert job.error is None
        return job.result

    try:
        await ran(kind="usage", endpoint="scratch", key="")
        (tmp_path / "scratch/s.zarr/c/1").unlink()
        found = wire.ChunkCount(expected=4, present=3, arrays=1, verdict="deleted", gone=1)
        assert (await ran(kind="usage", endpoint="scratch", key="")).rows[0].chunks == found
        await ran(kind="copy", endpoint="scratch", key="s.zarr/", to_endpoint="kept", to_key="new.zarr/")
        for _ in range(2):
            assert (await ran(kind="usage", endpoint="kept", key="")).rows[0].chunks == found
    finally:
        await browser.close()


class TestCountedByItself:
    """When the panel is opened, once a day."""

    async def opened(self, tmp_path: Path, limit: int = 1000, *, is_own: bool = True) -> wire.Usage | None:
        """What is known of scratch after the panel was opened."""
        (tmp_path / "s" / "ada").mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / "theirs").write_bytes(b"theirs")
        place = ScratchPlace("SCRATCH_BUCKET", "ada/", "ada", 7, "default", ScratchConfig(), is_own)
        config = LocalConfig(id="s", root=str(tmp_path / "s"), writable=["ada/"])
        history = tmp_path / "history"
        browser = Browser([Offered(config, "environment", place)], history=history, count_scratch_objects=limit)
        try:
            await browser.endpoints()
            await browser.endpoints()
            assert len(browser._daily) == (1 if limit and is_own else 0)
            await asyncio.gather(*(task for task, _ in browser._daily.values()))
            (location,) = (await browser.scratch()).locations
            assert browser.jobs.list().jobs == []
            return location.usage
        finally:
            await browser.close()

    def write(self, tmp_path: Path, *names: str) -> None:
        for name in names:
            path = tmp_path / "s" / "ada" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")

    def age(self, tmp_path: Path, usage: wire.Usage) -> wire.Usage:
        """As if what is remembered had been counted the day before yesterday."""
        (path,) = (tmp_path / "history").glob("*.json")
        aged = msgspec.structs.replace(usage, as_of=text_of(moment_of(usage.as_of) - timedelta(days=2)))
        path.write_bytes(msgspec.json.encode(aged))
        return aged

    async def test_once_a_day(self, tmp_path: Path) -> None:
        self.write(tmp_path, "a", "b/c")
        first = await self.opened(tmp_path)
        assert first is not None
        assert (first.key, first.objects, first.is_lower_bound) == ("ada/", 2, False)
        self.write(tmp_path, "d")
        assert await self.opened(tmp_path) == first, "not twice a day"
        self.age(tmp_path, first)
        second = await self.opened(tmp_path)
        assert second is not None
        assert second.objects == 3

    async def test_what_is_large_waits_until_somebody_asks(self, tmp_path: Path) -> None:
        self.write(tmp_path, *"abcde")
        first = await self.opened(tmp_path, 3)
        assert first is not None
        assert (first.objects, first.is_lower_bound) == (3, True)
        aged = self.age(tmp_path, first)
        assert await self.opened(tmp_path, 3) == aged

    @pytest.mark.parametrize("options", [{"limit": 0}, {"is_own": False}])
    async def test_never_what_is_everybodys_or_where_it_is_turned_off(
        self, tmp_path: Path, options: dict[str, Any]
    ) -> None:
        self.write(tmp_path, "a")
        assert await self.opened(tmp_path, **options) is None


async def test_places_to_keep_things_in_are_offered_the_nearest_first() -> None:
    service = "http://127.0.0.1:9"
    configs: list[AnyEndpointConfig] = [
        LocalConfig(id="disk", root="/tmp"),
        GcsConfig(id="team", root="gs://team"),
        S3Config(id="aws", root="s3://aws"),
        S3Config(id="ceph", root="s3://ceph", endpoint_url=service),
        GcsConfig(id="public", root="gs://public", anon=True),
    ]
    stores = [open_store(each) for each in configs]
    gcs, s3 = (
        open_store(GcsConfig(id="a", root="gs://a")),
        open_store(S3Config(id="b", root="s3://b", endpoint_url=service)),
    )
    assert keep_of(gcs, stores) == ["team", "public", "disk", "aws", "ceph"]
    assert keep_of(s3, stores) == ["ceph", "aws", "disk", "team", "public"]
    for store in (*stores, gcs, s3):
        await store.close()


@pytest.fixture
def proxy(moto: MotoS3) -> Iterator[CountingProxy]:
    with CountingProxy(moto.url) as proxy:
        yield proxy


class TestRulesOfBuckets:
    PLACE = ScratchPlace("SCRATCH_BUCKET", "", "jane", 7, "default", ScratchConfig())

    async def rules(self, bucket: Aged, prefix: str = "", key: str = "") -> list[tuple[str, float]]:
        store = S3Store(bucket.config(prefix=prefix))
        try:
            return [(rule.prefix, rule.days) for rule in await store.lifetimes(key)]
        finally:
            await store.close()

    async def test_none(self, bucket: Aged) -> None:
        assert await self.rules(bucket) == []

    async def test_for_all_of_a_bucket(self, bucket: Aged) -> None:
        bucket.expire({"Filter": {"Prefix": ""}, "Expiration": {"Days": 7}})
        assert await self.rules(bucket) == [("", 7)]
        assert await self.rules(bucket, "some/where") == [("", 7)]

    async def test_below_prefixes(self, bucket: Aged) -> None:
        bucket.expire(
            {"Filter": {"Prefix": "jane/tmp"}, "Expiration": {"Days": 1}},
            {"Filter": {"Prefix": "jane/"}, "Expiration": {"Days": 30}},
            {"Filter": {"Prefix": "joe/"}, "Expiration": {"Days": 5}},
            {"Filter": {"Prefix": "ja"}, "Expiration": {"Days": 90}},
        )
        assert await self.rules(bucket) == [("jane/tmp", 1), ("jane/", 30), ("joe/", 5), ("ja", 90)]
        assert await self.rules(bucket, "jane") == [("tmp", 1), ("", 30), ("", 90)]
        assert await self.rules(bucket, "jane/tmp-2") == [("", 1), ("", 30), ("", 90)]

    async def test_those_that_do_not_hold_for_all_objects(self, bucket: Aged) -> None:
        tag = {"Key": "temporary", "Value": "yes"}
        bucket.expire(
            {"Filter": {"Prefix": ""}, "Expiration": {"Days": 7}, "Status": "Disabled"},
            {"Filter": {"Tag": tag}, "Expiration": {"Days": 2}},
            {"Filter": {"And": {"Prefix": "a/", "Tags": [tag]}}, "Expiration": {"Days": 3}},
            {"Filter": {"Prefix": "b/"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            {"Filter": {"Prefix": "c/"}, "Transitions": [{"Days": 4, "StorageClass": "GLACIER"}]},
            {"Filter": {"Prefix": "d/"}, "Expiration": {"Days": 5}},
        )
        assert await self.rules(bucket) == [("d/", 5)]

    async def test_they_win_over_what_is_configured_and_are_asked_for_once(
        self, bucket: Aged, proxy: CountingProxy
    ) -> None:
        bucket.expire({"Filter": {"Prefix": "jane/"}, "Expiration": {"Days": 30}})
        store, lifetimes = S3Store(bucket.config(proxy.url)), Lifetimes()
        with proxy.recording() as seen:
            for key, days, source in (("jane/", 30, "bucket"), ("joe/", 7, "default"), ("jane/x/", 30, "bucket")):
                lifetime = await lifetimes.of(store, key, self.PLACE)
                assert (lifetime.of(key), lifetime.source_of(key)) == (days, source)
        assert len(seen) == 1
        unscratched = await lifetimes.of(store, "joe/", None)
        assert (unscratched.of("joe/"), unscratched.source_of("joe/")) == (None, None)
        await store.close()

    async def test_where_they_may_not_be_read(self, bucket: Aged, proxy: CountingProxy) -> None:
        bucket.expire({"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}})
        proxy.configure(deny_match="lifecycle")
        store, lifetimes = S3Store(bucket.config(proxy.url)), Lifetimes()
        with proxy.recording() as seen:
            for _ in range(2):
                lifetime = await lifetimes.of(store, "jane/", self.PLACE)
                assert (lifetime.of("jane/"), lifetime.source_of("jane/")) == (7, "default")
        assert len(seen) == 1, "a refusal is remembered"
        await store.close()

    async def test_a_failure_is_not_remembered(self, bucket: Aged, proxy: CountingProxy) -> None:
        bucket.expire({"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}})
        proxy.configure(fail_first=2, fail_modes=("slowdown",))
        store, lifetimes = S3Store(bucket.config(proxy.url)), Lifetimes()
        assert (await lifetimes.of(store, "jane/", self.PLACE)).of("jane/") == 7
        assert (await lifetimes.of(store, "jane/", self.PLACE)).of("jane/") == 30
        await store.close()
