"""How keys nest. A key is opaque text; only its slashes mean something."""

from __future__ import annotations


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
