"""A fast synthetic S3 server: 104 million virtual keys in ten buckets (see ``catalog``), in a process of its own."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from ..process import ServerProcess
from ..records import Record


class FakeS3:
    """Runs from ``start`` until ``stop``. Any key and secret will do, see ``protocol``.

    ``conditions`` are the fields of ``tests.servers.traffic.Conditions``.
    """

    def __init__(
        self, log: Path, *, only: str = "", list_page: int = 1000, short_pages: bool = False, **conditions: Any
    ) -> None:
        command = [sys.executable, "-m", "tests.servers.fake_s3", "--port", "0", "--list-page", str(list_page)]
        if only:
            command += ["--only", only]
        if short_pages:
            command.append("--short-pages")
        self._conditions = conditions
        self._process = ServerProcess("fake_s3", command, log=log)
        self.url = ""

    def start(self) -> Self:
        self._process.spawn()
        self.url = self._process.wait_for_line(r"fake_s3 (http://127\.0\.0\.1:\d+) ")[1]
        if self._conditions:
            self.configure(**self._conditions)
        return self

    def stop(self) -> None:
        self._process.stop()

    def configure(self, **changes: Any) -> None:
        """Sets some of the fields of ``Conditions``."""
        text = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in changes.items()}
        self._control("POST", f"config?{urlencode(text)}")

    def reset(self) -> None:
        """Forgets all requests; the conditions and what was written stay."""
        self._control("POST", "reset")

    @property
    def requests(self) -> list[Record]:
        return [Record(**row) for row in self._control("GET", "log")]

    @property
    def ops(self) -> Counter[str]:
        return Counter(self.stats()["ops"])

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self._control("GET", "stats")
        return stats

    def _control(self, method: str, what: str) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(f"{self.url}/-/{what}", method=method), timeout=30) as response:
            return json.load(response)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
