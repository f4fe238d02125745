"""What the front end weighs, and what it adds to the time until JupyterLab is ready.

    python scripts/dev.py run python -m benchmarks.front_end [--rounds 9]

Sizes are of the bundle in ``jupyterlab_zarrbrowser/labextension`` (build it with ``jlpm build:prod``). Times are of two
JupyterLabs on loopback, one with the extension disabled, loaded in turns in one Chromium.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.servers.process import REPO_ROOT, ServerProcess, answers_ok, free_port

_STATIC = REPO_ROOT / "jupyterlab_zarrbrowser" / "labextension" / "static"

_CONFIG = """\
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = {port}
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.ServerApp.root_dir = {place!r}
c.IdentityProvider.token = ""
c.LabApp.expose_app_in_browser = True
"""


def sizes() -> None:
    total = 0
    print(f"{'file':36}{'bytes':>10}{'gzipped':>10}")
    for path in sorted(_STATIC.glob("*.js")):
        packed = len(gzip.compress(path.read_bytes()))
        is_lazy = "details" in path.name
        total += 0 if is_lazy else packed
        print(f"{path.name.split('.')[0]:36}{path.stat().st_size:>10,}{packed:>10,}{'  lazy' if is_lazy else ''}")
    print(f"Loaded with JupyterLab: {total / 1000:.1f} kB gzipped\n")


def lab(stack: ExitStack, place: Path, *, enabled: bool) -> str:
    place.mkdir()
    port = free_port()
    settings = place / "labconfig"
    settings.mkdir()
    (settings / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {} if enabled else {"jupyterlab_zarrbrowser": True}}), encoding="utf-8"
    )
    config = place / "config.py"
    config.write_text(_CONFIG.format(port=port, place=str(place)), encoding="utf-8")
    env = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(place),
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(place / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--config", str(config)]
    server = stack.enter_context(ServerProcess("lab", command, log=place / "lab.log", env=env))
    server.start(lambda: answers_ok(f"http://127.0.0.1:{port}/api"))
    return f"http://127.0.0.1:{port}/lab?reset"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    sizes()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        urls = [lab(stack, Path(name) / which, enabled=which == "with") for which in ("without", "with")]
        subprocess.run(
            ["node", str(Path(__file__).with_name("load_lab.mjs")), str(arguments.rounds), *urls],
            check=True,
            cwd=REPO_ROOT,
        )


if __name__ == "__main__":
    main()
