"""The last counts of a place: they survive a restart, are nobody else's business, and never break a count."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyterlab_zarrbrowser import history, wire
from jupyterlab_zarrbrowser.history import UsageHistory


def count(number: int, rows: int = 1, **more: Any) -> wire.Usage:
    """A count of so many objects."""
    row = {"kind": "folder", "objects": 1, "bytes": 2, "oldest_at": None, "newest_at": None}
    return wire.Usage(
        endpoint="e",
        key="k/",
        objects=number,
        bytes=10 * number,
        is_lower_bound=False,
        rows=[wire.UsageRow(key=f"k/{each}/", name=str(each), **row) for each in range(rows)],  # type: ignore[arg-type]
        as_of=f"2026-11-21T10:00:{number:02}Z",
        oldest_at=None,
        newest_at=None,
        expires_at=None,
        expiring_objects=0,
        expiring_bytes=0,
        lifetime_days=7,
        lifetime_source="bucket",
        requests=1,
        duration_s=0.5,
        **more,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "share" / "zarrbrowser"


async def test_growth_survives_a_restart(folder: Path) -> None:
    first = await UsageHistory(folder).keep("s3://b/k/", count(1))
    assert first.before == []
    assert await UsageHistory(folder).last("s3://b/k/") == first
    await UsageHistory(folder).keep("s3://b/k/", count(2))
    third = await UsageHistory(folder).keep("s3://b/k/", count(3))
    assert third.before == [
        wire.UsageBefore(as_of="2026-11-21T10:00:02Z", objects=2, bytes=20),
        wire.UsageBefore(as_of="2026-11-21T10:00:01Z", objects=1, bytes=10),
    ]
    assert await UsageHistory(folder).last("s3://b/k/") == third


async def test_each_place_has_its_own(folder: Path) -> None:
    kept = UsageHistory(folder)
    places = ["s3://b/k/", "s3://b/k", "gs://b/k/", "s3://b/" + "é/" * 2000, "/../../etc/passwd", "s3://b/\0\n"]
    for number, place in enumerate(places):
        assert await kept.last(place) is None
        await kept.keep(place, count(number))
    for number, place in enumerate(places):
        found = await kept.last(place)
        assert found is not None
        assert found.objects == number
    assert len(list(folder.iterdir())) == len(places)
    assert [path.name for path in folder.parent.iterdir()] == ["zarrbrowser"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
@pytest.mark.parametrize("is_there", [False, True])
async def test_nobody_else_may_read_it(folder: Path, is_there: bool) -> None:
    if is_there:
        folder.mkdir(parents=True, mode=0o755)
    before = os.umask(0)
    try:
        await UsageHistory(folder).keep("s3://b/k/", count(1))
        await UsageHistory(folder).keep("s3://b/k/", count(2))
    finally:
        os.umask(before)
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert is_there or stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"endpoint": "e"}', b"\xff\xfe", b"[" * 100_000, b'{"objects": NaN}']
)
async def test_a_broken_file_is_as_none(folder: Path, content: bytes) -> None:
    kept = UsageHistory(folder)
    await kept.keep("s3://b/k/", count(1))
    (path,) = folder.iterdir()
    path.write_bytes(content)
    assert await kept.last("s3://b/k/") is None
    assert (await kept.keep("s3://b/k/", count(2))).before == []
    assert await kept.last("s3://b/k/") is not None


async def test_a_file_that_is_too_large_is_none_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = UsageHistory(folder)
    await kept.keep("s3://b/k/", count(1))
    monkeypatch.setattr(history, "_MAX_BYTES", 10)
    assert await kept.last("s3://b/k/") is None


async def test_all_of_it_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_MAX_PLACES", 3)
    monkeypatch.setattr(history, "_MAX_BEFORE", 2)
    monkeypatch.setattr(history, "_MAX_ROWS", 4)
    kept = UsageHistory(folder)
    for number in range(6):
        usage = await kept.keep("s3://b/k/", count(number, rows=10, other_rows=1, other_objects=5, other_bytes=7))
        assert len(usage.rows) == 10, "who counts is told all"
    last = await kept.last("s3://b/k/")
    assert last is not None
    assert len(last.rows) == 4
    assert (last.other_rows, last.other_objects, last.other_bytes) == (7, 11, 19)
    assert [each.objects for each in last.before] == [4, 3]
    for number in range(5):
        await kept.keep(f"s3://b/{number}/", count(number))
    assert len(list(folder.iterdir())) == 3


async def test_the_oldest_place_is_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_MAX_PLACES", 2)
    kept = UsageHistory(folder)
    for number, place in enumerate(("one", "two", "three")):
        there = set(folder.iterdir()) if folder.exists() else set()
        await kept.keep(place, count(number))
        (fresh,) = set(folder.iterdir()) - there
        os.utime(fresh, (1000 + number, 1000 + number))
    assert [await kept.last(place) is not None for place in ("one", "two", "three")] == [False, True, True]


async def test_nothing_is_remembered_where_nothing_should_be() -> None:
    kept = UsageHistory(None)
    assert await kept.keep("s3://b/k/", count(1)) == count(1)
    assert await kept.last("s3://b/k/") is None


async def test_a_disk_that_takes_nothing_does_not_fail_a_count(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    kept = UsageHistory(tmp_path / "file" / "zarrbrowser")
    assert await kept.keep("s3://b/k/", count(1)) == count(1)
    assert await kept.last("s3://b/k/") is None


async def test_a_file_of_another_version_is_no_error(folder: Path) -> None:
    kept = UsageHistory(folder)
    await kept.keep("s3://b/k/", count(1))
    (path,) = folder.iterdir()
    document = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**document, "somethingNew": 1}))
    assert await kept.last("s3://b/k/") == count(1)
    del document["requests"]
    path.write_bytes(msgspec.json.encode(document))
    assert await kept.last("s3://b/k/") is None
