"""A server whose user may put files into a bucket of three services, behind a proxy that can fail."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser import scan
from jupyterlab_zarrbrowser.stores import uploads as store_uploads

from ..servers.counting_proxy import CountingProxy
from ..servers.fake_s3 import FakeS3
from ..servers.s3_client import s3_client
from .lab import SECRET, Fetch, Uploader


class Bucket:
    """A part of the fake store's bucket that is this test's own, seen past the proxy."""

    def __init__(self, url: str) -> None:
        self.prefix = f"{uuid.uuid4().hex}/"
        self._url = url

    def client(self) -> Any:
        return closing(s3_client(self._url, "any", "any", retries=3))

    def put(self, **objects: bytes) -> None:
        with self.client() as client:
            for key, content in objects.items():
                client.put_object(Bucket="scratch", Key=self.prefix + key, Body=content)

    def contents(self) -> dict[str, bytes]:
        with self.client() as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket="scratch", Prefix=self.prefix)
            keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
            found = {key: client.get_object(Bucket="scratch", Key=key)["Body"].read() for key in keys}
        return {key.removeprefix(self.prefix): content for key, content in found.items()}

    def parts(self) -> list[str]:
        """Keys of what was begun and not ended: somebody pays for its parts."""
        with self.client() as client:
            found = client.list_multipart_uploads(Bucket="scratch", Prefix=self.prefix).get("Uploads", [])
        return [each["Key"].removeprefix(self.prefix) for each in found]

    def begin(self, key: str) -> str:
        """What another program begins."""
        with self.client() as client:
            return str(client.create_multipart_upload(Bucket="scratch", Key=self.prefix + key)["UploadId"])


@pytest.fixture
def bucket(fake_s3: FakeS3) -> Bucket:
    return Bucket(fake_s3.url)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


@pytest.fixture
def grace_h() -> float:
    return 24


@pytest.fixture
def jp_server_config(
    bucket: Bucket, counting_proxy: CountingProxy, kept: Path, grace_h: float, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setattr(scan, "_PAUSE_S", 0.01)
    # A part of 8 MiB may take longer than the endpoint's timeout; how much longer, nobody here wants to wait for.
    monkeypatch.setattr(store_uploads, "_SLOWEST", 10**7)
    shared = {"kind": "s3", "endpoint_url": counting_proxy.url, "key": SECRET, "secret": SECRET + "-secret"}
    root = f"s3://scratch/{bucket.prefix}"
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
        "ZarrBrowser": {
            "upload_grace_h": grace_h,
            "endpoints": [
                {"id": "lab", "root": root, "writable": True, "timeout_s": 2, **shared},
                {"id": "own", "root": root, "writable": ["mine/"], **shared},
                {"id": "sealed", "root": root, **shared},
                {"id": "account", "writable": True, "creates_buckets": True, **shared},
                {"id": "disk", "kind": "local", "root": str(kept), "writable": True},
            ],
        },
    }


@pytest.fixture
def up(
    jp_fetch: Fetch, counting_proxy: CountingProxy, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Uploader]:
    """No test may end with a secret in an answer or in a log."""
    caplog.set_level(logging.DEBUG, logger="jupyterlab_zarrbrowser")
    caplog.set_level(logging.DEBUG, logger="ServerApp")
    found = Uploader(jp_fetch)
    yield found
    out, err = capfd.readouterr()
    assert SECRET not in "".join([*found.heard, caplog.text, out, err])
