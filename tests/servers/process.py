"""Server processes that start on free loopback ports, say when they are ready, and never outlive the tests."""

from __future__ import annotations

import atexit
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

REPO_ROOT = Path(__file__).resolve().parents[2]

#: How long a server may take to come up. Generous, since continuous integration may share its cores; it only bounds
#: how long a broken server holds up the run.
START_DEADLINE_S = 60.0

#: How long a server may take to go down after SIGTERM before it gets SIGKILL.
STOP_DEADLINE_S = 5.0

#: Time between two looks at a condition.
POLL_S = 0.02

_LAUNCHER = Path(__file__).with_name("_launch.py")
_LOG_TAIL_BYTES = 4000


class ServerError(RuntimeError):
    """A server did not start, or did not stay up; the message ends with the tail of its log."""


def free_ports(count: int) -> list[int]:
    """Distinct ports that nobody listens on. All are held until all are known, so none comes twice."""
    with ExitStack() as stack:
        ports = []
        for _ in range(count):
            held = stack.enter_context(socket.socket())
            held.bind(("127.0.0.1", 0))
            ports.append(int(held.getsockname()[1]))
        return ports


def free_port() -> int:
    return free_ports(1)[0]


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def answers_ok(url: str) -> bool:
    """Whether a GET of a loopback address succeeds, whatever proxy the environment names."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as response:
            return bool(200 <= response.status < 300)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except (OSError, ValueError):
        return False


def wait_until(condition: Callable[[], bool], *, deadline_s: float = START_DEADLINE_S, what: str = "condition") -> None:
    """Polls until the condition holds.

    Raises:
        TimeoutError: It did not within ``deadline_s``.
    """
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not so after {deadline_s:g} s")
        time.sleep(POLL_S)


class ServerProcess:
    """A child process that serves something.

    It is started through ``_launch.py``, so the kernel ends it when the thread that started it ends, even by SIGKILL;
    ``atexit`` is the fallback where there is no prctl. So a server must be started from a
    thread that lives as long as it should.
    Its own session keeps Ctrl-C away from it: fixtures take servers down, in their order.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = REPO_ROOT,
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._env = dict(os.environ if env is None else env)
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServerError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, ready: Callable[[], bool] | None = None, *, deadline_s: float = START_DEADLINE_S) -> Self:
        """Starts the process and, with ``ready``, waits for it.

        Raises:
            ServerError: The process ended, or was not ready in time.
        """
        self.spawn()
        if ready is not None:
            self.wait_ready(ready, deadline_s=deadline_s)
        return self

    def spawn(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                launcher + self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )
        atexit.register(self.stop)

    def wait_ready(self, ready: Callable[[], bool], *, deadline_s: float = START_DEADLINE_S) -> None:
        def ready_or_dead() -> bool:
            return ready() or not self.running

        try:
            wait_until(ready_or_dead, deadline_s=deadline_s, what=f"{self.name} ready")
        except TimeoutError as exc:
            self.stop()
            raise ServerError(f"{exc}\n{self.log_tail()}") from exc
        if not self.running:
            self.stop()
            raise ServerError(f"{self.name} ended while starting\n{self.log_tail()}")

    def wait_for_line(self, pattern: str, *, deadline_s: float = START_DEADLINE_S) -> re.Match[str]:
        """Waits until the process has printed a line that matches, and returns the match."""
        found: list[re.Match[str]] = []

        def printed() -> bool:
            match = re.search(pattern, self.log.read_text("utf-8", "replace"))
            if match:
                found.append(match)
            return bool(match)

        self.wait_ready(printed, deadline_s=deadline_s)
        return found[0]

    def wait(self, deadline_s: float) -> int:
        """Waits for the process to end by itself, and returns its exit status.

        Raises:
            ServerError: It is still running after ``deadline_s``.
        """
        if self._process is None:
            raise ServerError(f"{self.name} is not running")
        try:
            return self._process.wait(deadline_s)
        except subprocess.TimeoutExpired as exc:
            raise ServerError(f"{self.name} did not end within {deadline_s:g} s\n{self.log_tail()}") from exc

    def log_tail(self) -> str:
        try:
            return self.log.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")
        except OSError:
            return ""

    def stop(self) -> None:
        """Ends the process; doing it twice does no harm."""
        process, self._process = self._process, None
        atexit.unregister(self.stop)
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
