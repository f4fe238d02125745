"""Cells and rights: any kind of credentials, none of them in the code; buckets that may be read but not listed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from jupyterlab_zarrbrowser import wire
from jupyterlab_zarrbrowser.errors import BrowserError

from ..formats.panel import Panel
from ..servers.counting_proxy import CountingProxy
from ..servers.http_files import HttpFiles
from ..servers.moto_s3 import KEY, SECRET, MotoS3
from ..servers.s3_client import upload_directory
from ..servers.swift import DEMO, Swift
from ..servers.tls import TlsFront
from . import backends
from .backends import BUCKET, Backend
from .interpreters import Interpreter
from .stores import Store

_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": DEMO.key, "AWS_SECRET_ACCESS_KEY": DEMO.secret}


@pytest.fixture(scope="module")
def weather(stores: dict[str, Store]) -> xr.Dataset:
    return stores["v3-consolidated.zarr"].datasets[""]


def dataset_of(interpreter: Interpreter, code: str, environment: dict[str, str]) -> dict[str, Any]:
    [report] = interpreter.run([code], environment)
    assert report["error"] is None, f"{code}\n\n{report['error']}"
    assert report["warnings"] == []
    shown: dict[str, Any] = report["shown"]
    return shown


def is_weather(shown: dict[str, Any], weather: xr.Dataset) -> None:
    assert set(shown["variables"]) == set(weather.variables)
    for name, variable in weather.variables.items():
        np.testing.assert_array_equal(shown["variables"][name]["values"], variable.values)


def test_literal_credentials_stay_on_the_server(
    swift_cells: Swift, interpreter: Interpreter, weather: xr.Dataset
) -> None:
    with Panel(kind="s3", endpoint_url=swift_cells.url, key=DEMO.key, secret=DEMO.secret) as panel:
        code = panel.snippets(f"{BUCKET}/v3-consolidated.zarr/")["xarray.open_zarr"]
    assert DEMO.key not in code
    assert DEMO.secret not in code
    assert code.startswith("# ")
    assert "AWS_ACCESS_KEY_ID" in code
    is_weather(dataset_of(interpreter, code, _ENVIRONMENT), weather)


def test_credentials_from_the_environment(swift_cells: Swift, interpreter: Interpreter, weather: xr.Dataset) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _ENVIRONMENT.items():
            patch.setenv(name, value)
        with Panel(kind="s3", endpoint_url=swift_cells.url) as panel:
            code = panel.snippets(f"{BUCKET}/v3-consolidated.zarr/")["xarray.open_zarr"]
    is_weather(dataset_of(interpreter, code, _ENVIRONMENT), weather)


def test_a_profile_with_its_own_endpoint(
    swift_cells: Swift, interpreter: Interpreter, weather: xr.Dataset, tmp_path: Path
) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(f'[profile "field work"]\nendpoint_url = {swift_cells.url}\nregion = us-east-1\n')
    credentials.write_text(f"[field work]\naws_access_key_id = {DEMO.key}\naws_secret_access_key = {DEMO.secret}\n")
    environment = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with Panel(kind="s3", profile="field work") as panel:
            code = panel.snippets(f"{BUCKET}/v3-consolidated.zarr/")["xarray.open_zarr"]
    assert "'profile': 'field work'" in code
    is_weather(dataset_of(interpreter, code, environment), weather)


@pytest.fixture(scope="session")
def public(swift_cells: Swift, stores_dir: Path) -> str:
    """A bucket that anybody may list and read."""
    name = "public-cells"
    with closing(swift_cells.client()) as client:
        client.create_bucket(Bucket=name, ACL="public-read")
        client.put_bucket_acl(Bucket=name, ACL="public-read")
        upload_directory(client, stores_dir / "v3-consolidated.zarr", name, "v3-consolidated.zarr/")
    return name


def test_anonymous(swift_cells: Swift, public: str, interpreter: Interpreter, weather: xr.Dataset) -> None:
    with Panel(kind="s3", root=f"s3://{public}", endpoint_url=swift_cells.url, anon=True) as panel:
        code = panel.snippets("v3-consolidated.zarr/")["xarray.open_zarr"]
    assert "'anon': True" in code
    is_weather(dataset_of(interpreter, code, {}), weather)


def test_what_the_administrator_stated_is_stated(on_moto: Backend) -> None:
    code = on_moto.panel.snippets(f"{BUCKET}/v3-consolidated.zarr/")["xarray.open_zarr"]
    for stated in (
        "'requester_pays': True",
        "'client_kwargs': {'region_name': 'eu-west-2'}",
        "'addressing_style': 'path'",
        "'request_checksum_calculation': 'when_required'",
        "'key': os.environ['CELLS_KEY']",
        "'secret': os.environ['CELLS_SECRET']",
    ):
        assert stated in code


def test_no_cell_holds_a_secret(swift_cells: Swift, stores: dict[str, Store]) -> None:
    secrets = {"key": DEMO.key, "secret": DEMO.secret, "token": "sentinel-token"}
    configurations: list[dict[str, Any]] = [
        {"key": secrets["key"], "secret": secrets["secret"]},
        {"env": {"key": "CELLS_KEY", "secret": "CELLS_SECRET"}},
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELLS_KEY", secrets["key"])
        patch.setenv("CELLS_SECRET", secrets["secret"])
        for configuration in configurations:
            with Panel(kind="s3", endpoint_url=swift_cells.url, **configuration) as panel:
                for store in list(stores)[:8]:
                    for code in panel.snippets(f"{BUCKET}/{store}/").values():
                        assert not [secret for secret in secrets.values() if secret in code]


class TestPrivateAuthority:
    """Certificates of an authority that only the administrator's ``ca_bundle`` knows.

    Cells run in whole kernels: aiohttp settles whom it trusts when it is imported.
    """

    def test_s3(self, moto_cells: MotoS3, interpreter: Interpreter, weather: xr.Dataset, tmp_path: Path) -> None:
        with TlsFront(moto_cells.url, tmp_path) as front:
            with backends.s3(front.url, KEY, SECRET) as doubtful, pytest.raises(BrowserError) as caught:
                doubtful.panel.page(f"{BUCKET}/")
            assert caught.value.code == "tls"
            with backends.s3(front.url, KEY, SECRET, ca_bundle=str(front.authority)) as trusting:
                code = self.code_of(trusting.panel, f"{BUCKET}/")
                report = interpreter.kernel_run(code, trusting.environment)
        self.is_weather_without_a_word(report, weather, code)

    def test_http(self, stores_dir: Path, interpreter: Interpreter, weather: xr.Dataset, tmp_path: Path) -> None:
        with HttpFiles(stores_dir) as server, TlsFront(server.url, tmp_path) as front:
            root = f"{front.url}/"
            with Panel(kind="http", root=root) as doubtful, pytest.raises(BrowserError) as caught:
                doubtful.page("")
            assert caught.value.code == "tls"
            with Panel(kind="http", root=root, ca_bundle=str(front.authority)) as trusting:
                code = self.code_of(trusting, "")
                # The note at the top of the cell says what its reader has to set.
                assert code.startswith(
                    f"# Set SSL_CERT_FILE={str(front.authority)!r} for this kernel before anything is imported.\n"
                )
                report = interpreter.kernel_run(code, {"SSL_CERT_FILE": str(front.authority)})
        self.is_weather_without_a_word(report, weather, code)

    def code_of(self, panel: Panel, folder: str) -> str:
        name = "v3-consolidated.zarr"
        assert isinstance(panel.expand(folder)[name], wire.DatasetNode)
        return panel.snippets(f"{folder}{name}/")["xarray.open_zarr"]

    def is_weather_without_a_word(self, report: dict[str, Any], weather: xr.Dataset, code: str) -> None:
        assert report["error"] is None, f"{code}\n\n{report['error']}"
        assert report["warnings"] == [], code
        is_weather(report["shown"], weather)


class TestForbiddenToList:
    """Reading is allowed, listing is not; what is missing answers 404, or 403 as Amazon's S3 does then."""

    @pytest.fixture(params=[False, True], ids=["missing-404", "missing-403"])
    def denied(self, request: pytest.FixtureRequest, swift_cells: Swift, swift_proxy: CountingProxy) -> Iterator[Panel]:
        swift_proxy.configure(deny_match="^List ", missing_as_403=request.param)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in _ENVIRONMENT.items():
                patch.setenv(name, value)
            with Panel(kind="s3", root=f"s3://{BUCKET}", endpoint_url=swift_proxy.url) as panel:
                yield panel

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_consolidated_stores_open(
        self, denied: Panel, zarr_format: int, interpreter: Interpreter, weather: xr.Dataset
    ) -> None:
        key = f"v{zarr_format}-consolidated.zarr/"
        assert isinstance(denied.node(key), wire.DatasetNode)
        code = denied.snippets(key)["xarray.open_zarr"]
        is_weather(dataset_of(interpreter, code, _ENVIRONMENT), weather)
        variable = denied.snippets(f"{key}t2m/")["xarray.open_zarr.variable"]
        shown = dataset_of(interpreter, variable, _ENVIRONMENT)
        np.testing.assert_array_equal(shown["values"], weather["t2m"].values)

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_groups_in_consolidated_stores_open(
        self, denied: Panel, zarr_format: int, interpreter: Interpreter, stores: dict[str, Store]
    ) -> None:
        name = f"v{zarr_format}-hierarchy.zarr"
        code = denied.snippets(f"{name}/a/b/")["xarray.open_zarr"]
        assert "group='a/b'" in code
        is_weather(dataset_of(interpreter, code, _ENVIRONMENT), stores[name].datasets["a/b"])

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_consolidated_below_the_root_opens(
        self, denied: Panel, zarr_format: int, interpreter: Interpreter, stores: dict[str, Store]
    ) -> None:
        name = f"v{zarr_format}-consolidated-below.zarr"
        code = denied.snippets(f"{name}/a/")["xarray.open_zarr"]
        assert f"{name}/a'" in code
        is_weather(dataset_of(interpreter, code, _ENVIRONMENT), stores[name].datasets["a"])

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_other_groups_promise_nothing(self, denied: Panel, zarr_format: int, interpreter: Interpreter) -> None:
        key = f"v{zarr_format}-unconsolidated.zarr/"
        node = denied.node(key)
        assert isinstance(node, wire.GroupNode)
        assert (node.members_unknown, node.child_count) == (True, None)
        snippets = denied.snippets(key)
        assert list(snippets) == ["zarr.open_group"]
        assert "open a member by name" in snippets["zarr.open_group"]
        assert dataset_of(interpreter, snippets["zarr.open_group"], _ENVIRONMENT)["kind"] == "group"

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_a_member_by_name_opens(
        self, denied: Panel, zarr_format: int, interpreter: Interpreter, weather: xr.Dataset
    ) -> None:
        snippets = denied.snippets(f"v{zarr_format}-unconsolidated.zarr/t2m/")
        assert list(snippets) == ["zarr.open_array"], "its group does not open as a dataset"
        shown = dataset_of(interpreter, snippets["zarr.open_array"], _ENVIRONMENT)
        np.testing.assert_array_equal(shown["values"], weather["t2m"].values)

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_metadata_that_zarr_refuses_do_not_replace_a_listing(self, denied: Panel, zarr_format: int) -> None:
        snippets = denied.snippets(f"v{zarr_format}-implied-group.zarr/")
        assert list(snippets) == ["zarr.open_group"]
        assert "use_consolidated=False" in snippets["zarr.open_group"]
        assert "open a member by name" in snippets["zarr.open_group"]
