"""Jobs on a real Swift: what is counted, copied and deleted, in which order, and what is refused beforehand."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from jupyterlab_zarrbrowser import transfers, wire
from jupyterlab_zarrbrowser.browser import Browser
from jupyterlab_zarrbrowser.config import read_endpoints
from jupyterlab_zarrbrowser.discovery import Offered
from jupyterlab_zarrbrowser.errors import BrowserError

from .servers.counting_proxy import CountingProxy
from .servers.loop_thread import LoopThread
from .servers.swift import DEMO, Swift

#: A store with a nested group, and neighbours whose names begin alike.
OBJECTS = {
    "mine/foo.zarr/zarr.json": b'{"zarr_format": 3, "node_type": "group", "attributes": {}}',
    "mine/foo.zarr/t/zarr.json": b"{}",
    "mine/foo.zarr/t/c/0": bytes(1000),
    "mine/foo.zarr/t/c/1": bytes(1000),
    "mine/foo.zarr/inner/zarr.json": b"{}",
    "mine/foo.zarr2/keep": b"keep",
    "mine/foo.zarr.bak": b"keep",
    "mine/foo": b"keep",
    "mine/note.txt": b"hello",
    "theirs/x": b"x",
}

STORE = "mine/foo.zarr/"
STORE_SIZE = sum(len(body) for key, body in OBJECTS.items() if key.startswith(STORE))


class Lab:
    """A bucket of a user and one to keep things in, behind a proxy that sees every request."""

    def __init__(self, proxy: CountingProxy, client: Any) -> None:
        self.proxy, self._client = proxy, client
        shared = {"kind": "s3", "endpoint_url": proxy.url, "key": DEMO.key, "secret": DEMO.secret, "timeout_s": 5}
        endpoints = read_endpoints(
            [
                {"id": "jobs", "root": "s3://jobs", "writable": ["mine/"], **shared},
                {"id": "kept", "root": "s3://jobs-kept", "writable": True, **shared},
            ]
        )
        self._thread = LoopThread("jobs")
        self.browser = Browser([Offered(each, "admin", None) for each in endpoints])

    def close(self) -> None:
        self._thread.call(self.browser.close())
        self._thread.stop()

    def start(self, kind: str, key: str, **more: Any) -> wire.Job:
        request = {"kind": kind, "endpoint": "jobs", "key": key, **more}
        return self._thread.call(self.browser.start(wire.JobRequest(**request)))

    def end(self, job: wire.Job) -> wire.Job:
        return self._thread.call(self.browser.jobs.watch(job.id, 25))

    def cancel(self, job: wire.Job) -> wire.Job:
        return self._thread.call(self.browser.jobs.cancel(job.id))

    def run(self, kind: str, key: str, **more: Any) -> wire.Job:
        return self.end(self.start(kind, key, **more))

    def write(self, key: str, body: bytes) -> None:
        """Replace an object, at a later second than the one before: dates of listings have no more than that."""
        before = self._client.head_object(Bucket="jobs", Key=key)["LastModified"]
        while self._client.head_object(Bucket="jobs", Key=key)["LastModified"] == before:
            self._client.put_object(Bucket="jobs", Key=key, Body=body)

    def keys(self, bucket: str = "jobs") -> set[str]:
        return {each["Key"] for each in self._client.list_objects_v2(Bucket=bucket).get("Contents", [])}


@pytest.fixture
def lab(swift: Swift, swift_proxy: CountingProxy) -> Iterator[Lab]:
    with closing(swift.client()) as client:
        there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        for bucket in ("jobs", "jobs-kept"):
            if bucket not in there:
                client.create_bucket(Bucket=bucket)
            for each in client.list_objects_v2(Bucket=bucket).get("Contents", []):
                client.delete_object(Bucket=bucket, Key=each["Key"])
        for key, body in OBJECTS.items():
            client.put_object(Bucket="jobs", Key=key, Body=body)
        found = Lab(swift_proxy, client)
        yield found
        swift_proxy.reset()
        found.close()


def changed(lab: Lab, work: Callable[[], Any]) -> list[tuple[str, str]]:
    """Requests that change something, in their order: operation, and key or bucket."""
    with lab.proxy.recording() as seen:
        work()
    return [(record.op, record.key) for record in seen.requests if not record.op.startswith(("Get", "Head", "List"))]


def test_a_count_is_exact(lab: Lab) -> None:
    job = lab.run("usage", "mine/")
    assert job.state == "done"
    usage = job.result
    assert isinstance(usage, wire.Usage)
    mine = {key: body for key, body in OBJECTS.items() if key.startswith("mine/")}
    assert (usage.objects, usage.bytes, usage.is_lower_bound) == (len(mine), sum(map(len, mine.values())), False)
    rows = {row.name: (row.kind, row.objects, row.bytes) for row in usage.rows}
    assert rows["foo.zarr"] == ("group", 5, STORE_SIZE)
    assert rows["foo.zarr2"] == ("folder", 1, 4)
    assert rows["note.txt"] == ("object", 1, 5)


def test_the_same_request_joins_the_one_under_way(lab: Lab) -> None:
    lab.proxy.configure(fail_first=1, fail_modes=("stall",), fail_match="^List")
    first, second = lab.start("usage", "mine/"), lab.start("usage", "mine/")
    assert first.id == second.id
    assert lab.cancel(first).state == "cancelled"


def test_cancel_leaves_nothing_under_way(lab: Lab) -> None:
    lab.run("usage", "mine/")
    lab.proxy.configure(fail_rate=1.0, fail_modes=("stall",))
    with lab.proxy.recording() as seen:
        job = lab.start("usage", "mine/")
        while not len(seen):
            pass
        assert lab.cancel(job).state == "cancelled"
    while lab.proxy.traffic.inflight:
        pass


def test_deleting_takes_metadata_first_and_no_neighbour(lab: Lab) -> None:
    changes = changed(lab, lambda: lab.run("delete", STORE, max_objects=5))
    assert lab.keys() == {key for key in OBJECTS if not key.startswith(STORE)}
    assert all(op == "DeleteObjects" for op, _ in changes)
    assert len(changes) >= 3, "its own documents, those below, the rest"


def test_no_more_is_deleted_than_was_agreed_to(lab: Lab) -> None:
    job = lab.run("delete", STORE, max_objects=4)
    assert job.error is not None
    assert job.error.code == "more_than_agreed"
    assert lab.keys() == set(OBJECTS)


@pytest.mark.parametrize(
    ("kind", "key", "more"),
    [
        ("delete", "theirs/", {}),
        ("delete", "theirs/x", {}),
        ("delete", "min", {}),
        ("copy", STORE, {"to_key": "theirs/foo.zarr/"}),
        ("copy", "theirs/x", {"to_key": "mine/x", "delete_source": True}),
        ("copy", "theirs/", {"to_key": "mine/", "if_exists": "rename"}),
        ("renew", STORE, {}),
    ],
)
def test_what_may_not_be_written_is_refused_before_anything_is_read(
    lab: Lab, kind: str, key: str, more: dict[str, Any]
) -> None:
    with lab.proxy.recording() as seen, pytest.raises(BrowserError) as caught:
        lab.start(kind, key, **more)
    assert caught.value.code == "read_only"
    assert len(seen) == 0
    assert lab.keys() == set(OBJECTS)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"to_key": STORE},
        {"to_key": "mine/foo.zarr"},
        {"to_key": f"{STORE}again/"},
        {"to_key": "mine/"},
    ],
)
def test_copies_that_make_no_sense(lab: Lab, more: dict[str, Any]) -> None:
    with pytest.raises(BrowserError) as caught:
        lab.start("copy", STORE, **more)
    assert caught.value.code == "bad_request"


def test_a_copy_stays_in_the_service_and_ends_with_the_metadata(lab: Lab) -> None:
    changes = changed(lab, lambda: lab.run("copy", STORE, to_endpoint="kept", to_key="foo.zarr/"))
    keys = [key.removeprefix("jobs-kept/foo.zarr/") for op, key in changes]
    assert set(keys[:2]) == {"t/c/0", "t/c/1"}
    assert set(keys[2:4]) == {"t/zarr.json", "inner/zarr.json"}
    assert keys[4] == "zarr.json"
    assert lab.keys("jobs-kept") == {f"foo.zarr/{key}" for key in keys}
    assert lab.keys() == set(OBJECTS)


def test_a_move_deletes_what_was_copied(lab: Lab) -> None:
    job = lab.run("copy", STORE, to_endpoint="kept", to_key="foo.zarr/", delete_source=True)
    assert job.state == "done"
    assert lab.keys() == {key for key in OBJECTS if not key.startswith(STORE)}
    assert len(lab.keys("jobs-kept")) == 5


def test_what_was_written_while_it_was_copied_is_not_deleted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks that are not compressed are all of one size: a comparison of sizes does not see that one is new."""
    compare = transfers.Copy._compare

    async def compare_and_write(copy: transfers.Copy) -> None:
        await compare(copy)
        lab.write(f"{STORE}t/c/1", b"n" * 1000)

    monkeypatch.setattr(transfers.Copy, "_compare", compare_and_write)
    job = lab.run("copy", STORE, to_endpoint="kept", to_key="foo.zarr/", delete_source=True)
    assert job.error is not None
    assert job.error.code == "conflict"
    assert "nothing was deleted" in job.error.message
    assert lab.keys() == set(OBJECTS)


@pytest.mark.parametrize("key", ["mine/note.txt", STORE])
def test_nothing_is_overwritten_without_an_answer(lab: Lab, key: str) -> None:
    to_key = key.removeprefix("mine/")
    assert lab.run("copy", key, to_endpoint="kept", to_key=to_key).state == "done"
    before = lab.keys("jobs-kept")
    again = lab.run("copy", key, to_endpoint="kept", to_key=to_key)
    assert again.error is not None
    assert again.error.code == "exists"
    assert lab.keys("jobs-kept") == before
    renamed = lab.run("copy", key, to_endpoint="kept", to_key=to_key, if_exists="rename")
    assert isinstance(renamed.result, wire.Transferred)
    assert renamed.result.key == {"note.txt": "note (2).txt", "foo.zarr/": "foo (2).zarr/"}[to_key]
    assert lab.run("copy", key, to_endpoint="kept", to_key=to_key, if_exists="replace").state == "done"


def test_a_copy_that_fails_is_no_store_and_leaves_the_source(lab: Lab) -> None:
    lab.proxy.configure(deny_match="^(PutObject|CopyObject)")
    job = lab.run("copy", STORE, to_endpoint="kept", to_key="foo.zarr/", delete_source=True)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.code == "forbidden"
    assert DEMO.secret not in repr(job)
    assert lab.keys() == set(OBJECTS)
    assert "foo.zarr/zarr.json" not in lab.keys("jobs-kept")


Fetch = Callable[..., Awaitable[HTTPResponse]]


class TestThroughHttp:
    @pytest.fixture
    def jp_server_config(self, tmp_path: Path) -> dict[str, Any]:
        data = tmp_path / "data"
        (data / "a" / "b").mkdir(parents=True)
        for number in range(30):
            (data / "a" / "b" / f"{number}.bin").write_bytes(bytes(number))
        return {
            "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
            "ZarrBrowser": {"endpoints": [{"id": "files", "kind": "local", "root": str(data)}]},
        }

    async def test_events_end_with_the_result(self, jp_fetch: Fetch) -> None:
        api = ("zarrbrowser", "api", "jobs")
        body = json.dumps({"kind": "usage", "endpoint": "files", "key": "a/"})
        job = json.loads((await jp_fetch(*api, method="POST", body=body)).body)
        response = await jp_fetch(*api, job["id"], "events")
        assert response.headers["Content-Type"] == "text/event-stream"
        events = [json.loads(line[6:]) for line in response.body.decode().splitlines() if line]
        assert all(event["id"] == job["id"] for event in events)
        assert events[-1]["state"] == "done"
        assert (events[-1]["result"]["objects"], events[-1]["result"]["bytes"]) == (30, sum(range(30)))
        listed = json.loads((await jp_fetch(*api)).body)["jobs"]
        assert [(each["id"], each["state"], each["result"]) for each in listed] == [(job["id"], "done", None)]
        assert json.loads(body).items() <= listed[0]["request"].items()
        again = json.loads((await jp_fetch(*api, job["id"])).body)
        assert again == events[-1]
        ended = json.loads((await jp_fetch(*api, job["id"], method="DELETE")).body)
        assert ended["state"] == "done", "what has ended stays as it ended"

    @pytest.mark.parametrize(
        "body", ["", "[]", '{"kind": "burn", "endpoint": "files", "key": ""}', '{"kind": "usage", "key": ""}']
    )
    async def test_a_malformed_request(self, jp_fetch: Fetch, body: str) -> None:
        with pytest.raises(Exception, match="400"):
            await jp_fetch("zarrbrowser", "api", "jobs", method="POST", body=body)


async def test_a_job_that_is_cancelled_before_it_begins_ends() -> None:
    from jupyterlab_zarrbrowser.jobs import Jobs

    jobs = Jobs()

    async def never() -> wire.Transferred:
        raise AssertionError

    request = wire.JobRequest(kind="delete", endpoint="x", key="y")
    job = jobs.start(request, never, wire.JobProgress)
    ended = await jobs.cancel(job.id)
    assert ended.state == "cancelled"
