"""What a browser does to upload."""

from __future__ import annotations

import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPResponse

Fetch = Callable[..., Awaitable[HTTPResponse]]

SECRET = "sentinel-1f3f2a0c9d7e4b55"
API = ("zarrbrowser", "api")

#: How the proxy knows each step of an upload.
STEPS = {
    "begin": r"^Multipart:POST .*\?uploads",
    "part": "^Multipart:PUT ",
    "complete": r"^Multipart:POST .*uploadId=",
    "look": "^HeadObject ",
    "small": "^PutObject ",
}

#: Time of a local file, milliseconds since 1970.
TIME = 1_700_000_000_000


def framed(endpoint: str, files: Mapping[str, bytes], *, replace: bool = False, wrong: str = "") -> bytes:
    """The body of a batch; ``wrong`` names a file whose checksum is not its own."""
    described = [
        {"key": key, "sizeBytes": len(data), "crc32": zlib.crc32(data) ^ (key == wrong), "modifiedMs": TIME}
        for key, data in files.items()
    ]
    head = json.dumps({"endpoint": endpoint, "files": described, "replace": replace}).encode()
    return len(head).to_bytes(4, "big") + head + b"".join(files.values())


class Uploader:
    """Requests to one server, and all that it answered."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.heard: list[str] = []

    async def ask(self, method: str, *path: str, body: bytes | None = None, **query: Any) -> tuple[int, Any]:
        """Status and answer."""
        options: dict[str, Any] = {"allow_nonstandard_methods": True, "request_timeout": 120}
        try:
            response = await self._fetch(*API, *path, method=method, body=body, params=query, **options)
        except HTTPClientError as exc:
            if exc.response is None:
                raise
            response = exc.response
        self.heard.append(response.body.decode("utf-8", "replace"))
        return response.code, json.loads(response.body or b"null")

    async def post(self, *path: str, **asked: Any) -> tuple[int, Any]:
        return await self.ask("POST", *path, body=json.dumps(asked).encode())

    async def batch(self, endpoint: str, files: Mapping[str, bytes], **more: Any) -> tuple[int, Any]:
        return await self.ask("POST", "uploads", "batch", body=framed(endpoint, files, **more))

    async def begin(self, endpoint: str, key: str, size: int, **more: Any) -> tuple[int, Any]:
        asked = {"endpoint": endpoint, "key": key, "sizeBytes": size, "modifiedMs": TIME, **more}
        return await self.post("uploads", **asked)

    async def part(self, upload: Mapping[str, Any], number: int, content: bytes, **more: Any) -> tuple[int, Any]:
        """Send a part of the whole ``content``."""
        start = (number - 1) * upload["partSizeBytes"]
        data = content[start : start + upload["partSizeBytes"]]
        crc32 = more.pop("crc32", zlib.crc32(data))
        return await self.ask("PUT", "uploads", upload["id"], "parts", str(number), body=data, crc32=crc32)

    async def rest(self, upload: Mapping[str, Any], content: bytes) -> None:
        """Send what has not arrived."""
        done = {each["number"] for each in upload["partsDone"]}
        for number in range(1, -(-len(content) // upload["partSizeBytes"]) + 1):
            if number not in done:
                status, answer = await self.part(upload, number, content)
                assert status == 200, answer

    async def complete(self, upload: Mapping[str, Any]) -> tuple[int, Any]:
        return await self.ask("POST", "uploads", upload["id"], "complete", body=b"")

    async def whole(self, endpoint: str, key: str, content: bytes, **more: Any) -> tuple[int, Any]:
        """A large file from its beginning to its end."""
        status, upload = await self.begin(endpoint, key, len(content), **more)
        assert status == 200, upload
        await self.rest(upload, content)
        return await self.complete(upload)

    async def taken(self, endpoint: str, keys: list[str], **more: Any) -> list[dict[str, Any]]:
        status, answer = await self.post("uploads", "taken", endpoint=endpoint, keys=keys, **more)
        assert status == 200, answer
        found: list[dict[str, Any]] = answer["taken"]
        return found

    async def unfinished(self, endpoint: str, key: str = "") -> list[dict[str, Any]]:
        status, answer = await self.ask("GET", "uploads", endpoint=endpoint, key=key)
        assert status == 200, answer
        found: list[dict[str, Any]] = answer["uploads"]
        return found

    async def cancel(self, upload_id: str) -> tuple[int, Any]:
        return await self.ask("DELETE", "uploads", upload_id)
