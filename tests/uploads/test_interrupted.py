"""A server that is killed, a tab that is closed: what was begun goes on, or is taken back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser import upload_handlers, uploads, wire
from jupyterlab_zarrbrowser.config import S3Config
from jupyterlab_zarrbrowser.stores.s3 import S3Store
from jupyterlab_zarrbrowser.uploads import Uploads

from ..servers.counting_proxy import CountingProxy
from ..servers.fake_s3 import FakeS3
from ..servers.process import ServerProcess, answers_ok, free_port
from .conftest import Bucket
from .lab import STEPS, TIME, Fetch, Uploader

LARGE = bytes(range(256)) * (16 * 2**20 // 256) + b"the end"


class Killable:
    """A Jupyter server in a process of its own."""

    def __init__(self, folder: Path, endpoint: dict[str, Any]) -> None:
        self.port = free_port()
        config = folder / "jupyter_server_config.py"
        config.write_text(f"c.ZarrBrowser.endpoints = [{endpoint!r}]\n")
        options = [f"--config={config}", f"--port={self.port}", "--IdentityProvider.token=t", "--allow-root"]
        home = {name: str(folder / name) for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
        enabled = ["--ServerApp.jpserver_extensions={'jupyterlab_zarrbrowser': True}", "--no-browser"]
        command = [sys.executable, "-m", "jupyter_server", *options, *enabled, f"--ServerApp.root_dir={folder}"]
        self._process = ServerProcess("jupyter", command, log=folder / "log.txt", env={**os.environ, **home})

    def start(self) -> None:
        self._process.spawn()
        self._process.wait_ready(lambda: answers_ok(f"http://127.0.0.1:{self.port}/api/status?token=t"))

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(60)

    def stop(self) -> None:
        self._process.stop()

    def ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        url = f"http://127.0.0.1:{self.port}/zarrbrowser/api/{path}"
        request = urllib.request.Request(url, body, {"Authorization": "token t"}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
            return json.load(response)

    def begin(self) -> Any:
        asked = {"endpoint": "lab", "key": "x", "sizeBytes": len(LARGE), "modifiedMs": TIME}
        return self.ask("POST", "uploads", json.dumps(asked).encode())

    def part(self, upload: Any, number: int) -> Any:
        size = upload["partSizeBytes"]
        data = LARGE[(number - 1) * size : number * size]
        return self.ask("PUT", f"uploads/{upload['id']}/parts/{number}?crc32={zlib.crc32(data)}", data)


@pytest.mark.parametrize("kind", ["s3", "local"])
async def test_a_killed_server_goes_on(
    bucket: Bucket, counting_proxy: CountingProxy, tmp_path: Path, kind: str
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    s3 = {"endpoint_url": counting_proxy.url, "key": "a", "secret": "b", "root": f"s3://scratch/{bucket.prefix}"}
    place = s3 if kind == "s3" else {"root": str(kept)}
    server = Killable(tmp_path, {"id": "lab", "kind": kind, "writable": True, **place})
    try:
        await asyncio.to_thread(server.start)
        upload = await asyncio.to_thread(server.begin)
        await asyncio.to_thread(server.part, upload, 2)
        if kind == "s3":
            # In the middle of a part.
            counting_proxy.configure(fail_first=1, fail_modes="stall", fail_match=STEPS["part"])
            with counting_proxy.recording() as seen:
                under_way = asyncio.ensure_future(asyncio.to_thread(server.part, upload, 1))
                while not counting_proxy.traffic.inflight:
                    await asyncio.sleep(0)
                await asyncio.to_thread(server.kill)
                with pytest.raises((urllib.error.URLError, ConnectionError)):
                    await under_way
            assert seen.faults
            counting_proxy.reset()
        else:
            await asyncio.to_thread(server.kill)
        assert bucket.contents() == {}
        await asyncio.to_thread(server.start)
        again = await asyncio.to_thread(server.begin)
        assert again["id"] == upload["id"]
        assert [each["number"] for each in again["partsDone"]] == [2]
        for number in (1, 3):
            await asyncio.to_thread(server.part, upload, number)
        await asyncio.to_thread(server.ask, "POST", f"uploads/{upload['id']}/complete", b"")
    finally:
        await asyncio.to_thread(server.stop)
    if kind == "s3":
        assert bucket.contents() == {"x": LARGE}
        assert bucket.parts() == []
    else:
        assert [path.name for path in kept.iterdir()] == ["x"]
        assert (kept / "x").read_bytes() == LARGE


def _head_of_part(upload: Any, base_url: str, auth_header: dict[str, str]) -> bytes:
    lines = [
        f"PUT {base_url}zarrbrowser/api/uploads/{upload['id']}/parts/1?crc32=0 HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {auth_header['Authorization']}",
        f"Content-Length: {upload['partSizeBytes']}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def test_a_closed_tab_leaves_room_for_others(
    up: Uploader, bucket: Bucket, jp_fetch: Fetch, jp_http_port: int, jp_base_url: str, jp_auth_header: dict[str, str]
) -> None:
    _, upload = await up.begin("lab", "x", len(LARGE))
    for _ in range(20):  # more than there is room for
        _, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        writer.write(_head_of_part(upload, jp_base_url, jp_auth_header) + bytes(100_000))
        await writer.drain()
        writer.close()
    await up.rest(upload, LARGE)
    assert (await up.complete(upload))[0] == 200
    assert bucket.contents() == {"x": LARGE}


async def test_a_silent_connection_gives_its_room_back(
    up: Uploader,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    jp_http_port: int,
    jp_base_url: str,
    jp_auth_header: dict[str, str],
) -> None:
    """A computer that sleeps does not end its connections."""
    monkeypatch.setattr(upload_handlers, "_BODY_S", 0.1)
    monkeypatch.setattr(upload_handlers, "_SLOWEST", 2**27)
    _, upload = await up.begin("lab", "x", len(LARGE))
    silent = []
    for _ in range(9):  # more than there is room for
        reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        writer.write(_head_of_part(upload, jp_base_url, jp_auth_header) + bytes(1000))
        await writer.drain()
        silent.append((reader, writer))
    await up.rest(upload, LARGE)
    assert (await up.complete(upload))[0] == 200
    for _, writer in silent:
        writer.close()


async def test_what_was_begun_by_a_process_that_did_not_hear_of_it(
    bucket: Bucket, fake_s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the store's answer and the note of it."""
    place = f"s3://scratch/{bucket.prefix}"
    store = S3Store(S3Config(id="lab", root=place, endpoint_url=fake_s3.url, key="a", secret="b", writable=True))
    before = Uploads(tmp_path, 3600, lambda _: store)
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    assert store.uploads is not None
    begin = store.uploads.begin

    async def deaf(*arguments: Any, **options: Any) -> str:
        heard.set_result(await begin(*arguments, **options))
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(store.uploads, "begin", deaf)
    asked = wire.UploadRequest(endpoint="lab", key="x", size_bytes=len(LARGE), modified_ms=TIME)
    killed = asyncio.create_task(before.begin(store, asked))
    await heard
    assert bucket.parts() == ["x"]
    monkeypatch.setattr(uploads, "_UNHEARD_S", 0)
    after = Uploads(tmp_path, 3600, lambda _: store)
    await after.load()
    while bucket.parts():
        await asyncio.sleep(0.01)
    await after.close()
    await before.close()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    await store.close()
