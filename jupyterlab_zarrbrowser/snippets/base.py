"""What a snippet is, and the few ways in which all of them write Python.

A snippet sees public facts only (:class:`Target`): it cannot reach an endpoint's configuration, and does no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from .. import wire
from ..access import CellAccess, EnvVar

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
        self._notes.append(text)

    def needs(self, module: str, alias: str = "") -> None:
        self._imports.append(f"import {module} as {alias}" if alias else f"import {module}")

    def call(self, target: str, function: str, *positional: Any, suffix: str = "", **named: Any) -> None:
        """``target = function(…)``. What is None in ``named`` is left out; ``Raw("None")`` is not."""
        arguments = [self.literal(each) for each in positional]
        arguments += [f"{name}={self.literal(value)}" for name, value in named.items() if value is not None]
        line = f"{target} = {function}({', '.join(arguments)}){suffix}"
        if len(line) > _LINE:
            line = f"{target} = {function}(\n" + "".join(f"    {each},\n" for each in arguments) + f"){suffix}"
        self._lines.append(line)

    def line(self, text: str) -> None:
        self._lines.append(text)

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
            case EnvVar(name=name):
                return f"os.environ[{name!r}]"
            case dict():
                return "{" + ", ".join(f"{key!r}: {cls.literal(item)}" for key, item in value.items()) + "}"
        return repr(value)


@dataclass(frozen=True, slots=True)
class Raw:
    """Code that stands as it is."""

    code: str
