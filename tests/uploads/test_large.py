"""Large files: parts in any order, over interruptions of all kinds, and nothing that looks whole before it is."""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

import pytest

from jupyterlab_zarrbrowser import upload_handlers
from jupyterlab_zarrbrowser.stores.uploads import MAX_PART_BYTES

from ..servers.counting_proxy import CountingProxy
from .conftest import Bucket
from .lab import STEPS, Uploader

MiB = 2**20

#: Two parts and a bit of a third.
LARGE = bytes(range(256)) * (16 * MiB // 256) + b"the end"


async def test_a_large_file(up: Uploader, bucket: Bucket, kept: Path, counting_proxy: CountingProxy) -> None:
    with counting_proxy.recording() as seen:
        status, answer = await up.whole("lab", "f/large", LARGE)
    assert (status, answer) == (200, {"endpoint": "lab", "key": "f/large", "sizeBytes": len(LARGE)})
    assert bucket.contents() == {"f/large": LARGE}
    assert bucket.parts() == []
    assert seen.ops["Multipart:PUT"] == 3
    assert len(seen.requests) == 3 + 5
    assert (await up.whole("disk", "f/large", LARGE))[0] == 200
    assert [path.name for path in (kept / "f").iterdir()] == ["large"]
    assert (kept / "f/large").read_bytes() == LARGE


async def test_parts_at_once(up: Uploader, bucket: Bucket) -> None:
    _, upload = await up.begin("lab", "x", len(LARGE))
    assert upload["parallel"] > 1
    answers = await asyncio.gather(*(up.part(upload, number, LARGE) for number in (3, 1, 2)))
    assert [status for status, _ in answers] == [200, 200, 200]
    assert bucket.contents() == {}
    assert (await up.complete(upload))[0] == 200
    assert bucket.contents() == {"x": LARGE}


async def test_the_same_file_offered_again_goes_on(up: Uploader, bucket: Bucket, counting_proxy: CountingProxy) -> None:
    """As after a page was loaded anew."""
    _, upload = await up.begin("lab", "x", len(LARGE))
    await up.part(upload, 2, LARGE)
    _, again = await up.begin("lab", "x", len(LARGE))
    part = LARGE[8 * MiB : 16 * MiB]
    assert (again["id"], again["partsDone"]) == (upload["id"], [{"number": 2, "crc32": zlib.crc32(part)}])
    with counting_proxy.recording() as seen:
        await up.rest(again, LARGE)
    assert seen.ops["Multipart:PUT"] == 2
    assert (await up.complete(again))[0] == 200
    assert bucket.contents() == {"x": LARGE}
    # Another file of that name begins anew.
    _, other = await up.begin("lab", "y", len(LARGE))
    _, another = await up.begin("lab", "y", len(LARGE), modifiedMs=5)
    assert other["id"] != another["id"]


async def test_what_the_store_has_lost_is_sent_again(up: Uploader, bucket: Bucket) -> None:
    """A rule of the bucket, or somebody else, has taken the parts back."""
    _, upload = await up.begin("lab", "x", len(LARGE))
    await up.part(upload, 1, LARGE)
    with bucket.client() as client:
        [lost] = client.list_multipart_uploads(Bucket="scratch", Prefix=bucket.prefix)["Uploads"]
        client.abort_multipart_upload(Bucket="scratch", Key=lost["Key"], UploadId=lost["UploadId"])
    assert (await up.part(upload, 2, LARGE))[1]["code"] == "not_found"
    _, again = await up.begin("lab", "x", len(LARGE))
    assert again["id"] != upload["id"]
    assert again["partsDone"] == []
    await up.rest(again, LARGE)
    assert (await up.complete(again))[0] == 200
    assert bucket.contents() == {"x": LARGE}


async def test_cancel_takes_back_all_parts_at_once(up: Uploader, bucket: Bucket, kept: Path) -> None:
    for endpoint in ("lab", "disk"):
        _, upload = await up.begin(endpoint, "x", len(LARGE))
        await up.part(upload, 1, LARGE)
        assert (await up.cancel(upload["id"]))[0] == 200
        assert (await up.cancel(upload["id"]))[0] == 200
        assert (await up.part(upload, 2, LARGE))[1]["code"] == "not_found"
        assert await up.unfinished(endpoint) == []
    assert bucket.parts() == []
    assert bucket.contents() == {}
    assert list(kept.iterdir()) == []


async def test_cancel_while_a_part_is_on_its_way(up: Uploader, bucket: Bucket, counting_proxy: CountingProxy) -> None:
    _, upload = await up.begin("lab", "x", len(LARGE))
    counting_proxy.configure(fail_first=1, fail_modes="stall", fail_match=STEPS["part"])
    part = asyncio.create_task(up.part(upload, 1, LARGE))
    while not counting_proxy.traffic.inflight:
        await asyncio.sleep(0)
    status, _ = await up.cancel(upload["id"])
    assert status == 200
    assert (await part)[1]["code"] == "not_found"
    counting_proxy.reset()
    assert bucket.parts() == []


async def test_nothing_is_replaced_without_an_answer(up: Uploader, bucket: Bucket) -> None:
    bucket.put(x=b"old")
    assert (await up.begin("lab", "x", len(LARGE)))[1]["code"] == "exists"
    assert (await up.whole("lab", "x", LARGE, replace=True))[0] == 200
    assert bucket.contents() == {"x": LARGE}
    # What comes up meanwhile is not replaced either, and nothing has to be sent again once it may be.
    _, upload = await up.begin("lab", "y", len(LARGE))
    await up.rest(upload, LARGE)
    bucket.put(y=b"meanwhile")
    assert (await up.complete(upload))[1]["code"] == "exists"
    assert bucket.contents()["y"] == b"meanwhile"
    _, again = await up.begin("lab", "y", len(LARGE), replace=True)
    assert len(again["partsDone"]) == 3
    assert (await up.complete(again))[0] == 200
    assert bucket.contents()["y"] == LARGE
    assert bucket.parts() == []


async def test_what_was_changed_on_its_way_is_sent_again(up: Uploader, bucket: Bucket) -> None:
    _, upload = await up.begin("lab", "x", len(LARGE))
    _, answer = await up.part(upload, 1, LARGE, crc32=5)
    assert (answer["code"], answer["retryable"]) == ("corrupted", True)
    assert (await up.part(upload, 1, LARGE[:-1] * 2))[0] == 200
    for number in (0, 4):
        assert (await up.ask("PUT", "uploads", upload["id"], "parts", str(number), body=b"x", crc32=1))[0] == 400
    _, answer = await up.ask("PUT", "uploads", upload["id"], "parts", "3", body=b"too short", crc32=1)
    assert answer["code"] == "bad_request"
    status, answer = await up.complete(upload)
    assert (status, answer["message"]) == (400, "2 parts are missing.")


async def test_an_object_that_is_not_what_was_sent_is_removed(
    up: Uploader, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that loses a part on its own."""
    _, upload = await up.begin("lab", "x", len(LARGE))
    await up.rest(upload, LARGE)
    with bucket.client() as client:
        [begun] = client.list_multipart_uploads(Bucket="scratch", Prefix=bucket.prefix)["Uploads"]
        place = {"Bucket": "scratch", "Key": begun["Key"], "UploadId": begun["UploadId"]}
        client.upload_part(**place, PartNumber=2, Body=b"something else")
    status, answer = await up.complete(upload)
    assert (status, answer["code"]) == (422, "corrupted")
    assert bucket.contents() == {}
    assert bucket.parts() == []


async def test_what_was_begun_and_not_ended(up: Uploader, bucket: Bucket) -> None:
    _, upload = await up.begin("lab", "f/x", len(LARGE))
    await up.part(upload, 1, LARGE)
    bucket.begin("f/foreign")
    bucket.begin("elsewhere")
    ours, foreign = sorted(await up.unfinished("lab", "f/"), key=lambda each: each["partSizeBytes"], reverse=True)
    assert (ours["id"], ours["sizeBytes"], len(ours["partsDone"])) == (upload["id"], len(LARGE), 1)
    assert ours["expiresAt"] > ours["startedAt"]
    assert (foreign["key"], foreign["sizeBytes"], foreign["partSizeBytes"]) == ("f/foreign", None, 0)
    assert (await up.cancel(foreign["id"]))[0] == 200
    assert sorted(bucket.parts()) == ["elsewhere", "f/x"]
    assert await up.unfinished("sealed") == []
    bucket.begin("mine/x")
    assert [each["key"] for each in await up.unfinished("own")] == ["mine/x"]


@pytest.mark.parametrize("grace_h", [1 / 3600])
async def test_what_nobody_goes_on_with_is_taken_back(
    up: Uploader, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second here, a day in life."""
    _, upload = await up.begin("lab", "x", len(LARGE))
    await up.part(upload, 1, LARGE)
    while bucket.parts():
        await asyncio.sleep(0.05)
    assert (await up.ask("GET", "uploads", upload["id"]))[0] == 404


async def test_parts_do_not_fill_the_memory(
    up: Uploader, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, counting_proxy: CountingProxy
) -> None:
    most = 0

    class Watched(upload_handlers.Room):
        async def take(self, wanted: int) -> int:
            nonlocal most
            taken = await super().take(wanted)
            most = max(most, self._size - self._free)
            return taken

    monkeypatch.setattr(upload_handlers, "_room", Watched(9 * MiB))
    size = 12 * 8 * MiB
    content = bytes(size)
    _, upload = await up.begin("lab", "x", size)
    await asyncio.gather(*(up.part(upload, number, content) for number in range(1, 13)))
    assert most == 8 * MiB, "one part at a time"
    assert (await up.complete(upload))[0] == 200
    assert bucket.contents() == {"x": content}


async def test_the_largest_object_and_a_larger_one(up: Uploader, bucket: Bucket) -> None:
    _, upload = await up.begin("lab", "x", 5 * 2**40)
    assert upload["partSizeBytes"] * 10_000 >= 5 * 2**40
    assert upload["partSizeBytes"] <= MAX_PART_BYTES
    assert (await up.begin("lab", "y", 8 * 2**40))[1]["code"] == "too_large"
    assert bucket.parts() == ["x"]
