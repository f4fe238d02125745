"""Jobs over HTTP: what a browser starts, watches and cancels, and in which order the store is changed."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from jupyterlab_zarrbrowser import scan, wire
from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.formats import METADATA_NAMES
from jupyterlab_zarrbrowser.jobs import Jobs
from jupyterlab_zarrbrowser.stores import Body, Store
from jupyterlab_zarrbrowser.stores.s3 import S3Store

from .servers.counting_proxy import CountingProxy
from .servers.fake_s3 import FakeS3
from .servers.records import Recording
from .servers.s3_client import s3_client

Fetch = Callable[..., Awaitable[HTTPResponse]]

SECRET = "sentinel-7b8b965ad4bca0e4"
JOBS = ("zarrbrowser", "api", "jobs")

GROUP = b'{"zarr_format": 3, "node_type": "group", "attributes": {}}'
STORE = "mine/foo.zarr/"

#: A store of each version, and neighbours whose names begin alike.
OBJECTS = {
    "mine/foo": b"neighbour",
    "mine/foo.zarr.bak": b"neighbour",
    "mine/foo.zarr/a/c/0": bytes(100),
    "mine/foo.zarr/a/c/1": bytes(200),
    "mine/foo.zarr/a/zarr.json": b"{}",
    "mine/foo.zarr/g/b/c/0": bytes(300),
    "mine/foo.zarr/g/b/zarr.json": b"{}",
    "mine/foo.zarr/g/zarr.json": GROUP,
    "mine/foo.zarr/notes é.txt": b"notes",
    "mine/foo.zarr/zarr.json": GROUP,
    "mine/foo.zarr2/zarr.json": GROUP,
    "mine/old.zarr/.zattrs": b"{}",
    "mine/old.zarr/.zgroup": b'{"zarr_format": 2}',
    "mine/old.zarr/.zmetadata": b"{}",
    "mine/old.zarr/t/.zarray": b"{}",
    "mine/old.zarr/t/0.0": bytes(50),
    "theirs/x": b"of somebody else",
}


def below(container: str) -> dict[str, bytes]:
    return {key: content for key, content in OBJECTS.items() if key.startswith(container)}


class Bucket:
    """A part of the fake store's bucket that is this test's own, seen past the proxy."""

    def __init__(self, url: str) -> None:
        self.prefix = f"{uuid.uuid4().hex}/"
        self._url = url
        self.put(OBJECTS)

    def client(self) -> Any:
        return closing(s3_client(self._url, "any", "any", retries=3))

    def put(self, objects: dict[str, bytes]) -> None:
        with self.client() as client:
            for key, content in objects.items():
                client.put_object(Bucket="scratch", Key=self.prefix + key, Body=content)

    def contents(self, container: str = "") -> dict[str, int]:
        """Sizes by key."""
        with self.client() as client:
            found = client.list_objects_v2(Bucket="scratch", Prefix=self.prefix + container)
        return {each["Key"].removeprefix(self.prefix): each["Size"] for each in found.get("Contents", [])}

    def relative(self, seen: Recording, *ops: str) -> list[str]:
        """Keys of the requests of these kinds, in their order."""
        return [each.key.removeprefix(f"scratch/{self.prefix}") for each in seen.requests if each.op in ops]


SIZES = {key: len(content) for key, content in OBJECTS.items()}


@pytest.fixture
def bucket(fake_s3: FakeS3) -> Bucket:
    return Bucket(fake_s3.url)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


@pytest.fixture
def jp_server_config(
    bucket: Bucket, counting_proxy: CountingProxy, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setattr(scan, "_PAUSE_S", 0.01)
    shared = {"kind": "s3", "endpoint_url": counting_proxy.url, "key": SECRET, "secret": SECRET + "-secret"}
    root = f"s3://scratch/{bucket.prefix}"
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
        "ZarrBrowser": {
            "endpoints": [
                {"id": "lab", "root": root, "writable": ["mine/", "kept/"], **shared},
                {"id": "sealed", "root": root, **shared},
                {"id": "disk", "kind": "local", "root": str(kept), "writable": True},
                {"id": "own", "kind": "local", "root": str(kept), "writable": ["jane/"]},
                {"id": "web", "kind": "http", "root": f"{counting_proxy.url}/demo/"},
            ]
        },
    }


class Lab:
    """What a browser does with jobs."""

    def __init__(self, fetch: Fetch, proxy: CountingProxy) -> None:
        self._fetch, self.proxy = fetch, proxy
        self.heard: list[str] = []

    async def start(self, kind: str, key: str, *, endpoint: str = "lab", **more: Any) -> dict[str, Any]:
        body = json.dumps({"kind": kind, "endpoint": endpoint, "key": key, **more})
        return self._answer(await self._fetch(*JOBS, method="POST", body=body))

    async def events(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        response = await self._fetch(*JOBS, job["id"], "events", request_timeout=120)
        assert response.headers["Content-Type"] == "text/event-stream"
        text = response.body.decode()
        self.heard.append(text)
        assert text.endswith("\n\n")
        return [json.loads(event.removeprefix("data: ")) for event in text.split("\n\n") if event]

    async def run(self, kind: str, key: str, **more: Any) -> dict[str, Any]:
        return (await self.events(await self.start(kind, key, **more)))[-1]

    async def get(self, job: dict[str, Any]) -> dict[str, Any]:
        return self._answer(await self._fetch(*JOBS, job["id"]))

    async def cancel(self, job: dict[str, Any]) -> dict[str, Any]:
        return self._answer(await self._fetch(*JOBS, job["id"], method="DELETE"))

    async def refused(self, kind: str, key: str, **more: Any) -> tuple[int, str]:
        """Status and code of a request that must be refused before the store is asked for anything."""
        with self.proxy.recording() as seen, pytest.raises(HTTPClientError) as caught:
            await self.start(kind, key, **more)
        assert len(seen) == 0
        assert caught.value.response is not None
        error = self._answer(caught.value.response)
        return caught.value.code, error["code"]

    async def quiet(self) -> None:
        """Returns when no request to the store is in flight."""
        while self.proxy.traffic.inflight:
            await asyncio.sleep(0.005)

    def _answer(self, response: HTTPResponse) -> dict[str, Any]:
        self.heard.append(response.body.decode())
        answer: dict[str, Any] = json.loads(response.body)
        return answer


@pytest.fixture
def lab(
    jp_fetch: Fetch, counting_proxy: CountingProxy, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Lab]:
    """No test may end with a secret in an answer or in a log."""
    caplog.set_level(logging.DEBUG, logger="jupyterlab_zarrbrowser")
    caplog.set_level(logging.DEBUG, logger="ServerApp")
    found = Lab(jp_fetch, counting_proxy)
    yield found
    out, err = capfd.readouterr()
    assert SECRET not in "".join([*found.heard, caplog.text, out, err])


async def seen_by(proxy: CountingProxy, seen: Recording, op: str) -> None:
    """Returns when the store was asked for such an operation."""
    while not seen.ops[op]:
        await asyncio.sleep(0.005)


class TestCounting:
    async def test_events_lead_to_exact_numbers(self, lab: Lab) -> None:
        job = await lab.start("usage", "mine/")
        events = await lab.events(job)
        states = [event["state"] for event in events]
        assert states == sorted(states, key=["queued", "running", "done"].index)
        assert {event["id"] for event in events} == {job["id"]}
        counted = [event["progress"]["objects"] for event in events]
        assert counted == sorted(counted)
        last, mine = events[-1], below("mine/")
        assert (last["state"], last["error"]) == ("done", None)
        result = last["result"]
        assert (result["objects"], result["bytes"]) == (len(mine), sum(map(len, mine.values())))
        assert not result["isLowerBound"]
        rows = {row["name"]: row for row in result["rows"]}
        assert {name: row["objects"] for name, row in rows.items()} == {
            "foo": 1,
            "foo.zarr": 8,
            "foo.zarr.bak": 1,
            "foo.zarr2": 1,
            "old.zarr": 5,
        }
        assert rows["foo.zarr"]["bytes"] == sum(map(len, below(STORE).values()))
        assert await lab.get(job) == last

    async def test_a_count_that_is_cancelled(self, lab: Lab) -> None:
        await lab.run("usage", "theirs/")  # the connection is there
        lab.proxy.configure(fail_rate=1.0, fail_modes=("stall",))
        with lab.proxy.recording() as seen:
            job = await lab.start("usage", "mine/")
            watching = asyncio.create_task(lab.events(job))
            await seen_by(lab.proxy, seen, "List")
            assert (await lab.cancel(job))["state"] == "cancelled"
            await lab.quiet()
        assert (await watching)[-1]["state"] == "cancelled"
        assert (await lab.get(job))["result"] is None
        assert (await lab.cancel(job))["state"] == "cancelled", "once more is no error"
        lab.proxy.reset()
        assert (await lab.run("usage", "mine/"))["state"] == "done"

    async def test_the_same_request_joins(self, lab: Lab) -> None:
        lab.proxy.configure(fail_rate=1.0, fail_modes=("stall",))
        first, again = await lab.start("usage", "mine/"), await lab.start("usage", "mine/")
        other = await lab.start("usage", "theirs/")
        assert first["id"] == again["id"] != other["id"]
        for job in (first, other):
            await lab.cancel(job)
        lab.proxy.reset()
        assert (await lab.start("usage", "mine/"))["id"] != first["id"], "what has ended is begun anew"

    async def test_a_failure_is_told(self, lab: Lab) -> None:
        lab.proxy.configure(deny_match="^List")
        job = await lab.run("usage", "mine/")
        assert (job["state"], job["error"]["code"], job["result"]) == ("failed", "list_forbidden", None)

    async def test_growth(self, lab: Lab, bucket: Bucket) -> None:
        first = (await lab.run("usage", "mine/"))["result"]
        bucket.put({"mine/new": bytes(7)})
        second = (await lab.run("usage", "mine/"))["result"]
        assert second["objects"] == first["objects"] + 1
        assert [(each["objects"], each["bytes"]) for each in second["before"]] == [(first["objects"], first["bytes"])]

    @pytest.mark.parametrize(
        ("key", "endpoint", "expected"),
        [
            ("mine", "lab", (400, "bad_request")),
            ("mine/\0/", "lab", (400, "bad_request")),
            ("x/" * 3000, "lab", (400, "bad_request")),
            ("", "web", (422, "list_unsupported")),
            ("", "nobody", (404, "unknown_endpoint")),
        ],
    )
    async def test_what_cannot_be_counted(self, lab: Lab, key: str, endpoint: str, expected: tuple[int, str]) -> None:
        assert await lab.refused("usage", key, endpoint=endpoint) == expected


class TestDeleting:
    async def test_metadata_goes_first_and_no_neighbour_goes(self, lab: Lab, bucket: Bucket) -> None:
        bodies: list[set[str]] = []
        with lab.proxy.recording() as seen:
            job = await lab.start("delete", STORE, maxObjects=8)
            events = await lab.events(job)
            bodies.append(set(bucket.contents()))
        assert events[-1]["state"] == "done"
        assert events[-1]["progress"] == {
            "objects": 8,
            "bytes": sum(map(len, below(STORE).values())),
            "totalObjects": 8,
            "totalBytes": sum(map(len, below(STORE).values())),
            "requests": 0,
        }
        assert seen.ops["DeleteObjects"] == 4, "its own documents, those below, the others, and what stands for it"
        assert bucket.contents() == {key: size for key, size in SIZES.items() if not key.startswith(STORE)}

    @pytest.mark.parametrize(("container", "documents"), [(STORE, 4), ("mine/old.zarr/", 4)])
    @pytest.mark.parametrize("stop_at", [2, 3])
    async def test_what_is_half_deleted_is_no_store(
        self, lab: Lab, bucket: Bucket, container: str, documents: int, stop_at: int
    ) -> None:
        """Cancelled at the second request to delete, and at the third."""
        fail = asyncio.Event()
        original, calls = S3Store._remove, 0

        async def remove(store: S3Store, keys: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == stop_at:
                fail.set()
                await asyncio.Event().wait()
            await original(store, keys)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(S3Store, "_remove", remove)
            job = await lab.start("delete", container)
            while not fail.is_set():
                await asyncio.sleep(0.005)
            assert (await lab.cancel(job))["state"] == "cancelled"
        left = bucket.contents(container)
        assert not {key.removeprefix(container) for key in left} & METADATA_NAMES
        is_document = {key: key.rpartition("/")[2] in METADATA_NAMES for key in left}
        assert sum(is_document.values()) == (0 if stop_at == 3 else sum("/" in key for key in _documents(container)))
        assert all(key in left for key in below(container) if key.rpartition("/")[2] not in METADATA_NAMES)
        assert (await lab.run("delete", container))["state"] == "done"
        assert bucket.contents(container) == {}

    @pytest.mark.parametrize(("agreed", "state"), [(7, "failed"), (8, "done"), (0, "failed"), (None, "done")])
    async def test_no_more_than_was_agreed_to(self, lab: Lab, bucket: Bucket, agreed: int | None, state: str) -> None:
        job = await lab.run("delete", STORE, maxObjects=agreed)
        assert job["state"] == state
        if state == "failed":
            assert job["error"]["code"] == "conflict"
            assert bucket.contents() == SIZES

    @pytest.mark.parametrize("names", [("zarr.json",), ("x", "deep/y"), ("zarr.json", "c/0", "empty/")])
    async def test_folders_of_a_file_system(self, lab: Lab, kept: Path, names: tuple[str, ...]) -> None:
        for name in names:
            path = kept / "doomed" / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.write_text("x")
        (kept / "doomed.txt").write_text("neighbour")
        job = await lab.run("delete", "doomed/", endpoint="disk")
        assert (job["state"], job["error"]) == ("done", None)
        assert [path.name for path in kept.iterdir()] == ["doomed.txt"]

    async def test_one_object(self, lab: Lab, bucket: Bucket) -> None:
        job = await lab.run("delete", "mine/foo.zarr/a/c/1")
        assert (job["result"]["objects"], job["result"]["bytes"]) == (1, 200)
        assert set(OBJECTS) - set(bucket.contents()) == {"mine/foo.zarr/a/c/1"}

    @pytest.mark.parametrize("key", ["mine/nothing", "mine/nothing/", "mine/fo/", "mine/foo.zar/", "mine/foo.zarr"])
    async def test_what_is_not_there(self, lab: Lab, bucket: Bucket, key: str) -> None:
        job = await lab.run("delete", key)
        assert (job["state"], job["error"]["code"]) == ("failed", "not_found")
        assert bucket.contents() == SIZES

    async def test_folders_that_an_object_stands_for(self, lab: Lab, bucket: Bucket) -> None:
        bucket.put(dict.fromkeys(("mine/empty/", "mine/full/", "mine/full/x", "mine/full/in/", "mine/full."), b""))
        for key in ("mine/empty/", "mine/full/"):
            assert (await lab.run("delete", key))["state"] == "done"
        assert bucket.contents() == {**SIZES, "mine/full.": 0}

    async def test_failures_that_pass(self, lab: Lab, bucket: Bucket) -> None:
        many = {f"mine/many/{number:04}": b"x" for number in range(40)}
        bucket.put(many)
        lab.proxy.configure(fail_rate=0.4, fail_modes=("slowdown", "reset"), seed=3)
        with lab.proxy.recording() as seen:
            job = await lab.run("delete", "mine/")
        assert seen.faults
        assert job["state"] == "done"
        lab.proxy.reset()
        assert set(bucket.contents()) == {"theirs/x"}

    @pytest.mark.parametrize("key", ["../outside/x", "..", "a/../../outside/", "a/../../outside/x"])
    async def test_no_key_leads_out_of_a_folder(self, lab: Lab, kept: Path, key: str) -> None:
        outside = kept.parent / "outside"
        outside.mkdir()
        (outside / "x").write_text("x")
        (kept / "a").mkdir()
        job = await lab.run("delete", key, endpoint="disk")
        assert (job["state"], job["error"]["code"]) == ("failed", "not_found")
        assert (outside / "x").exists()


def _documents(container: str) -> list[str]:
    names = [key.removeprefix(container) for key in below(container)]
    return [name for name in names if name.rpartition("/")[2] in METADATA_NAMES]


class TestRights:
    @pytest.mark.parametrize(
        ("kind", "key", "more"),
        [
            ("delete", "mine/foo", {"endpoint": "sealed"}),
            ("delete", "theirs/x", {}),
            ("delete", "theirs/", {}),
            ("delete", "", {}),
            ("delete", "mine", {}),
            ("delete", "min/", {}),
            ("delete", "mine2/", {}),
            ("delete", "x", {"endpoint": "web"}),
            ("delete", "joe/x", {"endpoint": "own"}),
            ("delete", "janet/x", {"endpoint": "own"}),
            ("copy", STORE, {"toKey": "theirs/foo.zarr/"}),
            ("copy", STORE, {"toEndpoint": "sealed", "toKey": "mine/new.zarr/"}),
            ("copy", "theirs/x", {"toKey": "mine/x", "deleteSource": True}),
            ("copy", "mine/foo", {"endpoint": "sealed", "toEndpoint": "lab", "toKey": "mine/x", "deleteSource": True}),
            ("copy", "mine/foo", {"toEndpoint": "own", "toKey": "joe/x"}),
            ("renew", STORE, {}),
        ],
    )
    async def test_what_may_not_be_changed(
        self, lab: Lab, bucket: Bucket, kind: str, key: str, more: dict[str, Any]
    ) -> None:
        assert await lab.refused(kind, key, **more) == (403, "read_only")
        assert bucket.contents() == SIZES

    async def test_steps_do_not_lead_out_of_the_own_prefix(self, lab: Lab, kept: Path) -> None:
        for name in ("jane", "joe"):
            (kept / name).mkdir()
            (kept / name / "x").write_text(name)
        for key in ("jane/../joe/x", "jane/../joe/"):
            job = await lab.run("delete", key, endpoint="own")
            assert (job["state"], job["error"]["code"]) == ("failed", "not_found")
        job = await lab.run("copy", "jane/x", endpoint="own", toKey="jane/../joe/y")
        assert (job["state"], job["error"]["code"]) == ("failed", "not_found")
        assert [path.name for path in (kept / "joe").iterdir()] == ["x"]

    async def test_refused_by_the_store_itself(self, lab: Lab, bucket: Bucket) -> None:
        lab.proxy.configure(deny_match="^(DeleteObjects|CopyObject|PutObject)")
        for kind, more in (("delete", {}), ("copy", {"toKey": "kept/foo.zarr/"})):
            job = await lab.run(kind, STORE, **more)
            assert (job["state"], job["error"]["code"]) == ("failed", "forbidden")
        assert bucket.contents() == SIZES


class TestCopying:
    async def test_metadata_comes_last(self, lab: Lab, bucket: Bucket) -> None:
        with lab.proxy.recording() as seen:
            job = await lab.run("copy", STORE, toKey="kept/new.zarr/")
        assert job["state"] == "done"
        assert job["result"]["key"] == "kept/new.zarr/"
        names = [key.removeprefix("kept/new.zarr/") for key in bucket.relative(seen, "PutObject")]
        assert set(names[:4]) == {"a/c/0", "a/c/1", "g/b/c/0", "notes é.txt"}
        assert set(names[4:7]) == {"a/zarr.json", "g/b/zarr.json", "g/zarr.json"}
        assert names[7:] == ["zarr.json"]
        assert seen.ops["GetObject"] == 0, "not through this server"
        copied = {f"kept/new.zarr/{key.removeprefix(STORE)}": len(content) for key, content in below(STORE).items()}
        assert bucket.contents() == {**SIZES, **copied}

    async def test_to_another_service_and_back(self, lab: Lab, bucket: Bucket, kept: Path) -> None:
        bucket.put({"mine/foo.zarr/marked/": b""})
        job = await lab.run("copy", STORE, toEndpoint="disk", toKey="a/new.zarr/")
        assert (job["state"], job["error"]) == ("done", None)
        files = {path.relative_to(kept / "a").as_posix() for path in (kept / "a").rglob("*") if path.is_file()}
        assert files == {f"new.zarr/{key.removeprefix(STORE)}" for key in below(STORE)}
        back = {"toEndpoint": "lab", "toKey": "kept/b.zarr/", "deleteSource": True}
        job = await lab.run("copy", "a/new.zarr/", endpoint="disk", **back)
        assert (job["state"], job["error"]) == ("done", None)
        assert list(kept.iterdir()) == []
        assert len(bucket.contents("kept/b.zarr/")) == 8

    async def test_a_move(self, lab: Lab, bucket: Bucket) -> None:
        with lab.proxy.recording() as seen:
            job = await lab.run("copy", STORE, toKey="kept/new.zarr/", deleteSource=True)
        assert job["state"] == "done"
        ops = [each.op for each in seen.requests]
        deletions = [index for index, op in enumerate(ops) if op == "DeleteObjects"]
        copies = [index for index, op in enumerate(ops) if op == "PutObject"]
        assert max(copies) < min(deletions)
        assert "List" in ops[max(copies) : min(deletions)], "compared in between"
        assert bucket.contents(STORE) == {}
        assert {key for key in OBJECTS if not key.startswith(STORE)} <= set(bucket.contents())

    @pytest.mark.parametrize("how", ["shorter", "missing"])
    async def test_a_copy_that_is_not_what_was_copied(
        self, lab: Lab, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        original = S3Store._copy

        async def lossy(store: S3Store, source: Store, source_key: str, key: str, size: int) -> None:
            if not key.endswith("c/1"):
                await original(store, source, source_key, key, size)
            elif how == "shorter":
                await store._write(key, _nothing(store))

        monkeypatch.setattr(S3Store, "_copy", lossy)
        job = await lab.run("copy", STORE, toKey="kept/new.zarr/", deleteSource=True)
        assert (job["state"], job["error"]["code"]) == ("failed", "store_error")
        assert "differs" in job["error"]["message"]
        assert {key: bucket.contents()[key] for key in SIZES} == SIZES, "nothing was deleted"

    async def test_what_is_written_to_the_source_meanwhile_is_not_lost(
        self, lab: Lab, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = S3Store._copy

        async def slow(store: S3Store, source: Store, source_key: str, key: str, size: int) -> None:
            await original(store, source, source_key, key, size)
            if key.endswith("new.zarr/zarr.json"):  # the last of all
                await asyncio.to_thread(bucket.put, {"mine/foo.zarr/a/c/2": b"late"})

        monkeypatch.setattr(S3Store, "_copy", slow)
        job = await lab.run("copy", STORE, toKey="kept/new.zarr/", deleteSource=True)
        assert job["state"] == "failed"
        assert bucket.contents("mine/") == {
            **{key: size for key, size in SIZES.items() if key.startswith("mine/")},
            "mine/foo.zarr/a/c/2": 4,
        }

    @pytest.mark.parametrize("container", [STORE, "mine/old.zarr/"])
    @pytest.mark.parametrize("replaces", [False, True])
    async def test_what_is_half_copied_is_no_store(
        self, lab: Lab, bucket: Bucket, container: str, replaces: bool
    ) -> None:
        if replaces:
            bucket.put({f"kept/new.zarr/{key.removeprefix(container)}": b"older" for key in below(container)})
        lab.proxy.configure(deny_match="PutObject .*kept/new.zarr/.*(c/1|0.0)")
        job = await lab.run("copy", container, toKey="kept/new.zarr/", ifExists="replace", deleteSource=True)
        assert (job["state"], job["error"]["code"]) == ("failed", "forbidden")
        there = {key.removeprefix("kept/new.zarr/") for key in bucket.contents("kept/")}
        assert not there & METADATA_NAMES
        assert {key: bucket.contents()[key] for key in SIZES} == SIZES
        lab.proxy.reset()
        job = await lab.run("copy", container, toKey="kept/new.zarr/", ifExists="replace")
        assert job["state"] == "done"
        assert len(bucket.contents("kept/new.zarr/")) == len(below(container))

    async def test_a_copy_that_is_cancelled(self, lab: Lab, bucket: Bucket) -> None:
        lab.proxy.configure(fail_rate=1.0, fail_modes=("stall",), fail_match="PutObject .*c/1")
        with lab.proxy.recording() as seen:
            job = await lab.start("copy", STORE, toKey="kept/new.zarr/", deleteSource=True)
            while not any(each.fault == "stall" for each in seen.requests):
                await asyncio.sleep(0.005)
            assert (await lab.cancel(job))["state"] == "cancelled"
            await lab.quiet()
        assert (await lab.events(job))[-1]["state"] == "cancelled"
        there = {key.removeprefix("kept/new.zarr/") for key in bucket.contents("kept/")}
        assert not {name.rpartition("/")[2] for name in there} & METADATA_NAMES
        assert {key: bucket.contents()[key] for key in SIZES} == SIZES

    async def test_nothing_goes_on_after_a_failure(self, lab: Lab, bucket: Bucket) -> None:
        bucket.put({f"mine/many/{number:04}": b"x" for number in range(300)})
        lab.proxy.configure(deny_match="PutObject .*/0003$", latency_ms=5)
        with lab.proxy.recording() as seen:
            job = await lab.run("copy", "mine/many/", toKey="kept/many/")
            assert job["state"] == "failed"
            await lab.quiet()
            asked = len(seen)
            await lab.run("usage", "theirs/")
            later = seen.requests[asked:]
        assert {each.op for each in later} == {"List"}
        assert len(bucket.contents("kept/")) < 300

    @pytest.mark.parametrize(
        ("key", "to_key", "renamed"),
        [
            (STORE, "kept/new.zarr/", "kept/new (2).zarr/"),
            ("mine/foo", "kept/foo", "kept/foo (2)"),
            ("mine/foo.zarr.bak", "kept/a.b/c.tar", "kept/a.b/c (2).tar"),
            ("mine/foo", "kept/a.b/.hidden", "kept/a.b/.hidden (2)"),
        ],
    )
    async def test_something_is_there_already(
        self, lab: Lab, bucket: Bucket, key: str, to_key: str, renamed: str
    ) -> None:
        assert (await lab.run("copy", key, toKey=to_key))["state"] == "done"
        before = bucket.contents()
        with lab.proxy.recording() as seen:
            job = await lab.run("copy", key, toKey=to_key)
        assert (job["state"], job["error"]["code"]) == ("failed", "conflict")
        assert seen.ops["PutObject"] == 0
        assert bucket.contents() == before
        job = await lab.run("copy", key, toKey=to_key, ifExists="rename")
        assert job["result"]["key"] == renamed
        job = await lab.run("copy", key, toKey=to_key, ifExists="rename")
        assert job["result"]["key"] == renamed.replace("(2)", "(3)")
        bucket.put({f"{to_key}extra": b"stays"} if to_key.endswith("/") else {})
        job = await lab.run("copy", key, toKey=to_key, ifExists="replace")
        assert (job["state"], job["result"]["key"]) == ("done", to_key)
        assert {**before, **bucket.contents()} == bucket.contents()

    async def test_failures_that_pass(self, lab: Lab, bucket: Bucket) -> None:
        lab.proxy.configure(fail_rate=0.4, fail_modes=("slowdown", "reset"), seed=11)
        with lab.proxy.recording() as seen:
            job = await lab.run("copy", STORE, toKey="kept/new.zarr/", deleteSource=True)
        assert seen.faults
        assert (job["state"], job["error"]) == ("done", None)
        lab.proxy.reset()
        assert len(bucket.contents("kept/new.zarr/")) == 8
        assert bucket.contents(STORE) == {}

    @pytest.mark.parametrize(
        ("key", "more"),
        [
            (STORE, {}),
            (STORE, {"toKey": STORE}),
            (STORE, {"toKey": f"{STORE}inner/"}),
            (STORE, {"toKey": "mine/"}),
            (STORE, {"toKey": "mine/object"}),
            ("mine/foo", {"toKey": "mine/folder/"}),
            ("mine/foo", {"toKey": "mine/foo"}),
            ("mine/foo", {"toKey": "mine/" + "x" * 5000}),
        ],
    )
    async def test_copies_that_make_no_sense(self, lab: Lab, key: str, more: dict[str, Any]) -> None:
        assert await lab.refused("copy", key, **more) == (400, "bad_request")

    async def test_a_file_that_has_two_names_is_not_moved_onto_itself(self, lab: Lab, kept: Path) -> None:
        (kept / "real.zarr").mkdir()
        (kept / "real.zarr" / "zarr.json").write_bytes(GROUP)
        (kept / "link").symlink_to(".")
        more = {"toKey": "real.zarr/", "ifExists": "replace", "deleteSource": True}
        job = await lab.run("copy", "link/real.zarr/", endpoint="disk", **more)
        assert (job["state"], job["error"]["code"]) == ("failed", "conflict")
        assert (kept / "real.zarr" / "zarr.json").read_bytes() == GROUP


def _nothing(store: Store) -> Body:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(0):
            yield b""

    body = Body(pieces(), size=0)
    body.attach(store, AsyncExitStack())
    return body


def _request(number: int) -> wire.JobRequest:
    return wire.JobRequest(kind="delete", endpoint="e", key=f"{number}/")


class TestQueue:
    """Without HTTP: how many run, wait and are remembered."""

    async def test_a_few_run_and_the_others_wait_their_turn(self) -> None:
        jobs, gates, began = Jobs(), [asyncio.Event() for _ in range(9)], []

        def work(number: int) -> Callable[[], Any]:
            async def run() -> wire.Transferred:
                began.append(number)
                await gates[number].wait()
                return wire.Transferred(endpoint="e", key="", objects=number, bytes=0)

            return run

        started = [jobs.start(_request(number), work(number), wire.JobProgress) for number in range(9)]
        await asyncio.sleep(0)
        assert [job.state for job in reversed(jobs.list().jobs)] == ["running"] * 4 + ["queued"] * 5
        assert (await jobs.cancel(started[5].id)).state == "cancelled"
        for gate in gates:
            gate.set()
        ended = [await jobs.watch(job.id, 30) for job in started]
        assert [job.state for job in ended] == ["done"] * 5 + ["cancelled"] + ["done"] * 3
        assert sorted(began) == [0, 1, 2, 3, 4, 6, 7, 8], "what was cancelled while it waited never began"

    async def test_too_many_are_refused_and_few_are_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        jobs, gate = Jobs(), asyncio.Event()

        async def wait() -> wire.Transferred:
            await gate.wait()
            return wire.Transferred(endpoint="e", key="", objects=0, bytes=0)

        started = [jobs.start(_request(number), wait, wire.JobProgress) for number in range(54)]
        with pytest.raises(BrowserError) as caught:
            jobs.start(_request(54), wait, wire.JobProgress)
        assert caught.value.code == "throttled"
        assert jobs.start(_request(7), wait, wire.JobProgress).id == started[7].id, "joining is no more work"
        gate.set()
        for job in started:
            await jobs.watch(job.id, 30)
        last = jobs.start(_request(55), wait, wire.JobProgress)
        listed = jobs.list().jobs
        assert (len(listed), listed[0].id) == (51, last.id)
        with pytest.raises(BrowserError) as caught:
            jobs.get(started[0].id)
        assert caught.value.code == "not_found"
        await jobs.close()

    async def test_what_nobody_expected_is_logged_and_not_shown(self, caplog: pytest.LogCaptureFixture) -> None:
        jobs = Jobs()

        async def fail() -> wire.Transferred:
            raise RuntimeError(SECRET)

        job = jobs.start(_request(1), fail, wire.JobProgress)
        ended = await jobs.watch(job.id, 30)
        assert ended.state == "failed"
        assert ended.error is not None
        assert ended.error.code == "internal"
        assert SECRET not in repr(ended)
        assert "RuntimeError" in caplog.text

    async def test_the_end_of_the_server_ends_all(self) -> None:
        jobs, left = Jobs(), []

        async def wait() -> wire.Transferred:
            try:
                await asyncio.Event().wait()
            finally:
                left.append(1)
            raise AssertionError

        started = [jobs.start(_request(number), wait, wire.JobProgress) for number in range(6)]
        await asyncio.sleep(0)
        await jobs.close()
        assert len(left) == 4
        assert {jobs.get(job.id).state for job in started} == {"cancelled"}
