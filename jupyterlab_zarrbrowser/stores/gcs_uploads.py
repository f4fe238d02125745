"""Uploads to Google Cloud Storage: https://cloud.google.com/storage/docs/performing-resumable-uploads.

A session takes its parts in order, and the object is there with the last of them. A part's tag is the CRC-32C of all
bytes up to its end, so that the sum of the whole is known at the end, also after a restart.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from ..errors import BrowserError
from .uploads import ObjectUploads, Part, StoredPart, corrupted, exists

if TYPE_CHECKING:
    from .gcs import GcsStore

#: The last byte that a session has, as its answers say it.
_LAST_BYTE = re.compile(r"bytes=0-(\d+)")

#: Puts an object only where there is none (https://cloud.google.com/storage/docs/request-preconditions).
_ONLY_NEW = {"ifGenerationMatch": 0}


class GcsUploads(ObjectUploads):
    parallel = 1

    #: Any number would do; each of them is noted.
    most_parts = 50_000

    def __init__(self, store: GcsStore) -> None:
        super().__init__(store)
        self._gcs = store

    async def _put(self, key: str, data: bytes, media_type: str, replace: bool) -> None:
        bucket, object_key = self._gcs.place_of(key)
        sum_ = await _crc32c(0, data)
        query = {"uploadType": "media", "name": object_key, **({} if replace else _ONLY_NEW)}
        headers = {"Content-Type": media_type or "application/octet-stream"}
        try:
            answer = await self._ask("POST", ("b", bucket, "o"), key, query, headers, data)
        except BrowserError as exc:
            # The answer to a try before may have been lost: then it is ours that is there.
            if exc.code != "exists" or await self._crc32c_of(key) != _base64(sum_):
                raise
            return
        if answer.get("crc32c", _base64(sum_)) != _base64(sum_) or int(answer.get("size", len(data))) != len(data):
            await asyncio.shield(self._gcs._remove([key]))
            raise corrupted(self._gcs, key)

    async def _begin(self, key: str, size: int, media_type: str, replace: bool) -> str:
        if not replace:
            await self.check_free(key)
        bucket, object_key = self._gcs.place_of(key)
        query: dict[str, Any] = {"uploadType": "resumable", "name": object_key, **({} if replace else _ONLY_NEW)}
        described = {"contentType": media_type} if media_type else {}
        async with AsyncExitStack() as stack:
            response = await self._gcs.answer(
                stack, ("b", bucket, "o"), key, query, method="POST", is_upload=True, json_body=described
            )
            return str(response.headers["Location"])

    async def _put_part(self, key: str, token: str, part: Part) -> str:
        sum_ = await _crc32c(int(part.before or "0", 16), part.data)
        stop = part.start + len(part.data)
        start = part.start
        while start < stop:
            rest = part.data[start - part.start :]
            arrived = await self._send(key, token, f"bytes {start}-{stop - 1}/{part.total}", rest)
            if isinstance(arrived, dict):
                # It can be seen from now on, so that it is looked at now.
                await self._check(key, arrived, part.total, sum_)
                break
            if arrived <= start:
                # It has less than was sent, or parts before this one are missing.
                raise BrowserError("corrupted", f"A part of {self._gcs.uri(key)} did not arrive.")
            start = arrived
        return f"{sum_:08x}"

    async def _check(self, key: str, made: dict[str, Any], size: int, sum_: int) -> None:
        """Raise BrowserError (``corrupted``) where an object is not what was sent, and remove it and no other."""
        if int(made.get("size", size)) == size and made.get("crc32c", _base64(sum_)) == _base64(sum_):
            return
        await asyncio.shield(self._remove_made(key, made))
        raise corrupted(self._gcs, key)

    async def _remove_made(self, key: str, made: dict[str, Any]) -> None:
        """Remove an object, unless another has taken its place."""
        bucket, object_key = self._gcs.place_of(key)
        try:
            await self._ask("DELETE", ("b", bucket, "o", object_key), key, {"generation": made.get("generation")})
        except BrowserError as exc:
            if exc.code != "not_found":
                raise

    async def _has(self, key: str, token: str, parts: Sequence[StoredPart]) -> list[StoredPart]:
        total = await self._send(key, token, "bytes */*", b"")
        if isinstance(total, dict):
            return list(parts)
        found: list[StoredPart] = []
        end = 0
        for each in parts:
            end += each.size
            if end > total or each.number != len(found) + 1:
                break
            found.append(each)
        return found

    async def _send(self, key: str, token: str, content_range: str, data: bytes) -> int | dict[str, Any]:
        """Bytes that the session has afterwards, or what the service says of the object where that is complete."""
        async with AsyncExitStack() as stack:
            response = await self._gcs.answer(
                stack, (), key, {}, {"Content-Range": content_range}, method="PUT", url=token, data=data
            )
            if response.status == 499:
                raise BrowserError("not_found", "This upload was given up.")
            if response.status != 308:
                return _object(await response.content.read(2**20))
            matched = _LAST_BYTE.fullmatch(response.headers.get("Range", ""))
            return int(matched[1]) + 1 if matched else 0

    async def _complete(self, key: str, token: str, parts: Sequence[StoredPart], replace: bool) -> None:
        """The last part has made the object, and it was looked at then."""

    async def _crc32c_of(self, key: str) -> str | None:
        bucket, object_key = self._gcs.place_of(key)
        answer = await self._ask("GET", ("b", bucket, "o", object_key), key, {"fields": "crc32c"})
        found = answer.get("crc32c")
        return None if found is None else str(found)

    async def _give_up(self, key: str, token: str) -> None:
        made: int | dict[str, Any] = 0
        try:
            made = await self._send(key, token, "bytes */*", b"")
        except BrowserError as exc:
            if exc.code != "exists":  # what may not be replaced came before its last part
                raise
        if isinstance(made, dict):
            await self._remove_made(key, made)
            return
        async with AsyncExitStack() as stack:
            await self._gcs.answer(stack, (), key, {}, method="DELETE", url=token)

    async def _make(self, key: str) -> None:
        bucket, prefix = self._gcs.split(key)
        if prefix:
            query: dict[str, Any] = {"uploadType": "media", "name": prefix, **_ONLY_NEW}
            await self._ask("POST", ("b", bucket, "o"), key, query, {}, b"")
            return
        project = self._gcs.project
        if not project:
            raise BrowserError(
                "bad_request",
                f"{self._gcs.title} cannot make a bucket because no project is known.",
                "Set `project` for this endpoint in jupyter_server_config.py.",
            )
        async with AsyncExitStack() as stack:
            try:
                await self._gcs.answer(
                    stack, ("b",), "", {"project": project}, method="POST", json_body={"name": bucket}
                )
            except BrowserError as exc:
                if exc.code == "conflict":
                    raise exists(self._gcs, key) from exc
                raise

    async def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        key: str,
        query: dict[str, Any],
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            response = await self._gcs.answer(
                stack, path, key, query, headers, method=method, data=data, is_upload=data is not None
            )
            return _object(await response.content.read(2**20))


def _object(body: bytes) -> dict[str, Any]:
    """What the service says, empty where that is nothing."""
    found = json.loads(body) if body else {}
    return found if isinstance(found, dict) else {}


async def _crc32c(before: int, data: bytes) -> int:
    """In a worker thread: 8 MiB take a few milliseconds, in which other requests would wait."""
    extend = importlib.import_module("google_crc32c").extend
    if len(data) < 2**16:
        return int(extend(before, data))
    return int(await asyncio.to_thread(extend, before, data))


def _base64(sum_: int) -> str:
    """As Google writes it (https://cloud.google.com/storage/docs/json_api/v1/objects#resource)."""
    return base64.b64encode(sum_.to_bytes(4, "big")).decode()
