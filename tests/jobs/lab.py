"""A store with a user's things, and what a browser does with jobs on it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from ..servers.counting_proxy import CountingProxy
from ..servers.records import Recording
from ..servers.s3_client import s3_client

Fetch = Callable[..., Awaitable[HTTPResponse]]

SECRET = "sentinel-7b8b965ad4bca0e4"
JOBS = ("zarrbrowser", "api", "jobs")

GROUP = b'{"zarr_format": 3, "node_type": "group", "attributes": {}}'
STORE = "mine/foo.zarr/"

#: A store of each version, and neighbours whose names begin alike.
OBJECTS = {
    "mine/foo": b"neighbour",
    "mine/foo.zarr.bak": b"neighbour",
    "mine/foo.zarr/a/c/0": bytes(100),
    "mine/foo.zarr/a/c/1": bytes(200),
    "mine/foo.zarr/a/zarr.json": b"{}",
    "mine/foo.zarr/g/b/c/0": bytes(300),
    "mine/foo.zarr/g/b/zarr.json": b"{}",
    "mine/foo.zarr/g/zarr.json": GROUP,
    "mine/foo.zarr/notes é.txt": b"notes",
    "mine/foo.zarr/zarr.json": GROUP,
    "mine/foo.zarr2/zarr.json": GROUP,
    "mine/old.zarr/.zattrs": b"{}",
    "mine/old.zarr/.zgroup": b'{"zarr_format": 2}',
    "mine/old.zarr/.zmetadata": b"{}",
    "mine/old.zarr/t/.zarray": b"{}",
    "mine/old.zarr/t/0.0": bytes(50),
    "theirs/x": b"of somebody else",
}


def below(container: str) -> dict[str, bytes]:
    return {key: content for key, content in OBJECTS.items() if key.startswith(container)}


class Bucket:
    """A part of the fake store's bucket that is this test's own, seen past the proxy."""

    def __init__(self, url: str) -> None:
        self.prefix = f"{uuid.uuid4().hex}/"
        self._url = url
        self.put(OBJECTS)

    def client(self) -> Any:
        return closing(s3_client(self._url, "any", "any", retries=3))

    def put(self, objects: dict[str, bytes]) -> None:
        with self.client() as client:
            for key, content in objects.items():
                client.put_object(Bucket="scratch", Key=self.prefix + key, Body=content)

    def contents(self, container: str = "") -> dict[str, int]:
        """Sizes by key."""
        with self.client() as client:
            found = client.list_objects_v2(Bucket="scratch", Prefix=self.prefix + container)
        return {each["Key"].removeprefix(self.prefix): each["Size"] for each in found.get("Contents", [])}

    def holds(self, sizes: dict[str, int]) -> bool:
        """Whether all of this is there, whatever else is."""
        return sizes.items() <= self.contents().items()

    def relative(self, seen: Recording, *ops: str) -> list[str]:
        """Keys of the requests of these kinds, in their order."""
        return [each.key.removeprefix(f"scratch/{self.prefix}") for each in seen.requests if each.op in ops]


SIZES = {key: len(content) for key, content in OBJECTS.items()}


class Lab:
    """What a browser does with jobs."""

    def __init__(self, fetch: Fetch, proxy: CountingProxy) -> None:
        self._fetch, self.proxy = fetch, proxy
        self.heard: list[str] = []

    async def start(self, kind: str, key: str, *, endpoint: str = "lab", **more: Any) -> dict[str, Any]:
        body = json.dumps({"kind": kind, "endpoint": endpoint, "key": key, **more})
        return self._answer(await self._fetch(*JOBS, method="POST", body=body))

    async def events(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        response = await self._fetch(*JOBS, job["id"], "events", request_timeout=120)
        assert response.headers["Content-Type"] == "text/event-stream"
        text = response.body.decode()
        self.heard.append(text)
        assert text.endswith("\n\n")
        return [json.loads(event.removeprefix("data: ")) for event in text.split("\n\n") if event]

    async def run(self, kind: str, key: str, **more: Any) -> dict[str, Any]:
        return (await self.events(await self.start(kind, key, **more)))[-1]

    async def get(self, job: dict[str, Any]) -> dict[str, Any]:
        return self._answer(await self._fetch(*JOBS, job["id"]))

    async def cancel(self, job: dict[str, Any]) -> dict[str, Any]:
        return self._answer(await self._fetch(*JOBS, job["id"], method="DELETE"))

    async def scratch(self) -> list[dict[str, Any]]:
        """Where the user's scratch lies."""
        locations: list[dict[str, Any]] = self._answer(await self._fetch("zarrbrowser", "api", "scratch"))["locations"]
        return locations

    async def refused(self, kind: str, key: str, **more: Any) -> tuple[int, str]:
        """Status and code of a request that must be refused before the store is asked for anything."""
        with self.proxy.recording() as seen, pytest.raises(HTTPClientError) as caught:
            await self.start(kind, key, **more)
        assert len(seen) == 0
        assert caught.value.response is not None
        error = self._answer(caught.value.response)
        return caught.value.code, error["code"]

    async def quiet(self) -> None:
        """Returns when no request to the store is in flight."""
        while self.proxy.traffic.inflight:
            await asyncio.sleep(0.005)

    def _answer(self, response: HTTPResponse) -> dict[str, Any]:
        self.heard.append(response.body.decode())
        answer: dict[str, Any] = json.loads(response.body)
        return answer


async def seen_by(proxy: CountingProxy, seen: Recording, op: str) -> None:
    """Returns when the store was asked for such an operation."""
    while not seen.ops[op]:
        await asyncio.sleep(0.005)
