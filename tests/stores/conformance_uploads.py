"""The contract of ``Store.uploads``: parts over a long time, an object only at the end, and nothing left behind."""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections.abc import Callable

import pytest

from jupyterlab_zarrbrowser.config import EndpointConfig
from jupyterlab_zarrbrowser.stores import Store
from jupyterlab_zarrbrowser.stores.uploads import ObjectUploads, Part, StoredPart

from .conformance_scan import blocks_of, keys_in
from .places import OpenStore, Place, raises

_numbers = itertools.count()

Fresh = Callable[[], EndpointConfig]


def uploads_of(store: Store) -> ObjectUploads:
    assert store.uploads is not None
    return store.uploads


def parts_of(content: bytes, size: int) -> list[tuple[int, int, bytes]]:
    """Number, offset and bytes of each part."""
    starts = range(0, len(content), size)
    return [(number, start, content[start : start + size]) for number, start in enumerate(starts, 1)]


async def put_parts(
    store: Store, key: str, token: str, content: bytes, size: int, have: list[StoredPart], upto: int | None = None
) -> list[StoredPart]:
    """Send what is missing, in order; all parts so far."""
    found = list(have)
    for number, start, data in parts_of(content, size)[len(have) : upto]:
        before = found[-1].tag if found else ""
        tag = await uploads_of(store).put_part(key, token, Part(number, start, len(content), data, before))
        found.append(StoredPart(number, len(data), zlib.crc32(data), tag))
    return found


async def all_keys(store: Store) -> list[str]:
    """Those that a user would take for objects."""
    return [key for key in keys_in(await blocks_of(store, "", 1000)) if not key.endswith(".part")]


class UploadTests:
    """What every kind of store does that files can be uploaded to."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    @pytest.fixture
    def uploads_to(self, place: Place) -> Fresh:
        """Makes an endpoint over a new and empty root."""
        return lambda: place.filled(f"up-{next(_numbers)}", {}, writable=True)

    @pytest.fixture
    def part(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> int:
        """Bytes of a part, the least that the store takes."""
        return place.shrink_parts(monkeypatch)

    # -- small -----------------------------------------------------------------------------------------------------

    async def test_a_small_object_arrives_as_it_is(
        self, place: Place, uploads_to: Fresh, open_store: OpenStore
    ) -> None:
        store = open_store(uploads_to())
        objects = {key: content for key, content in place.odd_objects().items() if not key.endswith("/")}
        objects["typed/zarr.json"] = b'{"zarr_format": 3}'
        for key, content in objects.items():
            media_type = "application/json" if key.endswith(".json") else ""  # as browsers say it
            await uploads_of(store).put(key, content, media_type, replace=False)
        assert sorted(await all_keys(store)) == sorted(objects)
        for key, content in objects.items():
            assert await store.get(key, max_bytes=10_000) == content, key

    async def test_what_is_there_is_replaced_only_if_asked_for(self, uploads_to: Fresh, open_store: OpenStore) -> None:
        store = open_store(uploads_to())
        uploads = uploads_of(store)
        for key in ("a/first", "a/second"):  # a store may learn from the first what its server can do
            await uploads.put(key, b"old", "", replace=False)
            with raises("exists"):
                await uploads.put(key, b"new", "", replace=False)
            assert await store.get(key, max_bytes=10) == b"old"
            await uploads.put(key, b"newest", "", replace=True)
            assert await store.get(key, max_bytes=10) == b"newest"

    # -- in parts --------------------------------------------------------------------------------------------------

    async def test_an_object_is_there_at_the_end_only(
        self, place: Place, uploads_to: Fresh, open_store: OpenStore, part: int
    ) -> None:
        store = open_store(uploads_to())
        content = bytes(range(256)) * (2 * part // 256) + b"the end"
        token = await uploads_of(store).begin("a/large", len(content), "", replace=False)
        parts = await put_parts(store, "a/large", token, content, part, [], 2)
        assert await all_keys(store) == []
        parts = await put_parts(store, "a/large", token, content, part, parts)
        await uploads_of(store).complete("a/large", token, parts, replace=False)
        assert await store.get("a/large", max_bytes=2**28) == content
        assert place.unfinished(store) == []
        # The answer may have been lost on its way: it is asked for once more.
        await uploads_of(store).complete("a/large", token, parts, replace=False)
        assert await all_keys(store) == ["a/large"]

    async def test_parts_in_any_order_and_again(self, uploads_to: Fresh, open_store: OpenStore, part: int) -> None:
        store = open_store(uploads_to())
        uploads = uploads_of(store)
        content = b"".join(bytes([number]) * part for number in range(3)) + b"!"
        token = await uploads.begin("x", len(content), "text/plain", replace=False)
        cut = parts_of(content, part)
        if uploads.parallel > 1:
            cut.reverse()
        tags: dict[int, StoredPart] = {}
        for number, start, data in cut:
            before = tags[number - 1].tag if number - 1 in tags else ""
            piece = Part(number, start, len(content), data, before)
            tag = await uploads.put_part("x", token, piece)
            if uploads.parallel > 1:
                tag = await uploads.put_part("x", token, piece)
            tags[number] = StoredPart(number, len(data), zlib.crc32(data), tag)
        await uploads.complete("x", token, [tags[number] for number in sorted(tags)], replace=False)
        assert await store.get("x", max_bytes=2**28) == content

    async def test_another_process_goes_on(self, uploads_to: Fresh, open_store: OpenStore, part: int) -> None:
        config = uploads_to()
        before = open_store(config)
        content = b"a" * part + b"b" * part + b"c"
        token = await uploads_of(before).begin("x", len(content), "", replace=False)
        parts = await put_parts(before, "x", token, content, part, [], 1)
        await before.close()
        store = open_store(config)
        assert await uploads_of(store).has("x", token, parts) == parts
        parts = await put_parts(store, "x", token, content, part, parts)
        await uploads_of(store).complete("x", token, parts, replace=False)
        assert await store.get("x", max_bytes=2**28) == content

    async def test_what_is_given_up_leaves_nothing(
        self, place: Place, uploads_to: Fresh, open_store: OpenStore, part: int
    ) -> None:
        store = open_store(uploads_to())
        uploads = uploads_of(store)
        content = b"x" * (part + 1)
        token = await uploads.begin("x", len(content), "", replace=False)
        parts = await put_parts(store, "x", token, content, part, [], 1)
        await uploads.give_up("x", token)
        await uploads.give_up("x", token)
        assert place.unfinished(store) == []
        assert keys_in(await blocks_of(store, "", 1000)) == []
        with raises("not_found"):
            await uploads.has("x", token, parts)
        with raises("not_found" if place.knows_what_was_given_up else "store_error"):
            await put_parts(store, "x", token, content, part, parts)

    async def test_a_large_object_replaces_only_if_asked_for(
        self, place: Place, uploads_to: Fresh, open_store: OpenStore, part: int
    ) -> None:
        store = open_store(uploads_to())
        uploads = uploads_of(store)
        content = b"n" * (part + 1)
        await uploads.put("x", b"old", "", replace=False)
        with raises("exists"):
            await uploads.begin("x", len(content), "", replace=False)
        for replace in (False, True):
            await uploads.put("y", b"old", "", replace=True)
            await store.remove(["y"])
            token = await uploads.begin("y", len(content), "", replace=replace)
            await uploads.put("y", b"meanwhile", "", replace=True)
            if replace:
                parts = await put_parts(store, "y", token, content, part, [])
                await uploads.complete("y", token, parts, replace=True)
                assert await store.get("y", max_bytes=2**28) == content
            else:
                with raises("exists"):
                    parts = await put_parts(store, "y", token, content, part, [])
                    await uploads.complete("y", token, parts, replace=False)
                assert await store.get("y", max_bytes=2**28) == b"meanwhile"
                await uploads.give_up("y", token)
        assert place.unfinished(store) == []

    async def test_what_was_begun_can_be_found(self, place: Place, uploads_to: Fresh, open_store: OpenStore) -> None:
        store = open_store(uploads_to())
        uploads = uploads_of(store)
        tokens = {key: await uploads.begin(key, 10**8, "", replace=False) for key in ("a/x", "a/y", "ab")}
        begun = await uploads.begun("a/")
        if place.unfinished(store):  # the store tells
            assert {(each.key, each.token) for each in begun} == {(key, tokens[key]) for key in ("a/x", "a/y")}
        else:
            assert begun == []
        await asyncio.gather(*(uploads.give_up(key, token) for key, token in tokens.items()))
        assert await uploads.begun("") == []

    def test_a_part_is_as_large_as_it_must_be(self, uploads_to: Fresh, open_store: OpenStore) -> None:
        uploads = uploads_of(open_store(uploads_to()))
        for size in (1, 10**9, 84 * 10**9, 10**11, 5 * 2**40):
            part = uploads.part_size(size)
            assert part >= uploads.part_bytes
            assert -(-size // part) <= uploads.most_parts
            assert part % uploads.part_unit == 0

    async def test_a_folder(self, uploads_to: Fresh, open_store: OpenStore) -> None:
        store = open_store(uploads_to())
        await uploads_of(store).make("new folder/in it/")
        page = await store.list("")
        assert [entry.key for entry in page.entries] == ["new folder/"]
