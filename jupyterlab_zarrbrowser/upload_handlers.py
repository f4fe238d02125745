"""HTTP for uploads. Bodies are taken from the socket only while there is room for them in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from . import wire
from .browser import Browser
from .errors import BrowserError
from .handlers import ZarrBrowserHandler, decoded
from .io_thread import IoThread
from .stores.uploads import MAX_PART_BYTES
from .uploads import MAX_BATCH_BYTES

#: Bytes of bodies in memory at a time. One that is larger waits until it is alone.
ROOM_BYTES = 64 * 2**20

#: Describes the files of a batch: keys may be long.
_MAX_MANIFEST = 2**20
_LENGTH_BYTES = 4

#: A browser that sends nothing any more (a computer that sleeps does not say so) gives its room back after so many
#: seconds, and more for a large body on a slow line.
_BODY_S = 60
_SLOWEST = 20_000


class Room:
    """A number of bytes that are given out in the order in which they were asked for."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, wanted: int) -> int:
        """Wait for so many bytes, or for all that there are; returns what :meth:`give` has to give back."""
        wanted = min(wanted, self._size)
        if not self._waiting and wanted <= self._free:
            self._free -= wanted
            return wanted
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(wanted)
            else:
                self._waiting.remove((wanted, turn))
                self._let_in()
            raise
        return wanted

    def give(self, taken: int) -> None:
        self._free += taken
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            wanted, turn = self._waiting.popleft()
            self._free -= wanted
            turn.set_result(None)


_room = Room(ROOM_BYTES)


class TakenHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(lambda: self.browser.puts.taken(decoded(self.request.body, wire.TakenRequest, _MAX_TAKEN)))


#: 10,000 keys of the greatest length.
_MAX_TAKEN = 16 * 2**20


class UploadsHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda: self.browser.puts.unfinished(self.text("endpoint"), self.text("key", "")))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(lambda: self.browser.puts.begin(decoded(self.request.body, wire.UploadRequest)))


class UploadHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def get(self, upload_id: str) -> None:
        await self.answer(lambda: self.browser.puts.get(upload_id))

    @web.authenticated
    @authorized
    async def delete(self, upload_id: str) -> None:
        async def work() -> dict[str, Any]:
            await self.browser.puts.cancel(upload_id)
            return {}

        await self.answer(work)


class CompleteHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def post(self, upload_id: str) -> None:
        # Goes on where the browser goes away: an object that is put together half would have to be looked for.
        await self.answer(lambda: self.browser.puts.complete(upload_id), goes_on=True)


class ContainersHandler(ZarrBrowserHandler):
    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(lambda: self.browser.puts.create(decoded(self.request.body, wire.CreateRequest)))


@web.stream_request_body
class ReceivingHandler(ZarrBrowserHandler):
    """A body of many megabytes. While there is no room for it, it stays in the browser."""

    max_bytes = 0

    def initialize(self, browser: Browser, io: IoThread) -> None:
        super().initialize(browser, io)
        self._taken = 0
        self._received = bytearray()

    async def prepare(self) -> None:  # type: ignore[override]
        await super().prepare()
        if self._finished:
            return
        if self.current_user is None:
            raise web.HTTPError(403)
        length = self.request.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > self.max_bytes:
            message = f"A body of {length or '?'} bytes is not taken."
            self.fail(BrowserError("too_large", message, "Send less at a time."))
            return
        self.request.connection.set_max_body_size(int(length))  # type: ignore[union-attr]
        self.request.connection.set_body_timeout(_BODY_S + int(length) / _SLOWEST)  # type: ignore[union-attr]
        self._taken = await _room.take(int(length))

    def data_received(self, chunk: bytes) -> None:
        if not self._finished:
            self._received += chunk

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._leave()

    def on_finish(self) -> None:
        super().on_finish()
        self._leave()

    def _leave(self) -> None:
        taken, self._taken = self._taken, 0
        self._received = bytearray()
        if taken:
            _room.give(taken)


class PartHandler(ReceivingHandler):
    max_bytes = MAX_PART_BYTES

    @web.authenticated
    @authorized
    async def put(self, upload_id: str, number: str) -> None:
        def work() -> Coroutine[Any, Any, wire.UploadPart]:
            crc32 = self.text("crc32")
            if not crc32.isdecimal() or len(crc32) > 10:
                raise BrowserError("bad_request", "`crc32` must be a whole number.")
            # Not both of them in memory while the part is sent.
            data, self._received = bytes(self._received), bytearray()
            return self.browser.puts.put_part(upload_id, int(number), int(crc32), data)

        await self.answer(work)


class BatchHandler(ReceivingHandler):
    max_bytes = MAX_BATCH_BYTES + _MAX_MANIFEST + _LENGTH_BYTES

    @web.authenticated
    @authorized
    async def post(self) -> None:
        def work() -> Coroutine[Any, Any, wire.BatchResult]:
            body = memoryview(self._received)
            end = _LENGTH_BYTES + int.from_bytes(body[:_LENGTH_BYTES], "big")
            if not _LENGTH_BYTES < end <= len(body):
                raise BrowserError("bad_request", "The batch did not arrive as a whole.", "Send it again.")
            batch = decoded(bytes(body[_LENGTH_BYTES:end]), wire.Batch)
            return self.browser.puts.batch(batch, body[end:])

        await self.answer(work)


ROUTES: dict[str, type[ZarrBrowserHandler]] = {
    "containers": ContainersHandler,
    "uploads": UploadsHandler,
    "uploads/taken": TakenHandler,
    "uploads/batch": BatchHandler,
    r"uploads/([0-9a-f]{32})": UploadHandler,
    r"uploads/([0-9a-f]{32})/complete": CompleteHandler,
    r"uploads/([0-9a-f]{32})/parts/(\d{1,6})": PartHandler,
}
