"""Copies from services that list in an order of their own: all arrives, and what is missing is noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from jupyterlab_zarrbrowser.errors import BrowserError
from jupyterlab_zarrbrowser.stores import Entry, Store
from jupyterlab_zarrbrowser.transfers import Copy

from .stores.memory import TIME, OwnOrderStore

#: Sorted in one way by code points, in another by UTF-16, and in a third where folders come first.
KEYS = [f"{letter}{number}{end}" for letter in "a\uff5e\U0001f600" for number in range(700) for end in ("", "/x", "-x")]

ORDERS: dict[str, tuple[Callable[[str], Any], bool]] = {
    "code points": (lambda key: key, True),
    "utf-16": (lambda key: key.encode("utf-16-be"), False),
    "folders": (lambda key: key.split("/"), False),
}


class Written(OwnOrderStore):
    """Keys can be put there."""

    def __init__(self, keys: Iterable[str], order: str, lost: str = "") -> None:
        sorts, anywhere = ORDERS[order]
        super().__init__(keys, sorts, lambda _: not anywhere, scans_anywhere=anywhere)
        self.scan_limit = 100
        self._lost = lost

    def shares_service(self, other: Store) -> bool:
        return True

    async def overlaps(self, other: Store, other_key: str, key: str) -> bool:
        return False

    async def _stat(self, key: str) -> Entry:
        if key.removeprefix("/") not in self.keys:
            raise BrowserError("not_found", "It does not exist.")
        return Entry(key, "object", self.size_of(key.removeprefix("/")), TIME)

    async def _copy(self, source: Store, source_key: str, key: str, size: int) -> None:
        key = key.removeprefix("/")
        if key != self._lost:
            self.keys = [*self.keys, key]
            self.listed = sorted(self.keys, key=self.order)


@pytest.mark.parametrize("to_order", ORDERS)
@pytest.mark.parametrize("order", ORDERS)
async def test_all_arrives_and_what_does_not_is_noticed(order: str, to_order: str) -> None:
    source, target = Written(KEYS[::7], order), Written([], to_order)
    copied = await Copy(source, "/", target, "/", "fail", delete_source=False).run()
    assert sorted(target.keys) == sorted(source.keys)
    assert copied.objects == len(source.keys)
    lossy = Written([], to_order, lost=source.keys[40])
    with pytest.raises(BrowserError) as caught:
        await Copy(source, "/", lossy, "/", "fail", delete_source=False).run()
    assert caught.value.code == "store_error"
