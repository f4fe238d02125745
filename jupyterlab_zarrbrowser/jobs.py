"""Work that takes longer than a request: started, watched, cancelled. Knows nothing of what the work is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from . import wire
from .errors import BrowserError
from .expiry import text_of

#: Jobs that run at a time; others wait their turn.
_RUNNING = 4

#: Jobs that may wait.
_WAITING = 50

#: Jobs that have ended and are remembered.
_REMEMBERED = 50

_log = logging.getLogger(__name__)


class _Job:
    def __init__(self, request: wire.JobRequest, progress: Callable[[], wire.JobProgress]) -> None:
        self.id = uuid.uuid4().hex
        self.request = request
        self.progress = progress
        self.state: wire.JobState = "queued"
        self.result: wire.Usage | wire.Transferred | None = None
        self.error: wire.Problem | None = None
        self.started_at = text_of(datetime.now(UTC))
        self.ended = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """Called when the task is over, even where it was cancelled before it began."""
        if self.state in {"queued", "running"}:
            self.state = "cancelled"
        self.ended.set()

    def public(self, *, is_listed: bool = False) -> wire.Job:
        # A count has thousands of rows, and a list up to a hundred jobs.
        is_left_out = is_listed and isinstance(self.result, wire.Usage)
        return wire.Job(
            id=self.id,
            kind=self.request.kind,
            endpoint=self.request.endpoint,
            key=self.request.key,
            request=self.request,
            state=self.state,
            progress=self.progress(),
            result=None if is_left_out else self.result,
            error=self.error,
            started_at=self.started_at,
        )


class Jobs:
    """The jobs of one server. Everything runs on the I/O thread's loop."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._slots = asyncio.Semaphore(_RUNNING)

    def start(
        self,
        request: wire.JobRequest,
        work: Callable[[], Coroutine[Any, Any, wire.Usage | wire.Transferred]],
        progress: Callable[[], wire.JobProgress],
    ) -> wire.Job:
        """Begin work. The same request as one under way joins that.

        Raises
        ------
        BrowserError
            ``throttled`` where too many wait already.
        """
        under_way = [job for job in self._jobs.values() if not job.ended.is_set()]
        for job in under_way:
            if job.request == request:
                return job.public()
        if len(under_way) >= _RUNNING + _WAITING:
            raise BrowserError("throttled", "Too many jobs are under way.", "Wait until one has ended, or cancel one.")
        job = _Job(request, progress)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, work))
        job.task.add_done_callback(lambda _: job.end())
        ended = [each for each in self._jobs.values() if each.ended.is_set()]
        for each in ended[: max(0, len(ended) - _REMEMBERED)]:
            del self._jobs[each.id]
        return job.public()

    async def _run(self, job: _Job, work: Callable[[], Coroutine[Any, Any, wire.Usage | wire.Transferred]]) -> None:
        try:
            async with self._slots:
                job.state = "running"
                job.result = await work()
            job.state = "done"
        except BrowserError as exc:
            job.state, job.error = "failed", exc.problem()
        except Exception:  # noqa: BLE001  (the user is told so, the log has the traceback)
            _log.exception("zarrbrowser job %s failed", job.id)
            job.state, job.error = "failed", BrowserError("internal", "The job failed; the log says more.").problem()

    def list(self) -> wire.Jobs:
        """Newest first, without the results of counts."""
        return wire.Jobs(jobs=[job.public(is_listed=True) for job in reversed(self._jobs.values())])

    def get(self, job_id: str) -> wire.Job:
        """Raises BrowserError (``not_found``) for a job that there never was, or that ended long ago."""
        return self._job(job_id).public()

    async def watch(self, job_id: str, pause_s: float) -> wire.Job:
        """The job when it has ended, or as it is after ``pause_s``."""
        job = self._job(job_id)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(job.ended.wait(), pause_s)
        return job.public()

    async def cancel(self, job_id: str) -> wire.Job:
        """End a job. What it has done already stays done."""
        job = self._job(job_id)
        if job.task is not None and not job.ended.is_set():
            job.task.cancel()
            await job.ended.wait()
        return job.public()

    async def close(self) -> None:
        """End all jobs."""
        for job in self._jobs.values():
            if job.task is not None:
                job.task.cancel()
        await asyncio.gather(*(job.task for job in self._jobs.values() if job.task), return_exceptions=True)

    def _job(self, job_id: str) -> _Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise BrowserError("not_found", "There is no such job (any more).", "Start it again.")
        return job
