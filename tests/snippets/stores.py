"""The stores that cells open. Most are samples; the others have what only matters to cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
import zarr

from ..formats.trees import BYTES, v2, v3, write_tree
from ..servers.zarr_samples import Sample, arrays, broken, datasets, quietly

Format = Literal[2, 3]

#: Names in which everything that is special in Python, in addresses or in fsspec comes together.
ODD_STORE = 'it\'s "odd" #1 ?a=b %41 é [x]* .zarr'
ODD_GROUP = "gr'oup\" #2 ?c=d %42 ü "
ODD_ARRAYS = ("plain", "sp ace", "qu'o\"te", "ha#sh", "wh?at", "pct%41", "ünï+", "trail ", "[ab]*")

OBJECTS = ("notes #1 ?%41.txt", "notes::more.txt")

_FORMATS: tuple[Format, ...] = (2, 3)


@dataclass(frozen=True)
class Store:
    """A store and what cells should find in it."""

    name: str
    datasets: dict[str, xr.Dataset]
    values: dict[str, Any]


def write_stores(target: Path) -> dict[str, Store]:
    """Writes every store below ``target``; returns them by name."""
    with quietly():
        samples = [
            *(writer(target, number) for writer in _BOTH for number in _FORMATS),
            datasets.sharded_dataset(target),
            arrays.sharded(target),
            arrays.fortran_order(target),
            arrays.slash_separator(target),
            broken.both_formats(target),
            broken.implicit_group(target),
            broken.byte_order_mark(target),
        ]
        stores = [_of_sample(sample) for sample in samples]
        for number in _FORMATS:
            stores += [plain_hierarchy(target, number), consolidated_below(target, number), months(target, number)]
            stores += [odd_names(target, number, consolidated=True), odd_names(target, number, consolidated=False)]
        stores += [shared_shards(target), chained(target), *unusable(target)]
    for name in OBJECTS:
        (target / name).write_bytes(b"an ordinary object")
    return {store.name: store for store in stores}


_BOTH: Any = (
    datasets.consolidated,
    datasets.unconsolidated,
    datasets.hierarchy,
    datasets.scalars,
    datasets.text,
    arrays.bare_arrays,
    arrays.root_array,
    arrays.big_endian,
)


def _of_sample(sample: Sample) -> Store:
    return Store(sample.name, dict(sample.datasets), dict(sample.values))


def small(start: float = 0) -> xr.Dataset:
    data = start + np.arange(6, dtype="float64").reshape(2, 3)
    return xr.Dataset({"t": (("y", "x"), data)}, {"x": ("x", np.arange(3))}, {"start": start})


def plain_hierarchy(target: Path, zarr_format: Format) -> Store:
    """Groups ``a`` and ``a/b`` in a store without consolidated metadata."""
    name = f"v{zarr_format}-plain-hierarchy.zarr"
    zarr.open_group(target / name, mode="w", zarr_format=zarr_format)
    found = {"a": small(), "a/b": small(10)}
    for group, dataset in found.items():
        dataset.to_zarr(target / name, group=group, zarr_format=zarr_format, consolidated=False, mode="a")
    return Store(name, found, {})


def consolidated_below(target: Path, zarr_format: Format) -> Store:
    """Only the group ``a`` has consolidated metadata, as when it was written by itself."""
    name = f"v{zarr_format}-consolidated-below.zarr"
    zarr.open_group(target / name, mode="w", zarr_format=zarr_format)
    small(20).to_zarr(target / name / "a", zarr_format=zarr_format, consolidated=True)
    return Store(name, {"a": small(20)}, {})


def months(target: Path, zarr_format: Format) -> Store:
    """Times that xarray does not decode beside one that it does."""
    name = f"v{zarr_format}-months.zarr"
    dataset = xr.Dataset(
        {
            "month": ("n", np.arange(3), {"units": "months since 2000-01-01"}),
            "noleap": ("n", np.arange(3), {"units": "days since 2000-01-01", "calendar": "noleap"}),
            "day": ("n", np.array(["2000-01-01", "2000-01-02", "2000-01-04"], "datetime64[ns]")),
        }
    )
    dataset.to_zarr(target / name, zarr_format=zarr_format, consolidated=True)
    return Store(name, {"": dataset}, {})


def odd_names(target: Path, zarr_format: Format, *, consolidated: bool) -> Store:
    """Odd names of the store, of a group and of its arrays."""
    name = f"v{zarr_format} {'whole' if consolidated else 'plain'} {ODD_STORE}"
    found = xr.Dataset({each: ("n", np.full(2, number + 1)) for number, each in enumerate(ODD_ARRAYS)})
    zarr.open_group(target / name, mode="w", zarr_format=zarr_format)
    for group in (ODD_GROUP, "below"):
        found.to_zarr(target / name, group=group, zarr_format=zarr_format, consolidated=False, mode="a")
    if consolidated:
        zarr.consolidate_metadata(target / name, zarr_format=zarr_format)
    values = {f"{ODD_GROUP}/{each}": found[each].values for each in ODD_ARRAYS}
    return Store(name, {ODD_GROUP: found, "below": found}, values)


def shared_shards(target: Path) -> Store:
    """Arrays that share dimensions and are cut differently; one is cut by chunks only."""
    name = "v3-shared-shards.zarr"
    data = np.arange(24 * 24, dtype="float32").reshape(24, 24)
    dataset = xr.Dataset(
        {"a": (("y", "x"), data), "b": (("y", "x"), -data), "c": (("y", "x"), data + 1), "line": ("y", data[:, 0])},
        {"y": ("y", np.arange(24)), "x": ("x", np.arange(24))},
    )
    encoding = {
        "a": {"chunks": (2, 2), "shards": (4, 24)},
        "b": {"chunks": (3, 3), "shards": (6, 6)},
        "c": {"chunks": (4, 8)},
        "line": {"chunks": (12,)},
    }
    dataset.to_zarr(target / name, zarr_format=3, consolidated=True, encoding=encoding)
    return Store(name, {"": dataset}, {})


def chained(target: Path) -> Store:
    """fsspec takes two colons for the border between two addresses."""
    name = "v3-a::b.zarr"
    plain = target / "v3-chained.zarr"
    small().to_zarr(plain, zarr_format=3, consolidated=True)
    plain.rename(target / name)
    return Store(name, {"": small()}, {"t": small()["t"].values})


def unusable(target: Path) -> list[Store]:
    """Consolidated metadata that zarr-python refuses as a whole, with a good array all the same."""
    zeros = np.zeros(4, "int32")
    members: dict[str, Any] = {
        "v2-bad-member.zarr": {"good": v2(), "bad": v2(compressor={"id": "wavelet"})},
        "v3-bad-member.zarr": {"good": v3(), "bad": v3(codecs=[BYTES, {"name": "wavelet"}])},
        "v2-implied-group.zarr": {"good": v2(), "a/x": v2()},
        "v3-implied-group.zarr": {"good": v3(), "a/x": v3()},
    }
    for name, tree in members.items():
        write_tree(target / name, tree, consolidated=True)
    good = xr.Dataset({"good": ("d0", zeros)})
    return [
        Store(name, {"": good} if "implied" in name else {}, {path: zeros for path in tree if path != "bad"})
        for name, tree in members.items()
    ]
