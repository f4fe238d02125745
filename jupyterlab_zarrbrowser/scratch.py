"""What is known of a user's scratch space without counting it: how long things live there, how much there may be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from . import wire
from .cache import Cache
from .discovery import ScratchPlace
from .errors import BrowserError
from .expiry import Lifetime, LifetimeRule
from .stores import Store

#: Rules of a bucket change rarely.
_RULES_S = 900

#: The administrator's function may ask a service.
_QUOTA_S = 10


class Lifetimes:
    """Reads, once in a while, what a bucket itself says about deletion."""

    def __init__(self) -> None:
        self._rules: Cache[str, tuple[Sequence[LifetimeRule]]] = Cache(1000, _RULES_S)

    async def of(self, store: Store, key: str, place: ScratchPlace | None) -> Lifetime:
        """How long things live at and below ``key``; a bucket that does not tell is no error."""
        bucket = store.bucket_of(key)
        known = self._rules.get(f"{store.id}\n{bucket}")
        rules = known[0] if known is not None else None
        if rules is None:
            try:
                rules = await store.lifetimes(key)
            except BrowserError as exc:
                rules = []
                if exc.retryable:
                    return _lifetime(place, rules)  # not remembered
            self._rules.put(f"{store.id}\n{bucket}", (rules,))
        return _lifetime(place, rules)


def _lifetime(place: ScratchPlace | None, rules: Sequence[LifetimeRule]) -> Lifetime:
    """The bucket's rules, and what holds where there are none."""
    if place is None:
        return Lifetime(None, None, rules)
    return Lifetime(place.lifetime_days, place.lifetime_source, rules)


async def quota_of(place: ScratchPlace) -> tuple[int | None, wire.Problem | None]:
    """The administrator's number, or what his function says of this user."""
    quota: int | Callable[[str], Any] | None = place.config.quota_bytes
    if not callable(quota):
        return quota, None
    try:
        async with asyncio.timeout(_QUOTA_S):
            found = await asyncio.to_thread(quota, place.user)
            return (int(found) if found else None), None
    except Exception as exc:  # noqa: BLE001  (it is somebody else's code)
        problem = BrowserError(
            "bad_configuration",
            f"The quota is not known: the function in the configuration failed ({type(exc).__name__}).",
            "Ask the administrator to look at `quota_bytes` in c.ZarrBrowser.scratch.",
        )
        return None, problem.problem()


def keep_of(store: Store, others: Sequence[Store]) -> list[str]:
    """Ids of places to keep things in, the nearest first: on the same service, of the same kind, elsewhere."""
    near = sorted(others, key=lambda each: (not each.shares_service(store), type(each) is not type(store)))
    return [each.id for each in near]


async def location_of(
    store: Store,
    title: str,
    writable: bool,
    place: ScratchPlace,
    lifetime: Lifetime,
    usage: wire.Usage | None,
    keep: list[str],
) -> wire.ScratchLocation:
    """One place, as the panel shows it."""
    quota, problem = await quota_of(place)
    return wire.ScratchLocation(
        endpoint=store.id,
        key=place.own_key,
        title=title,
        uri=store.uri(place.own_key),
        variable=place.variable,
        writable=writable,
        renewable=writable and place.config.renewable,
        lifetime_days=lifetime.of(place.own_key),
        lifetime_source=lifetime.source_of(place.own_key),
        quota_bytes=quota,
        warn_at=sorted(place.config.warn_at),
        price_per_tb_month=place.config.price_per_tb_month,
        currency=place.config.currency,
        usage=usage,
        keep=keep,
        problem=problem,
    )
