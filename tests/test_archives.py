"""A folder or store as a zip file, made while it is sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from jupyterlab_zarrbrowser import archives, scan

from .servers.counting_proxy import CountingProxy
from .uploads.conftest import Bucket, bucket

__all__ = ["bucket"]

Fetch = Callable[..., Awaitable[HTTPResponse]]

OBJECTS = {
    "x.zarr/zarr.json": b"{}",
    "x.zarr/.hidden": b"dot",
    "x.zarr/a/c/0/0": bytes(300_000),
    "x.zarr/a/c/0/1": bytes(range(256)) * 8192,  # more than is read ahead
    "x.zarr/a/é #1?.txt": b"odd",
    "x.zarr/empty": b"",
    "x.zarr2/neighbour": b"not this",
}


@pytest.fixture
def jp_server_config(bucket: Bucket, counting_proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(scan, "_PAUSE_S", 0.01)
    endpoint = {"kind": "s3", "endpoint_url": counting_proxy.url, "key": "a", "secret": "b", "timeout_s": 2}
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
        "ZarrBrowser": {"endpoints": [{"id": "lab", "root": f"s3://scratch/{bucket.prefix}", **endpoint}]},
    }


async def download(fetch: Fetch, key: str) -> HTTPResponse:
    return await fetch("zarrbrowser", "api", "download", params={"endpoint": "lab", "key": key})


async def test_all_of_it_and_nothing_else(jp_fetch: Fetch, bucket: Bucket) -> None:
    bucket.put(**OBJECTS, **{"x.zarr/folder/": b""})
    response = await download(jp_fetch, "x.zarr/")
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''x.zarr.zip"
    with zipfile.ZipFile(io.BytesIO(response.body)) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == {
            key: content for key, content in OBJECTS.items() if key.startswith("x.zarr/")
        }
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}
        assert all(info.date_time[0] >= 2026 for info in file.infolist())


async def test_what_passes_is_not_noticed(jp_fetch: Fetch, bucket: Bucket, counting_proxy: CountingProxy) -> None:
    bucket.put(**OBJECTS)
    counting_proxy.configure(fail_first=3, fail_modes="slowdown,reset", fail_match="^(GetObject|List) ")
    with zipfile.ZipFile(io.BytesIO((await download(jp_fetch, "x.zarr/")).body)) as file:
        assert len(file.namelist()) == 6


async def test_what_is_broken_off_does_not_look_whole(
    jp_fetch: Fetch, bucket: Bucket, counting_proxy: CountingProxy
) -> None:
    bucket.put(**OBJECTS)
    counting_proxy.configure(deny_match="GetObject .*empty")
    with pytest.raises(HTTPClientError) as caught:
        await download(jp_fetch, "x.zarr/")
    assert caught.value.code == 599, "the connection ended before its answer did"


async def test_too_much_and_nothing(jp_fetch: Fetch, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put(**OBJECTS)
    monkeypatch.setattr(archives, "MAX_OBJECTS", 5)
    for key, code in [("x.zarr/", 413), ("nothing/", 404)]:
        with pytest.raises(HTTPClientError) as caught:
            await download(jp_fetch, key)
        assert caught.value.code == code
