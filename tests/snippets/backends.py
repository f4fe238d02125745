"""The same stores on every kind of server, each with a panel over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ..formats.panel import Panel
from ..servers.azurite import ACCOUNT, Azurite
from ..servers.gcs import Gcs
from ..servers.http_files import HttpFiles
from ..servers.moto_s3 import KEY, SECRET, MotoS3
from ..servers.s3_client import upload_directory
from ..servers.swift import Swift

BUCKET = "cells"


@dataclass(frozen=True)
class Backend:
    """Where the stores lie, as the panel and as cells reach it."""

    panel: Panel
    key: str
    """Of the folder that holds the stores."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What cells need to have in theirs."""
    lists: bool = True
    is_http: bool = False


@contextmanager
def local(stores_dir: Path) -> Iterator[Backend]:
    with Panel(kind="local", root=str(stores_dir)) as panel:
        yield Backend(panel, "")


@contextmanager
def s3(url: str, key: str, secret: str, **options: Any) -> Iterator[Backend]:
    """Credentials in environment variables of any name."""
    environment = {"CELLS_KEY": key, "CELLS_SECRET": secret}
    names = {"key": "CELLS_KEY", "secret": "CELLS_SECRET"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with Panel(kind="s3", endpoint_url=url, env=names, **options) as panel:
            yield Backend(panel, f"{BUCKET}/", environment)


@contextmanager
def moto(server: MotoS3) -> Iterator[Backend]:
    """Everything stated that an administrator may state."""
    options = {"region": "eu-west-2", "path_style": True, "checksum": "when_required", "requester_pays": True}
    with s3(server.url, KEY, SECRET, **options) as backend:
        yield backend


@contextmanager
def gcs(server: Gcs) -> Iterator[Backend]:
    with Panel(kind="gcs", root=f"gs://{BUCKET}", endpoint_url=server.url, anon=True) as panel:
        yield Backend(panel, "")


@contextmanager
def azure(server: Azurite) -> Iterator[Backend]:
    """The account's key in an environment variable of any name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELLS_AZURE_KEY", server.key)
        env = {"account_key": "CELLS_AZURE_KEY"}
        with Panel(kind="azure", account=ACCOUNT, endpoint_url=server.url, env=env) as panel:
            yield Backend(panel, f"{BUCKET}/", {"CELLS_AZURE_KEY": server.key})


@contextmanager
def public_azure(server: Azurite) -> Iterator[Backend]:
    """Without any credentials."""
    with Panel(kind="azure", root=f"az://{BUCKET}", account=ACCOUNT, endpoint_url=server.url, anon=True) as panel:
        yield Backend(panel, "")


@contextmanager
def http(stores_dir: Path, index: str) -> Iterator[Backend]:
    with HttpFiles(stores_dir, index=index) as server, Panel(kind="http", root=f"{server.url}/") as panel:
        yield Backend(panel, "", lists=index != "none", is_http=True)


def fill_swift(server: Swift, stores_dir: Path) -> None:
    with closing(server.client()) as client:
        client.create_bucket(Bucket=BUCKET)
        upload_directory(client, stores_dir, BUCKET)


def fill_moto(server: MotoS3, stores_dir: Path) -> None:
    with closing(server.client()) as client:
        client.create_bucket(Bucket=BUCKET)
        upload_directory(client, stores_dir, BUCKET)


def fill_gcs(server: Gcs, stores_dir: Path) -> None:
    server.create_bucket(BUCKET)
    server.upload_directory(stores_dir, BUCKET)


def fill_azure(server: Azurite, stores_dir: Path) -> None:
    server.upload_directory(stores_dir, BUCKET, public="container")
