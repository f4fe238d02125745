"""Stores that xarray opens, in both formats."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr
import zarr

from .model import Sample, chunked, weather

Format = Literal[2, 3]

_WEATHER_ARRAYS = ("lat", "lon", "precip", "t2m", "time", "u10")


def consolidated(target: Path, zarr_format: Format) -> Sample:
    return _weather(target, f"v{zarr_format}-consolidated.zarr", zarr_format, consolidated=True)


def unconsolidated(target: Path, zarr_format: Format) -> Sample:
    return _weather(target, f"v{zarr_format}-unconsolidated.zarr", zarr_format, consolidated=False)


def _weather(target: Path, name: str, zarr_format: Format, *, consolidated: bool) -> Sample:
    dataset = weather()
    dataset.to_zarr(
        target / name, zarr_format=zarr_format, consolidated=consolidated, encoding=chunked(dataset, 4, 3, 6), mode="w"
    )
    return Sample(
        name=name,
        kind="dataset",
        zarr_format=zarr_format,
        consolidated=consolidated,
        groups=("",),
        arrays=_WEATHER_ARRAYS,
        datasets={"": dataset},
    )


def hierarchy(target: Path, zarr_format: Format) -> Sample:
    """Datasets in groups ``a`` and ``a/b``, an empty group ``c``; the root has the metadata of all of them."""
    name = f"v{zarr_format}-hierarchy.zarr"
    root = zarr.open_group(target / name, mode="w", zarr_format=zarr_format, attributes={"title": "a hierarchy"})
    datasets = {"a": weather(steps=4, seed=1), "a/b": weather(steps=2, seed=2)}
    for group, dataset in datasets.items():
        dataset.to_zarr(
            target / name,
            group=group,
            zarr_format=zarr_format,
            consolidated=False,
            mode="a",
            encoding=chunked(dataset, 2, 6, 12),
        )
    root.create_group("c", attributes={"note": "nothing in here"})
    zarr.consolidate_metadata(target / name, zarr_format=zarr_format)
    return Sample(
        name=name,
        kind="hierarchy",
        zarr_format=zarr_format,
        consolidated=True,
        groups=("", "a", "a/b", "c"),
        arrays=tuple(f"{group}/{array}" for group in datasets for array in _WEATHER_ARRAYS),
        datasets=datasets,
    )


def scalars(target: Path, zarr_format: Format) -> Sample:
    """A dataset with a 0-d variable and a dimension of length zero."""
    name = f"v{zarr_format}-scalars.zarr"
    dataset = xr.Dataset(
        {
            "answer": ((), np.float64(42.5), {"units": "1"}),
            "empty": (("t", "x"), np.zeros((0, 4), "float32")),
            "crs": ((), np.int32(7), {"grid_mapping_name": "latitude_longitude"}),
        },
        {"x": ("x", np.arange(4))},
    )
    dataset.to_zarr(target / name, zarr_format=zarr_format, consolidated=True, mode="w")
    return Sample(
        name=name,
        kind="dataset",
        zarr_format=zarr_format,
        consolidated=True,
        groups=("",),
        arrays=("answer", "crs", "empty", "x"),
        datasets={"": dataset},
    )


def text(target: Path, zarr_format: Format) -> Sample:
    """A dataset with a string variable, as xarray writes it."""
    name = f"v{zarr_format}-text.zarr"
    stations = np.array(["Ny-Ålesund", "São Paulo", "", "東京"], dtype=np.dtypes.StringDType())
    dataset = xr.Dataset({"height": ("station", np.arange(4.0))}, {"station": ("station", stations)})
    dataset.to_zarr(target / name, zarr_format=zarr_format, consolidated=True, mode="w")
    return Sample(
        name=name,
        kind="dataset",
        zarr_format=zarr_format,
        consolidated=True,
        groups=("",),
        arrays=("height", "station"),
        datasets={"": dataset},
    )


def sharded_dataset(target: Path) -> Sample:
    """Dimension names and shards: two chunks by two in each shard of ``t2m``."""
    name = "v3-sharded-dataset.zarr"
    dataset = weather()[["t2m"]]
    dataset.to_zarr(
        target / name,
        zarr_format=3,
        consolidated=True,
        mode="w",
        encoding={"t2m": {"chunks": (4, 3, 6), "shards": (8, 6, 6)}},
    )
    return Sample(
        name=name,
        kind="dataset",
        zarr_format=3,
        consolidated=True,
        groups=("",),
        arrays=("lat", "lon", "t2m", "time"),
        datasets={"": dataset},
        shards={"t2m": (8, 6, 6)},
    )
