"""A reverse proxy that counts requests and can be slow, faulty or forbidding.

It passes bytes on unchanged, the Host header included. A SigV4 signature made for the proxy's address therefore
verifies upstream, since servers check it against the Host header that they receive.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from .http_framing import (
    HEAD_END,
    BodyReader,
    expects_continue,
    range_of,
    request_body,
    reset_connection,
    response_body,
    s3_error,
    wants_close,
)
from .loop_thread import LoopThread
from .records import OpNamer, Record, Recorded, Recorder, s3_op
from .traffic import DENIED, Conditions, Traffic

#: Bytes of throttled answer that may wait in memory before reading from upstream pauses.
_QUEUE_BYTES = 1 << 20

#: Time between two looks at whether a throttled answer has left.
_DRAIN_POLL_S = 0.002


class CountingProxy(Recorded):
    """Runs in a thread of this process from construction until ``close``."""

    def __init__(self, upstream_url: str, *, op_of: OpNamer = s3_op, **conditions: Any) -> None:
        parts = urlsplit(upstream_url)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise ValueError(f"expected http://host:port, got {upstream_url}")
        self.upstream = (parts.hostname, parts.port)
        self.recorder = Recorder(op_of)
        self.traffic = Traffic(self.recorder, Conditions(**conditions))
        self.clients: set[_Client] = set()
        self._thread = LoopThread("counting-proxy")
        self._server = self._thread.call(self._listen())
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Client(self, loop), "127.0.0.1", 0, backlog=512)

    @property
    def inflight_peak(self) -> int:
        """The most requests that were under way at once since the last ``reset``."""
        return self.traffic.inflight_peak

    def configure(self, **changes: Any) -> None:
        """Sets some of the fields of ``Conditions``."""
        self.traffic.configure(**changes)

    def reset(self) -> None:
        """Forgets all requests and restores conditions that do nothing."""
        self.traffic.restore()
        self.traffic.inflight_peak = 0
        super().reset()

    def close(self) -> None:
        if self._thread.loop.is_closed():
            return
        self._thread.call(self._close())
        self._thread.stop()

    async def _close(self) -> None:
        self._server.close()
        for client in list(self.clients):
            client.abort()
        await asyncio.sleep(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class _Upstream(asyncio.Protocol):
    """The connection to the server, of which each client connection has at most one."""

    transport: asyncio.Transport

    def __init__(self, client: _Client) -> None:
        self.client = client
        self.body: BodyReader | None = None
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def pause_writing(self) -> None:
        self.client.transport.pause_reading()

    def resume_writing(self) -> None:
        self.client.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self.body is None:
            rest = self._take_head(data)
            if rest is None:
                return
            data = rest
        body = self.body
        assert body is not None
        if data:
            self.client.on_body(data[: body.feed(data)], body)
        if body.ended and self.body is body:  # else the answer was cut short
            self.client.on_answered()

    def _take_head(self, data: bytes) -> bytes | None:
        """Passes on a response's head, and returns what came after it; None while the head is incomplete."""
        self._head += data
        while HEAD_END in self._head:
            head, _, rest = self._head.partition(HEAD_END)
            head += HEAD_END
            status = int(head[9:12])
            self._head = rest
            if status < 200:  # 100 Continue and the like precede the answer
                self.client.send(head)
                continue
            self._head = b""
            self.body = response_body(head, self.client.record.method, status)
            self.client.on_head(head, status, self.body)
            return rest
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.client.on_upstream_lost(self)


class _Client(asyncio.Protocol):
    """A connection from a client, and the one request under way on it.

    States: ``idle``, ``waiting`` (latency, connecting), ``sending`` (the request's body is still coming in),
    ``discarding`` (the same, for a request that the proxy answers itself) and ``answering``.
    """

    transport: asyncio.Transport
    record: Record

    def __init__(self, proxy: CountingProxy, loop: asyncio.AbstractEventLoop) -> None:
        self.proxy = proxy
        self.traffic = proxy.traffic
        self.loop = loop
        self.state = "idle"
        self.upstream: _Upstream | None = None
        self._buffer = bytearray()
        self._head = b""
        self._request = BodyReader(0)
        self._serial = 0
        self._fault: str | None = None
        self._keep_alive = True
        self._masked = False
        self._truncate_after = 0
        self._queued = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.proxy.clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.clients.discard(self)
        self._serial += 1
        if self.state != "idle":
            self.state = "idle"
            self.record.fault = self.record.fault or "client-closed"
            self.traffic.end(self.record)
        self._drop_upstream()

    def abort(self) -> None:
        self._drop_upstream()
        self.transport.abort()

    def _drop_upstream(self) -> None:
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.transport.abort()

    def pause_writing(self) -> None:
        if self.upstream is not None:
            self.upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.upstream is not None and self._queued < _QUEUE_BYTES:
            self.upstream.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self.state == "idle":
            self._next_request()
        elif self.state in ("sending", "discarding"):
            self._take_request_body()

    def _next_request(self) -> None:
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        self._head = bytes(self._buffer[: end + len(HEAD_END)])
        del self._buffer[: len(self._head)]
        method, target, _ = self._head.decode("latin-1").split(" ", 2)
        self._request = request_body(self._head)
        self._keep_alive, self._masked = True, False
        self.state = "waiting"
        self.record = self.traffic.begin(method, target, range_of(self._head))
        self._fault = self.record.fault = self.traffic.verdict(self.record, target)
        self._serial += 1
        delay_s = self.traffic.delay_s()
        if delay_s:
            self.loop.call_later(delay_s, self._go, self._serial)
        else:
            self._go(self._serial)

    def _go(self, serial: int) -> None:
        if serial != self._serial or self.state != "waiting":
            return
        if self._fault == "stall":
            return
        if self._fault == "reset":
            self.state = "answering"
            self._finish(reset=True)
        elif self._fault in (DENIED, "slowdown"):
            self._answer_itself()
        elif self.upstream is None:
            self.loop.create_task(self._connect(serial))
        else:
            self._forward()

    async def _connect(self, serial: int) -> None:
        upstream = _Upstream(self)
        try:
            await self.loop.create_connection(lambda: upstream, *self.proxy.upstream)
        except OSError:
            if serial == self._serial and self.state == "waiting":
                self._fault = self.record.fault = "upstream-unreachable"
                self._answer_itself()
            return
        if serial != self._serial or self.state != "waiting":
            upstream.transport.abort()
            return
        self.upstream = upstream
        self._forward()

    def _forward(self) -> None:
        assert self.upstream is not None
        self.upstream.body = None
        self.state = "answering" if self._request.ended else "sending"
        self.upstream.transport.write(self._head)
        if self.state == "sending" and self._buffer:
            self._take_request_body()

    def _answer_itself(self) -> None:
        """Answers once the request is complete: an answer to half a request is lost to many clients."""
        if self._request.ended:
            self._send_own_answer()
        elif expects_continue(self._head):
            self._keep_alive = False
            self._send_own_answer()
        else:
            self.state = "discarding"
            self._take_request_body()

    def _send_own_answer(self) -> None:
        self.state = "answering"
        status, reason, code, message = {
            "slowdown": (503, "Slow Down", "SlowDown", "Please reduce your request rate."),
            DENIED: (403, "Forbidden", "AccessDenied", "Access Denied"),
        }.get(self._fault or "", (502, "Bad Gateway", "BadGateway", "The upstream server cannot be reached."))
        self.record.status = status
        head_only = self.record.method == "HEAD"
        self.send(s3_error(status, reason, code, message, head_only=head_only, close=not self._keep_alive))
        self._finish()

    def _take_request_body(self) -> None:
        data = bytes(self._buffer)
        taken = self._request.feed(data)
        del self._buffer[:taken]
        self.record.bytes_in = self._request.total
        if self.state == "discarding":
            if self._request.ended:
                self._send_own_answer()
            return
        if self.upstream is not None:
            self.upstream.transport.write(data[:taken])
        if self._request.ended:
            self.state = "answering"

    def on_head(self, head: bytes, status: int, body: BodyReader) -> None:
        self._keep_alive = not wants_close(head) and not body.until_close
        if status == 404 and self._hides_missing():
            self._masked = True
            self.record.fault = DENIED
            return
        if self._fault == "truncate":
            self._truncate_after = (body.left or 2048) // 2
        self.record.status = status
        if self._fault != "mute":
            self.send(head)

    def _hides_missing(self) -> bool:
        is_object = "/" in self.record.path.strip("/")
        return self.traffic.conditions.missing_as_403 and is_object and self.record.method in ("GET", "HEAD")

    def on_body(self, data: bytes, body: BodyReader) -> None:
        if self._masked or not data or self._fault == "mute":
            return
        if self._fault == "truncate":
            data = data[: self._truncate_after]
            self._truncate_after -= len(data)
            self.send(data)
            if not self._truncate_after:
                self._finish(reset=True)
            return
        self.send(data)

    def on_answered(self) -> None:
        if self._masked:
            self._fault = DENIED
            self._send_own_answer()
        else:
            self._finish(reset=self._fault in {"truncate", "mute"})

    def on_upstream_lost(self, upstream: _Upstream) -> None:
        if self.upstream is not upstream:
            return
        self.upstream = None
        if upstream.body is not None and upstream.body.until_close:
            self._keep_alive = False
            self.on_answered()
        elif self.state in ("sending", "answering"):
            self.record.fault = self.record.fault or "upstream-closed"
            self._finish(reset=True)

    def send(self, data: bytes) -> None:
        self.record.bytes_out += len(data)
        leaves_at = self.traffic.leaves_at(len(data))
        if not leaves_at and not self._queued:
            self.transport.write(data)
            return
        self._queued += len(data)
        if self._queued > _QUEUE_BYTES and self.upstream is not None:
            self.upstream.transport.pause_reading()
        self.loop.call_at(leaves_at or self.loop.time(), self._send_late, data)

    def _send_late(self, data: bytes) -> None:
        self._queued -= len(data)
        if not self.transport.is_closing():
            self.transport.write(data)
        if self._queued < _QUEUE_BYTES // 2 and self.upstream is not None:
            self.upstream.transport.resume_reading()

    def _finish(self, *, reset: bool = False) -> None:
        if self.state == "idle":
            return
        if self._queued and not reset:
            self.loop.call_later(_DRAIN_POLL_S, self._finish)
            return
        self.state = "idle"
        self.traffic.end(self.record)
        if self.upstream is not None:
            self.upstream.body = None
        if reset:
            self._drop_upstream()
            reset_connection(self.transport)
        elif not self._keep_alive or not self._request.ended:
            self.transport.close()
        elif self._buffer:
            self._next_request()
