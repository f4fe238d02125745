"""What a snippet is, and the few ways in which all of them write Python.

A snippet sees public facts only (:class:`Target`): it cannot reach an endpoint's configuration, and does no I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Protocol

from .. import wire
from ..access import CellAccess, EnvVar

#: zarr 3.2 and newer reads paths as addresses: these would begin a query, a fragment, or another file system.
_NO_PATH = re.compile(r"[#?;]|::")

#: black's line length; a call that is longer is broken into one argument a line.
_LINE = 88


@dataclass(frozen=True, slots=True)
class Target:
    """A node with what code needs to open it."""

    node: wire.Node
    url: str
    """Address of the store's root, or of the object. Never signed."""
    access: CellAccess
    arrays: list[wire.ArrayNode] = field(default_factory=list)
    """Arrays directly in the node where it is a group, or in its group where it is an array."""
    in_dataset: bool = False
    """Whether the node is an array in a group that xarray opens."""
    has_dask: bool = True
    """Whether dask is installed where the Jupyter server runs."""
    has_cftime: bool = True

    @property
    def consolidated(self) -> bool:
        """Whether code should use consolidated metadata: it is there, and zarr-python takes it."""
        return bool(getattr(self.node, "consolidated", None)) and self.remark("consolidated_unusable") is None

    @property
    def is_http(self) -> bool:
        return self.url.startswith(("http://", "https://"))

    def remark(self, code: str) -> str | None:
        """What a remark of this code says about the node; None where there is none."""
        return next((remark.message for remark in self.node.health if remark.code == code), None)


class Snippet(Protocol):
    """One way to open a node."""

    id: str

    def label(self, target: Target) -> str:
        """What the menu says."""
        ...

    def applies(self, target: Target) -> bool: ...

    def render(self, target: Target) -> str:
        """Code that runs as it stands and ends with the object, so that the cell shows it."""
        ...


class Code:
    """Collects a cell: notes, settings, imports and statements, in this order."""

    def __init__(self, access: CellAccess) -> None:
        self._access = access
        self._imports: list[str] = []
        self._notes = list(access.notes)
        self._lines: list[str] = []

    def note(self, text: str) -> None:
        """A comment above the code. Line breaks (a name may have them) would end it."""
        self._notes.append(" ".join(text.split()))

    def needs(self, module: str, alias: str = "") -> None:
        self._imports.append(f"import {module} as {alias}" if alias else f"import {module}")

    def call(self, target: str, function: str, *positional: Any, suffix: str = "", **named: Any) -> None:
        """``target = function(…)``. What is None in ``named`` is left out; ``Raw("None")`` is not."""
        arguments = [("", each) for each in positional]
        arguments += [(f"{name}=", value) for name, value in named.items() if value is not None]
        line = f"{target} = {function}({', '.join(head + self.literal(value) for head, value in arguments)}){suffix}"
        if len(line) > _LINE:
            inner = "".join(self._argument(head, value, 4) for head, value in arguments)
            line = f"{target} = {function}(\n{inner}){suffix}"
        self._lines.append(line)

    def line(self, text: str) -> None:
        self._lines.append(text)

    def store(self, target: Target) -> tuple[Any, dict[str, Any] | None]:
        """What opens a store, as first argument, and the ``storage_options`` that go with it."""
        _, separator, rest = target.url.partition("://")
        if separator and "::" in rest:
            self.needs("zarr")
            path = self.file_system(target, asynchronous=True)
            self.call("store", "zarr.storage.FsspecStore", Raw("fs"), read_only=True, path=path)
            return Raw("store"), None
        if not separator and _NO_PATH.search(target.url):
            self.needs("zarr")
            self.call("store", "zarr.storage.LocalStore", target.url, read_only=True)
            return Raw("store"), None
        return target.url, self.storage_options()

    def file_system(self, target: Target, **more: Any) -> str:
        """Make ``fs``, for addresses that fsspec would take for several, one in the other. Returns the path in it."""
        scheme, separator, rest = target.url.partition("://")
        self.needs("fsspec")
        self.call("fs", "fsspec.filesystem", scheme if separator else "file", **more, **(self.storage_options() or {}))
        return rest if separator else target.url

    def storage_options(self) -> dict[str, Any] | None:
        return self._access.options or None

    def text(self) -> str:
        settings = [f"os.environ[{name!r}] = {value!r}" for name, value in sorted(self._access.environment.items())]
        body = "\n".join(self._lines)
        imports = sorted(set(self._imports))
        parts = [f"# {note}" for note in self._notes]
        if settings:
            # Read once, when fsspec's family is imported.
            parts += ["import os", "", *settings, "", *imports]
        else:
            parts += (["import os"] if "os.environ[" in body else []) + imports
        return "\n".join([*parts, "", body]) if parts else body

    @classmethod
    def literal(cls, value: Any) -> str:
        """Python that evaluates to ``value``."""
        match value:
            case Raw():
                return value.code
            case EnvVar(name=name, before=before):
                return f"{before!r} + os.environ[{name!r}]" if before else f"os.environ[{name!r}]"
            case dict():
                return "{" + ", ".join(f"{key!r}: {cls.literal(item)}" for key, item in value.items()) + "}"
        return repr(value)

    @classmethod
    def _argument(cls, head: str, value: Any, indent: int) -> str:
        """An argument on lines of its own; a dictionary that is too long for one line takes one for each item."""
        margin = " " * indent
        line = f"{margin}{head}{cls.literal(value)},\n"
        if len(line) <= _LINE + 1 or not isinstance(value, dict) or not value:
            return line
        inner = "".join(cls._argument(f"{key!r}: ", item, indent + 4) for key, item in value.items())
        return f"{margin}{head}{{\n{inner}{margin}}},\n"


@dataclass(frozen=True, slots=True)
class Raw:
    """Code that stands as it is."""

    code: str
