"""Azure Blob Storage, on Azurite: it checks signatures, public access and versions of the protocol."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from jupyterlab_zarrbrowser.access import EnvVar
from jupyterlab_zarrbrowser.config import AzureConfig, AzureCredentials
from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.scan import Scan
from jupyterlab_zarrbrowser.stores import Block, Range, Store, azure_answers, open_store
from jupyterlab_zarrbrowser.stores import azure as azure_store
from jupyterlab_zarrbrowser.stores.uploads import StoredPart

from ..servers.azurite import ACCOUNT, KEY, OTHER_ACCOUNT, OTHER_KEY, Azurite
from ..servers.counting_proxy import CountingProxy
from ..servers.dead import Dead
from ..servers.records import azure_op
from .conformance import RemoteStoreTests, StoreTests
from .conformance_scan import blocks_of, keys_in
from .conformance_uploads import put_parts, uploads_of
from .conformance_write import put, read
from .places import SENTINEL, Objects, OpenStore, RemotePlace, children, keys_of, many, pages_of, raises
from .scripted import HTML, JSON, XML, Answer, Request, Script, ScriptedServer

#: Names of variables of the server's environment.
KEY_VARIABLE, BAD_VARIABLE = "TEST_AZURE_KEY", "TEST_AZURE_BAD_KEY"


class AzurePlace(RemotePlace):
    keys_may_hold_dot_segments = (
        False  # the client that puts them signs another path; test_keys_with_dots does without it
    )
    # The order of JavaScript, which is that of UTF-16; the service's own is not documented.
    lists_in_order_of_bytes = False

    def __init__(self, proxy: CountingProxy, server: Azurite) -> None:
        super().__init__(proxy)
        self.server = server

    @property
    def url(self) -> str:
        return f"{self.proxy.url}/{ACCOUNT}"

    def put(self, name: str, objects: Objects) -> None:
        self.server.put(f"test-{name}", objects)

    def shrink_parts(self, monkeypatch: pytest.MonkeyPatch) -> int:
        monkeypatch.setattr(azure_store, "_PART_BYTES", 2**18)
        return 2**18

    def config(self, name: str, **changes: Any) -> AzureConfig:
        return self.config_at(self.url, **{"root": f"abfs://test-{name}", **changes})

    def config_at(self, url: str, **changes: Any) -> AzureConfig:
        options: dict[str, Any] = {"id": "azure", "root": "abfs://somewhere", "account": ACCOUNT, "endpoint_url": url}
        return AzureConfig(**{**options, "env": AzureCredentials(account_key=KEY_VARIABLE), **changes})


@pytest.fixture(scope="module")
def azure_proxy(azurite: Azurite) -> Iterator[CountingProxy]:
    with CountingProxy(azurite.root_url, op_of=azure_op) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def azure_place(azure_proxy: CountingProxy, azurite: Azurite) -> AzurePlace:
    return AzurePlace(azure_proxy, azurite)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setenv(BAD_VARIABLE, SENTINEL)


class TestAzurite(RemoteStoreTests, StoreTests):
    @pytest.fixture
    def place(self, azure_place: AzurePlace) -> Iterator[AzurePlace]:
        yield azure_place
        azure_place.proxy.reset()


class TestAzuriteAccess:
    """Keys, signatures, tokens, and what anybody may see."""

    @pytest.fixture
    def place(self, azure_place: AzurePlace) -> Iterator[AzurePlace]:
        yield azure_place
        azure_place.proxy.reset()

    async def test_a_shared_access_signature(
        self, place: AzurePlace, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = place.shrink_parts(monkeypatch)
        monkeypatch.setenv("TEST_AZURE_SAS", "?" + signature())
        sas = AzureCredentials(sas_token="TEST_AZURE_SAS")
        source = open_store(place.filled("many", many(), env=sas))
        assert keys_of(await pages_of(source, "folder/", 7)) == children(many(), "folder/")
        target = open_store(place.filled("by-sas", {}, env=sas))
        await target.copy(source, "folder/100%25 é #1?.zarr/.zgroup", "a b/é#?&=+%", 2)
        await put(target, "large", bytes(part + 1))
        assert [entry.key for entry in (await target.list("")).entries] == ["a b/", "large"]
        assert await read(target, "a b/é#?&=+%") == b"{}"
        await target.remove(["large", "a b/é#?&=+%"])
        assert (await target.list("")).entries == []

    @pytest.mark.parametrize(
        ("permission", "listing", "reading", "writing"),
        [
            ({"read": True}, "list_forbidden", None, "forbidden"),
            ({"list": True}, None, "forbidden", "forbidden"),
            ({"read": True, "list": True}, None, None, "forbidden"),
        ],
    )
    async def test_signatures_for_some_things_only(
        self,
        place: AzurePlace,
        open_store: OpenStore,
        monkeypatch: pytest.MonkeyPatch,
        permission: dict[str, bool],
        listing: str | None,
        reading: str | None,
        writing: str,
    ) -> None:
        monkeypatch.setenv("TEST_AZURE_SAS", signature(**permission))
        store = open_store(
            place.filled("many", many(), env=AzureCredentials(sas_token="TEST_AZURE_SAS"), writable=True)
        )
        for code, work in (
            (listing, lambda: store.list("")),
            (listing, lambda: store.scan("")),
            (reading, lambda: store.get("top.txt", max_bytes=100)),
            (reading, lambda: store.stat("top.txt")),
            (writing, lambda: put(store, "new.txt", b"new")),
            (writing, lambda: store.remove(["top.txt"])),
        ):
            if code is None:
                await work()
            else:
                with raises(code):
                    await work()

    async def test_a_signature_that_has_expired(
        self, place: AzurePlace, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEST_AZURE_SAS", signature(hours=-1))
        store = open_store(place.filled("many", many(), env=AzureCredentials(sas_token="TEST_AZURE_SAS")))
        for work in (lambda: store.list(""), lambda: store.get("top.txt", max_bytes=100)):
            with raises("credentials_expired"):
                await work()
        monkeypatch.setenv("TEST_AZURE_SAS", signature())
        assert await store.get("top.txt", max_bytes=100) == b"at the top"

    async def test_a_key_of_somebody_else(
        self, place: AzurePlace, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Azurite calls it a lack of rights; the service says that it is the key (``TestAzureAnswers``)."""
        monkeypatch.setenv(BAD_VARIABLE, OTHER_KEY)
        store = open_store(place.filled("many", many(), env=AzureCredentials(account_key=BAD_VARIABLE)))
        with raises("list_forbidden"):
            await store.list("")
        with raises("forbidden"):
            await store.get("top.txt", max_bytes=100)

    @pytest.mark.parametrize("key", [SENTINEL, "no base 64"])
    async def test_a_key_that_does_not_fit(
        self, place: AzurePlace, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        config = place.filled("many", many(), env=AzureCredentials(account_key=BAD_VARIABLE))
        monkeypatch.setenv(BAD_VARIABLE, key)
        store = open_store(config)
        for work in (
            lambda: store.list(""),
            lambda: store.get("top.txt", max_bytes=100),
            lambda: store.stat("top.txt"),
        ):
            with raises("credentials_invalid") as caught:
                await work()
            assert key not in str(caught.value)
            assert caught.value.__cause__ is None or key not in str(caught.value.__cause__)
        monkeypatch.setenv(BAD_VARIABLE, KEY)
        assert await store.get("top.txt", max_bytes=100) == b"at the top"
        monkeypatch.delenv(BAD_VARIABLE)
        with raises("credentials_missing") as caught:
            await open_store(config).list("")
        assert BAD_VARIABLE in caught.value.message

    async def test_a_signature_is_in_no_error(
        self, place: AzurePlace, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, dead: Dead
    ) -> None:
        """It is a part of the address, which clients like to repeat."""
        monkeypatch.setenv("TEST_AZURE_SAS", f"sv=1&sig={SENTINEL}")
        sas = AzureCredentials(sas_token="TEST_AZURE_SAS")
        with ScriptedServer(lambda _: Answer(302, b"", {"Location": "/elsewhere"})) as server:
            for url in (
                dead.garbage,
                dead.refusing,
                dead.self_signed,
                dead.login,
                server.url,
                "http://no-such.invalid",
            ):
                store = open_store(place.config_at(url, env=sas))
                for work in (store.list(""), store.get("x", max_bytes=10), put(store, "x", b"x")):
                    with pytest.raises(BrowserError) as caught:
                        await work
                    assert SENTINEL not in "".join(traceback.format_exception(caught.value))
                await store.close()

    async def test_what_anybody_may_see(self, place: AzurePlace, azurite: Azurite, open_store: OpenStore) -> None:
        place.filled("many", many())
        azurite.put("public-listed", {"x": b"x"}, public="container")
        azurite.put("public-read", {"x": b"x"}, public="blob")

        def store_of(container: str) -> Store:
            return open_store(place.config("", env=None, anon=True, root=f"abfs://{container}"))

        listed, readable, private = map(store_of, ("public-listed", "public-read", "test-many"))
        assert keys_of([await listed.list("")]) == ["x"]
        assert await listed.get("x", max_bytes=10) == b"x"
        assert await readable.get("x", max_bytes=10) == b"x"
        for store in (readable, private):
            with raises("list_forbidden"):
                await store.list("")
            with raises("list_forbidden"):
                await store.scan("")
        with raises("forbidden"):
            await private.get("top.txt", max_bytes=10)
        with raises("not_found", "forbidden"):
            await listed.get("missing", max_bytes=10)

    @pytest.mark.parametrize(
        "settings",
        [
            {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY},
            {"AZURE_STORAGE_CONNECTION_STRING": "{string}"},
            {"AZURE_STORAGE_CONNECTION_STRING": "{string}", "AZURE_STORAGE_ACCOUNT_KEY": OTHER_KEY},
        ],
    )
    async def test_what_adlfs_finds_by_itself(
        self, place: AzurePlace, azurite: Azurite, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        config = place.filled("many", many(), env=None, account=None)
        for name, value in settings.items():
            monkeypatch.setenv(name, value.format(string=azurite.connection_string(place.url)))
        if "AZURE_STORAGE_CONNECTION_STRING" in settings:
            config = AzureConfig(id="azure", root="abfs://test-many")
        assert (await open_store(config).stat("top.txt")).size_bytes == 10

    @pytest.mark.parametrize(
        "named", [f"AccountName={OTHER_ACCOUNT};AccountKey={OTHER_KEY}", "SharedAccessSignature=a=b"]
    )
    @pytest.mark.parametrize("endpoint_url", [True, False])
    async def test_another_account_is_not_taken_for_this_one(
        self,
        place: AzurePlace,
        azurite: Azurite,
        open_store: OpenStore,
        monkeypatch: pytest.MonkeyPatch,
        named: str,
        endpoint_url: bool,
    ) -> None:
        other = f"BlobEndpoint={place.proxy.url}/{OTHER_ACCOUNT};{named}"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", other)
        config = place.filled("many", many(), env=None)
        if not endpoint_url:
            config = AzureConfig(id="azure", account=ACCOUNT, root="abfs://test-many")
        with place.proxy.recording() as seen, raises("credentials_missing"):
            await open_store(config).list("")
        assert not len(seen)

    async def test_the_list_of_containers(self, place: AzurePlace, open_store: OpenStore) -> None:
        for name in ("many", "second", "third"):
            place.filled(name, many() if name == "many" else {"x": b"x"})
        store = open_store(place.config("", root=""))
        assert store.has_buckets
        keys = keys_of(await pages_of(store, "", 2))
        assert keys == sorted(keys)
        assert {"test-many/", "test-second/", "test-third/"} <= set(keys)
        assert {entry.kind for page in await pages_of(store, "", 1000) for entry in page.entries} == {"bucket"}
        assert keys_of(await pages_of(store, "", 1, "test-s")) == [key for key in keys if key.startswith("test-s")]
        assert keys_of([await store.list("test-third/")]) == ["test-third/x"]
        assert await store.get("test-third/x", max_bytes=10) == b"x"
        assert store.key_of("abfs://test-third/x") == store.key_of("az://test-third/x") == "test-third/x"
        for key in ("", "test-many", "test-many/"):
            with raises("not_found"):
                await store.get(key, max_bytes=10)
        for container in ("/", "no such name/", "UPPER/", "absent/"):
            with raises("no_such_bucket"):
                await store.list(container)

    async def test_below_a_prefix(self, place: AzurePlace, azurite: Azurite, open_store: OpenStore) -> None:
        azurite.put("prefixed", {f"deep/é 1/{key}": content for key, content in many().items()})
        store = open_store(place.config("", root="az://prefixed/deep/é 1", writable=True))
        assert keys_of(await pages_of(store, "folder/", 7)) == children(many(), "folder/")
        assert len(keys_in(await blocks_of(store, "", 20))) == len(many())
        await store.copy(store, "top.txt", "copied", 10)
        assert await read(store, "copied") == b"at the top"
        assert store.uri("a/x") == "abfs://prefixed/deep/é 1/a/x"

    @pytest.mark.parametrize("odd", [(), ("p0100\U0001f600", "p0100\uff5e", "p0300\ue000", "\U0001f600", "\uff5e")])
    async def test_a_count_in_many_stretches(
        self, place: AzurePlace, open_store: OpenStore, odd: tuple[str, ...]
    ) -> None:
        """Listings begin anywhere, also beside names that two orders part."""
        keys = [*(f"p{number:04}" for number in range(400)), *odd]
        store = open_store(place.filled(f"stretches-{len(odd)}", dict.fromkeys(keys, b"x")))
        store.scan_limit = 10
        place.proxy.configure(latency_ms=5)
        place.proxy.traffic.inflight_peak = 0
        found: list[str] = []
        with place.proxy.recording() as seen:
            end = await Scan(store, "", lambda block: found.extend(block.keys)).run()
        assert sorted(found) == sorted(keys)
        assert end.is_complete
        assert place.proxy.inflight_peak > 1, "one page after the other"
        assert any("startFrom" in request.query for request in seen.requests)

    async def test_keys_with_dots(self, place: AzurePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("dots", {}, writable=True))
        objects = {name: name.encode() for name in ("dots/./x", "dots/../x", "dots/..", "./y", "..")}
        for key, content in objects.items():
            await put(store, key, content)
        assert keys_in(await blocks_of(store, "", 2)) == sorted(objects)
        for key, content in objects.items():
            assert await store.get(key, max_bytes=100) == content

    async def test_what_is_said_of_an_object_is_kept(
        self, place: AzurePlace, azurite: Azurite, open_store: OpenStore
    ) -> None:
        store = open_store(place.filled("said", {"x": b"x"}, writable=True))
        body = await store.read("x")
        body.content_type, body.encoding = "text/plain", "gzip"
        await store.write("y", body)
        await body.close()
        await store.copy(store, "y", "z", 1)
        await store.copy(store, "y", "y", 1)
        with azurite.client() as client:
            for key in ("y", "z"):
                said = client.get_blob_client("test-said", key).get_blob_properties().content_settings
                assert (said.content_type, said.content_encoding) == ("text/plain", "gzip")
        found = await store.read("z")
        assert (found.content_type, found.encoding) == ("text/plain", "gzip")
        await found.close()

    async def test_two_that_write_the_same_do_not_mix(
        self, place: AzurePlace, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = place.shrink_parts(monkeypatch)
        store = open_store(place.filled("twice", {}, writable=True))
        contents = [letter * (3 * part) for letter in (b"a", b"b")]
        await asyncio.gather(*(put(store, "x", content) for content in contents), return_exceptions=True)
        assert await read(store, "x") in contents

    async def test_snapshots_are_not_deleted_by_chance(
        self, place: AzurePlace, azurite: Azurite, open_store: OpenStore
    ) -> None:
        store = open_store(place.filled("snapshots", {"x": b"x", "y": b"y"}, writable=True))
        with azurite.client() as client:
            client.get_blob_client("test-snapshots", "x").create_snapshot()
        with raises("conflict"):
            await store.remove(["x"])
        assert keys_of([await store.list("")]) == ["x", "y"]

    async def test_a_new_container(self, place: AzurePlace, open_store: OpenStore) -> None:
        store = open_store(place.config("", root="", writable=True))
        await uploads_of(store).make("made-here/")
        await uploads_of(store).put("made-here/x", b"x", "text/plain", replace=False)
        assert keys_of([await store.list("made-here/")]) == ["made-here/x"]
        with raises("exists"):
            await uploads_of(store).make("made-here/")
        for name in ("NoName/", "a b/"):
            with raises("bad_request"):
                await uploads_of(store).make(name)

    async def test_two_uploads_of_the_same_name(
        self, place: AzurePlace, azurite: Azurite, open_store: OpenStore
    ) -> None:
        """Their parts lie side by side, and the end of one is the end of the other."""
        store = open_store(place.filled("both", {}, writable=True))
        uploads, part = uploads_of(store), 2**18
        contents = [letter * (part + 1) for letter in (b"a", b"b")]
        tokens = [await uploads.begin("x", part + 1, "text/plain", replace=True) for _ in contents]
        first, second = [
            await put_parts(store, "x", token, content, part, [])
            for token, content in zip(tokens, contents, strict=True)
        ]
        await uploads.complete("x", tokens[0], first, replace=True)
        assert await read(store, "x") == contents[0]
        with raises("not_found"):
            await uploads.has("x", tokens[1], second)
        with raises("not_found"):
            await uploads.complete("x", tokens[1], second, replace=True)
        assert await read(store, "x") == contents[0]
        with azurite.client() as client:
            said = client.get_blob_client("test-both", "x").get_blob_properties().content_settings
        assert said.content_type == "text/plain"

    async def test_no_rules_can_be_read(self, place: AzurePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        with place.proxy.recording() as seen:
            assert list(await store.lifetimes("")) == []
        assert not len(seen)


def signature(hours: float = 1, **permission: bool) -> str:
    """A shared access signature, made by Azure's own library."""
    everything = {"read": True, "write": True, "delete": True, "list": True, "add": True, "create": True}
    return str(
        generate_account_sas(
            ACCOUNT,
            KEY,
            ResourceTypes(service=True, container=True, object=True),
            AccountSasPermissions(**(permission or everything)),
            datetime.now(UTC) + timedelta(hours=hours),
        )
    )


Asked = Callable[..., tuple[Store, ScriptedServer]]


class TestAzureAnswers:
    """Exactly what is asked for, and answers that Azurite does not give."""

    @pytest.fixture
    def asked(self, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Asked]:
        with ExitStack() as stack:

            def make(script: Script, **options: Any) -> tuple[Store, ScriptedServer]:
                server = stack.enter_context(ScriptedServer(script))
                defaults: dict[str, Any] = {"id": "azure", "root": "abfs://bucket", "account": ACCOUNT, "anon": True}
                store = open_store(AzureConfig(**{**defaults, "endpoint_url": server.url, **options}))
                stack.callback(lambda: jp_asyncio_loop.run_until_complete(store.close()))
                return store, server

            yield make

    @pytest.mark.parametrize(
        ("status", "code", "listing", "reading"),
        [
            (400, "InvalidHeaderValue", "bad_request", "bad_request"),
            (401, "InvalidAuthenticationInfo", "credentials_invalid", "credentials_invalid"),
            (403, "AuthenticationFailed", "credentials_invalid", "credentials_invalid"),
            (403, "AuthorizationPermissionMismatch", "list_forbidden", "forbidden"),
            (403, "", "list_forbidden", "forbidden"),
            (404, "ContainerNotFound", "no_such_bucket", "no_such_bucket"),
            (404, "BlobNotFound", "not_found", "not_found"),
            (409, "BlobArchived", "conflict", "conflict"),
            (412, "ConditionNotMet", "conflict", "conflict"),
            (429, "", "throttled", "throttled"),
            (500, "InternalError", "store_error", "store_error"),
            (503, "ServerBusy", "throttled", "throttled"),
        ],
    )
    async def test_refusals(self, asked: Asked, status: int, code: str, listing: str, reading: str) -> None:
        headers = {**XML, "x-ms-request-id": "1", "x-ms-error-code": code, "x-ms-note": SENTINEL}
        body = f"<Error><Code>{code}</Code><Message>{SENTINEL}</Message></Error>".encode()
        env = AzureCredentials(account_key=KEY_VARIABLE)
        store, server = asked(lambda _: Answer(status, body, headers), anon=False, env=env)
        with raises(listing):
            await store.list("")
        with raises(reading):
            await store.get("x", max_bytes=10)
        assert len(server.seen) == (4 if status in {429, 500, 503} else 2)

    @pytest.mark.parametrize(("code", "status"), [("ResourceNotFound", 404), ("PublicAccessNotPermitted", 409)])
    async def test_what_is_private(self, asked: Asked, code: str, status: int) -> None:
        store, _ = asked(lambda _: Answer(status, b"", {"x-ms-request-id": "1", "x-ms-error-code": code}))
        with raises("list_forbidden") as caught:
            await store.list("")
        assert "anybody" in caught.value.message
        with raises("forbidden"):
            await store.get("x", max_bytes=10)

    async def test_a_clock_that_is_wrong(self, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
        """The server's date says so."""
        monkeypatch.setattr(azure_answers, "_now", lambda: datetime.now(UTC) + timedelta(hours=1))
        headers = {"x-ms-error-code": "AuthenticationFailed", "x-ms-request-id": "1"}
        env = AzureCredentials(account_key=KEY_VARIABLE)
        store, _ = asked(lambda _: Answer(403, b"", headers), anon=False, env=env)
        with raises("clock_skew"):
            await store.list("")

    @pytest.mark.parametrize("body", [b"", b"{}", b"<ListBucketResult/>", b"\xff", b"<EnumerationResults>"])
    async def test_listings_that_are_none(self, asked: Asked, body: bytes) -> None:
        store, _ = asked(lambda _: Answer(200, body, XML))
        for work in (lambda: store.list(""), lambda: store.scan("")):
            with raises("wrong_endpoint"):
                await work()
        with raises("wrong_endpoint"):
            await asked(lambda _: Answer(200, body, XML), root="")[0].list("")

    async def test_names_that_xml_cannot_hold(self, asked: Asked) -> None:
        names = '<Name Encoded="true">a%EF%BF%BE%25</Name>', "<Name>b &amp; &lt;c&gt; &#233;</Name>"
        store, _ = asked(lambda _: Answer(200, page(*names), XML))
        expected = ["a\ufffe%", "b & <c> é"]
        assert keys_of([await store.list("")]) == expected
        assert (await store.scan("")).keys == expected

    async def test_folders_that_are_things_of_their_own(self, asked: Asked) -> None:
        """An account with a hierarchical namespace: folders are listed, and ``a/x`` comes before ``a-b``."""
        listed = ["a", "a/x", "a-b", "a-b/y", "empty"]
        folders = {"a", "a-b", "empty"}

        def script(request: Request) -> Answer:
            if request.query.get("comp") != "list":
                headers = {"x-ms-meta-hdi_isfolder": "true"} if request.path.endswith("/a-b") else {}
                return Answer(200, b"", {**headers, "x-ms-request-id": "1"})
            if "delimiter" in request.query:
                rows = [f"<Name>{name}</Name>" for name in sorted(folders)]
                return Answer(200, page(*rows, kinds=["directory"] * 3, prefixes=["a/", "a-b/", "empty/"]), XML)
            start = int(request.query.get("marker", 0))
            stop = start + int(request.query["maxresults"])
            chosen = listed[start:stop]
            kinds = ["directory" if name in folders else "file" for name in chosen]
            marker = str(stop) if stop < len(listed) else ""
            return Answer(200, page(*(f"<Name>{name}</Name>" for name in chosen), kinds=kinds, marker=marker), XML)

        store, server = asked(script)
        assert [(entry.key, entry.kind) for entry in (await store.list("")).entries] == [
            (key, "prefix") for key in ("a-b/", "a/", "empty/")
        ]
        for limit in (1, 2, 3, 5):
            assert sorted(keys_in(await blocks_of(store, "", limit))) == ["a-b/y", "a/x"]
        assert not store.scans_anywhere
        with raises("list_unsupported"):
            await store.scan("", after="a")
        assert not any("startFrom" in request.query for request in server.seen[:-1])
        for work in (lambda: store.get("a-b", max_bytes=10), lambda: store.stat("a-b"), lambda: store.read("a-b")):
            with raises("not_found"):
                await work()

    async def test_scans_of_pages_that_are_empty_and_go_on(self, asked: Asked) -> None:
        def script(request: Request) -> Answer:
            rows = {None: [], "one": ["<Name>in/</Name>"], "two": ["<Name>in/x</Name>"]}
            markers = {None: "one", "one": "two", "two": ""}
            at = request.query.get("marker")
            return Answer(200, page(*rows[at], marker=markers[at]), XML)

        store, server = asked(script)
        assert await store.scan("in/") == Block(["x"], [3], ["2026-11-21T17:59:58Z"], False)
        assert len(server.seen) == 3

    async def test_a_service_that_is_too_old_to_begin_anywhere(self, asked: Asked) -> None:
        keys = [f"k{number:02}" for number in range(10)]

        def script(request: Request) -> Answer:
            if request.headers["x-ms-version"] > "2022":
                return Answer(400, b"", {"x-ms-error-code": "InvalidHeaderValue", "x-ms-request-id": "1"})
            start = int(request.query.get("marker", 0))
            stop = start + int(request.query["maxresults"])
            marker = str(stop) if stop < len(keys) else ""
            return Answer(200, page(*(f"<Name>{name}</Name>" for name in keys[start:stop]), marker=marker), XML)

        store, server = asked(script)
        assert keys_in(await blocks_of(store, "", 3)) == keys
        assert len(server.seen) == 5, "asked once with the newer version, and never again"
        assert not store.scans_anywhere

    async def test_a_service_that_begins_where_it_likes(self, asked: Asked) -> None:
        """It takes the version, and does not know what it means."""
        store, _ = asked(lambda _: Answer(200, page("<Name>a</Name>", "<Name>b</Name>", marker="m"), XML))
        assert (await store.scan("")).keys == ["a", "b"]
        with raises("list_unsupported"):
            await store.scan("", after="b")

    async def test_a_copy_that_takes_its_time(self, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(azure_store, "_COPY_PAUSE_S", (0.001, 0.002))
        looks: list[str] = []

        def script(request: Request) -> Answer:
            if request.method == "HEAD":
                looks.append(request.path)
            status = "pending" if len(looks) < 3 else "success"
            return Answer(202, b"", {"x-ms-copy-status": status, "x-ms-copy-id": "c", "x-ms-request-id": "1"})

        store, server = asked(script)
        await store.copy(store, "a/é", "b/%", 2**40)
        assert server.seen[0].headers["x-ms-copy-source"] == f"{server.url}/bucket/a/%C3%A9"
        assert [request.method for request in server.seen] == ["PUT", "HEAD", "HEAD", "HEAD"]

    @pytest.mark.parametrize(("status", "copy_id"), [("failed", "c"), ("aborted", "c"), ("pending", "other")])
    async def test_a_copy_that_fails(
        self, asked: Asked, monkeypatch: pytest.MonkeyPatch, status: str, copy_id: str
    ) -> None:
        monkeypatch.setattr(azure_store, "_COPY_PAUSE_S", (0.001, 0.002))

        def script(request: Request) -> Answer:
            first = request.method == "PUT" and "comp" not in request.query
            told = {"x-ms-copy-status": "pending" if first else status, "x-ms-copy-id": "c" if first else copy_id}
            return Answer(202, b"", {**told, "x-ms-request-id": "1"})

        store, server = asked(script)
        with raises("store_error", "conflict"):
            await store.copy(store, "a", "b", 10)
        if copy_id == "other":
            assert server.seen[-1].query == {"comp": "copy", "copyid": "c"}

    async def test_a_copy_that_is_cancelled_is_ended(self, asked: Asked) -> None:
        def script(_: Request) -> Answer:
            return Answer(202, b"", {"x-ms-copy-status": "pending", "x-ms-copy-id": "c", "x-ms-request-id": "1"})

        store, server = asked(script)
        task = asyncio.create_task(store.copy(store, "a", "b", 10))
        while len(server.seen) < 2:
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert server.seen[-1].headers["x-ms-copy-action"] == "abort"

    @pytest.mark.parametrize("is_ours", [True, False])
    async def test_an_answer_to_a_put_that_was_lost(self, asked: Asked, is_ours: bool) -> None:
        """Asked again, the service says that something is there: what was put, or something else of its length."""

        def script(request: Request) -> Answer:
            if request.method == "PUT":
                return Answer(409, b"", {"x-ms-error-code": "BlobAlreadyExists", "x-ms-request-id": "1"})
            digest = base64.b64encode(hashlib.md5(b"new" if is_ours else b"old").digest()).decode()
            return Answer(200, b"new", {"Content-MD5": digest, "x-ms-request-id": "1"})

        store, server = asked(script)
        if is_ours:
            await uploads_of(store).put("x", b"new", "", replace=False)
        else:
            with raises("exists"):
                await uploads_of(store).put("x", b"new", "", replace=False)
        assert server.seen[0].headers["if-none-match"] == "*"

    async def test_what_arrives_as_something_else(self, asked: Asked) -> None:
        headers = {"x-ms-error-code": "Md5Mismatch", "x-ms-request-id": "1"}
        store, server = asked(lambda _: Answer(400, b"", headers))
        with raises("corrupted"):
            await uploads_of(store).put("x", b"new", "", replace=True)
        with raises("corrupted"):
            await put_parts(store, "x", "0" * 16 + "/", b"new", 2, [])
        assert all(request.headers["content-md5"] for request in server.seen)

    @pytest.mark.parametrize("body", [b"", b"<EnumerationResults/>"])
    async def test_lists_of_parts_that_are_none(self, asked: Asked, body: bytes) -> None:
        store, _ = asked(lambda _: Answer(200, body, XML))
        with raises("wrong_endpoint"):
            await uploads_of(store).has("x", "0" * 16 + "/", [StoredPart(1, 1, 0, "a")])

    async def test_ranges_from_the_end(self, asked: Asked) -> None:
        """The service has none: the size is asked for first."""

        def script(request: Request) -> Answer:
            if request.method == "HEAD":
                return Answer(200, bytes(100), {"x-ms-request-id": "1"})
            return Answer(206, bytes(10), {"Content-Range": "bytes 90-99/100", "x-ms-request-id": "1"})

        store, server = asked(script)
        body = await store.read("x", Range(-10))
        assert (body.start, body.stop, body.size) == (90, 100, 100)
        await body.close()
        assert server.seen[-1].headers["range"] == "bytes=90-99"

    async def test_a_login_page_for_a_stat(self, asked: Asked) -> None:
        store, _ = asked(lambda _: Answer(200, b"<html>", HTML))
        with raises("wrong_endpoint"):
            await store.stat("x")


class TestTokens:
    """Azure's own default chain, given a managed identity whose server is ours."""

    @pytest.fixture
    def identity(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityServer]:
        with IdentityServer() as server:
            monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/token")
            monkeypatch.setenv("IDENTITY_HEADER", SENTINEL)
            yield server

    @pytest.fixture
    def service(self) -> Iterator[ScriptedServer]:
        def script(request: Request) -> Answer:
            if request.headers.get("authorization") != "Bearer good":
                return Answer(401, b"", {"x-ms-error-code": "InvalidAuthenticationInfo", "x-ms-request-id": "1"})
            return Answer(200, page("<Name>x</Name>"), {**XML, "x-ms-request-id": "1"})

        with ScriptedServer(script) as server:
            yield server

    def config(self, service: ScriptedServer) -> AzureConfig:
        return AzureConfig(id="azure", account=ACCOUNT, root="abfs://bucket", endpoint_url=service.url)

    async def test_one_token_serves_many_requests(
        self, identity: IdentityServer, service: ScriptedServer, open_store: OpenStore
    ) -> None:
        store = open_store(self.config(service))
        pages = await asyncio.gather(*(store.list("") for _ in range(8)))
        assert {tuple(keys_of([page])) for page in pages} == {("x",)}
        assert len(identity.seen) == 1
        assert identity.seen[0].query["resource"] == "https://storage.azure.com"

    async def test_a_token_that_is_refused_is_asked_for_again(
        self, identity: IdentityServer, service: ScriptedServer, open_store: OpenStore
    ) -> None:
        identity.token = "bad"
        store = open_store(self.config(service))
        with raises("credentials_invalid"):
            await store.list("")
        identity.token = "good"
        assert keys_of([await store.list("")]) == ["x"]

    async def test_nobody_gives_a_token(
        self, identity: IdentityServer, service: ScriptedServer, open_store: OpenStore
    ) -> None:
        identity.token = None
        store = open_store(self.config(service))
        with raises("credentials_missing") as caught:
            await store.list("")
        assert "az login" in caught.value.hint
        assert not service.seen


class IdentityServer(ScriptedServer):
    """https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference"""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.token: str | None = "good"

    def _answer(self, _: Request) -> Answer:
        if self.token is None:
            return Answer(400, json.dumps({"message": SENTINEL}).encode(), JSON)
        granted = {"access_token": self.token, "expires_on": "32503680000", "token_type": "Bearer", "resource": "x"}
        return Answer(200, json.dumps(granted).encode(), JSON)


def page(*names: str, kinds: list[str] | None = None, prefixes: list[str] | None = None, marker: str = "") -> bytes:
    """A page of a listing; ``names`` are elements. With ``kinds`` it is one of an account that has folders."""
    blobs = ""
    for at, name in enumerate(names):
        kind = f"<ResourceType>{kinds[at]}</ResourceType>" if kinds else ""
        blobs += (
            f"<Blob>{name}<Properties><Last-Modified>Sat, 21 Nov 2026 17:59:58 GMT</Last-Modified>"
            f"<Content-Length>3</Content-Length>{kind}</Properties></Blob>"
        )
    blobs += "".join(f"<BlobPrefix><Name>{name}</Name></BlobPrefix>" for name in prefixes or [])
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="c">'
        f"<Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    ).encode()


class TestAddresses:
    """What other tools call a place."""

    def store(self, **options: Any) -> Store:
        return open_store(AzureConfig(**{"id": "azure", "account": "myaccount", "anon": True, **options}))

    @pytest.mark.parametrize(
        "root",
        [
            "abfs://box/a",
            "abfs://box/a/",
            "az://box/a",
            "abfss://box@myaccount.dfs.core.windows.net/a",
            "abfs://box@myaccount.blob.core.windows.net/a",
            "https://myaccount.blob.core.windows.net/box/a",
            "box/a",
        ],
    )
    def test_roots(self, root: str) -> None:
        assert self.store(root=root).uri("x") == "abfs://box/a/x"

    @pytest.mark.parametrize(
        ("url", "key"),
        [
            ("abfs://box/a/b %41?", "b %41?"),
            ("AZ://box/a/b", "b"),
            ("abfs://box/a", ""),
            ("abfs://box@myaccount.dfs.core.windows.net/a/b#1?", "b#1?"),
            ("abfss://box@MYACCOUNT.dfs.core.windows.net/a/b", "b"),
            ("abfs://myaccount.dfs.core.windows.net/box/a/b", "b"),
            ("https://myaccount.blob.core.windows.net/box/a/b%20%2541%3F", "b %41?"),
            ("https://myaccount.dfs.core.windows.net/box/a/b", "b"),
            (f"https://myaccount.blob.core.windows.net/box/a/b?sv=1&sig={SENTINEL}", "b"),
            ("abfs://box@other.dfs.core.windows.net/a/b", None),
            ("https://other.blob.core.windows.net/box/a/b", None),
            ("https://myaccount.blob.core.windows.net.example.org/box/a/b", None),
            ("abfs://box@myaccount.dfs.example.org/a/b", None),
            ("https://myaccount.blob.core.usgovcloudapi.net/box/a/b", None),
            ("https://me@myaccount.blob.core.windows.net/box/a/b", None),
            ("abfs://box@nothing/a/b", None),
            ("abfs://box-2/a/b", None),
            ("abfs://box/ab", None),
            ("s3://box/a/b", None),
            ("wasbs://box/a/b", None),
        ],
    )
    def test_keys(self, url: str, key: str | None) -> None:
        assert self.store(root="abfs://box/a").key_of(url) == key

    def test_a_service_of_its_own(self) -> None:
        store = self.store(endpoint_url="http://127.0.0.1:10000/myaccount/", root="")
        assert store.key_of("http://127.0.0.1:10000/myaccount/box/a%20b?sig=x") == "box/a b"
        china = self.store(root="abfs://box@myaccount.dfs.core.chinacloudapi.cn/a", account=None)
        assert china.key_of("https://myaccount.blob.core.chinacloudapi.cn/box/a/x") == "x"
        assert china.cell_access().options == {
            "connection_string": "BlobEndpoint=https://myaccount.blob.core.chinacloudapi.cn"
        }


NAMED = AzureCredentials(account_key="THE_KEY"), AzureCredentials(sas_token="THE_SAS")
STRING = AzureCredentials(connection_string="THE_STRING")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"anon": True}, {"account_name": "acc", "anon": True}),
        ({}, {"account_name": "acc", "anon": False}),
        ({"env": NAMED[0]}, {"account_name": "acc", "account_key": EnvVar("THE_KEY")}),
        ({"env": NAMED[1]}, {"account_name": "acc", "sas_token": EnvVar("THE_SAS")}),
        ({"env": STRING}, {"connection_string": EnvVar("THE_STRING")}),
        ({"endpoint_url": "https://x/acc"}, {"account_name": "acc", "account_host": "x/acc", "anon": False}),
        ({"endpoint_url": "http://x/acc", "anon": True}, {"connection_string": "BlobEndpoint=http://x/acc"}),
        (
            {"endpoint_url": "http://x/acc", "env": NAMED[0]},
            {"connection_string": EnvVar("THE_KEY", "BlobEndpoint=http://x/acc;AccountName=acc;AccountKey=")},
        ),
        (
            {"endpoint_url": "http://x/acc", "env": NAMED[1]},
            {
                "connection_string": EnvVar(
                    "THE_SAS", "BlobEndpoint=http://x/acc;AccountName=acc;SharedAccessSignature="
                )
            },
        ),
    ],
)
def test_what_cells_are_told(monkeypatch: pytest.MonkeyPatch, options: Any, expected: Any) -> None:
    for name in ("THE_KEY", "THE_SAS", "THE_STRING", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.setenv(name, SENTINEL)
    access = open_store(AzureConfig(**{"id": "azure", "account": "acc", "root": "abfs://box", **options})).cell_access()
    assert access.options == expected
    assert SENTINEL not in repr(access)
