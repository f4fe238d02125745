"""Azure Blob Storage, and Data Lake Storage through the same protocol: adlfs's credentials, our own requests.

adlfs asks through azure-storage-blob, which reads whole pages into objects, follows redirects and tries again by
itself; here a request is one request.

https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, unquote, urlencode

from ..access import CellAccess, EnvVar
from ..concurrency import gather
from ..config import AzureConfig, azure_place
from ..errors import BrowserError, causes
from ..expiry import LifetimeRule
from .addresses import BucketRoot, without_query
from .azure_answers import (
    REQUEST_ID,
    Columns,
    iso,
    no_azure,
    parse_columns,
    parse_containers,
    parse_listing,
    refusal,
)
from .azure_auth import Account, account_of, log_in, names_application
from .azure_uploads import AzureUploads, block_id, new_upload
from .base import Store
from .body import PIECE_BYTES, READ_BYTES, Body, Range, body_of_http, is_page, read_bounded
from .connection import Connection
from .listing import Block, Entry, Page

#: The protocol's version. Old enough for every service that lists folders as such, and names that XML cannot hold.
_VERSION = "2021-12-02"

#: The first one that can begin a listing at any name (``startFrom``).
_VERSION_FROM = "2026-02-06"

#: A page of 5,000 rows has some 5 MiB; names may have 1,024 characters.
_MAX_PAGE_BYTES = 64 * 2**20

#: What the service gives at most in one page.
_SCAN_OBJECTS = 5000

#: Parts of what is written, and how many there may be.
_PART_BYTES = 16 * 2**20
_MAX_PARTS = 50_000

#: Seconds between two looks at a copy that the service makes in its own time.
_COPY_PAUSE_S = (0.1, 5.0)

#: After these, files and environment are read again, so that a new login works without a restart.
_FORGET_AFTER = {"credentials_missing", "credentials_invalid", "credentials_expired"}

_LOG_IN = (
    "Run `az login` in a terminal, or set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN for the Jupyter server, "
    "then press Retry. For public data, the administrator sets `anon` for this endpoint."
)


@dataclass(frozen=True, slots=True)
class _Client:
    session: Any
    account: Account


class AzureStore(Store):
    expires_at_midnight = False
    keeps_encodings = True

    def __init__(self, config: AzureConfig) -> None:
        super().__init__(config)
        self._config = config
        self._root = BucketRoot(config.place.path, "abfs", ("abfss", "az"))
        self.has_buckets = not self._root.prefix
        self.scan_limit = _SCAN_OBJECTS
        self._connection = Connection(self._connect, _disconnect)
        self.uploads = AzureUploads(self)
        #: Whether the account has folders, as far as listings told.
        self._is_hierarchical: bool | None = None
        #: Whether the service knows how to begin a listing at any name.
        self._knows_start = True

    async def close(self) -> None:
        await self._connection.close()

    def uri(self, key: str) -> str:
        return self._root.uri(key)

    def key_of(self, url: str) -> str | None:
        name, service = account_of(self._config)
        if service and url.startswith(f"{service}/"):
            return self._root.key_of("abfs://" + unquote(without_query(url)[len(service) + 1 :]))
        place = azure_place(url)
        if place is None or place.account not in {"", name} or place.service not in {"", service}:
            return None
        return self._root.key_of(f"abfs://{place.path}")

    def cell_access(self) -> CellAccess:
        config = self._config
        name, service = account_of(config)
        own_service = f"https://{name}.blob.core.windows.net"
        options: dict[str, Any] = {"account_name": name} if name else {}
        kind, variable = config.env.named[0] if config.env else ("", "")
        if kind == "connection_string":
            return CellAccess({"connection_string": EnvVar(variable)})
        if service in {"", own_service}:
            # adlfs takes nothing for no, where the environment does not say so.
            options |= {kind: EnvVar(variable)} if kind else {"anon": config.anon}
            return CellAccess(options)
        if config.anon or kind:
            # The only way to an address of one's own, whatever its scheme and path.
            head = f"BlobEndpoint={service};AccountName={name}"
            if not kind:
                return CellAccess({"connection_string": f"BlobEndpoint={service}"})
            what = "AccountKey" if kind == "account_key" else "SharedAccessSignature"
            return CellAccess({"connection_string": EnvVar(variable, before=f"{head};{what}=")})
        if config.place.service:
            options["account_host"] = service.partition("://")[2]
        return CellAccess({**options, "anon": False})

    async def _connect(self) -> _Client:
        config = self._config
        # Both the imports and the search for credentials block.
        account = await asyncio.to_thread(log_in, config)
        aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        # The client's own limit is five minutes for a whole body; what may not take long is silence.
        patience = aiohttp.ClientTimeout(total=None, sock_read=self._timeout_s)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=config.concurrency + config.scan_concurrency),
            timeout=patience,
            auto_decompress=False,
            skip_auto_headers=("Content-Type",),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
        )
        return _Client(session, account)

    async def ask(self, path: str, key: str, max_bytes: int, *, version: str = _VERSION, **query: Any) -> bytes:
        """The body of one request."""
        async with AsyncExitStack() as stack:
            response = await self._answer(stack, path, key, query, version=version)
            return await read_bounded(response.content.iter_chunked(READ_BYTES), key, max_bytes)

    async def _answer(
        self,
        stack: AsyncExitStack,
        path: str,
        key: str,
        query: Mapping[str, str | int | None],
        more: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        data: bytes | None = None,
        version: str = _VERSION,
    ) -> Any:
        """A good answer to one request. ``path`` is encoded, without a slash at its beginning."""
        client = await stack.enter_async_context(self._connection.use())
        account = client.account
        headers = {
            "Accept-Encoding": "identity",
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-version": version,
            **(more or {}),
        }
        if data is not None:
            headers["Content-Length"] = str(len(data))
        given = urlencode({name: value for name, value in query.items() if value is not None}, quote_via=quote)
        url = f"{account.service}/{path}{'?' if given else ''}{given}"
        url = await account.credentials.sign(method, url, headers)
        target = importlib.import_module("yarl").URL(url, encoded=True)
        asked = client.session.request(method, target, headers=headers, data=data, allow_redirects=False)
        response = None
        try:
            response = await stack.enter_async_context(asked)
        except Exception as exc:
            # It would carry the address into logs, and that may hold a signature.
            if not hasattr(exc, "request_info"):
                raise
        if response is None:
            raise no_azure(self.title)
        if response.status >= 300:
            raise refusal(
                response.status,
                response.headers,
                self.title,
                listing=not key,
                signed=account.credentials.signs,
                expired=account.credentials.has_expired,
            )
        if is_page(response.content_type, key) and REQUEST_ID not in response.headers:
            raise no_azure(self.title)
        return response

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        bucket, object_key = self._root.split(container)
        if not bucket:
            return await self._list_buckets(container, name_prefix, cursor, limit)
        body = await self.ask(
            _encoded(bucket),
            "",
            _MAX_PAGE_BYTES,
            restype="container",
            comp="list",
            prefix=(object_key + name_prefix) or None,
            delimiter="/",
            maxresults=limit,
            marker=cursor,
        )
        listing = await asyncio.to_thread(parse_listing, body, self.title)
        self._learn(listing.is_hierarchical)
        entries = [
            Entry(self._root.relative(bucket, name), "prefix" if is_prefix else "object", size, modified)
            for name, is_prefix, size, modified in listing.rows
            if name != object_key  # a marker object for the container itself
        ]
        return Page(entries, listing.marker)

    async def _list_buckets(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        if container:
            raise BrowserError("no_such_bucket", f"{self.title} has no container without a name.")
        body = await self.ask(
            "", "", _MAX_PAGE_BYTES, comp="list", prefix=name_prefix or None, maxresults=limit, marker=cursor
        )
        found, marker = await asyncio.to_thread(parse_containers, body, self.title)
        return Page([Entry(f"{name}/", "bucket", None, modified) for name, modified in found], marker)

    def _learn(self, is_hierarchical: bool | None) -> None:
        if is_hierarchical is not None:
            self._is_hierarchical = is_hierarchical

    @property
    def scans_anywhere(self) -> bool:  # type: ignore[override]
        # An account with folders sorts what lies in "a" before "a-b", and keys do not
        # (https://github.com/Azure/azure-sdk-for-go/issues/24210).
        return self._is_hierarchical is False and self._knows_start

    async def _scan(self, container: str, after: str, limit: int) -> Block:
        return await self._scan_page(container, after, limit, None)

    async def _scan_on(self, container: str, cursor: str, limit: int) -> Block:
        return await self._scan_page(container, "", limit, cursor)

    async def _scan_page(self, container: str, after: str, limit: int, marker: str | None) -> Block:
        bucket, prefix = self._root.split(container)
        while True:
            page = await self._scan_answer(bucket, prefix, after, limit, marker)
            self._learn(page.is_hierarchical)
            if after and (not self._knows_start or self._is_hierarchical):
                raise self._cannot_begin()
            names = [name[len(prefix) :] for name in page.names]
            if after and marker is None and page.is_plain and names and names[0] < after:
                raise self._cannot_begin()
            # The first is that key itself, or a marker object for the container, where there is one.
            found = [at for at, name in enumerate(names) if name != after] if after in names else range(len(names))
            if found or page.marker is None:
                break
            # The service may answer with an empty page; only its marker leads on.
            marker = page.marker
        # Where names may not come in the order of their code points, no name tells how to go on.
        is_ordered = self._knows_start and not page.is_hierarchical and page.is_plain
        return Block(
            [names[at] for at in found],
            [page.sizes[at] for at in found],
            [page.modified[at] for at in found],
            page.marker is not None,
            None if is_ordered else page.marker,
        )

    async def _scan_answer(self, bucket: str, prefix: str, after: str, limit: int, marker: str | None) -> Columns:
        query: dict[str, Any] = {"restype": "container", "comp": "list", "prefix": prefix or None}
        query |= {"maxresults": limit, "marker": marker, "startFrom": prefix + after if after else None}
        if self._knows_start:
            try:
                return await self._parsed(bucket, query, _VERSION_FROM)
            except BrowserError as exc:
                if exc.code != "bad_request":
                    raise
            # An older service, which does not know the version; it may also be that it dislikes something else.
            page = await self._parsed(bucket, {**query, "startFrom": None}, _VERSION)
            self._knows_start = False
            return page
        return await self._parsed(bucket, query, _VERSION)

    async def _parsed(self, bucket: str, query: dict[str, Any], version: str) -> Columns:
        body = await self.ask(_encoded(bucket), "", _MAX_PAGE_BYTES, version=version, **query)
        return await asyncio.to_thread(parse_columns, body, self.title)

    def _cannot_begin(self) -> BrowserError:
        return BrowserError(
            "list_unsupported",
            f"{self.title} cannot begin a listing in the middle.",
            "Refresh the folder, and count again.",
        )

    def bucket_of(self, key: str) -> str:
        return self._root.split(key)[0]

    async def _lifetimes(self, key: str) -> Sequence[LifetimeRule]:
        """None: policies are the account's, and read with rights on the subscription, not on its data."""
        return []

    def shares_service(self, other: Store) -> bool:
        if not isinstance(other, AzureStore):
            return False
        mine, theirs = self._config, other._config
        return account_of(mine) == account_of(theirs) and (mine.anon, mine.env) == (theirs.anon, theirs.env)

    async def _copy(self, source: Store, source_key: str, key: str, size: int) -> None:
        """https://learn.microsoft.com/rest/api/storageservices/copy-blob"""
        assert isinstance(source, AzureStore)
        origin, path = source.path_of(source_key), self.path_of(key)
        async with self._connection.use() as client:
            account = client.account
            more = {"x-ms-copy-source": account.credentials.address(f"{account.service}/{origin}")}
        async with AsyncExitStack() as stack:
            response = await self._answer(stack, path, key, {}, more, method="PUT")
            status, copy_id = _copy_of(response)
        if status == "pending":
            try:
                status = await self._copied(path, key, copy_id)
            except BaseException:
                await asyncio.shield(self._abandon(path, copy_id))
                raise
        if status != "success":
            raise BrowserError("store_error", f"{self.title} did not copy {source.uri(source_key)}.")

    async def _copied(self, path: str, key: str, copy_id: str) -> str:
        """How a copy ends that is not there at once, as nearly all are."""
        pause_s, longest_s = _COPY_PAUSE_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, longest_s)
            async with AsyncExitStack() as stack:
                status, current_id = _copy_of(await self._answer(stack, path, key, {}, method="HEAD"))
            if current_id != copy_id:
                raise BrowserError("conflict", f"Something else has written {self.uri(key)} meanwhile.")
            if status != "pending":
                return status

    async def _abandon(self, path: str, copy_id: str) -> None:
        """End a copy. What made it fail is what the user should hear, and not that this failed, too."""
        with contextlib.suppress(Exception):
            await self.send(path, {"comp": "copy", "copyid": copy_id}, method="PUT", more={"x-ms-copy-action": "abort"})

    async def _write(self, key: str, body: Body) -> None:
        """https://learn.microsoft.com/rest/api/storageservices/put-block-list

        Of an upload that fails nothing is seen, and the service drops its parts after a week.
        """
        path = self.path_of(key)
        said = {"x-ms-blob-content-type": body.content_type, "x-ms-blob-content-encoding": body.encoding}
        more = {name: value for name, value in said.items() if value}
        part_size = max(_PART_BYTES, -(-(body.size or 0) // _MAX_PARTS))
        data = await body.read(part_size)
        if len(data) < part_size:
            await self.send(path, {}, method="PUT", data=data, more={"x-ms-blob-type": "BlockBlob", **more})
            return
        # Names of an own, so that two who write the same object cannot mix their parts.
        upload = new_upload()
        blocks: list[str] = []
        while data:
            blocks.append(block_id(upload, len(blocks) + 1))
            await self.send(path, {"comp": "block", "blockid": blocks[-1]}, method="PUT", data=data)
            data = await body.read(part_size)
        await self.commit(path, blocks, more)

    async def commit(self, path: str, blocks: Sequence[str], more: Mapping[str, str]) -> None:
        """Make an object of parts that were put."""
        listed = "".join(f"<Uncommitted>{block}</Uncommitted>" for block in blocks)
        document = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
        await self.send(path, {"comp": "blocklist"}, method="PUT", data=document.encode(), more=more)

    async def make_container(self, name: str) -> None:
        """https://learn.microsoft.com/rest/api/storageservices/create-container"""
        await self.send(_encoded(name), {"restype": "container"}, method="PUT")

    async def _remove(self, keys: Sequence[str]) -> None:
        async def one(key: str) -> None:
            try:
                await self.send(self.path_of(key), {}, method="DELETE")
            except BrowserError as exc:
                if exc.code != "not_found":
                    raise

        await gather(one(key) for key in keys)

    async def send(
        self,
        path: str,
        query: Mapping[str, str | int | None],
        *,
        method: str,
        data: bytes | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """A request that changes something."""
        async with AsyncExitStack() as stack:
            response = await self._answer(stack, path, path, query, more, method=method, data=data)
            await response.read()

    async def _get(self, key: str, max_bytes: int) -> bytes:
        async with AsyncExitStack() as stack:
            response = await self._answer(stack, self.path_of(key), key, {})
            self._check_object(response)
            return await read_bounded(response.content.iter_chunked(READ_BYTES), key, max_bytes)

    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        path = self.path_of(key)
        headers = {}
        if wanted is not None and wanted.start < 0:
            # The service knows no ranges from the end.
            size = (await self._stat(key)).size_bytes or 0
            wanted = Range(*wanted.within(size))
        if wanted is not None:
            headers["Range"] = wanted.header()
        response = await self._answer(stack, path, key, {}, headers)
        self._check_object(response)
        body = body_of_http(response.content.iter_chunked(PIECE_BYTES), response.status, response.headers)
        if wanted is not None and body.size is not None and body.start >= body.size:
            # Azurite gives nothing of what is exactly at the end.
            raise BrowserError("bad_range", "The object has no such part.")
        return body

    async def _stat(self, key: str) -> Entry:
        headers = await self.head(key)
        length, modified = headers.get("Content-Length"), iso(headers.get("Last-Modified", ""))
        return Entry(key, "object", int(length) if length else None, modified or None)

    async def head(self, key: str) -> Mapping[str, str]:
        """What is said of an object."""
        async with AsyncExitStack() as stack:
            response = await self._answer(stack, self.path_of(key), key, {}, method="HEAD")
            self._check_object(response)
            headers: Mapping[str, str] = response.headers
            return headers

    def _check_object(self, response: Any) -> None:
        """Raise BrowserError where it is a folder that has a name of its own, and not an object."""
        headers = response.headers
        if "directory" in headers.get("x-ms-resource-type", "") or headers.get("x-ms-meta-hdi_isfolder") == "true":
            raise BrowserError("not_found", "It is a folder.")

    def split(self, key: str) -> tuple[str, str]:
        """Container and name in it."""
        return self._root.split(key)

    def path_of(self, key: str) -> str:
        """The path of an object in an address."""
        bucket, object_key = self._root.split(key)
        if not bucket or not object_key:
            raise BrowserError("not_found", "There can be no object of that name.")
        return f"{_encoded(bucket)}/{_encoded(object_key)}"

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        names = {type(cause).__name__ for cause in causes(exc)}
        if not names & {"ClientAuthenticationError", "CredentialUnavailableError"}:
            return None
        if "CredentialUnavailableError" in names or not names_application():
            return BrowserError("credentials_missing", f"No credentials were found for {self.title}.", _LOG_IN)
        return BrowserError("credentials_invalid", f"{self.title} was given no token for its credentials.")

    async def _recover(self, error: BrowserError) -> None:
        if error.code in _FORGET_AFTER:
            await self._connection.forget()


def _encoded(name: str) -> str:
    """A name for the path of an address, none of whose parts may be taken for a way up or for nothing."""
    is_plain = not {"", ".", ".."} & set(name.split("/"))
    return quote(name, safe="/-_.~" if is_plain else "-_.~")


def _copy_of(response: Any) -> tuple[str, str]:
    return response.headers.get("x-ms-copy-status", "success"), response.headers.get("x-ms-copy-id", "")


async def _disconnect(client: _Client) -> None:
    await client.session.close()
    await client.account.credentials.close()
