"""What zarr-python refuses to open, told from metadata alone.

zarr-python, and so xarray, refuses a whole group because of one member that it refuses, and everything below a root
whose consolidated metadata names such a member. So it matters before a cell is written. The rules are those that
zarr 3.1 and 3.4 share or the older has (``tests/snippets/test_support.py`` compares); what depends on values, such as a
fill value that does not fit its type, is left to the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .base import as_dict, as_list, as_shape

#: A deeper nest of shards is hostile.
_MAX_NESTED = 8

_V3_REQUIRED = ("data_type", "chunk_grid", "chunk_key_encoding", "codecs", "fill_value")
_V3_ARRAY = {
    *_V3_REQUIRED,
    "zarr_format",
    "node_type",
    "shape",
    "attributes",
    "dimension_names",
    "storage_transformers",
}
_V3_GROUP = {"zarr_format", "node_type", "attributes", "consolidated_metadata"}

_NUMCODECS = {
    *("adler32", "astype", "bitround", "blosc", "bz2", "crc32", "crc32c", "delta", "fixedscaleoffset", "fletcher32"),
    *("gzip", "jenkins_lookup3", "lz4", "lzma", "packbits", "quantize", "shuffle", "zlib", "zstd"),
}
_V3_TO_BYTES = {"bytes", "sharding_indexed", "vlen-utf8", "vlen-bytes"}
_V3_CODECS = {*_V3_TO_BYTES, "blosc", "crc32c", "gzip", "transpose", "zstd", *(f"numcodecs.{n}" for n in _NUMCODECS)}
_V2_CODECS = {*_NUMCODECS, "base64", "categorize", "vlen-utf8", "vlen-bytes"}

_V3_TYPES = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128", "string", "bytes", "variable_length_bytes"),
}
_V3_CONFIGURED_TYPES = {
    *("fixed_length_utf32", "null_terminated_bytes", "raw_bytes", "numpy.datetime64", "numpy.timedelta64"),
    "structured",
}
_V2_TYPE = re.compile(
    r"\|(b1|i1|u1|[SV][1-9]\d*)|[<>]([iuf][248]|c8|c16|U[1-9]\d*|[mM]8\[\d*(Y|M|W|D|h|m|s|ms|us|μs|ns|ps|fs|as)\])"
)


def v3_group(document: dict[str, Any]) -> str | None:
    """Why zarr-python refuses a group; None where nothing speaks against it."""
    extra = sorted(set(document) - _V3_GROUP)
    return f"it has the additional field {_shown(extra[0])}" if extra else None


def v3_array(document: dict[str, Any], shape: tuple[int, ...]) -> str | None:
    """Why zarr-python refuses an array; None where nothing speaks against it."""
    return next(_v3_problems(document, shape), None)


def _v3_problems(document: dict[str, Any], shape: tuple[int, ...]) -> Iterator[str]:
    yield from (f"`{name}` is missing" for name in _V3_REQUIRED if name not in document)
    for name in sorted(set(document) - _V3_ARRAY):
        if as_dict(document[name]).get("must_understand") is not False:
            yield f"it has the additional field {_shown(name)}, which a reader must understand"
    for name in ("chunk_grid", "chunk_key_encoding"):
        if isinstance(document.get(name), str):
            yield f"`{name}` is a plain string (Zarr 3.1), which it does not read yet"
    yield from _grid(as_dict(document.get("chunk_grid")), shape)
    yield from _chunk_keys(as_dict(document.get("chunk_key_encoding")))
    yield from _chain(document.get("codecs"), as_shape(_configuration(document.get("chunk_grid")).get("chunk_shape")))
    yield from _v3_type(document.get("data_type"))
    if document.get("fill_value") is None:
        yield "it has no fill value"
    dims = document.get("dimension_names")
    if dims is not None and (
        len(as_list(dims)) != len(shape) or not all(name is None or isinstance(name, str) for name in as_list(dims))
    ):
        yield "`dimension_names` does not fit its shape"
    yield from _sizes(document, "shape")


def _grid(grid: dict[str, Any], shape: tuple[int, ...]) -> Iterator[str]:
    name = grid.get("name")
    if name == "rectilinear":
        yield "its chunks are of unequal size (rectilinear), which only zarr 3.2 and newer reads, where it is enabled"
    elif name != "regular":
        yield f"the chunk grid {_shown(name)} is not known to it"
    else:
        yield from _chunks(_configuration(grid).get("chunk_shape"), shape)


def _chunks(raw: Any, shape: tuple[int, ...]) -> Iterator[str]:
    chunks = as_shape(raw)
    if chunks is None or len(chunks) != len(shape) or 0 in chunks:
        yield "its chunks do not fit its shape"


def _chunk_keys(encoding: dict[str, Any]) -> Iterator[str]:
    if encoding.get("name") not in ("default", "v2"):
        yield f"the chunk key encoding {_shown(encoding.get('name'))} is not known to it"
    if _configuration(encoding).get("separator", "/") not in ("/", "."):
        yield "the separator of its chunk keys is neither / nor ."


def _chain(raw: Any, chunks: tuple[int, ...] | None, depth: int = 0) -> Iterator[str]:
    codecs = as_list(raw)
    if any(isinstance(codec, str) for codec in codecs):
        yield "`codecs` has plain strings (Zarr 3.1), which it does not read yet"
    names = [as_dict(codec).get("name") for codec in codecs]
    yield from (_codec(name) for name in names if not _is_in(name, _V3_CODECS))
    if sum(_is_in(name, _V3_TO_BYTES) for name in names) != 1:
        yield "one of its codecs must make bytes, and one only"
    if depth == _MAX_NESTED:
        yield "its shards are nested too deeply"
        return
    for codec in codecs:
        if as_dict(codec).get("name") == "sharding_indexed":
            options = _configuration(codec)
            inner = as_shape(options.get("chunk_shape"))
            if inner is None or (chunks is not None and not _divides(inner, chunks)):
                yield "its shards do not hold whole chunks"
            yield from _chain(options.get("codecs"), inner, depth + 1)
            yield from _chain(options.get("index_codecs", [{"name": "bytes"}]), None, depth + 1)


def _divides(inner: tuple[int, ...], outer: tuple[int, ...]) -> bool:
    return len(inner) == len(outer) and all(a and not b % a for a, b in zip(inner, outer, strict=True))


def _v3_type(raw: Any) -> Iterator[str]:
    if isinstance(raw, str):
        if raw not in _V3_TYPES:
            yield f"the data type {_shown(raw)} is not known to it"
        return
    name = as_dict(raw).get("name")
    if name == "struct":
        yield "the data type 'struct' is read by zarr 3.2 and newer only"
    elif not _is_in(name, _V3_CONFIGURED_TYPES) or not isinstance(as_dict(raw).get("configuration"), dict):
        yield f"the data type {_shown(name)} is not known to it"


def v2_array(document: dict[str, Any], shape: tuple[int, ...]) -> str | None:
    """Why zarr-python refuses an array; None where nothing speaks against it."""
    return next(_v2_problems(document, shape), None)


def _v2_problems(document: dict[str, Any], shape: tuple[int, ...]) -> Iterator[str]:
    yield from (f"`{name}` is missing" for name in ("dtype", "chunks", "fill_value", "order") if name not in document)
    yield from _chunks(document.get("chunks"), shape)
    filters = document.get("filters")
    if filters is not None and not isinstance(filters, list):
        yield "`filters` is no list"
    codecs = [*as_list(filters), document.get("compressor")]
    names = [as_dict(codec).get("id") for codec in codecs if codec is not None]
    yield from _v2_type(document.get("dtype"), names)
    yield from (_codec(name) for name in names if not _is_in(name, _V2_CODECS))
    if document.get("order") not in ("C", "F"):
        yield "`order` is neither C nor F"
    if document.get("dimension_separator", ".") not in (".", "/"):
        yield "`dimension_separator` is neither . nor /"
    yield from _sizes(document, "shape", "chunks")


def _v2_type(raw: Any, codecs: list[Any]) -> Iterator[str]:
    if raw == "|O":
        if "vlen-utf8" not in codecs and "vlen-bytes" not in codecs:
            yield "it holds Python objects, which only a program of its writer should unpack"
    elif isinstance(raw, list):
        fields = [field for field in raw if isinstance(field, list)]
        plain = all(len(field) == 2 and _is_v2_type(field[1]) for field in fields)
        if not raw or len(fields) != len(raw) or not plain:
            yield "its data type has fields that zarr 3.1 does not know"
    elif not _is_v2_type(raw):
        yield f"the data type {_shown(raw)} is not known to it"


def _is_v2_type(raw: Any) -> bool:
    return isinstance(raw, str) and _V2_TYPE.fullmatch(raw) is not None


def _sizes(document: dict[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        if any(isinstance(size, float) for size in as_list(document.get(name))):
            yield f"`{name}` is written with decimal points"


def _configuration(extension: Any) -> dict[str, Any]:
    return as_dict(as_dict(extension).get("configuration"))


def _is_in(name: Any, known: Iterable[str]) -> bool:
    return isinstance(name, str) and name in known


def _codec(name: Any) -> str:
    return f"the codec {_shown(name)} is none that comes with it"


def _shown(name: Any) -> str:
    return repr(name[:80]) if isinstance(name, str) else "without a name"
