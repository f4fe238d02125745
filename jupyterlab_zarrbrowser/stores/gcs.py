"""Google Cloud Storage through gcsfs's session: its credentials and signing, our own pages.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
from pathlib import Path
from typing import Any

from ..access import CellAccess
from ..config import GcsConfig
from ..errors import BrowserError
from .base import BucketRoot, Entry, Page, Store, too_large

#: gcsfs 2026 asks a gRPC API for each bucket's layout and waits 60 s where there is none (a private endpoint, an
#: emulator). The plain file system class never asks; a notebook needs the switch.
_NO_LAYOUT_PROBE = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}

_STATUS_IN_TEXT = re.compile(r"(?:^|\D)([45]\d\d)(?:\D|$)")


class GcsStore(Store):
    def __init__(self, config: GcsConfig) -> None:
        super().__init__(config)
        self._config = config
        self._root = BucketRoot(config.root, "gs", ("gcs",))
        self.has_buckets = not self._root.prefix
        self._fs: Any = None
        self._fs_lock = asyncio.Lock()

    async def close(self) -> None:
        fs, self._fs = self._fs, None
        if fs is not None and fs._session is not None:
            await fs._session.close()

    def uri(self, key: str) -> str:
        return self._root.uri(key)

    def key_of(self, url: str) -> str | None:
        return self._root.key_of(url)

    def cell_access(self) -> CellAccess:
        config = self._config
        options: dict[str, Any] = {}
        notes: tuple[str, ...] = ()
        if config.anon:
            options["token"] = "anon"  # noqa: S105  (gcsfs calls it so)
        elif config.token_file:
            # The path of a file is no secret; the file stays where it is.
            options["token"] = config.token_file
        if config.project:
            options["project"] = config.project
        if config.requester_pays:
            options["requester_pays"] = True
        if config.endpoint_url:
            options["endpoint_url"] = config.endpoint_url
        return CellAccess(options, notes, _NO_LAYOUT_PROBE if config.endpoint_url else {})

    async def _connected(self) -> Any:
        async with self._fs_lock:
            if self._fs is None:
                # Both the import and the search for credentials block.
                self._fs = await asyncio.to_thread(self._connect)
            return self._fs

    def _connect(self) -> Any:
        config = self._config
        token: str | None = "anon" if config.anon else None
        if config.token_file:
            path = Path(config.token_file).expanduser()
            token = str(path)
            if not path.is_file():
                raise BrowserError("credentials_missing", f"The token_file of {self.title} does not exist.")
        core = importlib.import_module("gcsfs.core")
        return core.GCSFileSystem(
            project=config.project or os.environ.get("GOOGLE_CLOUD_PROJECT", ""),
            access="full_control" if config.writable else "read_only",
            token=token,
            endpoint_url=config.endpoint_url,
            requester_pays=config.requester_pays,
            asynchronous=True,
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        fs = await self._connected()
        bucket, object_key = self._root.split(container)
        if not bucket:
            return await self._list_buckets(fs, name_prefix, cursor, limit)
        _, body = await fs._call(
            "GET",
            "b/{}/o",
            bucket,
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

    async def _list_buckets(self, fs: Any, name_prefix: str, cursor: str | None, limit: int) -> Page:
        if not fs.project:
            raise BrowserError(
                "list_unsupported",
                f"{self.title} cannot list buckets because no project is known.",
                "Set `project`, or `root` to a bucket, for this endpoint in jupyter_server_config.py.",
            )
        _, body = await fs._call(
            "GET", "b", project=fs.project, prefix=name_prefix or None, maxResults=limit, pageToken=cursor
        )
        answer = self._parse(body)
        buckets = [Entry(f"{item['name']}/", "bucket", None, item.get("updated")) for item in answer.get("items", [])]
        return Page(buckets, answer.get("nextPageToken"))

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except ValueError as exc:
            raise BrowserError("wrong_endpoint", f"{self.title} did not answer as Google Cloud Storage does.") from exc
        if not isinstance(answer, dict):
            raise BrowserError("wrong_endpoint", f"{self.title} did not answer as Google Cloud Storage does.")
        return answer

    async def _get(self, key: str, max_bytes: int) -> bytes:
        fs = await self._connected()
        bucket, object_key = self._root.split(key)
        # One byte more than allowed tells a large object without its body.
        _, data = await fs._call(
            "GET", "b/{}/o/{}", bucket, object_key, alt="media", headers={"Range": f"bytes=0-{max_bytes}"}
        )
        if len(data) > max_bytes:
            raise too_large(key, max_bytes)
        return bytes(data)

    async def _stat(self, key: str) -> Entry:
        fs = await self._connected()
        bucket, object_key = self._root.split(key)
        _, body = await fs._call("GET", "b/{}/o/{}", bucket, object_key, fields="size,updated")
        answer = self._parse(body)
        return Entry(key, "object", int(answer.get("size", 0)), answer.get("updated"))

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        title, kind = self.title, type(exc).__name__
        if isinstance(exc, FileNotFoundError):
            return BrowserError("no_such_bucket" if listing else "not_found", "It does not exist.")
        if kind in {"DefaultCredentialsError", "GoogleAuthError"} or (
            "anonymous" in str(exc).lower() and kind != "OSError"
        ):
            return BrowserError("credentials_missing", f"No credentials were found for {title}.")
        if kind in {"RefreshError", "ReauthFailError"}:
            return BrowserError(
                "credentials_expired",
                f"The credentials of {title} could not be renewed.",
                "Run `gcloud auth application-default login`, then press Retry.",
            )
        status = getattr(exc, "code", None)
        if isinstance(exc, OSError) and str(exc).startswith("Forbidden"):
            status = 403
        if status is None and kind == "HttpError":
            found = _STATUS_IN_TEXT.search(str(exc))
            status = int(found[1]) if found else None
        match status:
            case 401:
                return BrowserError("credentials_invalid", f"{title} refused the credentials.")
            case 403 if listing:
                return BrowserError("list_forbidden", f"{title} does not allow these credentials to list here.")
            case 403:
                return BrowserError("forbidden", f"{title} does not allow these credentials to read this.")
            case 429 | 503:
                return BrowserError("throttled", f"{title} is overloaded or limits requests.")
            case int():
                return BrowserError("store_error", f"{title} answered {status}.")
        return None

    async def _recover(self, error: BrowserError) -> None:
        if error.code.startswith("credentials_"):
            async with self._fs_lock:
                await self.close()
