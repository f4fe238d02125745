"""The panel's cells, executed exactly as they stand, on every kind of store: they show what was written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from .backends import Backend
from .interpreters import Interpreter
from .stores import ODD_ARRAYS, ODD_GROUP, Store

#: Every store, by name. Collected before there is a place to write them to.
_NAMES = (
    *(f"v{number}-{kind}.zarr" for number in (2, 3) for kind in ("consolidated", "unconsolidated", "hierarchy")),
    *(f"v{number}-{kind}.zarr" for number in (2, 3) for kind in ("scalars", "text", "arrays", "array", "big-endian")),
    *(f"v{number}-{kind}.zarr" for number in (2, 3) for kind in ("plain-hierarchy", "consolidated-below", "months")),
    *(f"v{number}-{kind}.zarr" for number in (2, 3) for kind in ("bad-member", "implied-group")),
    *(f"v{number} {kind}" for number in (2, 3) for kind in ("whole", "plain")),
    *("v3-sharded-dataset.zarr", "v3-sharded.zarr", "v3-shared-shards.zarr", "v2-fortran.zarr", "v2-slash.zarr"),
    "v3-a::b.zarr",
    *("broken/both-formats.zarr", "broken/implicit-group.zarr", "broken/byte-order-mark.zarr"),
)

#: Enough to see that a kind of store is reached.
_SOME = (
    "v2-consolidated.zarr",
    "v3-unconsolidated.zarr",
    "v3-hierarchy.zarr",
    "v3-sharded-dataset.zarr",
    "v2-arrays.zarr",
)

#: All that depends on the way between a cell and its data.
_MORE = (
    *_SOME,
    *("v2-unconsolidated.zarr", "v3-consolidated.zarr", "v2-hierarchy.zarr", "v2-plain-hierarchy.zarr"),
    *("v3-plain-hierarchy.zarr", "v2-consolidated-below.zarr", "v3-consolidated-below.zarr", "v3-sharded.zarr"),
    *("v3-array.zarr", "v2 whole", "v3 whole", "v2 plain", "v3 plain", "v2-bad-member.zarr", "v3-bad-member.zarr"),
    *("v2-implied-group.zarr", "v3-implied-group.zarr"),
)

_PLACES = {
    "on_local": _NAMES,
    "on_swift": tuple(name for name in _MORE if not name.endswith(" plain")),
    "on_moto": _SOME,
    "on_gcs": (*_SOME, "v2 plain", "v3 whole"),
    "on_azure": (*_SOME, "v2 whole", "v3 whole", "v2 plain", "v3 plain", "v3-a::b.zarr"),
    "on_public_azure": ("v3-unconsolidated.zarr",),
    "on_apache": _MORE,
    "on_nginx": _SOME,
    "on_http_without_index": _MORE,
}

#: The implied group of some stores, which is what the panel says of it too.
_TRUE = "ZarrUserWarning: Object at a is not recognized as a component of a Zarr hierarchy."

_CASES = [pytest.param(place, name, id=f"{place}-{name}") for place, names in _PLACES.items() for name in names]


def test_no_store_is_left_out(stores: dict[str, Store]) -> None:
    assert {_short(name) for name in stores} == set(_NAMES)


def _short(name: str) -> str:
    return name if name.endswith(".zarr") and " " not in name else " ".join(name.split()[:2])


@pytest.fixture
def backend(request: pytest.FixtureRequest, place: str) -> Backend:
    found: Backend = request.getfixturevalue(place)
    return found


@pytest.fixture
def store(stores: dict[str, Store], name: str) -> Store:
    return next(store for each, store in stores.items() if _short(each) == name)


class Cells:
    """Cells of one store, executed together in one new process, each in its own namespace."""

    def __init__(self, interpreter: Interpreter, backend: Backend) -> None:
        self._interpreter = interpreter
        self._backend = backend
        self._cells: list[tuple[str, Any]] = []

    def add(self, code: str, check: Any) -> None:
        self._cells.append((code, check))

    def execute(self) -> None:
        reports = self._interpreter.run([code for code, _ in self._cells], self._backend.environment)
        for (code, check), report in zip(self._cells, reports, strict=True):
            assert report["error"] is None, f"{code}\n\n{report['error']}"
            assert [text for text in report["warnings"] if not text.startswith(_TRUE)] == [], code
            check(code, report["shown"])


def show_dataset(expected: xr.Dataset, names: set[str]) -> Any:
    def check(code: str, shown: dict[str, Any]) -> None:
        assert shown["kind"] == "dataset", code
        assert set(shown["variables"]) == names, code
        for name in names:
            compare(shown["variables"][name], expected[name], code)
        assert shown["attributes"] == expected.attrs

    return check


def show_variable(expected: xr.DataArray) -> Any:
    def check(code: str, shown: dict[str, Any]) -> None:
        assert (shown["kind"], shown["name"]) == ("variable", expected.name), code
        compare(shown, expected, code)

    return check


def show_array(expected: Any) -> Any:
    def check(code: str, shown: dict[str, Any]) -> None:
        assert shown["kind"] == "array", code
        np.testing.assert_array_equal(shown["values"], expected, code)

    return check


def show_group(code: str, shown: dict[str, Any]) -> None:
    assert shown["kind"] == "group", code


def compare(shown: dict[str, Any], expected: xr.DataArray, code: str) -> None:
    assert tuple(shown["dims"]) == expected.dims, code
    values = expected.values
    if "months since" in str(expected.attrs.get("units")) or expected.attrs.get("calendar") == "noleap":
        assert "decode_times" in code
    np.testing.assert_array_equal(shown["values"], values.tolist() if values.dtype.kind in "TO" else values, code)


@pytest.mark.parametrize(("place", "name"), _CASES)
def test_cells_show_what_was_written(store: Store, backend: Backend, interpreter: Interpreter) -> None:
    cells = Cells(interpreter, backend)
    for group, dataset in store.datasets.items():
        add_group(cells, backend, store, group, dataset)
    for path, values in store.values.items():
        code = backend.panel.snippets(_key(backend, store, path))["zarr.open_array"]
        assert "zarr_format=" in code
        cells.add(code, show_array(values))
    cells.execute()


def _key(backend: Backend, store: Store, path: str) -> str:
    return f"{backend.key}{store.name}/{path}/" if path else f"{backend.key}{store.name}/"


def add_group(cells: Cells, backend: Backend, store: Store, group: str, dataset: xr.Dataset) -> None:
    """The cells of a group that xarray opens: as a dataset, one of its variables, and as a group."""
    key = _key(backend, store, group)
    node = backend.panel.node(key)
    snippets = backend.panel.snippets(key)
    cells.add(snippets["zarr.open_group"], show_group)
    readable = backend.lists or is_readable_unlisted(node, backend)
    assert ("xarray.open_zarr" in snippets) == readable
    if not readable:
        assert "open a member by name" in snippets["zarr.open_group"]
        return
    code = snippets["xarray.open_zarr"]
    assert next(iter(snippets)) == "xarray.open_zarr", "the best comes first"
    assert "zarr_format=" in code
    assert "consolidated=" in code
    lost = lost_over_http(node, backend) & set(map(str, dataset.variables))
    names = set(map(str, dataset.variables)) - lost
    assert all(repr(name) in code for name in lost), "what is left out is named"
    cells.add(code, show_dataset(dataset, names))
    # A dimension's own values, which are among the variables, have no other name to be asked by.
    name = min(map(str, set(dataset.data_vars) - lost))
    variable = backend.panel.snippets(f"{key}{name}/")
    if "xarray.open_zarr.variable" in variable:
        cells.add(variable["xarray.open_zarr.variable"], show_variable(dataset[name]))
    else:
        assert backend.is_http
        assert ODD_GROUP in key, "only what cannot be addressed has no variable"


def is_readable_unlisted(node: Any, backend: Backend) -> bool:
    """Whether consolidated metadata does for a dataset where nothing can be listed."""
    remarks = {remark.code for remark in node.health}
    return bool(node.consolidated) and "consolidated_unusable" not in remarks and ODD_GROUP not in node.path


def lost_over_http(node: Any, backend: Backend) -> set[str]:
    """Variables whose names no library asks a web server for rightly, where their names come from metadata."""
    if not backend.is_http or not node.consolidated or ODD_GROUP in node.path:
        return set()
    return {name for name in ODD_ARRAYS if set("#?%") & set(name)}
