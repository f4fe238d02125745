"""Sums per child: always exact, however the key space was cut; chunks and metadata found by names alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import pairwise, product

import pytest

from jupyterlab_zarrbrowser import tally
from jupyterlab_zarrbrowser.expiry import Lifetime, LifetimeRule
from jupyterlab_zarrbrowser.stores import Block
from jupyterlab_zarrbrowser.tally import Row, Tally, Weight, behind


def time_of(key: str) -> str:
    """A time that the key tells, each of one length."""
    return f"2026-11-{1 + sum(map(ord, key)) % 28:02}T{len(key) % 24:02}:00:00.000Z"


def size_of(key: str) -> int:
    return sum(map(ord, key)) % 977


def blocks(keys: list[str], seed: int, longest: int = 40) -> list[Block]:
    """The keys in blocks as scans bring them: cut anywhere, in any order."""
    dice = random.Random(seed)
    ordered, cut = sorted(keys), [0]
    while cut[-1] < len(ordered):
        cut.append(min(len(ordered), cut[-1] + dice.randint(1, longest)))
    found = [ordered[start:stop] for start, stop in pairwise(cut)]
    dice.shuffle(found)
    return [Block(part, list(map(size_of, part)), list(map(time_of, part)), True) for part in found]


def tallied(keys: list[str], seed: int = 0, longest: int = 40, **options: str) -> Tally:
    before = options.get("before")
    found = Tally(lambda _: (None, before))
    for block in blocks(keys, seed, longest):
        found.add(block)
    return found


def weight_of(keys: list[str], before: str | None = None) -> Weight:
    """The same, in the plainest way."""
    going = [key for key in keys if before is not None and time_of(key) <= before]
    times = [time_of(key) for key in keys]
    return Weight(
        len(keys),
        sum(map(size_of, keys)),
        min(times, default=""),
        max(times, default=""),
        len(going),
        sum(map(size_of, going)),
    )


def same(row: Weight, expected: Weight) -> bool:
    names = ("objects", "bytes", "oldest", "newest", "expiring_objects", "expiring_bytes")
    return [getattr(row, name) for name in names] == [getattr(expected, name) for name in names]


def children(keys: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in keys:
        name, slash, _ = key.partition("/")
        found.setdefault(name + slash, []).append(key)
    return found


def grid(*counts: int) -> Iterator[tuple[int, ...]]:
    return product(*map(range, counts))


def joined(numbers: tuple[int, ...], separator: str) -> str:
    return separator.join(map(str, numbers))


#: Stores by name: keys, and chunks by array.
STORES: Mapping[str, tuple[list[str], dict[str, int]]] = {
    "v3.zarr": (
        ["zarr.json", "t/zarr.json", "x/zarr.json", "g/zarr.json", "g/u/zarr.json"]
        + [f"t/c/{joined(each, '/')}" for each in grid(3, 11, 2)]
        + [f"x/c/{number}" for number in range(13)]
        + [f"g/u/c/{joined(each, '/')}" for each in grid(2, 2)],
        {"t/": 66, "x/": 13, "g/u/": 4},
    ),
    "v2-dots.zarr": (
        [".zgroup", ".zattrs", ".zmetadata", "t/.zarray", "t/.zattrs", "x/.zarray", "g/.zgroup", "g/u/.zarray"]
        + [f"t/{joined(each, '.')}" for each in grid(12, 3)]
        + [f"x/{number}" for number in range(21)]
        + [f"g/u/{joined(each, '.')}" for each in grid(2, 1, 3)],
        {"t/": 36, "x/": 21, "g/u/": 6},
    ),
    "v2-slashes.zarr": (
        [".zgroup", "t/.zarray", "t/.zattrs", "x/.zarray"]
        + [f"t/{joined(each, '/')}" for each in grid(11, 3, 2)]
        + [f"x/{number}" for number in range(12)],
        {"t/": 66, "x/": 12},
    ),
    "sharded.zarr": (
        ["zarr.json", "t/zarr.json"] + [f"t/c/{joined(each, '/')}" for each in grid(2, 2)],
        {"t/": 4},
    ),
    "scalars.zarr": (
        [
            "zarr.json",
            "crs/zarr.json",
            "crs/c",
            "old/zarr.json",
            "old/0",
            "c/zarr.json",
            "c/c/0",
            "c/c/1",
            "c2/zarr.json",
        ],
        {"crs/": 1, "old/": 1, "c/": 2, "c2/": 0},
    ),
    "array-v2": ([".zarray", ".zattrs"] + [joined(each, ".") for each in grid(4, 5)], {"": 20}),
    "array-v3": (["zarr.json"] + [f"c/{joined(each, '/')}" for each in grid(4, 5)], {"": 20}),
    "array-v2-slashes": ([".zarray"] + [joined(each, "/") for each in grid(12, 5)], {"": 60}),
    "array-scalar": (["zarr.json", "c"], {"": 1}),
    "pyramid-v3.zarr": (
        ["zarr.json"]
        + [f"{level}/zarr.json" for level in range(3)]
        + [f"{level}/c/{joined(each, '/')}" for level in range(3) for each in grid(4 - level, 4 - level)],
        {"0/": 16, "1/": 9, "2/": 4},
    ),
}


def described(row: Row) -> dict[str, int]:
    """Chunks of what has metadata. A ``zarr.json`` may be that of a group, which has none."""
    return {path: array.chunks for path, array in row.arrays.items() if array.described}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", STORES)
def test_chunks_of_every_layout(name: str, seed: int) -> None:
    keys, chunks = STORES[name]
    below = [f"{name}/{key}" for key in keys]
    # Neighbours whose names begin alike, so that blocks hold more than one store.
    found = tallied([*below, f"{name}!/c/0", f"{name}0/0.0", f"{name}.bak/t/c/0", name], seed, 1 + 7 * seed)
    row = found.rows[f"{name}/"]
    assert {path: found for path, found in described(row).items() if found or path in chunks} == chunks
    assert same(row, weight_of(below))
    assert row.documents == {key for key in keys if "/" not in key and (key == "zarr.json" or key.startswith(".z"))}
    for path, array in row.arrays.items():
        inside = [key for key in below if key.startswith(f"{name}/{path}")]
        if array.described:
            document = next(key for key in inside if key in {f"{name}/{path}zarr.json", f"{name}/{path}.zarray"})
            assert array.described == time_of(document)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("before", [None, "2026-11-14T00:00:00Z"])
def test_sums_are_exact(seed: int, before: str | None) -> None:
    keys = [f"{name}/{key}" for name, (inside, _) in STORES.items() for key in inside]
    # Numbers as names, where chunks of one array cannot be told from those of another.
    keys += [f"ome.zarr/{joined(each, '/')}" for each in grid(3, 4, 4)] + ["ome.zarr/.zgroup", "ome.zarr/0/.zarray"]
    keys += [f"ome.zarr/{number}" for number in range(3, 9)] + ["ome.zarr/0/zarr.json", "ome.zarr/labels/0/1/zarr.json"]
    keys += ["at the top", "README.md", "b", "b0", "b!", "b/x", "b//y", "/leading", "//two", "marker/", "marker/x"]
    keys += [
        "newline/c/0\n",
        "arabic/\u0661",
        "c/c/c",
        "c/0",
        "0/c",
        "0.0",
        "1",
        "zarr.json",
        ".zgroup",
        "é/\U0001f600",
    ]
    found = tallied(keys, seed, before=before) if before else tallied(keys, seed)
    assert same(found.total, weight_of(keys, before))
    expected = children(keys)
    rows: dict[str, Row] = {**found.rows, **found.objects}
    assert set(rows) == set(expected)
    for name, inside in expected.items():
        assert same(rows[name], weight_of(inside, before)), name
    assert found.other_rows == 0


@pytest.mark.parametrize("seed", range(6))
def test_more_children_than_are_kept_apart(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MAX_ROWS", 10)
    monkeypatch.setattr(tally, "_MAX_OBJECT_ROWS", 5)
    keys = [f"folder-{number:02}/{inner}" for number in range(40) for inner in range(5)]
    keys += [f"object-{number:03}" for number in range(60)]
    found = tallied(keys, seed, longest=9)
    assert len(found.rows) == 10
    assert len(found.objects) <= 10
    kept = Weight()
    for name, row in {**found.rows, **found.objects}.items():
        assert same(row, weight_of(children(keys)[name])), "what is named is whole"
        kept.merge(row)
    kept.merge(found.other)
    assert same(kept, weight_of(keys))
    assert same(found.total, weight_of(keys))
    assert found.other_rows >= 40 + 60 - 20


def test_of_many_objects_the_heaviest_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MAX_OBJECT_ROWS", 5)
    found = Tally()
    names = [f"{number:03}" for number in range(200)]
    found.add(Block(names, [int(name) for name in names], [time_of(name) for name in names], False))
    heaviest = sorted(found.objects.values(), key=lambda row: -row.bytes)[:5]
    assert [row.bytes for row in heaviest] == [199, 198, 197, 196, 195]


def test_more_arrays_than_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MAX_ARRAYS", 3)
    keys = [f"store/a{number}/{name}" for number in range(9) for name in ("zarr.json", "c/0", "c/1")]
    found = tallied(keys, 1)
    assert len(found.rows["store/"].arrays) == 3
    assert same(found.total, weight_of(keys))


def test_each_child_has_its_own_date() -> None:
    """As where rules of a bucket hold below a prefix only."""
    dates = {"soon/": "2026-12-31T00:00:00Z", "later/": "2026-01-01T00:00:00Z"}
    found = Tally(lambda name: (None, dates.get(name)))
    keys = ["later/x", "never/x", "soon/x", "soon/y"]
    found.add(Block(keys, [1, 2, 4, 8], [time_of(key) for key in keys], False))
    assert {name: row.expiring_bytes for name, row in found.rows.items()} == {"soon/": 12, "later/": 0, "never/": 0}
    assert (found.total.expiring_objects, found.total.expiring_bytes) == (2, 12)


PREFIXES = ["a/tmp/", "a/tmp/long/", "a/t", "b", "b/x", "d/\U0010ffff", "c/"]


@pytest.mark.parametrize("seed", range(20))
def test_lives_of_several_lengths_in_one_child(seed: int) -> None:
    """Against each object looked at by itself."""
    dice = random.Random(seed)
    names = ["a", "b", "c", "d", "tmp", "t", "long", "x", "x!", "x0", "\U0010ffff", "\U0010ffffz"]
    keys = sorted({"/".join(dice.choices(names, k=dice.randint(1, 4))) for _ in range(400)})
    lifetime = Lifetime(dice.choice([None, 9]), "default", [LifetimeRule(p, dice.randint(1, 30)) for p in PREFIXES])

    def life(key: str) -> tuple[float | None, str | None]:
        days = lifetime.of(key)
        return days, f"2026-11-{days:02}T00:00:00Z" if days is not None else None

    found = Tally(life, lifetime.cuts(""))
    for block in blocks(keys, seed):
        found.add(block)
    going = [key for key in keys if time_of(key) <= (life(key)[1] or "")]
    assert (found.total.expiring_objects, found.total.expiring_bytes) == (len(going), sum(map(size_of, going)))
    for name, inside in children(keys).items():
        if not name.endswith("/"):
            continue
        ages: dict[float | None, list[str]] = {}
        for key in inside:
            ages.setdefault(lifetime.of(key), []).append(time_of(key))
        row = found.rows[name]
        expected = {days: (min(times), max(times)) for days, times in ages.items()}
        assert row.ages == expected or (not row.ages and list(expected) == [lifetime.of(name)])
        assert row.expiring_objects == sum(time_of(key) <= (life(key)[1] or "") for key in inside)


@pytest.mark.parametrize(
    ("prefix", "end"), [("a", "b"), ("a/", "a0"), ("a\U0010ffff", "b"), ("a\ud7ff", "a\ud800"), ("\U0010ffff", None)]
)
def test_what_comes_behind_a_prefix(prefix: str, end: str | None) -> None:
    assert behind(prefix) == end
    assert end is None or all(prefix + more < end for more in ("", "a", "\U0010ffff", "\U0010ffff" * 3))


def test_nothing() -> None:
    found = Tally()
    found.add(Block([], [], [], False))
    assert same(found.total, Weight())
    merged = Weight()
    merged.merge(Weight())
    assert same(merged, Weight())
