"""A panel without a screen: a Browser over one endpoint, called from tests that are not asynchronous."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from typing import Any, NoReturn, Self

import msgspec

from jupyterlab_zarrbrowser import wire
from jupyterlab_zarrbrowser.browser import Browser
from jupyterlab_zarrbrowser.config import read_endpoints

from ..servers.loop_thread import LoopThread

#: What the panel asks for at a time.
_PAGE = 1000


def strict_json(answer: Any) -> Any:
    """An answer as it arrives in a browser. Fails where a browser's parser would, or where it would round."""
    text = msgspec.json.encode(answer).decode()
    return json.loads(text, parse_constant=_refuse, parse_int=_safe_integer)


def _refuse(token: str) -> NoReturn:
    raise AssertionError(f"{token} is no JSON")


def _safe_integer(digits: str) -> int:
    assert abs(int(digits)) < 2**53, f"JavaScript would round {digits}"
    return int(digits)


class Panel:
    """One endpoint. Every answer is checked to be strict JSON."""

    def __init__(self, *, has_dask: bool = True, has_cftime: bool = False, **endpoint: Any) -> None:
        self._thread = LoopThread("panel")
        specs: Any = [(config, "admin", None) for config in read_endpoints([{"id": "e", **endpoint}])]
        self.browser = Browser(specs, has_dask=has_dask, has_cftime=has_cftime)

    def close(self) -> None:
        self._thread.call(self.browser.close())
        self._thread.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, work: Coroutine[Any, Any, Any]) -> Any:
        answer = self._thread.call(work)
        strict_json(answer)
        return answer

    def node(self, key: str, *, refresh: bool = False) -> Any:
        return self._ask(self.browser.node("e", key, refresh=refresh))

    def go_to(self, url: str) -> Any:
        return self._ask(self.browser.node_at(url, "e", refresh=False))

    def page(self, key: str, **more: Any) -> wire.Children:
        arguments = {"cursor": None, "limit": _PAGE, "prefix": "", "refresh": False, **more}
        page: wire.Children = self._ask(self.browser.children("e", key, **arguments))
        return page

    def expand(self, key: str) -> dict[str, Any]:
        """The rows below a container by name, recognised as they are when they are on screen."""
        rows = self.page(key).items
        undecided = [row.key for row in rows if isinstance(row, wire.FolderNode) and row.is_undecided]
        recognised = self._ask(self.browser.nodes("e", undecided, refresh=False)).items if undecided else []
        known = {row.key: row for row in recognised}
        return {row.name: known.get(row.key, row) for row in rows}

    def snippets(self, key: str) -> dict[str, str]:
        """Code by the snippet's id, best first."""
        answer = self._ask(self.browser.snippets("e", key))
        return {snippet.id: snippet.code for snippet in answer.snippets}
