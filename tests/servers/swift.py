"""OpenStack Swift with its S3 API, all in one on the loopback interface: real signatures, rights and paging.

Swift has its own virtual environment below ``.cache``, made on first use, since its pinned world (eventlet) should not
meet the project's. Nothing outside the given directory and that cache is touched, and no root is needed.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from .process import REPO_ROOT, ServerError, ServerProcess, accepts_connections, answers_ok, free_ports
from .s3_client import s3_client
from .swift_config import BACKENDS, Ports, write_configuration

REQUIREMENT = "swift==2.38.*"
VENV = REPO_ROOT / ".cache" / "swift-venv"

#: Tries at starting: another process may take a port between its choice and its use.
_START_TRIES = 3

#: Installers need the user's own home, caches and index settings, which tests hide.
_ENVIRONMENT = dict(os.environ)


class User(NamedTuple):
    key: str
    secret: str


#: Owns the account's buckets.
DEMO = User("demo:demo", "demosecret")
#: Knows a valid secret of the same account but has no rights: everything is 403 unless public.
READER = User("demo:reader", "readersecret")
#: Owns another account.
OTHER = User("other:other", "othersecret")


class Swift:
    """A running Swift. ``url`` is the S3 endpoint: path style, SigV4, region us-east-1.

    A bucket with the ACL ``public-read`` is readable without a signature; there are no bucket policies, object ACLs or
    PutBucketCors in Swift's S3 API.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = ""
        self._processes: list[ServerProcess] = []

    def start(self) -> Self:
        """Starts the servers and waits until all of them answer.

        Raises:
            ServerError: They did not come up, or the directory's file system has no user attributes.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if not has_user_attributes(self.home):
            raise ServerError(f"Swift needs user extended attributes, which {self.home} does not have")
        python = ensure_venv() / "bin" / "python"
        for remaining in reversed(range(_START_TRIES)):
            try:
                self._start(python)
                break
            except ServerError as error:
                self.stop()
                if not remaining or "already in use" not in str(error).lower():
                    raise
        return self

    def _start(self, python: Path) -> None:
        account, container, object_, proxy, memcached_port = free_ports(5)
        memcached = shutil.which("memcached")
        ports = Ports(account, container, object_, proxy, memcached_port if memcached else None)
        write_configuration(self.home, ports, getpass.getuser())
        self._run_tool(python, "rings", self.home / "etc", account, container, object_)
        if memcached:
            # As the current user: changing user would undo the kernel's promise to end it with its parent.
            options = ["-l", "127.0.0.1", "-p", str(memcached_port), "-m", "64", "-u", getpass.getuser()]
            self._spawn("memcached", [memcached, *options])
        for name in (*BACKENDS, "proxy"):
            command = python.with_name(f"swift-{name}-server")
            self._spawn(name, [command, self.home / "etc" / f"{name}.conf", "--verbose"])
        self.url = f"http://127.0.0.1:{proxy}"
        ports_of = {"memcached": memcached_port, "account": account, "container": container, "object": object_}
        for process in self._processes:
            if process.name == "proxy":
                process.wait_ready(partial(answers_ok, f"{self.url}/healthcheck"))
            else:
                process.wait_ready(partial(accepts_connections, ports_of[process.name]))

    def _spawn(self, name: str, command: Sequence[str | Path]) -> None:
        process = ServerProcess(name, command, log=self.home / "log" / f"{name}.log", env=_swift_environment())
        self._processes.append(process)
        process.spawn()

    def _run_tool(self, python: Path, *arguments: object) -> None:
        command = [str(python), "-m", "tests.servers.swift_site.tools", *map(str, arguments)]
        _run(command, env=_swift_environment())

    def client(self, user: User | None = DEMO) -> Any:
        """A boto3 client for one of the users, or for nobody."""
        return s3_client(self.url, user.key if user else None, user.secret if user else None)

    def fill(self, container: str, count: int, fanout: int = 100) -> None:
        """Gives a new container this many rows, ``d{i % fanout:04d}/k{i:07d}``, that only exist in listings.

        A million takes some 20 s. Listing them is Swift's real SQL; reading one is a 404.
        """
        with closing(self.client()) as client:
            client.create_bucket(Bucket=container)
        etc, devices = self.home / "etc", self.home / "srv"
        self._run_tool(VENV / "bin" / "python", "fill", etc, devices, "AUTH_demo", container, count, fanout)

    def stop(self) -> None:
        while self._processes:
            self._processes.pop().stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


def has_user_attributes(directory: Path) -> bool:
    """Whether files here can carry what Swift stores beside their content (tmpfs of Linux before 6.6 cannot)."""
    probe = directory / ".xattr-probe"
    probe.touch()
    try:
        os.setxattr(probe, "user.probe", b"1")
    except (OSError, AttributeError):
        return False
    finally:
        probe.unlink()
    return True


def ensure_venv() -> Path:
    """Installs Swift into its cached virtual environment, unless that is done; safe for several processes at once."""
    wanted = f"{REQUIREMENT} {sys.version.split()[0]} {sys.base_prefix}\n"
    done = VENV / "installed.txt"
    VENV.parent.mkdir(parents=True, exist_ok=True)
    (VENV.parent / ".gitignore").write_text("*\n")
    with _locked(VENV.parent / "swift-venv.lock"):
        if not done.exists() or done.read_text() != wanted:
            shutil.rmtree(VENV, ignore_errors=True)
            _install()
            done.write_text(wanted)
    return VENV


def _install() -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{_ENVIRONMENT.get('PATH', os.defpath)}")
    python = VENV / "bin" / "python"
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], env=_ENVIRONMENT)
        _run([uv, "pip", "install", "--quiet", "--python", str(python), REQUIREMENT], env=_ENVIRONMENT)
    else:
        _run([sys.executable, "-m", "venv", str(VENV)], env=_ENVIRONMENT)
        _run([str(python), "-m", "pip", "install", "--quiet", REQUIREMENT], env=_ENVIRONMENT)


def _run(command: list[str], *, env: dict[str, str]) -> None:
    done = subprocess.run(command, env=env, cwd=REPO_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")


def _swift_environment() -> dict[str, str]:
    """What the servers get: this repository to import the filter from, and nothing of the caller's Python or AWS."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(REPO_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
