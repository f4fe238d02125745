"""Which cell is offered for what, what it states, and how shards are read."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from jupyterlab_zarrbrowser import wire

from ..formats.panel import Panel
from ..servers.counting_proxy import CountingProxy
from ..servers.swift import DEMO, Swift
from .backends import BUCKET, Backend
from .interpreters import Interpreter
from .stores import OBJECTS, ODD_ARRAYS, ODD_GROUP, ODD_STORE, Store


def call_in(code: str, function: str) -> dict[str, Any]:
    """The arguments of the one call of ``function`` in a cell; the first one is called ``url``."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    [call] = [node for node in calls if ast.unparse(node.func) == function]
    arguments: dict[str, Any] = {str(each.arg): _value(each.value) for each in call.keywords}
    return {"url": _value(call.args[0]), **arguments}


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(
    ("name", "path", "root", "group", "consolidated"),
    [
        ("consolidated", "", "", None, True),
        ("unconsolidated", "", "", None, False),
        ("hierarchy", "a", "", "a", True),
        ("hierarchy", "a/b", "", "a/b", True),
        ("plain-hierarchy", "a/b", "", "a/b", False),
        ("consolidated-below", "a", "/a", None, True),
        ("implied-group", "", "", None, False),
    ],
)
def test_a_dataset_states_everything(
    on_local: Backend, zarr_format: int, name: str, path: str, root: str, group: str | None, consolidated: bool
) -> None:
    store = f"v{zarr_format}-{name}.zarr"
    key = f"{store}/{path}/" if path else f"{store}/"
    found = call_in(on_local.panel.snippets(key)["xarray.open_zarr"], "xr.open_zarr")
    assert found.pop("url").endswith(f"/{store}{root}")
    expected = {"zarr_format": zarr_format, "consolidated": consolidated, "chunks": {}}
    assert found == expected | ({"group": group} if group else {})


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(
    ("name", "path", "ids"),
    [
        ("consolidated", "", ["xarray.open_zarr", "zarr.open_group"]),
        ("consolidated", "t2m", ["xarray.open_zarr.variable", "zarr.open_array"]),
        ("hierarchy", "", ["zarr.open_group"]),
        ("hierarchy", "c", ["zarr.open_group"]),
        ("hierarchy", "a/b/t2m", ["xarray.open_zarr.variable", "zarr.open_array"]),
        ("scalars", "answer", ["xarray.open_zarr.variable", "zarr.open_array"]),
        ("arrays", "", ["zarr.open_group"]),
        ("arrays", "s0", ["zarr.open_array"]),
        ("array", "", ["zarr.open_array"]),
        ("bad-member", "", ["zarr.open_group"]),
        ("bad-member", "good", ["zarr.open_array"]),
        ("bad-member", "bad", ["zarr.open_array"]),
        ("implied-group", "a", []),
        ("implied-group", "a/x", ["zarr.open_array"]),
    ],
)
def test_what_is_offered(on_local: Backend, zarr_format: int, name: str, path: str, ids: list[str]) -> None:
    store = f"v{zarr_format}-{name}.zarr"
    assert list(on_local.panel.snippets(f"{store}/{path}/" if path else f"{store}/")) == ids


def test_nothing_is_offered_for_folders(on_local: Backend) -> None:
    assert on_local.panel.snippets("broken/") == {}
    assert on_local.panel.snippets("") == {}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("place", ["on_local", "on_swift", "on_gcs", "on_azure", "on_apache", "on_http_without_index"])
def test_an_object(place: str, name: str, request: pytest.FixtureRequest, interpreter: Interpreter) -> None:
    backend: Backend = request.getfixturevalue(place)
    snippets = backend.panel.snippets(f"{backend.key}{name}")
    assert list(snippets) == ["fsspec.open"]
    [report] = interpreter.run(list(snippets.values()), backend.environment)
    assert (report["error"], report["warnings"]) == (None, [])
    assert report["shown"]["values"] == b"an ordinary object"


def test_what_zarr_refuses_is_said_in_the_cell(on_local: Backend) -> None:
    code = on_local.panel.snippets("v3-bad-member.zarr/bad/")["zarr.open_array"]
    assert code.startswith("# zarr-python refuses this array: the codec 'wavelet' is none that comes with it.\n")


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_times_that_xarray_cannot_decode(on_local: Backend, zarr_format: int) -> None:
    key = f"v{zarr_format}-months.zarr/"
    code = on_local.panel.snippets(key)["xarray.open_zarr"]
    assert call_in(code, "xr.open_zarr")["decode_times"] == {"month": False, "noleap": False}
    with Panel(kind="local", root=on_local.panel.node("").uri, has_cftime=True) as panel:
        code = panel.snippets(key)["xarray.open_zarr"]
    assert call_in(code, "xr.open_zarr")["decode_times"] == {"month": False}


class TestShards:
    """One dask chunk covers whole shards, or it would read each shard in many small pieces."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("v3-sharded-dataset.zarr", {"time": 8, "lat": 6, "lon": 6}),
            ("v3-shared-shards.zarr", {"y": 12, "x": 24}),
        ],
    )
    def test_chunks(
        self, on_local: Backend, interpreter: Interpreter, name: str, expected: dict[str, int], stores: dict[str, Store]
    ) -> None:
        code = on_local.panel.snippets(f"{name}/")["xarray.open_zarr"]
        assert call_in(code, "xr.open_zarr")["chunks"] == expected
        [report] = interpreter.run([code])
        assert (report["error"], report["warnings"]) == (None, [])
        for array in on_local.panel.expand(f"{name}/").values():
            chunks = report["shown"]["variables"][array.name]["chunks"]
            for dim, unit in zip(array.dims, array.shards or [], strict=False):
                assert all(size % unit == 0 for size in chunks[dim][:-1])
                assert len(chunks[dim]) > 1 or chunks[dim][0] == stores[name].datasets[""].sizes[dim]

    def test_each_shard_is_read_once(
        self, swift_cells: Swift, swift_proxy: CountingProxy, interpreter: Interpreter
    ) -> None:
        environment = {"CELLS_KEY": DEMO.key, "CELLS_SECRET": DEMO.secret}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            names = {"key": "CELLS_KEY", "secret": "CELLS_SECRET"}
            with Panel(kind="s3", endpoint_url=swift_proxy.url, env=names) as panel:
                code = panel.snippets(f"{BUCKET}/v3-sharded-dataset.zarr/t2m/")["xarray.open_zarr.variable"]
        with swift_proxy.recording() as seen:
            [report] = interpreter.run([code], environment)
        assert report["error"] is None
        gets = [record for record in seen.requests if record.op == "GetObject" and "/t2m/c/" in record.path]
        assert len({record.path for record in gets}) == 2, "it has two shards"
        assert len(gets) == 2


class TestWithoutDask:
    @pytest.fixture
    def panel(self, on_local: Backend) -> Any:
        with Panel(kind="local", root=on_local.panel.node("").uri, has_dask=False) as panel:
            yield panel

    @pytest.mark.parametrize("name", ["v2-consolidated.zarr", "v3-sharded-dataset.zarr"])
    def test_runs(self, panel: Panel, name: str, interpreter: Interpreter, stores: dict[str, Store]) -> None:
        code = panel.snippets(f"{name}/")["xarray.open_zarr"]
        assert call_in(code, "xr.open_zarr")["chunks"] is None
        # As where it is not installed.
        [report] = interpreter.run([f"import sys; sys.modules['dask'] = None\n{code}"])
        assert (report["error"], report["warnings"]) == (None, [])
        shown = report["shown"]["variables"]["t2m"]
        assert shown["chunks"] is None
        np.testing.assert_array_equal(shown["values"], stores[name].datasets[""]["t2m"].values)

    def test_says_what_dask_would_do_with_shards(self, panel: Panel) -> None:
        assert "# Sharded: with dask" in panel.snippets("v3-sharded-dataset.zarr/")["xarray.open_zarr"]
        assert "#" not in panel.snippets("v3-consolidated.zarr/")["xarray.open_zarr"]


class TestOverHttp:
    """Names that no library asks a web server for rightly never look like empty data."""

    store = f"v3 whole {ODD_STORE}/"

    def test_arrays_that_would_look_empty_are_left_out(self, on_apache: Backend) -> None:
        code = on_apache.panel.snippets(f"{self.store}below/")["xarray.open_zarr"]
        dropped = call_in(code, "xr.open_zarr")["drop_variables"]
        assert set(dropped) == {name for name in ODD_ARRAYS if set("#?%") & set(name)}
        assert code.startswith("# Over HTTP these would read as empty")

    def test_they_have_an_address_of_their_own(self, on_apache: Backend) -> None:
        snippets = on_apache.panel.snippets(f"{self.store}below/ha#sh/")
        assert list(snippets) == ["zarr.open_array"]
        found = call_in(snippets["zarr.open_array"], "zarr.open_array")
        assert found["url"].endswith("/below/ha%23sh")
        assert "path" not in found

    def test_a_group_of_such_a_name_is_listed(self, on_apache: Backend, on_http_without_index: Backend) -> None:
        key = f"{self.store}{ODD_GROUP}/"
        code = on_apache.panel.snippets(key)["xarray.open_zarr"]
        assert call_in(code, "xr.open_zarr")["consolidated"] is False
        snippets = on_http_without_index.panel.snippets(key)
        assert isinstance(on_http_without_index.panel.node(key), wire.DatasetNode), "its metadata are consolidated"
        assert list(snippets) == ["zarr.open_group"], "but it would look empty"

    def test_a_store_that_is_not_listed_is_no_dataset(self, on_http_without_index: Backend) -> None:
        node = on_http_without_index.panel.node("v3-unconsolidated.zarr/")
        assert isinstance(node, wire.GroupNode)
        assert node.members_unknown
        assert [remark.code for remark in node.health] == ["members_unknown"]


def test_a_group_that_adlfs_lists_as_empty(on_azure: Backend) -> None:
    """Its name ends with a space. The dataset's cell names the members, and the group's says so."""
    snippets = on_azure.panel.snippets(f"{on_azure.key}v3 plain {ODD_STORE}/{ODD_GROUP}/")
    assert "class Listed" in snippets["xarray.open_zarr"]
    assert snippets["zarr.open_group"].startswith("# adlfs lists nothing in a folder")
    for name in (f"v3 plain {ODD_STORE}/below", f"v3 whole {ODD_STORE}/{ODD_GROUP}"):
        for code in on_azure.panel.snippets(f"{on_azure.key}{name}/").values():
            assert "adlfs" not in code


def test_names_with_backslashes_are_part_of_the_address(tmp_path: Any, interpreter: Interpreter) -> None:
    """zarr-python takes a backslash in a path for a slash."""
    from ..formats.trees import v3, write_tree

    write_tree(tmp_path, {"back\\slash": v3(fill_value=7)})
    with Panel(kind="local", root=str(tmp_path)) as panel:
        code = panel.snippets("back\\slash/")["zarr.open_array"]
    [report] = interpreter.run([code])
    assert report["error"] is None
    np.testing.assert_array_equal(report["shown"]["values"], np.full(4, 7))
