"""What a sample is, and the small helpers that all of them are written with."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

Array = npt.NDArray[Any]
Kind = Literal["dataset", "hierarchy", "arrays", "array", "broken"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One store and what is true of it."""

    #: Key of its root, without a trailing slash, relative to where the samples were written.
    name: str
    kind: Kind
    #: None where the root is no node of either format.
    zarr_format: Literal[2, 3] | None
    #: Whether the root holds (inline or ``.zmetadata``) metadata for all below it.
    consolidated: bool = False
    #: Paths of the groups relative to the root, which is ``""``.
    groups: tuple[str, ...] = ()
    #: Paths of the arrays relative to the root; ``""`` for a store that is one array.
    arrays: tuple[str, ...] = ()
    #: Group path -> what xarray shows of it, decoded.
    datasets: Mapping[str, xr.Dataset] = field(default_factory=dict)
    #: Array path -> values as zarr reads them, undecoded.
    values: Mapping[str, Array] = field(default_factory=dict)
    #: Array path -> shape of a shard, for arrays that have shards.
    shards: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    #: Paths of nodes that zarr-python refuses, or that mislead it.
    broken: tuple[str, ...] = ()
    #: What is wrong or remarkable, in a few words.
    note: str = ""


#: Writes one sample below a directory.
Writer = Callable[[Path], Sample]


@contextmanager
def quietly() -> Iterator[None]:
    """Hides warnings that these features are not in the v3 specification: that is why the samples have them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def weather(*, steps: int = 8, seed: int = 0) -> xr.Dataset:
    """A small dataset as users have them: three variables over time, latitude and longitude, with CF attributes."""
    random = np.random.default_rng(seed)
    time = np.datetime64("2000-01-01", "ns") + np.arange(steps) * np.timedelta64(6, "h")
    coords = {
        "time": ("time", time, {"standard_name": "time"}),
        "lat": ("lat", np.linspace(-75, 75, 6), {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": ("lon", np.arange(0.0, 360, 30), {"units": "degrees_east", "standard_name": "longitude"}),
    }
    shape = (steps, 6, 12)
    dims = ("time", "lat", "lon")
    fields = {
        "t2m": ("K", "2 metre temperature", 280 + 10 * random.standard_normal(shape)),
        "precip": ("mm", "total precipitation", random.gamma(1.0, 2.0, shape)),
        "u10": ("m s-1", "10 metre U wind", 5 * random.standard_normal(shape)),
    }
    variables = {
        name: (dims, values.astype("float32"), {"units": units, "long_name": title})
        for name, (units, title, values) in fields.items()
    }
    dataset = xr.Dataset(variables, coords, {"title": "synthetic weather", "Conventions": "CF-1.8"})
    dataset["time"].encoding = {"units": "hours since 2000-01-01", "calendar": "proleptic_gregorian", "dtype": "int64"}
    return dataset


def chunked(dataset: xr.Dataset, *chunks: int) -> dict[str, dict[str, Any]]:
    """``encoding=`` that gives these chunks to every variable with as many dimensions."""
    return {
        str(name): {"chunks": chunks} for name, variable in dataset.data_vars.items() if variable.ndim == len(chunks)
    }


def write_json(path: Path, document: Any) -> None:
    write_text(path, json.dumps(document, indent=1))


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
