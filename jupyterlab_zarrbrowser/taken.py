"""What lies at keys already: asked before anything is put, for thousands of keys in few requests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from os.path import commonprefix

from .concurrency import gather
from .errors import BrowserError
from .keys import alternatives, parent_of
from .scan import patiently
from .stores import Store

#: Keys that are looked for one after the other.
_STRETCH = 200

#: What sorts behind all that a name may go on with.
_HIGHEST = "\U0010fffd"


async def sizes_of(store: Store, keys: Sequence[str]) -> dict[str, int | None]:
    """Bytes of the objects that are there, and None for each container below which anything lies; others are left out.

    Costs a request for 1,000 neighbours or fewer, and nothing for those behind the last that is there.
    """
    plain = sorted({key for key in keys if not key.endswith("/")})
    stretches = [plain[start : start + _STRETCH] for start in range(0, len(plain), _STRETCH)]
    found: dict[str, int | None] = {}
    for part in await gather(_sizes(store, stretch) for stretch in stretches):
        found |= part
    containers = list({key for key in keys if key.endswith("/")})
    for key, is_there in zip(containers, await gather(holds(store, key) for key in containers), strict=True):
        if is_there:
            found[key] = None
    return found


async def _sizes(store: Store, keys: Sequence[str]) -> dict[str, int | None]:
    """Sizes of those of some sorted keys that are there."""
    container = _common_container(keys)
    if not (store.can_scan and store.scans_anywhere) or (store.has_buckets and not container):
        return await _stats(store, keys)
    found: dict[str, int | None] = {}
    left = 0
    try:
        while left < len(keys):
            after = _just_before(keys[left])[len(container) :]
            block = await patiently(partial(store.scan, container, after=after, limit=store.scan_limit))
            there = {container + name: size for name, size in zip(block.keys, block.sizes, strict=True)}
            last = container + block.keys[-1] if block.keys else ""
            begin = left
            while left < len(keys) and (not block.goes_on or keys[left] <= last):
                if keys[left] in there:
                    found[keys[left]] = there[keys[left]]
                left += 1
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


async def _stats(store: Store, keys: Sequence[str]) -> dict[str, int | None]:
    async def one(key: str) -> tuple[bool, int | None]:
        try:
            return True, (await store.stat(key)).size_bytes
        except BrowserError as exc:
            if exc.code != "not_found":
                raise
            return False, None

    answers = await gather(one(key) for key in keys)
    return {key: size for key, (is_there, size) in zip(keys, answers, strict=True) if is_there}


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
        is_taken = await holds(store, other) if other.endswith("/") else bool(await _stats(store, [other]))
        if not is_taken:
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
