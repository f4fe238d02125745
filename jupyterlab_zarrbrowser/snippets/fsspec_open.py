"""``fsspec.open`` for any other object."""

from __future__ import annotations

from .. import wire
from .base import Code, Snippet, Target


class OpenFile:
    id = "fsspec.open"

    def label(self, target: Target) -> str:
        return "fsspec.open"

    def applies(self, target: Target) -> bool:
        return isinstance(target.node, wire.ObjectNode)

    def render(self, target: Target) -> str:
        code = Code(target.access)
        code.needs("fsspec")
        if "::" in target.url:
            code.call("f", "fs.open", code.file_system(target), "rb")
        else:
            code.call("f", "fsspec.open", target.url, "rb", suffix=".open()", **(code.storage_options() or {}))
        code.line("f.read(1024)")
        return code.text()


SNIPPETS: tuple[Snippet, ...] = (OpenFile(),)
