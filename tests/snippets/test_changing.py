"""Cells that write a file as Zarr, and that delete on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from jupyterlab_zarrbrowser.browser import FILES, Browser
from jupyterlab_zarrbrowser.config import read_endpoints
from jupyterlab_zarrbrowser.discovery import Offered
from jupyterlab_zarrbrowser.errors import BrowserError

from ..servers.loop_thread import LoopThread
from ..servers.swift import DEMO, Swift
from ..servers.zarr_samples import quietly
from .interpreters import Interpreter

_ENVIRONMENT = {"LAB_KEY": DEMO.key, "LAB_SECRET": DEMO.secret}


class Panel:
    """What the panel asks for, with a folder of files and a bucket to write to."""

    def __init__(self, swift: Swift, files: Path, store: Path, *, has_dask: bool) -> None:
        s3 = {"kind": "s3", "endpoint_url": swift.url, "env": {"key": "LAB_KEY", "secret": "LAB_SECRET"}}
        endpoints = read_endpoints(
            [
                {"id": "s3", "root": "s3://changing", "writable": ["mine/"], **s3},
                {"id": "local", "kind": "local", "root": str(store), "writable": True},
            ]
        )
        self._thread = LoopThread("changing")
        specs = [Offered(each, "admin", None) for each in endpoints]
        self._browser = Browser(specs, has_dask=has_dask, files=str(files))

    def converting(self, name: str, endpoint: str, key: str) -> str:
        [snippet] = self._thread.call(self._browser.copy_snippets(FILES, name, endpoint, key)).snippets
        return str(snippet.code)

    def deleting(self, endpoint: str, key: str) -> str:
        [snippet] = self._thread.call(self._browser.delete_snippets(endpoint, key)).snippets
        return str(snippet.code)

    def close(self) -> None:
        self._thread.call(self._browser.close())
        self._thread.stop()


@pytest.fixture
def bucket(swift: Swift) -> Iterator[Any]:
    client = swift.client()
    if "changing" not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket="changing")
    yield client
    for item in client.list_objects_v2(Bucket="changing").get("Contents", []):
        client.delete_object(Bucket="changing", Key=item["Key"])
    client.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture(params=[True, False], ids=["dask", "no-dask"])
def panel(request: pytest.FixtureRequest, swift: Swift, bucket: Any, files: Path, tmp_path: Path) -> Iterator[Panel]:
    (tmp_path / "store").mkdir()
    found = Panel(swift, files, tmp_path / "store", has_dask=request.param)
    yield found
    found.close()


def keys(client: Any) -> set[str]:
    return {item["Key"] for item in client.list_objects_v2(Bucket="changing").get("Contents", [])}


@pytest.mark.parametrize("endpoint", ["s3", "local"])
def test_a_netcdf_file_becomes_a_store(
    interpreter: Interpreter, panel: Panel, files: Path, tmp_path: Path, bucket: Any, endpoint: str
) -> None:
    ds = xr.Dataset(
        {"t": (("time", "x"), np.arange(24.0).reshape(6, 4), {"units": "K"})},
        {"time": np.arange("2026-01-01", "2026-01-07", dtype="datetime64[D]").astype("datetime64[ns]")},
    )
    ds.to_netcdf(files / "a b.nc", engine="h5netcdf")
    code = panel.converting("a b.nc", endpoint, "mine/a b.zarr/")
    assert DEMO.key not in code
    assert DEMO.secret not in code
    first, second = interpreter.run([code, code], _ENVIRONMENT)
    assert first["error"] is None, f"{code}\n\n{first['error']}"
    assert first["warnings"] == []
    assert second["error"] is not None, "nothing is replaced"
    written = tmp_path / "store/mine/a b.zarr"
    if endpoint == "s3":
        for key in keys(bucket):
            path = tmp_path / "store" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            bucket.download_file("changing", key, str(path))
    with xr.open_zarr(written, zarr_format=2, consolidated=True) as found:
        xr.testing.assert_identical(found.load(), ds)


def test_a_geotiff_becomes_a_store(interpreter: Interpreter, panel: Panel, files: Path, tmp_path: Path) -> None:
    import rioxarray  # noqa: F401  (brings `.rio`)

    values = np.arange(12.0).reshape(3, 4)
    image = xr.DataArray(values, dims=("y", "x"), coords={"y": [2.5, 1.5, 0.5], "x": [0.5, 1.5, 2.5, 3.5]})
    with quietly():
        image.rio.write_crs("EPSG:4326").rio.to_raster(files / "image.tif")
    code = panel.converting("image.tif", "local", "image.zarr/")
    [ran] = interpreter.run([code], {})
    assert ran["error"] is None, f"{code}\n\n{ran['error']}"
    with xr.open_zarr(tmp_path / "store/image.zarr", zarr_format=2, consolidated=True) as found:
        np.testing.assert_array_equal(found["band_1"], values)
        assert "WGS 84" in found["spatial_ref"].attrs["crs_wkt"]


def test_all_below_and_no_neighbour_is_deleted(
    interpreter: Interpreter, panel: Panel, bucket: Any, tmp_path: Path
) -> None:
    names = [".zgroup", "t/.zarray", *(f"t/{number}" for number in range(30)), "odd [name]*?"]
    objects = [f"mine/x.zarr/{name}" for name in names]
    neighbours = ["mine/x.zarr2/.zgroup", "mine/x.zar"]
    for key in [*objects, *neighbours]:
        bucket.put_object(Bucket="changing", Key=key, Body=b"{}")
        path = tmp_path / "store" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    for endpoint in ("s3", "local"):
        code = panel.deleting(endpoint, "mine/x.zarr/")
        [ran] = interpreter.run([code], _ENVIRONMENT)
        assert ran["error"] is None, f"{code}\n\n{ran['error']}"
        assert ran["shown"]["values"] == f"{len(objects)} objects deleted"
    assert keys(bucket) == set(neighbours)
    left = {
        path.relative_to(tmp_path / "store").as_posix() for path in (tmp_path / "store").rglob("*") if path.is_file()
    }
    assert left == set(neighbours)


def test_rights(panel: Panel) -> None:
    asked: list[tuple[str, Callable[[], str]]] = [
        ("read_only", lambda: panel.deleting("s3", "theirs/x/")),
        ("read_only", lambda: panel.converting("a.nc", "s3", "theirs/x/")),
        ("bad_request", lambda: panel.deleting("local", "x")),
        ("bad_request", lambda: panel.deleting("local", "")),
        ("bad_request", lambda: panel.converting("a.txt", "local", "x/")),
    ]
    for code, ask in asked:
        with pytest.raises(BrowserError) as caught:
            ask()
        assert caught.value.code == code
