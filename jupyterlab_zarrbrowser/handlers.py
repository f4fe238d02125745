"""HTTP to Browser and back. Handlers translate; they do not decide."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from . import wire
from .browser import MAX_PAGE, Browser
from .errors import STATUS, BrowserError
from .io_thread import IoThread

_T = TypeVar("_T")

#: A request of 200 keys of the greatest length stays below.
_MAX_BODY = 2 * 2**20

_encode = msgspec.json.Encoder().encode


class ZarrBrowserHandler(APIHandler):
    """Base of all routes: one authorization resource, our errors, work on the I/O thread."""

    #: ``authorized`` keeps the first caller's resource for an inherited verb, so there is one for all.
    auth_resource = "zarrbrowser"

    def initialize(self, browser: Browser, io: IoThread) -> None:
        self.browser = browser
        self.io = io
        self._work: Any = None

    async def answer(self, work: Coroutine[Any, Any, _T]) -> None:
        """Send the struct that ``work`` returns, or the error that it raises."""
        self._work = asyncio.ensure_future(self.io.run(work))
        try:
            result = await self._work
        except asyncio.CancelledError:
            return  # the client has gone
        except BrowserError as exc:
            self.fail(exc)
            return
        self.set_header("Content-Type", "application/json")
        self.finish(_encode(result))

    def on_connection_close(self) -> None:
        """Stop asking the store for what nobody waits for any more."""
        if self._work is not None:
            self._work.cancel()
        super().on_connection_close()

    def fail(self, error: BrowserError) -> None:
        request_id = uuid.uuid4().hex[:12]
        self.log.info("zarrbrowser %s: %s: %s", request_id, error.code, error.message)
        body = wire.ErrorBody(
            code=error.code,
            message=error.message,
            hint=error.hint,
            retryable=error.retryable,
            request_id=request_id,
        )
        self.set_status(STATUS.get(error.code, 500))
        self.set_header("Content-Type", "application/json")
        self.finish(_encode(body))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Errors of the server itself: no traceback, no text that was not written for the user."""
        exc = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(exc, BrowserError):
            self.fail(exc)
        elif isinstance(exc, web.HTTPError):
            code = {401: "forbidden", 403: "forbidden", 404: "not_found", 405: "bad_request", 413: "too_large"}.get(
                status_code, "bad_request" if status_code < 500 else "internal"
            )
            body = wire.ErrorBody(code=code, message=exc.reason or "The request was refused.", request_id="")
            self.set_header("Content-Type", "application/json")
            self.finish(_encode(body))
        else:
            self.fail(BrowserError("internal", "The server failed. Its log says more."))

    def text(self, name: str, default: str | None = None) -> str:
        """A query argument exactly as sent; tornado would strip white space, which keys may end in."""
        value: str | None = self.get_query_argument(name, default, strip=False)
        if value is None:
            raise BrowserError("bad_request", f"The argument `{name}` is missing.")
        return value

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
        await self.answer(self.browser.endpoints())


class ChildrenHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(
            self.browser.children(
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
        if self.text("url", ""):
            work = self.browser.node_at(self.text("url"), self.text("endpoint", "") or None, refresh=self.refresh)
        else:
            work = self.browser.node(self.text("endpoint"), self.text("key", ""), refresh=self.refresh)
        await self.answer(work)


class NodesHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def post(self) -> None:
        if len(self.request.body) > _MAX_BODY:
            raise BrowserError("too_large", "The request is too large.", "Ask for fewer rows at a time.")
        try:
            asked = msgspec.convert(json.loads(self.request.body), wire.NodesRequest)
        except (ValueError, msgspec.ValidationError) as exc:
            raise BrowserError("bad_request", f"The body is not a NodesRequest: {exc}") from exc
        await self.answer(self.browser.nodes(asked.endpoint, asked.keys, refresh=asked.refresh))


class SnippetsHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self.browser.snippets(self.text("endpoint"), self.text("key")))


ROUTES: dict[str, type[ZarrBrowserHandler]] = {
    "endpoints": EndpointsHandler,
    "children": ChildrenHandler,
    "node": NodeHandler,
    "nodes": NodesHandler,
    "snippets": SnippetsHandler,
}


def routes(browser: Browser, io: IoThread) -> list[tuple[str, type[ZarrBrowserHandler], dict[str, Any]]]:
    """Tornado's routes, relative to the server's base URL."""
    return [
        (url_path_join("/zarrbrowser/api", name), handler, {"browser": browser, "io": io})
        for name, handler in ROUTES.items()
    ]
