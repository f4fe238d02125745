"""Scans of key spaces of many shapes: every object once, in not many more requests than there are pages."""

from __future__ import annotations

import asyncio
import random
import string
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from math import ceil
from typing import Any

import pytest

from jupyterlab_zarrbrowser import scan
from jupyterlab_zarrbrowser.config import S3Config
from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.keyspace import Keyspace
from jupyterlab_zarrbrowser.scan import Scan, ScanEnd, patiently
from jupyterlab_zarrbrowser.stores import Block, Store
from jupyterlab_zarrbrowser.stores.s3 import S3Store

from .servers.counting_proxy import CountingProxy
from .stores.memory import MemoryStore, OwnOrderStore, shapes

SHAPES = shapes(30_000)

#: Objects on a page.
PAGE = 1000


class Found:
    """What a scan has brought."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.bytes = 0

    def add(self, block: Block) -> None:
        assert block.keys
        self.keys += block.keys
        self.bytes += sum(block.sizes)


async def scanned(store: Store, container: str = "", **options: Any) -> tuple[Found, ScanEnd]:
    found = Found()
    end = await Scan(store, container, found.add, **options).run()
    assert len(set(found.keys)) == len(found.keys), "an object was counted twice"
    return found, end


def allowed(objects: int, concurrency: int) -> int:
    """Requests that a scan may take."""
    return 2 * ceil(objects / PAGE) + 2 * concurrency


class TestShapes:
    @pytest.mark.parametrize("name", SHAPES)
    async def test_every_object_once_and_few_requests(self, name: str) -> None:
        store = MemoryStore(SHAPES[name])
        found, end = await scanned(store)
        assert sorted(found.keys) == store.keys
        assert found.bytes == sum(map(store.size_of, store.keys))
        assert end.is_complete
        assert end.requests == store.requests <= allowed(len(store.keys), store.scan_concurrency)
        assert store.peak <= store.scan_concurrency

    @pytest.mark.parametrize("name", [name for name in SHAPES if name != "empty"])
    async def test_work_is_shared(self, name: str) -> None:
        """Or it would take as long as a chain of all pages."""
        store = MemoryStore(SHAPES[name])
        await scanned(store)
        assert store.peak >= 4

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("name", SHAPES)
    async def test_pages_of_any_length_in_any_order(self, name: str, seed: int) -> None:
        dice = random.Random(seed)
        keys = dice.sample(SHAPES[name], min(len(SHAPES[name]), 12_000))
        store = MemoryStore(keys, uneven=True, dice=dice, scan_concurrency=dice.choice([1, 2, 7, 64]))
        found, end = await scanned(store)
        assert sorted(found.keys) == store.keys
        assert end.is_complete

    @pytest.mark.parametrize("name", ["flat", "one array", "odd unicode"])
    async def test_wherever_it_is_cut_nothing_is_lost(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Cuts at keys that exist, at none, at the ends, and at all of them once more."""
        dice = random.Random(3)
        keys = SHAPES[name][:8000]

        def anywhere(_: Keyspace, after: str, upto: str | None) -> str | None:
            found = dice.choice(keys) + dice.choice(["", "!", "\U0010ffff"])
            return found if after < found and (upto is None or found < upto) else None

        monkeypatch.setattr(Keyspace, "middle", anywhere)
        monkeypatch.setattr(scan, "_WORTH_CUTTING", 1.0)
        store = MemoryStore(keys, uneven=True, dice=dice)
        found, _ = await scanned(store)
        assert sorted(found.keys) == store.keys

    @pytest.mark.parametrize("name", [name for name in SHAPES if name != "empty"])
    async def test_a_second_scan_begins_where_the_first_would_have_cut(self, name: str) -> None:
        first, second = MemoryStore(SHAPES[name]), MemoryStore(SHAPES[name])
        marked = Scan(first, "", lambda _: None)
        await marked.run()
        assert marked.marks == sorted(set(marked.marks))
        found, end = await scanned(second, hints=marked.marks)
        assert sorted(found.keys) == second.keys
        assert end.requests <= allowed(len(second.keys), second.scan_concurrency)

    @pytest.mark.parametrize("hints", [["~"], [""], ["k", "k", "a"], ["k0000500"], ["\U0010ffff", "k00003", ""]])
    async def test_hints_that_are_wrong_lose_nothing(self, hints: list[str]) -> None:
        store = MemoryStore(f"k{number:07}" for number in range(5000))
        found, _ = await scanned(store, hints=hints)
        assert sorted(found.keys) == store.keys

    async def test_below_a_container(self) -> None:
        store = MemoryStore(key for container in ("a!", "a", "a0", "b") for key in _in(container, 6000))
        found, _ = await scanned(store, "a/")
        assert sorted(found.keys) == [f"{number:05}" for number in range(6000)]


class TestOwnOrders:
    """Stores that do not list in the order of code points, and say so where it shows."""

    @pytest.mark.parametrize("name", SHAPES)
    async def test_folders_before_what_begins_like_them(self, name: str) -> None:
        """One page leads to the next, and nothing is cut."""
        keys = [*SHAPES[name], *(f"{key}-more" for key in SHAPES[name][:3000])]
        store = OwnOrderStore(keys, lambda key: key.split("/"), lambda _: True, scans_anywhere=False)
        found, end = await scanned(store, hints=["k0001000", "n0/n1"])
        assert sorted(found.keys) == store.keys
        assert end.is_complete
        assert end.requests == max(1, ceil(len(store.keys) / PAGE))

    @pytest.mark.parametrize("seed", range(3))
    async def test_the_order_of_utf_16(self, seed: int) -> None:
        """Cuts that were made before, and letters of both halves on pages near them."""
        dice = random.Random(seed)
        late = SHAPES["odd unicode"]
        keys = [f"{key}{dice.choice(late)[:2]}" if dice.random() < 0.0003 else key for key in SHAPES["flat"]]
        keys += [f"{dice.choice('akz')}{key}" for key in late[:4000]]
        store = OwnOrderStore(
            keys, lambda key: key.encode("utf-16-be"), lambda key: max(key) >= "\ue000", scans_anywhere=True, dice=dice
        )
        found, end = await scanned(store)
        assert sorted(found.keys) == store.keys
        assert end.is_complete
        assert store.peak >= 2, "nothing was cut, and nothing tried"

    async def test_what_is_all_plain_is_shared(self) -> None:
        store = OwnOrderStore(
            SHAPES["flat"], lambda key: key.encode("utf-16-be"), lambda key: max(key) >= "\ue000", scans_anywhere=True
        )
        await scanned(store)
        assert store.peak >= 4

    async def test_a_bound_ends_a_chain(self) -> None:
        store = OwnOrderStore(SHAPES["flat"], lambda key: key, lambda _: True, scans_anywhere=False)
        found, end = await scanned(store, max_objects=5000)
        assert (len(found.keys), end.is_complete) == (5000, False)


def _in(container: str, count: int) -> Iterator[str]:
    return (f"{container}/{number:05}" for number in range(count))


class TestEnds:
    async def test_a_bound_ends_it_early_and_it_says_so(self) -> None:
        store = MemoryStore(SHAPES["flat"])
        found, end = await scanned(store, max_objects=5000)
        assert not end.is_complete
        assert len(found.keys) == 5000
        assert store.requests <= 2 * 5000 / store.scan_limit + 2, "no more is asked for than that takes"
        assert store.in_flight == 0

    @pytest.mark.parametrize(("objects", "is_complete"), [(4999, True), (5000, True), (5001, False), (9000, False)])
    async def test_as_many_as_the_bound_are_all(self, objects: int, is_complete: bool) -> None:
        store = MemoryStore((f"k{number:07}" for number in range(objects)), scan_concurrency=1)
        found, end = await scanned(store, max_objects=5000)
        assert end.is_complete is is_complete
        assert len(found.keys) == min(objects, 5000)

    async def test_an_error_ends_all_of_it(self) -> None:
        class Failing(MemoryStore):
            def block(self, container: str, after: str, limit: int) -> Block:
                if self.requests > 20:
                    raise BrowserError("list_forbidden", "No.")
                return super().block(container, after, limit)

        store = Failing(SHAPES["flat"])
        with pytest.raises(BrowserError) as caught:
            await scanned(store)
        assert caught.value.code == "list_forbidden"
        assert store.in_flight == 0
        assert len(asyncio.all_tasks()) == 1

    async def test_cancelling_ends_all_of_it(self) -> None:
        store = MemoryStore(SHAPES["flat"])
        task = asyncio.create_task(scanned(store))
        while store.in_flight < 2:
            assert not task.done()
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert store.in_flight == 0
        assert len(asyncio.all_tasks()) == 1

    @pytest.mark.parametrize(
        "how", ["backwards", "within a page", "the same page again", "twice the same key", "nothing"]
    )
    async def test_a_store_without_order_is_refused(self, how: str) -> None:
        class Odd(MemoryStore):
            def block(self, container: str, after: str, limit: int) -> Block:
                block = super().block(container, "" if how == "the same page again" else after, limit)
                keys = list(block.keys)
                if how == "backwards":
                    keys.reverse()
                elif how == "within a page":
                    keys[500], keys[501] = keys[501], keys[500]
                elif how == "twice the same key":
                    keys[500] = keys[501]
                elif how == "nothing":
                    keys = []
                return Block(keys, block.sizes[: len(keys)], block.modified[: len(keys)], block.goes_on)

        with pytest.raises(BrowserError) as caught:
            await scanned(Odd(SHAPES["flat"]))
        assert caught.value.code == "store_error"
        assert "order" in caught.value.message


Open = Callable[..., S3Store]


@pytest.fixture
def open_bucket(
    counting_proxy: CountingProxy, jp_asyncio_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    monkeypatch.setattr(scan, "_PAUSE_S", 0.01)
    opened: list[S3Store] = []

    def opener(bucket: str, **options: Any) -> S3Store:
        config = {"id": "s3", "root": f"s3://{bucket}", "endpoint_url": counting_proxy.url, "anon": True}
        opened.append(S3Store(S3Config(**{**config, **options})))
        return opened[-1]

    yield opener
    for store in opened:
        jp_asyncio_loop.run_until_complete(store.close())


class TestOverTheNetwork:
    @pytest.mark.parametrize(
        ("bucket", "container", "objects"),
        [
            ("million-flat", "", 1_000_000),
            ("wide", "", 300_000),
            ("million", "d007/", 10_000),
            ("deep", "", 410),
            ("bigzarr", "v3-plain.zarr/", 101_001),
            ("zarrs", "region3/", None),
            ("demo", "", None),
            ("demo", "odd/", None),
            ("scratch", "nothing-here/", 0),
        ],
    )
    async def test_exact_and_few_requests(
        self,
        open_bucket: Open,
        counting_proxy: CountingProxy,
        bucket: str,
        container: str,
        objects: int | None,
    ) -> None:
        store = open_bucket(bucket)
        if objects is None:
            objects = len(await _one_after_the_other(store, container))
        with counting_proxy.recording() as seen:
            found, end = await scanned(store, container)
        assert (len(found.keys), end.is_complete) == (objects, True)
        assert dict(seen.ops) == {"List": end.requests}
        assert end.requests <= allowed(objects, store.scan_concurrency)

    async def test_a_trap_is_left_early(self, open_bucket: Open, counting_proxy: CountingProxy) -> None:
        """A hundred million objects, of which the bound allows a few thousand."""
        with counting_proxy.recording() as seen:
            found, end = await scanned(open_bucket("huge"), "huge.zarr/", max_objects=20_000)
        assert not end.is_complete
        assert len(found.keys) == 20_000
        assert len(seen) <= allowed(20_000, 64)

    @pytest.mark.parametrize("mode", ["slowdown", "reset", "truncate"])
    async def test_failures_that_pass_change_nothing(
        self, open_bucket: Open, counting_proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch, mode: str
    ) -> None:
        monkeypatch.setattr(scan, "_TRIES", 30)
        store = open_bucket("zarrs")
        expected = await _one_after_the_other(store, "region1/store001.zarr/")
        counting_proxy.configure(fail_rate=0.3, fail_modes=(mode,), seed=5)
        with counting_proxy.recording() as seen:
            found, _ = await scanned(store, "region1/store001.zarr/")
            more, _ = await scanned(open_bucket("million"), "d001/")
        assert seen.faults[mode] > 0
        assert sorted(found.keys) == expected
        assert sorted(more.keys) == [f"k{number:06}.bin" for number in range(10_000)]

    async def test_answers_that_do_not_come_are_asked_for_again(
        self, open_bucket: Open, counting_proxy: CountingProxy
    ) -> None:
        store = open_bucket("million", timeout_s=1.0)
        await _until_it_answers(store)
        counting_proxy.configure(fail_first=3, fail_modes=("stall",))
        with counting_proxy.recording() as seen:
            found, _ = await scanned(store, "d001/")
        assert seen.faults["stall"] == 3
        assert len(found.keys) == 10_000

    @pytest.mark.parametrize(("mode", "code"), [("slowdown", "throttled"), ("reset", "unreachable")])
    async def test_what_lasts_is_told(
        self, open_bucket: Open, counting_proxy: CountingProxy, mode: str, code: str
    ) -> None:
        store = open_bucket("million")
        await store.scan("d001/", limit=1)
        counting_proxy.configure(fail_rate=1.0, fail_modes=(mode,))
        with counting_proxy.recording() as seen, pytest.raises(BrowserError) as caught:
            await scanned(store, "d001/")
        assert caught.value.code == code
        assert caught.value.retryable
        assert len(seen) >= scan._TRIES

    async def test_what_is_forbidden_is_asked_for_once(self, open_bucket: Open, counting_proxy: CountingProxy) -> None:
        counting_proxy.configure(deny_match="^List")
        with counting_proxy.recording() as seen, pytest.raises(BrowserError) as caught:
            await scanned(open_bucket("million"), "d001/")
        assert caught.value.code == "list_forbidden"
        assert len(seen) == 1

    async def test_cancelling_leaves_no_request_in_flight(
        self, open_bucket: Open, counting_proxy: CountingProxy
    ) -> None:
        store = open_bucket("million-flat")
        await store.scan("", limit=1)
        counting_proxy.configure(latency_ms=100)
        task = asyncio.create_task(scanned(store))
        while counting_proxy.traffic.inflight < 8:
            assert not task.done()
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        while counting_proxy.traffic.inflight:
            await asyncio.sleep(0.005)
        asked = len(counting_proxy.requests)
        await store.scan("", limit=1)
        assert len(counting_proxy.requests) == asked + 1

    async def test_no_more_at_once_than_allowed(self, open_bucket: Open, counting_proxy: CountingProxy) -> None:
        store = open_bucket("million", scan_concurrency=5)
        counting_proxy.configure(latency_ms=5)
        counting_proxy.traffic.inflight_peak = 0
        # Two scans share what the endpoint may have in flight.
        await asyncio.gather(scanned(store, "d001/"), scanned(store, "d002/"))
        assert counting_proxy.inflight_peak == 5

    async def test_browsing_goes_on_beside_a_scan(self, open_bucket: Open, counting_proxy: CountingProxy) -> None:
        store = open_bucket("million-flat", concurrency=1, scan_concurrency=2)
        await store.list("", limit=1)
        counting_proxy.configure(fail_rate=1.0, fail_modes=("stall",), fail_match="start-after|max-keys=1000")
        task = asyncio.create_task(scanned(store))
        while not counting_proxy.traffic.inflight:
            await asyncio.sleep(0.005)
        assert len((await store.list("", limit=3)).entries) == 3
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _one_after_the_other(store: Store, container: str) -> list[str]:
    keys: list[str] = []
    while True:
        block = await store.scan(container, after=keys[-1] if keys else "")
        keys += block.keys
        if not block.goes_on:
            return keys


async def _until_it_answers(store: Store) -> None:
    """A first use imports much, and on a busy machine may take longer than the store's short deadline."""
    while True:
        try:
            await store.scan("d001/", limit=1)
            return
        except BrowserError as exc:
            if exc.code != "timeout":
                raise


class TestPatience:
    @pytest.mark.parametrize(
        ("code", "tries"),
        [("throttled", 6), ("timeout", 6), ("unreachable", 6), ("store_error", 6), ("forbidden", 1), ("conflict", 1)],
    )
    async def test_only_what_may_pass_is_tried_again(
        self, monkeypatch: pytest.MonkeyPatch, code: str, tries: int
    ) -> None:
        monkeypatch.setattr(scan, "_PAUSE_S", 0)
        seen: Counter[str] = Counter()

        def fail() -> Awaitable[None]:
            seen["tries"] += 1
            raise BrowserError(code, "No.")

        with pytest.raises(BrowserError):
            await patiently(fail)
        assert seen["tries"] == tries


class TestKeyspace:
    ALPHABETS = (string.digits, "ab", string.printable, "0123456789abcdef", "aé\u4e00\ue000\U0001f600", "a")

    @pytest.mark.parametrize("seed", range(60))
    def test_the_middle_lies_strictly_between(self, seed: int) -> None:
        dice = random.Random(seed)
        letters = dice.choice(self.ALPHABETS)
        keyspace = Keyspace()
        keyspace.learn(_word(dice, letters) for _ in range(dice.choice([0, 1, 5, 400])))
        others = dice.choice(self.ALPHABETS)  # keys may hold letters that were not seen yet
        for _ in range(200):
            head = _word(dice, letters)
            after, upto = sorted((head + _word(dice, others), head + _word(dice, letters)))
            if after == upto:
                continue
            for end in (upto, None):
                middle = keyspace.middle(after, end)
                assert middle is None or (after < middle and (end is None or middle < end))
                assert keyspace.share(after, upto, end) >= 0 or end is not None

    @pytest.mark.parametrize("seed", range(20))
    def test_cutting_comes_to_an_end(self, seed: int) -> None:
        """A stretch that is cut again and again, on either side, is not cut for ever."""
        dice = random.Random(seed)
        keyspace = Keyspace()
        letters = dice.choice(self.ALPHABETS)
        keyspace.learn(_word(dice, letters) for _ in range(dice.choice([1, 400])))
        after, upto = "", None
        for _ in range(5000):
            middle = keyspace.middle(after, upto)
            if middle is None:
                return
            if dice.random() < 0.5 or upto is None:
                upto = middle
            else:
                after = middle
        pytest.fail(f"still cutting between {after!r} and {upto!r}")

    def test_nothing_is_known_at_first(self) -> None:
        assert Keyspace().middle("", None) is None
        assert Keyspace().middle("a", "b") is None

    def test_even_keys_are_cut_in_two(self) -> None:
        keys = [f"k{number:07}" for number in range(100_000)]
        keyspace = Keyspace()
        keyspace.learn(keys[::500])
        middle = keyspace.middle(keys[0], keys[-1])
        assert middle is not None
        below = sum(key <= middle for key in keys)
        assert 0.3 < below / len(keys) < 0.7


def _word(dice: random.Random, letters: str) -> str:
    return "".join(dice.choices(letters, k=dice.randint(1, 20)))
