"""An HTTP server whose every answer is written by the test: login pages, refusals, endless bodies."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from ..servers.records import s3_op
from ..servers.threaded_http import Handler, RecordingServer


@dataclass(frozen=True)
class Request:
    """What arrived. Names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What to send. A body that is an iterator goes out without a length, until it ends or the client hangs up."""

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)


Script = Callable[[Request], Answer]

HTML = {"Content-Type": "text/html; charset=utf-8"}
XML = {"Content-Type": "application/xml"}
JSON = {"Content-Type": "application/json"}


class ScriptedServer(RecordingServer):
    """Answers as ``script`` says, from construction until ``close``."""

    def __init__(self, script: Script) -> None:
        self.script = script
        #: All requests, with their headers.
        self.seen: list[Request] = []
        super().__init__(s3_op)


class _ScriptedHandler(Handler):
    owner: ClassVar[ScriptedServer]

    def respond(self) -> None:
        request = Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        self.owner.seen.append(request)
        answer = self.owner.script(request)
        if isinstance(answer.body, bytes):
            self.send(answer.status, answer.body, answer.headers)
            return
        self.record.status = answer.status
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in answer.body:
            self.wfile.write(piece)
            self.record.bytes_out += len(piece)


ScriptedServer.handler = _ScriptedHandler


@contextmanager
def impatient_server() -> Iterator[str]:
    """A server that answers the first bytes it gets in plain HTTP, as many do when TLS comes; yields host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closing = threading.Event()

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    if closing.is_set():
                        return
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        host, port = listener.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            closing.set()
            socket.create_connection((host, port)).close()
            thread.join()


def endless(piece: bytes = bytes(2**16)) -> Iterator[bytes]:
    while True:
        yield piece


def s3_error(code: str, status: int, message: str = "", **more: str) -> Answer:
    """An error document, https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html."""
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in {"Code": code, "Message": message, **more}.items())
    return Answer(status, f"<?xml version='1.0'?><Error>{fields}</Error>".encode(), XML)
