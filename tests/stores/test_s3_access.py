"""Who may do what with S3, and where credentials come from: on OpenStack Swift, which checks signatures and rights."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser.config import EnvCredentials, S3Config

from ..servers.counting_proxy import CountingProxy
from ..servers.swift import DEMO, OTHER, READER, Swift, User
from .places import OpenStore, keys_of, pages_of, raises
from .test_s3 import S3Place

FEW = {"x": b"x", "folder/y": b"yy"}


class AwsFiles:
    """The files of ``~/.aws``, which botocore finds by the environment."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.config, self.credentials = folder / "config", folder / "credentials"
        patch.setenv("AWS_CONFIG_FILE", str(self.config))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(self.credentials))

    def write(self, profile: str, user: User, **options: str) -> None:
        head = profile if profile == "default" else f"profile {profile}"
        lines = [f"[{head}]", *(f"{name} = {value}" for name, value in options.items())]
        self.config.write_text("\n".join(lines) + "\n")
        self.credentials.write_text(
            f"[{profile}]\naws_access_key_id = {user.key}\naws_secret_access_key = {user.secret}\n"
        )


@pytest.fixture
def aws_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsFiles:
    return AwsFiles(tmp_path, monkeypatch)


class AccessPlace(S3Place):
    def bucket(self, name: str) -> str:
        return f"access-{name}"


@pytest.fixture(scope="module")
def access_place(swift: Swift, swift_proxy_server: CountingProxy) -> AccessPlace:
    place = AccessPlace(swift_proxy_server, swift.url, *DEMO)
    for name in ("few", "public", "my.dotted.bucket"):
        place.put(name, FEW)
    with closing(swift.client()) as client:
        client.put_bucket_acl(Bucket="access-public", ACL="public-read")
    return place


@pytest.fixture
def place(access_place: AccessPlace, swift_proxy: CountingProxy) -> AccessPlace:
    return access_place


class TestCredentials:
    async def _works(self, store: Any) -> None:
        assert keys_of(await pages_of(store, "", 1)) == ["folder/", "x"]
        assert await store.get("folder/y", max_bytes=10) == b"yy"
        assert (await store.stat("x")).size_bytes == 1

    async def test_literal_key_and_secret(self, place: S3Place, open_store: OpenStore) -> None:
        await self._works(open_store(place.config("few")))

    async def test_a_profile_with_its_own_endpoint(
        self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles
    ) -> None:
        aws_files.write("js2", DEMO, endpoint_url=place.url)
        await self._works(open_store(S3Config(id="s3", root="s3://access-few", profile="js2")))

    async def test_a_profile_with_an_endpoint_for_s3_only(
        self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles
    ) -> None:
        aws_files.write("js2", DEMO, services="ours", region="us-east-1")
        with aws_files.config.open("a") as file:
            file.write(f"[services ours]\ns3 =\n  endpoint_url = {place.url}\n")
        await self._works(open_store(S3Config(id="s3", root="s3://access-few", profile="js2")))

    async def test_a_profile_and_an_endpoint(self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles) -> None:
        """What the administrator writes wins over what the profile says."""
        aws_files.write("js2", DEMO, endpoint_url="http://no-such-host.invalid")
        await self._works(open_store(S3Config(id="s3", root="s3://access-few", profile="js2", endpoint_url=place.url)))

    async def test_the_default_chain(self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles) -> None:
        aws_files.write("default", DEMO, endpoint_url=place.url)
        await self._works(open_store(S3Config(id="s3", root="s3://access-few")))

    async def test_the_environment_by_name(
        self, place: S3Place, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = EnvCredentials(key="LAB_KEY", secret="LAB_SECRET")
        store = open_store(S3Config(id="s3", root="s3://access-few", env=names, endpoint_url=place.url))
        monkeypatch.setenv("LAB_KEY", DEMO.key)
        with raises("credentials_missing") as caught:
            await store.list("")
        assert "LAB_SECRET" in caught.value.message
        monkeypatch.setenv("LAB_SECRET", "wrong")
        with raises("credentials_invalid"):
            await store.list("")
        monkeypatch.setenv("LAB_SECRET", DEMO.secret)
        await self._works(store)

    async def test_a_corrected_profile_needs_no_restart(
        self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles
    ) -> None:
        aws_files.write("js2", User(DEMO.key, "wrong"), endpoint_url=place.url)
        store = open_store(S3Config(id="s3", root="s3://access-few", profile="js2"))
        for _ in range(2):
            with raises("credentials_invalid"):
                await store.list("")
            with raises("credentials_invalid"):
                await store.get("x", max_bytes=10)
        aws_files.write("js2", User("nobody", DEMO.secret), endpoint_url=place.url)
        with raises("credentials_invalid"):
            await store.list("")
        aws_files.write("js2", DEMO, endpoint_url=place.url)
        await self._works(store)

    async def test_many_requests_with_bad_credentials_all_say_so(
        self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles
    ) -> None:
        """The first refusal gives the client up; it must stay open for those who still wait for their answers."""
        aws_files.write("js2", User(DEMO.key, "wrong"), endpoint_url=place.url)
        store = open_store(S3Config(id="s3", root="s3://access-few", profile="js2"))
        place.proxy.configure(latency_ms=20, jitter_ms=20)
        work = [store.get("x", max_bytes=10) for _ in range(12)] + [store.list("") for _ in range(4)]
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        assert {getattr(outcome, "code", outcome) for outcome in outcomes} == {"credentials_invalid"}
        aws_files.write("js2", DEMO, endpoint_url=place.url)
        await self._works(store)

    async def test_profiles_that_are_not_there(
        self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles
    ) -> None:
        store = open_store(S3Config(id="s3", root="s3://access-few", profile="js2"))
        with raises("credentials_missing"):
            await store.list("")
        aws_files.write("js2", DEMO, endpoint_url=place.url)
        await self._works(store)

    async def test_files_that_are_broken(self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles) -> None:
        aws_files.write("js2", DEMO, endpoint_url=place.url)
        aws_files.config.write_text("this is no configuration\n")
        store = open_store(S3Config(id="s3", root="s3://access-few", profile="js2"))
        with raises("credentials_missing"):
            await store.list("")
        aws_files.write("js2", DEMO, endpoint_url=place.url)
        await self._works(store)

    async def test_half_a_pair(self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles) -> None:
        aws_files.write("js2", DEMO, endpoint_url=place.url)
        aws_files.credentials.write_text(f"[js2]\naws_access_key_id = {DEMO.key}\n")
        with raises("credentials_missing"):
            await open_store(S3Config(id="s3", root="s3://access-few", profile="js2")).list("")

    async def test_no_credentials_anywhere(self, place: S3Place, open_store: OpenStore, aws_files: AwsFiles) -> None:
        store = open_store(S3Config(id="s3", root="s3://access-few", endpoint_url=place.url))
        with place.proxy.recording() as seen:
            for work in (store.list(""), store.get("x", max_bytes=10), store.stat("x")):
                with raises("credentials_missing") as caught:
                    await work
                assert "aws configure" in caught.value.hint, "nobody but the user can have forgotten them"
        assert len(seen) == 0

    async def test_anybody_may_read_what_is_public(self, place: S3Place, open_store: OpenStore) -> None:
        await self._works(open_store(S3Config(id="s3", root="s3://access-public", anon=True, endpoint_url=place.url)))

    async def test_nobody_may_read_what_is_not(self, place: S3Place, open_store: OpenStore) -> None:
        store = open_store(S3Config(id="s3", root="s3://access-few", anon=True, endpoint_url=place.url))
        with raises("list_forbidden"):
            await store.list("")
        with raises("forbidden"):
            await store.get("x", max_bytes=10)
        with raises("forbidden"):
            await store.stat("x")

    async def test_a_user_without_rights(self, place: S3Place, open_store: OpenStore) -> None:
        store = open_store(place.config("few", key=READER.key, secret=READER.secret))
        with raises("list_forbidden"):
            await store.list("")
        with raises("forbidden"):
            await store.get("x", max_bytes=10)
        with raises("forbidden"):
            await store.stat("x")
        every = open_store(place.config("few", key=READER.key, secret=READER.secret, root=""))
        with raises("list_forbidden"):
            await every.list("")

    async def test_another_account(self, place: S3Place, open_store: OpenStore) -> None:
        store = open_store(place.config("few", key=OTHER.key, secret=OTHER.secret))
        with raises("no_such_bucket", "list_forbidden"):
            await store.list("")

    async def test_a_bucket_with_dots(self, place: S3Place, open_store: OpenStore) -> None:
        for path_style in (False, True):
            await self._works(open_store(place.config("my.dotted.bucket", path_style=path_style)))

    async def test_every_bucket(self, place: S3Place, open_store: OpenStore) -> None:
        store = open_store(place.config("few", root=""))
        assert store.has_buckets
        for limit in (1, 2, 1000):
            pages = await pages_of(store, "", limit, "access-")
            assert keys_of(pages) == ["access-few/", "access-my.dotted.bucket/", "access-public/"]
            assert all(len(page.entries) <= limit for page in pages)
        assert {entry.kind for entry in (await store.list("")).entries} == {"bucket"}
        assert keys_of(await pages_of(store, "", 1000)) == sorted(keys_of(await pages_of(store, "", 3)))
        assert keys_of(await pages_of(store, "access-few/", 1)) == ["access-few/folder/", "access-few/x"]
        assert keys_of([await store.list("access-few/folder/")]) == ["access-few/folder/y"]
        assert await store.get("access-few/folder/y", max_bytes=10) == b"yy"
        assert store.key_of("s3://access-few/x") == "access-few/x"
        for key in ("", "/", "access-few", "access-few/"):
            with raises("not_found"):
                await store.get(key, max_bytes=10)
        for container in ("/", "no-such-bucket/", "no-such-bucket/folder/"):
            with raises("no_such_bucket"):
                await store.list(container)
        with raises("bad_request", "no_such_bucket"):
            await store.list("Not A Bucket!/")

    async def test_web_addresses(self, place: S3Place, open_store: OpenStore) -> None:
        """As the consoles of Ceph, MinIO and Swift show them."""
        store = open_store(place.config("few"))
        every = open_store(place.config("few", root=""))
        assert store.key_of(f"{place.url}/access-few/100%2525%20%C3%A9%20%231%3F/x") == "100%25 é #1?/x"
        assert every.key_of(f"{place.url}/access-few/a//b") == "access-few/a//b"
        assert store.key_of(f"{place.url}/access-few/") == ""
        assert store.key_of(f"{place.url}/access-few") == ""
        assert store.key_of(f"{place.url}/access-few-2/x") is None
        assert store.key_of("http://other.example/access-few/x") is None
        assert store.key_of("s3a://access-few/x") == "x"
        assert store.key_of("S3://access-few/x") == "x"
