"""Many who ask the same at once share one request, and nobody takes it from the others."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from jupyterlab_zarrbrowser.concurrency import SingleFlight, gather


class Work:
    """Something under way that a test ends."""

    def __init__(self) -> None:
        self.started = 0
        self.cancelled = 0
        self.end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.started += 1
        try:
            return await asyncio.shield(self.end)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def started(*coroutines: Coroutine[Any, Any, str]) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(each) for each in coroutines]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_those_who_ask_the_same_share_one_request() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work, other = Work(), Work()
    tasks = await started(flights.run("a", work), flights.run("a", work), flights.run("b", other))
    work.end.set_result("A")
    other.end.set_result("B")
    assert await asyncio.gather(*tasks) == ["A", "A", "B"]
    assert (work.started, other.started) == (1, 1)
    assert await flights.run("a", work) == "A"
    assert work.started == 2


async def test_an_error_reaches_everybody_and_is_not_remembered() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()
    tasks = await started(flights.run("a", work), flights.run("a", work))
    work.end.set_exception(ValueError("no"))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no", "no"]
    with pytest.raises(ValueError, match="no"):
        await flights.run("a", work)
    assert work.started == 2


async def test_one_who_leaves_does_not_take_it_from_the_others() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()
    first, second = await started(flights.run("a", work), flights.run("a", work))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert first.cancelled()
    work.end.set_result("A")
    assert await second == "A"
    assert work.cancelled == 0


async def test_when_all_leave_the_request_ends() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    work = Work()
    tasks = await started(flights.run("a", work), flights.run("a", work))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    again = Work()
    (task,) = await started(flights.run("a", again))  # joins nobody who is leaving
    assert work.cancelled == 1
    again.end.set_result("A")
    assert await task == "A"


@pytest.mark.parametrize("leave", [True, False])
async def test_an_error_that_nobody_waits_for_is_quiet(jp_asyncio_loop: asyncio.AbstractEventLoop, leave: bool) -> None:
    complaints: list[dict[str, Any]] = []
    jp_asyncio_loop.set_exception_handler(lambda _, context: complaints.append(context))
    flights: SingleFlight[str, str] = SingleFlight()

    async def stubborn() -> str:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError as exc:
            raise ValueError("while leaving") from exc
        return ""

    async def fails() -> str:
        raise ValueError("at once")

    make: Callable[[], Coroutine[Any, Any, str]] = stubborn if leave else fails
    (task,) = await started(flights.run("a", make))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)
    del task
    gc.collect()
    assert complaints == []


class TestGather:
    """Many requests, a few at a time."""

    async def test_results_come_in_order_and_few_are_under_way(self) -> None:
        under_way: set[int] = set()
        most = 0

        async def one(number: int) -> int:
            nonlocal most
            under_way.add(number)
            most = max(most, len(under_way))
            for _ in range(number % 3):
                await asyncio.sleep(0)
            under_way.remove(number)
            return number

        assert await gather(one(number) for number in range(100)) == list(range(100))
        assert 1 < most <= 24

    async def test_the_first_error_ends_them_all(self) -> None:
        """Those that are under way, and those that wait for their turn."""
        ended: list[int] = []
        began: list[int] = []

        async def one(number: int) -> None:
            began.append(number)
            if number == 5:
                raise ValueError("no")
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append(number)

        with pytest.raises(ValueError, match="no"):
            await gather(one(number) for number in range(60))
        assert sorted(ended) == [number for number in sorted(began) if number != 5]
        assert len(began) < 60
        assert len(asyncio.all_tasks()) == 1
        gc.collect()  # what never began does not complain

    async def test_cancelling_ends_them_all(self) -> None:
        ended: list[int] = []

        async def one(number: int) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(number)

        task = asyncio.create_task(gather(one(number) for number in range(60)))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert len(ended) == 24
        assert len(asyncio.all_tasks()) == 1
        gc.collect()
