"""What S3 servers answer: listings, lists of buckets, and errors, in our words. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from ..errors import BrowserError
from ..expiry import LifetimeRule
from .listing import Block

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

_BAD_REQUEST = {"InvalidArgument", "InvalidRequest", "InvalidURI", "KeyTooLongError"}

_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")

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


def translate(exc: Exception, title: str, listing: bool) -> BrowserError | None:
    """An exception of botocore in our words; None where it is not botocore's own."""
    response = getattr(exc, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _translate_answer(response, title, listing)
    known = _CLIENT_SIDE.get(type(exc).__name__)
    if known:
        code, message = known
        return BrowserError(code, message.format(title=title))
    return None


#: Words of Amazon, Ceph, MinIO and Swift for a quota or a disk that is full.
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"})

#: What was sent and its checksum do not agree, or the rest of it did not come.
_NOT_WHAT_WAS_SENT = frozenset(
    {"BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
)


def error_code(exc: Exception) -> str:
    """The store's own word for an error, empty where it gave none."""
    response = getattr(exc, "response", None)
    error = response.get("Error") if isinstance(response, dict) else None
    return _word(error.get("Code")) if isinstance(error, dict) else ""


def lifetimes_of(answer: dict[str, Any], relative: Callable[[str], str | None]) -> list[LifetimeRule]:
    """Rules of a bucket that delete objects by their age, as botocore parsed them.

    Rules that hold for some objects only (by tag or size) are left out: listings tell no tags.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html

    ``relative`` makes a prefix in the bucket one below the endpoint's root; None where it lies elsewhere.
    """
    found = []
    for rule in answer.get("Rules", []):
        days = rule.get("Expiration", {}).get("Days")
        where = rule.get("Filter") or {}
        both = where.get("And") or {}
        if rule.get("Status") != "Enabled" or not days or set(where) - {"Prefix", "And"} or set(both) - {"Prefix"}:
            continue
        prefix = relative(where.get("Prefix") or both.get("Prefix") or rule.get("Prefix") or "")
        if prefix is not None:
            found.append(LifetimeRule(prefix, float(days)))
    return found


def _translate_answer(response: dict[str, Any], title: str, listing: bool) -> BrowserError | None:
    error, meta = response["Error"], response.get("ResponseMetadata", {})
    code, status = _word(error.get("Code")), meta.get("HTTPStatusCode")
    if code in _CREDENTIALS:
        known = _CREDENTIALS[code]
        why = "have expired" if known == "credentials_expired" else "were refused"
        return BrowserError(known, f"The credentials of {title} {why} ({code}).")
    if code == "RequestTimeTooSkewed":
        return BrowserError("clock_skew", f"{title} refuses requests because the clocks differ too much.")
    if code in _REGION or status in {301, 307}:
        region = _word(error.get("Region") or meta.get("HTTPHeaders", {}).get("x-amz-bucket-region"))
        where = f"is in region {region}" if region else "is in another region"
        return BrowserError("wrong_region", f"What was asked for {where}.")
    if code in _THROTTLED or status in {429, 503}:
        return BrowserError("throttled", f"{title} is overloaded or limits requests.")
    if code in {"NoSuchBucket", "InvalidBucketName"}:
        return BrowserError("no_such_bucket", f"{title} has no such bucket.")
    if status == 404 and listing and code in {"", "404"}:
        return no_s3(title)  # a store that does not know a bucket says so in XML
    if code in _FULL or status == 507:
        return BrowserError("full", f"{title} has no room left: a quota or a disk is full.")
    if code in _NOT_WHAT_WAS_SENT:
        return BrowserError("corrupted", f"{title} got something else than was sent ({code}).")
    if code == "EntityTooLarge":
        hint = "Split it, or write it as Zarr."
        return BrowserError("too_large", f"{title} does not take an object of this size.", hint)
    if code == "InvalidRange" or status == 416:
        return BrowserError("bad_range", "The object has no such part.")
    if code in _BAD_REQUEST:
        return BrowserError("bad_request", f"{title} does not understand this request ({code}).")
    if status == 404:
        return BrowserError("not_found", "It does not exist.")
    if status in {401, 403}:
        if listing:
            return BrowserError("list_forbidden", f"{title} does not allow these credentials to list here.")
        return BrowserError("forbidden", f"{title} does not allow these credentials to read this.")
    if status is not None and status < 500:
        return BrowserError("wrong_endpoint", f"{title} answered {status} {code}".rstrip() + ".")
    return BrowserError("store_error", f"{title} answered {status} {code}".rstrip() + ".")


def _word(text: Any) -> str:
    """A word of the server that may be shown; what is no word could be anything, secrets included."""
    return str(text) if _WORD.fullmatch(str(text or "")) else ""


def no_s3(title: str) -> BrowserError:
    return BrowserError("wrong_endpoint", f"{title} did not answer as an S3 store does.")


_Row = tuple[str, Any, int | None, str | None]


def parse_listing(body: bytes, title: str) -> tuple[list[_Row], str | None]:
    """Rows ``(key, kind, size, modified)`` in byte order of their keys, and the continuation token.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

    Raises
    ------
    BrowserError
        ``wrong_endpoint`` where the body is no listing, ``store_error`` where it cannot be continued.
    """
    root, space = _read_xml(body, "ListBucketResult", title)
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
    if root.findtext(f"{space}IsTruncated") != "true":
        return rows, None
    token = root.findtext(f"{space}NextContinuationToken")
    if not token:
        # Servers of the first version of the protocol only. What comes after would be lost without a word.
        raise BrowserError("store_error", f"{title} cut a listing short and did not say how to go on.")
    return rows, token


_KEYS = re.compile(rb"<Key>([^<]*)</Key>")
_SIZES = re.compile(rb"<Size>(\d+)</Size>")
_TIMES = re.compile(rb"<LastModified>([^<]*)</LastModified>")


def parse_block(body: bytes, prefix: str, title: str) -> Block:
    """A listing without delimiter as columns, keys without ``prefix``: ten times as fast as :func:`parse_listing`.

    Raises as :func:`parse_listing`.
    """
    keys, sizes, times = _KEYS.findall(body), _SIZES.findall(body), _TIMES.findall(body)
    is_plain = b"<EncodingType>url</EncodingType>" in body and b"<IsTruncated>" in body
    if not is_plain or not len(keys) == len(sizes) == len(times) == body.count(b"<Contents>"):
        # Tags with a namespace before their names, keys with entities: rare, and a matter for a real parser.
        rows, token = parse_listing(body, title)
        objects = [row for row in rows if row[1] == "object"]
        return Block(
            [row[0][len(prefix) :] for row in objects],
            [row[2] or 0 for row in objects],
            [row[3] or "" for row in objects],
            token is not None,
        )
    names = b"\0".join(keys).decode().split("\0") if keys else []
    joined = b"".join(keys)
    if b"%" in joined or b"+" in joined:
        names = [unquote_plus(name) for name in names]
    start = len(prefix)
    return Block(
        [name[start:] for name in names],
        list(map(int, sizes)),
        b"\0".join(times).decode().split("\0") if times else [],
        b"<IsTruncated>true</IsTruncated>" in body,
    )


def parse_buckets(body: bytes, title: str) -> list[tuple[str, str | None]]:
    """Name and date of creation of every bucket, sorted. Raises as :func:`parse_listing`."""
    root, space = _read_xml(body, "ListAllMyBucketsResult", title)
    buckets = root.iter(f"{space}Bucket")
    return sorted((each.findtext(f"{space}Name") or "", each.findtext(f"{space}CreationDate")) for each in buckets)


def _read_xml(body: bytes, name: str, title: str) -> tuple[ElementTree.Element, str]:
    """The root element, and its namespace as it precedes the names of its children."""
    try:
        # expat limits entity expansion by itself since 2.4.1, and resolves no external entity.
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as exc:
        raise no_s3(title) from exc
    if not root.tag.endswith(name):
        raise no_s3(title)
    return root, root.tag.removesuffix(name)
