"""How code is written, without executing it."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from jupyterlab_zarrbrowser import wire
from jupyterlab_zarrbrowser.access import CellAccess, EnvVar
from jupyterlab_zarrbrowser.snippets import SNIPPETS, Target
from jupyterlab_zarrbrowser.snippets.base import Code, Raw
from jupyterlab_zarrbrowser.snippets.times import undecodable
from jupyterlab_zarrbrowser.snippets.xarray_zarr import shard_chunks

ODD = ["it's", 'say "hi"', "both ' and \"", "back\\slash", "new\nline", "tab\t", "é名", "{x}", "%s", "#", ""]


def code(options: dict[str, Any] | None = None, **more: Any) -> Code:
    return Code(CellAccess(options or {}, **more))


@pytest.mark.parametrize("value", [*ODD, 1, 2.5, None, True, {"a": {"b": "it's"}}, ["x"]])
def test_literals_are_what_they_stand_for(value: Any) -> None:
    assert ast.literal_eval(Code.literal(value)) == value


@pytest.mark.parametrize("value", ODD)
def test_strings_are_quoted_by_repr(value: str) -> None:
    assert Code.literal(value) == repr(value)


def test_environment_variables_are_read_where_the_code_runs() -> None:
    cell = code({"key": EnvVar("it's"), "nested": {"secret": EnvVar("B")}})
    cell.call("x", "f", **(cell.storage_options() or {}))
    assert cell.text() == ("import os\n\nx = f(key=os.environ[\"it's\"], nested={'secret': os.environ['B']})")


def test_settings_come_before_imports() -> None:
    """fsspec's family reads them when it is imported."""
    cell = code(environment={"SWITCH": "false"})
    cell.needs("zarr")
    cell.line("x")
    assert cell.text() == "import os\n\nos.environ['SWITCH'] = 'false'\n\nimport zarr\n\nx"


def test_long_calls_have_one_argument_a_line() -> None:
    cell = code({"profile": "p" * 30, "client_kwargs": {"region_name": "r" * 50, "verify": "v" * 30}})
    cell.call("x", "f", "u" * 70, path=None, chunks=Raw("None"), storage_options=cell.storage_options())
    assert cell.text() == (
        "x = f(\n"
        f"    '{'u' * 70}',\n"
        "    chunks=None,\n"
        "    storage_options={\n"
        f"        'profile': '{'p' * 30}',\n"
        "        'client_kwargs': {\n"
        f"            'region_name': '{'r' * 50}',\n"
        f"            'verify': '{'v' * 30}',\n"
        "        },\n"
        "    },\n"
        ")"
    )


def test_a_note_stays_a_comment() -> None:
    cell = code()
    cell.note("a name\nimport os\r\u2028x")
    cell.line("1")
    assert ast.unparse(ast.parse(cell.text())) == "1"


def test_imports_are_written_once_and_sorted() -> None:
    cell = code()
    for module, alias in (("zarr", ""), ("xarray", "xr"), ("zarr", "")):
        cell.needs(module, alias)
    assert cell.text() == "import xarray as xr\nimport zarr\n\n"


def _node(kind: type, **more: Any) -> Any:
    return kind(endpoint="e", key="s.zarr/", name="s.zarr", uri="s3://b/s.zarr/", zarr_format=3, **more)


@pytest.mark.parametrize("name", ODD[:-1])
def test_no_name_breaks_out_of_the_code(name: str) -> None:
    """Every snippet stays the few statements that it is, whatever the store is called."""
    array = _node(wire.ArrayNode, path=f"{name}/{name}", dims=[name], shape=[4], chunks=[1], shards=[2])
    group = _node(wire.DatasetNode, path=name, consolidated=True)
    thing = wire.ObjectNode(endpoint="e", key=name, name=name, uri=name)
    for url in (f"s3://b/{name}", f"http://h/{name}", f"/home/{name}"):
        for node in (array, group, thing):
            access = CellAccess({"profile": name}, (f"Credentials for {name!r}.",))
            target = Target(node, url, access, [array], in_dataset=True)
            for snippet in SNIPPETS:
                if snippet.applies(target):
                    tree = ast.parse(snippet.render(target))
                    kinds = {type(statement) for statement in tree.body}
                    assert kinds <= {ast.Import, ast.Assign, ast.Expr, ast.ClassDef}
                    assert isinstance(tree.body[-1], ast.Expr)


def _array(name: str, dims: list[str | None] | None, shape: list[int], chunks: Any, shards: Any = None) -> Any:
    return wire.ArrayNode(
        endpoint="e", key=f"{name}/", name=name, uri="", dims=dims, shape=shape, chunks=chunks, shards=shards
    )


@pytest.mark.parametrize(("child_count", "named"), [(1, True), (None, False)])
def test_members_are_named_over_http_where_all_are_known(child_count: int | None, named: bool) -> None:
    array = _array("sp ace", ["x"], [4], [1])
    group = _node(wire.DatasetNode, consolidated=False, child_count=child_count)
    text = SNIPPETS[0].render(Target(group, "http://h/s.zarr", CellAccess(), [array]))
    assert ("class Listed(" in text) == named
    assert ("'sp%20ace'," in text) == named
    assert ("xr.open_zarr(store," in text) == named


class TestShardChunks:
    def test_nothing_is_sharded(self) -> None:
        assert shard_chunks([_array("a", ["y", "x"], [8, 8], [2, 2])]) == {}

    def test_one_shard(self) -> None:
        assert shard_chunks([_array("a", ["y", "x"], [8, 8], [2, 2], [4, 8])]) == {"y": 4, "x": 8}

    def test_a_shard_larger_than_the_array(self) -> None:
        assert shard_chunks([_array("a", ["x"], [5], [2], [8])]) == {"x": 5}

    def test_different_shards_meet_in_a_multiple(self) -> None:
        arrays = [_array("a", ["x"], [100], [2], [4]), _array("b", ["x"], [100], [2], [6])]
        assert shard_chunks(arrays) == {"x": 12}

    def test_or_in_the_whole_dimension(self) -> None:
        arrays = [_array("a", ["x"], [100], [1], [64]), _array("b", ["x"], [100], [1], [50])]
        assert shard_chunks(arrays) == {"x": 100}

    def test_arrays_without_shards_count_along_the_same_dimensions_only(self) -> None:
        arrays = [_array("a", ["x"], [96], [2], [4]), _array("b", ["y", "x"], [9, 96], [3, 6])]
        assert shard_chunks(arrays) == {"x": 12}

    def test_coordinates_of_their_own_dimension_do_not_count(self) -> None:
        arrays = [_array("a", ["y", "x"], [8, 96], [2, 2], [4, 8]), _array("x", ["x"], [96], [96])]
        assert shard_chunks(arrays) == {"y": 4, "x": 8}

    def test_other_arrays_of_one_dimension_do(self) -> None:
        """xarray warns where a dask chunk cuts a stored one."""
        arrays = [_array("a", ["y", "x"], [8, 96], [2, 2], [4, 8]), _array("line", ["x"], [96], [32])]
        assert shard_chunks(arrays) == {"y": 4, "x": 32}

    @pytest.mark.parametrize(
        "array",
        [
            _array("empty", ["x"], [0], [1], [4]),
            _array("scalar", [], [], [], []),
            _array("unnamed", None, [4], [1], [2]),
            _array("irregular", ["x"], [4], None, None),
        ],
    )
    def test_nothing_to_align(self, array: Any) -> None:
        assert shard_chunks([array]) == {}


@pytest.mark.parametrize(
    ("units", "calendar", "with_numpy", "with_cftime"),
    [
        ("days since 2000-01-01", None, True, True),
        ("Hours since 1970-1-1 0:0:0", "GREGORIAN", True, True),
        ("seconds since 1970-01-01T00:00:00Z", "proleptic_gregorian", True, True),
        ("days since 1850-01-01", "noleap", False, True),
        ("days since 0001-01-01", None, False, True),
        ("days since 0000-01-01", None, False, False),
        ("months since 2000-01-01", None, False, False),
        ("months since 2000-01-01", "360_day", False, True),
        ("years since 2000-01-01", "360_day", False, False),
        ("days since 2000-01-01", "lunar", False, False),
        ("days since whenever", None, False, False),
        ("since", None, False, False),
        ("K", "noleap", True, True),
        (1, None, True, True),
        (None, None, True, True),
    ],
)
def test_times(units: Any, calendar: Any, with_numpy: bool, with_cftime: bool) -> None:
    attributes = {"units": units, "calendar": calendar}
    array = wire.ArrayNode(
        endpoint="e",
        key="t/",
        name="t",
        uri="",
        attributes={name: value for name, value in attributes.items() if value is not None},
    )
    assert (undecodable([array], False) == []) == with_numpy
    assert (undecodable([array], True) == []) == with_cftime
