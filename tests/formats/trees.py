"""Small Zarr trees written as bare JSON, so that every wrong turn of a writer can be taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: A v3 array is its ``zarr.json``; a v2 array its ``.zarray`` and its ``.zattrs``.
V3Array = dict[str, Any]
V2Array = tuple[dict[str, Any], Any]
Member = V3Array | V2Array

#: Leaves a field out.
ABSENT: Any = object()

BYTES = {"name": "bytes", "configuration": {"endian": "little"}}


def v3(shape: tuple[int, ...] = (4,), **changes: Any) -> V3Array:
    """Metadata of a valid array, with changes. Dimensions are called d0, d1, …"""
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": "int32",
        "chunk_grid": regular(*(max(size, 1) for size in shape)),
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [BYTES],
        "attributes": {},
        "dimension_names": [f"d{number}" for number in range(len(shape))],
        **changes,
    }
    return {name: value for name, value in document.items() if value is not ABSENT}


def regular(*chunks: int) -> dict[str, Any]:
    return {"name": "regular", "configuration": {"chunk_shape": list(chunks)}}


def sharding(inner: list[int], *codecs: Any) -> dict[str, Any]:
    options = {"chunk_shape": inner, "codecs": list(codecs) or [BYTES], "index_codecs": [BYTES, {"name": "crc32c"}]}
    return {"name": "sharding_indexed", "configuration": options}


def v2(shape: tuple[int, ...] = (4,), attributes: Any = None, **changes: Any) -> V2Array:
    """As :func:`v3`."""
    document = {
        "zarr_format": 2,
        "shape": list(shape),
        "chunks": [max(size, 1) for size in shape],
        "dtype": "<i4",
        "compressor": None,
        "fill_value": None,
        "order": "C",
        "filters": None,
        **changes,
    }
    if attributes is None:
        attributes = {"_ARRAY_DIMENSIONS": [f"d{number}" for number in range(len(shape))]}
    return {name: value for name, value in document.items() if value is not ABSENT}, attributes


def write_tree(
    root: Path, members: Mapping[str, Member], *, consolidated: bool = False, group: Mapping[str, Any] | None = None
) -> int:
    """Write a group of these members; returns its format. A path such as ``a/x`` implies a group ``a``."""
    write = _write_v2 if any(isinstance(member, tuple) for member in members.values()) else _write_v3
    return write(root, members, consolidated, dict(group or {}))


def _write_v3(root: Path, members: Mapping[str, Any], consolidated: bool, group: dict[str, Any]) -> int:
    document = {"zarr_format": 3, "node_type": "group", "attributes": {}, **group}
    if consolidated:
        document["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": dict(members)}
    write_json(root / "zarr.json", document)
    for name, member in members.items():
        write_json(root / name / "zarr.json", member)
    return 3


def _write_v2(root: Path, members: Mapping[str, Any], consolidated: bool, group: dict[str, Any]) -> int:
    documents: dict[str, Any] = {".zgroup": {"zarr_format": 2, **group}}
    for name, (array, attributes) in members.items():
        documents |= {f"{name}/.zarray": array, f"{name}/.zattrs": attributes}
    for name, document in documents.items():
        write_json(root / name, document)
    if consolidated:
        write_json(root / ".zmetadata", {"zarr_consolidated_format": 1, "metadata": documents})
    return 2


def write_json(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
