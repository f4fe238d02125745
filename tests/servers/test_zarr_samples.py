"""The samples are what their descriptions say: compared with what zarr-python and xarray make of the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from .s3_client import walk_files
from .zarr_samples import WRITERS, Sample, quietly, write_all


@pytest.fixture(params=range(len(WRITERS)), scope="module")
def sample(request: pytest.FixtureRequest, samples: dict[str, Sample]) -> Sample:
    number: int = request.param
    return list(samples.values())[number]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Half of the samples exist because zarr-python warns of them."""
    with quietly():
        yield


def test_datasets(sample: Sample, sample_dir: Path) -> None:
    for group, expected in sample.datasets.items():
        with xr.open_zarr(
            sample_dir / sample.name,
            group=group or None,
            zarr_format=sample.zarr_format,
            consolidated=sample.consolidated,
            chunks=None,
        ) as found:
            xr.testing.assert_equal(found.load(), expected)
            assert found.attrs == expected.attrs


def test_arrays(sample: Sample, sample_dir: Path) -> None:
    for path, expected in sample.values.items():
        array = zarr.open_array(sample_dir / sample.name, path=path, zarr_format=sample.zarr_format, mode="r")
        np.testing.assert_array_equal(array[...], expected)
    for path, shape in sample.shards.items():
        array = zarr.open_array(sample_dir / sample.name, path=path, zarr_format=3, mode="r")
        assert array.shards == shape


def test_nodes(sample: Sample, sample_dir: Path) -> None:
    """The folders with a node's metadata are those that the description names."""
    root = sample_dir / sample.name
    if sample.zarr_format is None:
        assert not sample.groups
        assert not sample.arrays
        return
    group_file, array_file = ("zarr.json", "zarr.json") if sample.zarr_format == 3 else (".zgroup", ".zarray")
    found = {path.parent.relative_to(root).as_posix() for name in (group_file, array_file) for path in root.rglob(name)}
    assert {"" if path == "." else path for path in found} == {*sample.groups, *sample.arrays}


def test_consolidated(sample: Sample, sample_dir: Path) -> None:
    root = sample_dir / sample.name
    if sample.zarr_format == 2:
        assert (root / ".zmetadata").exists() == sample.consolidated
    elif sample.zarr_format == 3:
        document = json.loads((root / "zarr.json").read_text("utf-8-sig"))
        assert bool(document.get("consolidated_metadata")) == sample.consolidated


def test_attributes_have_tokens_that_are_no_json(samples: dict[str, Sample], sample_dir: Path) -> None:
    for name in ("v2-kinds.zarr/.zattrs", "v3-kinds.zarr/zarr.json"):
        text = (sample_dir / name).read_text()
        assert "NaN" in text
        assert "-Infinity" in text


def test_samples_are_small_and_the_same_each_time(samples: dict[str, Sample], sample_dir: Path, tmp_path: Path) -> None:
    assert list(write_all(tmp_path)) == list(samples)
    assert _digests(tmp_path) == _digests(sample_dir)
    files = [path for _, path in walk_files(sample_dir)]
    assert len(files) < 3000
    assert sum(path.stat().st_size for path in files) < 5_000_000


def _digests(directory: Path) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in walk_files(directory)}
