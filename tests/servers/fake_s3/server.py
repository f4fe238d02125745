"""The HTTP side: one asyncio protocol per connection, with the network conditions of ``tests.servers.traffic``.

Besides S3 it answers below ``/-/`` (no bucket can be called ``-``): ``GET /-/log`` and ``/-/stats`` for what was asked,
``POST /-/reset``, and ``POST /-/config?latency_ms=20&fail_rate=0.1`` to change conditions.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from ..http_framing import HEAD_END, reset_connection, s3_error
from ..records import Record
from ..traffic import DENIED, Traffic, parse_conditions
from .protocol import S3, Answer, parse_request

CONTROL = "/-/"

_REASONS = {
    200: "OK",
    204: "No Content",
    206: "Partial Content",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    412: "Precondition Failed",
    416: "Range Not Satisfiable",
    503: "Slow Down",
}

#: Answers up to this size leave in one write together with their head.
_ONE_WRITE_BYTES = 1 << 16


class Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, s3: S3, traffic: Traffic, loop: asyncio.AbstractEventLoop) -> None:
        self._s3, self._traffic, self._loop = s3, traffic, loop
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str]] | None = None
        self._record: Record | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._record is not None:
            self._record.fault = self._record.fault or "client-closed"
            self._end()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._record is None:
            self._next_request()

    def _next_request(self) -> None:
        if self._head is None and not self._take_head():
            return
        assert self._head is not None
        method, target, headers = self._head
        body = self._take_body(headers)
        if body is None:
            return
        self._head = None
        if target.startswith(CONTROL):
            self._send(_control(self._traffic, method, target), method, headers)
            if self._buffer:
                self._next_request()
            return
        record = self._record = self._traffic.begin(method, target, headers.get("range"))
        record.bytes_in = len(body)
        record.fault = self._traffic.verdict(record, target)
        delay_s = self._traffic.delay_s()
        if delay_s:
            self._loop.call_later(delay_s, self._answer, record, target, headers, body)
        else:
            self._answer(record, target, headers, body)

    def _take_head(self) -> bool:
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return False
        first, *rest = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + len(HEAD_END)]
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        self._head = (method, target, headers)
        if headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _take_body(self, headers: dict[str, str]) -> bytes | None:
        """The request's payload without transfer and AWS chunking; None while it is incomplete."""
        if "chunked" in headers.get("transfer-encoding", ""):
            decoded = _unchunk(self._buffer)
            if decoded is None:
                return None
            body, end = decoded
        else:
            end = int(headers.get("content-length") or 0)
            if len(self._buffer) < end:
                return None
            body = bytes(self._buffer[:end])
        del self._buffer[:end]
        streaming = headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
        if body and (streaming or "aws-chunked" in headers.get("content-encoding", "")):
            return _aws_unchunk(body)
        return body

    def _answer(self, record: Record, target: str, headers: dict[str, str], body: bytes) -> None:
        if self._record is not record:
            return
        if record.fault == "stall":
            return
        if record.fault == "reset":
            self._end()
            reset_connection(self.transport)
            return
        if record.fault in ("slowdown", DENIED):
            self._refuse(record, headers)
            return
        answer = self._s3.answer(parse_request(record.method, target, headers, body))
        if answer.status == 404 and self._hides_missing(record):
            record.fault = DENIED
            self._refuse(record, headers)
            return
        self._send(answer, record.method, headers)

    def _hides_missing(self, record: Record) -> bool:
        is_object = "/" in record.path.strip("/")
        return self._traffic.conditions.missing_as_403 and is_object and record.method in ("GET", "HEAD")

    def _refuse(self, record: Record, headers: dict[str, str]) -> None:
        status, reason, code, message = (
            (403, "Forbidden", "AccessDenied", "Access Denied")
            if record.fault == DENIED
            else (503, "Slow Down", "SlowDown", "Please reduce your request rate.")
        )
        record.status = status
        close = _closes(headers)
        self._write(s3_error(status, reason, code, message, head_only=record.method == "HEAD", close=close), close)

    def _send(self, answer: Answer, method: str, headers: dict[str, str]) -> None:
        lines = [
            f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Other')}",
            "x-amz-request-id: test",
            *(f"{name}: {value}" for name, value in answer.headers),
        ]
        if "origin" in headers:
            lines.append("Access-Control-Allow-Origin: *")
            lines.append("Access-Control-Expose-Headers: ETag, Content-Range, Content-Length")
        if answer.status not in (204, 304) and not any(name == "Content-Length" for name, _ in answer.headers):
            lines.append(f"Content-Length: {len(answer.body)}")
        close = _closes(headers)
        if close:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace") + HEAD_END
        body = b"" if method == "HEAD" or answer.status in (204, 304) else answer.body
        if self._record is not None:
            self._record.status = answer.status
            if self._record.fault == "truncate":
                body = body[: len(body) // 2]
        self._write(head + body, close)

    def _write(self, data: bytes, close: bool) -> None:
        record = self._record
        if record is None:  # below /-/
            self.transport.write(data)
            if close:
                self.transport.close()
            return
        record.bytes_out = len(data)
        leaves_at = 0.0
        for first in range(0, len(data), _ONE_WRITE_BYTES):
            piece = data[first : first + _ONE_WRITE_BYTES]
            leaves_at = self._traffic.leaves_at(len(piece))
            if not leaves_at:
                self.transport.write(data)
                break
            self._loop.call_at(leaves_at, self._write_late, record, piece)
        if leaves_at:
            self._loop.call_at(leaves_at, self._sent, record, close)
        else:
            self._sent(record, close)

    def _write_late(self, record: Record, piece: bytes) -> None:
        if self._record is record and not self.transport.is_closing():
            self.transport.write(piece)

    def _sent(self, record: Record, close: bool) -> None:
        if self._record is not record:
            return
        self._end()
        if record.fault == "truncate":
            reset_connection(self.transport)
        elif close:
            self.transport.close()
        elif self._buffer:
            self._next_request()

    def _end(self) -> None:
        if self._record is not None:
            self._traffic.end(self._record)
            self._record = None


def _closes(headers: dict[str, str]) -> bool:
    return headers.get("connection", "").lower() == "close"


def _control(traffic: Traffic, method: str, target: str) -> Answer:
    path, _, query = target.partition("?")
    recorder = traffic.recorder
    result: Any = {}
    try:
        match method, path.removeprefix(CONTROL):
            case "GET", "log":
                result = [record.as_dict() for record in recorder.requests]
            case "GET", "stats":
                requests = recorder.requests
                result = {
                    "requests": len(requests),
                    "ops": Counter(record.op for record in requests),
                    "statuses": Counter(record.status for record in requests),
                    "bytes_out": sum(record.bytes_out for record in requests),
                    "inflight_peak": traffic.inflight_peak,
                }
            case "POST", "reset":
                recorder.reset()
                traffic.inflight_peak = 0
            case "POST", "config":
                traffic.configure(**parse_conditions(dict(parse_qsl(query, keep_blank_values=True))))
            case _:
                return Answer(404, [])
    except (KeyError, TypeError, ValueError) as exc:
        return Answer(400, [("Content-Type", "text/plain")], repr(exc).encode())
    return Answer(200, [("Content-Type", "application/json")], json.dumps(result).encode())


def _unchunk(data: bytearray) -> tuple[bytes, int] | None:
    """HTTP chunks -> payload and where it ended; None while incomplete."""
    payload: list[bytes] = []
    at = 0
    while (newline := data.find(b"\r\n", at)) >= 0:
        size = int(bytes(data[at:newline]).split(b";")[0], 16)
        at = newline + 2
        if size:
            if len(data) < at + size + 2:
                return None
            payload.append(bytes(data[at : at + size]))
            at += size + 2
            continue
        while (newline := data.find(b"\r\n", at)) >= 0:  # trailers, up to an empty line
            if newline == at:
                return b"".join(payload), at + 2
            at = newline + 2
        return None
    return None


def _aws_unchunk(data: bytes) -> bytes:
    """The ``aws-chunked`` encoding of uploads with signed chunks or trailing checksums -> payload."""
    payload: list[bytes] = []
    at = 0
    while (newline := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:newline].split(b";")[0], 16)
        if not size:
            break
        payload.append(data[newline + 2 : newline + 2 + size])
        at = newline + 2 + size + 2
    return b"".join(payload)
