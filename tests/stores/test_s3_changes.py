"""Scans, copies and deletions on S3 servers that answer in unusual ways."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import quote

import pytest

from jupyterlab_zarrbrowser.config import S3Config
from jupyterlab_zarrbrowser.stores import Block, open_store, s3
from jupyterlab_zarrbrowser.stores.s3 import S3Store
from jupyterlab_zarrbrowser.stores.s3_answers import parse_block, parse_listing

from ..servers.moto_s3 import MotoS3
from .conformance_scan import blocks_of, keys_in
from .conformance_write import Change, body_of, put
from .memory import MemoryStore
from .places import ODD_NAMES, SENTINEL, raises
from .scripted import XML, Answer, Request, Script, ScriptedServer, s3_error

TIME = "2026-11-21T10:00:00.000Z"


def listing(*keys: str, more: str = "", encoding: str = "url", space: str = "") -> bytes:
    """A page; ``space`` stands before every name, as some servers write it."""
    written = [quote(key, safe="/") if encoding else _escaped(key) for key in keys]
    rows = "".join(
        f"<Contents><Key>{key}</Key><LastModified>{TIME}</LastModified><Size>7</Size></Contents>" for key in written
    )
    kind = f"<EncodingType>{encoding}</EncodingType>" if encoding else ""
    truncated = "true" if more else "false"
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more not in {"", "lost"} else ""
    text = f"<ListBucketResult>{kind}<IsTruncated>{truncated}</IsTruncated>{token}{rows}</ListBucketResult>"
    if space:
        text = text.replace("</", "\0").replace("<", f"<{space}:").replace("\0", f"</{space}:")
        text = text.replace(f"<{space}:ListBucketResult>", f"<{space}:ListBucketResult xmlns:{space}='urn:x'>", 1)
    return f"<?xml version='1.0'?>{text}".encode()


def _escaped(key: str) -> str:
    return key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\t", "&#9;")


class Asked:
    """A store at a server that answers as a script says."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stack: ExitStack) -> None:
        self._loop, self._stack = loop, stack

    def __call__(self, script: Script, **options: Any) -> tuple[S3Store, ScriptedServer]:
        server = self._stack.enter_context(ScriptedServer(script))
        config = {"id": "s3", "root": "s3://bucket", "endpoint_url": server.url, "key": "AKIA", "secret": SENTINEL}
        store = open_store(S3Config(**{**config, **options}))
        assert isinstance(store, S3Store)
        self._stack.callback(lambda: self._loop.run_until_complete(store.close()))
        return store, server


@pytest.fixture
def asked(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Asked]:
    with ExitStack() as stack:
        yield Asked(jp_asyncio_loop, stack)


class TestScans:
    async def test_pages_of_what_was_deleted_are_empty_and_go_on(self, asked: Asked) -> None:
        pages = {
            ("start-after", "a/"): listing(more="one"),
            ("continuation-token", "one"): listing(more="two"),
            ("continuation-token", "two"): listing("a/b", more="three"),
            ("start-after", "a/b"): listing("a/c"),
        }

        def script(request: Request) -> Answer:
            (page,) = [body for (name, value), body in pages.items() if request.query.get(name) == value]
            return Answer(200, page, XML)

        store, server = asked(script)
        assert keys_in(await blocks_of(store, "a/", 1000)) == ["b", "c"]
        assert len(server.seen) == 4

    async def test_an_empty_page_without_a_way_on_is_no_end(self, asked: Asked) -> None:
        store, _ = asked(lambda _: Answer(200, listing(more="lost"), XML))
        with raises("store_error"):
            await store.scan("a/")

    @pytest.mark.parametrize(("encoding", "space"), [("url", ""), ("", ""), ("url", "s3"), ("", "s3")])
    def test_blocks_are_what_listings_are(self, encoding: str, space: str) -> None:
        keys = sorted((f"in/{name}" for name in ODD_NAMES), key=str.encode)
        for more in ("", "token"):
            body = listing(*keys, more=more, encoding=encoding, space=space)
            rows, token = parse_listing(body, "s3")
            assert [row[0] for row in rows] == keys
            found = parse_block(body, "in/", "s3")
            assert found == Block([key[3:] for key in keys], [7] * len(keys), [TIME] * len(keys), bool(more))
            assert (token is not None) == found.goes_on

    @pytest.mark.parametrize("body", [b"", b"<html>", b"<Error/>", b"<ListBucketResult>", b"{}"])
    async def test_what_is_no_listing(self, asked: Asked, body: bytes) -> None:
        store, _ = asked(lambda _: Answer(200, body, XML))
        with raises("wrong_endpoint", "store_error"):
            await store.scan("a/")


class TestDeletions:
    @pytest.mark.parametrize(("code", "expected"), [("AccessDenied", "forbidden"), ("InternalError", "store_error")])
    async def test_objects_that_were_not_deleted(self, asked: Asked, code: str, expected: str) -> None:
        error = f"<Error><Key>a</Key><Code>{code}</Code><Message>{SENTINEL}</Message></Error>"
        store, _ = asked(lambda _: Answer(200, f"<DeleteResult>{error}</DeleteResult>".encode(), XML))
        with raises(expected):
            await store.remove(["a", "b"])

    async def test_the_request_has_the_checksum_that_old_servers_want(self, asked: Asked) -> None:
        store, server = asked(lambda _: Answer(200, b"<DeleteResult/>", XML))
        await store.remove(["a"])
        (request,) = server.seen
        assert len(base64.b64decode(request.headers["content-md5"])) == 16

    async def test_each_bucket_has_its_own_request(self, asked: Asked) -> None:
        store, server = asked(lambda _: Answer(200, b"<DeleteResult/>", XML), root="")
        await store.remove(["one/a", "two/a", "one/b"])
        assert [request.path for request in server.seen] == ["/one", "/two"]
        for key in ("one/", "one", ""):
            with raises("not_found"):
                await store.remove([key])
        assert len(server.seen) == 2


def _accepts(request: Request) -> Answer:
    """A server that can do everything, and nothing is kept."""
    if "uploads" in request.query:
        return Answer(
            200, b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>", XML
        )
    if request.method == "POST":
        return Answer(200, b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>", XML)
    if "x-amz-copy-source" in request.headers:
        result = "CopyPartResult" if "partNumber" in request.query else "CopyObjectResult"
        return Answer(200, f"<{result}><ETag>e</ETag></{result}>".encode(), XML)
    if request.method == "HEAD":  # of an object whose name tells its size
        return Answer(200, bytes(int(request.path.rpartition("-")[2])), {"ETag": '"e"'})
    return Answer(204 if request.method == "DELETE" else 200, b"", {"ETag": '"e"'})


def _begun(request: Request) -> bool:
    return "uploads" in request.query


def _aborted(server: ScriptedServer) -> list[str]:
    return [request.query["uploadId"] for request in server.seen if request.method == "DELETE"]


class TestParts:
    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("_PART_BYTES", "_COPY_PART_BYTES", "_MAX_COPY_BYTES"):
            monkeypatch.setattr(s3, name, 1000)

    async def test_who_pays_is_said_in_every_request(self, asked: Asked) -> None:
        store, server = asked(_accepts, requester_pays=True)
        await put(store, "small", b"x")
        await put(store, "large", bytes(2500))
        await store.copy(store, "small", "other", 1)
        await store.copy(store, "of-2500", "other", 2500)
        await store.remove(["a"])
        assert len(server.seen) == 1 + 5 + 1 + 6 + 1
        assert {request.headers.get("x-amz-request-payer") for request in server.seen} == {"requester"}

    async def test_parts_of_a_copy_are_the_whole_of_it(self, asked: Asked) -> None:
        store, server = asked(_accepts)
        await store.copy(store, "é %25-2500", "other", 2500)
        copied = [request for request in server.seen if "x-amz-copy-source-range" in request.headers]
        assert {request.headers["x-amz-copy-source"] for request in copied} == {"bucket/%C3%A9%20%2525-2500"}
        matches = {request.headers["x-amz-copy-source-if-match"] for request in copied}
        assert matches == {'"e"'}, "parts of two versions would make an object that never was"
        ranges = {request.query["partNumber"]: request.headers["x-amz-copy-source-range"] for request in copied}
        assert ranges == {"1": "bytes=0-999", "2": "bytes=1000-1999", "3": "bytes=2000-2499"}

    async def test_no_object_needs_too_many_parts(self, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(s3, "_MAX_PARTS", 4)
        store, server = asked(_accepts)
        await put(store, "large", bytes(9999))
        await store.copy(store, "of-9999", "other", 9999)
        assert max(int(request.query.get("partNumber", 0)) for request in server.seen) == 4

    @pytest.mark.parametrize("abort_fails", [False, True])
    async def test_a_part_that_fails_ends_the_upload(self, asked: Asked, abort_fails: bool) -> None:
        """And what is said is why it failed, not how it was cleaned up."""

        def script(request: Request) -> Answer:
            if request.query.get("partNumber") == "2":
                return s3_error("AccessDenied", 403)
            if request.method == "DELETE" and abort_fails:
                return s3_error("InternalError", 500)
            return _accepts(request)

        store, server = asked(script)
        changes: list[Change] = [
            lambda: put(store, "large", bytes(2500)),
            lambda: store.copy(store, "of-2500", "b", 2500),
        ]
        for change in changes:
            with raises("forbidden"):
                await change()
        assert _aborted(server) == ["u1", "u1"]
        assert not any(request.method == "POST" and not _begun(request) for request in server.seen), "not completed"

    async def test_no_part_is_sent_once_one_has_failed(self, asked: Asked) -> None:
        """Parts that arrive after the upload was ended would stay, and be paid for."""
        released = threading.Event()

        def script(request: Request) -> Answer:
            if request.query.get("partNumber") == "1":
                return s3_error("AccessDenied", 403)
            if "partNumber" in request.query:
                released.wait(30)
            return _accepts(request)

        store, server = asked(script)
        try:
            with raises("forbidden"):
                await store.copy(store, "of-100000", "b", 100_000)
            asked_until_then = len(server.seen)
        finally:
            released.set()
        await store.stat("of-1")
        late = [request for request in server.seen[asked_until_then:] if "partNumber" in request.query]
        assert late == []

    async def test_an_upload_that_is_cancelled_while_it_begins(self, asked: Asked) -> None:
        arrived, released = threading.Event(), threading.Event()

        def script(request: Request) -> Answer:
            if _begun(request):
                arrived.set()
                released.wait(30)
            return _accepts(request)

        store, server = asked(script)
        task = asyncio.create_task(store.write("large", body_of(store, [bytes(2500)], 2500)))
        await asyncio.to_thread(arrived.wait, 30)
        task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        released.set()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert _aborted(server) == ["u1"]

    async def test_a_copy_that_fails_after_a_good_status(self, asked: Asked) -> None:
        """S3 answers 200 at once, and may find out later that it cannot."""
        store, _ = asked(lambda _: Answer(200, s3_error("InternalError", 500).body, XML))
        for size in (10, 2500):
            with raises("store_error"):
                await store.copy(store, "a", "b", size)


ABOUT = {
    "CacheControl": "max-age=60",
    "ContentDisposition": "attachment",
    "ContentEncoding": "gzip",
    "ContentLanguage": "en",
    "ContentType": "application/x-netcdf",
    "Metadata": {"made-by": "me"},
}


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize("key", ["x", "y"])
async def test_a_copy_is_what_the_object_was(
    moto: MotoS3, jp_asyncio_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch, key: str, in_parts: bool
) -> None:
    """Onto itself as elsewhere: then its age begins anew, and nothing else changes."""
    monkeypatch.setattr(s3, "_MAX_COPY_BYTES", 1 if in_parts else 2**30)
    store = open_store(
        S3Config(id="s3", root="s3://about", endpoint_url=moto.url, key="testing", secret="testing", writable=True)
    )
    with closing(moto.client()) as client:
        client.create_bucket(Bucket="about")
        client.put_object(Bucket="about", Key="x", Body=b"content", **ABOUT)
        await store.copy(store, "x", key, 7)
        found = client.get_object(Bucket="about", Key=key)
        assert found["Body"].read() == b"content"
        assert {name: found.get(name) for name in ABOUT} == ABOUT
    await store.close()


class SlowToDelete(MemoryStore):
    """Deletes one after the other, and answers at the end: many take longer than anybody waits."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(keys)
        self._timeout_s = 0.2
        self.asked: list[int] = []

    async def _remove(self, keys: Sequence[str]) -> None:
        self.asked.append(len(keys))
        if len(keys) > 250:
            await asyncio.Event().wait()
        self.keys = sorted(set(self.keys) - set(keys))


async def test_fewer_at_a_time_where_many_take_too_long() -> None:
    store = SlowToDelete([str(number) for number in range(1000)])
    await store.remove(store.keys)
    assert store.keys == []
    assert sorted(store.asked) == [250, 250, 250, 250, 500, 500, 1000]
