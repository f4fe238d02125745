"""The servers as pytest fixtures: one of each for the whole session, started when a test first asks for it.

Servers whose behaviour tests change (proxies, the file server) come clean to every test, by a fixture per test around
the one of the session. Samples are written once and uploaded once to each server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from .azurite import Azurite
from .counting_proxy import CountingProxy
from .dead import Dead
from .fake_s3 import FakeS3
from .gcs import Gcs
from .http_files import HttpFiles
from .moto_s3 import MotoS3
from .process import REPO_ROOT
from .s3_client import upload_directory
from .swift import Swift, ensure_venv, has_user_attributes
from .zarr_samples import Sample, write_all

__all__ = [
    "azurite",
    "counting_proxy",
    "counting_proxy_server",
    "dead",
    "fake_s3",
    "gcs",
    "gcs_samples",
    "gcs_server",
    "http_files",
    "http_files_server",
    "moto",
    "moto_samples",
    "sample_dir",
    "samples",
    "swift",
    "swift_proxy",
    "swift_proxy_server",
    "swift_samples",
]

#: The bucket that holds the samples, on every server.
SAMPLES = "samples"


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    """What is true of every sample, by name; they are written to ``sample_dir``."""
    return write_all(_sample_root(tmp_path_factory))


@pytest.fixture(scope="session")
def sample_dir(samples: dict[str, Sample], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that holds every sample store. Read only: tests that write make a copy."""
    return _sample_root(tmp_path_factory)


def _sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "samples"


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    home = tmp_path_factory.mktemp("swift")
    if has_user_attributes(home):
        with Swift(home) as server:
            yield server
        return
    # The temporary directory is in memory; the checkout is on a disk.
    ensure_venv()  # makes .cache
    with TemporaryDirectory(prefix="swift-", dir=REPO_ROOT / ".cache") as on_disk, Swift(Path(on_disk)) as server:
        yield server


@pytest.fixture(scope="session")
def swift_samples(swift: Swift, sample_dir: Path) -> str:
    """The name of a private bucket of Swift with every sample."""
    with closing(swift.client()) as client:
        client.create_bucket(Bucket=SAMPLES)
        upload_directory(client, sample_dir, SAMPLES)
    return SAMPLES


@pytest.fixture(scope="session")
def swift_proxy_server(swift: Swift) -> Iterator[CountingProxy]:
    with CountingProxy(swift.url) as proxy:
        yield proxy


@pytest.fixture
def swift_proxy(swift_proxy_server: CountingProxy) -> Iterator[CountingProxy]:
    """A counting proxy in front of Swift, clean at the start of each test."""
    swift_proxy_server.reset()
    yield swift_proxy_server
    swift_proxy_server.reset()


@pytest.fixture(scope="session")
def fake_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeS3]:
    """The synthetic S3 server with all its buckets. Tests write to ``scratch`` only, and leave its conditions alone."""
    with FakeS3(tmp_path_factory.mktemp("fake_s3") / "log.txt") as server:
        yield server


@pytest.fixture(scope="session")
def counting_proxy_server(fake_s3: FakeS3) -> Iterator[CountingProxy]:
    with CountingProxy(fake_s3.url) as proxy:
        yield proxy


@pytest.fixture
def counting_proxy(counting_proxy_server: CountingProxy) -> Iterator[CountingProxy]:
    """A counting proxy in front of the synthetic S3 server, clean at the start of each test."""
    counting_proxy_server.reset()
    yield counting_proxy_server
    counting_proxy_server.reset()


@pytest.fixture(scope="session")
def moto() -> Iterator[MotoS3]:
    with MotoS3() as server:
        yield server


@pytest.fixture(scope="session")
def moto_samples(moto: MotoS3, sample_dir: Path) -> str:
    """The name of a bucket of moto with every sample."""
    with closing(moto.client()) as client:
        client.create_bucket(Bucket=SAMPLES)
        upload_directory(client, sample_dir, SAMPLES)
    return SAMPLES


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[Gcs]:
    with Gcs() as server:
        yield server


@pytest.fixture
def gcs(gcs_server: Gcs) -> Iterator[Gcs]:
    """Google Cloud Storage, open to anybody and with clean options at the start of each test."""
    gcs_server.reset()
    yield gcs_server
    gcs_server.reset()


@pytest.fixture(scope="session")
def gcs_samples(gcs_server: Gcs, sample_dir: Path) -> str:
    """The name of a bucket of ``gcs`` with every sample."""
    gcs_server.create_bucket(SAMPLES)
    gcs_server.upload_directory(sample_dir, SAMPLES)
    return SAMPLES


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(scope="session")
def http_files_server(sample_dir: Path) -> Iterator[HttpFiles]:
    with HttpFiles(sample_dir) as server:
        yield server


@pytest.fixture
def http_files(http_files_server: HttpFiles) -> Iterator[HttpFiles]:
    """A web server over the samples, with clean options at the start of each test."""
    http_files_server.reset()
    yield http_files_server
    http_files_server.reset()


@pytest.fixture(scope="session")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dead]:
    with Dead(tmp_path_factory.mktemp("dead")) as addresses:
        yield addresses
