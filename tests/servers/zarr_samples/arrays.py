"""Stores of arrays that have no dimension names, or unusual types, layouts and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr

from .datasets import Format
from .model import Array, Sample

#: Node names that need care in URLs, in HTML, in Python literals or in globs.
ODD_NAMES = (
    "with space",
    "hash#tag",
    "what?x=1&y=2",
    "pct%41",
    "quote'\"s",
    "plus+sign",
    "ünïcode-名前",
    "[ab]*",
)


def _ramp(shape: tuple[int, ...], dtype: str) -> Array:
    values: Array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    return values


def bare_arrays(target: Path, zarr_format: Format) -> Sample:
    """A group of arrays without dimension names, like a pyramid's levels."""
    name = f"v{zarr_format}-arrays.zarr"
    group = zarr.open_group(target / name, mode="w", zarr_format=zarr_format, attributes={"made_for": "tests"})
    values = {"s0": _ramp((8, 12), "uint16"), "s1": _ramp((4, 6), "uint16")}
    for path, data in values.items():
        group.create_array(path, data=data, chunks=(4, 6))
    return Sample(name=name, kind="arrays", zarr_format=zarr_format, groups=("",), arrays=tuple(values), values=values)


def root_array(target: Path, zarr_format: Format) -> Sample:
    """A store that is one array."""
    name = f"v{zarr_format}-array.zarr"
    data = _ramp((6, 10), "float64")
    array = zarr.create_array(target / name, data=data, chunks=(3, 5), zarr_format=zarr_format, overwrite=True)
    array.attrs["units"] = "m"
    return Sample(name=name, kind="array", zarr_format=zarr_format, arrays=("",), values={"": data})


def kinds(target: Path, zarr_format: Format) -> Sample:
    """Types and fill values at the edges; ``holes`` has chunks that were never written.

    The attributes have NaN and infinities, which zarr-python writes as bare tokens that are no JSON.
    """
    name = f"v{zarr_format}-kinds.zarr"
    attributes: dict[str, Any] = {
        "nan": float("nan"),
        "limits": [float("-inf"), float("inf")],
        "big": 2**60 + 1,
        "text": "é<b>&amp;",
    }
    group = zarr.open_group(target / name, mode="w", zarr_format=zarr_format, attributes=attributes)
    strings = np.array([["a", "bc"], ["", "déjà vu"]], dtype=np.dtypes.StringDType())
    values: dict[str, Array] = {
        "bool": np.array([True, False, True]),
        "complex": np.array([1 + 2j, complex("nan")], dtype="complex64"),
        "fixed": np.array(["ab", "cde"], dtype="<U4"),
        "float16": np.array([1, np.inf, np.nan], dtype="float16"),
        "strings": strings,
    }
    for path, data in values.items():
        group.create_array(path, data=data)
    filled: dict[str, tuple[str, Any]] = {
        "holes": ("int16", -9),
        "uint64_fill": ("uint64", 18446744073709551615),
        "nan_fill": ("float32", float("nan")),
        "infinite_fill": ("float64", float("-inf")),
    }
    for path, (dtype, fill) in filled.items():
        array = group.create_array(path, shape=(4, 4), chunks=(2, 2), dtype=dtype, fill_value=fill)
        array[:2, :2] = 1
        expected = np.full((4, 4), fill, dtype)
        expected[:2, :2] = 1
        values[path] = expected
    return Sample(
        name=name, kind="arrays", zarr_format=zarr_format, groups=("",), arrays=tuple(sorted(values)), values=values
    )


def odd_names(target: Path, zarr_format: Format) -> Sample:
    """Odd names at every level: the store's own, a group's and the arrays'."""
    name = f"v{zarr_format}-odd näme #1 100%.zarr"
    root = zarr.open_group(target / name, mode="w", zarr_format=zarr_format)
    group = root.create_group("gr?oup %41")
    values: dict[str, Array] = {}
    dimensions: dict[str, Any] = {"attributes": {"_ARRAY_DIMENSIONS": ["y", "x"]}}
    if zarr_format == 3:
        dimensions = {"dimension_names": ("y", "x")}
    for number, array_name in enumerate(ODD_NAMES):
        data = np.full((2, 2), number, "int32")
        group.create_array(array_name, data=data, **dimensions)
        values[f"gr?oup %41/{array_name}"] = data
    zarr.consolidate_metadata(target / name, zarr_format=zarr_format)
    return Sample(
        name=name,
        kind="hierarchy",
        zarr_format=zarr_format,
        consolidated=True,
        groups=("", "gr?oup %41"),
        arrays=tuple(sorted(values)),
        values=values,
    )


def big_endian(target: Path, zarr_format: Format) -> Sample:
    name = f"v{zarr_format}-big-endian.zarr"
    data = _ramp((4, 4), ">i4")
    endian: dict[str, Any] = {}
    if zarr_format == 3:
        endian["serializer"] = {"name": "bytes", "configuration": {"endian": "big"}}
    zarr.create_array(
        target / name, data=data, chunks=(2, 2), zarr_format=zarr_format, compressors=None, overwrite=True, **endian
    )
    return Sample(name=name, kind="array", zarr_format=zarr_format, arrays=("",), values={"": data})


def fortran_order(target: Path) -> Sample:
    name = "v2-fortran.zarr"
    data = _ramp((4, 6), "float32")
    zarr.create_array(
        target / name, data=data, chunks=(2, 3), zarr_format=2, order="F", overwrite=True, compressors=None
    )
    return Sample(name=name, kind="array", zarr_format=2, arrays=("",), values={"": data})


def slash_separator(target: Path) -> Sample:
    """Chunks ``0/0``: folders beside ``.zarray`` that are no groups."""
    name = "v2-slash.zarr"
    group = zarr.open_group(target / name, mode="w", zarr_format=2)
    data = _ramp((4, 6), "int64")
    group.create_array("nested", data=data, chunks=(2, 3), chunk_key_encoding={"name": "v2", "separator": "/"})
    return Sample(name=name, kind="arrays", zarr_format=2, groups=("",), arrays=("nested",), values={"nested": data})


def dot_separator(target: Path) -> Sample:
    """v3 with flat chunk keys (``c.0.0``), which sort before ``zarr.json``."""
    name = "v3-dot.zarr"
    data = _ramp((4, 6), "int64")
    zarr.create_array(
        target / name,
        data=data,
        chunks=(2, 3),
        zarr_format=3,
        overwrite=True,
        chunk_key_encoding={"name": "default", "separator": "."},
    )
    return Sample(name=name, kind="array", zarr_format=3, arrays=("",), values={"": data})


def sharded(target: Path) -> Sample:
    name = "v3-sharded.zarr"
    data = _ramp((16, 16), "uint32")
    zarr.create_array(target / name, data=data, chunks=(4, 4), shards=(8, 16), zarr_format=3, overwrite=True)
    return Sample(name=name, kind="array", zarr_format=3, arrays=("",), values={"": data}, shards={"": (8, 16)})
