"""What is called a dataset is what xarray opens: every wrong turn of a writer, against xarray itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser import wire

from ..formats.panel import Panel
from ..formats.trees import ABSENT, BYTES, Member, regular, sharding, v2, v3, write_tree
from .interpreters import Interpreter

_WAVELET = {"name": "wavelet"}


def _configured(name: str, **configuration: Any) -> dict[str, Any]:
    return {"name": name, "configuration": configuration}


def _v2_dims(*names: Any) -> dict[str, Any]:
    return {"_ARRAY_DIMENSIONS": list(names)}


#: Both stacks open these.
GOOD: dict[str, Mapping[str, Member]] = {
    "plain": {"a": v3()},
    "scalar without names": {"a": v3(), "s": v3((), dimension_names=ABSENT)},
    "scalar with null names": {"s": v3((), dimension_names=None)},
    "two dimensions of one name": {"a": v3((2, 2), dimension_names=["x", "x"])},
    "variable named like one of its two dimensions": {"x": v3((2, 2), dimension_names=["x", "y"])},
    "empty name": {"a": v3(dimension_names=[""])},
    "length zero": {"a": v3((0, 3))},
    "64 dimensions": {"a": v3((1,) * 64)},
    "larger than any memory": {"a": v3((2**40,), chunk_grid=regular(2**39))},
    "sharded": {"a": v3(codecs=[sharding([2])])},
    "shards in shards": {"a": v3((8,), codecs=[sharding([4], sharding([2]))])},
    "transposed": {"a": v3((2, 2), codecs=[_configured("transpose", order=[1, 0]), BYTES])},
    "gzip": {"a": v3(codecs=[BYTES, _configured("gzip", level=1)])},
    "numcodecs in v3": {"a": v3(codecs=[BYTES, _configured("numcodecs.zlib", level=1)])},
    "filter of numcodecs in v3": {"a": v3(codecs=[_configured("numcodecs.delta", dtype="<i4"), BYTES])},
    "extra field that need not be understood": {"a": v3(extra={"must_understand": False})},
    "storage transformers": {"a": v3(storage_transformers=[])},
    "no attributes": {"a": v3(attributes=ABSENT)},
    "chunk keys without configuration": {"a": v3(chunk_key_encoding={"name": "default"})},
    "strings": {"a": v3(data_type="string", fill_value="", codecs=[{"name": "vlen-utf8"}])},
    "fixed strings": {"a": v3(data_type=_configured("fixed_length_utf32", length_bytes=16), fill_value="")},
    "fields": {
        "a": v3(
            data_type=_configured("structured", fields=[["a", "int32"], ["b", "float64"]]),
            fill_value="AAAAAAAAAAAAAAAA",
        )
    },
    "times": {"a": v3(data_type=_configured("numpy.datetime64", unit="s", scale_factor=1))},
    "hexadecimal fill value": {"a": v3(data_type="float32", fill_value="0x7fc00000")},
    "v2 plain": {"a": v2()},
    "v2 scalar": {"a": v2(())},
    "v2 extra field": {"a": v2(extra={"must_understand": True})},
    "v2 without filters": {"a": v2(filters=ABSENT, compressor=ABSENT)},
    "v2 fill null": {"a": v2(fill_value=None)},
    "v2 big endian": {"a": v2(dtype=">i4")},
    "v2 strings": {"a": v2(dtype="|O", filters=[{"id": "vlen-utf8"}], fill_value="")},
    "v2 fixed strings": {"a": v2(dtype="<U7", fill_value=""), "b": v2(dtype="|S4", fill_value="")},
    "v2 times": {"a": v2(dtype="<M8[ns]"), "b": v2(dtype="<m8[25s]")},
    "v2 fields": {"a": v2(dtype=[["a", "<i4"], ["b", "<f8"]], fill_value=None)},
    "v2 delta": {"a": v2(filters=[{"id": "delta", "dtype": "<i4"}], compressor={"id": "lz4", "acceleration": 1})},
    "v2 slash": {"a": v2(dimension_separator="/")},
}

#: The older stack refuses these, or finds nothing in them, or cannot show them in a notebook.
BAD: dict[str, Mapping[str, Member]] = {
    "nothing": {},
    "no names": {"a": v3(), "b": v3(dimension_names=ABSENT)},
    "null names": {"a": v3(dimension_names=None)},
    "too many names": {"a": v3(dimension_names=["x", "y"])},
    "a null name": {"a": v3((2, 2), dimension_names=["y", None])},
    "a number for a name": {"a": v3(dimension_names=[1])},
    "names in attributes only": {"a": v3(dimension_names=ABSENT, attributes=_v2_dims("x"))},
    "sizes disagree": {"a": v3((2,)), "b": v3((3,))},
    "sizes disagree in one array": {"a": v3((2, 3), dimension_names=["x", "x"])},
    "codecs as strings": {"a": v3(codecs=["bytes"], data_type="uint8")},
    "chunk keys as string": {"a": v3(chunk_key_encoding="default")},
    "chunk keys unknown": {"a": v3(chunk_key_encoding={"name": "fanout"})},
    "chunk keys with odd separator": {"a": v3(chunk_key_encoding=_configured("default", separator="-"))},
    "grid as string": {"a": v3(chunk_grid="regular")},
    "grid unknown": {"a": v3(chunk_grid=_configured("hexagonal"))},
    "grid rectilinear": {"a": v3(chunk_grid=_configured("rectilinear", kind="inline", chunk_shapes=[[1, 3]]))},
    "grid of another shape": {"a": v3((2, 2), chunk_grid=regular(2))},
    "chunks of no size": {"a": v3((2,), chunk_grid=regular(0))},
    "no codec": {"a": v3(codecs=[])},
    "unknown codec": {"a": v3(), "b": v3(codecs=[BYTES, _WAVELET])},
    "unknown codec in shards": {"a": v3(codecs=[sharding([2], BYTES, _WAVELET)])},
    "codec that makes no bytes": {"a": v3(codecs=[_configured("gzip", level=1)])},
    "shards that cut chunks": {"a": v3(codecs=[sharding([3])])},
    "extra field": {"a": v3(extra={"must_understand": True})},
    "extra scalar": {"a": v3(extra=1)},
    "order": {"a": v3(order="F")},
    "unknown type": {"a": v3(data_type="decimal128")},
    "type of newer zarr": {"a": v3(data_type=_configured("struct", fields=[]))},
    "configured type without configuration": {"a": v3(data_type={"name": "numpy.datetime64"})},
    "simple type with a configuration": {"a": v3(data_type=_configured("int32"))},
    "fill null": {"a": v3(fill_value=None)},
    "sizes with decimal points": {"a": {**v3(), "shape": [4.0]}},
    "size of 65 bits": {"a": {**v3(), "shape": [2**64]}},
    "negative size": {"a": {**v3(), "shape": [-1]}},
    "65 dimensions": {"a": v3((1,) * 65)},
    **{f"no {name}": {"a": v3(**{name: ABSENT})} for name in ("chunk_grid", "chunk_key_encoding", "codecs")},
    **{f"no {name}": {"a": v3(**{name: ABSENT})} for name in ("data_type", "fill_value", "node_type")},
    "v2 no names": {"a": v2(), "b": v2(attributes={})},
    "v2 scalar without names": {"a": v2((), attributes={})},
    "v2 too many names": {"a": v2(attributes=_v2_dims("x", "y"))},
    "v2 a null name": {"a": v2((2, 2), attributes=_v2_dims("x", None))},
    "v2 a number for a name": {"a": v2(attributes=_v2_dims(1))},
    "v2 unknown compressor": {"a": v2(compressor={"id": "wavelet"})},
    "v2 unknown filter": {"a": v2(filters=[{"id": "wavelet"}])},
    "v2 codec that needs a package": {"a": v2(compressor={"id": "zfpy"})},
    "v2 unknown type": {"a": v2(dtype="zz")},
    "v2 type without byte order": {"a": v2(dtype="i4")},
    "v2 byte order of a byte": {"a": v2(dtype="<i1")},
    "v2 quadruple precision": {"a": v2(dtype="<f16", fill_value=None)},
    "v2 pickles": {"a": v2(dtype="|O", filters=[{"id": "pickle", "protocol": 5}], fill_value=None)},
    "v2 objects without a codec": {"a": v2(dtype="|O", fill_value="")},
    "v2 fields in fields": {"a": v2(dtype=[["a", [["b", "<i4"]]]], fill_value=None)},
    "v2 no fields": {"a": v2(dtype=[], fill_value=None)},
    "v2 order": {"a": v2(order="Z")},
    "v2 separator": {"a": v2(dimension_separator="-")},
    "v2 chunks of another shape": {"a": v2(chunks=[2, 2])},
    "v2 chunks of no size": {"a": v2(chunks=[0])},
    "v2 attributes are a list": {"a": v2(attributes=[1])},
    **{f"v2 no {name}": {"a": v2(**{name: ABSENT})} for name in ("chunks", "dtype", "fill_value", "order")},
    "v2 sizes disagree": {"a": v2((2,)), "b": v2((3,))},
}

_CASES = {**GOOD, **BAD}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trees")
    for name, members in _CASES.items():
        for consolidated in (False, True):
            write_tree(root / f"{name} {consolidated}", members, consolidated=consolidated)
    return root


@pytest.fixture(scope="module")
def opened(trees: Path, interpreter: Interpreter) -> dict[str, str | None]:
    """Name of each tree -> None where xarray opens it, else why not."""
    stores = [
        (str(trees / f"{name} {consolidated}"), 2 if name.startswith("v2") else 3, consolidated)
        for name in _CASES
        for consolidated in (False, True)
    ]
    return {Path(store[0]).name: why for store, why in zip(stores, interpreter.opens(stores), strict=True)}


@pytest.fixture(scope="module")
def kinds(trees: Path) -> dict[str, tuple[type, list[wire.Health]]]:
    with Panel(kind="local", root=str(trees)) as panel:
        names = [f"{name} {consolidated}" for name in _CASES for consolidated in (False, True)]
        nodes = {name: panel.node(f"{name}/") for name in names}
        return {name: (type(node), node.health) for name, node in nodes.items()}


@pytest.mark.parametrize("consolidated", [False, True])
@pytest.mark.parametrize("name", GOOD)
def test_xarray_opens_it_and_it_is_called_a_dataset(
    name: str, consolidated: bool, opened: dict[str, str | None], kinds: dict[str, tuple[type, list[wire.Health]]]
) -> None:
    tree = f"{name} {consolidated}"
    assert opened[tree] is None
    assert kinds[tree] == (wire.DatasetNode, [])


@pytest.mark.parametrize("consolidated", [False, True])
@pytest.mark.parametrize("name", BAD)
def test_it_is_called_a_group(name: str, consolidated: bool, kinds: dict[str, tuple[type, list[wire.Health]]]) -> None:
    kind, health = kinds[f"{name} {consolidated}"]
    assert kind is wire.GroupNode
    assert name == "nothing" or "not_a_dataset" in {remark.code for remark in health}


#: The newer stack opens these. A cell may run on either.
_NEWER = {"chunks of no size", "v2 chunks of no size", "v2 byte order of a byte", "v2 fields in fields"}


def test_xarray_opens_none_of_them(opened: dict[str, str | None]) -> None:
    wrongly = {name.rpartition(" ")[0] for name, why in opened.items() if why is None} - set(GOOD)
    assert wrongly <= _NEWER, "the rules in formats/support.py have become too narrow"
