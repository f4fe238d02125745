"""Copying and deleting whole containers: in an order in which nothing half done can be opened, and checked at the end.

The metadata of a Zarr node is written last and deleted first: what lacks chunks reads as fill values without any error,
and what lacks metadata cannot be opened at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

from . import wire
from .concurrency import gather
from .errors import BrowserError
from .formats import METADATA_NAMES
from .keys import name_of
from .scan import Scan, blocks_of, patiently
from .stores import Block, Entry, Store
from .taken import found_at, free_name, has_object, is_taken

#: Objects in one request to delete, S3's limit.
_BATCH = 1000

#: Metadata documents that wait in memory for their turn: all that a hundred thousand arrays have.
_MAX_DOCUMENTS = 400_000

#: Objects up to which it is counted beforehand what there is to rewrite: about one request for 1,000 rewritten ones.
_MAX_WEIGHED = 10_000_000


def _is_document(key: str) -> bool:
    return name_of(key) in METADATA_NAMES


class Deletion:
    """Deletes an object, or a container and all below it.

    Parameters
    ----------
    store, key
        What to delete. A container's key ends in ``/``, so that no neighbour is touched whose name only begins alike.
    max_objects
        More than these were not agreed to: nothing is deleted then. None for any number.
    copied
        What was copied before. Nothing is deleted where it is not the same any more.
    """

    def __init__(self, store: Store, key: str, max_objects: int | None, copied: _Census | None = None) -> None:
        self._store, self._key, self._max_objects, self._copied = store, key, max_objects, copied
        self._objects = self._bytes = 0
        self._total: _Census | None = None

    def progress(self) -> wire.JobProgress:
        return _progress(self._objects, self._bytes, self._total)

    async def run(self) -> wire.Transferred:
        """Delete.

        Raises
        ------
        BrowserError
            ``more_than_agreed``, ``conflict`` where it has changed since it was copied, or changes meanwhile,
            ``not_found`` where there is nothing.
        """
        store, key = self._store, self._key
        if not key.endswith("/"):
            entry = await store.stat(key)
            self._check_unchanged(_Census.of(entry))
            await store.remove([key])
            return wire.Transferred(endpoint=store.id, key=key, objects=1, bytes=entry.size_bytes or 0)
        total = self._total = await _weigh(store, key)
        if self._max_objects is not None and total.objects > self._max_objects:
            raise BrowserError(
                "more_than_agreed",
                f"There are {total.objects:,} objects by now, and you agreed to delete {self._max_objects:,}.",
                "Nothing was deleted. Count it again.",
            )
        self._check_unchanged(total)
        if not total.objects and not await has_object(store, key):
            raise BrowserError("not_found", f"Nothing lies at {store.uri(key)}.")
        # Its own documents first: from then on, nobody opens what is being taken away.
        await self._remove({name: size for name, size in total.documents.items() if "/" not in name})
        await self._remove({name: size for name, size in total.documents.items() if "/" in name})
        async for block in blocks_of(store, key):
            await self._remove(dict(zip(block.keys, block.sizes, strict=True)))
        # The object that stands for the folder, where there is one: no listing of what lies in it shows that. A folder
        # of a file system goes now.
        await patiently(partial(store.remove, [key]))
        if await is_taken(store, key):
            raise BrowserError("conflict", f"Something was written to {store.uri(key)} meanwhile.", "Delete it again.")
        return wire.Transferred(endpoint=store.id, key=key, objects=total.objects, bytes=total.bytes)

    def _check_unchanged(self, now: _Census) -> None:
        before = self._copied
        if before is None or (before.objects, before.bytes, before.newest) == (now.objects, now.bytes, now.newest):
            return
        place = self._store.uri(self._key)
        raise BrowserError(
            "conflict",
            f"{place} has changed since it was copied. The copy is whole, and nothing was deleted.",
            "Copy it again, or delete it by hand.",
        )

    async def _remove(self, sizes: dict[str, int]) -> None:
        names = list(sizes)
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            await patiently(partial(self._store.remove, [self._key + name for name in batch]))
            self._objects += len(batch)
            self._bytes += sum(sizes[name] for name in batch)


class Copy:
    """Copies an object, or a container and all below it; optionally moves it.

    Parameters
    ----------
    source, key
        What to copy.
    target, to_key
        Where to. Containers to containers, objects to objects.
    if_exists
        ``fail``, ``replace`` (what is not replaced stays) or ``rename`` (the next free name).
    delete_source
        Delete what was copied, once the copy was checked.
    """

    def __init__(
        self, source: Store, key: str, target: Store, to_key: str, if_exists: wire.IfExists, *, delete_source: bool
    ) -> None:
        self._source, self._key = source, key
        self._target, self._to_key = target, to_key
        self._if_exists: wire.IfExists = if_exists
        self._delete_source = delete_source
        self._objects = self._bytes = 0
        self._total: _Census | None = None

    def progress(self) -> wire.JobProgress:
        return _progress(self._objects, self._bytes, self._total)

    async def run(self) -> wire.Transferred:
        """Copy, check, and delete the source where that was asked for.

        Raises
        ------
        BrowserError
            ``exists`` where something is there already, ``bad_request`` where both are one, ``store_error`` where the
            copy is not what was copied, and what :class:`Deletion` raises.
        """
        if await self._target.overlaps(self._source, self._key, self._to_key):
            # Whoever moves would delete the only one there is.
            raise BrowserError("bad_request", "Both names lead to the same place.", "Choose another place.")
        self._to_key = await self._free_key()
        if not self._key.endswith("/"):
            total = self._total = _Census.of(await self._source.stat(self._key))
            await self._one(self._key, self._to_key, total.bytes)
            if (await self._target.stat(self._to_key)).size_bytes != total.bytes:
                raise self._differs()
        else:
            total = self._total = await _weigh(self._source, self._key)
            # The object that stands for the folder, where there is one: no listing of what lies in it shows that. At
            # such an address a web server has a page.
            has_marker = self._source.uploads is not None and await has_object(self._source, self._key)
            if not total.objects and not has_marker:
                raise BrowserError("not_found", f"Nothing lies at {self._source.uri(self._key)}.")
            # Those that are replaced must not make a store of what is half copied.
            roots = [self._to_key + name for name in total.documents if "/" not in name]
            if self._if_exists == "replace" and roots:
                await self._check_readable(next(iter(total.documents)))
                await patiently(partial(self._target.remove, roots))
            await self._container()
            await self._compare()
            if has_marker:
                await patiently(partial(self._target.copy, self._source, self._key, self._to_key, 0))
        if self._delete_source:
            await Deletion(self._source, self._key, total.objects, total).run()
        return wire.Transferred(endpoint=self._target.id, key=self._to_key, objects=total.objects, bytes=total.bytes)

    async def _check_readable(self, name: str) -> None:
        """Raise before anything is taken away, where nothing could take its place."""
        body = await self._source.read(self._key + name)
        try:
            await body.next()
        finally:
            await body.close()

    async def _container(self) -> None:
        documents: list[tuple[str, int]] = []
        async for block in blocks_of(self._source, self._key):
            chunks: list[tuple[str, int]] = []
            for name, size in zip(block.keys, block.sizes, strict=True):
                (documents if _is_document(name) else chunks).append((name, size))
            if len(documents) > _MAX_DOCUMENTS:
                raise BrowserError("too_large", "It holds too many stores to copy at once.", "Copy them one by one.")
            await self._all(chunks)
        # The root's come last of all: they make a store of it.
        deepest = sorted(documents, key=lambda each: -each[0].count("/"))
        roots = [each for each in deepest if "/" not in each[0]]
        await self._all(deepest[: len(deepest) - len(roots)])
        await self._all(roots)

    async def _all(self, objects: list[tuple[str, int]]) -> None:
        for start in range(0, len(objects), _BATCH):
            batch = objects[start : start + _BATCH]
            await gather(self._one(self._key + name, self._to_key + name, size) for name, size in batch)

    async def _one(self, key: str, to_key: str, size: int) -> None:
        await patiently(partial(self._target.copy, self._source, key, to_key, size))
        self._objects += 1
        self._bytes += size

    async def _compare(self) -> None:
        """Every object of the source is in the copy, with its size; the copy may hold more."""
        copied = _entries(self._target, self._to_key)
        there = await anext(copied, None)
        async for name, size in _entries(self._source, self._key):
            if name.endswith("/"):
                continue  # stands for a folder, which not every kind of store shows
            while there is not None and there[0] < name:
                there = await anext(copied, None)
            if there != (name, size):
                # Some services list in an order of their own: then only all names at once tell.
                await self._compare_by_name()
                return

    async def _compare_by_name(self) -> None:
        async for block in blocks_of(self._source, self._key):
            pairs = zip(block.keys, block.sizes, strict=True)
            wanted = {self._to_key + name: size for name, size in pairs if not name.endswith("/")}
            found = await found_at(self._target, list(wanted))
            if {key: there.size for key, there in found.items()} != wanted:
                raise self._differs()

    def _differs(self) -> BrowserError:
        return BrowserError(
            "store_error",
            f"The copy at {self._target.uri(self._to_key)} differs from what was copied.",
            "Something may have changed it meanwhile. Nothing was deleted; copy it again.",
        )

    async def _free_key(self) -> str:
        if self._if_exists == "replace" or not await is_taken(self._target, self._to_key):
            return self._to_key
        if self._if_exists == "fail":
            raise BrowserError(
                "exists",
                f"{self._target.uri(self._to_key)} is there already.",
                "Choose to replace it, or another name.",
            )
        return await free_name(self._target, self._to_key)


class Renewal:
    """Rewrites objects in place, so that the store counts their age from now on. Each stays what it is.

    Parameters
    ----------
    store, key
        An object, or a container and all below it.
    """

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self._objects = self._bytes = 0
        self._total: _Census | None = None

    def progress(self) -> wire.JobProgress:
        return _progress(self._objects, self._bytes, self._total)

    async def run(self) -> wire.Transferred:
        """Rewrite. Raises BrowserError as :meth:`Store.copy`; what was rewritten until then stays so."""
        store, key = self._store, self._key
        if not key.endswith("/"):
            total = self._total = _Census.of(await store.stat(key))
            await self._one(key, total.bytes)
        else:
            # Only so that one sees how far it is: of very much, that stays unknown.
            self._total = await _weigh_up_to(store, key, _MAX_WEIGHED)
            async for block in blocks_of(store, key):
                await gather(self._one(key + name, size) for name, size in zip(block.keys, block.sizes, strict=True))
        return wire.Transferred(endpoint=store.id, key=key, objects=self._objects, bytes=self._bytes)

    async def _one(self, key: str, size: int) -> None:
        try:
            await patiently(partial(self._store.copy, self._store, key, key, size))
        except BrowserError as exc:
            if exc.code != "not_found":
                raise
            return  # deleted meanwhile, by its age perhaps
        self._objects += 1
        self._bytes += size


async def _entries(store: Store, container: str) -> AsyncIterator[tuple[str, int]]:
    async for block in blocks_of(store, container):
        for entry in zip(block.keys, block.sizes, strict=True):
            yield entry


@dataclass(slots=True)
class _Census:
    """What lies below a container."""

    objects: int = 0
    bytes: int = 0
    #: When the last of it was written, as listings say it.
    newest: str = ""
    #: Metadata documents (as many as are kept in memory) and their sizes.
    documents: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Entry) -> _Census:
        """A single object."""
        return cls(1, entry.size_bytes or 0, entry.modified_at or "")

    def add(self, block: Block) -> None:
        self.objects += len(block.keys)
        self.bytes += sum(block.sizes)
        self.newest = max([self.newest, *block.modified])
        found = ((name, size) for name, size in zip(block.keys, block.sizes, strict=True) if _is_document(name))
        for name, size in found:
            # Those of the container itself always count: they make a store of it.
            if len(self.documents) < _MAX_DOCUMENTS or "/" not in name:
                self.documents[name] = size


async def _weigh(store: Store, container: str) -> _Census:
    census = _Census()
    await Scan(store, container, census.add).run()
    return census


async def _weigh_up_to(store: Store, container: str, most: int) -> _Census | None:
    """The same, None where there are more objects than that."""
    census = _Census()
    end = await Scan(store, container, census.add, max_objects=most).run()
    return census if end.is_complete and census.objects <= most else None


def _progress(objects: int, size: int, total: _Census | None) -> wire.JobProgress:
    if total is None:
        return wire.JobProgress(objects=objects, bytes=size)
    return wire.JobProgress(objects=objects, bytes=size, total_objects=total.objects, total_bytes=total.bytes)
