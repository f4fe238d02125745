"""One panel for each kind of store that holds the samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..servers.swift import DEMO, Swift
from .panel import Panel


@dataclass(frozen=True)
class Place:
    """A panel, and the key of the folder in which the samples lie."""

    panel: Panel
    key: str


@pytest.fixture(scope="session")
def local_place(sample_dir: Path) -> Iterator[Place]:
    with Panel(kind="local", root=str(sample_dir)) as panel:
        yield Place(panel, "")


@pytest.fixture(scope="session")
def swift_place(swift: Swift, swift_samples: str) -> Iterator[Place]:
    with Panel(kind="s3", endpoint_url=swift.url, key=DEMO.key, secret=DEMO.secret, region="us-east-1") as panel:
        yield Place(panel, f"{swift_samples}/")


@pytest.fixture(params=["local", "swift"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Any]:
    """A panel over an empty folder, and the folder."""
    with Panel(kind="local", root=str(tmp_path)) as panel:
        yield panel, tmp_path
