"""What may not be changed is refused before the store is asked for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser import scan, transfers

from .lab import SIZES, STORE, Bucket, Lab, below


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


class TestScratchOfOneUser:
    """The environment names a place that is the same for all users of a hub."""

    @pytest.fixture
    def jp_server_config(
        self, jp_server_config: dict[str, Any], bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> dict[str, Any]:
        monkeypatch.setenv("JUPYTERHUB_USER", "mine")
        monkeypatch.setenv("SCRATCH_BUCKET", f"s3://scratch/{bucket.prefix}")
        scratch = [{"url_env": ["SCRATCH_BUCKET"], "endpoint": "lab", "renewable": True, "lifetime_days": 5}]
        return {**jp_server_config, "ZarrBrowser": {**jp_server_config["ZarrBrowser"], "scratch": scratch}}

    @pytest.mark.parametrize(
        ("kind", "key", "more"),
        [
            ("delete", "theirs/x", {}),
            ("delete", "mine2/x", {}),
            ("delete", "mine", {}),
            ("delete", "", {}),
            ("renew", "theirs/", {}),
            ("renew", "", {}),
            ("copy", STORE, {"toKey": "theirs/foo.zarr/"}),
            ("copy", "theirs/x", {"toKey": "mine/x", "deleteSource": True}),
        ],
    )
    async def test_what_is_of_others_stays(
        self, lab: Lab, bucket: Bucket, kind: str, key: str, more: dict[str, Any]
    ) -> None:
        assert await lab.refused(kind, key, endpoint="scratch", **more) == (403, "read_only")
        assert bucket.contents() == SIZES

    async def test_the_own_part_is_counted_and_emptied(self, lab: Lab, bucket: Bucket) -> None:
        (location,) = await lab.scratch()
        assert (location["key"], location["writable"], location["lifetimeDays"]) == ("mine/", True, 5)
        assert (location["renewable"], location["usage"]) == (True, None)
        assert location["keep"][0] == "lab", "the service itself copies there"
        counted = (await lab.run("usage", "mine/", endpoint="scratch"))["result"]
        assert counted["objects"] == len(below("mine/"))
        (location,) = await lab.scratch()
        assert location["usage"]["objects"] == len(below("mine/"))
        assert (await lab.run("delete", "mine/", endpoint="scratch"))["state"] == "done"
        assert set(bucket.contents()) == {"theirs/x"}

    async def test_the_clock_is_reset(self, lab: Lab, bucket: Bucket) -> None:
        with lab.proxy.recording() as seen:
            job = await lab.run("renew", STORE, endpoint="scratch")
        assert (job["state"], job["result"]["objects"]) == ("done", 8)
        size = sum(map(len, below(STORE).values()))
        assert job["progress"] == {
            "objects": 8,
            "bytes": size,
            "totalObjects": 8,
            "totalBytes": size,
            "requests": None,
        }
        assert bucket.contents() == SIZES
        assert sorted(bucket.relative(seen, "PutObject")) == sorted(below(STORE)), "each rewritten, and no neighbour"
        assert seen.ops["GetObject"] == 0

    async def test_how_much_there_is_to_reset_is_counted_up_to_a_bound(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transfers, "_MAX_WEIGHED", 3)
        job = await lab.run("renew", STORE, endpoint="scratch")
        assert (job["state"], job["progress"]["objects"], job["progress"]["totalObjects"]) == ("done", 8, None)
        one = await lab.run("renew", "mine/foo.zarr/zarr.json", endpoint="scratch")
        assert (one["state"], one["progress"]["objects"], one["progress"]["totalObjects"]) == ("done", 1, 1)

    async def test_resetting_the_clock_survives_failures_that_pass(
        self, lab: Lab, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scan, "_TRIES", 30)
        lab.proxy.configure(fail_rate=0.4, fail_modes=("slowdown",), seed=2)
        job = await lab.run("renew", STORE, endpoint="scratch")
        assert (job["state"], job["error"]) == ("done", None)
        lab.proxy.reset()
        assert bucket.contents() == SIZES
