"""Small Zarr stores of every sort that the browser should get right, good and broken, and what is true of them.

``write_all`` writes each into a directory: about 0.2 MB in 500 files, the same bytes every time. They reach object
stores by ``tests.servers.s3_client.upload_directory`` and the like.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import arrays, broken, datasets
from .datasets import Format
from .model import Array, Kind, Sample, Writer, quietly, weather

__all__ = ["WRITERS", "Array", "Kind", "Sample", "quietly", "weather", "write_all"]

_IN_BOTH_FORMATS: tuple[Callable[[Path, Format], Sample], ...] = (
    datasets.consolidated,
    datasets.unconsolidated,
    datasets.hierarchy,
    datasets.scalars,
    datasets.text,
    arrays.bare_arrays,
    arrays.root_array,
    arrays.kinds,
    arrays.odd_names,
    arrays.big_endian,
    broken.stale_consolidated,
)

_IN_ONE_FORMAT: tuple[Writer, ...] = (
    datasets.sharded_dataset,
    arrays.fortran_order,
    arrays.slash_separator,
    arrays.dot_separator,
    arrays.sharded,
    broken.unknown_codec,
    broken.unknown_dtype,
    broken.unknown_grid,
    broken.must_understand,
    broken.string_codecs,
    broken.null_dimension_name,
    broken.invalid_json,
    broken.not_zarr,
    broken.only_zattrs,
    broken.both_formats,
    broken.implicit_group,
    broken.byte_order_mark,
    broken.disagreeing_dimensions,
)

_FORMATS: tuple[Format, ...] = (2, 3)


def _in_format(writer: Callable[[Path, Format], Sample], zarr_format: Format) -> Writer:
    return lambda target: writer(target, zarr_format)


WRITERS: tuple[Writer, ...] = (
    *(_in_format(writer, number) for writer in _IN_BOTH_FORMATS for number in _FORMATS),
    *_IN_ONE_FORMAT,
)


def write_all(target: Path) -> dict[str, Sample]:
    """Writes every sample below a new or empty directory; returns them by name."""
    with quietly():
        samples = [writer(target) for writer in WRITERS]
    return {sample.name: sample for sample in samples}
