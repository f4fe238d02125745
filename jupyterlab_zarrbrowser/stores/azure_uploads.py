"""Uploads to Azure: https://learn.microsoft.com/rest/api/storageservices/put-block-list.

Parts belong to the name of the object, and not to an upload: what keeps uploads apart is what their parts are called.
Nothing is begun at the service, and nothing can be taken back: it drops parts that nobody used after a week. Whatever
is sent carries its MD5, which the service checks.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import BrowserError
from .azure_answers import parse_blocks
from .uploads import ObjectUploads, Part, StoredPart, corrupted, exists

if TYPE_CHECKING:
    from .azure import AzureStore

#: 50,000 parts have some 5 MiB.
_MAX_LIST_BYTES = 16 * 2**20

#: Only where there is nothing of that name.
_NEW = {"If-None-Match": "*"}


class AzureUploads(ObjectUploads):
    most_parts = 50_000

    def __init__(self, store: AzureStore) -> None:
        super().__init__(store)
        self._azure = store
        #: The service knows nothing of an upload, and would take parts of one that was given up.
        self._given_up: set[str] = set()

    async def _put(self, key: str, data: bytes, media_type: str, replace: bool) -> None:
        digest = await _md5(data)
        more = {"x-ms-blob-type": "BlockBlob", "Content-MD5": digest, **_said(media_type), **({} if replace else _NEW)}
        try:
            await self._azure.send(self._azure.path_of(key), {}, method="PUT", data=data, more=more)
        except BrowserError as exc:
            # The answer to a try before may have been lost: then it is ours that is there.
            if exc.code != "exists" or await self._md5_there(key) != (len(data), digest):
                raise self._said(exc, key) from exc

    async def _md5_there(self, key: str) -> tuple[int, str]:
        headers = await self._azure.head(key)
        return int(headers.get("Content-Length", -1)), headers.get("Content-MD5", "")

    async def _begin(self, key: str, size: int, media_type: str, replace: bool) -> str:
        if not replace:
            await self.check_free(key)
        return f"{new_upload()}/{media_type}"

    async def _put_part(self, key: str, token: str, part: Part) -> str:
        self._check_token(token)
        block = block_id(_upload_of(token), part.number)
        more = {"Content-MD5": await _md5(part.data)}
        query = {"comp": "block", "blockid": block}
        try:
            await self._azure.send(self._azure.path_of(key), query, method="PUT", data=part.data, more=more)
        except BrowserError as exc:
            if exc.code != "corrupted":
                raise
            # Not a part of anything yet: it is simply put again.
            raise BrowserError("corrupted", f"A part of {self._azure.uri(key)} arrived as something else.") from exc
        return block

    async def _has(self, key: str, token: str, parts: Sequence[StoredPart]) -> list[StoredPart]:
        self._check_token(token)
        there = await self._blocks(key, "uncommitted")
        found = [each for each in parts if there.get(each.tag) == each.size]
        if parts and not found:
            raise _parts_are_gone()
        return found

    async def _blocks(self, key: str, which: str) -> dict[str, int]:
        """Sizes of the parts of an object by their names, in order; empty where there is none."""
        query = {"comp": "blocklist", "blocklisttype": which}
        try:
            body = await self._azure.ask(self._azure.path_of(key), key, _MAX_LIST_BYTES, **query)
        except BrowserError as exc:
            if exc.code != "not_found":
                raise
            return {}
        return await asyncio.to_thread(parse_blocks, body, self._azure.title)

    async def _complete(self, key: str, token: str, parts: Sequence[StoredPart], replace: bool) -> None:
        self._check_token(token)
        blocks = [each.tag for each in parts]
        more = {**_said(token.partition("/")[2]), **({} if replace else _NEW)}
        try:
            await self._azure.commit(self._azure.path_of(key), blocks, more)
        except BrowserError as exc:
            # The answer to a try before may have been lost: then they are parts of the object already.
            if exc.code not in {"exists", "bad_request", "conflict"}:
                raise
            if not await self._is_ours(key, parts):
                raise self._said(exc if exc.code != "bad_request" else _parts_are_gone(), key) from exc
        there = await self._blocks(key, "committed")
        if not there:
            raise BrowserError("store_error", f"{self._azure.title} does not show {self._azure.uri(key)} yet.")
        if not set(there) & set(blocks):
            # Not what was put together here: somebody else's, and not to be removed.
            raise BrowserError("conflict", f"Something else was written to {self._azure.uri(key)} meanwhile.")
        if not _are(there, parts):
            await asyncio.shield(self._azure._remove([key]))
            raise corrupted(self._azure, key)

    async def _is_ours(self, key: str, parts: Sequence[StoredPart]) -> bool:
        """Whether an object is made of these parts, and of no others."""
        return _are(await self._blocks(key, "committed"), parts)

    async def _give_up(self, key: str, token: str) -> None:
        self._given_up.add(token)

    async def _make(self, key: str) -> None:
        container, prefix = self._azure.split(key)
        try:
            if prefix:
                more = {"x-ms-blob-type": "BlockBlob", **_NEW}
                await self._azure.send(self._azure.path_of(key), {}, method="PUT", data=b"", more=more)
            else:
                await self._azure.make_container(container)
        except BrowserError as exc:
            if exc.code == "no_such_bucket":
                hint = "Use 3 to 63 lower-case letters, digits and hyphens."
                raise BrowserError("bad_request", f"{container} is no name for a container.", hint) from exc
            raise self._said(exc, key) from exc

    def _check_token(self, token: str) -> None:
        if token in self._given_up:
            raise BrowserError("not_found", "The upload was given up.")

    def _said(self, exc: BrowserError, key: str) -> BrowserError:
        """The same, of this object."""
        if exc.code == "exists":
            return exists(self._azure, key)
        return corrupted(self._azure, key) if exc.code == "corrupted" else exc


def _are(there: Mapping[str, int], parts: Sequence[StoredPart]) -> bool:
    return list(there.items()) == [(each.tag, each.size) for each in parts]


def new_upload() -> str:
    """A name for the parts of one upload."""
    return secrets.token_hex(8)


def block_id(upload: str, number: int) -> str:
    """What a part is called. All parts of an object must have names of one length."""
    return base64.b64encode(f"{upload}-{number:06}".encode()).decode()


def _parts_are_gone() -> BrowserError:
    why = "The parts are gone: something else was written under this name, or a week has passed."
    return BrowserError("not_found", why, "Send it again.")


def _upload_of(token: str) -> str:
    return token.partition("/")[0]


def _said(media_type: str) -> Mapping[str, str]:
    return {"x-ms-blob-content-type": media_type} if media_type else {}


async def _md5(data: bytes) -> str:
    """In a worker thread: 8 MiB take 10 ms, in which other requests would wait."""

    def digest() -> str:
        return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()

    return digest() if len(data) < 2**16 else await asyncio.to_thread(digest)
