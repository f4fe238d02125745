"""Sample data: small, synthetic, and shaped as what scientists keep in buckets."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import xarray as xr
import zarr

#: Enough to need a second page.
_STATION_FILES = 1_200

_SEED = 20240607

#: Beginnings of names in the demo's scratch space, and the age of what is called so in days: the last that fits holds.
#: The hub of the demo deletes after a week. ``experiment.zarr`` is appended to, which writes its metadata again.
SCRATCH_AGES = {
    "ada/forecast.zarr/": 1.2,
    "ada/experiment.zarr/": 0.3,
    "ada/experiment.zarr/precip/c/": 6.6,
    "ada/tables/": 3.4,
    "ada/notes.csv": 5.9,
}


def write_samples(folder: Path) -> None:
    """Write every bucket as a folder below ``folder``."""
    rng = np.random.default_rng(_SEED)
    climate, imagery = folder / "climate", folder / "imagery"
    weather = _weather(rng)
    with warnings.catch_warnings():
        # zarr-python warns that consolidated metadata is not in the v3 specification yet.
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        weather.to_zarr(climate / "reanalysis" / "surface.zarr", zarr_format=3, consolidated=True)
        weather.to_zarr(climate / "reanalysis" / "surface-v2.zarr", zarr_format=2, consolidated=True)
        weather[["t2m"]].to_zarr(climate / "reanalysis" / "not-consolidated.zarr", zarr_format=3, consolidated=False)
        _ensemble(rng).to_zarr(climate / "ensemble.zarr", zarr_format=3, consolidated=True)
    _vegetation(rng).to_zarr(
        imagery / "vegetation-sharded.zarr",
        zarr_format=3,
        consolidated=False,
        encoding={"ndvi": {"chunks": (1, 64, 64), "shards": (1, 256, 256)}},
    )
    scan = zarr.create_group(imagery / "microscope-scan.zarr", zarr_format=3)
    scan.create_array("pixels", data=rng.integers(0, 255, (3, 256, 256), dtype="uint8"), chunks=(1, 128, 128))
    (climate / "README.md").write_text(
        "# climate\n\nSynthetic fields in the shape of a reanalysis. Nothing here was measured.\n", encoding="utf-8"
    )
    stations = climate / "stations"
    stations.mkdir(parents=True)
    for number in range(_STATION_FILES):
        (stations / f"station-{number:04d}.json").write_text(
            json.dumps({"id": number, "lat": round(rng.uniform(-90, 90), 2), "lon": round(rng.uniform(0, 360), 2)}),
            encoding="utf-8",
        )


def write_scratch(folder: Path) -> None:
    """A scratch bucket of two users, and a bucket to keep things in. Of one store, chunks were deleted already."""
    weather = _weather(np.random.default_rng(_SEED))
    mine, keep = folder / "scratch" / "ada", folder / "persistent" / "ada"
    keep.mkdir(parents=True)
    (keep / "readme.txt").write_text("What lies here stays.\n", encoding="utf-8")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        weather[["t2m"]].isel(time=slice(0, 120)).to_zarr(mine / "forecast.zarr", zarr_format=3, consolidated=True)
        weather[["precip"]].to_zarr(mine / "experiment.zarr", zarr_format=3, consolidated=True)
    chunks = sorted(path for path in (mine / "experiment.zarr" / "precip" / "c").rglob("*") if path.is_file())
    for chunk in chunks[:3]:
        chunk.unlink()
    (mine / "tables").mkdir()
    for month in range(1, 7):
        (mine / "tables" / f"stations-2024-{month:02}.csv").write_text(
            "id,tas\n" + "1,281.4\n" * 20_000, encoding="utf-8"
        )
    (mine / "notes.csv").write_text("run,comment\n1,first try\n", encoding="utf-8")
    (folder / "scratch" / "grace").mkdir()
    (folder / "scratch" / "grace" / "readme.txt").write_text("Somebody else's.\n", encoding="utf-8")


def _weather(rng: np.random.Generator) -> xr.Dataset:
    time = np.arange("2024-01-01", "2024-03-01", 6, dtype="datetime64[h]").astype("datetime64[ns]")
    lat, lon = np.linspace(90, -90, 73, dtype="float32"), np.arange(0, 360, 2.5, dtype="float32")
    season = np.sin(np.linspace(0, 6, time.size))[:, None, None]
    base = 273 + 30 * np.cos(np.deg2rad(lat))[None, :, None] + 3 * season
    shape = (time.size, lat.size, lon.size)
    dims = ("time", "lat", "lon")
    return xr.Dataset(
        {
            "t2m": (
                dims,
                (base + rng.normal(0, 2, shape)).astype("float32"),
                {"units": "K", "long_name": "2 metre temperature", "standard_name": "air_temperature"},
            ),
            "precip": (
                dims,
                rng.gamma(0.3, 2, shape).astype("float32"),
                {"units": "mm", "long_name": "Total precipitation"},
            ),
        },
        coords={
            "time": time,
            "lat": ("lat", lat, {"units": "degrees_north", "standard_name": "latitude"}),
            "lon": ("lon", lon, {"units": "degrees_east", "standard_name": "longitude"}),
        },
        attrs={"title": "Synthetic surface fields", "Conventions": "CF-1.11"},
    ).chunk({"time": 60, "lat": 73, "lon": 72})


def _ensemble(rng: np.random.Generator) -> xr.DataTree:
    year = np.arange(1950, 2101)

    def member(warming: float) -> xr.Dataset:
        tas = 287 + warming * (year - 1950) / 150 + rng.normal(0, 0.15, year.size)
        return xr.Dataset({"tas": ("year", tas, {"units": "K"})}, coords={"year": year})

    return xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs={"title": "Synthetic scenarios"}),
            "/historical": member(1.0),
            "/ssp245": member(2.5),
            "/ssp585": member(4.8),
        }
    )


def _vegetation(rng: np.random.Generator) -> xr.Dataset:
    y, x = np.arange(512) * 10.0, np.arange(512) * 10.0
    ndvi = np.clip(rng.normal(0.5, 0.2, (4, y.size, x.size)), -1, 1).astype("float32")
    return xr.Dataset(
        {"ndvi": (("month", "y", "x"), ndvi, {"long_name": "Normalised difference vegetation index", "units": "1"})},
        coords={"month": [1, 4, 7, 10], "y": y, "x": x},
        attrs={"title": "Synthetic vegetation, sharded"},
    )
