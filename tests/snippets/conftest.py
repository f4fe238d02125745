"""Interpreters for cells, and the stores that cells open, on every kind of server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..servers.azurite import Azurite
from ..servers.gcs import Gcs
from ..servers.moto_s3 import MotoS3
from ..servers.swift import DEMO, Swift
from . import backends
from .backends import Backend
from .interpreters import INTERPRETERS, VARIABLE, Interpreter
from .stores import Store, write_stores


@pytest.fixture(params=list(INTERPRETERS), scope="session")
def interpreter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    with Interpreter(INTERPRETERS[request.param], tmp_path_factory.mktemp(f"cells-{request.param}")) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if "next" not in INTERPRETERS:
        terminalreporter.write_line(
            f"Cells ran on this Python only. Set {VARIABLE} to an interpreter with the newest zarr to run them there.",
            yellow=True,
        )


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    """What cells should find in each store, by name; they are written to ``stores_dir``."""
    return write_stores(tmp_path_factory.getbasetemp() / "cells")


@pytest.fixture(scope="session")
def stores_dir(stores: dict[str, Store], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "cells"


@pytest.fixture(scope="session")
def on_local(stores_dir: Path) -> Iterator[Backend]:
    with backends.local(stores_dir) as backend:
        yield backend


@pytest.fixture(scope="session")
def swift_cells(swift: Swift, stores_dir: Path) -> Swift:
    """Swift with the stores in a private bucket."""
    backends.fill_swift(swift, stores_dir)
    return swift


@pytest.fixture(scope="session")
def on_swift(swift_cells: Swift) -> Iterator[Backend]:
    with backends.s3(swift_cells.url, DEMO.key, DEMO.secret) as backend:
        yield backend


@pytest.fixture(scope="session")
def moto_cells(moto: MotoS3, stores_dir: Path) -> MotoS3:
    """moto with the stores in a bucket."""
    backends.fill_moto(moto, stores_dir)
    return moto


@pytest.fixture(scope="session")
def on_moto(moto_cells: MotoS3) -> Iterator[Backend]:
    with backends.moto(moto_cells) as backend:
        yield backend


@pytest.fixture(scope="session")
def on_gcs(gcs_server: Gcs, stores_dir: Path) -> Iterator[Backend]:
    backends.fill_gcs(gcs_server, stores_dir)
    with backends.gcs(gcs_server) as backend:
        yield backend


@pytest.fixture(scope="session")
def azure_cells(azurite: Azurite, stores_dir: Path) -> Azurite:
    """Azurite with the stores in a container that anybody may list and read."""
    backends.fill_azure(azurite, stores_dir)
    return azurite


@pytest.fixture(scope="session")
def on_azure(azure_cells: Azurite) -> Iterator[Backend]:
    with backends.azure(azure_cells) as backend:
        yield backend


@pytest.fixture(scope="session")
def on_public_azure(azure_cells: Azurite) -> Iterator[Backend]:
    with backends.public_azure(azure_cells) as backend:
        yield backend


@pytest.fixture(scope="session")
def on_apache(stores_dir: Path) -> Iterator[Backend]:
    with backends.http(stores_dir, "apache") as backend:
        yield backend


@pytest.fixture(scope="session")
def on_nginx(stores_dir: Path) -> Iterator[Backend]:
    with backends.http(stores_dir, "nginx") as backend:
        yield backend


@pytest.fixture(scope="session")
def on_http_without_index(stores_dir: Path) -> Iterator[Backend]:
    with backends.http(stores_dir, "none") as backend:
        yield backend
