"""S3 and what speaks its protocol, through s3fs's session and client.

s3fs brings credentials, profiles, regions, signing and retries. Two things are done otherwise, since they were measured
(docs/architecture.md, "Cost"): a page is parsed here, because botocore spends about 90 ms of CPU on 1,000 keys, and a
document is one GET, because s3fs asks HEAD before it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import importlib
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any
from urllib.parse import unquote

from ..access import CellAccess, EnvVar
from ..concurrency import gather
from ..config import S3Config
from ..errors import BrowserError, causes
from ..expiry import LifetimeRule
from .addresses import BucketRoot, without_query
from .base import Store
from .body import PIECE_BYTES, READ_BYTES, Body, Range, body_of_http, is_page, read_bounded, too_large
from .connection import Connection, ca_file
from .listing import Block, Entry, Page
from .s3_answers import error_code, lifetimes_of, no_s3, parse_block, parse_buckets, parse_listing, translate
from .s3_uploads import S3Uploads

#: A connection that takes longer will not come; the request itself has the endpoint's ``timeout_s``.
_CONNECT_TIMEOUT_S = 5

#: Under this name the raw body of a listing travels through botocore's parsed answer.
_RAW = "ZarrBrowserBody"

#: A valid answer without content, so that botocore has nothing to parse.
_EMPTY = b"<Empty/>"

#: After these a new client reads the credential files again, so that a renewed login works without a restart.
_FORGET_AFTER = {"credentials_missing", "credentials_invalid", "credentials_expired"}


#: The largest object that is copied in one request
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html), and the parts of larger ones.
_MAX_COPY_BYTES = 5 * 2**30
_COPY_PART_BYTES = 512 * 2**20

#: Parts of what is written.
_PART_BYTES = 16 * 2**20

_MAX_PARTS = 10_000

#: What an object carries beside its bytes.
_SAID_OF_AN_OBJECT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Metadata",
    "SSEKMSKeyId",
    "ServerSideEncryption",
    "StorageClass",
)

#: What a user can do who was given no credentials by anyone.
_LOG_IN = (
    "Run `aws configure` in a terminal, or set AWS_PROFILE for the Jupyter server, then press Retry. "
    "For public data, the administrator sets `anon` for this endpoint."
)


class S3Store(Store):
    keeps_encodings = True

    def __init__(self, config: S3Config) -> None:
        super().__init__(config)
        self._config = config
        self._root = BucketRoot(config.root, "s3", ("s3a",))
        self.has_buckets = not self._root.prefix
        self._connection = Connection(self._connect, _disconnect)
        self.uploads = S3Uploads(self)

    async def close(self) -> None:
        await self._connection.close()

    def uri(self, key: str) -> str:
        return self._root.uri(key)

    def key_of(self, url: str) -> str | None:
        endpoint = self._config.endpoint_url
        if endpoint and url.startswith(endpoint.rstrip("/") + "/"):
            # The web address of an object, as consoles of Ceph, MinIO and Swift show it (path style).
            return self._root.key_of("s3://" + unquote(without_query(url)[len(endpoint.rstrip("/")) + 1 :]))
        return self._root.key_of(url)

    def cell_access(self) -> CellAccess:
        config = self._config
        options: dict[str, Any] = {}
        notes: tuple[str, ...] = ()
        if config.anon:
            options["anon"] = True
        elif config.profile:
            options["profile"] = config.profile
        elif config.env:
            options |= {"key": EnvVar(config.env.key), "secret": EnvVar(config.env.secret)}
            options |= {"token": EnvVar(config.env.token)} if config.env.token else {}
        elif config.key:
            notes = (f"Credentials for {config.shown_title!r}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",)
        if config.endpoint_url:
            options["endpoint_url"] = config.endpoint_url
        if config.requester_pays:
            options["requester_pays"] = True
        client_kwargs = {"region_name": config.region} if config.region else {}
        if config.ca_bundle:
            client_kwargs["verify"] = str(Path(config.ca_bundle).expanduser())
        if client_kwargs:
            options["client_kwargs"] = client_kwargs
        config_kwargs = self._botocore_options(explicit_only=True)
        if config_kwargs:
            options["config_kwargs"] = config_kwargs
        return CellAccess(options, notes)

    def _botocore_options(self, *, explicit_only: bool) -> dict[str, Any]:
        """botocore Config fields. Cells get only what the administrator stated."""
        config = self._config
        # Not every S3 server knows the checksums that botocore adds since 1.36 (boto/boto3#4392), and whether this one
        # is Amazon's is not known where a profile or the environment names it.
        checksum = config.checksum or (None if explicit_only else "when_required")
        options: dict[str, Any] = {}
        if checksum:
            options |= {"request_checksum_calculation": checksum, "response_checksum_validation": checksum}
        if config.path_style:
            options["s3"] = {"addressing_style": "path"}
        return options

    def _credentials(self) -> dict[str, Any]:
        config = self._config
        if config.anon:
            return {"anon": True}
        if config.profile:
            return {"profile": config.profile}
        if config.env:
            found: dict[str, Any] = {}
            for field in ("key", "secret", "token"):
                name = getattr(config.env, field)
                if name:
                    found[field] = os.environ.get(name)
                    if not found[field]:
                        raise BrowserError(
                            "credentials_missing",
                            f"The environment variable {name} of {self.title} is not set.",
                            "Set it for the Jupyter server, or ask the administrator to.",
                        )
            return found
        if config.key:
            return {"key": config.key, "secret": config.secret, "token": config.token}
        return {}

    async def _connect(self) -> Any:
        # The import alone takes most of a second, and must not stop the other endpoints.
        s3fs = await asyncio.to_thread(importlib.import_module, "s3fs")
        config = self._config
        client_kwargs: dict[str, Any] = {"region_name": config.region} if config.region else {}
        if config.ca_bundle:
            client_kwargs["verify"] = ca_file(config.ca_bundle, self.title)
        fs = s3fs.S3FileSystem(
            asynchronous=True,
            skip_instance_cache=True,
            use_listings_cache=False,
            endpoint_url=config.endpoint_url,
            client_kwargs=client_kwargs,
            config_kwargs={
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "read_timeout": config.timeout_s,
                # The second try is ours (base.py), inside the endpoint's deadline.
                "retries": {"mode": "standard", "total_max_attempts": 1},
                "max_pool_connections": config.concurrency + config.scan_concurrency,
                **_no_redirects(),
                **self._botocore_options(explicit_only=False),
            },
            **self._credentials(),
        )
        client = await fs.set_session()
        for operation in ("ListObjectsV2", "ListBuckets"):
            # A wildcard in the first place comes before botocore's own handler, which parses whole pages only to look
            # for errors, and makes a 500 of what is not XML.
            client.meta.events.register(f"before-parse.*.{operation}", _keep_raw_listing)
        client.meta.events.register("before-sign.s3.DeleteObjects", _add_md5)
        return fs

    @property
    def is_amazon(self) -> bool:
        return not self._config.endpoint_url

    def split(self, key: str) -> tuple[str, str]:
        """Bucket and key in it."""
        return self._root.split(key)

    def relative(self, bucket: str, object_key: str) -> str:
        """The key of an object of a bucket."""
        return self._root.relative(bucket, object_key)

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        """botocore's client, which is not closed meanwhile."""
        async with self._connection.use() as fs:
            yield fs._s3

    def pays(self) -> dict[str, str]:
        return {"RequestPayer": "requester"} if self._config.requester_pays else {}

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        bucket, object_key = self._root.split(container)
        if not bucket:
            return await self._list_buckets(container, name_prefix, cursor, limit)
        token = {"ContinuationToken": cursor} if cursor else {}
        async with self._connection.use() as fs:
            answer = await fs._s3.list_objects_v2(
                Bucket=bucket, Prefix=object_key + name_prefix, Delimiter="/", MaxKeys=limit, **token, **self.pays()
            )
        rows, next_cursor = await asyncio.to_thread(parse_listing, answer.get(_RAW, b""), self.title)
        entries = [
            Entry(self._root.relative(bucket, key), kind, size, modified)
            for key, kind, size, modified in rows
            if key != object_key  # a marker object for the container itself
        ]
        return Page(entries, next_cursor)

    async def _scan(self, container: str, after: str, limit: int) -> Block:
        bucket, prefix = self._root.split(container)
        # Behind the prefix itself: a marker object for the container is not something that lies in it.
        begin = {"StartAfter": prefix + after} if prefix + after else {}
        while True:
            async with self._connection.use() as fs:
                answer = await fs._s3.list_objects_v2(
                    Bucket=bucket, Prefix=prefix, MaxKeys=limit, **begin, **self.pays()
                )
            body = answer.get(_RAW, b"")
            # Half a millisecond: a thread would cost more.
            block = parse_block(body, prefix, self.title)
            if block.keys or not block.goes_on:
                return block
            # A page of objects that were deleted and have versions is empty; only its token leads on.
            begin = {"ContinuationToken": parse_listing(body, self.title)[1] or ""}

    def bucket_of(self, key: str) -> str:
        return self._root.split(key)[0]

    async def _lifetimes(self, key: str) -> Sequence[LifetimeRule]:
        bucket = self.bucket_of(key)
        if not bucket:
            return []
        async with self._connection.use() as fs:
            try:
                answer = await fs._s3.get_bucket_lifecycle_configuration(Bucket=bucket)
            except Exception as exc:
                if error_code(exc) == "NoSuchLifecycleConfiguration":
                    return []
                raise
        return lifetimes_of(answer, lambda prefix: self._root.relative_prefix(bucket, prefix))

    async def _list_buckets(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        if container:
            raise BrowserError("no_such_bucket", f"{self.title} has no bucket without a name.")
        async with self._connection.use() as fs:
            answer = await fs._s3.list_buckets()
        # Not every server pages buckets, so all of them come at once, and the cursor is ours: the last name shown.
        found = await asyncio.to_thread(parse_buckets, answer.get(_RAW, b""), self.title)
        chosen = [each for each in found if each[0].startswith(name_prefix) and (cursor is None or each[0] > cursor)]
        entries = [Entry(f"{name}/", "bucket", None, created) for name, created in chosen[:limit]]
        return Page(entries, chosen[limit - 1][0] if len(chosen) > limit else None)

    def shares_service(self, other: Store) -> bool:
        if not isinstance(other, S3Store):
            return False
        mine, theirs = self._config, other._config
        same = ("endpoint_url", "region", "profile", "anon", "env", "key", "secret", "token", "requester_pays")
        return all(getattr(mine, name) == getattr(theirs, name) for name in same)

    async def _copy(self, source: Store, source_key: str, key: str, size: int) -> None:
        assert isinstance(source, S3Store)
        from_bucket, from_key = source.place_of(source_key)
        bucket, object_key = self.place_of(key)
        origin = {"Bucket": from_bucket, "Key": from_key}
        async with self._connection.use() as fs:
            is_itself = (from_bucket, from_key) == (bucket, object_key)
            said: dict[str, Any] = {}
            head: dict[str, Any] = {}
            if is_itself or size > _MAX_COPY_BYTES:
                # S3 copies onto itself only what is replaced, and in parts only the bytes: all that it says of the
                # object is stated again.
                head = await fs._s3.head_object(**origin, **self.pays())
                said = {name: head[name] for name in _SAID_OF_AN_OBJECT if name in head}
            if size <= _MAX_COPY_BYTES:
                onto_itself = {"MetadataDirective": "REPLACE", **said} if is_itself else {}
                await fs._s3.copy_object(Bucket=bucket, Key=object_key, CopySource=origin, **onto_itself, **self.pays())
                return
            size = head["ContentLength"]
            part_size = _part_size(size, _COPY_PART_BYTES)

            async def parts(upload: dict[str, Any]) -> list[str]:
                async def one(number: int, start: int) -> str:
                    last = min(start + part_size, size) - 1
                    answer = await fs._s3.upload_part_copy(
                        **upload,
                        PartNumber=number,
                        CopySource=origin,
                        # Parts of two versions would make an object that never was.
                        CopySourceIfMatch=head["ETag"],
                        CopySourceRange=f"bytes={start}-{last}",
                    )
                    return str(answer["CopyPartResult"]["ETag"])

                return await gather(one(number, start) for number, start in enumerate(range(0, size, part_size), 1))

            await self._multipart(fs, bucket, object_key, parts, said)

    async def _write(self, key: str, body: Body) -> None:
        bucket, object_key = self.place_of(key)
        part_size = _part_size(body.size or 0, _PART_BYTES)
        first = await body.read(part_size)
        async with self._connection.use() as fs:
            said = {"ContentType": body.content_type, "ContentEncoding": body.encoding}
            said = {name: value for name, value in said.items() if value}
            if len(first) < part_size:
                await fs._s3.put_object(Bucket=bucket, Key=object_key, Body=first, **said, **self.pays())
                return

            async def parts(upload: dict[str, Any]) -> list[str]:
                tags: list[str] = []
                data = first
                while data:
                    answer = await fs._s3.upload_part(**upload, PartNumber=len(tags) + 1, Body=data)
                    tags.append(str(answer["ETag"]))
                    data = await body.read(part_size)
                return tags

            await self._multipart(fs, bucket, object_key, parts, said)

    async def _multipart(
        self,
        fs: Any,
        bucket: str,
        object_key: str,
        parts: Callable[[dict[str, Any]], Awaitable[list[str]]],
        said: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """An upload in parts; whatever goes wrong, none of them stays behind to be paid for."""
        place = {"Bucket": bucket, "Key": object_key, **self.pays()}
        # Never cancelled half way: of an upload whose id was not heard, nobody could take back the parts.
        begun = asyncio.ensure_future(fs._s3.create_multipart_upload(**place, **said))
        try:
            upload = {**place, "UploadId": (await asyncio.shield(begun))["UploadId"]}
            listed = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(await parts(upload), 1)]
            await fs._s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})
        except BaseException:
            await asyncio.shield(_take_back(fs, place, begun))
            raise

    async def _remove(self, keys: Sequence[str]) -> None:
        buckets: dict[str, list[str]] = {}
        for key in keys:
            bucket, object_key = self.place_of(key)
            buckets.setdefault(bucket, []).append(object_key)
        async with self._connection.use() as fs:
            for bucket, object_keys in buckets.items():
                listed = [{"Key": each} for each in object_keys]
                answer = await fs._s3.delete_objects(
                    Bucket=bucket, Delete={"Objects": listed, "Quiet": True}, **self.pays()
                )
                errors = answer.get("Errors") or []
                if errors:
                    code = "forbidden" if errors[0].get("Code") == "AccessDenied" else "store_error"
                    raise BrowserError(code, f"{self.title} did not delete {len(errors)} of {len(listed)} objects.")

    async def _get(self, key: str, max_bytes: int) -> bytes:
        bucket, object_key = self.place_of(key)
        async with self._connection.use() as fs:
            answer = await fs._s3.get_object(Bucket=bucket, Key=object_key, **self.pays())
            body = answer["Body"]
            async with body:  # what it enters is not the same in all versions of aiobotocore
                self._check_object(answer, key)
                if answer.get("ContentLength", 0) > max_bytes:
                    raise too_large(key, max_bytes)
                # Also bounded where the server does not state a length.
                return await read_bounded(_pieces(body), key, max_bytes)

    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        bucket, object_key = self.place_of(key)
        part = {"Range": wanted.header()} if wanted is not None else {}
        fs = await stack.enter_async_context(self._connection.use())
        answer = await fs._s3.get_object(Bucket=bucket, Key=object_key, **part, **self.pays())
        stream = answer["Body"]
        await stack.enter_async_context(stream)
        self._check_object(answer, key)
        meta = answer["ResponseMetadata"]
        return body_of_http(
            _pieces(stream, PIECE_BYTES),
            meta["HTTPStatusCode"],
            meta["HTTPHeaders"],
        )

    async def _stat(self, key: str) -> Entry:
        bucket, object_key = self.place_of(key)
        async with self._connection.use() as fs:
            answer = await fs._s3.head_object(Bucket=bucket, Key=object_key, **self.pays())
        self._check_object(answer, key)
        return Entry(key, "object", answer.get("ContentLength"), _iso(answer.get("LastModified")))

    def place_of(self, key: str) -> tuple[str, str]:
        """Bucket and key of an object. Raises BrowserError (``not_found``) where there can be none."""
        bucket, object_key = self._root.split(key)
        if not bucket or not object_key:
            raise BrowserError("not_found", "There can be no object of that name.")
        return bucket, object_key

    def _check_object(self, answer: dict[str, Any], key: str) -> None:
        """Raise BrowserError where a web server answers with its page instead of an S3 store with its object."""
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        if is_page(answer.get("ContentType"), key) and "x-amz-request-id" not in headers:
            raise no_s3(self.title)

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        if any(isinstance(cause, _SentElsewhereError) for cause in causes(exc)):
            return BrowserError("wrong_endpoint", f"{self.title} sends requests on to another address.")
        error = translate(exc, self.title, listing)
        if error is not None and error.code == "credentials_missing" and self._uses_default_chain:
            return BrowserError(error.code, error.message, _LOG_IN)
        return error

    @property
    def _uses_default_chain(self) -> bool:
        """Whether botocore looks for credentials by itself: nothing was configured for this endpoint."""
        config = self._config
        return not (config.anon or config.profile or config.env or config.key)

    async def _recover(self, error: BrowserError) -> None:
        if error.code in _FORGET_AFTER:
            await self._connection.forget()


class _SentElsewhereError(Exception):
    """An answer that is a redirect, and not one to another region."""


def _no_redirects() -> dict[str, Any]:
    """Options by which redirects are not followed: a server must not choose whom we talk to.

    botocore knows what to do with the ones of AWS, which name a region. With others it would ask again without end.
    """
    base = importlib.import_module("aiobotocore.httpsession").AIOHTTPSession
    config = importlib.import_module("aiobotocore.config").AioConfig
    if "http_session_cls" not in inspect.signature(config.__init__).parameters:
        return {}  # an old aiobotocore

    class Session(base):  # type: ignore[misc, valid-type]
        async def _get_session(self, proxy_url: str | None) -> Any:
            session = await super()._get_session(proxy_url)

            async def request(*arguments: Any, **options: Any) -> Any:
                response = await session.request(*arguments, allow_redirects=False, **options)
                if response.status in {301, 302, 303, 307, 308} and "x-amz-bucket-region" not in response.headers:
                    response.close()
                    raise _SentElsewhereError
                return response

            return SimpleNamespace(request=request)

    return {"http_session_cls": Session}


async def _take_back(fs: Any, place: dict[str, Any], begun: asyncio.Future[Any]) -> None:
    """End an upload that failed. What made it fail is what the user should hear, and not that this failed, too."""
    with contextlib.suppress(Exception):
        await fs._s3.abort_multipart_upload(**place, UploadId=(await begun)["UploadId"])


def _part_size(size: int, least: int) -> int:
    """Bytes of a part, so that no object needs more parts than there may be."""
    return max(least, -(-size // _MAX_PARTS))


def _add_md5(request: Any, **_: Any) -> None:
    """Servers from before 2025 want the body's MD5 where botocore now sends a CRC only (aws/aws-cli#9214)."""
    if request.data:
        digest = hashlib.md5(request.data, usedforsecurity=False).digest()
        request.headers["Content-MD5"] = base64.b64encode(digest).decode()


async def _disconnect(fs: Any) -> None:
    await fs._s3creator.__aexit__(None, None, None)


async def _pieces(stream: Any, size: int = READ_BYTES) -> AsyncIterator[bytes]:
    while piece := await stream.read(size):
        yield piece


def _keep_raw_listing(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take the body of a good listing away from botocore's parser (its documented ``before-parse`` event)."""
    body = response_dict["body"]
    # S3 may find out too late for another status that it cannot answer.
    if response_dict["status_code"] == 200 and b"<Error>" not in body[:200]:
        customized_response_dict[_RAW] = body
        response_dict["body"] = _EMPTY


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
