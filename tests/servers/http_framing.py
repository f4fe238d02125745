"""Where HTTP/1.1 messages begin and end, for servers that pass bytes on without changing them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct

HEAD_END = b"\r\n\r\n"

_CONTENT_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[^\r\n]*chunked")
_CLOSE = re.compile(rb"(?i)\r\nconnection:[ \t]*close")
_EXPECT = re.compile(rb"(?i)\r\nexpect:[ \t]*100-continue")
_RANGE = re.compile(rb"(?i)\r\nrange:[ \t]*([^\r\n]*)")


class BodyReader:
    """Tells which bytes belong to a message's body, and when it has ended.

    ``length`` is the number of bytes to come; None means that the body lasts until the connection closes.
    """

    __slots__ = ("_in_chunk", "_left", "_line", "_state", "total")

    def __init__(self, length: int | None = 0, *, chunked: bool = False) -> None:
        self.total = 0
        self._left = length
        self._in_chunk = 0
        self._line = b""
        self._state = "size" if chunked else "plain"

    @property
    def until_close(self) -> bool:
        return self._state == "plain" and self._left is None

    @property
    def left(self) -> int | None:
        """Bytes to come where that is known beforehand."""
        return self._left if self._state == "plain" else None

    @property
    def ended(self) -> bool:
        return self._state == "done" or (self._state == "plain" and self._left == 0)

    def feed(self, data: bytes) -> int:
        """How many of these bytes, from the first on, belong to the body."""
        if self._state == "plain":
            taken = len(data) if self._left is None else min(len(data), self._left)
            if self._left is not None:
                self._left -= taken
        else:
            taken = self._feed_chunked(data)
        self.total += taken
        return taken

    def _feed_chunked(self, data: bytes) -> int:
        at = 0
        while at < len(data) and self._state != "done":
            if self._state == "data":
                step = min(len(data) - at, self._in_chunk)
                self._in_chunk -= step
                at += step
                if not self._in_chunk:
                    self._state = "size"
                continue
            newline = data.find(b"\n", at)
            if newline < 0:
                self._line += data[at:]
                return len(data)
            line = (self._line + data[at:newline]).rstrip(b"\r")
            self._line = b""
            at = newline + 1
            self._end_of_line(line)
        return at

    def _end_of_line(self, line: bytes) -> None:
        if self._state == "trailer":
            if not line:
                self._state = "done"
        elif line:  # an empty line is the end of the chunk before
            self._in_chunk = int(line.split(b";")[0], 16)
            self._state = "data" if self._in_chunk else "trailer"


def request_body(head: bytes) -> BodyReader:
    if _CHUNKED.search(head):
        return BodyReader(chunked=True)
    length = _CONTENT_LENGTH.search(head)
    return BodyReader(int(length[1]) if length else 0)


def response_body(head: bytes, method: str, status: int) -> BodyReader:
    if method == "HEAD" or status in (204, 304):
        return BodyReader(0)
    if _CHUNKED.search(head):
        return BodyReader(chunked=True)
    length = _CONTENT_LENGTH.search(head)
    return BodyReader(int(length[1]) if length else None)


def wants_close(head: bytes) -> bool:
    return bool(_CLOSE.search(head))


def expects_continue(head: bytes) -> bool:
    return bool(_EXPECT.search(head))


def range_of(head: bytes) -> str | None:
    found = _RANGE.search(head)
    return found[1].decode("latin-1") if found else None


def reset_connection(transport: asyncio.Transport) -> None:
    """Closes with a TCP RST, as a crashed peer or an impatient load balancer does."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def s3_error(status: int, reason: str, code: str, message: str, *, head_only: bool, close: bool) -> bytes:
    """A whole HTTP answer with S3's error document."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        "<RequestId>test</RequestId></Error>"
    ).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        f"{'Connection: close' + chr(13) + chr(10) if close else ''}\r\n"
    ).encode()
    return head if head_only else head + body
