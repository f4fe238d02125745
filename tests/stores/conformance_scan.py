"""The contract of ``Store.scan``: every object once, in the order of bytes, from anywhere."""

from __future__ import annotations

import random

import pytest

from jupyterlab_zarrbrowser.expiry import moment_of
from jupyterlab_zarrbrowser.stores import Block, Store

from .places import ORDERED_NAMES, Objects, OpenStore, Place, many, raises


async def blocks_of(store: Store, container: str, limit: int, after: str = "") -> list[Block]:
    """All blocks from ``after`` on, each from the last key of the one before, or from its cursor where it has one."""
    blocks: list[Block] = []
    cursor: str | None = None
    while True:
        block = await store.scan(container, after=after, cursor=cursor, limit=limit)
        blocks.append(block)
        assert len(block.keys) == len(block.sizes) == len(block.modified)
        if not block.goes_on:
            return blocks
        cursor = block.cursor
        assert block.keys or cursor, "a block that goes on has a last key, or nobody could"
        after = block.keys[-1] if block.keys else after
        assert len(blocks) < 5000, "a scan without an end"


def below(objects: Objects, container: str, after: str = "") -> list[str]:
    """What a scan has to bring, in the order of UTF-8 bytes. A marker of the container itself lies not in it."""
    found = [key[len(container) :] for key in objects if key.startswith(container) and key != container]
    return sorted((key for key in found if key.encode() > after.encode()), key=str.encode)


def keys_in(blocks: list[Block]) -> list[str]:
    return [key for block in blocks for key in block.keys]


class ScanTests:
    """What every kind of store does that can be scanned."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    @pytest.mark.parametrize("limit", [1, 2, 7, 1000])
    async def test_a_scan_brings_every_object_once(self, place: Place, open_store: OpenStore, limit: int) -> None:
        store = open_store(place.filled("many", many()))
        for container in ("", "folder/", "only-prefixes/"):
            blocks = await blocks_of(store, container, limit)
            assert keys_in(blocks) == below(many(), container)
            assert all(len(block.keys) <= limit for block in blocks)

    async def test_a_scan_of_odd_names(self, place: Place, open_store: OpenStore) -> None:
        objects = place.odd_objects()
        store = open_store(place.filled("odd", objects))
        containers = {key[: index + 1] for key in objects for index, letter in enumerate(key) if letter == "/"}
        for container in ["", *sorted(containers)]:
            blocks = await blocks_of(store, container, 1000)
            assert keys_in(blocks) == below(objects, container)
            sizes = [size for block in blocks for size in block.sizes]
            assert sizes == [len(objects[container + key]) for key in keys_in(blocks)]
        for limit in (1, 3):
            assert keys_in(await blocks_of(store, "", limit)) == below(objects, "")

    async def test_a_scan_is_in_the_order_of_bytes(self, place: Place, open_store: OpenStore) -> None:
        objects = {f"in/{name}": b"" for name in ORDERED_NAMES}
        store = open_store(place.filled("ordered", objects))
        for limit in (1, 4, 1000):
            blocks = await blocks_of(store, "in/", limit)
            assert all(block.keys == sorted(block.keys, key=str.encode) for block in blocks)
            found = keys_in(blocks)
            assert (found if place.lists_in_order_of_bytes else sorted(found, key=str.encode)) == below(objects, "in/")

    async def test_a_scan_begins_behind_any_key(self, place: Place, open_store: OpenStore) -> None:
        objects = many()
        store = open_store(place.filled("many", objects))
        letters = "".join(sorted(set().union(*objects))) + "\uff5e\U0001f600~ !"
        dice = random.Random(1)
        for container in ("", "folder/"):
            existing = below(objects, container)
            made_up = ["".join(dice.choices(letters, k=dice.randint(1, 12))) for _ in range(12)]
            near = [existing[3] + "!", existing[3][:-1], existing[-1] + "z", existing[0][:1], "sub-3/", "sub-3/deep"]
            for after in ["", *dice.sample(existing, 6), existing[-1], *made_up, *near]:
                blocks = await blocks_of(store, container, 20, after)
                assert keys_in(blocks) == below(objects, container, after), after

    async def test_a_scan_begins_behind_odd_keys(self, place: Place, open_store: OpenStore) -> None:
        objects = place.odd_objects()
        store = open_store(place.filled("odd", objects))
        for after in below(objects, ""):
            block = await store.scan("", after=after, limit=2)
            assert block.keys == below(objects, "", after)[: len(block.keys)]
            assert block.keys or after == below(objects, "")[-1]

    async def test_a_scan_tells_sizes_and_times(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        (block,) = await blocks_of(store, "folder/", 1000)
        assert len({len(moment) for moment in block.modified}) == 1
        for key, size, modified in list(zip(block.keys, block.sizes, block.modified, strict=True))[::5]:
            found = await store.stat(f"folder/{key}")
            assert found.size_bytes == size == len(many()[f"folder/{key}"])
            assert found.modified_at is not None
            # Listings and objects round to whole seconds in different directions.
            apart = moment_of(modified) - moment_of(found.modified_at)
            assert abs(apart.total_seconds()) <= 1
            assert modified.endswith("Z")

    async def test_a_scan_of_what_is_not_there(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        if place.knows_missing_containers:
            with raises("not_found"):
                await store.scan("missing/")
        else:
            assert await store.scan("missing/") == Block([], [], [], False)
        assert (await store.scan("folder/", after="~")).keys == []
        absent = open_store(place.config("never-made"))
        with raises(place.missing_root_code):
            await absent.scan("")

    async def test_a_scan_does_not_see_neighbours(self, place: Place, open_store: OpenStore) -> None:
        """Names that begin as the container does, before and behind it."""
        objects = {f"{name}/x": b"" for name in ("a", "a!", "a-", "a.b", "a0", "aa", "b")} | {"a.": b"", "a.txt": b""}
        store = open_store(place.filled("neighbours", objects))
        assert keys_in(await blocks_of(store, "a/", 1)) == ["x"]

    async def test_a_scan_that_is_forbidden(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many()))
        with place.forbid("list"), raises("list_forbidden"):
            await store.scan("folder/")
