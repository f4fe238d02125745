"""How keys nest. A key is opaque text; only its slashes mean something."""

from __future__ import annotations

from collections.abc import Iterator

#: Names that are tried beside one that is taken.
_MAX_NAMES = 1000


def name_of(key: str) -> str:
    """The last part: ``c`` for ``a/b/c/`` and ``a/b/c``; ``/`` where that part is empty."""
    return key.removesuffix("/").rpartition("/")[2] or "/"


def parent_of(key: str) -> str:
    """The container of a key: ``a/b/`` for ``a/b/c/`` and ``a/b/c``, ``""`` for ``a/``."""
    head, slash, _ = key.removesuffix("/").rpartition("/")
    return head + slash


def ancestors_of(key: str) -> list[str]:
    """Containers above a key, outermost first: ``"", "a/", "a/b/"`` for ``a/b/c/``."""
    found = [""] if key else []
    found += [key[: index + 1] for index, char in enumerate(key[:-1]) if char == "/"]
    return found


def alternatives(key: str) -> Iterator[str]:
    """Names beside one that is taken: ``a (2).nc``, ``a (3).nc``, … for ``a.nc``; ``x (2).zarr/`` for ``x.zarr/``."""
    bare = key.removesuffix("/")
    slash = key[len(bare) :]
    head, dot, extension = bare.rpartition(".")
    is_named = bool(dot) and "/" not in extension and name_of(head + dot) != dot  # and not only hidden
    stem, end = (head, dot + extension) if is_named else (bare, "")
    for number in range(2, _MAX_NAMES):
        yield f"{stem} ({number}){end}{slash}"
