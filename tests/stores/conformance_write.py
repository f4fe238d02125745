"""The contract of ``Store.write``, ``copy`` and ``remove``: the whole object or nothing, and no other one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from jupyterlab_zarrbrowser.config import EndpointConfig, LocalConfig
from jupyterlab_zarrbrowser.stores import Body, Store

from .conformance_scan import below, blocks_of, keys_in
from .places import ODD_NAMES, OpenStore, Place, many, pieces_of, raises

_numbers = itertools.count()

Fresh = Callable[[], EndpointConfig]
Change = Callable[[], Awaitable[None]]


def body_of(store: Store, pieces: Iterable[bytes], size: int | None, pause: asyncio.Event | None = None) -> Body:
    """A body as a store gives it: ``size`` is what its server said, and ``pieces`` what came."""

    async def come() -> AsyncIterator[bytes]:
        for number, piece in enumerate(pieces):
            if number and pause is not None:
                await pause.wait()
            yield piece

    body = Body(come(), size=size)
    body.attach(store, AsyncExitStack())
    return body


async def put(store: Store, key: str, content: bytes) -> None:
    await store.write(key, body_of(store, [content] if content else [], len(content)))


async def read(store: Store, key: str) -> bytes:
    return b"".join([piece async for piece in pieces_of(await store.read(key))])


async def all_keys(store: Store) -> list[str]:
    return keys_in(await blocks_of(store, "", 1000))


class WriteTests:
    """What every kind of store does that can be written to."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    @pytest.fixture
    def fresh(self, place: Place) -> Fresh:
        """Makes an endpoint over a new and empty root."""
        return lambda: place.filled(f"new-{next(_numbers)}", {}, writable=True)

    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> EndpointConfig:
        """An endpoint of another service."""
        (tmp_path / "elsewhere").mkdir()
        return LocalConfig(id="elsewhere", root=str(tmp_path / "elsewhere"), writable=True)

    # -- write ---------------------------------------------------------------------------------------------------

    async def test_what_is_written_is_read(self, place: Place, fresh: Fresh, open_store: OpenStore) -> None:
        store = open_store(fresh())
        objects = place.odd_objects()
        for key, content in objects.items():
            await put(store, key, content)
        assert await all_keys(store) == below(objects, "")
        for key, content in objects.items():
            assert await store.get(key, max_bytes=10_000) == content, key

    async def test_writing_replaces(self, fresh: Fresh, open_store: OpenStore) -> None:
        store = open_store(fresh())
        for content in (b"first and long", b"second", b""):
            await put(store, "a/x", content)
            assert await store.get("a/x", max_bytes=100) == content
        assert await all_keys(store) == ["a/x"]

    @pytest.mark.parametrize("more", [0, 1, 1234])
    @pytest.mark.parametrize("is_known", [True, False])
    async def test_an_object_of_several_parts(
        self,
        place: Place,
        fresh: Fresh,
        open_store: OpenStore,
        monkeypatch: pytest.MonkeyPatch,
        more: int,
        is_known: bool,
    ) -> None:
        """Whether the last part is full or not, and whether the source told its length or not."""
        part = place.shrink_parts(monkeypatch)
        store = open_store(fresh())
        content = bytes(range(256)) * (2 * part // 256) + b"m" * more
        pieces = [content[start : start + 200_000] for start in range(0, len(content), 200_000)]
        body = body_of(store, pieces, len(content) if is_known else None)
        with place.recording() as seen:
            await store.write("large", body)
        if seen is not None:
            assert max(record.bytes_in for record in seen.requests) < part + 2000, "memory holds one part at a time"
        assert await read(store, "large") == content
        assert place.unfinished(store) == []

    async def test_a_body_that_ends_too_early_leaves_nothing(
        self, place: Place, fresh: Fresh, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = place.shrink_parts(monkeypatch)
        store = open_store(fresh())
        await put(store, "there", b"as it was")
        for key in ("small", "there", "large"):
            came = [bytes(part), b"more"] if key == "large" else [b"half"]
            with raises("store_error"):
                await store.write(key, body_of(store, came, 3 * part if key == "large" else 1000))
        assert await all_keys(store) == ["there"]
        assert await store.get("there", max_bytes=100) == b"as it was"
        assert place.unfinished(store) == []

    async def test_writing_that_is_cancelled_leaves_nothing(
        self, place: Place, fresh: Fresh, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = place.shrink_parts(monkeypatch)
        store = open_store(fresh())
        await put(store, "there", b"as it was")
        for size in (part // 2, part):
            with place.recording() as seen:
                task = asyncio.create_task(
                    store.write("there", body_of(store, [bytes(size)] * 3, 3 * size, asyncio.Event()))
                )
                # Where there are parts the upload has begun; then nothing comes any more.
                while size == part and seen is not None and not len(seen):
                    await asyncio.sleep(0.005)
                for _ in range(20):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
        assert await all_keys(store) == ["there"]
        assert await store.get("there", max_bytes=100) == b"as it was"
        assert place.unfinished(store) == []

    # -- copy ----------------------------------------------------------------------------------------------------

    async def test_copies_inside_a_service(self, place: Place, fresh: Fresh, open_store: OpenStore) -> None:
        objects = {**place.odd_objects(), "megabyte": bytes(range(256)) * 4096}
        source = open_store(place.filled("copied-odd", objects))
        target = open_store(fresh())
        assert target.shares_service(source)
        with place.recording() as seen:
            for key, content in objects.items():
                await target.copy(source, key, key, len(content))
        if seen is not None:
            assert "GetObject" not in seen.ops
            assert sum(record.bytes_in + record.bytes_out for record in seen.requests) < 2**20, "the content went past"
        assert await all_keys(target) == below(objects, "")
        for key, content in objects.items():
            assert await read(target, key) == content, key
        assert await all_keys(source) == below(objects, "")

    async def test_a_large_copy_inside_a_service(
        self, place: Place, fresh: Fresh, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = place.shrink_parts(monkeypatch)
        content = bytes(range(256)) * (part // 256) + b"and a bit more"
        source, target = open_store(place.filled("copied-large", {"large": content})), open_store(fresh())
        with place.recording() as seen:
            await target.copy(source, "large", "deep/large", len(content))
        if seen is not None:
            assert "GetObject" not in seen.ops
        assert await read(target, "deep/large") == content
        assert place.unfinished(target) == []

    async def test_copies_between_services(
        self, place: Place, fresh: Fresh, elsewhere: EndpointConfig, open_store: OpenStore
    ) -> None:
        here, there, back = open_store(place.filled("many", many())), open_store(elsewhere), open_store(fresh())
        assert not there.shares_service(here)
        assert not here.shares_service(there)
        objects = many()
        await asyncio.gather(*(there.copy(here, key, key, len(content)) for key, content in objects.items()))
        await asyncio.gather(*(back.copy(there, key, f"b/{key}", len(content)) for key, content in objects.items()))
        assert await all_keys(there) == below(objects, "")
        assert await all_keys(back) == [f"b/{key}" for key in below(objects, "")]
        for key in ("top.txt", "folder/100%25 é #1?.zarr/.zgroup"):
            assert await read(back, f"b/{key}") == objects[key]

    async def test_odd_names_and_large_objects_between_services(
        self,
        place: Place,
        fresh: Fresh,
        elsewhere: EndpointConfig,
        open_store: OpenStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        part = place.shrink_parts(monkeypatch)
        objects = {name: name.encode() for name in ODD_NAMES} | {
            "empty": b"",
            "large": bytes(range(256)) * (part // 128),
        }
        here, there = open_store(fresh()), open_store(elsewhere)
        for key, content in objects.items():
            await put(there, key, content)
            await here.copy(there, key, key, len(content))
        assert await all_keys(here) == below(objects, "")
        for key, content in objects.items():
            assert await read(here, key) == content, key

    async def test_two_that_copy_from_one_another_do_not_wait_for_each_other(
        self, fresh: Fresh, elsewhere: EndpointConfig, open_store: OpenStore
    ) -> None:
        """Where each takes one body at a time, and both are at it."""
        here, there = (open_store(replace(config, concurrency=4)) for config in (fresh(), elsewhere))
        names = [f"{number:02}" for number in range(20)]
        for name in names:
            await put(here, f"a/{name}", b"from here")
            await put(there, f"b/{name}", b"from there")
        out = (there.copy(here, f"a/{name}", f"a/{name}", 9) for name in names)
        into = (here.copy(there, f"b/{name}", f"b/{name}", 10) for name in names)
        await asyncio.gather(*(copy for pair in zip(out, into, strict=True) for copy in pair))
        for store in (here, there):
            assert await all_keys(store) == [f"{folder}/{name}" for folder in "ab" for name in names]

    async def test_what_is_missing_is_not_copied(
        self, place: Place, fresh: Fresh, elsewhere: EndpointConfig, open_store: OpenStore
    ) -> None:
        source, target, other = open_store(place.filled("many", many())), open_store(fresh()), open_store(elsewhere)
        await put(target, "there", b"as it was")
        for store in (target, other):
            with raises("not_found", "no_such_bucket"):
                await store.copy(source, "missing", "there", 7)
        assert await read(target, "there") == b"as it was"
        assert await all_keys(other) == []

    # -- remove --------------------------------------------------------------------------------------------------

    async def test_what_is_removed_is_gone_and_nothing_else(
        self, place: Place, fresh: Fresh, open_store: OpenStore
    ) -> None:
        store = open_store(fresh())
        objects = place.odd_objects()
        for key, content in objects.items():
            await put(store, key, content)
        doomed = below(objects, "")[::2]
        await store.remove(doomed)
        assert await all_keys(store) == [key for key in below(objects, "") if key not in doomed]
        await store.remove(below(objects, ""))
        assert await all_keys(store) == []

    async def test_removing_what_is_missing_is_no_error(
        self, place: Place, fresh: Fresh, open_store: OpenStore
    ) -> None:
        store = open_store(fresh())
        await put(store, "a/x", b"x")
        with place.recording() as seen:
            await store.remove([])
        assert not seen
        await store.remove(["missing", "missing/deep/x", "a/missing", "a", "a/x/y"])
        assert await all_keys(store) == ["a/x"]

    async def test_a_thousand_at_once(self, place: Place, fresh: Fresh, open_store: OpenStore) -> None:
        # A slow server deletes them one after the other before it answers.
        store = open_store(replace(fresh(), timeout_s=120))
        for key in ("000", "500", "999", "keep"):
            await put(store, key, b"x")
        with place.recording() as seen:
            await store.remove([f"{number:03}" for number in range(1000)])
        if place.deletes_at_once:
            assert seen is not None
            assert dict(seen.ops) == {"DeleteObjects": 1}
        assert await all_keys(store) == ["keep"]

    # -- rights --------------------------------------------------------------------------------------------------

    async def test_changes_that_are_forbidden(self, place: Place, open_store: OpenStore) -> None:
        store = open_store(place.filled("many", many(), writable=True))
        with place.forbid("all"):
            changes: list[Change] = [
                lambda: put(store, "folder/new.txt", b"new"),
                lambda: store.copy(store, "top.txt", "folder/new.txt", 10),
                lambda: store.remove(["folder/item-01.txt"]),
            ]
            for change in changes:
                with raises("forbidden") as caught:
                    await change()
                assert "read" not in caught.value.message, "that is not what was tried"
        if place.proxy is not None:
            place.proxy.reset()
        assert await all_keys(store) == below(many(), "")
