"""The buckets: what is in them and why.

============== ========================================================================================================
million        1,000,000 objects of 1 KiB, ``d000/k000000.bin`` to ``d099/k009999.bin``
million-flat   1,000,000 objects at the root, ``k0000000.bin`` and on
wide           100,000 top-level prefixes, ``p000000/`` and on, of 3 objects each
deep           one chain of 40 nested prefixes with 10 objects at each level
zarrs          500 Zarr stores in 10 regions: even numbers v2, odd v3; every fifth without consolidated metadata; every
               third compressed; real metadata and values, some 2,600 virtual chunks each
bigzarr        groups of 1,000 arrays with 100 chunks each: v2 and v3, consolidated and plain
huge           one v3 array of 100,000,000 chunks: a trap for whoever lists it
demo, private  small mixed files, odd key names, a v2 and a v3 store; ``private`` refuses unsigned requests
scratch        empty
============== ========================================================================================================

All take writes, which are kept in memory.
"""

from __future__ import annotations

import array
import functools
import gzip
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .keys import BASE_TIME, Big, Grid, One, Segment, labels, numbers

#: v2 dtype -> v3 data type, type code of ``array.array``, bytes per value.
_DTYPES = {"<f4": ("float32", "f", 4), "<i8": ("int64", "q", 8)}


@dataclass(frozen=True)
class Variable:
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dims: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    dtype: str = "<f4"
    #: Values count up within each chunk instead of waving.
    ramp: bool = False


@functools.lru_cache(512)
def _chunk(dtype: str, count: int, ramp: bool, codec: str | None) -> bytes:
    code = _DTYPES[dtype][1]
    period = range(count) if ramp else range(1000)
    cycle = list(period) if code == "q" else [float(i) if ramp else math.sin(i / 97) * 20 + 280 for i in period]
    content = array.array(code, (cycle * (count // len(cycle) + 1))[:count]).tobytes()
    if codec == "gzip":
        return gzip.compress(content, 1, mtime=0)
    return zlib.compress(content, 1) if codec == "zlib" else content


def _metadata(zarr_format: int, variable: Variable, compressed: bool) -> dict[str, Any]:
    """File name -> document."""
    is_float = variable.dtype == "<f4"
    if zarr_format == 2:
        document = {
            "zarr_format": 2,
            "shape": variable.shape,
            "chunks": variable.chunks,
            "dtype": variable.dtype,
            "fill_value": "NaN" if is_float else None,
            "order": "C",
            "filters": None,
            "dimension_separator": ".",
            "compressor": {"id": "zlib", "level": 1} if compressed else None,
        }
        return {".zarray": document, ".zattrs": {"_ARRAY_DIMENSIONS": variable.dims, **variable.attributes}}
    codecs: list[dict[str, Any]] = [{"name": "bytes", "configuration": {"endian": "little"}}]
    if compressed:
        codecs.append({"name": "gzip", "configuration": {"level": 1}})
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": variable.shape,
        "data_type": _DTYPES[variable.dtype][0],
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": variable.chunks}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "NaN" if is_float else 0,
        "codecs": codecs,
        "attributes": variable.attributes,
        "dimension_names": variable.dims,
        "storage_transformers": [],
    }
    return {"zarr.json": document}


def zarr_store(
    root: str,
    zarr_format: int,
    variables: dict[str, Variable],
    attributes: dict[str, Any],
    *,
    consolidated: bool = True,
    compressed: bool = False,
    modified: int = BASE_TIME,
) -> list[Segment]:
    segments: list[Segment] = []
    documents: dict[str, Any] = {}
    codec = ("zlib" if zarr_format == 2 else "gzip") if compressed else None
    chunk_folder, separator = ("", ".") if zarr_format == 2 else ("c/", "/")
    for name, variable in variables.items():
        for file, document in _metadata(zarr_format, variable, compressed).items():
            documents[f"{name}/{file}"] = document
        counts = [-(-size // chunk) for size, chunk in zip(variable.shape, variable.chunks, strict=True)]
        count = math.prod(variable.chunks)
        body = functools.partial(_chunk, variable.dtype, count, variable.ramp, codec)
        size = len(body()) if compressed else count * _DTYPES[variable.dtype][2]
        grid = [numbers(count) for count in counts]
        prefix = f"{root}/{name}/{chunk_folder}"
        segments.append(Grid(prefix, grid, separator=separator, size=size, body=body, modified=modified))
    documents.update(_group_documents(zarr_format, documents, attributes, consolidated))
    segments += [One(f"{root}/{name}", document, modified=modified) for name, document in documents.items()]
    return segments


def _group_documents(
    zarr_format: int, members: dict[str, Any], attributes: dict[str, Any], consolidated: bool
) -> dict[str, Any]:
    if zarr_format == 2:
        documents: dict[str, Any] = {".zgroup": {"zarr_format": 2}, ".zattrs": attributes}
        if consolidated:
            metadata = dict(sorted({**members, **documents}.items()))
            documents[".zmetadata"] = {"zarr_consolidated_format": 1, "metadata": metadata}
        return documents
    group: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    if consolidated:
        metadata = {name.removesuffix("/zarr.json"): document for name, document in sorted(members.items())}
        group["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": metadata}
    return {"zarr.json": group}


def weather_store(root: str, zarr_format: int, *, steps: int = 480, title: str = "", **how: Any) -> list[Segment]:
    """Three variables of ``steps`` x 96 x 192 values in some 50 x 4 x 4 chunks, and their coordinates."""
    lat, lon = 96, 192
    variables = {
        "lat": Variable((lat,), (lat,), ("lat",), {"units": "degrees_north", "standard_name": "latitude"}, ramp=True),
        "lon": Variable((lon,), (lon,), ("lon",), {"units": "degrees_east", "standard_name": "longitude"}, ramp=True),
        "time": Variable(
            (steps,),
            (steps,),
            ("time",),
            {"units": "hours since 2000-01-01", "calendar": "proleptic_gregorian"},
            "<i8",
            ramp=True,
        ),
    }
    fields = {
        "t2m": ("K", "2 metre temperature"),
        "precip": ("mm", "total precipitation"),
        "u10": ("m s-1", "10 metre U wind"),
    }
    for name, (units, long_name) in fields.items():
        attributes = {"units": units, "long_name": long_name}
        chunks = (max(1, steps // 50), 24, 48)
        variables[name] = Variable((steps, lat, lon), chunks, ("time", "lat", "lon"), attributes)
    return zarr_store(root, zarr_format, variables, {"title": title or "synthetic", "Conventions": "CF-1.8"}, **how)


def _million() -> Iterable[Segment]:
    yield Grid("", [labels("d%03d", 100), labels("k%06d", 10_000)], suffix=".bin")


def _million_flat() -> Iterable[Segment]:
    yield Grid("", [labels("k%07d", 1_000_000)], suffix=".bin")


def _wide() -> Iterable[Segment]:
    yield Grid("", [labels("p%06d", 100_000), ["a.txt", "b/c.txt", "d.txt"]], size=64)


def _deep() -> Iterable[Segment]:
    for depth in range(41):
        yield Grid("".join(f"n{level:02d}/" for level in range(depth)), [labels("f%02d.txt", 10)], size=32)


def _zarrs() -> Iterable[Segment]:
    for number in range(500):
        yield from weather_store(
            f"region{number % 10}/store{number:03d}.zarr",
            3 if number % 2 else 2,
            consolidated=number % 5 != 0,
            compressed=number % 3 == 0,
            modified=BASE_TIME + number * 3600,
            title=f"synthetic store {number}",
        )


def _bigzarr() -> Iterable[Segment]:
    variables = {
        f"var{number:04d}": Variable(
            (1000, 1000), (100, 100), ("y", "x"), {"units": "1", "long_name": f"variable number {number}"}
        )
        for number in range(1000)
    }
    for zarr_format in (2, 3):
        for word in ("consolidated", "plain"):
            yield from zarr_store(
                f"v{zarr_format}-{word}.zarr",
                zarr_format,
                variables,
                {"title": "a thousand arrays"},
                consolidated=word == "consolidated",
            )


def _huge() -> Iterable[Segment]:
    yield from zarr_store("huge.zarr", 3, {"x": Variable((10_000, 10_000, 100), (10, 10, 1), ("t", "y", "x"))}, {})


def _demo() -> Iterable[Segment]:
    yield from weather_store("climate/reanalysis-v2.zarr", 2, steps=100)
    yield from weather_store("climate/reanalysis-v3.zarr", 3, steps=100)
    stations = b"id,lat,lon\n" + b"".join(b"%d,%d,%d\n" % (i, i % 90, i % 180) for i in range(1000))
    small: list[Segment] = [
        One("README.md", b"# Demo bucket\n"),
        One("tables/stations.csv", stations),
        One("images/blank.pgm", b"P5 2 2 255\n\x00\x7f\x7f\xff"),
        One("odd/marker/", b""),
        Big("big.bin", 32 << 20),
    ]
    yield from small
    for key in ODD_KEYS:
        yield One(key, b"1")


#: Keys that are easily mangled on the way through URLs, XML and file systems. ``same`` is also a prefix.
ODD_KEYS = (
    "odd/sp ace.txt",
    "odd/\u00fcn\u00ef/caf\u00e9.txt",
    "odd/a+b&c=d;e.txt",
    "odd/per%20cent.txt",
    "odd/#hash?.txt",
    "odd/<angle>.txt",
    "odd/'quote\".txt",
    "odd/double//slash.txt",
    "odd/marker/inside.txt",
    "odd/emoji-\U0001f600.txt",
    "same",
    "same/x",
)

_EMPTY: tuple[Segment, ...] = ()

BUCKETS: dict[str, Callable[[], Iterable[Segment]]] = {
    "million": _million,
    "million-flat": _million_flat,
    "wide": _wide,
    "deep": _deep,
    "zarrs": _zarrs,
    "bigzarr": _bigzarr,
    "huge": _huge,
    "demo": _demo,
    "private": _demo,
    "scratch": lambda: _EMPTY,
}


def segments_of(names: Sequence[str] = ()) -> dict[str, list[Segment]]:
    """Bucket -> its virtual content, for some buckets or for all."""
    return {name: list(make()) for name, make in BUCKETS.items() if not names or name in names}
