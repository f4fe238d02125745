"""HTTP to Browser and back. Handlers translate; they do not decide."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
import re
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import iostream, web

from . import wire
from .browser import MAX_PAGE, Browser
from .errors import STATUS, BrowserError
from .io_thread import IoThread
from .keys import name_of
from .stores import Body, Range

_S = TypeVar("_S")

#: A request of 200 keys of the greatest length stays below.
_MAX_BODY = 2 * 2**20

#: Between two events of a job.
_EVENT_S = 0.25

#: Refusals of the server itself.
_CODES = {401: "forbidden", 403: "forbidden", 404: "not_found", 413: "too_large"}

_encode = msgspec.json.Encoder().encode


class ZarrBrowserHandler(APIHandler):
    """Base of all routes: one authorization resource, our errors, work on the I/O thread."""

    #: ``authorized`` keeps the first caller's resource for an inherited verb, so there is one for all.
    auth_resource = "zarrbrowser"

    def initialize(self, browser: Browser, io: IoThread) -> None:
        self.browser = browser
        self.io = io
        self._work: Any = None

    async def answer(self, work: Callable[[], Coroutine[Any, Any, Any]], *, goes_on: bool = False) -> None:
        """Send the struct that the coroutine of ``work`` returns, or the error that is raised on the way to it.

        ``goes_on``: also where the client goes away, and there is nobody left to send it to.
        """
        try:
            running = asyncio.ensure_future(self.io.run(_encoded(work())))
            self._work = None if goes_on else running
            body = await running
        except asyncio.CancelledError:
            return  # the client has gone
        except BrowserError as exc:
            self.fail(exc)
        except Exception as exc:  # noqa: BLE001  (the user is told so, the log has the traceback)
            self.fail(BrowserError("internal", "The server failed; its log says more."), exc)
        else:
            self.send(body)

    def on_connection_close(self) -> None:
        """Stop asking the store for what nobody waits for any more."""
        if self._work is not None:
            self._work.cancel()
        super().on_connection_close()

    def fail(self, error: BrowserError, exc: BaseException | None = None) -> None:
        request_id = uuid.uuid4().hex[:12]
        # Jupyter's own line about a request blackens every argument that is called `key`.
        place = [
            values[-1] for name in ("endpoint", "key", "url") if (values := self.request.query_arguments.get(name))
        ]
        self.log.log(
            logging.ERROR if exc else logging.INFO,
            "zarrbrowser request %s: %s: %s %s",
            request_id,
            error.code,
            error.message,
            [text.decode("utf-8", "replace") for text in place],
            exc_info=exc,
        )
        self.set_status(STATUS[error.code])
        problem = error.problem()
        body = wire.ErrorBody(
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            retryable=problem.retryable,
            request_id=request_id,
        )
        self.send(_encode(body))

    def send(self, body: bytes) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(body)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What the server itself refuses (not logged in, not allowed, no XSRF token), in the same shape."""
        exc = kwargs.get("exc_info", (None, None, None))[1]
        code = "internal" if status_code >= 500 else _CODES.get(status_code, "bad_request")
        message = getattr(exc, "reason", None) or getattr(exc, "log_message", None) or "The request was refused."
        request_id = uuid.uuid4().hex[:12]
        self.log.info("zarrbrowser request %s: refused with %s", request_id, status_code)
        self.send(_encode(wire.ErrorBody(code=code, message=str(message), request_id=request_id)))

    def text(self, name: str, default: str | None = None) -> str:
        """A query argument exactly as sent: tornado would strip white space and control characters."""
        values = self.request.query_arguments.get(name)
        if not values:
            if default is None:
                raise BrowserError("bad_request", f"The argument `{name}` is missing.")
            return default
        try:
            return values[-1].decode()
        except UnicodeDecodeError as exc:
            raise BrowserError("bad_request", f"The argument `{name}` is not UTF-8.") from exc

    def number(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal() or len(value) > 9:
            raise BrowserError("bad_request", f"The argument `{name}` must be a whole number.")
        return int(value)

    @property
    def refresh(self) -> bool:
        return self.text("refresh", "0") not in {"", "0", "false"}


class EndpointsHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self.browser.endpoints)


class ChildrenHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(
            lambda: self.browser.children(
                self.text("endpoint"),
                self.text("key", ""),
                cursor=self.text("cursor", "") or None,
                limit=self.number("limit", MAX_PAGE),
                prefix=self.text("prefix", ""),
                refresh=self.refresh,
            )
        )


class NodeHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        def work() -> Coroutine[Any, Any, wire.Node]:
            url = self.text("url", "")
            if url:
                return self.browser.node_at(url, self.text("endpoint", "") or None, refresh=self.refresh)
            return self.browser.node(self.text("endpoint"), self.text("key", ""), refresh=self.refresh)

        await self.answer(work)


class NodesHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def post(self) -> None:
        def work() -> Coroutine[Any, Any, wire.Nodes]:
            asked = decoded(self.request.body, wire.NodesRequest)
            return self.browser.nodes(asked.endpoint, asked.keys, refresh=asked.refresh)

        await self.answer(work)


class SnippetsHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        def work() -> Coroutine[Any, Any, wire.Snippets]:
            endpoint, key, to_endpoint = self.text("endpoint"), self.text("key"), self.text("toEndpoint", "")
            if self.text("for", "") == "delete":
                return self.browser.delete_snippets(endpoint, key)
            if to_endpoint:
                return self.browser.copy_snippets(endpoint, key, to_endpoint, self.text("toKey"))
            return self.browser.snippets(endpoint, key)

        await self.answer(work)


async def _encoded(work: Coroutine[Any, Any, Any]) -> bytes:
    """An answer as it is sent. Made where the work is done: thousands of rows take a while."""
    return _encode(await work)


def decoded(body: bytes, struct: type[_S], max_bytes: int = _MAX_BODY) -> _S:
    """Raises BrowserError: ``too_large``, ``bad_request`` for a body that is no such struct."""
    if len(body) > max_bytes:
        raise BrowserError("too_large", "The request is too large.", "Ask for less at a time.")
    try:
        return msgspec.json.decode(body, type=struct)
    except msgspec.DecodeError as exc:
        raise BrowserError("bad_request", f"The body is no {struct.__name__}: {exc}") from exc


class ScratchHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self.browser.scratch)


class JobsHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        async def work() -> wire.Jobs:
            return self.browser.jobs.list()

        await self.answer(work)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(lambda: self.browser.start(decoded(self.request.body, wire.JobRequest)))


class JobHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        async def work() -> wire.Job:
            return self.browser.jobs.get(job_id)

        await self.answer(work)

    @web.authenticated
    @authorized
    async def delete(self, job_id: str) -> None:
        await self.answer(lambda: self.browser.jobs.cancel(job_id))


class JobEventsHandler(ZarrBrowserHandler):
    """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): the job, until it ends."""

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        try:
            job = await self.io.run(self.browser.jobs.watch(job_id, 0))
        except BrowserError as exc:
            self.fail(exc)
            return
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-cache")
        # A proxy that gathers what it passes on would show progress at the end only.
        self.set_header("X-Accel-Buffering", "no")
        try:
            while True:
                self.write(b"data: " + _encode(job) + b"\n\n")
                await self.flush()
                if job.state not in {"queued", "running"}:
                    break
                job = await self.io.run(self.browser.jobs.watch(job_id, _EVENT_S))
        except (iostream.StreamClosedError, BrowserError):
            return  # nobody watches any more, or the job was forgotten
        self.finish()


class DownloadHandler(ZarrBrowserHandler):
    """One object as it is, or the part of it that a ``Range`` asks for; a container as a zip file."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        try:
            endpoint, key = self.text("endpoint"), self.text("key")
        except BrowserError as exc:
            self.fail(exc)
            return
        if key.endswith("/"):
            await self._send_archive(endpoint, key)
            return
        try:
            body = await self._opened(endpoint, key)
        except BrowserError as exc:
            if exc.code == "bad_range":
                with contextlib.suppress(BrowserError):
                    whole = await self.io.run(self.browser.download(endpoint, key, None))
                    await self.io.run(whole.close())
                    self.set_header("Content-Range", f"bytes */{'*' if whole.size is None else whole.size}")
            self.fail(exc)
            return
        try:
            self._announce(body, key)
            # The last piece is sent once the body has ended well and is closed.
            last = await self.io.run(body.next())
            while piece := await self.io.run(body.next()):
                self.write(last)
                await self.flush()  # as fast as the browser takes it, and no faster
                last = piece
        except iostream.StreamClosedError:
            return  # the user has cancelled
        except BrowserError as exc:
            self._break_off(exc)
            return
        finally:
            await self.io.run(body.close())
        self.finish(last, set_content_type=_media_type(key))

    async def _send_archive(self, endpoint: str, key: str) -> None:
        """A container as a zip file. How long it will be is not known when it begins."""
        try:
            pieces = await self.io.run(self.browser.archive(endpoint, key))
        except BrowserError as exc:
            self.fail(exc)
            return
        self._describe(f"{name_of(key)}.zip", "application/zip")
        try:
            while piece := await self.io.run(_next(pieces)):
                self.write(piece)
                await self.flush()
        except iostream.StreamClosedError:
            return
        except BrowserError as exc:
            self._break_off(exc)
            return
        finally:
            await self.io.run(pieces.aclose())  # type: ignore[attr-defined]
        self.finish(set_content_type="application/zip")

    def _break_off(self, exc: BrowserError) -> None:
        """What was sent must not look whole: without its end, the browser says that the download failed."""
        self.log.info("zarrbrowser download: %s: %s", exc.code, exc.message)
        self.detach().close()

    async def _opened(self, endpoint: str, key: str) -> Body:
        wanted = _range(self.request.headers.get("Range", ""))
        body = await self.io.run(self.browser.download(endpoint, key, wanted))
        condition = self.request.headers.get("If-Range")
        if wanted is not None and condition is not None and condition != body.etag:
            # It has changed since: the rest of it would not fit to what the browser has.
            await self.io.run(body.close())
            body = await self.io.run(self.browser.download(endpoint, key, None))
        return body

    def _announce(self, body: Body, key: str) -> None:
        self._describe(name_of(key), _media_type(key))
        self.set_header("Accept-Ranges", "bytes")
        if body.etag:
            self.set_header("ETag", body.etag)
        if body.stop is not None:
            self.set_header("Content-Length", str(body.stop - body.start))
        if body.size is not None and (body.start, body.stop) != (0, body.size):
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {body.start}-{body.stop - 1}/{body.size}")  # type: ignore[operator]

    def _describe(self, name: str, media_type: str) -> None:
        self.set_header("Content-Type", media_type)
        # It is data of others: never rendered as a page of this server's.
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> None:
        """Tornado would make one of the last piece."""


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces, b"")


def _media_type(key: str) -> str:
    return mimetypes.guess_type(name_of(key))[0] or "application/octet-stream"


_RANGE = re.compile(r"bytes=(?:(\d{1,19})-(\d{0,19})|-(\d{1,19}))")


def _range(header: str) -> Range | None:
    """One range; None where there is none or several, which a server may ignore (RFC 9110, section 14.2)."""
    matched = _RANGE.fullmatch(header.strip())
    if matched is None:
        return None
    first, last, suffix = matched.groups()
    if suffix is not None:
        return Range(-int(suffix)) if int(suffix) else None
    return Range(int(first), int(last) + 1 if last else None) if not last or int(last) >= int(first) else None


ROUTES: dict[str, type[ZarrBrowserHandler]] = {
    "endpoints": EndpointsHandler,
    "children": ChildrenHandler,
    "node": NodeHandler,
    "nodes": NodesHandler,
    "snippets": SnippetsHandler,
    "download": DownloadHandler,
    "scratch": ScratchHandler,
    "jobs": JobsHandler,
    r"jobs/([^/]+)": JobHandler,
    r"jobs/([^/]+)/events": JobEventsHandler,
}


class ReservedHandler(ZarrBrowserHandler):
    """Routes that the contract names for features of later versions: guarded as the others, and plain about it."""

    def _refuse(self) -> None:
        self.fail(BrowserError("not_available", "This version of the server cannot do that."))

    @web.authenticated
    @authorized
    async def get(self, *_: str) -> None:
        self._refuse()

    @web.authenticated
    @authorized
    async def post(self, *_: str) -> None:
        self._refuse()

    @web.authenticated
    @authorized
    async def put(self, *_: str) -> None:
        self._refuse()

    @web.authenticated
    @authorized
    async def delete(self, *_: str) -> None:
        self._refuse()
