"""Pages of listings, compared with a listing made from all keys at once."""

from __future__ import annotations

import itertools
import json
from urllib.parse import urlencode

import pytest

from .fake_s3.bucket import Bucket
from .fake_s3.keys import Grid, One, Space, labels, numbers
from .gcs import Gcs
from .plain_http import request

KEYS = ("a", "a/", "a/b", "a/b/c", "a//d", "a0", "b/1", "b/10", "b/2", "zz/é/1", "zz/é/2", "zz/\U0001f600", "~")
PREFIXES = ("", "a", "a/", "a/b", "b/", "b/1", "zz/", "zz/é/", "nothing", "~")


def brute_force(keys: list[str], prefix: str, delimiter: str) -> list[tuple[str, bool]]:
    """Entries of a listing and whether each is a common prefix, in the order of their names."""
    entries = set()
    for key in keys:
        if key.startswith(prefix):
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                entries.add((prefix + rest[: rest.index(delimiter) + len(delimiter)], True))
            else:
                entries.add((key, False))
    return sorted(entries)


def make_bucket() -> tuple[Bucket, list[str]]:
    """Virtual keys of several shapes with writes, overwrites and deletions on top; and all keys it then has."""
    bucket = Bucket(
        "test",
        Space(
            [
                Grid("b/", [numbers(12), numbers(3)], separator="."),
                Grid("deep/", [labels("x%d", 3), labels("y%d", 4)], suffix="/end"),
                One("a/virtual", b"1"),
                One("same", b"1"),
                One("same/x", b"1"),
            ]
        ),
    )
    keys = {f"b/{i}.{j}" for i in range(12) for j in range(3)}
    keys |= {f"deep/x{i}/y{j}/end" for i in range(3) for j in range(4)} | {"a/virtual", "same", "same/x"}
    for key in KEYS:
        bucket.put(key, key.encode(), None, {})
    bucket.put("b/10.0", b"written over", None, {})
    keys |= set(KEYS)
    for key in ("same", "zz/é/1", "deep/x1/y0/end", *(f"deep/x2/y{i}/end" for i in range(4))):
        bucket.delete(key)
        keys.remove(key)
    return bucket, sorted(keys)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("delimiter", ["", "/", ".", "y"])
def test_fake_s3_pages(delimiter: str, limit: int) -> None:
    bucket, keys = make_bucket()
    for prefix in (*PREFIXES, "deep/", "deep/x", "same", "b/1"):
        found: list[tuple[str, bool]] = []
        after, truncated = "", True
        while truncated:
            entries, truncated = bucket.page(prefix, delimiter, after, limit)
            assert len(entries) == limit if truncated else len(entries) <= limit
            found += [(entry.key, entry.is_prefix) for entry in entries]
            after = entries[-1].key if entries else ""
        assert found == brute_force(keys, prefix, delimiter)


def test_fake_s3_starts_after_any_key() -> None:
    bucket, keys = make_bucket()
    for after in (*keys, "", "b/5", "~~"):
        entries, _ = bucket.page("", "", after, 1000)
        assert [entry.key for entry in entries] == [key for key in keys if key > after]


def test_fake_s3_reads_what_it_lists() -> None:
    bucket, _ = make_bucket()
    for entry in bucket.page("", "", "", 1000)[0]:
        stored = bucket.get(entry.key)
        assert stored is not None
        assert (stored.size, stored.etag) == (entry.size, entry.etag)
        assert len(stored.body[0 : stored.size]) == stored.size
    assert all(bucket.get(key) is None for key in ("same", "b", "b/12.0", "zz/é/1"))


@pytest.fixture(scope="module")
def gcs_bucket(gcs_server: Gcs) -> str:
    gcs_server.create_bucket("test-listing")
    for key in KEYS:
        if not key.endswith("/"):  # the emulator cannot hold those
            gcs_server.put("test-listing", key, key.encode())
    return "test-listing"


def list_gcs(gcs: Gcs, bucket: str, **parameters: object) -> list[dict[str, object]]:
    """All pages."""
    pages = []
    token = ""
    while True:
        asked = {name: value for name, value in {**parameters, "pageToken": token}.items() if value != ""}
        status, _, body = request(f"{gcs.url}/storage/v1/b/{bucket}/o?{urlencode(asked)}")
        assert status == 200, body
        pages.append(json.loads(body))
        token = pages[-1].get("nextPageToken", "")
        if not token:
            return pages


def entries_of(page: dict[str, object]) -> list[tuple[str, bool]]:
    items, prefixes = page.get("items", []), page.get("prefixes", [])
    assert isinstance(items, list)
    assert isinstance(prefixes, list)
    return [*((item["name"], False) for item in items), *((name, True) for name in prefixes)]


@pytest.mark.parametrize(("limit", "short"), [(1, False), (2, False), (3, True), (1000, False)])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_gcs_pages(gcs: Gcs, gcs_bucket: str, delimiter: str, limit: int, short: bool) -> None:
    gcs.configure(short_pages=short)
    keys = [key for key in KEYS if not key.endswith("/")]
    for prefix in PREFIXES:
        pages = list_gcs(gcs, gcs_bucket, prefix=prefix, delimiter=delimiter, maxResults=limit)
        found = [sorted(entries_of(page)) for page in pages]
        assert all(len(entries) <= limit for entries in found)
        assert list(itertools.chain(*found)) == brute_force(keys, prefix, delimiter)


def test_gcs_counts_pages(gcs: Gcs, gcs_bucket: str) -> None:
    with gcs.recording() as recording:
        pages = list_gcs(gcs, gcs_bucket, maxResults=5)
    assert recording.ops == {"List": len(pages)} == {"List": 3}


def test_gcs_leaves_out_what_is_empty(gcs: Gcs, gcs_bucket: str) -> None:
    (page,) = list_gcs(gcs, gcs_bucket, prefix="nothing")
    assert page == {"kind": "storage#objects"}


def test_gcs_offsets_and_fields(gcs: Gcs, gcs_bucket: str) -> None:
    (page,) = list_gcs(gcs, gcs_bucket, startOffset="a0", endOffset="b/2", fields="items(name,size)")
    assert page == {"items": [{"name": name, "size": str(len(name))} for name in ("a0", "b/1", "b/10")]}


def test_gcs_refuses_a_foreign_token(gcs: Gcs, gcs_bucket: str) -> None:
    status, _, body = request(f"{gcs.url}/storage/v1/b/{gcs_bucket}/o?pageToken=%25%25")
    assert (status, json.loads(body)["error"]["code"]) == (400, 400)


def test_gcs_buckets_by_page(gcs: Gcs, gcs_bucket: str) -> None:
    for name in ("test-pages-1", "test-pages-2", "test-pages-3"):
        gcs.create_bucket(name)
    url = f"{gcs.url}/storage/v1/b?project=p&prefix=test-pages&maxResults=2"
    first = json.loads(request(url)[2])
    second = json.loads(request(f"{url}&pageToken={first['nextPageToken']}")[2])
    assert [bucket["name"] for bucket in first["items"]] == ["test-pages-1", "test-pages-2"]
    assert [bucket["name"] for bucket in second["items"]] == ["test-pages-3"]
    assert "nextPageToken" not in second
    assert request(f"{gcs.url}/storage/v1/b")[0] == 400
