"""What a format is: it turns the names and small documents below a prefix into facts.

A format knows nothing of endpoints, rows or HTTP, and does no I/O of its own: it asks for documents by name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import BrowserError

#: Reads a document by its name relative to the prefix; None where it is absent. Raises BrowserError (``forbidden`` …).
Read = Callable[[str], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class CodecFacts:
    name: str
    configuration: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArrayFacts:
    """A Zarr array, from its metadata alone. Shapes are in elements, one entry per dimension, slowest first."""

    zarr_format: int
    shape: tuple[int, ...]
    dtype: str
    chunks: tuple[int, ...] | None
    """None where the chunk grid is not regular or not known."""
    shards: tuple[int, ...] | None
    dims: tuple[str | None, ...] | None
    codecs: tuple[CodecFacts, ...]
    fill_value: Any
    order: str | None
    attributes: dict[str, Any]
    obstacle: str | None = None
    """Why zarr-python, and with it xarray, refuses the array; None where nothing is known that speaks against it."""

    @property
    def is_named(self) -> bool:
        """Whether xarray can name its dimensions."""
        return self.dims is not None and all(name is not None for name in self.dims)


@dataclass(frozen=True, slots=True)
class GroupFacts:
    zarr_format: int
    attributes: dict[str, Any] | None
    """None where they were not read."""
    obstacle: str | None = None
    """As that of :class:`ArrayFacts`."""
    is_implied: bool = False
    """Whether it has no metadata of its own, and only paths of others lead through it. zarr-python refuses it."""


@dataclass(frozen=True, slots=True)
class BrokenFacts:
    """Something that names itself a node but cannot be understood."""

    zarr_format: int
    problem: BrowserError


Facts = ArrayFacts | GroupFacts | BrokenFacts


@dataclass(frozen=True, slots=True)
class Found:
    """What a format found at a prefix."""

    facts: Facts
    documents: dict[str, bytes]
    members: Mapping[str, Facts] | None = None
    """Consolidated metadata: every node below by its path, the node itself not included. None where there is none."""
    consolidated: bool | None = None
    """Whether members are consolidated here; None where that was not looked for."""


class Format(Protocol):
    """One kind of store. Instances are values without state."""

    @property
    def name(self) -> str:
        """Appears in ``Node.format``."""
        ...

    @property
    def zarr_format(self) -> int: ...

    @property
    def documents(self) -> tuple[str, ...]:
        """Names that can make a prefix one of this format, the most telling first. They are no children of it."""
        ...

    @property
    def whole(self) -> str:
        """The one document that tells most: the whole subtree where metadata is consolidated."""
        ...

    def claims(self, names: frozenset[str]) -> bool:
        """Whether these names (objects directly below a prefix) make it a node of this format."""
        ...

    def from_names(self, names: frozenset[str]) -> Found | None:
        """What these names tell without a request; None where a document must be read."""
        ...

    async def read(self, read: Read, names: frozenset[str] | None) -> Found | None:
        """Read what is at a prefix.

        ``names`` are the objects known to be there; None where listing told nothing, then every document is asked
        for, concurrently. Returns None where it is no node of this format.
        """
        ...

    async def read_member(self, read: Read) -> Found | None:
        """Read a child of a group of this format in as few requests as possible: its format is known already."""
        ...


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


#: More than numpy has (its NPY_MAXDIMS), and so every reader in Python.
_MAX_NDIM = 64

#: Sizes are signed integers of 64 bits in every library.
_MAX_SIZE = 2**63 - 1

#: Longer than any store's keys, and than what the panel is asked for.
_MAX_PATH_CHARS = 2_000

#: Longer names of dimensions are hostile; they would travel with every row.
_MAX_NAME_CHARS = 1_000


def as_shape(value: Any) -> tuple[int, ...] | None:
    """A shape from JSON, None where it is none. Sizes may be 0, never negative."""
    if not isinstance(value, list) or len(value) > _MAX_NDIM:
        return None
    # Some writers spell whole numbers as 4.0.
    sizes = [int(item) if isinstance(item, float) and item.is_integer() else item for item in value]
    valid = all(isinstance(item, int) and not isinstance(item, bool) and 0 <= item <= _MAX_SIZE for item in sizes)
    return tuple(sizes) if valid else None


def as_dims(value: Any, ndim: int) -> tuple[str | None, ...] | None:
    """Dimension names from JSON, None where they are missing or do not fit the shape."""
    if not isinstance(value, list) or len(value) != ndim:
        return None
    return tuple(name if isinstance(name, str) and len(name) <= _MAX_NAME_CHARS else None for name in value)


def is_node_path(path: str) -> bool:
    """Whether a path of consolidated metadata can be a node's.

    https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#node-names
    """
    return len(path) <= _MAX_PATH_CHARS and all(name.strip(".") for name in path.split("/"))
