"""A cell that copies a container on the workers of a Dask cluster: for what is too large for the Jupyter server."""

from __future__ import annotations

from collections.abc import Iterable

from ..access import CellAccess
from .base import Code

#: Objects in one task.
_BATCH = 100

_BODY = """\
def copy(names):
    origin, root = fsspec.url_to_fs(source, **source_options)
    there, place = fsspec.url_to_fs(target, **target_options)
    for name in names:
%(one)s
    return len(names)


def sizes(url, options):
    fs, root = fsspec.url_to_fs(url, use_listings_cache=False, **options)
    return {path[len(root) + 1 :]: info["size"] for path, info in fs.find(root, detail=True).items()}


if sizes(target, target_options):
    raise FileExistsError(f"{target} is there already")
there_are = sizes(source, source_options)
# Metadata last, that of the whole last of all: a copy that is not complete cannot be opened.
metadata = sorted((n for n in there_are if n.rpartition("/")[2] in documents), key=lambda n: -n.count("/"))
chunks = sorted(there_are.keys() - set(metadata))
tasks = [dask.delayed(copy)(chunks[i : i + %(batch)d]) for i in range(0, len(chunks), %(batch)d)]
copied = sum(dask.compute(*tasks)) + copy(metadata)
arrived = sizes(target, target_options)
differ = [name for name, size in there_are.items() if arrived.get(name) != size]
if differ:
    raise RuntimeError(f"{len(differ)} of {len(there_are)} objects differ, such as {min(differ)!r}: copy it again")
f"{copied} objects copied, 0 differ\""""

#: Inside the service, which moves the bytes itself.
_INSIDE = """\
        origin.cp_file(f"{root}/{name}", f"{place}/{name}")"""

#: Through the worker.
_THROUGH = """\
        with origin.open(f"{root}/{name}", "rb") as f, there.open(f"{place}/{name}", "wb") as g:
            shutil.copyfileobj(f, g, 2**24)"""


def copy_cell(
    source: str,
    source_access: CellAccess,
    target: str,
    target_access: CellAccess,
    documents: Iterable[str],
    *,
    inside: bool,
) -> str:
    """Code that copies everything below one address to another, and raises where objects differ afterwards.

    Addresses are those of containers, without a slash at their end. ``documents`` are the names of objects that make
    a Zarr node. ``inside`` where both addresses are of one service, which can copy by itself. Runs on the Dask cluster
    of the kernel's client, or in threads where there is none.
    """
    # A file system has folders, which must be there before what lies in them.
    options = target_access.options if "://" in target else {"auto_mkdir": True}
    code = Code(
        CellAccess(
            {}, (*source_access.notes, *target_access.notes), {**source_access.environment, **target_access.environment}
        )
    )
    code.note("Runs on the Dask cluster of your client, if there is one. Start it before this cell.")
    for module in ("dask", "fsspec", *(() if inside else ("shutil",))):
        code.needs(module)
    code.line(f"source = {source!r}")
    code.line(f"target = {target!r}")
    code.line(f"source_options = {Code.literal(source_access.options)}")
    code.line(f"target_options = {Code.literal(options)}")
    code.line(f"documents = {tuple(sorted(documents))!r}")
    code.line("\n" + _BODY % {"batch": _BATCH, "one": _INSIDE if inside else _THROUGH})
    return code.text()
