"""The contract of a store as tests. Every kind subclasses :class:`StoreTests` and gives it a :class:`Place`.

A kind that needs the network also subclasses :class:`RemoteStoreTests`. Subclasses give fixtures and add what is true
of their kind only; they never weaken a test. What a kind cannot do is a field of its place, each with its reason.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.stores import Page, Range, Store

from ..servers.dead import Dead
from .conformance_scan import ScanTests
from .conformance_uploads import UploadTests
from .conformance_write import WriteTests
from .places import (
    ORDERED_NAMES,
    SENTINEL,
    OpenStore,
    Place,
    RemotePlace,
    children,
    keys_of,
    many,
    pages_of,
    pieces_of,
    raises,
    walk,
)
from .scripted import HTML, Answer, Request, ScriptedServer, endless, impatient_server


class ReadOnlyStoreTests:
    """What every kind of store does. Subclasses define the fixture ``place``."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    # -- pages ---------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("limit", [1, 2, 7, 1000])
    async def test_pages_neither_lose_nor_repeat_a_key(self, place: Place, open_store: OpenStore, limit: int) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        for container in ("", "folder/", "only-prefixes/"):
            pages = await pages_of(store, container, limit)
            assert keys_of(pages) == children(objects, container)
            assert all(len(page.entries) <= limit for page in pages)

    async def test_a_cursor_resumes_in_another_store(self, place: Place, open_store: OpenStore) -> None:
        config = place.filled("many", many())
        found: list[str] = []
        cursor: str | None = None
        while True:
            store = open_store(config)
            page = await store.list("folder/", cursor=cursor, limit=7)
            await store.close()
            found += [entry.key for entry in page.entries]
            cursor = page.cursor
            if cursor is None:
                break
        assert found == children(many(), "folder/")

    async def test_a_cursor_may_be_used_twice(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        first = await store.list("folder/", limit=5)
        assert first.cursor is not None
        again = [await store.list("folder/", cursor=first.cursor, limit=5) for _ in range(2)]
        assert again[0] == again[1]

    @pytest.mark.parametrize("prefix", ["item-1", "item-", "sub", "nothing", "ITEM", "item-01.txt", "100%25 é #", "+"])
    async def test_the_store_filters_names(self, place: Place, open_store: OpenStore, prefix: str) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        expected = [key for key in children(objects, "folder/") if key.startswith(f"folder/{prefix}")]
        for limit in (2, 1000):
            assert keys_of(await pages_of(store, "folder/", limit, prefix)) == expected

    async def test_entries_come_in_the_order_of_their_bytes(self, place: Place, open_store: OpenStore) -> None:
        objects = {f"in/{name}": b"" for name in ORDERED_NAMES}
        store = open_store(place.filled("ordered", objects))
        for limit in (2, 1000):
            pages = await pages_of(store, "in/", limit)
            assert all(keys_of([page]) == sorted(keys_of([page]), key=str.encode) for page in pages)
            found = keys_of(pages)
            assert (found if place.lists_in_order_of_bytes else sorted(found, key=str.encode)) == children(
                objects, "in/"
            )

    async def test_one_level_only(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        page = await store.list("", limit=1000)
        kinds = {entry.key: entry.kind for entry in page.entries}
        assert kinds["folder/"] == "prefix"
        assert kinds["top.txt"] == "object"
        assert all(key.endswith("/") == (kind == "prefix") for key, kind in kinds.items())

    async def test_sizes_and_times(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        page = await store.list("", limit=1000)
        (entry,) = [entry for entry in page.entries if entry.key == "top.txt"]
        found = await store.stat("top.txt")
        assert found.key == "top.txt"
        assert found.kind == "object"
        assert found.size_bytes == len(many()["top.txt"])
        assert found.modified_at is not None
        assert found.modified_at.endswith("Z")
        if place.listings_tell_sizes:
            assert entry.size_bytes == found.size_bytes
            assert entry.modified_at is not None
            assert entry.modified_at[:16] == found.modified_at[:16]
        else:
            assert entry.size_bytes is None

    # -- keys ----------------------------------------------------------------------------------------------------

    async def test_every_key_is_listed_and_read(self, place: Place, open_store: OpenStore) -> None:
        objects = place.odd_objects()
        store = open_store(place.filled("odd", objects))
        listed: set[str] = set()
        async for container, entries in walk(store):
            assert [entry.key for entry in entries] == children(objects, container)
            listed |= {entry.key for entry in entries if entry.kind == "object"}
        assert listed == {key for key in objects if not key.endswith("/")}
        for key, content in objects.items():
            assert await store.get(key, max_bytes=10_000) == content, key
            if key in listed:
                found = await store.stat(key)
                assert (found.key, found.size_bytes) == (key, len(content))

    async def test_addresses_lead_back_to_keys(self, place: Place, open_store: OpenStore) -> None:
        objects = place.odd_objects()
        store = open_store(place.filled("odd", objects))
        containers = {key[: index + 1] for key in objects for index, letter in enumerate(key) if letter == "/"}
        for key in ["", *objects, *containers]:
            assert store.key_of(store.uri(key)) == key
        assert store.key_of(store.uri("").removesuffix("/")) == ""
        for url in ("", "ftp://other/x", "s3://other-bucket/x", "https://other.example/x", "relative/x", "/no/such/x"):
            assert store.key_of(url) is None

    async def test_a_neighbour_with_a_longer_name_is_outside(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        assert store.key_of(store.uri("").removesuffix("/") + "-2/x") is None

    # -- reading -------------------------------------------------------------------------------------------------

    async def test_reading_is_bounded(self, place: Place, open_store: OpenStore) -> None:
        content = bytes(range(256)) * 4
        store = open_store(place.filled("sizes", {"kilobyte": content, "none": b"", "large": bytes(8 * 2**20)}))
        assert await store.get("kilobyte", max_bytes=1024) == content
        with raises("too_large"):
            await store.get("kilobyte", max_bytes=1023)
        assert await store.get("none", max_bytes=0) == b""
        with raises("too_large"):
            await store.get("large", max_bytes=1000)
        assert await store.get("kilobyte", max_bytes=1024) == content

    async def test_a_body_comes_in_pieces(self, place: Place, open_store: OpenStore) -> None:
        large = bytes(range(256)) * (3 * 2**12) + b"end"
        store = open_store(place.filled("bodies", {"large": large, "none": b""}))
        for key, content in (("large", large), ("none", b"")):
            body = await store.read(key)
            assert (body.size, body.start, body.stop) == (len(content), 0, len(content))
            pieces = [piece async for piece in pieces_of(body)]
            assert b"".join(pieces) == content
            assert all(len(piece) <= 2**20 for piece in pieces)

    @pytest.mark.parametrize(
        ("wanted", "start", "stop"),
        [
            (Range(0, 1), 0, 1),
            (Range(5, 1000), 5, 1000),
            (Range(1020), 1020, 1024),
            (Range(1000, 5000), 1000, 1024),
            (Range(-24), 1000, 1024),
            (Range(-5000), 0, 1024),
        ],
    )
    async def test_a_part_of_a_body(
        self, place: Place, open_store: OpenStore, wanted: Range, start: int, stop: int
    ) -> None:
        content = bytes(range(256)) * 4
        store = open_store(place.filled("sizes", {"kilobyte": content, "none": b"", "large": bytes(8 * 2**20)}))
        body = await store.read("kilobyte", wanted)
        assert (body.size, body.start, body.stop) == (1024, start, stop)
        assert b"".join([piece async for piece in pieces_of(body)]) == content[start:stop]

    async def test_a_part_that_is_not_there(self, place: Place, open_store: OpenStore) -> None:
        content = bytes(range(256)) * 4
        store = open_store(place.filled("sizes", {"kilobyte": content, "none": b"", "large": bytes(8 * 2**20)}))
        with raises("bad_range"):
            await store.read("kilobyte", Range(1024))
        with raises("not_found"):
            await store.read("missing")
        with raises("not_found"):
            await store.read("missing", Range(0, 1))

    async def test_bodies_that_are_given_up_leave_the_store_usable(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(
            place.filled("sizes", {"kilobyte": bytes(1024), "none": b"", "large": bytes(8 * 2**20)}, concurrency=4)
        )
        for _ in range(5):
            body = await store.read("large")
            assert await body.next()
            await body.close()
        assert len(await store.get("kilobyte", max_bytes=1024)) == 1024

    async def test_what_is_missing(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        for key in ("missing", "folder/missing", "missing/x", "folder", "folder/item-01.txt/x", ""):
            with raises("not_found"):
                await store.get(key, max_bytes=1000)
            with raises("not_found"):
                await store.stat(key)
        if place.knows_missing_containers:
            with raises("not_found", "list_unsupported"):
                await store.list("missing/")
        else:
            assert await store.list("missing/") == Page([], None)

    async def test_a_missing_root(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.config("never-made"))
        with raises(place.missing_root_code):
            await store.list("")
        with raises("not_found", "no_such_bucket"):
            await store.get("x", max_bytes=1000)

    async def test_listing_is_forbidden_but_reading_is_not(self, place: Place, open_store: OpenStore) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        with place.forbid("list"):
            with raises("list_forbidden"):
                await store.list("folder/")
            assert await store.get("folder/item-01.txt", max_bytes=1000) == objects["folder/item-01.txt"]
            assert (await store.stat("folder/item-01.txt")).size_bytes == len(objects["folder/item-01.txt"])

    async def test_all_is_forbidden(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        with place.forbid("all"):
            with raises("list_forbidden"):
                await store.list("folder/")
            with raises("forbidden"):
                await store.get("folder/item-01.txt", max_bytes=1000)
            with raises("forbidden"):
                await store.stat("folder/item-01.txt")

    # -- life ----------------------------------------------------------------------------------------------------

    async def test_first_use_by_many_at_once(self, place: Place, open_store: OpenStore) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        names = children(objects, "folder/")[:8]
        pages = [store.list("folder/", limit=1000) for _ in range(4)]
        reads = [store.get(name, max_bytes=1000) for name in names if not name.endswith("/")]
        found = await asyncio.gather(*pages, *reads)
        assert all(keys_of([page]) == children(objects, "folder/") for page in found if isinstance(page, Page))

    async def test_closing_twice_and_unused(self, place: Place, open_store: OpenStore) -> None:
        config = place.filled("many", many())
        unused = open_store(config)
        await unused.close()
        used = open_store(config)
        await used.list("")
        await used.close()
        await used.close()

    async def test_a_cancelled_request_leaves_the_store_usable(self, place: Place, open_store: OpenStore) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        for turns in range(12):
            task = asyncio.create_task(store.list("folder/", limit=1000))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled() or task.exception() is None
        assert keys_of([await store.list("folder/", limit=1000)]) == children(objects, "folder/")


class StoreTests(ScanTests, WriteTests, UploadTests, ReadOnlyStoreTests):
    """What every kind of store does that has objects, and not only pages about them."""


class RemoteStoreTests:
    """What every kind does that talks over a network. Mixed into a subclass of :class:`StoreTests`."""

    # -- cost ----------------------------------------------------------------------------------------------------

    async def test_one_request_per_page_and_per_object(self, place: RemotePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        await store.list("", limit=1)  # whatever the first use costs
        for what, op in (
            (lambda: store.list("folder/", limit=10), "List"),
            (lambda: store.list("folder/", name_prefix="item", limit=10), "List"),
            (lambda: store.get("folder/item-01.txt", max_bytes=1000), "GetObject"),
            (lambda: store.stat("folder/item-01.txt"), "HeadObject"),
        ):
            with place.proxy.recording() as seen:
                await what()
            assert dict(seen.ops) == {op: 1}
        with place.proxy.recording() as seen, raises("not_found"):
            await store.get("folder/missing", max_bytes=1000)
        assert dict(seen.ops) == {"GetObject": 1}

    async def test_making_a_store_asks_nothing(self, place: RemotePlace, open_store: OpenStore) -> None:
        with place.proxy.recording() as seen:
            open_store(place.filled("many", many()))
        assert not seen.ops["List"] + seen.ops["GetObject"]

    async def test_the_first_list_is_one_request(self, place: RemotePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        with place.proxy.recording() as seen:
            await asyncio.gather(store.list("folder/"), store.list("only-prefixes/"))
        assert dict(seen.ops) == {"List": 2}

    async def test_no_more_requests_at_once_than_allowed(self, place: RemotePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many(), concurrency=3))
        place.proxy.configure(latency_ms=5)
        place.proxy.traffic.inflight_peak = 0
        await asyncio.gather(*(store.get("top.txt", max_bytes=100) for _ in range(12)))
        assert place.proxy.inflight_peak == 3

    # -- the network ---------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("mode", ["slowdown", "reset", "truncate"])
    async def test_one_failure_is_survived(self, place: RemotePlace, open_store: OpenStore, mode: str) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        for work, expected in (
            (lambda: store.get("folder/item-01.txt", max_bytes=1000), objects["folder/item-01.txt"]),
            (lambda: store.list("only-prefixes/"), None),
        ):
            place.proxy.configure(fail_first=1, fail_modes=(mode,))
            with place.proxy.recording() as seen:
                found = await work()
            assert len(seen) == 2
            place.proxy.reset()
            if isinstance(found, Page):
                assert keys_of([found]) == children(objects, "only-prefixes/")
            else:
                assert found == expected

    async def test_a_body_that_ends_too_early(self, place: RemotePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("early", {"large": bytes(8 * 2**20)}))
        place.proxy.configure(fail_first=1, fail_modes=("truncate",))
        body = await store.read("large")
        with raises("unreachable", "store_error"):
            [piece async for piece in pieces_of(body)]
        place.proxy.reset()
        body = await store.read("large")
        assert sum([len(piece) async for piece in pieces_of(body)]) == 8 * 2**20

    @pytest.mark.parametrize(("mode", "code"), [("slowdown", "throttled"), ("reset", "unreachable")])
    async def test_lasting_failure(self, place: RemotePlace, open_store: OpenStore, mode: str, code: str) -> None:
        store = open_store(place.filled("many", many()))
        for work in _each_way(store):
            place.proxy.configure(fail_rate=1.0, fail_modes=(mode,))
            with place.proxy.recording() as seen, raises(code) as caught:
                await work()
            # A lost connection that was not new may also be tried again by the client.
            assert len(seen) == 2 if mode == "slowdown" else 2 <= len(seen) <= 4
            assert caught.value.retryable
        place.proxy.reset()
        await store.list("folder/")

    async def test_a_half_answer_is_no_answer(self, place: RemotePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        place.proxy.configure(fail_rate=1.0, fail_modes=("truncate",))
        for work in _each_way(store)[:2]:
            with raises("unreachable"):
                await work()

    async def test_an_answer_that_does_not_come(self, place: RemotePlace, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many(), timeout_s=1.0))
        await _until_it_answers(store)
        place.proxy.configure(fail_rate=1.0, fail_modes=("stall",))
        for work in _each_way(store):
            with raises("timeout"):
                await work()
        place.proxy.reset()
        await _until_it_answers(store)

    async def test_a_second_try_does_not_hide_what_the_first_heard(
        self, place: RemotePlace, open_store: OpenStore
    ) -> None:
        store = open_store(place.filled("many", many(), timeout_s=2.0))
        await _until_it_answers(store)
        place.proxy.configure(fail_first=2, fail_modes=("slowdown", "stall"))
        with raises("throttled"):
            await store.list("folder/")

    async def test_cancelling_what_is_under_way(self, place: RemotePlace, open_store: OpenStore) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        await store.list("folder/")
        place.proxy.configure(fail_first=8, fail_modes=("stall",))
        with place.proxy.recording() as seen:
            tasks = [asyncio.create_task(store.list("folder/")) for _ in range(4)]
            tasks += [asyncio.create_task(store.list("only-prefixes/")) for _ in range(4)]
            while len(seen) < 8:
                await asyncio.sleep(0.005)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        while place.proxy.traffic.inflight:  # the connections were given up, not kept
            await asyncio.sleep(0.005)
        assert keys_of([await store.list("folder/")]) == children(objects, "folder/")

    # -- addresses that are no store -----------------------------------------------------------------------------

    async def test_a_port_that_refuses(self, place: RemotePlace, open_store: OpenStore, dead: Dead) -> None:
        store = open_store(place.config_at(dead.refusing))
        for work in _each_way(store):
            with raises("unreachable") as caught:
                await work()
            assert "refused" in caught.value.message

    async def test_a_port_that_is_silent(self, place: RemotePlace, open_store: OpenStore, dead: Dead) -> None:
        store = open_store(place.config_at(dead.silent, timeout_s=0.3))
        for work in _each_way(store):
            with raises("timeout"):
                await work()

    async def test_a_name_that_nobody_knows(self, place: RemotePlace, open_store: OpenStore) -> None:
        store = open_store(place.config_at("http://no-such-host.invalid"))
        for work in _each_way(store):
            with raises("unreachable") as caught:
                await work()
            assert "name" in caught.value.message

    async def test_a_certificate_that_nobody_signed(
        self, place: RemotePlace, open_store: OpenStore, dead: Dead
    ) -> None:
        store = open_store(place.config_at(dead.self_signed))
        for work in _each_way(store):
            with raises("tls") as caught:
                await work()
            assert "self-signed" in caught.value.message

    async def test_plain_http_where_tls_is_expected(self, place: RemotePlace, open_store: OpenStore) -> None:
        with impatient_server() as address:
            store = open_store(place.config_at(f"https://{address}"))
            for work in _each_way(store):
                with raises("tls"):
                    await work()
            await store.close()

    async def test_what_is_not_http(self, place: RemotePlace, open_store: OpenStore, dead: Dead) -> None:
        store = open_store(place.config_at(dead.garbage))
        for work in _each_way(store):
            with raises("wrong_endpoint"):
                await work()

    async def test_a_login_page(self, place: RemotePlace, open_store: OpenStore, dead: Dead) -> None:
        store = open_store(place.config_at(dead.login))
        with raises("wrong_endpoint", "list_unsupported"):
            await store.list("")
        with raises("wrong_endpoint", "list_unsupported"):
            await store.list("folder/")
        for key in ("zarr.json", "a/.zmetadata"):
            with raises("wrong_endpoint", "not_found"):
                await store.get(key, max_bytes=10_000)
            with raises("wrong_endpoint", "not_found"):
                await store.stat(key)

    @pytest.mark.parametrize("status", [200, 301, 302, 400, 404, 405, 418, 500, 501, 502, 504])
    async def test_odd_answers(self, place: RemotePlace, open_store: OpenStore, status: int) -> None:
        def script(request: Request) -> Answer:
            return Answer(status, f"<html>{SENTINEL}</html>".encode(), {**HTML, "X-Note": SENTINEL})

        with ScriptedServer(script) as server:
            store = open_store(place.config_at(server.url))
            for work in _each_way(store):
                with raises(
                    "wrong_endpoint",
                    "wrong_region",
                    "store_error",
                    "not_found",
                    "list_unsupported",
                    "outside_endpoints",
                ):
                    await work()
            await store.close()

    @pytest.mark.parametrize("length", ["", str(2**40)])
    async def test_memory_is_bounded(self, place: RemotePlace, open_store: OpenStore, length: str) -> None:
        """Whether the server states a length or just goes on."""
        headers = {"Content-Length": length} if length else {}
        with ScriptedServer(lambda _: Answer(200, endless(), headers)) as server:
            store = open_store(place.config_at(server.url))
            peak_bytes = 0
            for _ in range(2):  # the first use imports much
                tracemalloc.start()
                with raises("too_large"):
                    await store.get("zarr.json", max_bytes=2**20)
                peak_bytes = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
            assert peak_bytes < 8 * 2**20
            await store.close()

    async def test_redirects_do_not_leave_the_endpoint(self, place: RemotePlace, open_store: OpenStore) -> None:
        with ScriptedServer(lambda _: Answer(200, b"inside")) as other:

            def script(request: Request) -> Answer:
                return Answer(302, b"", {"Location": f"{other.url}/stolen?token={SENTINEL}"})

            with ScriptedServer(script) as server:
                store = open_store(place.config_at(server.url))
                for work in _each_way(store):
                    with raises("outside_endpoints", "wrong_region", "wrong_endpoint"):
                        await work()
                await store.close()
            assert not other.seen


async def _until_it_answers(store: Store) -> None:
    """A first use imports much, and on a busy machine may take longer than the store's short deadline."""
    while True:
        try:
            await store.list("folder/")
            return
        except BrowserError as exc:
            if exc.code != "timeout":
                raise


def _each_way(store: Store) -> list[Callable[[], Any]]:
    """A listing, a read and a stat."""
    return [
        lambda: store.list("folder/"),
        lambda: store.get("folder/item-01.txt", max_bytes=1000),
        lambda: store.stat("folder/item-01.txt"),
    ]
