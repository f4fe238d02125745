"""A hub on Azure: scratch and persistent space named by the environment, from Go to until it is kept."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..servers.azurite import ACCOUNT, KEY, Azurite
from ..servers.counting_proxy import CountingProxy
from ..servers.records import azure_op
from .lab import OBJECTS, STORE, Fetch, Lab, below


@pytest.fixture(scope="module")
def azure_proxy(azurite: Azurite) -> Iterator[CountingProxy]:
    with CountingProxy(azurite.root_url, op_of=azure_op) as proxy:
        yield proxy


@pytest.fixture
def containers(azurite: Azurite) -> tuple[str, str]:
    """Of scratch and of what is kept; Ada's things lie in hers."""
    scratch, kept = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("scratch", "kept"))
    mine = {key.replace("mine/", "ada/", 1): content for key, content in OBJECTS.items()}
    azurite.put(scratch, mine)
    azurite.put(kept, {})
    return scratch, kept


@pytest.fixture
def jp_server_config(
    containers: tuple[str, str],
    azurite: Azurite,
    azure_proxy: CountingProxy,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> dict[str, Any]:
    scratch, kept = containers
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.setenv("SCRATCH_BUCKET", f"abfs://{scratch}/{{user}}")
    monkeypatch.setenv("PERSISTENT_BUCKET", f"az://{kept}")
    address = f"{azure_proxy.url}/{ACCOUNT}"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection_string(address))
    return {"ServerApp": {"jpserver_extensions": {"jupyterlab_zarrbrowser": True}}}


@pytest.fixture
def lab(
    jp_fetch: Fetch, azure_proxy: CountingProxy, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Lab]:
    """No test may end with the key in an answer or in a log."""
    for logger in ("jupyterlab_zarrbrowser", "ServerApp"):
        caplog.set_level(logging.DEBUG, logger=logger)
    found = Lab(jp_fetch, azure_proxy)
    yield found
    azure_proxy.reset()
    out, err = capfd.readouterr()
    assert KEY not in "".join([*found.heard, caplog.text, out, err])


async def test_scratch_is_counted_and_kept(lab: Lab, azurite: Azurite, containers: tuple[str, str]) -> None:
    [place] = await lab.scratch()
    assert place["uri"] == f"abfs://{containers[0]}/ada/"
    counted = await lab.run("usage", "", endpoint="scratch-bucket")
    mine = below("mine/")
    assert (counted["result"]["objects"], counted["result"]["bytes"]) == (len(mine), sum(map(len, mine.values())))

    target = {"toEndpoint": "persistent-bucket", "toKey": "ada/kept.zarr/", "deleteSource": True}
    with lab.proxy.recording() as seen:
        moved = await lab.run("copy", "foo.zarr/", endpoint="scratch-bucket", **target)
    assert (moved["state"], moved["error"]) == ("done", None)
    assert seen.ops["GetObject"] == 0, "not through this server"
    with azurite.client() as client:
        kept = {blob.name: blob.size for blob in client.get_container_client(containers[1]).list_blobs()}
        left = {blob.name for blob in client.get_container_client(containers[0]).list_blobs()}
    assert kept == {f"ada/kept.zarr/{key.removeprefix(STORE)}": len(content) for key, content in below(STORE).items()}
    assert not any(key.startswith("ada/foo.zarr/") for key in left)
    assert len(left) == len(OBJECTS) - len(below(STORE))

    refused = await lab.refused("delete", "bob/", endpoint="persistent-bucket")
    assert refused == (403, "read_only"), "that is somebody else's part"


async def test_every_spelling_of_an_address(lab: Lab, jp_fetch: Fetch, containers: tuple[str, str]) -> None:
    path = f"{containers[0]}/ada/foo.zarr"
    container, _, rest = path.partition("/")
    for url in (
        f"abfs://{path}",
        f"az://{path}/",
        f"abfss://{container}@{ACCOUNT}.dfs.core.windows.net/{rest}",
        f"https://{ACCOUNT}.blob.core.windows.net/{path}/zarr.json",
        f"{lab.proxy.url}/{ACCOUNT}/{path}",
    ):
        answer = await jp_fetch("zarrbrowser", "api", "node", params={"url": url})
        node = json.loads(answer.body)
        assert (node["endpoint"], node["key"]) == ("scratch-bucket", "foo.zarr/"), url
        assert node["uri"] == f"abfs://{path}/"
        assert KEY not in answer.body.decode()


async def test_cells_leave_the_credentials_to_the_environment(lab: Lab, jp_fetch: Fetch) -> None:
    params = {"endpoint": "scratch-bucket", "key": "foo.zarr/a/"}
    answer = await jp_fetch("zarrbrowser", "api", "snippets", params=params)
    assert KEY not in answer.body.decode()
    assert "connection_string" not in answer.body.decode()
