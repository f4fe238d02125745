"""moto's S3 in a thread. It accepts every signature, so it is of no use for tests of access."""

from __future__ import annotations

import logging
import urllib.request
from types import TracebackType
from typing import Any, Self

from moto.server import ThreadedMotoServer

from .s3_client import s3_client

KEY, SECRET = "testing", "testing"


class MotoS3:
    """Runs from construction until ``close``. All instances in a process share their buckets."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"

    def client(self) -> Any:
        return s3_client(self.url, KEY, SECRET)

    def reset(self) -> None:
        """Removes all buckets, those of other instances too."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()

    def close(self) -> None:
        self._server.stop()
        # stop() leaves the listening socket to the garbage collector, which warns.
        listening = self._server._server
        if listening is not None:
            listening.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
