"""JupyterLab of the demo, in a temporary folder and with none of the user's own settings."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from .s3 import KEY, REGION, SECRET, make_older, s3_server, upload_buckets
from .samples import SCRATCH_AGES, write_samples, write_scratch

_PANEL = "jp-zarrbrowser-panel"

#: JupyterLab ends its kernels within this many seconds, or is ended itself.
_STOP_S = 15

_CONFIG = """\
c = get_config()  # noqa
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = {port}
c.ServerApp.root_dir = {work!r}
c.ServerApp.allow_root = True
c.ServerApp.open_browser = {open_browser}
c.ServerApp.jpserver_extensions = {{"jupyterlab_zarrbrowser": True}}
c.LabApp.default_url = "/lab/tree/start-here.ipynb"
c.ZarrBrowser.endpoints = [
    {{"id": "demo", "title": "Demo object store", "kind": "s3", "endpoint_url": {url!r}, "profile": "demo"}},
    {{"id": "persistent", "title": "Persistent bucket", "kind": "s3", "endpoint_url": {url!r}, "profile": "demo",
      "root": "s3://persistent/ada", "writable": True}},
    {{"id": "files", "title": "Files of the demo", "kind": "local", "root": {work!r}}},
]
c.ZarrBrowser.scratch = [
    {{"url": "s3://scratch/{{user}}", "endpoint": "demo", "lifetime_days": 7, "quota_bytes": 40 * 10**6,
      "price_per_tb_month": 20, "renewable": True}},
]
"""

_START = """\
# Zarr Browser

The sidebar on the left shows a small S3 store that runs on your machine.

1. Open **Demo object store**, then **climate**, then **reanalysis**.
2. Double-click **surface.zarr** (or press Enter on it): a cell appears below the selected one.
3. Press Shift-Enter to run it.

Right-click a row for everything else, or drag it between two cells.
"""


def run(port: int, *, open_browser: bool) -> int:
    """Run the demo until it is interrupted. Returns the exit status."""
    for needed in ("jupyterlab", "ipykernel"):
        if importlib.util.find_spec(needed) is None:
            raise ModuleNotFoundError(f"No module named {needed!r}", name=needed)
    signal.signal(signal.SIGTERM, _interrupt)
    print("Preparing sample data …", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="zarrbrowser-demo-") as place, s3_server() as url:
            folder = Path(place)
            write_samples(folder / "buckets")
            write_scratch(folder / "buckets")
            count = upload_buckets(folder / "buckets", url)
            make_older("scratch", SCRATCH_AGES)
            print(f"{count} objects at {url}. Starting JupyterLab; Ctrl-C stops all of it.", flush=True)
            return _lab(folder, port, url, open_browser=open_browser)
    except KeyboardInterrupt:
        print("\nStopped; nothing was left behind.", flush=True)
        return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _lab(folder: Path, port: int, url: str, *, open_browser: bool) -> int:
    work = folder / "work"
    work.mkdir()
    (work / "start-here.ipynb").write_text(json.dumps(_notebook()), encoding="utf-8")
    (folder / "aws").write_text(
        f"[profile demo]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\nregion = {REGION}\n",
        encoding="utf-8",
    )
    config = folder / "jupyter_server_config.py"
    config.write_text(_CONFIG.format(port=port, work=str(work), url=url, open_browser=open_browser), encoding="utf-8")
    _open_sidebar(folder / "workspaces")
    _no_news(folder / "settings")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_CONFIG_FILE": str(folder / "aws"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "JUPYTERHUB_USER": "ada",
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        # JupyterLab asks npm for its configuration, which writes a log of that.
        "npm_config_cache": str(folder / "npm"),
    }
    # A session of its own: Ctrl-C reaches this process only, which then ends JupyterLab in order.
    lab = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--config", str(config)], env=environment, start_new_session=True
    )
    try:
        return lab.wait()
    finally:
        _end(lab)


def _end(lab: subprocess.Popen[bytes]) -> None:
    """End JupyterLab and its kernels, whatever else is pressed meanwhile."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if lab.poll() is None:
            lab.terminate()
        try:
            lab.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            lab.kill()
            lab.wait()
    finally:
        signal.signal(signal.SIGINT, previous)


def _open_sidebar(folder: Path) -> None:
    """A workspace in which the panel is open from the start."""
    from jupyterlab_server.workspaces_handler import WorkspacesManager  # noqa: PLC0415

    layout = {"left": {"collapsed": False, "visible": True, "current": _PANEL, "widgets": [_PANEL]}}
    workspace = {"data": {"layout-restorer:data": layout}, "metadata": {"id": "default"}}
    folder.mkdir()
    WorkspacesManager(str(folder)).save("default", json.dumps(workspace))


def _no_news(folder: Path) -> None:
    """JupyterLab's question whether to fetch news would cover the first cell's output."""
    place = folder / "@jupyterlab" / "apputils-extension"
    place.mkdir(parents=True)
    (place / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', encoding="utf-8")


def _notebook() -> dict[str, object]:
    return {
        "cells": [{"id": "start", "cell_type": "markdown", "metadata": {}, "source": _START}],
        "metadata": {
            # As the kernel will state it, so that the notebook is not changed by its start.
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {
                "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
                "file_extension": ".py",
                "mimetype": "text/x-python",
                "name": "python",
                "nbconvert_exporter": "python",
                "pygments_lexer": f"ipython{sys.version_info[0]}",
                "version": platform.python_version(),
            },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
