"""How a notebook reaches an endpoint: what may be written into a cell, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EnvVar:
    """The value of an environment variable, to be read where the code runs."""

    name: str
    before: str = ""
    """Text that it is the end of."""


@dataclass(frozen=True, slots=True)
class CellAccess:
    """The public half of an endpoint's options.

    ``options`` are fsspec's ``storage_options``; values are literals, dictionaries of them, or :class:`EnvVar`.
    """

    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Sentences for the reader of the cell, such as which credentials it needs."""
    environment: dict[str, str] = field(default_factory=dict)
    """Public settings of the process that must be made before fsspec is imported."""
