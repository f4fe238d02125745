"""Plain web servers: index pages of different makes, encodings, redirects, and servers that list nothing."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from jupyterlab_zarrbrowser.config import HttpConfig
from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.stores import Page, Store, open_store
from jupyterlab_zarrbrowser.stores.http import links_below

from ..servers.counting_proxy import CountingProxy
from ..servers.dead import Dead
from ..servers.http_files import HttpFiles
from ..servers.records import file_op
from .conformance import ReadOnlyStoreTests, RemoteStoreTests
from .conformance_write import Change, body_of
from .places import SENTINEL, Objects, OpenStore, RemotePlace, children, keys_of, pages_of, raises
from .scripted import HTML, JSON, Answer, Script, ScriptedServer


class HttpPlace(RemotePlace):
    keys_may_hold_empty_segments = False  # the server keeps its objects as files
    keys_may_hold_dot_segments = False  # web servers and clients take them for steps
    has_markers = False  # the address of a folder is its index page
    names_may_be_shared = False
    listings_tell_sizes = False  # index pages round them
    knows_missing_containers = True
    missing_root_code = "list_unsupported"  # a folder that is not there looks like one without an index
    longest_segment = 200

    def __init__(self, proxy: CountingProxy, root: Path) -> None:
        super().__init__(proxy)
        self.root = root

    def put(self, name: str, objects: Objects) -> None:
        for key, content in objects.items():
            path = self.root / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def config(self, name: str, **changes: Any) -> HttpConfig:
        return self.config_at(f"{self.url}/{name}/", **changes)

    def config_at(self, url: str, **changes: Any) -> HttpConfig:
        return HttpConfig(**{"id": "http", "root": url, **changes})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpFiles]:
    with HttpFiles(tmp_path_factory.mktemp("web")) as server:
        yield server


@pytest.fixture(scope="module")
def files_proxy(files: HttpFiles) -> Iterator[CountingProxy]:
    with CountingProxy(files.url, op_of=file_op) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def http_place(files: HttpFiles, files_proxy: CountingProxy) -> HttpPlace:
    return HttpPlace(files_proxy, files.root)


class _OnFiles(ReadOnlyStoreTests):
    @pytest.fixture
    def place(self, http_place: HttpPlace, files: HttpFiles) -> Iterator[HttpPlace]:
        yield http_place
        files.reset()
        http_place.proxy.reset()


class TestApacheStyle(RemoteStoreTests, _OnFiles):
    async def test_nothing_is_counted_or_changed(self, place: HttpPlace, open_store: OpenStore) -> None:
        """Index pages say nothing of what lies deeper, and a web server takes nothing."""
        store, other = open_store(place.filled("few", {"x": b"content"})), open_store(place.config("other"))
        changes: list[Change] = [
            lambda: store.write("new", body_of(store, [b"new"], 3)),
            lambda: store.remove(["x"]),
            lambda: store.copy(store, "x", "new", 7),
            lambda: other.copy(store, "x", "new", 7),
        ]
        with place.proxy.recording() as seen:
            assert not store.can_scan
            for container in ("", "folder/"):
                with raises("list_unsupported"):
                    await store.scan(container)
            for change in changes:
                with raises("read_only"):
                    await change()
            assert list(await store.lifetimes("")) == []
        assert {record.method for record in seen.requests} <= {"GET"}
        assert not seen.ops["List"]

    async def test_no_range_support(self, place: HttpPlace, files: HttpFiles, open_store: OpenStore) -> None:
        files.configure(ranges=False, validators=False)
        store = open_store(place.filled("few", {"x": b"content"}))
        assert await store.get("x", max_bytes=7) == b"content"
        with raises("too_large"):
            await store.get("x", max_bytes=6)
        found = await store.stat("x")
        assert (found.size_bytes, found.modified_at) == (7, None)

    async def test_no_index_page(self, place: HttpPlace, files: HttpFiles, open_store: OpenStore) -> None:
        files.configure(index="none")
        store = open_store(place.filled("few", {"x": b"content"}))
        with raises("list_forbidden"):
            await store.list("")
        assert await store.get("x", max_bytes=100) == b"content"

    async def test_index_pages_are_not_asked_for_where_there_are_none(
        self, place: HttpPlace, open_store: OpenStore
    ) -> None:
        store = open_store(place.filled("few", {"x": b"content"}, index=False))
        with place.proxy.recording() as seen, raises("list_unsupported"):
            await store.list("")
        assert len(seen) == 0
        assert await store.get("x", max_bytes=100) == b"content"

    async def test_redirects_within_the_server(self, place: HttpPlace, files: HttpFiles, open_store: OpenStore) -> None:
        config = place.filled("moved", {"new é/a/x": b"x", "new é/y": b"y"})
        files.configure(redirects=(("/moved/old", "/moved/new é"),))
        store = open_store(config)
        assert keys_of(await pages_of(store, "old/", 10)) == ["old/a/", "old/y"]
        assert await store.get("old/a/x", max_bytes=10) == b"x"
        assert (await store.stat("old/y")).size_bytes == 1

    async def test_a_redirect_in_a_circle(self, place: HttpPlace, files: HttpFiles, open_store: OpenStore) -> None:
        files.configure(redirects=(("/loop/a", "/loop/b"), ("/loop/b", "/loop/a")))
        store = open_store(place.config("loop"))
        with raises("store_error"):
            await store.get("a", max_bytes=10)

    async def test_a_missing_object_may_look_forbidden(
        self, place: HttpPlace, files: HttpFiles, open_store: OpenStore
    ) -> None:
        files.configure(missing_as_403=True)
        store = open_store(place.filled("few", {"x": b"content"}))
        with raises("forbidden"):
            await store.get("missing", max_bytes=10)

    @pytest.mark.parametrize("key", ["../outside", "..", "a/../../x", "./x", ".", "a/./b"])
    async def test_no_key_leads_out(self, place: HttpPlace, open_store: OpenStore, key: str) -> None:
        store = open_store(place.filled("few", {"x": b"content"}))
        with place.proxy.recording() as seen:
            with raises("not_found"):
                await store.get(key, max_bytes=10)
            with raises("not_found"):
                await store.stat(key)
            with raises("not_found", "list_unsupported"):
                await store.list(f"{key}/")
        assert len(seen) == 0


class TestNginxStyle(_OnFiles):
    @pytest.fixture
    def place(self, http_place: HttpPlace, files: HttpFiles) -> Iterator[HttpPlace]:
        files.configure(index="nginx")
        yield http_place
        files.reset()
        http_place.proxy.reset()


Asked = Callable[..., tuple[Store, ScriptedServer]]


class TestHttpAnswers:
    @pytest.fixture
    def asked(self, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Asked]:
        """Opens a store at a server that answers as a script says; the root is ``/data/``."""
        with ExitStack() as stack:

            def make(script: Script, **options: Any) -> tuple[Store, ScriptedServer]:
                server = stack.enter_context(ScriptedServer(script))
                store = open_store(HttpConfig(**{"id": "http", "root": f"{server.url}/data/", **options}))
                stack.callback(lambda: jp_asyncio_loop.run_until_complete(store.close()))
                return store, server

            yield make

    async def test_keys_are_encoded_once(self, asked: Asked) -> None:
        store, server = asked(lambda _: Answer(200, b"content", {"Content-Type": "text/plain"}))
        for key in ("100%25 é #1?.zarr/x", "a//b", "a+b&c=d;e", "~tilde", "'\"<>"):
            assert await store.get(key, max_bytes=100) == b"content"
            assert server.seen[-1].path == f"/data/{key}"
            assert server.seen[-1].target == f"/data/{quote(key, safe='/~')}"

    async def test_login_pages_are_no_objects(self, asked: Asked) -> None:
        store, _ = asked(lambda _: Answer(200, b"<html>Sign in</html>", HTML))
        for key in ("zarr.json", "x/.zmetadata", "x"):
            with raises("not_found"):
                await store.get(key, max_bytes=1000)
            with raises("not_found"):
                await store.stat(key)
        assert await store.get("page.HTML", max_bytes=1000) == b"<html>Sign in</html>"
        with raises("list_unsupported"):
            await store.list("")

    async def test_a_folder_that_leads_to_a_login_page(self, asked: Asked) -> None:
        def script(request: Any) -> Answer:
            if request.path == "/login":
                return Answer(200, b'<html><a href="/login/help">Help</a><a href="/data/x">x</a></html>', HTML)
            return Answer(302, b"", {"Location": f"/login?next={SENTINEL}"})

        store, _ = asked(script)
        with raises("not_found"):
            await store.get("x", max_bytes=1000)
        page = await _outcome(store.list(""))
        assert isinstance(page, BrowserError)
        assert page.code == "list_unsupported"

    async def test_a_redirect_elsewhere_names_the_host_and_nothing_more(self, asked: Asked) -> None:
        location = f"https://user:{SENTINEL}@sso.example/login?token={SENTINEL}"
        store, _ = asked(lambda _: Answer(302, b"", {"Location": location}))
        with raises("outside_endpoints") as caught:
            await store.get("x", max_bytes=1000)
        assert "sso.example" in caught.value.message

    @pytest.mark.parametrize("location", ["", "http://", "http://[", "//", "javascript:x", "http://127.0.0.1:99999/"])
    async def test_redirects_to_nowhere(self, asked: Asked, location: str) -> None:
        store, _ = asked(lambda _: Answer(302, b"", {"Location": location}))
        with raises("outside_endpoints", "store_error", "wrong_endpoint"):
            await store.get("x", max_bytes=1000)

    async def test_a_compressed_answer_is_bounded_too(self, asked: Asked) -> None:
        bomb = gzip.compress(bytes(64 * 2**20))
        store, _ = asked(lambda _: Answer(200, bomb, {"Content-Encoding": "gzip"}))
        with raises("too_large"):
            await store.get("x", max_bytes=2**20)

    async def test_a_certificate_authority_of_ones_own(
        self, dead: Dead, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
    ) -> None:
        host, port = dead.self_signed.removeprefix("https://").split(":")
        bundle = tmp_path / "ca.pem"
        bundle.write_text(await asyncio.to_thread(ssl.get_server_certificate, (host, int(port))))
        store = open_store(HttpConfig(id="http", root=dead.self_signed, ca_bundle=str(bundle)))
        with raises("not_found"):  # a login page, over a connection that is trusted
            await store.get("x", max_bytes=1000)
        await store.close()

    async def test_a_missing_certificate_file(self, dead: Dead, tmp_path: Path) -> None:
        store = open_store(HttpConfig(id="http", root=dead.self_signed, ca_bundle=str(tmp_path / "missing.pem")))
        with raises("tls"):
            await store.get("x", max_bytes=1000)
        await store.close()

    async def test_a_root_as_people_write_it(self, asked: Asked) -> None:
        _, server = asked(lambda _: Answer(200, b"{}", JSON))
        store = open_store(HttpConfig(id="http", root=f"{server.url}/my data/é%20x"))
        assert await store.get("zarr.json", max_bytes=10) == b"{}"
        assert server.seen[-1].target == "/my%20data/%C3%A9%20x/zarr.json"
        assert store.key_of(store.uri("a b")) == "a b"
        await store.close()

    async def test_addresses_as_people_type_them(self) -> None:
        store = open_store(HttpConfig(id="http", root="https://example.org/data"))
        assert store.key_of("https://example.org/data/100% sure") == "100% sure"
        assert store.key_of("https://example.org/data/%ff") == "%ff"
        assert store.key_of("https://example.org/data/a%20b/") == "a b/"
        assert store.key_of("https://example.org/data") == ""
        assert store.key_of("https://example.org/database/x") is None
        assert store.key_of("http://example.org/data/x") is None


async def _outcome(work: Any) -> Page | BrowserError:
    try:
        page: Page = await work
        return page
    except BrowserError as exc:
        return exc


_FOLDER = "https://example.org/data/100%25%20%C3%A9/"


@pytest.mark.parametrize(
    ("links", "names"),
    [
        (["a.txt", "b/"], ["a.txt", "b/"]),
        (["./a.txt", "/data/100%25%20%c3%a9/b/", f"{_FOLDER}c"], ["a.txt", "b/", "c"]),
        (["a%20b", "c+d", "%2525", "%C3%A9", "é", "a&amp;b"], ["%25", "a b", "a&b", "c+d", "é"]),
        (["#top", "?C=N;O=D", "../", "/", "", "./", "x?download=1", "x#part"], []),
        (
            ["https://other.example/x", "//other.example/x", "http://example.org/data/100%25%20%C3%A9/x", "mailto:x@y"],
            [],
        ),
        (["a/b", "a/b/", "%2e%2e/", "..%2Fx", "x%00y", "/data/100%25%20%C3%A9x/y"], []),
        (["same", "same", "./same", "same/"], ["same", "same/"]),
        (["a:b", "./a:b", "data:text/plain,x", "javascript:void(0)"], ["a:b"]),
    ],
)
def test_links(links: list[str], names: list[str]) -> None:
    page = "<title>Index of x</title>" + "".join(f'<a href="{link}">x</a>' for link in links)
    assert links_below(page, _FOLDER) == names


@pytest.mark.parametrize("page", ["", "<a href=", "<!--", "<a href=x", "<a><a href>", "<a href='x'" * 1000])
def test_pages_that_are_broken(page: str) -> None:
    assert links_below("Index of x " + page, _FOLDER) in ([], ["x"])
    assert children({"a/b": b""}, "") == ["a/"]
