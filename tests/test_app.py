"""The server extension as an administrator meets it: configuration, defaults, start and end."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser.app import ZarrBrowser

SECRET = "sentinel-9e107d9d372bb682"


def app(**traits: Any) -> ZarrBrowser:
    return ZarrBrowser(**traits)


def test_without_configuration_the_panel_is_useful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = tmp_path / "aws-config"
    aws.write_text('[default]\nregion = x\n[profile "js2"]\nendpoint_url = https://js2.example\n', encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(aws))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SCRATCH_BUCKET", "s3://hub-scratch/ada")
    monkeypatch.setenv("PERSISTENT_BUCKET", "gs://hub-keep/ada")
    found = {config.id: (config.kind, source) for config, source, _ in app().specs(str(tmp_path))[0]}
    assert found == {
        "scratch-bucket": ("s3", "environment"),
        "persistent-bucket": ("gcs", "environment"),
        "profile-default": ("s3", "profile"),
        "profile-js2": ("s3", "profile"),
        "server": ("local", "server"),
    }


def test_configured_endpoints_stand_alone() -> None:
    specs, _, wrong = app(endpoints=[{"id": "a", "kind": "s3", "root": "s3://b"}]).specs("/srv")
    assert not wrong
    assert [config.id for config, _, _ in specs] == ["a"]


def test_a_place_is_offered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRATCH_BUCKET", "s3://hub-scratch/ada")
    specs, _, _ = app(scratch=[{"url_env": ["SCRATCH_BUCKET"]}]).specs("")
    assert [config.id for config, _, _ in specs if config.root == "s3://hub-scratch/ada"] == ["scratch"]


def test_configured_scratch_stands_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANGEO_SCRATCH", "gs://s/ada")
    specs, _, _ = app(
        endpoints=[{"id": "a", "kind": "s3"}],
        scratch=[{"url_env": ["SCRATCH_BUCKET", "PANGEO_SCRATCH"], "lifetime_days": 3}],
    ).specs("/srv")
    config, _, scratch = specs[1]
    assert (config.id, config.root) == ("scratch", "gs://s/ada")
    assert scratch is not None
    assert (scratch.variable, scratch.lifetime_days) == ("PANGEO_SCRATCH", 3)


def test_an_endpoint_that_is_called_as_the_scratch_would_be_leaves_it() -> None:
    specs, _, wrong = app(
        endpoints=[{"id": "scratch", "kind": "s3", "root": "s3://old"}, {"id": "scratch-3", "kind": "s3"}],
        scratch=[{"url": "s3://a/ada"}, {"url": "s3://b/ada"}],
    ).specs("")
    assert not wrong
    found = {config.id: config.root for config, _, _ in specs}
    assert found == {"scratch": "s3://old", "scratch-3": "", "scratch-4": "s3://a/ada", "scratch-2": "s3://b/ada"}


def test_scratch_whose_endpoint_is_missing_is_not_opened_with_other_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCRATCH_BUCKET", "s3://hub-scratch/ada")
    specs, (remark,), _ = app(scratch=[{"url_env": ["SCRATCH_BUCKET"], "endpoint": "js2"}]).specs(str(tmp_path))
    assert "s3://hub-scratch/ada" not in [config.root for config, _, _ in specs]
    assert (remark.code, remark.level) == ("scratch_endpoint", "warning")


@pytest.mark.parametrize("value", [SECRET, 1, {"id": SECRET}, [SECRET], [{"id": "a", "kind": SECRET}]])
def test_a_wrong_value_is_not_repeated(value: Any) -> None:
    _, _, wrong = app(endpoints=value, discover=False).specs("")
    assert ["c.ZarrBrowser.endpoints" in str(each) for each in wrong] == [True]
    assert SECRET not in str(wrong[0])


def test_a_wrong_entry_leaves_the_others() -> None:
    specs, _, wrong = app(
        endpoints=[
            {"id": "a", "kind": "s3", "profle": SECRET},
            {"id": "b", "kind": "s3"},
            {"id": "b", "kind": "http", "root": "https://x.example/"},
        ],
        scratch=[{"url": "s3://mine/ada"}, {"url": "nowhere"}],
    ).specs("")
    assert [(config.id, config.kind) for config, _, _ in specs] == [("b", "s3"), ("scratch", "s3")]
    assert "endpoints[0]" in str(wrong[0])
    assert "endpoints[2].id" in str(wrong[0])
    assert "scratch[1].url" in str(wrong[1])


class TestServerWithWrongConfiguration:
    @pytest.fixture
    def jp_server_config(self) -> dict[str, Any]:
        return {
            "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
            "ZarrBrowser": {"endpoints": [{"id": "a", "kind": "s3", "profle": SECRET}]},
        }

    @pytest.fixture
    def printed(self, capfd: pytest.CaptureFixture[str], jp_serverapp: Any) -> list[str]:
        """What the server printed at its start, but for Jupyter's own dump of all configuration at --debug."""
        return [line for line in capfd.readouterr().err.splitlines() if "Config changed:" not in line]

    async def test_still_serves_and_says_which_field(self, printed: list[str], jp_fetch: Any) -> None:
        response = await jp_fetch("zarrbrowser", "api", "endpoints")
        assert response.code == 200
        problem = json.loads(response.body)["problem"]
        assert problem["code"] == "bad_configuration"
        assert "endpoints[0]: Object contains unknown field `profle`" in problem["message"]
        assert SECRET not in response.body.decode()
        assert "  endpoints[0]: Object contains unknown field `profle`" in [line[4:] for line in printed]
        assert not [line for line in printed if SECRET in line]


class TestServerLifecycle:
    @pytest.fixture
    def jp_server_config(self, tmp_path: Path) -> dict[str, Any]:
        return {
            "ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}},
            "ZarrBrowser": {"endpoints": [{"id": "files", "kind": "local", "root": str(tmp_path)}]},
        }

    async def test_the_thread_of_the_stores_ends_with_the_server(
        self, jp_fetch: Any, jp_serverapp: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        await jp_fetch("zarrbrowser", "api", "children", params={"endpoint": "files"})
        assert _threads() == 1
        extension = jp_serverapp.extension_manager.extension_apps["jupyterlab_zarrbrowser"].pop()
        await extension.stop_extension()
        assert _threads() == 0


def _threads() -> int:
    return sum(thread.name == "zarrbrowser-io" for thread in threading.enumerate())
