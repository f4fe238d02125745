"""Google Cloud Storage through gcsfs's session: its credentials and signing, our own pages.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from ..access import CellAccess
from ..config import GcsConfig
from ..errors import BrowserError, causes
from .base import (
    PIECE_BYTES,
    READ_BYTES,
    Body,
    BucketRoot,
    Entry,
    Page,
    Range,
    Store,
    body_of_http,
    is_page,
    read_bounded,
)
from .connection import Connection

#: gcsfs 2026 asks a gRPC API for each bucket's layout and waits 60 s where there is none (a private endpoint, an
#: emulator). The plain file system class never asks; a notebook needs the switch.
_NO_LAYOUT_PROBE = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}

#: A page of 1,000 rows has well under one MiB.
_MAX_PAGE_BYTES = 16 * 2**20


class GcsStore(Store):
    def __init__(self, config: GcsConfig) -> None:
        super().__init__(config)
        self._config = config
        self._root = BucketRoot(config.root, "gs", ("gcs",))
        self._project = config.project or os.environ.get("GOOGLE_CLOUD_PROJECT", "")
        self.has_buckets = not self._root.prefix
        self._connection = Connection(self._connect, _disconnect)

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
                project=self._project,
                access="read_only",
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
            response = await self._answer(stack, path, key, query)
            return await read_bounded(response.content.iter_chunked(READ_BYTES), key, max_bytes)

    async def _answer(
        self,
        stack: AsyncExitStack,
        path: tuple[str, ...],
        key: str,
        query: dict[str, str | int | None],
        more: dict[str, str] | None = None,
    ) -> Any:
        """A good answer to one request.

        gcsfs's own request method is not used: it reads bodies whole, renews tokens on the event loop, and tries six
        times over half a minute, all of it out of our sight.
        """
        fs = await stack.enter_async_context(self._connection.use())
        session = await fs._set_session()
        headers = {**await asyncio.to_thread(fs._get_headers, None), **(more or {})}
        address = fs.base + "/".join(quote(part, safe="") for part in path)
        parameters = urlencode(fs._get_params(query), quote_via=quote)
        url = importlib.import_module("yarl").URL(f"{address}?{parameters}", encoded=True)
        response = await stack.enter_async_context(session.get(url, headers=headers, allow_redirects=False))
        if response.status >= 300:
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

    async def _list_buckets(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        if container:
            raise BrowserError("no_such_bucket", f"{self.title} has no bucket without a name.")
        if not self._project:
            raise BrowserError(
                "list_unsupported",
                f"{self.title} cannot list buckets because no project is known.",
                "Set `project`, or `root` to a bucket, for this endpoint in jupyter_server_config.py.",
            )
        body = await self._ask(
            ("b",),
            "",
            _MAX_PAGE_BYTES,
            project=self._project,
            prefix=name_prefix or None,
            maxResults=limit,
            pageToken=cursor,
            fields="items(name,timeCreated),nextPageToken",
        )
        answer = self._parse(body)
        buckets = [
            Entry(f"{item['name']}/", "bucket", None, item.get("timeCreated")) for item in answer.get("items", [])
        ]
        return Page(sorted(buckets, key=lambda entry: entry.key), answer.get("nextPageToken"))

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except ValueError as exc:
            raise self._no_gcs() from exc
        if not isinstance(answer, dict):
            raise self._no_gcs()
        return answer

    async def _get(self, key: str, max_bytes: int) -> bytes:
        bucket, object_key = self._object(key)
        return await self._ask(("b", bucket, "o", object_key), key, max_bytes, alt="media")

    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        bucket, object_key = self._object(key)
        headers = {"Range": wanted.header()} if wanted is not None else {}
        response = await self._answer(stack, ("b", bucket, "o", object_key), key, {"alt": "media"}, headers)
        pieces = response.content.iter_chunked(PIECE_BYTES)
        return body_of_http(pieces, response.status, response.headers, is_decoded=True)

    async def _stat(self, key: str) -> Entry:
        bucket, object_key = self._object(key)
        answer = self._parse(
            await self._ask(("b", bucket, "o", object_key), key, _MAX_PAGE_BYTES, fields="size,updated")
        )
        return Entry(key, "object", int(answer.get("size", 0)), answer.get("updated"))

    def _object(self, key: str) -> tuple[str, str]:
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


async def _disconnect(fs: Any) -> None:
    if fs._session is not None:
        await fs._session.close()
