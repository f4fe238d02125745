"""Names that do not survive the way from a library to a store, above all to a web server.

fsspec puts names into addresses as they stand, so that the server takes ``#`` and ``?`` for the end of the path and
``%41`` for ``A``. Zarr reads what is missing as the fill value: the array looks empty, without any error.
"""

from __future__ import annotations

from urllib.parse import quote

from .. import wire
from .base import Code, Raw, Target

_UNSAFE = frozenset("#?%")

#: What quoting leaves as it is.
_SAFE = "-_.~"


def is_safe(name: str) -> bool:
    """Whether a library reads from a web server what has this name (or path)."""
    return _UNSAFE.isdisjoint(name)


def misread(target: Target) -> list[str]:
    """Arrays that would silently read as empty, by name."""
    if not target.is_http or not target.consolidated:
        return []
    return [array.name for array in target.arrays if not is_safe(array.name)]


def note_misread(code: Code, names: list[str]) -> None:
    if names:
        listed = ", ".join(map(repr, names))
        code.note(f"Over HTTP these would read as empty, and open by their own address only: {listed}.")


def looks_empty(target: Target, group: str) -> bool:
    """Whether adlfs lists nothing in a group although there is something: it drops spaces at the end of its name."""
    return target.url.startswith("abfs://") and f"{target.url}/{group}".rstrip("/").endswith(" ")


def names_members(target: Target, group: str) -> bool:
    """Whether code has to name the members of a group, and all of them are known."""
    is_whole = not isinstance(target.node, wire.DatasetNode) or target.node.child_count is not None
    return (target.is_http or looks_empty(target, group)) and not target.consolidated and is_whole


def name_members(code: Code, target: Target) -> tuple[Raw, None]:
    """As :meth:`Code.store`: a store that knows the members of the group, since listings cannot be relied on.

    Apache's index pages have links for sorting, which fsspec takes for files and zarr 3.1 for members.
    """
    code.needs("zarr")
    names = "".join(f"            {_sent(target, array.name)!r},\n" for array in target.arrays)
    why = "Index pages of web servers also link to what is no member."
    if not target.is_http:
        why = "adlfs lists nothing in a folder whose name ends with a space."
    code.line(
        "\nclass Listed(zarr.storage.FsspecStore):\n"
        "    async def list_dir(self, prefix):\n"
        f"        # {why}\n"
        f"        for name in [\n{names}        ]:\n"
        "            yield name\n\n"
    )
    code.call("store", "Listed.from_url", target.url, storage_options=code.storage_options(), read_only=True)
    return Raw("store"), None


def restore(code: Code, target: Target) -> None:
    """Give the members back the names that were encoded for the way."""
    if any(_sent(target, array.name) != array.name for array in target.arrays):
        code.needs("urllib.parse")
        code.line("ds = ds.rename({name: urllib.parse.unquote(name) for name in ds.variables})")


def _sent(target: Target, name: str) -> str:
    """A name as the store has to be asked for it."""
    return quote(name, safe=_SAFE) if target.is_http else name
