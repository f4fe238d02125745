"""``zarr.open_array`` and ``zarr.open_group``: for what xarray cannot open, and for those who want no labels."""

from __future__ import annotations

from .. import wire
from . import http_names
from .base import Code, Snippet, Target


class OpenArray:
    id = "zarr.open_array"

    def label(self, target: Target) -> str:
        return "zarr.open_array"

    def applies(self, target: Target) -> bool:
        return isinstance(target.node, wire.ArrayNode)

    def render(self, target: Target) -> str:
        assert isinstance(target.node, wire.ArrayNode)
        code = Code(target.access)
        if (unsupported := target.remark("unsupported")) is not None:
            code.note(unsupported)
        code.needs("zarr")
        store, options = code.store(target)
        code.call(
            "a",
            "zarr.open_array",
            store,
            path=target.node.path or None,
            mode="r",
            zarr_format=target.node.zarr_format,
            storage_options=options,
        )
        code.line("a.info")
        return code.text()


class OpenGroup:
    id = "zarr.open_group"

    def label(self, target: Target) -> str:
        return "zarr.open_group"

    def applies(self, target: Target) -> bool:
        return isinstance(target.node, wire.GroupNode | wire.DatasetNode)

    def render(self, target: Target) -> str:
        assert isinstance(target.node, wire.GroupNode | wire.DatasetNode)
        code = Code(target.access)
        for remark in ("unsupported", "consolidated_unusable"):
            if (text := target.remark(remark)) is not None:
                code.note(text)
        if target.node.members_unknown:
            code.note("Listing is not possible here, so the group looks empty; open a member by name: g['name'].")
        if not target.consolidated and http_names.looks_empty(target, target.node.path):
            code.note("adlfs lists nothing in a folder whose name ends with a space: open a member by name: g['name'].")
        http_names.note_misread(code, http_names.misread(target))
        code.needs("zarr")
        store, options = code.store(target)
        code.call(
            "g",
            "zarr.open_group",
            store,
            # Consolidated metadata lies at the root and is found only from there.
            path=None if target.consolidated else target.node.path or None,
            mode="r",
            zarr_format=target.node.zarr_format,
            use_consolidated=target.consolidated,
            storage_options=options,
        )
        if target.consolidated and target.node.path:
            code.line(f"g = g[{target.node.path!r}]")
        code.line("g.info")
        return code.text()


SNIPPETS: tuple[Snippet, ...] = (OpenArray(), OpenGroup())
