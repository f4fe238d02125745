"""Many requests at once, within limits, and one request for many who ask the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, Generic, TypeVar

from .errors import BrowserError

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")
_T = TypeVar("_T")

#: Documents in flight for one gesture, so that one screenful does not take every slot of the endpoint.
_MAX_AT_ONCE = 24


async def gather(work: Iterable[Coroutine[Any, Any, _T]], at_once: int = _MAX_AT_ONCE) -> list[_T]:
    """The results in order, at most ``at_once`` under way at a time.

    The first error ends them all: when it is raised, nothing is under way any more.
    """
    limit = asyncio.Semaphore(at_once)

    async def one(each: Coroutine[Any, Any, _T]) -> _T:
        async with limit:
            return await each

    wanted = list(work)
    tasks = [asyncio.create_task(one(each)) for each in wanted]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    finally:
        for each in wanted:
            each.close()  # those that never began would complain


async def outcome(work: Coroutine[Any, Any, _T]) -> _T | BrowserError:
    """The result, or the error as a value: for what only prepares, or is one of several."""
    try:
        return await work
    except BrowserError as exc:
        return exc


class SingleFlight(Generic[_K, _V]):
    """Callers that ask for the same while the answer is under way share one request.

    When the last of them is cancelled, so is the request.
    """

    def __init__(self) -> None:
        self._running: dict[_K, tuple[asyncio.Task[_V], list[int]]] = {}

    async def run(self, key: _K, work: Callable[[], Coroutine[Any, Any, _V]]) -> _V:
        if key not in self._running:
            task = asyncio.create_task(work())
            self._running[key] = (task, [0])
            task.add_done_callback(lambda done: self._ended(key, done))
        task, waiting = self._running[key]
        waiting[0] += 1
        try:
            return await asyncio.shield(task)
        finally:
            waiting[0] -= 1
            if waiting[0] == 0 and not task.done():
                # Nobody may join what is being cancelled.
                self._forget(key, task)
                task.cancel()

    def _ended(self, key: _K, task: asyncio.Task[_V]) -> None:
        self._forget(key, task)
        if not task.cancelled():
            # Looked at, so that asyncio does not complain of an error that nobody is left to hear.
            task.exception()

    def leave(self, which: Callable[[_K], bool]) -> None:
        """Let nobody join any more what is under way for these keys; those who wait for it still get it."""
        for key in [each for each in self._running if which(each)]:
            del self._running[key]

    def _forget(self, key: _K, task: asyncio.Task[_V]) -> None:
        if key in self._running and self._running[key][0] is task:
            del self._running[key]
