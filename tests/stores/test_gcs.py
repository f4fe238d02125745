"""Google Cloud Storage, on an emulator that pages as the service does."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from jupyterlab_zarrbrowser.config import GcsConfig
from jupyterlab_zarrbrowser.stores import Block, Store, open_store
from jupyterlab_zarrbrowser.stores import gcs as gcs_store

from ..servers.counting_proxy import CountingProxy
from ..servers.dead import Dead
from ..servers.gcs import Gcs
from ..servers.records import gcs_op
from .conformance import RemoteStoreTests, StoreTests
from .conformance_write import put
from .places import SENTINEL, Objects, OpenStore, RemotePlace, keys_of, pages_of, raises
from .scripted import JSON, Answer, Request, Script, ScriptedServer


class GcsPlace(RemotePlace):
    keys_may_hold_dot_segments = False  # the emulator keeps objects as files; test_keys_with_dots does without it

    def __init__(self, proxy: CountingProxy, server: Gcs) -> None:
        super().__init__(proxy)
        self.server = server

    def put(self, name: str, objects: Objects) -> None:
        self.server.create_bucket(f"test-{name}")
        for key, content in objects.items():
            self.server.put(f"test-{name}", key, content)

    def shrink_parts(self, monkeypatch: pytest.MonkeyPatch) -> int:
        monkeypatch.setattr(gcs_store, "_PART_BYTES", 2**18)
        return 2**18

    def config(self, name: str, **changes: Any) -> GcsConfig:
        return self.config_at(self.url, **{"root": f"gs://test-{name}", **changes})

    def config_at(self, url: str, **changes: Any) -> GcsConfig:
        return GcsConfig(**{"id": "gcs", "root": "gs://somewhere", "endpoint_url": url, "anon": True, **changes})


@pytest.fixture(scope="module")
def gcs_proxy(gcs_server: Gcs) -> Iterator[CountingProxy]:
    with CountingProxy(gcs_server.url, op_of=gcs_op) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def gcs_place(gcs_proxy: CountingProxy, gcs_server: Gcs) -> GcsPlace:
    return GcsPlace(gcs_proxy, gcs_server)


class _OnEmulator(StoreTests):
    @pytest.fixture
    def place(self, gcs_place: GcsPlace, gcs: Gcs) -> Iterator[GcsPlace]:
        yield gcs_place
        gcs_place.proxy.reset()


class TestGcs(RemoteStoreTests, _OnEmulator):
    pass


class TestGcsShortPages(_OnEmulator):
    """Google may fill a page less than asked for."""

    @pytest.fixture
    def place(self, gcs_place: GcsPlace, gcs: Gcs) -> Iterator[GcsPlace]:
        gcs.configure(short_pages=True)
        yield gcs_place
        gcs_place.proxy.reset()


class TestGcsAccess(_OnEmulator):
    """Tokens, rights and projects. The conformance tests run again, all of them with a token."""

    @pytest.fixture
    def place(self, gcs_place: GcsPlace, gcs: Gcs, tokens: TokenServer) -> Iterator[GcsPlace]:
        gcs.configure(require_token=True)
        yield _WithToken(gcs_place, tokens.file)
        gcs_place.proxy.reset()

    async def test_one_token_serves_many_requests(
        self, place: GcsPlace, open_store: OpenStore, tokens: TokenServer
    ) -> None:
        store = open_store(place.filled("few", FEW))
        await asyncio.gather(*(store.get("x", max_bytes=10) for _ in range(8)))
        assert len(tokens.seen) == 1

    @pytest.mark.parametrize(
        ("token", "listing", "reading"),
        [("poor", "list_forbidden", "forbidden"), ("wrong", "credentials_invalid", "credentials_invalid")],
    )
    async def test_tokens_without_rights(
        self, place: GcsPlace, open_store: OpenStore, tokens: TokenServer, token: str, listing: str, reading: str
    ) -> None:
        tokens.token = token
        store = open_store(place.filled("few", FEW))
        with raises(listing):
            await store.list("")
        with raises(reading):
            await store.get("x", max_bytes=10)

    async def test_a_token_that_is_not_given_and_then_is(
        self, place: GcsPlace, open_store: OpenStore, tokens: TokenServer
    ) -> None:
        tokens.token = None
        store = open_store(place.filled("few", FEW))
        outcomes = await asyncio.gather(*(store.get("x", max_bytes=10) for _ in range(4)), return_exceptions=True)
        assert {getattr(outcome, "code", outcome) for outcome in outcomes} == {"credentials_expired"}
        tokens.token = "good"
        assert await store.get("x", max_bytes=10) == b"x"

    async def test_an_unreachable_token_server(
        self, place: GcsPlace, open_store: OpenStore, tokens: TokenServer, dead: Dead
    ) -> None:
        tokens.write_file(dead.refusing)
        with raises("credentials_expired", "unreachable"):
            await open_store(place.filled("few", FEW)).list("")

    async def test_a_slow_token_server_holds_nobody_up(
        self, place: GcsPlace, open_store: OpenStore, tokens: TokenServer
    ) -> None:
        store = open_store(place.filled("few", FEW))
        tokens.gate.clear()
        task = asyncio.create_task(store.get("x", max_bytes=10))
        while not tokens.seen:  # would never see it from a loop that the wait blocks
            await asyncio.sleep(0.005)
        tokens.gate.set()
        assert await task == b"x"

    @pytest.mark.parametrize("content", [b"", b"{}", b"no JSON", b"[1]", b'{"type": "service_account"}'])
    async def test_a_token_file_that_is_none(
        self, place: GcsPlace, open_store: OpenStore, tokens: TokenServer, content: bytes
    ) -> None:
        good = tokens.file.read_bytes()
        tokens.file.write_bytes(content)
        store = open_store(place.filled("few", FEW))
        with raises("credentials_missing", "credentials_expired"):
            await store.list("")
        tokens.file.write_bytes(good)
        await store.list("")

    async def test_a_token_file_that_is_missing(
        self, place: GcsPlace, open_store: OpenStore, tokens: TokenServer
    ) -> None:
        good = tokens.file.read_bytes()
        tokens.file.unlink()
        store = open_store(place.filled("few", FEW))
        with raises("credentials_missing"):
            await store.list("")
        tokens.file.write_bytes(good)
        await store.list("")

    async def test_anonymous(self, gcs_place: GcsPlace, gcs: Gcs, open_store: OpenStore) -> None:
        gcs.configure(require_token=True)
        store = open_store(gcs_place.filled("few", FEW))
        with raises("list_forbidden"):
            await store.list("")
        with raises("forbidden"):
            await store.get("x", max_bytes=10)
        gcs.configure(require_token=True, public_buckets=frozenset({"test-few"}))
        assert keys_of([await store.list("")]) == ["x"]
        assert await store.get("x", max_bytes=10) == b"x"

    async def test_no_credentials_anywhere(
        self, gcs_place: GcsPlace, gcs: Gcs, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        gcs.configure(require_token=True)
        store = open_store(gcs_place.filled("few", FEW, anon=False))
        with raises("credentials_missing"):
            await store.list("")

    async def test_the_list_of_buckets(
        self, place: GcsPlace, gcs_place: GcsPlace, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place.filled("few", FEW)
        place.filled("second", FEW)
        place.filled("third", FEW)
        store = open_store(place.config("few", root="", project="demo"))
        assert store.has_buckets
        keys = keys_of(await pages_of(store, "", 2))
        assert keys == sorted(keys, key=lambda key: key.removesuffix("/"))
        assert {"test-few/", "test-second/", "test-third/"} <= set(keys)
        assert {entry.kind for page in await pages_of(store, "", 1000) for entry in page.entries} == {"bucket"}
        assert keys_of(await pages_of(store, "", 1, "test-s")) == [key for key in keys if key.startswith("test-s")]
        assert keys_of([await store.list("test-few/")]) == ["test-few/x"]
        assert await store.get("test-few/x", max_bytes=10) == b"x"
        assert store.key_of("gs://test-few/x") == store.key_of("gcs://test-few/x") == "test-few/x"
        for key in ("", "test-few", "test-few/"):
            with raises("not_found"):
                await store.get(key, max_bytes=10)
        with raises("no_such_bucket"):
            await store.list("/")
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "demo")
        assert keys_of(await pages_of(open_store(place.config("few", root="")), "", 1000)) == keys
        monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
        with raises("list_unsupported"):
            await open_store(place.config("few", root="")).list("")


class TestGcsAnswers:
    """Exactly what is asked for, and answers that the emulator does not give."""

    @pytest.fixture
    def asked(
        self, jp_asyncio_loop: asyncio.AbstractEventLoop
    ) -> Iterator[Callable[..., tuple[Store, ScriptedServer]]]:
        with ExitStack() as stack:

            def make(script: Script, **options: Any) -> tuple[Store, ScriptedServer]:
                server = stack.enter_context(ScriptedServer(script))
                config = GcsConfig(
                    **{"id": "gcs", "root": "gs://bucket", "endpoint_url": server.url, "anon": True, **options}
                )
                store = open_store(config)
                stack.callback(lambda: jp_asyncio_loop.run_until_complete(store.close()))
                return store, server

            yield make

    async def test_keys_with_dots(self, asked: Any) -> None:
        store, server = asked(lambda _: Answer(200, b"content", {"Content-Type": "text/plain"}))
        assert await store.get("dots/../x", max_bytes=10) == b"content"
        assert await store.get("a//b %2F+é", max_bytes=10) == b"content"
        assert [request.target for request in server.seen] == [
            "/storage/v1/b/bucket/o/dots%2F..%2Fx?alt=media",
            "/storage/v1/b/bucket/o/a%2F%2Fb%20%252F%2B%C3%A9?alt=media",
        ]

    async def test_requester_pays(self, asked: Any) -> None:
        store, server = asked(lambda _: Answer(200, b"{}", JSON), requester_pays=True, project="payer")
        await store.list("a&b=+ /")
        await store.get("x", max_bytes=10)
        await store.stat("x")
        assert [request.query["userProject"] for request in server.seen] == ["payer"] * 3
        assert server.seen[0].query["prefix"] == "a&b=+ /"

    @pytest.mark.parametrize(
        ("status", "listing", "reading"),
        [
            (400, "bad_request", "bad_request"),
            (401, "list_forbidden", "forbidden"),
            (403, "list_forbidden", "forbidden"),
            (404, "no_such_bucket", "not_found"),
            (429, "throttled", "throttled"),
            (500, "store_error", "store_error"),
            (503, "throttled", "throttled"),
        ],
    )
    async def test_refusals(self, asked: Any, status: int, listing: str, reading: str) -> None:
        body = json.dumps({"error": {"code": status, "message": f"an invalid thing {SENTINEL}"}}).encode()
        store, server = asked(lambda _: Answer(status, body, JSON))
        with raises(listing):
            await store.list("")
        with raises(reading):
            await store.get("x", max_bytes=10)
        assert len(server.seen) == (4 if status in {429, 500, 503} else 2)

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"text"', b"<ListBucketResult/>", b"\xff"])
    async def test_listings_that_are_none(self, asked: Any, body: bytes) -> None:
        store, _ = asked(lambda _: Answer(200, body, JSON))
        with raises("wrong_endpoint"):
            await store.list("")
        with raises("wrong_endpoint"):
            await store.stat("x")

    async def test_scans_of_pages_that_are_empty_and_go_on(self, asked: Any) -> None:
        def script(request: Request) -> Answer:
            pages: dict[str | None, dict[str, Any]] = {
                None: {"nextPageToken": "one"},
                "one": {"items": [{"name": "in/", "size": "0"}], "nextPageToken": "two"},
                "two": {"items": [{"name": "in/x", "size": "3", "updated": "t"}]},
            }
            return Answer(200, json.dumps(pages[request.query.get("pageToken")]).encode(), JSON)

        store, server = asked(script)
        assert await store.scan("in/") == Block(["x"], [3], ["t"], False)
        assert len(server.seen) == 3

    async def test_a_copy_that_takes_several_requests(self, asked: Any) -> None:
        def script(request: Request) -> Answer:
            is_done = request.query.get("rewriteToken") == "one"
            return Answer(200, json.dumps({"done": is_done, "rewriteToken": "one"}).encode(), JSON)

        store, server = asked(script, requester_pays=True, project="payer")
        await store.copy(store, "a/é", "b/%", 2**40)
        assert [request.target.partition("?")[0] for request in server.seen] == [
            "/storage/v1/b/bucket/o/a%2F%C3%A9/rewriteTo/b/bucket/o/b%2F%25"
        ] * 2
        assert {request.query["userProject"] for request in server.seen} == {"payer"}

    async def test_an_upload_in_parts(self, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gcs_store, "_PART_BYTES", 1000)

        def script(request: Request) -> Answer:
            if request.method == "POST":
                return Answer(200, b"{}", {**JSON, "Location": f"{server.url}/upload/session?id=1"})
            return Answer(308 if request.headers["content-range"].endswith("*") else 200, b"", {})

        store, server = asked(script)
        await put(store, "large", bytes(2500))
        ranges = [request.headers["content-range"] for request in server.seen if request.method == "PUT"]
        assert ranges == ["bytes 0-999/*", "bytes 1000-1999/*", "bytes 2000-2499/2500"]

    @pytest.mark.parametrize(
        ("lifecycle", "found"),
        [
            ({}, []),
            ({"rule": [{"action": {"type": "Delete"}, "condition": {"age": 7}}]}, [("", 7)]),
            ({"rule": [{"action": {"type": "SetStorageClass"}, "condition": {"age": 7}}]}, []),
            ({"rule": [{"action": {"type": "Delete"}, "condition": {"age": 7, "numNewerVersions": 1}}]}, []),
            ({"rule": [{"action": {"type": "Delete"}, "condition": {"isLive": False}}]}, []),
            (
                {
                    "rule": [
                        {"action": {"type": "Delete"}, "condition": {"age": 3, "matchesPrefix": ["in/tmp", "out/"]}},
                        {"action": {"type": "Delete"}, "condition": {"age": 9, "matchesPrefix": ["i"]}},
                    ]
                },
                [("tmp", 3), ("", 9)],
            ),
        ],
    )
    async def test_when_a_bucket_deletes(self, asked: Any, lifecycle: Any, found: Any) -> None:
        document = json.dumps({"lifecycle": lifecycle}).encode()
        store, server = asked(lambda _: Answer(200, document, JSON), root="gs://bucket/in")
        assert [(rule.prefix, rule.days) for rule in await store.lifetimes("")] == found
        assert [request.path for request in server.seen] == ["/storage/v1/b/bucket"]


#: The smallest thing to list and read.
FEW = {"x": b"x"}


class _WithToken(GcsPlace):
    """The same buckets, reached with a service account instead of anonymously."""

    def __init__(self, other: GcsPlace, token_file: Path) -> None:
        super().__init__(other.proxy, other.server)
        self._filled = other._filled
        self._token_file = token_file

    def config_at(self, url: str, **changes: Any) -> GcsConfig:
        return super().config_at(url, **{"anon": False, "token_file": str(self._token_file), **changes})


class TokenServer(ScriptedServer):
    """Gives access tokens to a service account, https://developers.google.com/identity/protocols/oauth2/service-account.

    ``token`` is what it gives; None refuses. While ``gate`` is clear it lets everybody wait.
    """

    def __init__(self, file: Path, private_key: str) -> None:
        super().__init__(self._answer)
        self.file = file
        self.token: str | None = "good"
        self.gate = threading.Event()
        self.gate.set()
        self._private_key = private_key
        self.write_file(self.url)

    def write_file(self, url: str) -> None:
        account = {
            "type": "service_account",
            "client_email": "tests@example.org",
            "private_key": self._private_key,
            "token_uri": f"{url}/token",
        }
        self.file.write_text(json.dumps(account))

    def _answer(self, _: Request) -> Answer:
        self.gate.wait()
        if self.token is None:
            return Answer(400, json.dumps({"error": "invalid_grant", "error_description": SENTINEL}).encode(), JSON)
        granted = {"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"}
        return Answer(200, json.dumps(granted).encode(), JSON)


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form).decode()


@pytest.fixture
def tokens(tmp_path: Path, private_key: str) -> Iterator[TokenServer]:
    with TokenServer(tmp_path / "account.json", private_key) as server:
        yield server
