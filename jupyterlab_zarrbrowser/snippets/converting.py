"""A cell that writes a file of another format as Zarr: what a notebook does better than an upload."""

from __future__ import annotations

from typing import Any

from ..access import CellAccess
from .base import Code, Raw

#: What xarray opens by itself, and what it opens with rasterio.
NETCDF = (".nc", ".nc4", ".cdf", ".h5", ".hdf5")
GEOTIFF = (".tif", ".tiff")


def can_convert(name: str) -> bool:
    """Whether a file of that name can be written as Zarr."""
    return name.lower().endswith((*NETCDF, *GEOTIFF))


def convert_cell(path: str, target: str, access: CellAccess, *, has_dask: bool) -> str:
    """Code that opens the file at ``path`` and writes it to the address ``target``, where nothing may lie yet.

    Ends with the dataset as it can be opened from there.
    """
    code = Code(access)
    options = access.options or None
    chunks: Any = {} if has_dask else Raw("None")
    code.needs("xarray", "xr")
    if path.lower().endswith(GEOTIFF):
        code.note("Needs rioxarray.")
        code.needs("rioxarray")
        code.call("ds", "rioxarray.open_rasterio", path, chunks=chunks, band_as_variable=True)
    else:
        code.note("Needs h5netcdf or netCDF4.")
        code.call("ds", "xr.open_dataset", path, chunks=chunks)
    code.line(f"target = {target!r}")
    storage = f", storage_options={Code.literal(options)}" if options else ""
    # "w-" fails where something is there. In the older format consolidated metadata is no extension.
    code.line(f'ds.to_zarr(target, mode="w-", zarr_format=2, consolidated=True{storage})')
    code.line(f"xr.open_zarr(target, zarr_format=2, consolidated=True{storage})")
    return code.text()
