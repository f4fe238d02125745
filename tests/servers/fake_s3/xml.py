"""S3's answers as XML."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterable
from urllib.parse import quote
from xml.sax.saxutils import escape

from .bucket import Entry

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def iso_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def http_time(seconds: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds))


def token_of(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def key_of(token: str) -> str:
    """Raises ValueError for what is no token."""
    return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()


def document(text: str) -> bytes:
    return (_DECLARATION + text).encode()


def error(code: str, message: str) -> bytes:
    return document(
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>test</RequestId></Error>"
    )


def bucket_list(names: Iterable[str], created: float) -> bytes:
    rows = "".join(
        f"<Bucket><Name>{name}</Name><CreationDate>{iso_time(created)}</CreationDate></Bucket>" for name in names
    )
    owner = "<Owner><ID>test</ID><DisplayName>test</DisplayName></Owner>"
    return document(f"<ListAllMyBucketsResult>{owner}<Buckets>{rows}</Buckets></ListAllMyBucketsResult>")


def deleted(keys: Iterable[str]) -> bytes:
    rows = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
    return document(f"<DeleteResult>{rows}</DeleteResult>")


def unfinished(bucket: str, uploads: Iterable[tuple[str, str, str]]) -> bytes:
    rows = "".join(
        f"<Upload><Key>{escape(key)}</Key><UploadId>{name}</UploadId><Initiated>{begun}</Initiated></Upload>"
        for key, name, begun in uploads
    )
    head = f"<Bucket>{bucket}</Bucket><IsTruncated>false</IsTruncated>"
    return document(f"<ListMultipartUploadsResult>{head}{rows}</ListMultipartUploadsResult>")


def parts(found: dict[int, bytes]) -> bytes:
    rows = "".join(
        f"<Part><PartNumber>{number}</PartNumber><Size>{len(found[number])}</Size>"
        f"<ETag>&quot;{hashlib.md5(found[number], usedforsecurity=False).hexdigest()}&quot;</ETag></Part>"
        for number in sorted(found)
    )
    return document(f"<ListPartsResult><IsTruncated>false</IsTruncated>{rows}</ListPartsResult>")


def object_list(bucket: str, query: dict[str, str], limit: int, entries: list[Entry], truncated: bool) -> bytes:
    """ListBucketResult of version 1 or 2, as the query asks."""
    encode: Callable[[str], str] = (
        (lambda text: quote(text, safe="/")) if query.get("encoding-type") == "url" else escape
    )
    second_version = query.get("list-type") == "2"
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    parts = [
        f'<ListBucketResult xmlns="{_NAMESPACE}"><Name>{bucket}</Name><Prefix>{encode(prefix)}</Prefix>',
        f"<MaxKeys>{limit}</MaxKeys><IsTruncated>{'true' if truncated else 'false'}</IsTruncated>",
    ]
    if delimiter:
        parts.append(f"<Delimiter>{encode(delimiter)}</Delimiter>")
    if query.get("encoding-type"):
        parts.append("<EncodingType>url</EncodingType>")
    if second_version:
        parts.append(f"<KeyCount>{len(entries)}</KeyCount>")
        if "start-after" in query:
            parts.append(f"<StartAfter>{encode(query['start-after'])}</StartAfter>")
        if "continuation-token" in query:
            parts.append(f"<ContinuationToken>{escape(query['continuation-token'])}</ContinuationToken>")
    if truncated:
        last = entries[-1].key
        if second_version:
            parts.append(f"<NextContinuationToken>{token_of(last)}</NextContinuationToken>")
        elif delimiter:
            parts.append(f"<NextMarker>{encode(last)}</NextMarker>")
    parts += _rows(entries, encode)
    parts.append("</ListBucketResult>")
    return document("".join(parts))


def _rows(entries: list[Entry], encode: Callable[[str], str]) -> Iterable[str]:
    modified, modified_text = None, ""
    for entry in entries:
        if entry.is_prefix:
            yield f"<CommonPrefixes><Prefix>{encode(entry.key)}</Prefix></CommonPrefixes>"
            continue
        if entry.modified != modified:  # mostly the same, and strftime is slow
            modified, modified_text = entry.modified, iso_time(entry.modified)
        yield (
            f"<Contents><Key>{encode(entry.key)}</Key><LastModified>{modified_text}</LastModified>"
            f"<ETag>&quot;{entry.etag}&quot;</ETag><Size>{entry.size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )
