"""Deletions: metadata first, no neighbour, and no more than was agreed to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser import scan
from jupyterlab_zarrbrowser.formats import METADATA_NAMES
from jupyterlab_zarrbrowser.stores.s3 import S3Store

from .lab import OBJECTS, SIZES, STORE, Bucket, Lab, below


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
            "requests": None,
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
            assert job["error"]["code"] == "more_than_agreed"
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

    async def test_failures_that_pass(self, lab: Lab, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scan, "_TRIES", 30)
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
