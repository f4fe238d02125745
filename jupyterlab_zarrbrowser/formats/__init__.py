"""The formats, in order of priority. A new one is one file here and one line in :data:`FORMATS`."""

from __future__ import annotations

from .base import ArrayFacts, BrokenFacts, CodecFacts, Facts, Format, Found, GroupFacts, Read
from .zarr_v2 import ZarrV2
from .zarr_v3 import ZarrV3

#: Where both formats' metadata are present, zarr-python takes v3, and so do we.
FORMATS: tuple[Format, ...] = (ZarrV3(), ZarrV2())

#: Objects that are part of a node and no children of it.
METADATA_NAMES = frozenset(name for fmt in FORMATS for name in fmt.documents)

__all__ = [
    "FORMATS",
    "METADATA_NAMES",
    "ArrayFacts",
    "BrokenFacts",
    "CodecFacts",
    "Facts",
    "Format",
    "Found",
    "GroupFacts",
    "Read",
]
