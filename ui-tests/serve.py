"""What the browser tests run against: real stores with data in them, then JupyterLab.

Serves on ``ZB_UI_PORT`` until it is told to end. Endpoints: a Swift with EC2-style credentials in a profile, as our
users have; a synthetic archive with millions of keys; the same Swift behind a proxy that forbids listing; an address
where nothing answers; a web server without index pages; the folder that Jupyter shows in its file browser; a bucket
to keep things in; all of the Swift's buckets to write to, new ones too; and the scratch bucket of a hub, in which
``ada/`` is the user's own part and ``bob/`` is not.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "ui-tests" / "results"
sys.path.insert(0, str(ROOT))

from jupyterlab_zarrbrowser.demo.samples import write_samples
from tests.servers.counting_proxy import CountingProxy
from tests.servers.dead import Dead
from tests.servers.fake_s3 import FakeS3
from tests.servers.http_files import HttpFiles
from tests.servers.process import ServerProcess, answers_ok
from tests.servers.s3_client import upload_directory
from tests.servers.swift import DEMO, Swift, has_user_attributes
from tests.servers.zarr_samples import write_all

CONFIG = """\
from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = {port}
c.ServerApp.allow_root = True
c.ServerApp.root_dir = {work!r}
c.ServerApp.jpserver_extensions = {{"jupyterlab_zarrbrowser": True}}
c.ZarrBrowser.endpoints = [
    {{"id": "js2", "title": "Jetstream2", "kind": "s3", "profile": "js2", "endpoint_url": {swift!r}}},
    {{"id": "archive", "title": "Archive", "kind": "s3", "endpoint_url": {archive!r},
      "env": {{"key": "ARCHIVE_KEY", "secret": "ARCHIVE_SECRET"}}}},
    {{"id": "locked", "title": "Locked bucket", "kind": "s3", "profile": "js2", "endpoint_url": {locked!r},
      "root": "s3://climate"}},
    {{"id": "old", "title": "Old cluster", "kind": "s3", "profile": "js2", "endpoint_url": {dead!r}}},
    {{"id": "web", "title": "Web server", "kind": "http", "root": {web!r}, "index": False}},
    {{"id": "persistent", "title": "Persistent", "kind": "s3", "profile": "js2", "endpoint_url": {swift!r},
      "root": "s3://persistent/ada", "writable": True}},
    {{"id": "own", "title": "My buckets", "kind": "s3", "profile": "js2", "endpoint_url": {swift!r},
      "writable": True, "creates_buckets": True}},
    {{"id": "files", "title": "My files", "kind": "local", "root": {files!r}}},
]
# Tests see what is there before the first count.
c.ZarrBrowser.count_scratch_daily = False
c.ZarrBrowser.scratch = [
    {{"url_env": ["SCRATCH_BUCKET", "PANGEO_SCRATCH"], "endpoint": "js2", "quota_bytes": 200_000_000,
      "price_per_tb_month": 20, "renewable": True}},
]
"""


def _write_scratch(buckets: Path, place: Path) -> None:
    """Two users' scratch, and what the first one has kept already."""
    ada, bob, kept = place / "scratch" / "ada", place / "scratch" / "bob", place / "persistent" / "ada"
    climate = buckets / "climate"
    for source, target in (
        (climate / "reanalysis" / "surface.zarr", ada / "surface.zarr"),
        (climate / "ensemble.zarr", ada / "ensemble.zarr"),
        (buckets / "imagery" / "vegetation-sharded.zarr", ada / "runs" / "run-01" / "vegetation.zarr"),
        (climate / "ensemble.zarr", ada / "runs" / "run-02" / "ensemble.zarr"),
        (climate / "ensemble.zarr", bob / "forecast.zarr"),
        (climate / "ensemble.zarr", kept / "ensemble.zarr"),
    ):
        shutil.copytree(source, target)
    (ada / "checkpoint.bin").write_bytes(bytes(4_000_000))
    (ada / "notes with spaces.md").write_text("# Notes\n", encoding="utf-8")
    for number in range(40):
        (ada / "tmp" / f"part-{number:03}").mkdir(parents=True)
        (ada / "tmp" / f"part-{number:03}" / "data.csv").write_bytes(b"1,2,3\n" * (40 + number))


def _stop(*_: object) -> None:
    raise SystemExit(0)


def main() -> None:
    port = int(os.environ.get("ZB_UI_PORT", "8899"))
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zarrbrowser-ui-")))
        if not has_user_attributes(place):
            cache = ROOT / ".cache"
            cache.mkdir(exist_ok=True)
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ui-", dir=cache)))
        buckets, samples, work = place / "buckets", place / "samples", place / "work"
        write_samples(buckets)
        # Jupyter's own folder, so that the tests can write into it through Jupyter.
        (work / "empty").mkdir(parents=True)
        shutil.copytree(buckets / "climate" / "ensemble.zarr", work / "data" / "ensemble.zarr")
        write_all(samples)
        archive = stack.enter_context(FakeS3(place / "archive.log"))
        swift = stack.enter_context(Swift(place / "swift"))
        dead = Dead(place)
        stack.callback(dead.close)
        with closing(swift.client()) as client:
            _write_scratch(buckets, place / "user")
            for folder in (*sorted(buckets.iterdir()), samples, *sorted((place / "user").iterdir())):
                client.create_bucket(Bucket=folder.name)
                upload_directory(client, folder, folder.name)
        locked = stack.enter_context(CountingProxy(swift.url, deny_match="^List", missing_as_403=True))
        web = stack.enter_context(HttpFiles(buckets, index="none"))
        (place / "aws").write_text(
            f"[profile js2]\nregion = us-east-1\n"
            f"aws_access_key_id = {DEMO.key}\naws_secret_access_key = {DEMO.secret}\n",
            encoding="utf-8",
        )
        config = place / "jupyter_server_config.py"
        config.write_text(
            CONFIG.format(
                port=port,
                work=str(work),
                swift=swift.url,
                archive=archive.url,
                locked=locked.url,
                dead=dead.refusing,
                web=web.url + "/",
                files=str(work),
            ),
            encoding="utf-8",
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {
            "AWS_CONFIG_FILE": str(place / "aws"),
            "AWS_SHARED_CREDENTIALS_FILE": str(place / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "JUPYTERHUB_USER": "ada",
            "SCRATCH_BUCKET": "s3://scratch",
            "PANGEO_SCRATCH": "s3://old-scratch/ada",
            "ARCHIVE_KEY": "archive",
            "ARCHIVE_SECRET": "archive-secret",
            "JUPYTER_CONFIG_DIR": str(place / "config"),
            # Where counts are remembered: nothing was counted yet.
            "JUPYTER_DATA_DIR": str(place / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
            "IPYTHONDIR": str(place / "ipython"),
            "TMPDIR": str(place),
        }
        command = [sys.executable, "-m", "jupyterlab", "--config", str(config)]
        lab = ServerProcess("jupyterlab", command, log=place / "lab.log", env=environment)
        stack.callback(lab.stop)
        lab.start(lambda: answers_ok(f"http://127.0.0.1:{port}/api"))
        # For tests that look into buckets past the product.
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "swift.url").write_text(swift.url, encoding="utf-8")
        print(f"JupyterLab: http://127.0.0.1:{port}/lab", flush=True)
        try:
            lab.wait(24 * 3600)
        finally:
            print(lab.log_tail(), flush=True)


if __name__ == "__main__":
    main()
