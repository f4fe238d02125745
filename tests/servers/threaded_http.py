"""A small threaded HTTP/1.1 server that records its requests: the base of the file server and of the GCS layer."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from .process import wait_until
from .records import OpNamer, Record, Recorded, Recorder

#: How often the accepting thread looks whether it should end.
_SHUTDOWN_POLL_S = 0.02


class Handler(BaseHTTPRequestHandler):
    """Reads the request and records it; ``respond`` of a subclass answers it."""

    protocol_version = "HTTP/1.1"
    #: Without this, a small body waits some 40 ms for the acknowledgement of its head.
    disable_nagle_algorithm = True
    recorder: ClassVar[Recorder]
    record: Record
    body: bytes

    def respond(self) -> None:
        raise NotImplementedError

    def _handle(self) -> None:
        self.record = self.recorder.begin(self.command, self.path, self.headers.get("Range"))
        length = self.headers.get("Content-Length")
        if length is None and "chunked" in self.headers.get("Transfer-Encoding", ""):
            self.body = self._read_chunks()
        else:
            self.body = self.rfile.read(int(length or 0))
        self.record.bytes_in = len(self.body)
        self.respond()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle

    def _read_chunks(self) -> bytes:
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return content

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Sends a whole answer. What HEAD asks for is not sent, but its length is stated."""
        self.record.status = status
        self.record.bytes_out = 0 if self.command == "HEAD" else len(body)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: there are records instead."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[Handler]) -> None:
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._connections_lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are the tests' business; other errors get their traceback."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close_connections(self) -> None:
        """Ends connections that clients keep open, and waits until their handlers have gone."""
        with self._connections_lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: not self._connections, what="connections closed")


class RecordingServer(Recorded):
    """Runs from construction until ``close``."""

    handler: ClassVar[type[Handler]]

    def __init__(self, op_of: OpNamer) -> None:
        self.recorder = Recorder(op_of)
        attributes = {"recorder": self.recorder, "owner": self}
        self._server = _Server(type("Bound", (self.handler,), attributes))
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_SHUTDOWN_POLL_S,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
