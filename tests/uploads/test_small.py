"""Small files: many in one request, each whole or with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..servers.counting_proxy import CountingProxy
from .conftest import Bucket
from .lab import TIME, Uploader, framed

FILES = {
    "f/a.txt": b"first",
    "f/empty": b"",
    "f/.zattrs": b"{}",
    "f/sub folder/é #1?.txt": b"odd",
    "f/trailing ": b"space",
    "f/+plus%2F": b"plus",
}


async def test_a_batch_arrives_as_it_is(up: Uploader, bucket: Bucket, kept: Path) -> None:
    assert await up.batch("lab", FILES) == (200, {"problems": []})
    assert bucket.contents() == FILES
    assert await up.batch("disk", FILES) == (200, {"problems": []})
    assert {p.relative_to(kept).as_posix(): p.read_bytes() for p in kept.rglob("*") if p.is_file()} == FILES


async def test_one_request_for_each_file(up: Uploader, counting_proxy: CountingProxy) -> None:
    await up.batch("lab", {"first": b"tells what the server can do"})
    files = {f"many/{number}": b"x" for number in range(50)}
    with counting_proxy.recording() as seen:
        assert await up.batch("lab", files) == (200, {"problems": []})
    assert len(seen.requests) == len(files)


async def test_nothing_is_replaced_without_an_answer(up: Uploader, bucket: Bucket) -> None:
    bucket.put(b=b"old")
    for _ in range(2):  # the first put tells what the server can do
        status, answer = await up.batch("lab", {"a": b"new", "b": b"new"})
        assert status == 200
        assert ("b", "exists") in [(each["key"], each["problem"]["code"]) for each in answer["problems"]]
        assert bucket.contents() == {"a": b"new", "b": b"old"}
    assert await up.batch("lab", {"b": b"new"}, replace=True) == (200, {"problems": []})
    assert bucket.contents()["b"] == b"new"


async def test_what_was_changed_on_its_way_is_not_put(up: Uploader, bucket: Bucket) -> None:
    _, answer = await up.batch("lab", {"good": b"1", "bad": b"2"}, wrong="bad")
    assert [(each["key"], each["problem"]["code"]) for each in answer["problems"]] == [("bad", "corrupted")]
    assert answer["problems"][0]["problem"]["retryable"]
    assert bucket.contents() == {"good": b"1"}


@pytest.mark.parametrize("cut", [0, 3, 50, -1])
async def test_half_a_batch_is_none(up: Uploader, bucket: Bucket, cut: int) -> None:
    body = framed("lab", {"a": b"x" * 100, "b": b"y" * 100})
    status, answer = await up.ask("POST", "uploads", "batch", body=body[:cut])
    assert (status, answer["code"]) == (400, "bad_request")
    assert bucket.contents() == {}


@pytest.mark.parametrize(
    ("endpoint", "key", "code"),
    [
        ("sealed", "x", "read_only"),
        ("own", "theirs/x", "read_only"),
        ("own", "min", "read_only"),
        ("lab", "", "bad_request"),
        ("lab", "folder/", "bad_request"),
        ("lab", "n" * 1025, "bad_request"),
        ("account", "no-bucket", "bad_request"),
        ("nowhere", "x", "unknown_endpoint"),
    ],
)
async def test_rights_and_names_are_looked_at_first(
    up: Uploader, bucket: Bucket, counting_proxy: CountingProxy, endpoint: str, key: str, code: str
) -> None:
    with counting_proxy.recording() as seen:
        _, answer = await up.batch(endpoint, {"mine/good": b"x", key: b"x"})
        assert answer["code"] == code
        _, answer = await up.begin(endpoint, key, 10**9)
        assert answer["code"] == code
    assert not seen.requests


async def test_files_that_arrived_are_known_by_their_size_and_time(up: Uploader, bucket: Bucket) -> None:
    bucket.put(other=b"1234")
    await up.batch("lab", {"mine": b"12345"})
    found = await up.taken("lab", ["free", "mine", "other", "folder/"])
    assert found == [
        {"key": "mine", "sizeBytes": 5, "modifiedMs": TIME, "freeKey": None},
        {"key": "other", "sizeBytes": 4, "modifiedMs": None, "freeKey": None},
    ]
    bucket.put(mine=b"replaced by somebody")
    assert [each["modifiedMs"] for each in await up.taken("lab", ["mine"])] == [None]


async def test_free_names(up: Uploader, bucket: Bucket) -> None:
    bucket.put(**{"a.nc": b"", "a (2).nc": b"", "s.zarr/zarr.json": b"{}", ".hidden": b""})
    found = await up.taken("lab", ["a.nc", "s.zarr/", ".hidden", "free"], freeNames=True)
    assert [each["freeKey"] for each in found] == ["a (3).nc", "s (2).zarr/", ".hidden (2)"]


async def test_what_is_taken_costs_few_requests(up: Uploader, bucket: Bucket, counting_proxy: CountingProxy) -> None:
    bucket.put(**{f"f/{number:04}": b"x" for number in range(0, 900, 3)})
    keys = [f"f/{number:04}" for number in range(900)]
    with counting_proxy.recording() as seen:
        assert [each["key"] for each in await up.taken("lab", keys)] == keys[::3]
    assert len(seen.requests) <= 5
    with counting_proxy.recording() as seen:
        assert await up.taken("lab", [f"new/{number}" for number in range(5_000)]) == []
    assert len(seen.requests) <= 25


async def test_folders_and_buckets(up: Uploader, bucket: Bucket, kept: Path) -> None:
    status, node = await up.post("containers", endpoint="lab", key="new/")
    assert (status, node["kind"], node["name"]) == (200, "folder", "new")
    assert bucket.contents() == {"new/": b""}
    assert (await up.post("containers", endpoint="disk", key="a/b/"))[0] == 200
    assert (kept / "a/b").is_dir()
    assert (await up.post("containers", endpoint="disk", key="a/b/"))[1]["code"] == "exists"
    name = "made-" + bucket.prefix[:20]
    status, node = await up.post("containers", endpoint="account", key=f"{name}/")
    assert (status, node["kind"]) == (200, "bucket")
    assert (await up.post("containers", endpoint="account", key=f"{name}/"))[1]["code"] == "exists"
    for endpoint, key, code in [
        ("sealed", "x/", "read_only"),
        ("own", "theirs/", "read_only"),
        ("lab", "x", "bad_request"),
        ("account", "Bad Name/", "bad_request"),
    ]:
        assert (await up.post("containers", endpoint=endpoint, key=key))[1]["code"] == code
