"""Stores with something wrong, written by hand. Most have a good array beside the bad node, which must stay usable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from .datasets import Format
from .model import Array, Sample, write_json, write_text

_BYTES_CODEC = {"name": "bytes", "configuration": {"endian": "little"}}
_VALUES = np.arange(4, dtype="<i4")
_GROUP_V3 = {"zarr_format": 3, "node_type": "group", "attributes": {}}


def _array_v3(**changes: Any) -> dict[str, Any]:
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [4],
        "data_type": "int32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [_BYTES_CODEC],
        "attributes": {},
        "dimension_names": ["x"],
        **changes,
    }


def _array_v2(size: int, dimensions: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    array = {
        "zarr_format": 2,
        "shape": [size],
        "chunks": [size],
        "dtype": "<i4",
        "compressor": None,
        "fill_value": 0,
        "order": "C",
        "filters": None,
    }
    return array, {"_ARRAY_DIMENSIONS": dimensions}


def _write_v3(folder: Path, values: Array = _VALUES, **changes: Any) -> None:
    write_json(folder / "zarr.json", _array_v3(**changes))
    (folder / "c").mkdir()
    (folder / "c" / "0").write_bytes(values.tobytes())


def _write_v2(folder: Path, dimensions: list[str], values: Array = _VALUES) -> None:
    array, attributes = _array_v2(values.size, dimensions)
    write_json(folder / ".zarray", array)
    write_json(folder / ".zattrs", attributes)
    (folder / "0").write_bytes(values.tobytes())


def _bad_beside_good(target: Path, name: str, note: str, values: Array = _VALUES, **changes: Any) -> Sample:
    root = target / name
    write_json(root / "zarr.json", _GROUP_V3)
    _write_v3(root / "good")
    _write_v3(root / "bad", values, **changes)
    return Sample(
        name=name,
        kind="broken",
        zarr_format=3,
        groups=("",),
        arrays=("bad", "good"),
        values={"good": _VALUES},
        broken=("bad",),
        note=note,
    )


def unknown_codec(target: Path) -> Sample:
    codecs = [_BYTES_CODEC, {"name": "example.org/wavelet", "configuration": {"level": 9}}]
    return _bad_beside_good(target, "broken/unknown-codec.zarr", "codec example.org/wavelet", codecs=codecs)


def unknown_dtype(target: Path) -> Sample:
    return _bad_beside_good(target, "broken/unknown-dtype.zarr", "data type decimal128", data_type="decimal128")


def unknown_grid(target: Path) -> Sample:
    grid = {"name": "hexagonal", "configuration": {"edge": 2}}
    return _bad_beside_good(target, "broken/unknown-grid.zarr", "chunk grid hexagonal", chunk_grid=grid)


def must_understand(target: Path) -> Sample:
    extra = {"name": "example.org/encryption", "must_understand": True}
    return _bad_beside_good(target, "broken/must-understand.zarr", "extra field that must be understood", vault=extra)


def string_codecs(target: Path) -> Sample:
    """Allowed by version 3.1 of the specification, refused by zarr-python 3.1: extension points as bare strings."""
    return _bad_beside_good(
        target,
        "broken/string-codecs.zarr",
        'codecs as ["bytes"]',
        values=_VALUES.astype("uint8"),
        codecs=["bytes"],
        chunk_key_encoding="default",
        data_type="uint8",
    )


def null_dimension_name(target: Path) -> Sample:
    return _bad_beside_good(
        target,
        "broken/null-dimension-name.zarr",
        "null in dimension_names",
        shape=[2, 2],
        chunk_grid={"name": "regular", "configuration": {"chunk_shape": [2, 2]}},
        dimension_names=["y", None],
    )


def invalid_json(target: Path) -> Sample:
    name = "broken/invalid-json.zarr"
    write_text(target / name / "zarr.json", '{"zarr_format": 3, "node_type": "gro')
    _write_v3(target / name / "good")
    return Sample(name=name, kind="broken", zarr_format=None, broken=("",), note="zarr.json is cut off")


def not_zarr(target: Path) -> Sample:
    """zarr-python 3.1 takes this for a group."""
    name = "broken/not-zarr.zarr"
    write_json(target / name / "zarr.json", {"hello": 1})
    return Sample(name=name, kind="broken", zarr_format=None, broken=("",), note='zarr.json is {"hello": 1}')


def only_zattrs(target: Path) -> Sample:
    name = "broken/only-zattrs.zarr"
    write_json(target / name / ".zattrs", {"title": "attributes of nothing"})
    return Sample(name=name, kind="broken", zarr_format=None, broken=("",), note="only .zattrs")


def both_formats(target: Path) -> Sample:
    """Metadata of both formats for one group and its array; zarr-python takes version 3, with a warning."""
    name = "broken/both-formats.zarr"
    root = target / name
    write_json(root / "zarr.json", {**_GROUP_V3, "attributes": {"format": 3}})
    write_json(root / ".zgroup", {"zarr_format": 2})
    write_json(root / ".zattrs", {"format": 2})
    _write_v3(root / "x")
    _write_v2(root / "x", ["x"])
    return Sample(
        name=name,
        kind="broken",
        zarr_format=3,
        groups=("",),
        arrays=("x",),
        values={"x": _VALUES},
        note="metadata of both formats",
    )


def implicit_group(target: Path) -> Sample:
    """A v2 root and an array ``a/x``, but no ``a/.zgroup``."""
    name = "broken/implicit-group.zarr"
    root = target / name
    write_json(root / ".zgroup", {"zarr_format": 2})
    _write_v2(root / "a" / "x", ["x"])
    return Sample(
        name=name,
        kind="broken",
        zarr_format=2,
        groups=("",),
        arrays=("a/x",),
        values={"a/x": _VALUES},
        broken=("a",),
        note="group a has no .zgroup",
    )


def byte_order_mark(target: Path) -> Sample:
    name = "broken/byte-order-mark.zarr"
    root = target / name
    write_text(root / "zarr.json", "\ufeff" + json.dumps({**_GROUP_V3, "attributes": {"title": "with a BOM"}}))
    _write_v3(root / "good")
    return Sample(
        name=name,
        kind="broken",
        zarr_format=3,
        groups=("",),
        arrays=("good",),
        values={"good": _VALUES},
        note="zarr.json begins with a byte order mark",
    )


def stale_consolidated(target: Path, zarr_format: Format) -> Sample:
    """``late`` was added, ``x`` changed and ``gone`` removed after the metadata was consolidated."""
    name = f"broken/stale-consolidated-v{zarr_format}.zarr"
    root = target / name
    dataset = xr.Dataset({"x": ("t", np.arange(3)), "gone": ("t", np.arange(3))})
    dataset.to_zarr(root, zarr_format=zarr_format, consolidated=True, mode="w")
    shutil.rmtree(root / "gone")
    zarr.open_array(root / "x", zarr_format=zarr_format).attrs["units"] = "late"
    zarr.create_array(root / "late", data=np.arange(5), zarr_format=zarr_format, **_dimension(zarr_format))
    return Sample(
        name=name,
        kind="broken",
        zarr_format=zarr_format,
        consolidated=True,
        groups=("",),
        arrays=("late", "x"),
        values={"x": np.arange(3), "late": np.arange(5)},
        broken=("gone", "late"),
        note="consolidated metadata lacks late and still has gone",
    )


def _dimension(zarr_format: Format) -> dict[str, Any]:
    return {"dimension_names": ["u"]} if zarr_format == 3 else {"attributes": {"_ARRAY_DIMENSIONS": ["u"]}}


def disagreeing_dimensions(target: Path) -> Sample:
    """Two arrays name the same dimension but differ in its size; xarray refuses the group."""
    name = "broken/disagreeing-dimensions.zarr"
    root = target / name
    write_json(root / ".zgroup", {"zarr_format": 2})
    longer = np.arange(6, dtype="<i4")
    _write_v2(root / "x", ["t"])
    _write_v2(root / "y", ["t"], longer)
    return Sample(
        name=name,
        kind="broken",
        zarr_format=2,
        groups=("",),
        arrays=("x", "y"),
        values={"x": _VALUES, "y": longer},
        note="dimension t has sizes 4 and 6",
    )
