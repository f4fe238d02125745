"""``jupyter zarrbrowser usage``: the same numbers as the panel, for people, cron and Prometheus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyterlab_zarrbrowser import cli

SECRET = "sentinel-0cc175b9c0f1b6a8"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a folder that holds two children, and one wrong entry."""
    data = tmp_path / "data"
    (data / "run.zarr" / "c").mkdir(parents=True)
    (data / "run.zarr" / "c" / "0").write_bytes(bytes(2000))
    (data / "run.zarr" / "zarr.json").write_text("{}", encoding="utf-8")
    (data / "notes.txt").write_text("hello", encoding="utf-8")
    file = tmp_path / "my_config.py"
    file.write_text(
        f"c.ZarrBrowser.endpoints = [{{'id': 'files', 'kind': 'local', 'root': {str(data)!r}}},"
        f" {{'id': 'wrong', 'kind': 's3', 'profle': {SECRET!r}}}]\n",
        encoding="utf-8",
    )
    for name in ("SCRATCH_BUCKET", "PANGEO_SCRATCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return file


def test_a_table_for_people(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["usage", "files", "--config", str(config)]) == 0
    printed = capsys.readouterr()
    assert "2.0 kB in 3 objects" in printed.out
    rows = [line.split() for line in printed.out.splitlines()[2:4]]
    assert rows == [["2.0", "kB", "2", "run.zarr"], ["5", "B", "1", "notes.txt"]]
    assert "endpoints[1]" in printed.err
    assert SECRET not in printed.out + printed.err


def test_json_for_programs(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = f"{tmp_path}/data/run.zarr"
    assert cli.main(["usage", place, "files", "--format", "json", "--config", str(config)]) == 0
    one, whole = json.loads(capsys.readouterr().out)
    assert (one["uri"], one["objects"], one["bytes"]) == (f"{place}/", 2, 2002)
    assert (whole["objects"], whole["bytes"], whole["isLowerBound"]) == (3, 2007, False)


def test_gauges_for_prometheus(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["usage", "files", "--format", "prometheus", "--config", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f'zarrbrowser_usage_bytes{{uri="{tmp_path}/data/"}} 2007' in lines
    assert "# TYPE zarrbrowser_usage_objects gauge" in lines


def test_what_cannot_be_counted_is_said_and_fails(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["usage", "s3://elsewhere/x", "files", "--config", str(config)]) == 1
    printed = capsys.readouterr()
    assert "s3://elsewhere/x: No endpoint holds this address" in printed.err
    assert "3 objects" in printed.out, "one that fails does not hide the others"


def test_without_any_scratch(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["usage", "--config", str(config)]) == 1
    assert "SCRATCH_BUCKET" in capsys.readouterr().err


def test_a_configuration_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["usage", "--config", str(tmp_path / "none.py")]) == 1
    assert "There is no file" in capsys.readouterr().err


def test_variables_that_disagree_are_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCRATCH_BUCKET", "wasbs://a/ada")
    assert cli.main(["usage", "--config", str(config)]) == 1
    assert "SCRATCH_BUCKET names a place that begins with wasbs" in capsys.readouterr().err
