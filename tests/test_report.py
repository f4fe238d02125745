"""``jupyter zarrbrowser usage``: the same numbers as the panel, for people, cron and Prometheus."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jupyterlab_zarrbrowser import cli, report

from .servers.fake_s3 import FakeS3
from .servers.s3_client import s3_client

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
    assert rows == [["2.0", "kB", "2", "bad", "metadata", "run.zarr"], ["5", "B", "1", "notes.txt"]]
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
    assert not [line for line in lines if "quota" in line], "where there is none, nothing is said of it"


ARRAY = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4],
    "data_type": "uint8",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}},
    "chunk_key_encoding": {"name": "default"},
    "codecs": [{"name": "bytes"}],
    "fill_value": 0,
    "attributes": {},
}


@pytest.fixture
def scratch(fake_s3: FakeS3, tmp_path: Path, config: Path) -> Iterator[Callable[[str, bytes | None], None]]:
    """Scratch with a quota and a price; writes objects into it, or deletes them."""
    prefix = f"report-{uuid.uuid4().hex}/ada/"
    config.write_text(
        f"c.ZarrBrowser.endpoints = [{{'id': 'fake', 'kind': 's3', 'endpoint_url': {fake_s3.url!r}, 'anon': True}}]\n"
        f"c.ZarrBrowser.scratch = [{{'url': 's3://scratch/{prefix}', 'endpoint': 'fake', 'quota_bytes': 10_000,"
        " 'price_per_tb_month': 10**9, 'currency': '€'}]\n",
        encoding="utf-8",
    )
    with closing(s3_client(fake_s3.url, "any", "any", retries=3)) as client:

        def put(key: str, body: bytes | None) -> None:
            if body is None:
                client.delete_object(Bucket="scratch", Key=prefix + key)
            else:
                client.put_object(Bucket="scratch", Key=prefix + key, Body=body)

        yield put


def test_scratch_with_a_quota_a_price_and_a_damaged_store(
    scratch: Callable[[str, bytes | None], None], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(form: str) -> str:
        assert cli.main(["usage", "--format", form, "--config", str(config)]) == 0
        return capsys.readouterr().out

    document = json.dumps(ARRAY).encode()
    scratch("a.zarr/zarr.json", document)
    scratch("filler", bytes(2500 - 4 - len(document)))
    for chunk in range(4):
        scratch(f"a.zarr/c/{chunk}", b"x")
    table = printed("table").splitlines()
    assert table[1:3] == ["Quota: 25 % of 10.0 kB.", "Price: about €2.50 a month."]
    scratch("a.zarr/c/2", None)
    gauges = {
        line.partition("{")[0].removeprefix("zarrbrowser_usage_"): float(line.rpartition(" ")[2])
        for line in printed("prometheus").splitlines()
        if not line.startswith("#")
    }
    as_of = gauges.pop("as_of_timestamp_seconds")
    assert abs(as_of - datetime.now(UTC).timestamp()) < 3600
    assert gauges == {
        "bytes": 2499,
        "objects": 5,
        "is_lower_bound": 0,
        "expiring_bytes": 0,
        "expiring_objects": 0,
        "deleted_chunks": 1,
        "damaged_stores": 0,
        "quota_bytes": 10_000,
    }
    assert "1 deleted?" in printed("table")
    (found,) = json.loads(printed("json"))
    assert (found["quotaBytes"], found["pricePerTbMonth"], found["currency"]) == (10_000, 10**9, "€")


@pytest.mark.parametrize(
    ("price", "currency", "text"),
    [
        (2.5, "€", "about €2.50"),
        (0.004, "EUR", "less than EUR 0.01"),
        (0.004, "$", "less than $0.01"),
        (0, "EUR", "about EUR 0.00"),
        (1234.5, "EUR", "about EUR 1,234.50"),
    ],
)
def test_prices_as_the_panel_tells_them(price: float, currency: str, text: str) -> None:
    assert report._price(price, currency) == text


def test_a_place_that_is_named_in_several_ways_is_counted_once(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["files", f"{tmp_path}/data", f"{tmp_path}/data/", f"FILE://{tmp_path}/data", "files"]
    assert cli.main(["usage", *places, "--format", "prometheus", "--config", str(config)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert len(lines) == len({line.partition(" ")[0] for line in lines})
    assert f'zarrbrowser_usage_is_lower_bound{{uri="{tmp_path}/data/"}} 0' in lines


def test_places_of_one_address_on_two_endpoints(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write("c.ZarrBrowser.endpoints.append({**c.ZarrBrowser.endpoints[0], 'id': 'again'})\n")
    assert cli.main(["usage", "files", "again", "--format", "prometheus", "--config", str(config)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("zarrbrowser_usage_bytes")]
    assert [line.partition("endpoint=")[2] for line in lines] == ['"files"} 2007', '"again"} 2007']


def test_a_bound_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write("c.ZarrBrowser.max_usage_objects = 2\n")
    assert cli.main(["usage", "files", "--format", "prometheus", "--config", str(config)]) == 0
    values = {line.partition("{")[0]: line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()}
    assert (values["zarrbrowser_usage_objects"], values["zarrbrowser_usage_is_lower_bound"]) == ("2", "1")


def test_where_no_endpoint_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "none.py"
    file.write_text("c.ZarrBrowser.discover = False\n", encoding="utf-8")
    assert cli.main(["usage", "s3://x/y", "--config", str(file)]) == 1
    assert "No endpoint holds this address. None is configured." in capsys.readouterr().err


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
    assert capsys.readouterr().err.count("SCRATCH_BUCKET names a place that begins with wasbs") == 1
