"""S3 and what speaks its protocol, through s3fs's session and client.

s3fs brings credentials, profiles, regions, signing and retries. Two things are done otherwise, since they were measured
(docs/architecture.md, "Cost"): a page is parsed here, because botocore spends about 90 ms of CPU on 1,000 keys, and a
document is one GET, because s3fs asks HEAD before it.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import Any
from urllib.parse import unquote, unquote_plus
from xml.etree import ElementTree

from ..access import CellAccess, EnvVar
from ..config import S3Config
from ..errors import BrowserError
from .base import BucketRoot, Entry, Page, Store, expanded, too_large

#: A connection that takes longer will not come; the request itself has the endpoint's ``timeout_s``.
_CONNECT_TIMEOUT_S = 5

#: Under this name the raw body of a listing travels through botocore's parsed answer.
_RAW = "ZarrBrowserBody"

#: A valid answer without content, so that botocore has nothing to parse.
_EMPTY_LISTING = b"<ListBucketResult/>"

_CREDENTIALS = {
    "InvalidAccessKeyId": "credentials_invalid",
    "SignatureDoesNotMatch": "credentials_invalid",
    "InvalidToken": "credentials_invalid",
    "AuthFailure": "credentials_invalid",
    "ExpiredToken": "credentials_expired",
    "ExpiredTokenException": "credentials_expired",
    "TokenRefreshRequired": "credentials_expired",
    "RequestExpired": "credentials_expired",
}

_REGION = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "TemporaryRedirect",
}

_THROTTLED = {"SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "Throttling", "TooManyRequests"}

#: botocore exceptions by name, because importing botocore takes long and is done on first use only.
_CLIENT_SIDE = {
    "NoCredentialsError": ("credentials_missing", "No credentials were found for {title}."),
    "PartialCredentialsError": ("credentials_missing", "The credentials of {title} are incomplete."),
    "ProfileNotFound": ("credentials_missing", "The profile of {title} does not exist in ~/.aws/config."),
    "ConfigParseError": ("credentials_missing", "The file ~/.aws/config cannot be read."),
    "SSOTokenLoadError": ("credentials_expired", "The single sign-on session of {title} has ended."),
    "UnauthorizedSSOTokenError": ("credentials_expired", "The single sign-on session of {title} has ended."),
    "TokenRetrievalError": ("credentials_expired", "The token of {title} could not be renewed."),
    "CredentialRetrievalError": ("credentials_expired", "The credentials of {title} could not be renewed."),
    "NoRegionError": ("wrong_region", "No region is set for {title}."),
    "ResponseParserError": ("wrong_endpoint", "{title} did not answer as an S3 store does."),
    "ParamValidationError": ("bad_request", "{title} cannot have a bucket or object of that name."),
}

#: After these a new client reads the credential files again, so that a renewed login works without a restart.
_FORGET_AFTER = {"credentials_missing", "credentials_invalid", "credentials_expired"}


class S3Store(Store):
    def __init__(self, config: S3Config) -> None:
        super().__init__(config)
        self._config = config
        self._root = BucketRoot(config.root, "s3", ("s3a",))
        self.has_buckets = not self._root.prefix
        self._fs: Any = None
        self._client_lock = asyncio.Lock()

    async def close(self) -> None:
        fs, self._fs = self._fs, None
        if fs is not None:
            await fs._s3creator.__aexit__(None, None, None)

    def uri(self, key: str) -> str:
        return self._root.uri(key)

    def key_of(self, url: str) -> str | None:
        endpoint = self._config.endpoint_url
        if endpoint and url.startswith(endpoint.rstrip("/") + "/"):
            # The web address of an object, as consoles of Ceph, MinIO and Swift show it (path style).
            return self._root.key_of("s3://" + unquote(url[len(endpoint.rstrip("/")) + 1 :]))
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
        if config.region:
            options["client_kwargs"] = {"region_name": config.region}
        config_kwargs = self._botocore_options(explicit_only=True)
        if config_kwargs:
            options["config_kwargs"] = config_kwargs
        return CellAccess(options, notes)

    def _botocore_options(self, *, explicit_only: bool) -> dict[str, Any]:
        """botocore Config fields. Cells get only what the administrator stated."""
        config = self._config
        checksum = config.checksum
        if checksum is None and config.endpoint_url and not explicit_only:
            # Not every S3 server knows the checksums that botocore adds since 1.36 (boto/boto3#4392).
            checksum = "when_required"
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

    async def _client(self) -> Any:
        async with self._client_lock:
            if self._fs is None:
                # The import alone takes most of a second, and must not stop the other endpoints.
                s3fs = await asyncio.to_thread(importlib.import_module, "s3fs")
                config = self._config
                client_kwargs: dict[str, Any] = {"region_name": config.region} if config.region else {}
                if config.ca_bundle:
                    client_kwargs["verify"] = expanded(config.ca_bundle)
                fs = s3fs.S3FileSystem(
                    asynchronous=True,
                    skip_instance_cache=True,
                    use_listings_cache=False,
                    endpoint_url=config.endpoint_url,
                    client_kwargs=client_kwargs,
                    config_kwargs={
                        "connect_timeout": _CONNECT_TIMEOUT_S,
                        "read_timeout": config.timeout_s,
                        "retries": {"mode": "standard", "total_max_attempts": 2},
                        "max_pool_connections": config.concurrency,
                        **self._botocore_options(explicit_only=False),
                    },
                    **self._credentials(),
                )
                client = await fs.set_session()
                client.meta.events.register("before-parse.s3.ListObjectsV2", _keep_raw_listing)
                self._fs = fs
            return self._fs._s3

    def _pays(self) -> dict[str, str]:
        return {"RequestPayer": "requester"} if self._config.requester_pays else {}

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        client = await self._client()
        bucket, object_key = self._root.split(container)
        if not bucket:
            return await self._list_buckets(client, name_prefix)
        token = {"ContinuationToken": cursor} if cursor else {}
        answer = await client.list_objects_v2(
            Bucket=bucket, Prefix=object_key + name_prefix, Delimiter="/", MaxKeys=limit, **token, **self._pays()
        )
        rows, next_cursor = await asyncio.to_thread(parse_listing, answer.get(_RAW, b""), self.title)
        entries = [
            Entry(self._root.relative(bucket, key), kind, size, modified)
            for key, kind, size, modified in rows
            if key != object_key  # a marker object for the container itself
        ]
        return Page(entries, next_cursor)

    async def _list_buckets(self, client: Any, name_prefix: str) -> Page:
        answer = await client.list_buckets()
        buckets = [
            Entry(f"{bucket['Name']}/", "bucket", None, _iso(bucket.get("CreationDate")))
            for bucket in answer.get("Buckets", [])
            if bucket["Name"].startswith(name_prefix)
        ]
        return Page(sorted(buckets, key=lambda entry: entry.key))

    async def _get(self, key: str, max_bytes: int) -> bytes:
        client = await self._client()
        bucket, object_key = self._root.split(key)
        answer = await client.get_object(Bucket=bucket, Key=object_key, **self._pays())
        async with answer["Body"] as stream:
            if answer.get("ContentLength", 0) > max_bytes:
                raise too_large(key, max_bytes)
            data: bytes = await stream.read()
            return data

    async def _stat(self, key: str) -> Entry:
        client = await self._client()
        bucket, object_key = self._root.split(key)
        answer = await client.head_object(Bucket=bucket, Key=object_key, **self._pays())
        return Entry(key, "object", answer.get("ContentLength"), _iso(answer.get("LastModified")))

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        response = getattr(exc, "response", None)
        if isinstance(response, dict) and "Error" in response:
            return self._translate_answer(response, listing)
        known = _CLIENT_SIDE.get(type(exc).__name__)
        if known:
            code, message = known
            return BrowserError(code, message.format(title=self.title))
        return None

    def _translate_answer(self, response: dict[str, Any], listing: bool) -> BrowserError | None:
        error, meta = response["Error"], response.get("ResponseMetadata", {})
        code, status = str(error.get("Code", "")), meta.get("HTTPStatusCode")
        if code in _CREDENTIALS:
            known = _CREDENTIALS[code]
            why = "have expired" if known == "credentials_expired" else "were refused"
            return BrowserError(known, f"The credentials of {self.title} {why} ({code}).")
        if code == "RequestTimeTooSkewed":
            return BrowserError("clock_skew", f"{self.title} refuses requests because the clocks differ too much.")
        if code in _REGION or status in {301, 307}:
            region = error.get("Region") or meta.get("HTTPHeaders", {}).get("x-amz-bucket-region")
            where = f"is in region {region}" if region else "is in another region"
            return BrowserError("wrong_region", f"What was asked for {where}.")
        if code in _THROTTLED or status in {429, 503}:
            return BrowserError("throttled", f"{self.title} is overloaded or limits requests.")
        if code in {"NoSuchBucket", "InvalidBucketName"}:
            return BrowserError("no_such_bucket", f"{self.title} has no such bucket.")
        if status == 404:
            return BrowserError("not_found", "It does not exist.")
        if status in {401, 403}:
            if listing:
                return BrowserError("list_forbidden", f"{self.title} does not allow these credentials to list here.")
            return BrowserError("forbidden", f"{self.title} does not allow these credentials to read this.")
        if status is not None and status < 500:
            return BrowserError("wrong_endpoint", f"{self.title} answered {status} {code}.")
        return BrowserError("store_error", f"{self.title} answered {status} {code}.")

    async def _recover(self, error: BrowserError) -> None:
        if error.code in _FORGET_AFTER:
            async with self._client_lock:
                await self.close()


def _keep_raw_listing(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take the body of a good listing away from botocore's parser (its documented ``before-parse`` event)."""
    if response_dict["status_code"] == 200:
        customized_response_dict[_RAW] = response_dict["body"]
        response_dict["body"] = _EMPTY_LISTING


_Row = tuple[str, Any, int | None, str | None]


def parse_listing(body: bytes, title: str) -> tuple[list[_Row], str | None]:
    """Rows ``(key, kind, size, modified)`` in byte order of their keys, and the continuation token.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

    Raises
    ------
    BrowserError
        ``wrong_endpoint`` where the body is no listing.
    """
    try:
        # expat limits entity expansion by itself since 2.4.1, and resolves no external entity.
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as exc:
        raise BrowserError("wrong_endpoint", f"{title} did not answer as an S3 store does.") from exc
    if not root.tag.endswith("ListBucketResult"):
        raise BrowserError("wrong_endpoint", f"{title} did not answer as an S3 store does.")
    space = root.tag.removesuffix("ListBucketResult")
    decode = unquote_plus if root.findtext(f"{space}EncodingType") == "url" else str
    rows: list[_Row] = []
    key_tag, size_tag, time_tag = f"{space}Key", f"{space}Size", f"{space}LastModified"
    for item in root.iter(f"{space}Contents"):
        size = item.findtext(size_tag)
        rows.append(
            (decode(item.findtext(key_tag) or ""), "object", int(size) if size else None, item.findtext(time_tag))
        )
    folders = (item.findtext(f"{space}Prefix") for item in root.iter(f"{space}CommonPrefixes"))
    rows += [(decode(name or ""), "prefix", None, None) for name in folders]
    rows.sort(key=lambda row: row[0].encode())
    token = root.findtext(f"{space}NextContinuationToken")
    return rows, token if root.findtext(f"{space}IsTruncated") == "true" else None


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
