"""S3: on OpenStack Swift (real signatures and rights), on moto, and on a synthetic server with short pages."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from jupyterlab_zarrbrowser.config import S3Config
from jupyterlab_zarrbrowser.stores import Store, s3

from ..servers.counting_proxy import CountingProxy
from ..servers.fake_s3 import FakeS3
from ..servers.moto_s3 import MotoS3
from ..servers.s3_client import UPLOAD_WORKERS, s3_client
from ..servers.swift import DEMO, Swift
from .conformance import RemoteStoreTests, StoreTests
from .places import SENTINEL, Objects, OpenStore, RemotePlace, keys_of, pages_of


class S3Place(RemotePlace):
    #: A store whose root is a prefix instead of a bucket.
    prefix = ""

    def __init__(self, proxy: CountingProxy, upstream_url: str, key: str, secret: str) -> None:
        super().__init__(proxy)
        self._upstream_url = upstream_url
        self.key, self.secret = key, secret

    deletes_at_once = True

    def shrink_parts(self, monkeypatch: pytest.MonkeyPatch) -> int:
        part = 5 * 2**20  # less is refused, but for the last
        for name in ("_PART_BYTES", "_COPY_PART_BYTES", "_MAX_COPY_BYTES"):
            monkeypatch.setattr(s3, name, part)
        return part

    def unfinished(self, store: Store) -> list[str]:
        bucket = store.bucket_of("")
        with closing(self.client()) as client:
            return [upload["Key"] for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]

    def client(self) -> Any:
        return s3_client(self._upstream_url, self.key, self.secret, retries=3)

    def bucket(self, name: str) -> str:
        return f"test-{name}"

    def put(self, name: str, objects: Objects) -> None:
        with closing(self.client()) as client, ThreadPoolExecutor(UPLOAD_WORKERS) as pool:
            client.create_bucket(Bucket=self.bucket(name))
            jobs = [
                pool.submit(client.put_object, Bucket=self.bucket(name), Key=self.prefix + key, Body=content)
                for key, content in objects.items()
            ]
            for job in jobs:
                job.result()

    def config(self, name: str, **changes: Any) -> S3Config:
        root = f"s3://{self.bucket(name)}/{self.prefix}".removesuffix("/")
        return self.config_at(self.url, **{"root": root, "key": self.key, "secret": self.secret, **changes})

    def config_at(self, url: str, **changes: Any) -> S3Config:
        options = {"id": "s3", "root": "s3://somewhere", "endpoint_url": url, "key": "AKIATEST", "secret": SENTINEL}
        return S3Config(**{**options, **changes})


class MotoPlace(S3Place):
    knows_what_was_given_up = False  # a part of it is answered with a KeyError


class PrefixPlace(S3Place):
    prefix = "deep/100%25 é/"

    def bucket(self, name: str) -> str:
        return f"prefixed-{name}"


@pytest.fixture(scope="module")
def swift_place(swift: Swift, swift_proxy_server: CountingProxy) -> S3Place:
    return S3Place(swift_proxy_server, swift.url, *DEMO)


@pytest.fixture(scope="module")
def prefix_place(swift: Swift, swift_proxy_server: CountingProxy) -> PrefixPlace:
    return PrefixPlace(swift_proxy_server, swift.url, *DEMO)


class TestSwift(RemoteStoreTests, StoreTests):
    @pytest.fixture
    def place(self, swift_place: S3Place, swift_proxy: CountingProxy) -> S3Place:
        return swift_place


class TestSwiftPrefix(StoreTests):
    """The root is a folder of a bucket."""

    @pytest.fixture
    def place(self, prefix_place: PrefixPlace, swift_proxy: CountingProxy) -> PrefixPlace:
        return prefix_place

    async def test_a_missing_root(self, place: PrefixPlace, open_store: OpenStore) -> None:  # type: ignore[override]
        """The bucket is there; a folder without objects cannot be told from none."""
        store = open_store(place.filled("many", {}, root=f"s3://{place.bucket('many')}/nothing"))
        assert keys_of(await pages_of(store, "", 100)) == []


@pytest.fixture(scope="module")
def moto_proxy(moto: MotoS3) -> Iterator[CountingProxy]:
    with CountingProxy(moto.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def moto_place(moto: MotoS3, moto_proxy: CountingProxy) -> S3Place:
    return MotoPlace(moto_proxy, moto.url, "testing", "testing")


class TestMoto(StoreTests):
    @pytest.fixture
    def place(self, moto_place: S3Place) -> Iterator[S3Place]:
        yield moto_place
        moto_place.proxy.reset()


@pytest.fixture(scope="module")
def short_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeS3]:
    """Truncated pages hold fewer keys than asked for, as those of Ceph do."""
    with FakeS3(tmp_path_factory.mktemp("short-pages") / "log.txt", short_pages=True) as server:
        yield server


@pytest.fixture(scope="module")
def short_proxy(short_pages: FakeS3) -> Iterator[CountingProxy]:
    with CountingProxy(short_pages.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def short_place(short_pages: FakeS3, short_proxy: CountingProxy) -> S3Place:
    return S3Place(short_proxy, short_pages.url, "any", "any")


class TestShortPages(StoreTests):
    @pytest.fixture
    def place(self, short_place: S3Place) -> Iterator[S3Place]:
        yield short_place
        short_place.proxy.reset()
