"""How fast files arrive in a bucket, beside the tools that people use for it.

    python scripts/dev.py run python -m benchmarks.upload [--latency-ms 0 50] [--gib 2] [--files 10000]

A real Jupyter server and a synthetic S3 store on loopback, which waits before each answer. Ours is sent as the panel
sends it (batches, parts, four requests at a time, a CRC-32 of everything), by a Python client in place of the browser.
The others write to the store themselves and have one hop less. All run one after the other; what is printed are
throughputs as ratios to the best of the others, and the requests that the store saw.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import Any
from urllib.parse import urlsplit

from benchmarks.browse import LoopWatch, fetch, resident_mib
from benchmarks.usage import _run, tool
from tests.servers.fake_s3 import FakeS3
from tests.servers.process import ServerProcess, answers_ok, free_port

#: As the panel: files up to this size travel in batches of so many bytes and files.
_SMALL = 4 * 2**20
_BATCH_BYTES = 8 * 2**20
_BATCH_FILES = 500
_IN_FLIGHT = 4

_CONFIG = """\
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = {port}
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.ServerApp.root_dir = {work!r}
c.IdentityProvider.token = ""
c.ServerApp.disable_check_xsrf = True
c.ServerApp.jpserver_extensions = {{"jupyterlab_zarrbrowser": True}}
c.ZarrBrowser.endpoints = [
    {{"id": "s", "kind": "s3", "endpoint_url": {url!r}, "key": "k", "secret": "s", "writable": True}}
]
"""


class Panel:
    """Uploads a folder as the panel does."""

    def __init__(self, base: str) -> None:
        self._host = urlsplit(base).netloc
        self._kept = local()

    def upload(self, folder: Path, prefix: str) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        small = [path for path in files if path.stat().st_size <= _SMALL]
        keys = {path: f"{prefix}{path.relative_to(folder).as_posix()}" for path in files}
        self._ask("POST", "uploads/taken", json.dumps({"endpoint": "s", "keys": list(keys.values())[:10_000]}).encode())
        with ThreadPoolExecutor(_IN_FLIGHT) as pool:
            list(pool.map(lambda batch: self._batch(batch, keys), _batches(small)))
            for path in files:
                if path.stat().st_size > _SMALL:
                    self._large(path, keys[path], pool)

    def _batch(self, paths: list[Path], keys: dict[Path, str]) -> None:
        contents = [path.read_bytes() for path in paths]
        files = [
            {"key": keys[path], "sizeBytes": len(data), "crc32": zlib.crc32(data), "modifiedMs": 0}
            for path, data in zip(paths, contents, strict=True)
        ]
        head = json.dumps({"endpoint": "s", "files": files}).encode()
        answer = self._ask("POST", "uploads/batch", len(head).to_bytes(4, "big") + head + b"".join(contents))
        if answer["problems"]:
            raise RuntimeError(answer["problems"][0])

    def _large(self, path: Path, key: str, pool: ThreadPoolExecutor) -> None:
        asked = {"endpoint": "s", "key": key, "sizeBytes": path.stat().st_size, "modifiedMs": 0}
        upload = self._ask("POST", "uploads", json.dumps(asked).encode())
        size = upload["partSizeBytes"]

        def part(number: int) -> None:
            with path.open("rb") as file:
                file.seek((number - 1) * size)
                data = file.read(size)
            self._ask("PUT", f"uploads/{upload['id']}/parts/{number}?crc32={zlib.crc32(data)}", data)

        list(pool.map(part, range(1, -(-asked["sizeBytes"] // size) + 1)))
        self._ask("POST", f"uploads/{upload['id']}/complete", b"")

    def _ask(self, method: str, path: str, body: bytes) -> Any:
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = http.client.HTTPConnection(self._host)
        connection.request(method, f"/zarrbrowser/api/{path}", body)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(answer)
        return answer


def _batches(paths: list[Path]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    total = 0
    for path in paths:
        size = path.stat().st_size
        if batch and (total + size > _BATCH_BYTES or len(batch) == _BATCH_FILES):
            yield batch
            batch, total = [], 0
        batch.append(path)
        total += size
    if batch:
        yield batch


def s5cmd(url: str, folder: Path, prefix: str) -> None:
    _run([tool("s5cmd"), "--endpoint-url", url, "cp", f"{folder}/", f"s3://{prefix}"])


def rclone(url: str, folder: Path, prefix: str) -> None:
    options = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": url, "ENV_AUTH": "true", "FORCE_PATH_STYLE": "true"}
    environment = {f"RCLONE_CONFIG_STORE_{name}": value for name, value in options.items()}
    _run([tool("rclone"), "copy", str(folder), f"store:{prefix}"], **environment)


_BOTO3 = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import boto3
url, folder, place = sys.argv[1:]
bucket, _, prefix = place.partition("/")
client = boto3.client("s3", endpoint_url=url, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
files = [path for path in Path(folder).rglob("*") if path.is_file()]
with ThreadPoolExecutor(10) as pool:
    list(pool.map(lambda path: client.upload_file(
        str(path), bucket, prefix + path.relative_to(folder).as_posix()), files))
"""


def boto3(url: str, folder: Path, prefix: str) -> None:
    _run([sys.executable, "-c", _BOTO3, url, str(folder), prefix])


class MemoryWatch:
    """The most resident memory of a process while it lasts, in MiB."""

    def __init__(self, pid: int) -> None:
        self.most = resident_mib(pid)
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, resident_mib(self._pid))

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def clear(store: FakeS3) -> int:
    """Delete what was put; returns how many objects that were."""
    from tests.servers.s3_client import s3_client  # noqa: PLC0415  (slow to import)

    client = s3_client(store.url, "k", "s", retries=1)
    keys = [
        each["Key"]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket="scratch", Prefix="bench/")
        for each in page.get("Contents", [])
    ]
    for start in range(0, len(keys), 1000):
        listed = [{"Key": key} for key in keys[start : start + 1000]]
        client.delete_objects(Bucket="scratch", Delete={"Objects": listed, "Quiet": True})
    client.close()
    return len(keys)


def compare(store: FakeS3, base: str, pid: int, folder: Path, latency_ms: float) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    panel = Panel(base)
    ways: dict[str, Callable[[str], None]] = {
        "Zarr Browser": lambda prefix: panel.upload(folder, prefix),
        "s5cmd cp": lambda prefix: s5cmd(store.url, folder, prefix),
        "rclone copy": lambda prefix: rclone(store.url, folder, prefix),
        "boto3 upload_file": lambda prefix: boto3(store.url, folder, prefix),
    }
    taken: dict[str, tuple[float, int]] = {}
    idle = resident_mib(pid)
    for name, way in ways.items():
        store.reset()
        store.configure(latency_ms=latency_ms)
        with MemoryWatch(pid) as memory, LoopWatch(f"{base}/api") as watch:
            start = time.perf_counter()
            way(f"scratch/bench/{folder.name}/")
            seconds = time.perf_counter() - start
        taken[name] = seconds, sum(store.ops.values())
        if name == "Zarr Browser":
            most, waits = memory.most, sorted(watch.waits_ms)
        store.configure(latency_ms=0)
        if clear(store) != len(files):
            raise RuntimeError(f"{name} did not put all files")
    best = min(seconds for name, (seconds, _) in taken.items() if name != "Zarr Browser")
    print(f"\n{folder.name}: {len(files):,} files, {size / 1e6:,.0f} MB, at {latency_ms:g} ms")
    print(f"{'':24}{'of the best other':>20}{'requests':>10}")
    for name, (seconds, requests) in taken.items():
        print(f"{name:24}{best / seconds:>20.2f}{requests:>10,}   ({size / seconds / 1e6:,.0f} MB/s)")
    print(
        f"Server memory {idle:.0f} MiB before, at most {most:.0f} MiB meanwhile; a trivial request then: "
        f"p50 {waits[len(waits) // 2]:.1f} ms, p99 {waits[int(len(waits) * 0.99)]:.1f} ms"
    )


def write(folder: Path, gib: float, files: int) -> list[Path]:
    """One large file, many small ones, and a Zarr store."""
    import numpy as np  # noqa: PLC0415  (a test dependency)
    import zarr  # noqa: PLC0415

    random = np.random.default_rng(0)
    large, small, store = folder / "one-large", folder / "many-small", folder / "store"
    for each in (large, small, store):
        each.mkdir()
    with (large / "file.bin").open("wb") as file:
        for _ in range(int(gib * 64)):
            file.write(random.bytes(16 * 2**20))
    for number in range(files):
        (small / f"{number:05}").write_bytes(random.bytes(10_000))
    array = zarr.create_array(store / "x.zarr", shape=(40, 512, 512), chunks=(1, 256, 256), dtype="f4")
    array[:] = random.random((40, 512, 512), dtype="f4")
    return [large, small, store]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--latency-ms", type=float, nargs="+", default=[0, 50])
    parser.add_argument("--gib", type=float, default=2)
    parser.add_argument("--files", type=int, default=10_000)
    arguments = parser.parse_args()
    tool("s5cmd")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "data").mkdir()
        folders = write(place / "data", arguments.gib, arguments.files)
        with FakeS3(place / "s3.log", only="scratch") as store:
            port = free_port()
            config = place / "config.py"
            config.write_text(_CONFIG.format(port=port, work=name, url=store.url), encoding="utf-8")
            command = [sys.executable, "-m", "jupyter_server", "--config", str(config)]
            environment = {**os.environ, "JUPYTER_DATA_DIR": str(place / "jupyter")}
            with ServerProcess("jupyter", command, log=place / "jupyter.log", env=environment) as server:
                base = f"http://127.0.0.1:{port}"
                server.start(lambda: answers_ok(f"{base}/api"))
                fetch(f"{base}/zarrbrowser/api/children?endpoint=s&key=scratch/")
                for latency_ms in arguments.latency_ms:
                    for folder in folders:
                        compare(store, base, server.pid, folder, latency_ms)


if __name__ == "__main__":
    main()
