"""Azurite, Microsoft's own emulator of Azure Storage: it checks signatures and public access, and keeps all in memory.

It lives in a folder below ``.cache``, made on first use from ``azurite_site``, where its packages are pinned.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .process import REPO_ROOT, ServerError, ServerProcess
from .s3_client import walk_files

_SITE = Path(__file__).with_name("azurite_site")
_INSTALLED = REPO_ROOT / ".cache" / "azurite"
_MAIN = "node_modules/azurite/dist/src/blob/main.js"

#: Installers need the user's own home, caches and registry settings, which tests hide.
_ENVIRONMENT = dict(os.environ)

_UPLOAD_WORKERS = 4

ACCOUNT = "demoaccount"
#: Of the same account and of another one.
KEY, OTHER_KEY = (base64.b64encode(text).decode() for text in (b"a key that opens it", b"a key of somebody else"))
OTHER_ACCOUNT = "otheraccount"


class Azurite:
    """A running Azurite. ``url`` is the address of the account, ``root_url`` that of the server."""

    account, key = ACCOUNT, KEY

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: ServerProcess | None = None
        self.root_url = ""

    @property
    def url(self) -> str:
        return f"{self.root_url}/{ACCOUNT}"

    def connection_string(self, url: str = "", key: str = KEY) -> str:
        """With the address of a proxy, if one is given."""
        return f"BlobEndpoint={url or self.url};AccountName={ACCOUNT};AccountKey={key}"

    def client(self) -> Any:
        """A client of azure-storage-blob: what speaks of the objects has nothing in common with what is tested."""
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient.from_connection_string(self.connection_string())

    def put(self, container: str, objects: Mapping[str, bytes], *, public: str | None = None) -> None:
        """Make a container with these objects. ``public`` is ``"blob"`` (reading) or ``"container"`` (listing, too)."""
        with closing(self.client()) as client, ThreadPoolExecutor(_UPLOAD_WORKERS) as pool:
            there = client.create_container(container, public_access=public)
            for job in [pool.submit(there.upload_blob, key, content) for key, content in objects.items()]:
                job.result()

    def upload_directory(self, directory: Path, container: str, *, public: str | None = None) -> None:
        self.put(container, {name: path.read_bytes() for name, path in walk_files(directory)}, public=public)

    def start(self) -> Self:
        """Start it and wait until it listens. Raises ServerError."""
        main = _installed() / _MAIN
        node = shutil.which("node", path=_path())
        if node is None:
            raise ServerError("node was not found")
        self._home.mkdir(parents=True, exist_ok=True)
        accounts = f"{ACCOUNT}:{KEY};{OTHER_ACCOUNT}:{OTHER_KEY}"
        options = [
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            "0",
            "--inMemoryPersistence",
            "--disableTelemetry",
            "--silent",
        ]
        # adlfs's library asks for a newer version of the protocol every few months, long before Azurite knows of it.
        options.append("--skipApiVersionCheck")
        self._process = ServerProcess(
            "azurite",
            [node, main, *options],
            log=self._home / "log.txt",
            env={"PATH": _path(), "HOME": str(self._home), "AZURITE_ACCOUNTS": accounts},
            cwd=self._home,
        )
        self._process.spawn()
        self.root_url = self._process.wait_for_line(r"listens on (http://127\.0\.0\.1:\d+)")[1]
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{_ENVIRONMENT.get('PATH', os.defpath)}"


def _installed() -> Path:
    """Install it into its cached folder, unless that is done; safe for several processes at once."""
    wanted = "".join((_SITE / name).read_text() for name in ("package.json", "yarn.lock"))
    done = _INSTALLED / "installed.txt"
    _INSTALLED.parent.mkdir(parents=True, exist_ok=True)
    (_INSTALLED.parent / ".gitignore").write_text("*\n")
    with _locked(_INSTALLED.parent / "azurite.lock"):
        if not done.exists() or done.read_text() != wanted:
            shutil.rmtree(_INSTALLED, ignore_errors=True)
            shutil.copytree(_SITE, _INSTALLED)
            _install()
            done.write_text(wanted)
    return _INSTALLED


def _install() -> None:
    jlpm = shutil.which("jlpm", path=_path())
    if jlpm is None:
        raise ServerError("jlpm was not found")
    command = [jlpm, "install", "--immutable"]
    done = subprocess.run(
        command, env={**_ENVIRONMENT, "PATH": _path()}, cwd=_INSTALLED, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServerError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
