"""When a store deletes what is in a scratch space.

Amazon's rule, which most others follow: an object expires that many days after it was written, rounded up to the next
midnight UTC, and is deleted some time after that
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html). Google counts from
the moment of writing (https://cloud.google.com/storage/docs/lifecycle#age).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

#: Where nothing says otherwise, as most hubs have it.
DEFAULT_DAYS = 7.0

LifetimeSource = Literal["bucket", "configured", "default"]


@dataclass(frozen=True, slots=True)
class LifetimeRule:
    """A rule of a bucket: objects whose key begins with ``prefix`` are deleted after ``days``."""

    prefix: str
    """Relative to the endpoint's root; a rule for all of a bucket has that of the bucket."""
    days: float


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long objects live, in days, below each prefix.

    ``rules`` are the bucket's own; where none of them holds, ``days`` does (None: for ever).
    """

    days: float | None
    source: LifetimeSource | None
    rules: Sequence[LifetimeRule] = ()

    def of(self, key: str) -> float | None:
        """Days for what lies at or below ``key``; the shortest where there are several rules."""
        days = [rule.days for rule in self.rules if key.startswith(rule.prefix)]
        return min(days) if days else self.days

    def shortest(self, key: str) -> float | None:
        """Days that anything at or below ``key`` lives at least; None for ever."""
        days = [self.of(key), *(rule.days for rule in self.rules if rule.prefix.startswith(key))]
        return min((each for each in days if each is not None), default=None)

    def cuts(self, key: str) -> list[str]:
        """Prefixes below a container, relative to it, at which another rule begins to hold."""
        return [rule.prefix[len(key) :] for rule in self.rules if rule.prefix.startswith(key) and rule.prefix != key]

    def source_of(self, key: str) -> LifetimeSource | None:
        return "bucket" if any(key.startswith(rule.prefix) for rule in self.rules) else self.source


def deleted_at(modified: str, days: float | None, *, at_midnight: bool = True) -> str | None:
    """When an object is deleted that was written at ``modified`` (ISO 8601, UTC); the earliest moment."""
    if days is None:
        return None
    try:
        end = moment_of(modified) + timedelta(days=days)
        return text_of(_next_midnight(end) if at_midnight else end)
    except OverflowError:  # a rule may say what is as good as never
        return None


def written_before(now: datetime, days: float | None, hours: float = 24, *, at_midnight: bool = True) -> str | None:
    """Objects written at or before this moment are deleted within so many hours; None where nothing is deleted."""
    if days is None:
        return None
    end = now + timedelta(hours=hours)
    try:
        if at_midnight:
            end = end.replace(hour=0, minute=0, second=0, microsecond=0)
        return text_of(end - timedelta(days=days))
    except OverflowError:
        return None


def moment_of(text: str) -> datetime:
    """A time of a listing: ``2026-11-21T10:00:00.000Z``."""
    return datetime.fromisoformat(text).astimezone(UTC)


def text_of(moment: datetime) -> str:
    """Whole seconds, rounded up: a listing's own times may have less."""
    return datetime.fromtimestamp(math.ceil(moment.timestamp()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _next_midnight(moment: datetime) -> datetime:
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return start if moment == start else start + timedelta(days=1)
