"""A cell that deletes a container on the workers of a Dask cluster: for what is too large for the Jupyter server."""

from __future__ import annotations

from collections.abc import Iterable

from ..access import CellAccess
from .base import Code

#: Objects in one task.
_BATCH = 1000

_BODY = """\
def delete(names):
    fs, root = fsspec.url_to_fs(target, **options)
    for name in names:
        fs.rm_file(f"{root}/{name}")
    return len(names)


fs, root = fsspec.url_to_fs(target, use_listings_cache=False, **options)
# The slash keeps neighbours out whose names only begin alike.
names = [path[len(root) + 1 :] for path in fs.find(root) if path.startswith(root + "/")]
print(f"{len(names)} objects below {target}")
# Metadata first, that of the whole first of all: nobody opens what is being taken away.
metadata = sorted((n for n in names if n.rpartition("/")[2] in documents), key=lambda n: n.count("/"))
chunks = sorted(set(names) - set(metadata))
deleted = delete(metadata)
tasks = [dask.delayed(delete)(chunks[i : i + %(batch)d]) for i in range(0, len(chunks), %(batch)d)]
deleted += sum(dask.compute(*tasks))
f"{deleted} objects deleted\""""


def delete_cell(target: str, access: CellAccess, documents: Iterable[str]) -> str:
    """Code that deletes everything below an address (without a slash at its end), and says how much that was.

    ``documents`` are the names of objects that make a Zarr node. Runs on the Dask cluster of the kernel's client, or in
    threads where there is none.
    """
    code = Code(access)
    code.note("Deletes all of it, for ever. Runs on the Dask cluster of your client, if there is one.")
    for module in ("dask", "fsspec"):
        code.needs(module)
    code.line(f"target = {target!r}")
    code.line(f"options = {Code.literal(access.options)}")
    code.line(f"documents = {tuple(sorted(documents))!r}")
    code.line("\n" + _BODY % {"batch": _BATCH})
    return code.text()
