"""When things are deleted: rules, midnights, and which rule holds for what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jupyterlab_zarrbrowser.expiry import Lifetime, LifetimeRule, deleted_at, written_before


@pytest.mark.parametrize(
    ("modified", "days", "goes"),
    [
        ("2026-11-21T10:00:00.000Z", 7, "2026-11-29T00:00:00Z"),
        ("2026-11-21T00:00:00Z", 7, "2026-11-28T00:00:00Z"),
        ("2026-11-21T23:59:59.999Z", 1, "2026-11-23T00:00:00Z"),
        ("2026-12-31T12:00:00Z", 1, "2027-01-02T00:00:00Z"),
        ("2026-11-21T10:00:00Z", 0.5, "2026-11-22T00:00:00Z"),
    ],
)
def test_stores_round_up_to_midnight(modified: str, days: float, goes: str) -> None:
    assert deleted_at(modified, days) == goes


def test_what_lives_for_ever_is_never_deleted() -> None:
    assert deleted_at("2026-11-21T10:00:00Z", None) is None
    assert written_before(datetime(2026, 11, 21, tzinfo=UTC), None) is None


@pytest.mark.parametrize("hour", [0, 1, 12, 23])
def test_what_goes_within_a_day_is_what_is_deleted_by_then(hour: int) -> None:
    """Both ways to put it agree, whatever the time of day."""
    now = datetime(2026, 11, 21, hour, 30, tzinfo=UTC)
    before = written_before(now, 7)
    assert before is not None
    for day in range(10, 22):
        for time in ("00:00:00Z", "00:00:01Z", "11:59:59.000Z", "23:59:59Z"):
            modified = f"2026-11-{day}T{time}"
            goes = deleted_at(modified, 7)
            assert goes is not None
            within_a_day = datetime.fromisoformat(goes) <= datetime(2026, 11, 22, hour, 30, tzinfo=UTC)
            assert (modified <= before) == within_a_day, modified


def test_the_shortest_rule_of_a_prefix_holds() -> None:
    rules = [LifetimeRule("ada/", 30), LifetimeRule("ada/tmp/", 2), LifetimeRule("bob/", 1)]
    lifetime = Lifetime(7, "default", rules)
    assert lifetime.of("ada/x.zarr/") == 30
    assert lifetime.of("ada/tmp/x") == 2
    assert lifetime.of("carl/x") == 7
    assert lifetime.of("ad") == 7
    assert (lifetime.source_of("ada/x"), lifetime.source_of("carl/x")) == ("bucket", "default")
