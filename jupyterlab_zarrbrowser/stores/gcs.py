"""Google Cloud Storage through gcsfs's session: its credentials and signing, our own pages.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from ..access import CellAccess
from ..concurrency import gather
from ..config import GcsConfig
from ..errors import BrowserError, causes
from ..expiry import LifetimeRule
from .addresses import BucketRoot
from .base import Store
from .body import PIECE_BYTES, READ_BYTES, Body, Range, body_of_http, is_page, read_bounded
from .connection import Connection
from .gcs_uploads import GcsUploads
from .listing import Block, Entry, Page

#: gcsfs 2026 asks a gRPC API for each bucket's layout and waits 60 s where there is none (a private endpoint, an
#: emulator). The plain file system class never asks; a notebook needs the switch.
_NO_LAYOUT_PROBE = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}

#: A page of 1,000 rows has well under one MiB.
_MAX_PAGE_BYTES = 16 * 2**20


#: Parts of what is written; a multiple of 256 KiB.
_PART_BYTES = 16 * 2**20


class GcsStore(Store):
    expires_at_midnight = False

    def __init__(self, config: GcsConfig) -> None:
        super().__init__(config)
        self._config = config
        self._root = BucketRoot(config.root, "gs", ("gcs",))
        self.project = config.project or os.environ.get("GOOGLE_CLOUD_PROJECT", "")
        self.has_buckets = not self._root.prefix
        self._connection = Connection(self._connect, _disconnect)
        self.uploads = GcsUploads(self)

    async def close(self) -> None:
        await self._connection.close()

    def uri(self, key: str) -> str:
        return self._root.uri(key)

    def key_of(self, url: str) -> str | None:
        return self._root.key_of(url)

    def cell_access(self) -> CellAccess:
        config = self._config
        options: dict[str, Any] = {}
        if config.anon:
            options["token"] = "anon"  # noqa: S105  (gcsfs calls it so)
        elif config.token_file:
            # The path of a file is no secret; the file stays where it is.
            options["token"] = str(Path(config.token_file).expanduser())
        if config.project:
            options["project"] = config.project
        if config.requester_pays:
            options["requester_pays"] = True
        if config.endpoint_url:
            options["endpoint_url"] = config.endpoint_url
        return CellAccess(options, (), _NO_LAYOUT_PROBE if config.endpoint_url else {})

    async def _connect(self) -> Any:
        # Both the import and the search for credentials block.
        return await asyncio.to_thread(self._log_in)

    def _log_in(self) -> Any:
        config = self._config
        token: str | None = "anon" if config.anon else None
        if config.token_file:
            path = Path(config.token_file).expanduser()
            token = str(path)
            if not path.is_file():
                raise BrowserError("credentials_missing", f"The token_file of {self.title} does not exist.")
        core = importlib.import_module("gcsfs.core")
        try:
            return core.GCSFileSystem(
                project=self.project,
                access="read_write" if config.writable else "read_only",
                token=token,
                endpoint_url=config.endpoint_url,
                requester_pays=config.requester_pays,
                asynchronous=True,
                skip_instance_cache=True,
                use_listings_cache=False,
            )
        except Exception as exc:
            if config.token_file:
                raise BrowserError(
                    "credentials_missing", f"The token_file of {self.title} is no service-account file."
                ) from exc
            raise

    async def _ask(self, path: tuple[str, ...], key: str, max_bytes: int, **query: str | int | None) -> bytes:
        """The body of one request."""
        async with AsyncExitStack() as stack:
            response = await self.answer(stack, path, key, query)
            return await read_bounded(response.content.iter_chunked(READ_BYTES), key, max_bytes)

    async def answer(
        self,
        stack: AsyncExitStack,
        path: tuple[str, ...],
        key: str,
        query: Mapping[str, str | int | None],
        more: dict[str, str] | None = None,
        *,
        method: str = "GET",
        data: bytes | None = None,
        json_body: Any = None,
        is_upload: bool = False,
        url: str | None = None,
    ) -> Any:
        """A good answer to one request.

        gcsfs's own request method is not used: it reads bodies whole, renews tokens on the event loop, and tries six
        times over half a minute, all of it out of our sight.
        """
        fs = await stack.enter_async_context(self._connection.use())
        session = await fs._set_session()
        headers = {**await asyncio.to_thread(fs._get_headers, None), **(more or {})}
        base = fs.base.replace("/storage/v1/", "/upload/storage/v1/") if is_upload else fs.base
        address = base + "/".join(quote(part, safe="") for part in path)
        parameters = urlencode(fs._get_params(query), quote_via=quote)
        target = importlib.import_module("yarl").URL(url or f"{address}?{parameters}", encoded=True)
        # The client's own limit is five minutes for a whole body; what may not take long is silence.
        patience = importlib.import_module("aiohttp").ClientTimeout(total=None, sock_read=self._timeout_s)
        asked = session.request(
            method, target, headers=headers, data=data, json=json_body, allow_redirects=False, timeout=patience
        )
        response = await stack.enter_async_context(asked)
        # Of a session: the next part, please; and: it is given up.
        if response.status >= 300 and not (url and response.status in {308, 499}):
            raise self._refusal(response.status, response.content_type, bool(key), fs)
        if is_page(response.content_type, key) and "x-goog-generation" not in response.headers:
            raise self._no_gcs()
        return response

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        bucket, object_key = self._root.split(container)
        if not bucket:
            return await self._list_buckets(container, name_prefix, cursor, limit)
        body = await self._ask(
            ("b", bucket, "o"),
            "",
            _MAX_PAGE_BYTES,
            prefix=(object_key + name_prefix) or None,
            delimiter="/",
            maxResults=limit,
            pageToken=cursor,
            fields="prefixes,items(name,size,updated),nextPageToken",
        )
        answer = await asyncio.to_thread(self._parse, body)
        entries = [Entry(self._root.relative(bucket, name), "prefix") for name in answer.get("prefixes", [])]
        entries += [
            Entry(self._root.relative(bucket, item["name"]), "object", int(item.get("size", 0)), item.get("updated"))
            for item in answer.get("items", [])
            if item["name"] != object_key  # a marker object for the container itself
        ]
        entries.sort(key=lambda entry: entry.key.encode())
        return Page(entries, answer.get("nextPageToken"))

    async def _scan(self, container: str, after: str, limit: int) -> Block:
        bucket, prefix = self._root.split(container)
        token = None
        while True:
            body = await self._ask(
                ("b", bucket, "o"),
                "",
                _MAX_PAGE_BYTES,
                prefix=prefix or None,
                # Begins with that key itself, or with a marker object for the container, where there is one.
                startOffset=prefix + after or None,
                maxResults=limit,
                pageToken=token,
                fields="items(name,size,timeCreated,updated),nextPageToken",
            )
            answer = self._parse(body)
            start, token = len(prefix), answer.get("nextPageToken")
            items = [item for item in answer.get("items", []) if item["name"][start:] > after]
            if items or token is None:
                break
            # Google may answer with an empty page; only its token leads on.
        return Block(
            [item["name"][start:] for item in items],
            [int(item.get("size", 0)) for item in items],
            # Its age counts from then; a change of its metadata does not make it younger.
            [item.get("timeCreated") or item.get("updated", "") for item in items],
            token is not None,
        )

    def bucket_of(self, key: str) -> str:
        return self._root.split(key)[0]

    async def _lifetimes(self, key: str) -> Sequence[LifetimeRule]:
        """https://cloud.google.com/storage/docs/lifecycle"""
        bucket = self.bucket_of(key)
        if not bucket:
            return []
        answer = self._parse(await self._ask(("b", bucket), "", _MAX_PAGE_BYTES, fields="lifecycle"))
        found = []
        for rule in answer.get("lifecycle", {}).get("rule", []):
            condition = rule.get("condition", {})
            if rule.get("action", {}).get("type") != "Delete" or set(condition) - {"age", "matchesPrefix"}:
                continue
            for prefix in condition.get("matchesPrefix") or [""]:
                relative = self._root.relative_prefix(bucket, prefix)
                if relative is not None and "age" in condition:
                    found.append(LifetimeRule(relative, float(condition["age"])))
        return found

    async def _list_buckets(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        if container:
            raise BrowserError("no_such_bucket", f"{self.title} has no bucket without a name.")
        if not self.project:
            raise BrowserError(
                "list_unsupported",
                f"{self.title} cannot list buckets because no project is known.",
                "Set `project`, or `root` to a bucket, for this endpoint in jupyter_server_config.py.",
            )
        body = await self._ask(
            ("b",),
            "",
            _MAX_PAGE_BYTES,
            project=self.project,
            prefix=name_prefix or None,
            maxResults=limit,
            pageToken=cursor,
            fields="items(name,timeCreated),nextPageToken",
        )
        answer = self._parse(body)
        buckets = [
            Entry(f"{item['name']}/", "bucket", None, item.get("timeCreated")) for item in answer.get("items", [])
        ]
        return Page(sorted(buckets, key=lambda entry: entry.key.removesuffix("/")), answer.get("nextPageToken"))

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except ValueError as exc:
            raise self._no_gcs() from exc
        if not isinstance(answer, dict):
            raise self._no_gcs()
        return answer

    def shares_service(self, other: Store) -> bool:
        if not isinstance(other, GcsStore):
            return False
        mine, theirs = self._config, other._config
        return all(
            getattr(mine, name) == getattr(theirs, name)
            for name in ("endpoint_url", "token_file", "anon", "project", "requester_pays")
        )

    async def _copy(self, source: Store, source_key: str, key: str, size: int) -> None:
        """https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite"""
        assert isinstance(source, GcsStore)
        path = ("b", *_split(source.place_of(source_key), "o"), "rewriteTo", "b", *_split(self.place_of(key), "o"))
        token = None
        while True:
            answer = self._parse(await self._send("POST", path, {"rewriteToken": token}, json_body={}))
            if answer.get("done", True):
                return
            token = answer.get("rewriteToken")

    async def _write(self, key: str, body: Body) -> None:
        """https://cloud.google.com/storage/docs/performing-resumable-uploads"""
        bucket, object_key = self.place_of(key)
        data = await body.read(_PART_BYTES)
        if len(data) < _PART_BYTES:
            await self._send("POST", ("b", bucket, "o"), {"uploadType": "media", "name": object_key}, data=data)
            return
        async with AsyncExitStack() as stack:
            query = {"uploadType": "resumable", "name": object_key}
            response = await self.answer(
                stack, ("b", bucket, "o"), key, query, method="POST", is_upload=True, json_body={}
            )
            session = response.headers["Location"]
        start = 0
        while True:
            following = await body.read(_PART_BYTES)
            total = "*" if following else str(start + len(data))
            part = {"Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}"}
            async with AsyncExitStack() as stack:
                response = await self.answer(stack, (), key, {}, part, method="PUT", url=session, data=data)
                arrived = response.headers.get("Range", f"bytes=0-{start + len(data) - 1}")
                if (response.status == 308) != bool(following) or not arrived.endswith(f"-{start + len(data) - 1}"):
                    raise BrowserError("store_error", f"{self.title} did not take all of {self.uri(key)}.")
            start += len(data)
            if not following:
                return
            data = following

    async def _remove(self, keys: Sequence[str]) -> None:
        async def one(key: str) -> None:
            try:
                await self._send("DELETE", ("b", *_split(self.place_of(key), "o")), {})
            except BrowserError as exc:
                if exc.code != "not_found":
                    raise

        await gather(one(key) for key in keys)

    async def _send(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str | int | None],
        *,
        data: bytes | None = None,
        json_body: Any = None,
    ) -> bytes:
        """The body of the answer to a request that changes something."""
        async with AsyncExitStack() as stack:
            response = await self.answer(
                stack, path, path[-1], query, method=method, data=data, json_body=json_body, is_upload=data is not None
            )
            return await read_bounded(response.content.iter_chunked(READ_BYTES), "", _MAX_PAGE_BYTES)

    async def _get(self, key: str, max_bytes: int) -> bytes:
        bucket, object_key = self.place_of(key)
        return await self._ask(("b", bucket, "o", object_key), key, max_bytes, alt="media")

    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        bucket, object_key = self.place_of(key)
        headers = {"Range": wanted.header()} if wanted is not None else {}
        response = await self.answer(stack, ("b", bucket, "o", object_key), key, {"alt": "media"}, headers)
        pieces = response.content.iter_chunked(PIECE_BYTES)
        return body_of_http(pieces, response.status, response.headers, is_decoded=True)

    async def _stat(self, key: str) -> Entry:
        bucket, object_key = self.place_of(key)
        answer = self._parse(
            await self._ask(("b", bucket, "o", object_key), key, _MAX_PAGE_BYTES, fields="size,updated")
        )
        return Entry(key, "object", int(answer.get("size", 0)), answer.get("updated"))

    def split(self, key: str) -> tuple[str, str]:
        """Bucket and key in it."""
        return self._root.split(key)

    def place_of(self, key: str) -> tuple[str, str]:
        """Bucket and key of an object. Raises BrowserError (``not_found``) where there can be none."""
        bucket, object_key = self._root.split(key)
        if not bucket or not object_key:
            raise BrowserError("not_found", "There can be no object of that name.")
        return bucket, object_key

    def _no_gcs(self) -> BrowserError:
        return BrowserError("wrong_endpoint", f"{self.title} did not answer as Google Cloud Storage does.")

    def _refusal(self, status: int, content_type: str, is_object: bool, fs: Any) -> BrowserError:
        """https://cloud.google.com/storage/docs/json_api/v1/status-codes"""
        title, unsigned = self.title, fs.credentials.credentials is None
        if status == 401 and unsigned and not self._config.anon:
            return BrowserError("credentials_missing", f"No credentials were found for {title}.")
        match status:
            case 401 if not unsigned:
                return BrowserError("credentials_invalid", f"{title} refused the credentials.")
            case 401 | 403 if is_object:
                return BrowserError("forbidden", f"{title} does not allow these credentials to read this.")
            case 401 | 403:
                return BrowserError("list_forbidden", f"{title} does not allow these credentials to list here.")
            case 400 if "html" not in content_type:
                hint = "Check `project` and `requester_pays` of this endpoint, or refresh the folder."
                return BrowserError("bad_request", f"{title} could not make sense of the request.", hint)
            case 404 if not is_object and "html" not in content_type:
                return BrowserError("no_such_bucket", f"{title} has no such bucket.")
            case 404 if is_object:
                return BrowserError("not_found", "It does not exist.")
            case 409:
                return BrowserError("conflict", f"{title} has something of that name already.")
            case 410 if is_object:
                return BrowserError("not_found", "It does not exist any more.")
            case 412:
                return BrowserError("exists", "Something of that name is there already.")
            case 416:
                return BrowserError("bad_range", "The object has no such part.")
            case 408 | 429 | 503:
                return BrowserError("throttled", f"{title} is overloaded or limits requests.")
            case _ if status < 500:
                return BrowserError("wrong_endpoint", f"{title} answered {status}.")
        return BrowserError("store_error", f"{title} answered {status}.")

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        names = {type(cause).__name__ for cause in causes(exc)}
        if "TransportError" in names:
            return None  # the network, on the way to where tokens are given
        if "DefaultCredentialsError" in names:
            return BrowserError("credentials_missing", f"No credentials were found for {self.title}.")
        if names & {"RefreshError", "ReauthFailError", "NonRetryableError"}:
            return BrowserError(
                "credentials_expired",
                f"The credentials of {self.title} could not be renewed.",
                "Run `gcloud auth application-default login`, then press Retry.",
            )
        return None

    async def _recover(self, error: BrowserError) -> None:
        if error.code.startswith("credentials_"):
            await self._connection.forget()


def _split(place: tuple[str, str], between: str) -> tuple[str, str, str]:
    """The part of a path that names an object."""
    return place[0], between, place[1]


async def _disconnect(fs: Any) -> None:
    if fs._session is not None:
        await fs._session.close()
