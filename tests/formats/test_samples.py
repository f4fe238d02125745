"""Every sample store, as zarr-python and xarray see it, and as the panel does: from a folder and from Swift's S3."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from jupyterlab_zarrbrowser import wire

from ..servers.zarr_samples import WRITERS, Sample, quietly
from .conftest import Place


@pytest.fixture(params=range(len(WRITERS)))
def sample(request: pytest.FixtureRequest, samples: dict[str, Sample]) -> Sample:
    number: int = request.param
    return list(samples.values())[number]


def _key(place: Place, sample: Sample, path: str = "") -> str:
    return f"{place.key}{sample.name}/{path}/" if path else f"{place.key}{sample.name}/"


def _opens(root: Path, sample: Sample, group: str) -> bool:
    """Whether xarray opens a group of a sample, finds something in it, and a notebook can show it."""
    with quietly():
        try:
            opened = xr.open_zarr(
                root / sample.name,
                group=group or None,
                zarr_format=sample.zarr_format,
                consolidated=sample.consolidated,
                chunks={},
            )
            with opened:
                opened.load()._repr_html_()  # which fails where a dimension has no name
                return bool(opened.variables)
        except Exception:
            return False


def test_groups(place: Place, sample: Sample, sample_dir: Path) -> None:
    for path in sample.groups:
        node = place.panel.node(_key(place, sample, path))
        assert isinstance(node, wire.DatasetNode) == _opens(sample_dir, sample, path), path
        assert isinstance(node, wire.DatasetNode | wire.GroupNode)
        assert (node.zarr_format, node.path, node.store_key) == (sample.zarr_format, path, _key(place, sample))
        assert node.consolidated is sample.consolidated
        assert node.members_unknown is False


def test_group_attributes(place: Place, sample: Sample, sample_dir: Path) -> None:
    for path in sample.groups:
        node = place.panel.node(_key(place, sample, path))
        with quietly():
            group = zarr.open_group(sample_dir / sample.name, path=path, mode="r", zarr_format=sample.zarr_format)
        assert node.attributes == _shown(dict(group.attrs))


def test_arrays(place: Place, sample: Sample, sample_dir: Path) -> None:
    for path in set(sample.arrays) - set(sample.broken):
        node = place.panel.node(_key(place, sample, path))
        assert isinstance(node, wire.ArrayNode)
        with quietly():
            _compare(node, _array(sample_dir / sample.name, path, sample))
        assert node.problem is None
        assert node.health == [] or {remark.code for remark in node.health} == {"consolidated_unusable"}


def _array(root: Path, path: str, sample: Sample) -> zarr.Array[Any]:
    """As zarr-python sees it, from consolidated metadata where there is any: they may be stale."""
    if not sample.consolidated:
        return zarr.open_array(root, path=path, mode="r", zarr_format=sample.zarr_format)
    array = zarr.open_group(root, mode="r", zarr_format=sample.zarr_format, use_consolidated=True)[path]
    assert isinstance(array, zarr.Array)
    return array


def _compare(node: wire.ArrayNode, array: zarr.Array[Any]) -> None:
    metadata = array.metadata
    assert node.zarr_format == metadata.zarr_format
    assert tuple(node.shape or ()) == array.shape
    assert tuple(node.chunks or ()) == array.chunks
    assert (None if node.shards is None else tuple(node.shards)) == array.shards
    document = metadata.to_dict()
    stored: Any = document["dtype" if metadata.zarr_format == 2 else "data_type"]
    assert node.dtype == (stored if isinstance(stored, str) else stored["name"])
    assert node.fill_value == _shown(document["fill_value"])
    assert node.order == (array.order if metadata.zarr_format == 2 else None)
    if metadata.zarr_format == 3:
        names = () if array.ndim == 0 else getattr(metadata, "dimension_names", None)
        assert node.attributes == _shown(dict(array.attrs))
    else:
        names = array.attrs.get("_ARRAY_DIMENSIONS")
        assert node.attributes == _shown(dict(array.attrs))
    assert node.dims == (None if names is None else list(names))


def _shown(value: Any) -> Any:
    """How a value of Python appears in the panel."""
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value


def test_dataset_sizes(place: Place, sample: Sample) -> None:
    for path, dataset in sample.datasets.items():
        node = place.panel.node(_key(place, sample, path))
        assert isinstance(node, wire.DatasetNode)
        assert node.sizes == dict(dataset.sizes)
        assert node.child_count is not None
        assert node.child_count >= len(dataset.variables)


def test_every_member_has_a_row(place: Place, sample: Sample) -> None:
    """However broken its neighbours are, and without chunks or documents among them."""
    for group in sample.groups:
        rows = place.panel.expand(_key(place, sample, group))
        prefix = f"{group}/" if group else ""
        members = {
            path.removeprefix(prefix).partition("/")[0]
            for path in (*sample.groups, *sample.arrays)
            if path.startswith(prefix) and path != group
        }
        unlisted = set(sample.broken) if sample.name.startswith("broken/stale") else set()
        assert set(rows) - unlisted == members - unlisted
        arrays = {path.removeprefix(prefix) for path in sample.arrays if path.startswith(prefix)}
        for name in members & arrays - unlisted:
            assert isinstance(rows[name], wire.ArrayNode), name


def test_arrays_have_no_children(place: Place, sample: Sample) -> None:
    """Chunks are never rows, also where they lie in folders."""
    for path in set(sample.arrays) - set(sample.broken):
        page = place.panel.page(_key(place, sample, path))
        assert (page.items, page.next_cursor, page.total_count) == ([], None, 0)
        assert isinstance(page.parent, wire.ArrayNode)


def test_documents_are_shown_as_they_are(place: Place, sample: Sample, sample_dir: Path) -> None:
    node = place.panel.node(_key(place, sample), refresh=True)
    shown = {document.name: document for document in node.documents or []}
    if sample.broken == ("",) and sample.note == "only .zattrs":
        assert isinstance(node, wire.FolderNode)
        assert node.problem is None
        return
    assert shown
    for name, document in shown.items():
        data = (sample_dir / sample.name / name).read_bytes()
        assert (document.text.encode(), document.is_truncated, document.size_bytes) == (data, False, len(data))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken/unknown-codec.zarr", "example.org/wavelet"),
        ("broken/unknown-dtype.zarr", "decimal128"),
        ("broken/unknown-grid.zarr", "hexagonal"),
        ("broken/must-understand.zarr", "vault"),
        ("broken/string-codecs.zarr", "plain string"),
    ],
)
def test_what_zarr_refuses_is_shown_all_the_same(place: Place, name: str, said: str) -> None:
    rows = place.panel.expand(f"{place.key}{name}/")
    bad = rows["bad"]
    assert isinstance(bad, wire.ArrayNode)
    assert bad.shape == [4]
    assert [remark.code for remark in bad.health] == ["unsupported"]
    assert said in bad.health[0].message
    assert rows["good"].health == []
    root = place.panel.node(f"{place.key}{name}/")
    assert isinstance(root, wire.GroupNode)
    assert [remark.code for remark in root.health] == ["not_a_dataset"]
    assert said in root.health[0].message


def test_arrays_of_unusual_spelling_still_tell_their_codecs(place: Place) -> None:
    bad = place.panel.node(f"{place.key}broken/string-codecs.zarr/bad/")
    assert [codec.name for codec in bad.codecs] == ["bytes"]
    assert (bad.dtype, bad.chunks) == ("uint8", [4])


def test_a_dimension_without_a_name(place: Place) -> None:
    bad = place.panel.node(f"{place.key}broken/null-dimension-name.zarr/bad/")
    assert bad.dims == ["y", None]
    root = place.panel.node(f"{place.key}broken/null-dimension-name.zarr/")
    assert "without names" in root.health[0].message


@pytest.mark.parametrize(
    ("name", "said"), [("broken/invalid-json.zarr", "not valid JSON"), ("broken/not-zarr.zarr", "zarr_format")]
)
def test_what_is_no_zarr_says_why(place: Place, name: str, said: str) -> None:
    node = place.panel.node(f"{place.key}{name}/")
    assert isinstance(node, wire.FolderNode)
    assert node.problem is not None
    assert node.problem.code == "unreadable_metadata"
    assert said in node.problem.message
    assert node.documents


def test_siblings_below_a_broken_root_are_there(place: Place) -> None:
    page = place.panel.page(f"{place.key}broken/invalid-json.zarr/")
    assert "good" in {row.name for row in page.items}
    good = place.panel.node(f"{place.key}broken/invalid-json.zarr/good/")
    assert isinstance(good, wire.ArrayNode)


def test_all_samples_beside_one_another(place: Place, samples: dict[str, Sample]) -> None:
    """One folder of stores of every sort, most of them broken."""
    rows = place.panel.expand(f"{place.key}broken/")
    broken = {name.partition("/")[2]: sample for name, sample in samples.items() if name.startswith("broken/")}
    assert set(rows) == set(broken)
    for name, sample in broken.items():
        assert isinstance(rows[name], wire.ZarrNode) == (sample.zarr_format is not None), name


def test_both_formats(place: Place) -> None:
    root = place.panel.node(f"{place.key}broken/both-formats.zarr/")
    assert (root.zarr_format, root.attributes) == (3, {"format": 3})
    array = place.panel.node(f"{place.key}broken/both-formats.zarr/x/")
    assert (array.zarr_format, array.dtype) == (3, "int32")


def test_a_parent_without_metadata(place: Place) -> None:
    key = f"{place.key}broken/implicit-group.zarr/"
    rows = place.panel.expand(key)
    assert isinstance(rows["a"], wire.FolderNode)
    inside = place.panel.expand(f"{key}a/")
    assert isinstance(inside["x"], wire.ArrayNode)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_stale_consolidated_metadata(place: Place, zarr_format: int) -> None:
    """What was consolidated is what libraries see; what came later opens by its own name, and says so."""
    key = f"{place.key}broken/stale-consolidated-v{zarr_format}.zarr/"
    assert set(place.panel.expand(key)) == {"x", "gone"}
    late = place.panel.node(f"{key}late/")
    assert isinstance(late, wire.ArrayNode)
    assert (late.consolidated in (False, None), late.store_key, late.path) == (True, key, "late")


def test_a_byte_order_mark(place: Place) -> None:
    node = place.panel.node(f"{place.key}broken/byte-order-mark.zarr/")
    assert isinstance(node, wire.DatasetNode)
    assert node.attributes == {"title": "with a BOM"}


def test_numbers_that_are_no_json(place: Place) -> None:
    for zarr_format in (2, 3):
        key = f"{place.key}v{zarr_format}-kinds.zarr/"
        root = place.panel.node(key)
        assert root.attributes["nan"] == "NaN"
        assert root.attributes["limits"] == ["-Infinity", "Infinity"]
        assert root.attributes["big"] == str(2**60 + 1)
        fills = {name: row.fill_value for name, row in place.panel.expand(key).items()}
        assert fills["uint64_fill"] == str(np.iinfo("uint64").max)
        assert (fills["nan_fill"], fills["infinite_fill"], fills["holes"]) == ("NaN", "-Infinity", -9)
