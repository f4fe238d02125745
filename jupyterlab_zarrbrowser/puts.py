"""What the panel can put, and where: rights are checked before a byte is read, then :mod:`.uploads` does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from . import wire
from .config import AnyEndpointConfig
from .errors import BrowserError
from .keys import name_of, parent_of
from .stores import Store
from .uploads import MAX_BATCH_BYTES, MAX_BATCH_FILES, MAX_TAKEN_KEYS, Uploads

#: Bytes of a key, S3's limit (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
_MAX_KEY_BYTES = 1024


class Endpoint(Protocol):
    """What of an endpoint matters here."""

    config: AnyEndpointConfig
    store: Store

    def check_writable(self, key: str) -> None: ...

    def forget(self) -> None: ...


class Puts:
    """Uploads by the ids of endpoints.

    Parameters
    ----------
    uploads
        Does what is allowed.
    endpoint
        The endpoint of an id; raises BrowserError (``unknown_endpoint``).
    """

    def __init__(self, uploads: Uploads, endpoint: Callable[[str], Endpoint]) -> None:
        self._uploads, self._endpoint = uploads, endpoint

    async def taken(self, asked: wire.TakenRequest) -> wire.Taken:
        """Raises BrowserError: ``read_only`` for the first key that may not be written, ``bad_request``."""
        if len(asked.keys) > MAX_TAKEN_KEYS:
            raise BrowserError("bad_request", f"At most {MAX_TAKEN_KEYS:,} keys at a time.")
        which = self._endpoint(asked.endpoint)
        for key in asked.keys:
            _check_name(which, key)
        return await self._uploads.taken(which.store, asked.keys, free_names=asked.free_names)

    async def batch(self, batch: wire.Batch, data: memoryview) -> wire.BatchResult:
        """Small files, whose bytes lie one after the other in ``data``.

        Raises
        ------
        BrowserError
            ``read_only``, and ``bad_request`` where sizes and bytes do not agree. Nothing is put then.
        """
        which = self._endpoint(batch.endpoint)
        if len(batch.files) > MAX_BATCH_FILES or len(data) > MAX_BATCH_BYTES:
            raise BrowserError("too_large", "The batch is too large.", "Send fewer files at a time.")
        if any(file.size_bytes < 0 for file in batch.files) or sum(f.size_bytes for f in batch.files) != len(data):
            raise BrowserError("bad_request", "The batch did not arrive as a whole.", "Send it again.")
        files: list[tuple[wire.BatchFile, memoryview]] = []
        start = 0
        for file in batch.files:
            _check_object(which, file.key)
            files.append((file, data[start : start + file.size_bytes]))
            start += file.size_bytes
        try:
            return await self._uploads.batch(which.store, files, batch.replace)
        finally:
            which.forget()

    async def begin(self, asked: wire.UploadRequest) -> wire.Upload:
        """Raises BrowserError: ``read_only``, ``bad_request``, and what :meth:`Uploads.begin` raises."""
        which = self._endpoint(asked.endpoint)
        _check_object(which, asked.key)
        if asked.size_bytes < 1:
            raise BrowserError("bad_request", "An empty file has no parts.", "Send it in a batch.")
        return await self._uploads.begin(which.store, asked)

    async def get(self, upload_id: str) -> wire.Upload:
        """Raises BrowserError (``not_found``)."""
        return await self._uploads.get(upload_id)

    async def put_part(self, upload_id: str, number: int, crc32: int, data: bytes) -> wire.UploadPart:
        """Raises as :meth:`Uploads.put_part`, and ``read_only`` where the rights have changed meanwhile."""
        endpoint, key = await self._uploads.place_of(upload_id)
        self._endpoint(endpoint).check_writable(key)
        return await self._uploads.put_part(upload_id, number, crc32, data)

    async def complete(self, upload_id: str) -> wire.Uploaded:
        """Raises as :meth:`Uploads.complete`, and ``read_only`` where the rights have changed meanwhile."""
        endpoint, key = await self._uploads.place_of(upload_id)
        which = self._endpoint(endpoint)
        which.check_writable(key)
        try:
            return await self._uploads.complete(upload_id)
        finally:
            which.forget()

    async def cancel(self, upload_id: str) -> None:
        """No error where it has ended already."""
        await self._uploads.cancel(upload_id)

    async def unfinished(self, endpoint: str, container: str) -> wire.Uploads:
        """Those that the user may remove."""
        which = self._endpoint(endpoint)
        if container and not container.endswith("/"):
            raise BrowserError("bad_request", "A container's key ends in a slash.")
        if not which.config.writable:
            return wire.Uploads(uploads=[])
        return await self._uploads.unfinished(which.store, container, which.config.allows_writing)

    async def create(self, asked: wire.CreateRequest) -> wire.FolderNode | wire.BucketNode:
        """Make a bucket or a folder.

        Raises
        ------
        BrowserError
            ``read_only``, ``exists``, ``bad_request``.
        """
        which = self._endpoint(asked.endpoint)
        key, store = asked.key, which.store
        if not key.endswith("/"):
            raise BrowserError("bad_request", "A container's key ends in a slash.")
        is_bucket = store.has_buckets and not parent_of(key)
        if is_bucket and not which.config.creates_buckets:
            raise BrowserError("read_only", f"Buckets of {store.title} are not made from here.")
        if is_bucket:
            which.check_writable(key)
        else:
            _check_name(which, key)
        if store.uploads is None:
            raise BrowserError("read_only", f"{store.title} can only be read.")
        if await self._uploads.taken(store, [key], free_names=False) != wire.Taken(taken=[]):
            raise BrowserError("exists", f"{store.uri(key)} is there already.")
        try:
            await store.uploads.make(key)
        finally:
            which.forget()
        kind = wire.BucketNode if is_bucket else wire.FolderNode
        return kind(endpoint=asked.endpoint, key=key, name=name_of(key), uri=store.uri(key))


def _check_name(which: Endpoint, key: str) -> None:
    """Raise BrowserError where nothing may be put, or nothing of that name can be."""
    store = which.store
    which.check_writable(key)
    if store.uploads is None:
        raise BrowserError("read_only", f"{store.title} can only be read.")
    if not key or "\0" in key:
        raise BrowserError("bad_request", "There can be no object of that name.")
    if len(key.encode()) > _MAX_KEY_BYTES:
        raise BrowserError("bad_request", f"{name_of(key)[:80]}: the key is too long.", "Shorten the names of folders.")


def _check_object(which: Endpoint, key: str) -> None:
    _check_name(which, key)
    if key.endswith("/") or (which.store.has_buckets and not parent_of(key)):
        raise BrowserError("bad_request", "A file is put into a bucket or a folder.", "Choose one.")
