"""One thread with an event loop for all stores, so that nothing they do can hold up kernels, saves or pages.

Clients of object stores read files, look for credentials and parse XML between two awaits. On the server's own loop
each of these would delay every other user of that loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")

#: Name look-ups, imports and file reads of all endpoints; a dead name server must not take them all.
_WORKERS = 64

#: What does not end by itself within this many seconds at the end is left behind.
_STOP_S = 5


class IoThread:
    """Runs coroutines on a loop of its own. Started on first use."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await ``work`` on that loop. Cancelling the caller cancels the work."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._started()))

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                loop.set_default_executor(ThreadPoolExecutor(_WORKERS, self._name))
                self._thread = threading.Thread(target=self._serve, args=(loop,), name=self._name, daemon=True)
                self._thread.start()
                self._loop = loop
            return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.close()

    async def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Run ``last``, cancel what is still under way, and end the thread."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            last.close()
            return
        try:
            await asyncio.wait_for(self.run(_finish(last)), _STOP_S)
        except TimeoutError:
            # Something blocks the loop. The server must go on ending its kernels.
            pass
        finally:
            self._loop = self._thread = None
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.to_thread(thread.join, _STOP_S)


async def _finish(last: Coroutine[Any, Any, None]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await last
