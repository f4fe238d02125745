"""Metadata that is huge, deep, cut off, or no text at all: always an answer, within bounds, and strict JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyterlab_zarrbrowser import wire

from .panel import Panel
from .trees import sharding, v2, v3, write_json, write_tree

Folder = tuple[Panel, Path]

#: No single node or row should be larger on the wire than this, whatever lies in the store.
_MAX_ANSWER = 1_500_000


def size_of(answer: Any) -> int:
    return len(msgspec.json.encode(answer))


def describe(folder: Folder, key: str = "") -> Any:
    node = folder[0].node(key)
    assert size_of(node) < _MAX_ANSWER
    return node


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_consolidated_metadata_of_megabytes(folder: Folder, zarr_format: int) -> None:
    panel, root = folder
    array: Any = v3((4, 4)) if zarr_format == 3 else v2((4, 4))
    members = {f"group{number:03d}/array{inner:02d}": array for number in range(200) for inner in range(65)}
    group: Any = {"zarr_format": 3, "node_type": "group", "attributes": {}} if zarr_format == 3 else {"zarr_format": 2}
    with_groups = {**{f"group{number:03d}": group for number in range(200)}, **members}
    if zarr_format == 3:
        inline = {"kind": "inline", "must_understand": False, "metadata": with_groups}
        write_json(root / "zarr.json", {**group, "consolidated_metadata": inline})
        name = "zarr.json"
    else:
        documents = {".zgroup": group} | {f"group{number:03d}/.zgroup": group for number in range(200)}
        for path, (document, attributes) in members.items():
            documents |= {f"{path}/.zarray": document, f"{path}/.zattrs": attributes}
        write_json(root / ".zmetadata", {"zarr_consolidated_format": 1, "metadata": documents, "fill": "x" * 2_000_000})
        name = ".zmetadata"
    assert (root / name).stat().st_size > 4_000_000
    node = describe(folder)
    assert (node.child_count, node.consolidated) == (200, True)
    [shown] = node.documents
    assert (shown.name, shown.is_truncated) == (name, True)
    assert shown.size_bytes == (root / name).stat().st_size
    assert (root / name).read_text().startswith(shown.text)
    rows = panel.expand("")
    assert len(rows) == 200
    assert isinstance(rows["group123"], wire.DatasetNode)
    assert rows["group123"].child_count == 65


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_long_list_of_attributes(folder: Folder, zarr_format: int) -> None:
    attributes = {"first": 1, "long": list(range(300_000)), "last": {"title": "after the list"}}
    if zarr_format == 3:
        write_tree(folder[1], {"a": v3()}, group={"attributes": attributes})
    else:
        write_tree(folder[1], {"a": v2()})
        write_json(folder[1] / ".zattrs", attributes)
    node = describe(folder)
    assert node.attributes["first"] == 1
    assert node.attributes["last"] == {"title": "after the list"}
    shown = node.attributes["long"]
    assert shown[:1000] == list(range(1000))
    assert shown[1000:] == ["… 299,000 more"]
    assert "attributes_cut" in {remark.code for remark in node.health}
    assert any(document.is_truncated for document in node.documents)


@pytest.mark.parametrize(
    "attributes",
    [
        {"text": "é" * 5_000_000},
        {f"key {number}": number for number in range(200_000)},
        {"matrix": [[0.1] * 900] * 900},
        {"k" * 3_000_000: 1},
        {"nested": [["x" * 1_000] * 500] * 50},
    ],
    ids=["text", "keys", "matrix", "key", "nested"],
)
def test_large_attributes_are_cut_and_marked(folder: Folder, attributes: dict[str, Any]) -> None:
    write_tree(folder[1], {"a": v3()}, group={"attributes": attributes})
    node = describe(folder)
    assert isinstance(node, wire.DatasetNode)
    assert "…" in json.dumps(node.attributes, ensure_ascii=False)
    assert "attributes_cut" in {remark.code for remark in node.health}


def test_small_attributes_are_not(folder: Folder) -> None:
    attributes = {"list": list(range(1000)), "text": "x" * 10_000, "none": None, "yes": True, "é": [1.5, {"a": []}]}
    write_tree(folder[1], {"a": v3(attributes=attributes)})
    node = describe(folder, "a/")
    assert node.attributes == attributes
    assert node.health == []


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [50, 300, 800])
def test_deep_attributes(folder: Folder, depth: int) -> None:
    write_tree(folder[1], {"a": v3(attributes={"deep": nested(depth)})})
    node = describe(folder, "a/")
    assert isinstance(node, wire.ArrayNode)
    assert (node.attributes == {"deep": nested(depth)}) == (depth == 50)


@pytest.mark.parametrize("name", ["zarr.json", ".zarray"])
def test_too_deep_to_be_read(folder: Folder, name: str) -> None:
    data = b'{"zarr_format": 3, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    write_json(folder[1] / "bad" / name, data)
    write_tree(folder[1], {"good": v3()})
    node = describe(folder, "bad/")
    assert node.problem.code == "unreadable_metadata"
    assert isinstance(folder[0].expand("")["good"], wire.ArrayNode)


def deep_codecs(depth: int) -> Any:
    codec: Any = sharding([1])
    for _ in range(depth):
        codec = sharding([1], codec)
    return codec


@pytest.mark.parametrize(
    "changes",
    [
        {"codecs": [deep_codecs(80)]},
        {"codecs": nested(300)},
        {"codecs": [{"name": "blosc", "configuration": {"deep": nested(300)}}]},
        {"codecs": [{"name": "x" * 1_000_000, "configuration": {"x": ["y"] * 500_000}}]},
        {"codecs": [{"name": f"codec{number}"} for number in range(20_000)]},
        {"codecs": {"name": "bytes"}},
        {"codecs": [None, 1, [], {"name": 5}, {"name": {}}]},
        {"fill_value": nested(300)},
        {"fill_value": ["x" * 3_000_000]},
        {"data_type": "x" * 3_000_000},
        {"data_type": {"name": ["x"]}},
        {"data_type": nested(300)},
        {"chunk_grid": nested(300)},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": "x" * 1_000_000}}},
        {"chunk_key_encoding": {"name": ["default"], "configuration": {"separator": {}}}},
        {"dimension_names": ["x" * 3_000_000]},
        {"dimension_names": {"x": 1}},
        {"attributes": [1, 2]},
        {"attributes": "text"},
        {"storage_transformers": nested(300)},
        {"x" * 1_000_000: 1},
    ],
    ids=lambda changes: next(iter(changes))[:20],
)
def test_an_array_of_which_one_field_is_nonsense(folder: Folder, changes: dict[str, Any]) -> None:
    write_tree(folder[1], {"good": v3(), "bad": {**v3(), **changes}})
    node = describe(folder, "bad/")
    assert isinstance(node, wire.ArrayNode)
    assert node.shape == [4]
    rows = folder[0].expand("")
    assert rows["good"].health == []
    assert size_of(rows["bad"]) < 100_000, "a row is small"
    assert isinstance(describe(folder), wire.GroupNode | wire.DatasetNode)


@pytest.mark.parametrize("shape", ["4", None, [4.5], [-1], [True], [[4]], [2**70], [1] * 65, {"0": 4}])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_shapes_that_are_none(folder: Folder, shape: Any, zarr_format: int) -> None:
    if zarr_format == 3:
        write_tree(folder[1], {"good": v3(), "bad": {**v3(), "shape": shape}})
    else:
        document, attributes = v2()
        write_tree(folder[1], {"good": v2(), "bad": ({**document, "shape": shape}, attributes)})
    rows = folder[0].expand("")
    assert isinstance(rows["bad"], wire.FolderNode)
    assert rows["bad"].problem is not None
    assert "`shape`" in rows["bad"].problem.message
    assert rows["good"].health == []


@pytest.mark.parametrize(
    "changes",
    [
        {"dtype": nested(300)},
        {"dtype": [["field", "zz"]] * 200_000},
        {"dtype": {"a": 1}},
        {"filters": {"id": "delta"}},
        {"filters": nested(300)},
        {"compressor": "zlib"},
        {"compressor": {"id": ["zlib"]}},
        {"order": ["C"]},
        {"order": {}},
        {"dimension_separator": []},
        {"chunks": "4"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_v2_array_of_which_one_field_is_nonsense(folder: Folder, changes: dict[str, Any]) -> None:
    document, attributes = v2()
    write_tree(folder[1], {"good": v2(), "bad": ({**document, **changes}, attributes)})
    assert isinstance(describe(folder, "bad/"), wire.ArrayNode)
    rows = folder[0].expand("")
    assert rows["good"].health == []
    assert size_of(rows["bad"]) < 100_000
    assert isinstance(describe(folder), wire.GroupNode)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe{",
        b'{"a": "\xff"}',
        b'{"zarr_format": 3,',
        b"[]",
        b"null",
        b'"zarr"',
        b"NaN",
        b"\x00" * 1000,
        b'{"a": 1e}',
        b"<html></html>",
        b'{"zarr_format": ' + b"1" * 5000 + b"}",
    ],
    ids=range(12),
)
@pytest.mark.parametrize("name", ["zarr.json", ".zgroup", ".zarray", ".zmetadata", ".zattrs"])
def test_documents_that_are_none(folder: Folder, name: str, data: bytes) -> None:
    panel, root = folder
    write_tree(root / "good", {"a": v2()})
    write_tree(root / "bad", {"a": v2()})
    write_json(root / "bad" / name, data)
    rows = panel.expand("")
    assert isinstance(rows["good"], wire.GroupNode)
    bad = describe(folder, "bad/")
    if name == ".zmetadata":
        assert isinstance(bad, wire.DatasetNode), "the others do without it"
        assert bad.consolidated is False
    else:
        assert bad.problem.code == "unreadable_metadata"
        assert name in bad.problem.message
    assert any(document.name == name for document in bad.documents)
    assert isinstance(panel.expand("bad/")["a"], wire.ArrayNode)


def test_text_that_cannot_be_written_as_utf_8(folder: Folder) -> None:
    """JSON may hold half of a surrogate pair as an escape, and zarr-python reads it."""
    broken = "\ud800"
    attributes = {broken: [broken], "title": "ok"}
    write_tree(folder[1], {"a": v3(attributes=attributes, dimension_names=[f"x{broken}"])}, consolidated=True)
    node = describe(folder, "a/")
    assert node.attributes == {"?": ["?"], "title": "ok"}
    assert node.dims == ["x?"]
    folder[0].expand("")


def test_numbers_beyond_what_javascript_holds(folder: Folder) -> None:
    attributes = {"big": 2**53, "small": -(2**64), "safe": 2**53 - 1, "huge": 10**400, "float": 1e308}
    write_tree(folder[1], {"a": v3(attributes=attributes, data_type="uint64", fill_value=2**64 - 1)})
    node = describe(folder, "a/")
    expected = {"big": str(2**53), "small": str(-(2**64)), "safe": 2**53 - 1, "huge": str(10**400), "float": 1e308}
    assert node.attributes == expected
    assert node.fill_value == str(2**64 - 1)


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_tokens_that_are_no_json(folder: Folder, token: str) -> None:
    text = json.dumps(v3(attributes={"x": "here"})).replace('"here"', token)
    write_json(folder[1] / "a" / "zarr.json", text.encode())
    shown = describe(folder, "a/").attributes["x"]
    assert shown == {"1e999": "Infinity", "-1e999": "-Infinity"}.get(token, token)


def test_paths_in_consolidated_metadata(folder: Folder) -> None:
    """Odd and endless paths neither hide the good ones nor escape the store."""
    members = {
        "good": v3(),
        "../outside": v3(),
        "": v3(),
        "/": v3(),
        "a//b": v3(),
        "x" * 5_000: v3(),
        "/".join(["deep"] * 400): v3(),
        "no object": 5,
    }
    inline = {"kind": "inline", "must_understand": False, "metadata": members}
    document = {"zarr_format": 3, "node_type": "group", "attributes": {}, "consolidated_metadata": inline}
    write_json(folder[1] / "zarr.json", document)
    rows = folder[0].expand("")
    assert isinstance(rows["good"], wire.ArrayNode)
    assert rows["no object"].problem is not None
    assert "x" * 5_000 not in rows
    assert isinstance(describe(folder), wire.GroupNode)
    assert list(folder[0].snippets("")) == ["zarr.open_group"]


def test_a_draft_of_version_3(folder: Folder) -> None:
    version = "https://purl.org/zarr/spec/protocol/core/3.0"
    write_json(folder[1] / "old" / "zarr.json", {"zarr_format": version, "node_type": "array"})
    node = describe(folder, "old/")
    assert "draft" in node.problem.message


def test_references_to_other_files(folder: Folder) -> None:
    write_json(folder[1] / "refs" / ".zmetadata", {"record_size": 1000, "metadata": {".zgroup": {"zarr_format": 2}}})
    node = describe(folder, "refs/")
    assert "kerchunk" in node.problem.message


def test_consolidated_metadata_with_json_in_json(folder: Folder) -> None:
    """Early writers did so."""
    document, attributes = v2()
    metadata = {".zgroup": '{"zarr_format": 2}', "a/.zarray": json.dumps(document), "a/.zattrs": json.dumps(attributes)}
    write_json(folder[1] / ".zmetadata", {"zarr_consolidated_format": 1, "metadata": metadata})
    node = describe(folder)
    assert isinstance(node, wire.DatasetNode)
    assert node.sizes == {"d0": 4}


@pytest.mark.parametrize("inline", [None, {}, 5, [], {"kind": "inline"}, {"kind": "inline", "metadata": []}])
def test_no_consolidated_metadata(folder: Folder, inline: Any) -> None:
    write_tree(folder[1], {"a": v3()}, group={"consolidated_metadata": inline})
    node = describe(folder)
    assert isinstance(node, wire.DatasetNode)
    assert node.consolidated is False


def test_irregular_chunks(folder: Folder) -> None:
    grid = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[1, [2, 2]]]}}
    write_tree(folder[1], {"a": v3((5,), chunk_grid=grid)})
    node = describe(folder, "a/")
    assert (node.chunks, node.shards) == (None, None)
    assert "rectilinear" in node.health[0].message


def test_chunks_inside_of_nested_shards(folder: Folder) -> None:
    codecs = [{"name": "transpose", "configuration": {"order": [0]}}, sharding([8], sharding([2]))]
    grid = {"name": "regular", "configuration": {"chunk_shape": [16]}}
    write_tree(folder[1], {"a": v3((32,), chunk_grid=grid, codecs=codecs)})
    node = describe(folder, "a/")
    assert (node.shards, node.chunks) == ([16], [2])


def test_a_child_that_may_not_be_read_hides_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where an object has other rights than its neighbours."""
    from jupyterlab_zarrbrowser.errors import BrowserError
    from jupyterlab_zarrbrowser.stores.local import LocalStore

    panel, root = folder
    write_tree(root, {"good": v3(), "secret": v3()})
    get = LocalStore.get

    async def forbidding(self: LocalStore, key: str, *, max_bytes: int) -> bytes:
        if key.startswith("secret/"):
            raise BrowserError("forbidden", "no")
        return await get(self, key, max_bytes=max_bytes)

    monkeypatch.setattr(LocalStore, "get", forbidding)
    rows = panel.expand("")
    assert isinstance(rows["good"], wire.ArrayNode)
    assert rows["secret"].problem is not None
    assert rows["secret"].problem.code == "forbidden"
    node = describe(folder)
    assert isinstance(node, wire.GroupNode), "xarray could not read all of it"
    assert node.child_count == 2
