"""A server with a store, part of which its user may change."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser import scan

from ..servers.counting_proxy import CountingProxy
from ..servers.fake_s3 import FakeS3
from .lab import SECRET, Bucket, Fetch, Lab


@pytest.fixture
def bucket(fake_s3: FakeS3) -> Bucket:
    return Bucket(fake_s3.url)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


@pytest.fixture
def jp_server_config(
    bucket: Bucket, counting_proxy: CountingProxy, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setattr(scan, "_PAUSE_S", 0.01)
    shared = {"kind": "s3", "endpoint_url": counting_proxy.url, "key": SECRET, "secret": SECRET + "-secret"}
    root = f"s3://scratch/{bucket.prefix}"
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
        "ZarrBrowser": {
            "endpoints": [
                {"id": "lab", "root": root, "writable": ["mine/", "kept/"], **shared},
                {"id": "sealed", "root": root, **shared},
                {"id": "disk", "kind": "local", "root": str(kept), "writable": True},
                {"id": "own", "kind": "local", "root": str(kept), "writable": ["jane/"]},
                {"id": "web", "kind": "http", "root": f"{counting_proxy.url}/demo/"},
            ]
        },
    }


@pytest.fixture
def lab(
    jp_fetch: Fetch, counting_proxy: CountingProxy, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Lab]:
    """No test may end with a secret in an answer or in a log."""
    caplog.set_level(logging.DEBUG, logger="jupyterlab_zarrbrowser")
    caplog.set_level(logging.DEBUG, logger="ServerApp")
    found = Lab(jp_fetch, counting_proxy)
    yield found
    out, err = capfd.readouterr()
    assert SECRET not in "".join([*found.heard, caplog.text, out, err])
