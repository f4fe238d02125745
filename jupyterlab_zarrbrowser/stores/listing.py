"""What listings are made of: entries on pages for browsing, columns in blocks for counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EntryKind = Literal["bucket", "prefix", "object"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a listing."""

    key: str
    """Relative to the endpoint's root; buckets and prefixes end in ``/``."""
    kind: EntryKind
    size_bytes: int | None = None
    modified_at: str | None = None
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, in the order of the store."""

    entries: list[Entry]
    cursor: str | None = None
    """Opaque; None on the last page. A short page is not the last one: only a cursor of None is."""


@dataclass(frozen=True, slots=True)
class Block:
    """Objects that lie one after the other in the key space: columns of equal length, in the order of the keys.

    Columns, because a scan meets millions: nothing is made for each object that is not needed.
    """

    keys: list[str]
    """Relative to the container that is scanned."""
    sizes: list[int]
    """In bytes."""
    modified: list[str]
    """ISO 8601, UTC, all of one length."""
    goes_on: bool
    """Whether more lies behind the last key."""
    cursor: str | None = None
    """Opaque: what leads on where the last key does not, since the store has an order of its own."""

    def part(self, start: int, stop: int) -> Block:
        """Some of the objects, ``stop`` exclusive."""
        return Block(self.keys[start:stop], self.sizes[start:stop], self.modified[start:stop], self.goes_on)
