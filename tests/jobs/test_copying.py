"""Copies and moves: metadata last, compared, and nothing deleted that was not copied."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser import scan
from jupyterlab_zarrbrowser.formats import METADATA_NAMES
from jupyterlab_zarrbrowser.stores import Body, Store
from jupyterlab_zarrbrowser.stores.s3 import S3Store

from ..servers.fake_s3 import FakeS3
from .lab import GROUP, OBJECTS, SIZES, STORE, Bucket, Lab, below


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
        assert list(kept.rglob("*")) == [kept / "a"], "what lies around it stays"
        assert len(bucket.contents("kept/b.zarr/")) == 8

    async def test_a_folder_that_only_an_object_stands_for(self, lab: Lab, bucket: Bucket) -> None:
        bucket.put({"mine/empty/": b"", "mine/full/": b"", "mine/full/x": b"x"})
        for name in ("empty", "full"):
            job = await lab.run("copy", f"mine/{name}/", toKey=f"mine/moved-{name}/", deleteSource=True)
            assert (job["state"], job["error"]) == ("done", None)
        moved = {"mine/moved-empty/": 0, "mine/moved-full/": 0, "mine/moved-full/x": 1}
        assert bucket.contents() == {**SIZES, **moved}

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
        assert bucket.holds(SIZES), "nothing was deleted"

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
        assert bucket.holds(SIZES)
        lab.proxy.reset()
        job = await lab.run("copy", container, toKey="kept/new.zarr/", ifExists="replace")
        assert job["state"] == "done"
        assert len(bucket.contents("kept/new.zarr/")) == len(below(container))

    @pytest.mark.parametrize("stalled", ["a/c/1", "g/zarr.json"])
    async def test_a_copy_that_is_cancelled(self, lab: Lab, bucket: Bucket, stalled: str) -> None:
        """Among the chunks, and when only the root's document is missing beside the one that does not end."""
        lab.proxy.configure(fail_rate=1.0, fail_modes=("stall",), fail_match=f"PutObject .*/{stalled}")
        with lab.proxy.recording() as seen:
            job = await lab.start("copy", STORE, toKey="kept/new.zarr/", deleteSource=True)
            while not any(each.fault == "stall" for each in seen.requests):
                await asyncio.sleep(0.005)
            await lab.run("usage", "theirs/")  # whatever else was on its way has arrived by now
            assert (await lab.cancel(job))["state"] == "cancelled"
            await lab.quiet()
        assert (await lab.events(job))[-1]["state"] == "cancelled"
        there = {key.removeprefix("kept/new.zarr/") for key in bucket.contents("kept/")}
        assert not there & METADATA_NAMES
        assert stalled not in there
        assert len(there) == {"a/c/1": 3, "g/zarr.json": 6}[stalled]
        assert bucket.holds(SIZES)

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
        assert (job["state"], job["error"]["code"]) == ("failed", "exists")
        assert seen.ops["PutObject"] == 0
        assert bucket.contents() == before
        job = await lab.run("copy", key, toKey=to_key, ifExists="rename")
        assert job["result"]["key"] == renamed
        job = await lab.run("copy", key, toKey=to_key, ifExists="rename")
        assert job["result"]["key"] == renamed.replace("(2)", "(3)")
        bucket.put({f"{to_key}extra": b"stays"} if to_key.endswith("/") else {})
        job = await lab.run("copy", key, toKey=to_key, ifExists="replace")
        assert (job["state"], job["result"]["key"]) == ("done", to_key)
        assert bucket.holds(before)

    async def test_failures_that_pass(self, lab: Lab, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scan, "_TRIES", 30)
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
        assert (job["state"], job["error"]["code"]) == ("failed", "bad_request")
        assert (kept / "real.zarr" / "zarr.json").read_bytes() == GROUP


def _nothing(store: Store) -> Body:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(0):
            yield b""

    body = Body(pieces(), size=0)
    body.attach(store, AsyncExitStack())
    return body


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeS3]:
    with FakeS3(tmp_path_factory.mktemp("elsewhere") / "log.txt", only="scratch") as server:
        yield server


class TestTwoServices:
    """Buckets of one name: on another service, and on the same one by another name."""

    @pytest.fixture
    def jp_server_config(
        self, jp_server_config: dict[str, Any], bucket: Bucket, fake_s3: FakeS3, elsewhere: FakeS3
    ) -> dict[str, Any]:
        shared = {"kind": "s3", "root": f"s3://scratch/{bucket.prefix}", "anon": True, "writable": True}
        more = [
            {"id": "alias", "endpoint_url": fake_s3.url, **shared},
            {"id": "elsewhere", "endpoint_url": elsewhere.url, **shared},
        ]
        traits = jp_server_config["ZarrBrowser"]
        return {**jp_server_config, "ZarrBrowser": {**traits, "endpoints": [*traits["endpoints"], *more]}}

    @pytest.mark.parametrize("key", [STORE, "mine/foo"])
    async def test_the_same_address_on_another_service(self, lab: Lab, bucket: Bucket, key: str) -> None:
        job = await lab.run("copy", key, toEndpoint="elsewhere", toKey=key, deleteSource=True)
        assert (job["state"], job["error"]) == ("done", None)
        assert not bucket.contents().keys() & (below(STORE) if key == STORE else {key})
        again = await lab.run("copy", key, endpoint="elsewhere", toEndpoint="lab", toKey=key)
        assert (again["state"], again["error"]) == ("done", None)
        assert bucket.contents() == SIZES

    @pytest.mark.parametrize(
        ("key", "to_key"),
        [(STORE, STORE), ("mine/foo", "mine/foo"), (STORE, "mine/"), (STORE, f"{STORE}a/"), (STORE, f"{STORE}new/")],
    )
    async def test_the_same_service_by_another_name(self, lab: Lab, bucket: Bucket, key: str, to_key: str) -> None:
        more = {"toKey": to_key, "ifExists": "replace", "deleteSource": True}
        job = await lab.run("copy", key, toEndpoint="alias", **more)
        assert (job["state"], job["error"]["code"]) == ("failed", "bad_request")
        assert bucket.contents() == SIZES
