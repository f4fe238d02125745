"""What others do at the same place: nothing of theirs is removed, replaced, or taken for ours."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser.stores.s3_uploads import S3Uploads

from ..servers.counting_proxy import CountingProxy
from .conftest import Bucket
from .lab import STEPS, Uploader

LARGE = bytes(range(256)) * (9 * 2**20 // 256)


async def test_what_was_written_after_ours_stays(up: Uploader, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the moment when ours was put together and the look at it."""
    look = S3Uploads._head

    async def late(self: S3Uploads, key: str) -> Any:
        bucket.put(x=b"theirs")
        return await look(self, key)

    monkeypatch.setattr(S3Uploads, "_head", late)
    status, answer = await up.whole("lab", "x", LARGE, replace=True)
    assert (status, answer["code"]) == (409, "conflict")
    assert bucket.contents() == {"x": b"theirs"}


async def test_uploads_of_others_go_on(up: Uploader, bucket: Bucket, counting_proxy: CountingProxy) -> None:
    """The store's answer to what we begin is lost; at that key and time, somebody else has begun one, too."""
    theirs = bucket.begin("x")
    with bucket.client() as client:
        client.upload_part(Bucket="scratch", Key=f"{bucket.prefix}x", UploadId=theirs, PartNumber=1, Body=b"theirs")
    counting_proxy.configure(fail_first=1, fail_modes="mute", fail_match=STEPS["begin"])
    status, upload = await up.begin("lab", "x", len(LARGE))
    assert status == 200
    assert bucket.parts() == ["x", "x"], "theirs and the one that was heard of"
    await up.rest(upload, LARGE)
    assert (await up.complete(upload))[0] == 200
    assert bucket.parts() == ["x"]


async def test_a_cancel_that_failed(up: Uploader, bucket: Bucket, counting_proxy: CountingProxy) -> None:
    _, upload = await up.begin("lab", "x", len(LARGE))
    await up.part(upload, 1, LARGE)
    counting_proxy.configure(deny_match="^Multipart:DELETE ")
    assert (await up.cancel(upload["id"]))[1]["code"] == "forbidden"
    assert (await up.begin("lab", "x", len(LARGE)))[1]["code"] == "forbidden"
    counting_proxy.reset()
    assert (await up.whole("lab", "x", LARGE))[0] == 200
    assert bucket.contents() == {"x": LARGE}
    assert bucket.parts() == []


async def test_a_new_folder_replaces_no_object(up: Uploader, bucket: Bucket) -> None:
    bucket.put(**{"new/": b"content"})
    assert (await up.post("containers", endpoint="lab", key="new/"))[1]["code"] == "exists"
    assert bucket.contents() == {"new/": b"content"}


async def test_a_file_does_not_take_the_place_of_a_folder(up: Uploader, kept: Path) -> None:
    (kept / "sub").mkdir()
    for replace in (False, True):
        _, answer = await up.batch("disk", {"sub": b"file"}, replace=replace)
        assert [each["problem"]["code"] for each in answer["problems"]] == ["conflict"]
    assert (kept / "sub").is_dir()


async def test_notes_that_are_broken_do_no_harm(up: Uploader, jp_data_dir: Path) -> None:
    notes = jp_data_dir / "zarrbrowser" / "uploads"
    notes.mkdir(parents=True)
    (notes / "empty.jsonl").write_bytes(b"")
    (notes / "half.jsonl").write_bytes(b'{"id": "')
    (notes.parent / "arrived.txt").write_bytes(b"\xff\xfe no text\n1 2\n")
    assert (await up.ask("GET", "endpoints"))[0] == 200
    assert await up.taken("lab", ["x"]) == []


async def test_another_object_of_that_size_is_not_the_file(up: Uploader, bucket: Bucket, kept: Path) -> None:
    await up.batch("disk", {"x": b"12345"})
    [found] = await up.taken("disk", ["x"])
    assert found["modifiedMs"] is not None
    (kept / "x").write_bytes(b"54321")
    later = time.time() + 3600
    os.utime(kept / "x", (later, later))
    [found] = await up.taken("disk", ["x"])
    assert found["modifiedMs"] is None


async def test_two_pages_send_the_same_file(up: Uploader, bucket: Bucket) -> None:
    uploads = await asyncio.gather(*(up.begin("lab", "x", len(LARGE)) for _ in range(2)))
    assert len({upload["id"] for _, upload in uploads}) == 1
    upload = uploads[0][1]
    parts = [up.part(upload, number, LARGE) for number in (1, 2)]
    again = up.begin("lab", "x", len(LARGE))
    answers = await asyncio.gather(*parts, again)
    assert [status for status, _ in answers] == [200, 200, 200]
    completed = await asyncio.gather(up.complete(upload), up.complete(upload))
    assert {status for status, _ in completed} == {200}
    assert bucket.contents() == {"x": LARGE}
    assert bucket.parts() == []
