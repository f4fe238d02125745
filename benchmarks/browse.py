"""What browsing costs the server: requests, time relative to one page of the store, memory, and the loop's pauses.

    python scripts/dev.py run python -m benchmarks.browse [--latency-ms 50]

A real Jupyter server, a synthetic S3 store with a bucket of a million objects, both on loopback. Ratios are to one
bare page of the store, fetched in the same run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import quote

from tests.servers.counting_proxy import CountingProxy
from tests.servers.fake_s3 import FakeS3
from tests.servers.process import ServerProcess, answers_ok, free_port

#: Between two questions to the server's own loop while the gestures run.
_POLL_S = 0.02

_CONFIG = """\
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = {port}
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.ServerApp.root_dir = {work!r}
c.IdentityProvider.token = ""
c.ServerApp.disable_check_xsrf = True
c.ServerApp.jpserver_extensions = {{"jupyterlab_zarrbrowser": True}}
c.ZarrBrowser.endpoints = [{{"id": "s", "kind": "s3", "endpoint_url": {url!r}, "anon": True}}]
"""


def resident_mib(pid: int) -> float:
    """Resident memory of a process (Linux), in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def fetch(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=120) as response:
        return json.load(response)


class LoopWatch:
    """Asks the server for something trivial all the time; what it waits, kernels and saves would have waited too."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self.waits_ms: list[float] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(_POLL_S):
            start = time.perf_counter()
            urllib.request.urlopen(self._url, timeout=60).close()
            self.waits_ms.append((time.perf_counter() - start) * 1e3)

    def __enter__(self) -> LoopWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--latency-ms", type=float, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        with FakeS3(place / "s3.log") as store, CountingProxy(store.url, latency_ms=arguments.latency_ms) as proxy:
            port = free_port()
            config = place / "config.py"
            config.write_text(_CONFIG.format(port=port, work=name, url=proxy.url), encoding="utf-8")
            command = [sys.executable, "-m", "jupyter_server", "--config", str(config)]
            with ServerProcess("jupyter", command, log=place / "jupyter.log") as server:
                server.start(lambda: answers_ok(f"http://127.0.0.1:{port}/api"))
                run(proxy, f"http://127.0.0.1:{port}", server.pid)


def run(proxy: CountingProxy, base: str, pid: int) -> None:
    api = f"{base}/zarrbrowser/api"

    def children(key: str, **more: str) -> Any:
        query = "".join(f"&{name}={quote(value, safe='')}" for name, value in more.items())
        return fetch(f"{api}/children?endpoint=s&key={quote(key, safe='')}{query}")

    def rows_of(key: str) -> Any:
        keys = [row["key"] for row in children(key)["items"]][:200]
        return fetch(f"{api}/nodes", {"endpoint": "s", "keys": keys})

    def ten_pages() -> None:
        cursor = ""
        for _ in range(10):
            cursor = children("million-flat/", cursor=cursor)["nextCursor"]

    idle = resident_mib(pid)
    children("demo/")
    connected = resident_mib(pid)
    bare_url = f"{proxy.url}/million-flat?list-type=2&delimiter=/&max-keys=1000"
    bare = []
    for _ in range(7):
        start = time.perf_counter()
        urllib.request.urlopen(bare_url).read()
        bare.append(time.perf_counter() - start)
    page_s = sorted(bare)[3]
    gestures = {
        "expand a bucket of 1,000,000 objects (first page)": lambda: children("million-flat/", refresh="1"),
        "nine more pages of it": ten_pages,
        "expand a bucket of 100,000 folders": lambda: children("wide/"),
        "expand 50 v3 stores and label them": lambda: rows_of("zarrs/region1/"),
        "expand 50 v2 stores and label them": lambda: rows_of("zarrs/region2/"),
        "expand a consolidated store of 1,000 arrays": lambda: children("bigzarr/v3-consolidated.zarr/"),
        "expand an unconsolidated one, label 200 arrays": lambda: rows_of("bigzarr/v3-plain.zarr/"),
        "expand an array of 100,000,000 chunks": lambda: children("huge/huge.zarr/x/"),
    }
    print(f"One bare page of 1,000 keys: {page_s * 1e3:.1f} ms (latency {proxy.traffic.conditions.latency_ms:g} ms)\n")
    print(f"{'gesture':54}{'requests':>9}{'bare pages':>12}")
    with LoopWatch(f"{base}/api") as watch:
        for name, gesture in gestures.items():
            with proxy.recording() as seen:
                start = time.perf_counter()
                gesture()
                spent = time.perf_counter() - start
            print(f"{name:54}{len(seen):>9}{spent / page_s:>12.1f}")
    worst = quantiles(watch.waits_ms, n=100)[98]
    print(
        f"\nServer memory: idle {idle:.0f} MiB, s3 in use {connected:.0f} MiB, afterwards {resident_mib(pid):.0f} MiB"
    )
    usual = median(watch.waits_ms)
    print(f"A trivial request meanwhile: p50 {usual:.1f} ms, p99 {worst:.1f} ms")


if __name__ == "__main__":
    main()
