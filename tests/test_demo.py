"""``jupyter zarrbrowser demo``: everything it promises, from start to Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from jupyterlab_zarrbrowser import cli
from jupyterlab_zarrbrowser.demo import lab

from .servers.process import ServerProcess, answers_ok, free_port

#: Only bounds how long a demo that does not end holds up the run.
_END_S = 60


def _get(url: str, token: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Authorization": f"token {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
        return json.load(response)


def _count(base: str, token: str, endpoint: str, key: str) -> dict[str, Any]:
    job = _get(f"{base}/jobs", token, {"kind": "usage", "endpoint": endpoint, "key": key})
    request = urllib.request.Request(f"{base}/jobs/{job['id']}/events", headers={"Authorization": f"token {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as events:
        *_, last = (json.loads(line[6:]) for line in events if line.startswith(b"data: "))
    assert last["state"] == "done", last["error"]
    return dict(last["result"])


def test_demo_serves_sample_data_and_leaves_nothing_behind(tmp_path: Path) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    port = free_port()
    command = [sys.executable, "-u", "-m", "jupyterlab_zarrbrowser.cli", "demo", "--no-browser", "--port", str(port)]
    demo = ServerProcess("demo", command, log=tmp_path / "demo.log", env={**os.environ, "TMPDIR": str(place)})
    with demo:
        demo.spawn()
        address = demo.wait_for_line(r"http://127\.0\.0\.1:\d+/lab/tree/start-here\.ipynb\?token=(\w+)")
        server = "http://" + urlsplit(address[0]).netloc
        # The address is told a moment before it can be reached.
        demo.wait_ready(lambda: answers_ok(f"{server}/api/status?token={address[1]}"))
        base = f"{server}/zarrbrowser/api"
        children = _get(f"{base}/children?endpoint=demo&key=climate/reanalysis/", address[1])
        names = [each["name"] for each in children["items"]]
        assert names == ["not-consolidated.zarr", "surface-v2.zarr", "surface.zarr"]
        node = _get(f"{base}/node?endpoint=demo&key=climate/reanalysis/surface.zarr/", address[1])
        assert (node["kind"], node["sizes"]) == ("dataset", {"time": 240, "lat": 73, "lon": 144})

        [place_of_scratch] = _get(f"{base}/scratch", address[1])["locations"]
        assert place_of_scratch["uri"] == "s3://scratch/ada/"
        usage = _count(base, address[1], place_of_scratch["endpoint"], place_of_scratch["key"])
        rows = {row["name"]: row for row in usage["rows"]}
        assert set(rows) == {"experiment.zarr", "forecast.zarr", "tables", "notes.csv"}
        assert rows["forecast.zarr"]["chunks"]["verdict"] == "complete"
        gone = rows["experiment.zarr"]["chunks"]
        assert (gone["verdict"], gone["expected"] - gone["present"]) == ("deleted", 3)
        assert rows["experiment.zarr"]["expiresAt"] < rows["forecast.zarr"]["expiresAt"]

        pid = demo.pid
        os.kill(pid, signal.SIGINT)
        assert demo.wait(_END_S) == 0
    assert "nothing was left behind" in demo.log_tail()
    assert list(place.iterdir()) == []
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(place) not in listing, "a process of the demo is still there"


def test_the_command_line_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert "demo" in capsys.readouterr().out


def test_a_missing_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("jupyterlab_zarrbrowser.demo")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "moto.server", None)
    assert cli.main(["demo", "--no-browser"]) == 1
    assert "pip install 'jupyterlab_zarrbrowser[demo]'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["jupyterlab", "ipykernel"])
def test_a_missing_jupyterlab_is_named_before_anything_starts(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # They run in processes of their own, so no import here would miss them. Without samples no demo runs for long.
    monkeypatch.setattr(lab, "write_samples", None)
    monkeypatch.setitem(sys.modules, name, None)
    assert cli.main(["demo", "--no-browser"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"the package {name!r}" in err
    assert "pip install 'jupyterlab_zarrbrowser[demo]'" in err
