"""S3's operations over the buckets: a parsed request in, status, headers and body out. No sockets here.

Signatures are not checked: any key works, and none too. But the bucket ``private`` refuses unsigned requests, and the
access key ``bad`` is refused everywhere, so that clients' reactions can be tested.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import time
import zlib
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape, unescape

from . import xml
from .bucket import Bucket, Stored
from .keys import BASE_TIME

Headers = list[tuple[str, str]]

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_BAD_KEY = re.compile(r"(Credential=|AWS |^)bad[/:]")
_UNSUPPORTED_BUCKET_PARTS = frozenset({"versions", "policy", "acl", "cors", "tagging"})
_UNSUPPORTED_OBJECT_PARTS = frozenset({"acl", "tagging", "retention", "legal-hold"})


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def credentials(self) -> str:
        named = self.query.get("X-Amz-Credential") or self.query.get("AWSAccessKeyId", "")
        return self.headers.get("authorization") or named


#: A bucket of this name, once somebody makes it, has no room for anything.
FULL = "full"


class Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes = b""


@dataclass
class _Upload:
    bucket: str
    key: str
    content_type: str | None
    metadata: dict[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)
    begun: float = field(default_factory=time.time)


class S3Error(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.answer = _xml(xml.error(code, message or code), status)


def parse_request(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    path, _, query = target.partition("?")
    return Request(method, path, dict(parse_qsl(query, keep_blank_values=True)), headers, body)


def _xml(body: bytes, status: int = 200) -> Answer:
    return Answer(status, [("Content-Type", "application/xml")], body)


class S3:
    """``list_page`` caps every listing's page; ``short_pages`` makes truncated ones shorter still, as Ceph's may be."""

    def __init__(self, buckets: dict[str, Bucket], *, list_page: int = 1000, short_pages: bool = False) -> None:
        self.buckets = buckets
        self._list_page = list_page
        self._short_pages = short_pages
        self._uploads: dict[str, _Upload] = {}
        self._upload_numbers = itertools.count(1)

    def answer(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except S3Error as error:
            return error.answer

    def _answer(self, request: Request) -> Answer:
        if _BAD_KEY.search(request.credentials):
            raise S3Error(403, "InvalidAccessKeyId", "The access key ID does not exist in our records.")
        if request.method == "OPTIONS":
            methods = ("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE")
            return Answer(200, [methods, ("Access-Control-Allow-Headers", "*")])
        name, _, key = unquote(request.path.lstrip("/")).partition("/")
        if not name:
            if not request.credentials:
                raise S3Error(403, "AccessDenied", "Anonymous users cannot list buckets")
            return _xml(xml.bucket_list(sorted(self.buckets), BASE_TIME))
        if request.method == "PUT" and not key and name not in self.buckets:
            self.buckets[name] = Bucket(name)
            return Answer(200, [("Location", f"/{name}")])
        bucket = self._bucket(name)
        if name == "private" and not request.credentials:
            raise S3Error(403, "AccessDenied", "Access Denied")
        return self._object_answer(bucket, key, request) if key else self._bucket_answer(bucket, request)

    def _bucket(self, name: str) -> Bucket:
        bucket = self.buckets.get(name)
        if bucket is None:
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist")
        return bucket

    def _bucket_answer(self, bucket: Bucket, request: Request) -> Answer:
        query = request.query
        match request.method:
            case "HEAD":
                return Answer(200, [("x-amz-bucket-region", "us-east-1")])
            case "GET":
                if "location" in query:
                    return _xml(xml.document("<LocationConstraint/>"))
                if "versioning" in query:
                    return _xml(xml.document("<VersioningConfiguration/>"))
                if "uploads" in query:
                    return _xml(xml.unfinished(bucket.name, self._unfinished(bucket.name, query.get("prefix", ""))))
                if _UNSUPPORTED_BUCKET_PARTS & query.keys():
                    raise S3Error(501, "NotImplemented")
                return self._list(bucket, query)
            case "PUT":
                raise S3Error(501, "NotImplemented") if query else S3Error(409, "BucketAlreadyOwnedByYou")
            case "DELETE":
                if bucket.page("", "", "", 1)[0]:
                    raise S3Error(409, "BucketNotEmpty")
                del self.buckets[bucket.name]
                return Answer(204, [])
            case "POST" if "delete" in query:
                found = re.findall(r"<Key>(.*?)</Key>", request.body.decode(), re.DOTALL)
                keys = [unescape(key, {"&quot;": '"', "&apos;": "'"}) for key in found]
                for key in keys:
                    bucket.delete(key)
                return _xml(xml.deleted(keys))
        raise S3Error(405, "MethodNotAllowed")

    def _list(self, bucket: Bucket, query: dict[str, str]) -> Answer:
        cache_key = tuple(sorted(query.items()))
        if cache_key in bucket.pages:
            return _xml(bucket.pages[cache_key])
        try:
            limit = min(int(query.get("max-keys", 1000)), self._list_page)
            after = query.get("start-after" if query.get("list-type") == "2" else "marker", "")
            if "continuation-token" in query:
                after = xml.key_of(query["continuation-token"])
        except ValueError as exc:
            raise S3Error(400, "InvalidArgument") from exc
        if self._short_pages and limit > 1:
            share = 50 + zlib.crc32(repr(cache_key).encode()) % 51  # per cent; the same for the same request
            limit = max(1, limit * share // 100)
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        entries, truncated = bucket.page(prefix, delimiter, after, limit) if limit else ([], False)
        body = xml.object_list(bucket.name, query, limit, entries, truncated)
        if len(bucket.pages) > 64:
            bucket.pages.clear()
        bucket.pages[cache_key] = body
        return _xml(body)

    def _object_answer(self, bucket: Bucket, key: str, request: Request) -> Answer:
        if _UNSUPPORTED_OBJECT_PARTS & request.query.keys():
            raise S3Error(501, "NotImplemented")
        upload_id = request.query.get("uploadId")
        match request.method:
            case "GET" if upload_id:
                return _xml(xml.parts(self._upload(upload_id).parts))
            case "GET" | "HEAD":
                return _read(bucket, key, request)
            case "PUT":
                return self._put(bucket, key, request)
            case "DELETE" if upload_id:
                self._upload(upload_id)
                del self._uploads[upload_id]
                return Answer(204, [])
            case "DELETE":
                bucket.delete(key)
                return Answer(204, [])
            case "POST" if "uploads" in request.query:
                return self._begin_upload(bucket, key, request)
            case "POST" if upload_id:
                return self._complete_upload(bucket, key, upload_id)
        raise S3Error(405, "MethodNotAllowed")

    def _put(self, bucket: Bucket, key: str, request: Request) -> Answer:
        content, source = request.body, request.headers.get("x-amz-copy-source")
        if bucket.name == FULL and content:
            raise S3Error(403, "QuotaExceeded")
        stated = request.headers.get("content-md5")
        if stated and stated != base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode():
            raise S3Error(400, "BadDigest")
        if source:
            source_bucket, _, source_key = unquote(source.lstrip("/").split("?")[0]).partition("/")
            stored = self._bucket(source_bucket).get(source_key)
            if stored is None:
                raise S3Error(404, "NoSuchKey")
            part = byte_range(request.headers.get("x-amz-copy-source-range"), stored.size) or (0, stored.size)
            content = stored.body[part[0] : part[1]]
        if "partNumber" in request.query:
            upload = self._upload(request.query.get("uploadId", ""))
            upload.parts[int(request.query["partNumber"])] = content
            etag, copied = hashlib.md5(content, usedforsecurity=False).hexdigest(), "CopyPartResult"
        else:
            if request.headers.get("if-none-match") == "*" and bucket.get(key):
                raise S3Error(412, "PreconditionFailed")
            etag = bucket.put(key, content, request.headers.get("content-type"), _metadata(request)).etag
            copied = "CopyObjectResult"
        if source:
            now = xml.iso_time(time.time())
            text = f"<{copied}><LastModified>{now}</LastModified><ETag>&quot;{etag}&quot;</ETag></{copied}>"
            return _xml(xml.document(text))
        return Answer(200, [("ETag", f'"{etag}"')])

    def _unfinished(self, bucket: str, prefix: str) -> list[tuple[str, str, str]]:
        """Key, id and date of the uploads that were begun and neither completed nor aborted."""
        return [
            (upload.key, name, xml.iso_time(upload.begun))
            for name, upload in self._uploads.items()
            if upload.bucket == bucket and upload.key.startswith(prefix)
        ]

    def _upload(self, upload_id: str) -> _Upload:
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise S3Error(404, "NoSuchUpload")
        return upload

    def _begin_upload(self, bucket: Bucket, key: str, request: Request) -> Answer:
        upload_id = f"upload-{next(self._upload_numbers)}"
        self._uploads[upload_id] = _Upload(bucket.name, key, request.headers.get("content-type"), _metadata(request))
        inner = f"<Bucket>{bucket.name}</Bucket><Key>{escape(key)}</Key><UploadId>{upload_id}</UploadId>"
        return _xml(xml.document(f"<InitiateMultipartUploadResult>{inner}</InitiateMultipartUploadResult>"))

    def _complete_upload(self, bucket: Bucket, key: str, upload_id: str) -> Answer:
        upload = self._upload(upload_id)
        del self._uploads[upload_id]
        content = b"".join(upload.parts[number] for number in sorted(upload.parts))
        digests = [hashlib.md5(upload.parts[number], usedforsecurity=False).digest() for number in sorted(upload.parts)]
        joined = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
        etag = f"{joined}-{len(digests)}"
        bucket.put(key, content, upload.content_type, upload.metadata, etag)
        inner = f"<Bucket>{bucket.name}</Bucket><Key>{escape(key)}</Key><ETag>&quot;{etag}&quot;</ETag>"
        return _xml(xml.document(f"<CompleteMultipartUploadResult>{inner}</CompleteMultipartUploadResult>"))


def _metadata(request: Request) -> dict[str, str]:
    prefix = "x-amz-meta-"
    return {name.removeprefix(prefix): value for name, value in request.headers.items() if name.startswith(prefix)}


def _read(bucket: Bucket, key: str, request: Request) -> Answer:
    stored = bucket.get(key)
    if stored is None:
        raise S3Error(404, "NoSuchKey", "The specified key does not exist.")
    headers = [
        ("ETag", f'"{stored.etag}"'),
        ("Last-Modified", xml.http_time(stored.modified)),
        ("Accept-Ranges", "bytes"),
        ("Content-Type", stored.content_type),
        *((f"x-amz-meta-{name}", value) for name, value in stored.metadata.items()),
    ]
    if _matches(request.headers.get("if-none-match"), stored):
        return Answer(304, headers)
    if "if-match" in request.headers and not _matches(request.headers["if-match"], stored):
        raise S3Error(412, "PreconditionFailed")
    status, start, stop = 200, 0, stored.size
    wanted = byte_range(request.headers.get("range"), stored.size)
    if wanted is not None:
        status, (start, stop) = 206, wanted
        if start >= stop:
            refused = _xml(xml.error("InvalidRange", "The requested range cannot be satisfied."), 416)
            return refused._replace(headers=[*refused.headers, ("Content-Range", f"bytes */{stored.size}")])
        headers.append(("Content-Range", f"bytes {start}-{stop - 1}/{stored.size}"))
    if request.method == "HEAD":
        return Answer(status, [*headers, ("Content-Length", str(stop - start))])
    return Answer(status, headers, stored.body[start:stop])


def _matches(condition: str | None, stored: Stored) -> bool:
    return condition is not None and condition.strip('"') in (stored.etag, "*")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start (inclusive) and stop (exclusive) of a Range header; None without one. An empty pair is a 416."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size
    return int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
