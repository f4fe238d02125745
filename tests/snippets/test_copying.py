"""The cell that copies a store on a Dask cluster: what arrives, in which order, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from jupyterlab_zarrbrowser.browser import Browser
from jupyterlab_zarrbrowser.config import read_endpoints
from jupyterlab_zarrbrowser.discovery import Offered
from jupyterlab_zarrbrowser.errors import BrowserError

from ..servers.loop_thread import LoopThread
from ..servers.swift import DEMO, Swift
from .backends import BUCKET
from .interpreters import Interpreter
from .stores import Store

_ENVIRONMENT = {"LAB_KEY": DEMO.key, "LAB_SECRET": DEMO.secret}

STORE = "v3-consolidated.zarr/"


@pytest.fixture
def code(swift_cells: Swift, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A cell from Swift to where the test's parameter says."""
    client = swift_cells.client()
    names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    if "kept" not in names:
        client.create_bucket(Bucket="kept")
    for item in client.list_objects_v2(Bucket="kept").get("Contents", []):
        client.delete_object(Bucket="kept", Key=item["Key"])
    client.close()
    s3 = {"kind": "s3", "endpoint_url": swift_cells.url, "env": {"key": "LAB_KEY", "secret": "LAB_SECRET"}}
    endpoints = read_endpoints(
        [
            {"id": "from", **s3},
            {"id": "s3", "root": "s3://kept", "writable": ["mine/"], **s3},
            {"id": "local", "kind": "local", "root": str(tmp_path), "writable": True},
        ]
    )
    thread = LoopThread("copying")
    browser = Browser([Offered(each, "admin", None) for each in endpoints])
    try:
        answer = thread.call(browser.copy_snippets("from", f"{BUCKET}/{STORE}", request.param, f"mine/{STORE}"))
        with pytest.raises(BrowserError) as caught:
            thread.call(browser.copy_snippets("from", f"{BUCKET}/{STORE}", "s3", f"theirs/{STORE}"))
        assert caught.value.code == "read_only"
    finally:
        thread.call(browser.close())
        thread.stop()
    [snippet] = answer.snippets
    assert DEMO.key not in snippet.code
    assert DEMO.secret not in snippet.code
    return str(snippet.code)


@pytest.mark.parametrize("code", ["s3", "local"], indirect=True)
def test_all_arrives_and_nothing_is_replaced(
    interpreter: Interpreter, code: str, swift_cells: Swift, stores: dict[str, Store], stores_dir: Path, tmp_path: Path
) -> None:
    files = {
        path.relative_to(stores_dir / STORE).as_posix() for path in (stores_dir / STORE).rglob("*") if path.is_file()
    }
    assert ("cp_file" in code) is (str(tmp_path) not in code), "inside the service where both are on it"
    lossy = code.replace("arrived = sizes(", "arrived = dict(list(there_are.items())[2:]) or sizes(")
    assert lossy != code
    first, second = interpreter.run([code, code], _ENVIRONMENT)
    assert first["error"] is None, f"{code}\n\n{first['error']}"
    assert first["warnings"] == []
    assert first["shown"]["values"] == f"{len(files)} objects copied, 0 differ"
    assert "FileExistsError" in second["error"]
    lossy = lossy.replace("/mine/", "/mine/lossy/")
    (third,) = interpreter.run([lossy], _ENVIRONMENT)
    assert f"RuntimeError: 2 of {len(files)} objects differ" in third["error"]
    if str(tmp_path) in code:
        copied = tmp_path / "mine" / STORE
    else:
        copied = tmp_path / "fetched"
        client = swift_cells.client()
        for name in files:
            (copied / name).parent.mkdir(parents=True, exist_ok=True)
            client.download_file("kept", f"mine/{STORE}{name}", str(copied / name))
        client.close()
    with xr.open_zarr(copied, zarr_format=3, consolidated=True) as found:
        xr.testing.assert_identical(found.load(), stores["v3-consolidated.zarr"].datasets[""])
