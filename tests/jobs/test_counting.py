"""Counts: events, joining, cancelling, and what cannot be counted."""

from __future__ import annotations

import asyncio

import pytest

from .lab import STORE, Bucket, Lab, below, seen_by


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
