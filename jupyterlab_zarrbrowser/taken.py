"""What lies at keys already: asked before anything is put, for thousands of keys in few requests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from os.path import commonprefix
from typing import NamedTuple

from .concurrency import gather
from .errors import BrowserError
from .keys import alternatives, parent_of
from .scan import patiently
from .stores import Store

#: Keys that are looked for one after the other.
_STRETCH = 200

#: What sorts behind all that a name may go on with.
_HIGHEST = "\U0010fffd"


class Found(NamedTuple):
    """What lies at a key."""

    size: int | None
    """In bytes; None for a container."""
    modified: str
    """ISO 8601, as the store says it; empty where it does not."""


_SOMETHING = Found(None, "")


async def found_at(store: Store, keys: Sequence[str]) -> dict[str, Found]:
    """The objects that are there, and the containers below which anything lies; others are left out.

    Costs a request for 1,000 neighbours or fewer, and nothing for those behind the last that is there.
    """
    plain = sorted({key for key in keys if not key.endswith("/")})
    stretches = [plain[start : start + _STRETCH] for start in range(0, len(plain), _STRETCH)]
    found: dict[str, Found] = {}
    for part in await gather(_sizes(store, stretch) for stretch in stretches):
        found |= part
    containers = list({key for key in keys if key.endswith("/")})
    for key, is_there in zip(containers, await gather(holds(store, key) for key in containers), strict=True):
        if is_there:
            found[key] = _SOMETHING
    return found


async def _sizes(store: Store, keys: Sequence[str]) -> dict[str, Found]:
    """Sizes of those of some sorted keys that are there."""
    container = _common_container(keys)
    if not store.can_scan or (store.has_buckets and not container):
        return await _stats(store, keys)
    found: dict[str, Found] = {}
    left = 0
    try:
        while left < len(keys):
            after = _just_before(keys[left])[len(container) :]
            block = await patiently(partial(store.scan, container, after=after, limit=store.scan_limit))
            columns = zip(block.keys, block.sizes, block.modified, strict=True)
            there = {container + name: Found(size, modified) for name, size, modified in columns}
            last = container + block.keys[-1] if block.keys else ""
            begin = left
            while left < len(keys) and (not block.goes_on or keys[left] <= last):
                if keys[left] in there:
                    found[keys[left]] = there[keys[left]]
                left += 1
            if block.cursor is not None:
                # In an order of its own: what is not on this page may be on another.
                return found | await _stats(store, keys)
            if left == begin:
                # Very many keys lie between the last that is sure to come before it and itself.
                found |= await _stats(store, keys[left : left + 1])
                left += 1
    except BrowserError as exc:
        if exc.code == "not_found":  # a folder of a file system
            return found
        if exc.code not in {"list_forbidden", "list_unsupported"}:
            raise
        found |= await _stats(store, keys[left:])
    return found


async def _stats(store: Store, keys: Sequence[str]) -> dict[str, Found]:
    async def one(key: str) -> Found | None:
        try:
            entry = await patiently(partial(store.stat, key))
        except BrowserError as exc:
            if exc.code != "not_found":
                raise
            return None
        return Found(entry.size_bytes, entry.modified_at or "")

    answers = await gather(one(key) for key in keys)
    return {key: found for key, found in zip(keys, answers, strict=True) if found is not None}


async def is_taken(store: Store, key: str) -> bool:
    """Whether an object lies at ``key``, or anything below the container that it names."""
    return await holds(store, key) if key.endswith("/") else await has_object(store, key)


async def has_object(store: Store, key: str) -> bool:
    """Whether an object has exactly this key."""
    return bool(await _stats(store, [key]))


async def holds(store: Store, container: str) -> bool:
    """Whether anything lies below a container, or it is a bucket that is there."""
    try:
        if store.has_buckets and not parent_of(container):
            await store.list(container, limit=1)
            return True
        return bool((await patiently(partial(store.scan, container, limit=1))).keys)
    except BrowserError as exc:
        if exc.code in {"not_found", "no_such_bucket"}:
            return False
        raise


async def free_name(store: Store, key: str) -> str:
    """The next name beside ``key`` at which nothing lies. Raises BrowserError (``exists``) where there are too many."""
    for other in alternatives(key):
        if not await is_taken(store, other):
            return other
    raise BrowserError("exists", "Too many copies of that name are there already.", "Choose another name.")


def _common_container(keys: Sequence[str]) -> str:
    """The innermost container that holds all of some sorted keys."""
    common = commonprefix([keys[0], keys[-1]])  # noqa: RUF071  (of characters: a key is no path)
    # Two that are one: the name itself is no container.
    return common[: common.rfind("/", 0, len(keys[0]) - 1) + 1]


def _just_before(key: str) -> str:
    """A text that sorts before ``key``, with as little as possible between them."""
    head, last = key[:-1], key[-1]
    return head + chr(ord(last) - 1) + _HIGHEST if "!" <= last <= "~" else head
