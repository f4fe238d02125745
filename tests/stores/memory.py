"""A store in memory: key spaces of any shape at the seam of ours, without a server's time for each page."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

from jupyterlab_zarrbrowser.access import CellAccess
from jupyterlab_zarrbrowser.config import LocalConfig
from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.stores import Block, Body, Entry, Page, Range, Store

TIME = "2026-11-21T10:00:00.000Z"


class MemoryStore(Store):
    """Keys, each of a size that its name tells.

    Parameters
    ----------
    keys
        In any order.
    uneven
        Pages hold any number of keys up to what is asked for, the same for the same request.
    dice
        Decides in which order answers come.
    """

    def __init__(
        self,
        keys: Iterable[str],
        *,
        uneven: bool = False,
        dice: random.Random | None = None,
        scan_concurrency: int = 64,
    ) -> None:
        super().__init__(LocalConfig(id="memory", root="/nowhere", scan_concurrency=scan_concurrency))
        self.keys = sorted(set(keys))
        self.in_flight = self.peak = self.requests = 0
        self._uneven, self._dice = uneven, dice or random.Random(0)

    @staticmethod
    def size_of(key: str) -> int:
        return sum(map(ord, key)) % 1000

    async def _scan(self, container: str, after: str, limit: int) -> Block:
        self.requests += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            for _ in range(self._dice.randint(1, 6)):
                await asyncio.sleep(0)
            return self.block(container, after, limit)
        finally:
            self.in_flight -= 1

    def block(self, container: str, after: str, limit: int) -> Block:
        start = max(bisect_right(self.keys, container + after), bisect_left(self.keys, container))
        if self._uneven:
            limit = random.Random(f"{container}{after}").randint(1, limit)
        found = [key for key in self.keys[start : start + limit] if key.startswith(container)]
        end = start + len(found)
        goes_on = end < len(self.keys) and self.keys[end].startswith(container)
        names = [key[len(container) :] for key in found]
        return Block(names, [self.size_of(key) for key in found], [TIME] * len(found), goes_on)

    async def close(self) -> None:
        pass

    def uri(self, key: str) -> str:
        return f"memory://{key}"

    def key_of(self, url: str) -> str | None:
        return None

    def cell_access(self) -> CellAccess:
        return CellAccess()

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        raise NotImplementedError

    async def _get(self, key: str, max_bytes: int) -> bytes:
        raise NotImplementedError

    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        raise NotImplementedError

    async def _stat(self, key: str) -> Entry:
        raise NotImplementedError

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        return None


class OwnOrderStore(MemoryStore):
    """Keys that are listed in another order than that of their code points, as far as it shows.

    Parameters
    ----------
    order
        What keys are sorted by.
    shows
        Whether it shows on a page; from there on only the page leads on.
    """

    def __init__(
        self,
        keys: Iterable[str],
        order: Callable[[str], Any],
        shows: Callable[[str], bool],
        *,
        scans_anywhere: bool,
        dice: random.Random | None = None,
    ) -> None:
        super().__init__(keys, dice=dice)
        self.order, self.shows, self.scans_anywhere = order, shows, scans_anywhere
        self.listed = sorted(self.keys, key=order)

    def block(self, container: str, after: str, limit: int) -> Block:
        start = bisect_right(self.listed, self.order(after), key=self.order) if after else 0
        return self._from(start, limit)

    async def _scan_on(self, container: str, cursor: str, limit: int) -> Block:
        self.requests += 1
        await asyncio.sleep(0)
        return self._from(int(cursor), limit)

    def _from(self, start: int, limit: int) -> Block:
        found, end = sorted(self.listed[start : start + limit]), start + limit
        goes_on = end < len(self.listed)
        leads = goes_on and any(map(self.shows, found))
        sizes = [self.size_of(key) for key in found]
        return Block(found, sizes, [TIME] * len(found), goes_on, str(end) if leads else None)


def shapes(count: int) -> dict[str, list[str]]:
    """Key spaces of about ``count`` keys each, by name."""
    dice = random.Random(7)
    side = max(2, round((count / 10) ** 0.5))
    tiny = max(1, count // 6)
    skewed = [f"big/part-{number:07}.bin" for number in range(count - 400)]
    skewed += [f"{letter}{number}/x" for letter in "acdxyz" for number in range(66)]
    scripts = "aé\u4e00\u4e8c\uac00\ue000\uff5e\U0001f600"
    return {
        "empty": [],
        "flat": [f"k{number:07}" for number in range(count)],
        "unpadded numbers": [str(number) for number in range(count)],
        "deep": ["/".join(f"n{level}" for level in range(depth % 40)) + f"/f{depth:06}" for depth in range(count)],
        "skewed": skewed,
        "one array": [f"a.zarr/t/c/{x}/{y}/{z}" for x in range(side) for y in range(side) for z in range(10)],
        "tiny stores": [
            f"run-{number:06}.zarr/{name}"
            for number in range(tiny)
            for name in ("zarr.json", "t/zarr.json", "t/c/0", "t/c/1", "x/zarr.json", "x/c/0")
        ],
        "odd unicode": ["".join(dice.choices(scripts, k=dice.randint(3, 12))) for _ in range(count)],
        "long prefix": [f"{'very/long/' * 40}{number:08x}" for number in range(count)],
        "random names": [f"{dice.getrandbits(128):032x}" for _ in range(count)],
        "dates": [
            f"{year}/{month:02}/{day:02}/{number:04}.nc"
            for year in range(2000, 2010)
            for month in range(1, 13)
            for day in range(1, 29)
            for number in range(max(1, count // 3360))
        ],
    }
