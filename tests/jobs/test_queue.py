"""How many jobs run, wait and are remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlab_zarrbrowser import wire
from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.jobs import Jobs

from .lab import SECRET


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
