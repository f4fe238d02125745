"""The cache stays within its bounds."""

from __future__ import annotations

from jupyterlab_zarrbrowser.cache import Cache


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_what_was_put_is_found() -> None:
    cache: Cache[str, int] = Cache(10, 60)
    cache.put("a", 1)
    assert cache.get("a") == 1
    assert cache.get("b") is None
    cache.put("a", 2)
    assert cache.get("a") == 2
    assert len(cache) == 1


def test_the_least_recently_used_leaves_first() -> None:
    cache: Cache[str, int] = Cache(3, 60)
    for name in "abc":
        cache.put(name, 0)
    cache.get("a")
    cache.put("d", 0)
    assert list(cache) == ["c", "a", "d"]


def test_weights_count() -> None:
    cache: Cache[str, int] = Cache(10, 60)
    cache.put("a", 0, 4)
    cache.put("b", 0, 4)
    cache.put("c", 0, 4)
    assert list(cache) == ["b", "c"]
    cache.put("b", 0, 1)
    cache.put("d", 0, 5)
    assert list(cache) == ["c", "b", "d"]
    cache.pop("c")
    cache.pop("missing")
    cache.put("e", 0, 4)
    assert list(cache) == ["b", "d", "e"]


def test_what_is_too_heavy_is_kept_alone() -> None:
    cache: Cache[str, int] = Cache(10, 60)
    cache.put("a", 0)
    cache.put("huge", 1, 1000)
    assert list(cache) == ["huge"]
    cache.put("b", 2)
    assert list(cache) == ["b"]


def test_entries_leave_when_they_are_old() -> None:
    clock = Clock()
    cache: Cache[str, int] = Cache(10, 60, clock)
    cache.put("a", 1, 10)
    clock.now_s = 60
    assert cache.get("a") == 1
    clock.now_s = 60.1
    assert cache.get("a") is None
    assert len(cache) == 0
    cache.put("b", 2, 10)
    assert cache.get("b") == 2


def test_reading_does_not_make_young() -> None:
    clock = Clock()
    cache: Cache[str, int] = Cache(10, 60, clock)
    cache.put("a", 1)
    for clock.now_s in (20.0, 40.0, 59.0):
        assert cache.get("a") == 1
    clock.now_s = 61
    assert cache.get("a") is None
