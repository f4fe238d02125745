"""The costs in docs/architecture.md, counted at the store: they are promises to whoever pays for requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from jupyterlab_zarrbrowser import wire
from jupyterlab_zarrbrowser.browser import Browser
from jupyterlab_zarrbrowser.config import read_endpoints
from jupyterlab_zarrbrowser.discovery import Offered
from jupyterlab_zarrbrowser.errors import BrowserError

from .servers.counting_proxy import CountingProxy

Ops = Counter[str]


class Panel:
    """Makes the gestures of the panel, and counts what each costs."""

    def __init__(self, proxy: CountingProxy, **more: Any) -> None:
        endpoint = {"id": "lab", "kind": "s3", "endpoint_url": proxy.url, "anon": True, **more}
        self._proxy = proxy
        self._runner = asyncio.Runner()
        self.browser = Browser([Offered(config, "admin", None) for config in read_endpoints([endpoint])], has_dask=True)

    def close(self) -> None:
        self._runner.run(self.browser.close())
        self._runner.close()

    def _count(self, work: Coroutine[Any, Any, Any]) -> tuple[Any, Ops]:
        with self._proxy.recording() as seen:
            result = self._runner.run(work)
        return result, seen.ops

    def expand(self, key: str, **more: Any) -> tuple[wire.Children, Ops]:
        arguments = {"cursor": None, "limit": 1000, "prefix": "", "refresh": False, **more}
        return self._count(self.browser.children("lab", key, **arguments))

    def recognise(self, rows: list[wire.Node]) -> tuple[list[wire.Node], Ops]:
        nodes, ops = self._count(self.browser.nodes("lab", [row.key for row in rows][:200], refresh=False))
        return nodes.items, ops

    def describe(self, key: str) -> tuple[wire.Node, Ops]:
        return self._count(self.browser.node("lab", key, refresh=False))

    def go_to(self, url: str) -> tuple[wire.Node, Ops]:
        return self._count(self.browser.node_at(url, None, refresh=False))

    def code(self, key: str) -> tuple[str, Ops]:
        snippets, ops = self._count(self.browser.snippets("lab", key))
        return snippets.snippets[0].code, ops


@pytest.fixture
def proxy(counting_proxy: CountingProxy) -> CountingProxy:
    return counting_proxy


@pytest.fixture
def panel(proxy: CountingProxy) -> Iterator[Panel]:
    opened = Panel(proxy)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("key", "more"),
    [("wide/", True), ("million-flat/", True), ("million/d000/", True), ("million/", False), ("deep/n00/", False)],
)
def test_expanding_a_container_is_one_page(panel: Panel, key: str, more: bool) -> None:
    page, ops = panel.expand(key)
    assert ops == {"List": 1}
    assert (page.next_cursor is not None) is more
    assert len(page.items) <= 1000


def test_each_further_page_is_one_more(panel: Panel) -> None:
    page, _ = panel.expand("wide/")
    second, ops = panel.expand("wide/", cursor=page.next_cursor)
    assert ops == {"List": 1}
    assert second.items[0].key > page.items[-1].key


def test_a_name_filter_is_one_page(panel: Panel) -> None:
    page, ops = panel.expand("wide/", prefix="p09999")
    assert ops == {"List": 1}
    assert [row.name for row in page.items] == [f"p09999{digit}" for digit in range(10)]


@pytest.mark.parametrize(
    ("region", "kind", "most"),
    [
        ("zarrs/region1/", wire.DatasetNode, "GetObject"),  # v3, consolidated
        ("zarrs/region2/", wire.DatasetNode, "GetObject"),  # v2, consolidated
        ("zarrs/region0/", wire.GroupNode, "List"),  # v2, not consolidated
        ("zarrs/region5/", wire.GroupNode, "GetObject"),  # v3, not consolidated
        ("wide/", wire.FolderNode, "List"),
    ],
)
def test_recognising_neighbours_of_one_kind_is_one_request_each(
    panel: Panel, region: str, kind: type[wire.Node], most: str
) -> None:
    page, _ = panel.expand(region)
    rows, ops = panel.recognise(page.items)
    assert {type(row) for row in rows} == {kind}
    assert ops[most] == len(rows)
    assert sum(ops.values()) <= len(rows) + 1, "the names in the first one tell what to ask the others for"


def test_a_large_folder_takes_one_request_more(panel: Panel) -> None:
    page, _ = panel.expand("million/")
    rows, ops = panel.recognise(page.items)
    assert {type(row) for row in rows} == {wire.FolderNode}
    assert ops == {"List": 100, "GetObject": 100}, "zarr.json may be the last of many names"


def test_what_was_recognised_is_not_asked_again(panel: Panel) -> None:
    page, _ = panel.expand("zarrs/region1/")
    panel.recognise(page.items)
    _, ops = panel.recognise(page.items)
    assert ops == {}
    again, ops = panel.expand("zarrs/region1/")
    assert ops == {}
    assert {type(row) for row in again.items} == {wire.DatasetNode}


@pytest.mark.parametrize(("store", "gets"), [("v3-consolidated.zarr", 1), ("v2-consolidated.zarr", 2)])
def test_a_consolidated_store_is_one_document(panel: Panel, store: str, gets: int) -> None:
    key = f"bigzarr/{store}/"
    page, ops = panel.expand(key)
    assert ops == {"GetObject": gets}
    assert len(page.items) == 1000
    for work in (
        lambda: panel.describe(key),
        lambda: panel.recognise(page.items),
        lambda: panel.describe(page.items[500].key),
        lambda: panel.expand(page.items[500].key),
        lambda: panel.code(page.items[999].key),
        lambda: panel.code(key),
    ):
        _, ops = work()
        assert ops == {}


@pytest.mark.parametrize(("store", "gets"), [("v3-consolidated.zarr", 1), ("v2-consolidated.zarr", 2)])
def test_describing_it_first_is_one_document_too(panel: Panel, store: str, gets: int) -> None:
    node, ops = panel.describe(f"bigzarr/{store}/")
    assert ops == {"GetObject": gets}
    assert isinstance(node, wire.DatasetNode)
    assert node.child_count == 1000


def test_expanding_an_unconsolidated_v3_group(panel: Panel) -> None:
    page, ops = panel.expand("bigzarr/v3-plain.zarr/")
    assert ops == {"GetObject": 1, "List": 1}
    rows, ops = panel.recognise(page.items)
    assert ops == {"GetObject": 200}
    assert all(isinstance(row, wire.ArrayNode) and row.dims == ["y", "x"] for row in rows)


def test_expanding_an_unconsolidated_v2_group(panel: Panel) -> None:
    page, _ = panel.expand("bigzarr/v2-plain.zarr/")
    rows, ops = panel.recognise(page.items)
    assert ops == {"GetObject": 400}, "dimension names are in a second document"
    assert all(isinstance(row, wire.ArrayNode) and row.dims == ["y", "x"] for row in rows)


def test_chunks_are_never_listed(panel: Panel) -> None:
    page, ops = panel.expand("huge/huge.zarr/")
    assert ops == {"GetObject": 1}
    children, ops = panel.expand(page.items[0].key)
    assert (children.items, ops) == ([], {})


def test_going_to_an_address_is_one_round_trip(panel: Panel, proxy: CountingProxy) -> None:
    panel.expand("demo/")  # the connection's own start is not what is counted
    proxy.configure(latency_ms=200)
    node, ops = panel.go_to("s3://zarrs/region3/store003.zarr/t2m")
    assert isinstance(node, wire.ArrayNode)
    assert (node.store_key, node.path) == ("zarrs/region3/store003.zarr/", "t2m")
    assert set(ops) <= {"GetObject", "HeadObject"}
    assert proxy.inflight_peak == sum(ops.values()), "some were asked only after others had been answered"


def test_listing_may_be_forbidden(panel: Panel, proxy: CountingProxy) -> None:
    proxy.configure(deny_match="^List", missing_as_403=True)
    node, ops = panel.go_to("s3://zarrs/region3/store003.zarr/t2m/zarr.json")
    assert isinstance(node, wire.ArrayNode)
    assert "List" not in ops
    code, ops = panel.code(node.key)
    assert "consolidated=True" in code
    assert ops == {}
    with pytest.raises(BrowserError) as caught:
        panel.expand("zarrs/region3/")
    assert caught.value.code == "list_forbidden"
    assert "Go to" in caught.value.hint


def test_members_that_cannot_be_listed_are_unknown_and_not_none(panel: Panel, proxy: CountingProxy) -> None:
    proxy.configure(deny_match="^List", missing_as_403=True)
    node, _ = panel.go_to("s3://zarrs/region5/store005.zarr")
    assert isinstance(node, wire.GroupNode)
    assert (node.members_unknown, node.child_count) == (True, None)
    page, _ = panel.expand(node.key)
    assert page.problem is not None
    assert page.problem.code == "list_forbidden"


def test_refresh_asks_again(panel: Panel) -> None:
    panel.expand("bigzarr/v3-consolidated.zarr/")
    _, ops = panel.expand("bigzarr/v3-consolidated.zarr/", refresh=True)
    assert ops == {"GetObject": 1}
    panel.expand("million/d000/")
    _, ops = panel.expand("million/d000/", refresh=True)
    assert ops == {"List": 1}


def test_refreshing_inside_a_consolidated_store_keeps_it_consolidated(panel: Panel) -> None:
    key = "zarrs/region3/store003.zarr/"
    panel.expand(key)
    page, ops = panel.expand(key + "t2m/", refresh=True)
    assert ops == {"GetObject": 1}
    assert isinstance(page.parent, wire.ArrayNode)
    assert (page.parent.consolidated, page.parent.store_key) == (True, key)


def test_a_cursor_continues_only_what_it_came_from(panel: Panel) -> None:
    key = "bigzarr/v3-consolidated.zarr/"
    page, _ = panel.expand(key, limit=400)
    assert page.next_cursor is not None
    following, ops = panel.expand(key, limit=400, cursor=page.next_cursor)
    assert (following.items[0].name, ops) == ("var0400", {})
    for wrong, where in ((page.next_cursor, "wide/"), ("nonsense", "wide/"), ("m" + "9" * 5000, key)):
        with pytest.raises(BrowserError) as caught:
            panel.expand(where, cursor=wrong)
        assert caught.value.code == "bad_request"


def test_a_failure_above_does_not_make_a_root(panel: Panel, proxy: CountingProxy) -> None:
    key = "zarrs/region5/store005.zarr/t2m/"
    proxy.configure(fail_rate=1, fail_match="store005.zarr/(zarr.json|.zgroup|.zmetadata|.zarray|.zattrs)")
    panel.describe(key)
    proxy.reset()
    node, _ = panel.describe(key)
    assert isinstance(node, wire.ArrayNode)
    assert (node.store_key, node.path) == ("zarrs/region5/store005.zarr/", "t2m")


@pytest.mark.parametrize("gesture", ["describe", "code"])
def test_a_member_that_failed_for_a_moment_is_asked_again(panel: Panel, proxy: CountingProxy, gesture: str) -> None:
    key = "zarrs/region5/store005.zarr/"
    proxy.configure(fail_rate=1, fail_match="GetObject .*/store005.zarr/t2m/zarr.json")
    with proxy.recording() as seen:
        failed, _ = getattr(panel, gesture)(key)
    assert seen.statuses[503] >= 2, "a request is tried twice"
    if gesture == "describe":
        assert isinstance(failed, wire.GroupNode)
        assert [remark.code for remark in failed.health] == ["not_a_dataset"]
    else:
        assert "open_zarr" not in failed
    proxy.reset()

    (row,), _ = panel._count(_rows(panel, key))
    assert row.health == [], "what was seen of it is not remembered"
    node, ops = panel.describe(key)
    assert isinstance(node, wire.DatasetNode)
    assert node.sizes == {"time": 480, "lat": 96, "lon": 192}
    assert ops == {"GetObject": 1}, "only the one that failed is asked again"


def test_a_row_does_not_claim_to_be_a_root(panel: Panel) -> None:
    (row,), _ = panel._count(_rows(panel, "zarrs/region3/store003.zarr/t2m/"))
    assert isinstance(row, wire.ArrayNode)
    assert (row.store_key, row.consolidated) == (None, None)


async def _rows(panel: Panel, *keys: str) -> list[wire.Node]:
    return (await panel.browser.nodes("lab", list(keys), refresh=False)).items


def test_a_signature_is_no_part_of_a_key(panel: Panel, proxy: CountingProxy) -> None:
    node, _ = panel.go_to(f"{proxy.url}/zarrs/region3/store003.zarr?X-Amz-Signature=sentinel#x")
    assert node.key == "zarrs/region3/store003.zarr/"
    with pytest.raises(BrowserError) as caught:
        panel.go_to(f"{proxy.url}/zarrs/nothing.zarr?X-Amz-Signature=sentinel")
    assert "sentinel" not in caught.value.message + caught.value.hint


def test_many_who_ask_the_same_share_one_request(panel: Panel, proxy: CountingProxy) -> None:
    async def together() -> list[wire.Children]:
        asked = (
            panel.browser.children("lab", "wide/", cursor=None, limit=1000, prefix="", refresh=False) for _ in range(10)
        )
        return list(await asyncio.gather(*asked))

    with proxy.recording() as seen:
        pages = panel._runner.run(together())
    assert seen.ops == {"List": 1}
    assert len({page.items[0].key for page in pages}) == 1
