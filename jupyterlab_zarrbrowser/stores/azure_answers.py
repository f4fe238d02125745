"""What Azure Storage answers: listings, lists of containers, and refusals, in our words. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote
from xml.etree import ElementTree

from ..errors import BrowserError

#: Every answer of the service has one, also the refusals.
REQUEST_ID = "x-ms-request-id"

#: By this much may clocks differ (https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key).
_MAX_SKEW_S = 15 * 60

_MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}

_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")

_Row = tuple[str, bool, int | None, str | None]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. Folders of an account that has them as things of their own are not among the rows' objects."""

    rows: list[_Row]
    """Name, whether it is a prefix, size, time; sorted by the bytes of their names."""
    marker: str | None
    is_hierarchical: bool | None
    """Whether the account has folders; None where the page tells nothing."""


@dataclass(frozen=True, slots=True)
class Columns:
    """One page of objects, in the order of the code points of their names."""

    names: list[str]
    sizes: list[int]
    modified: list[str]
    marker: str | None
    is_hierarchical: bool | None
    is_plain: bool
    """Whether all names sort the same as UTF-8 and as UTF-16."""


def no_azure(title: str) -> BrowserError:
    return BrowserError("wrong_endpoint", f"{title} did not answer as Azure Blob Storage does.")


def iso(moment: str) -> str:
    """``Sat, 21 Nov 2026 17:59:58 GMT`` as ISO 8601."""
    return f"{moment[12:16]}-{_MONTHS.get(moment[8:11], '00')}-{moment[5:7]}T{moment[17:25]}Z" if moment else ""


def parse_listing(body: bytes, title: str) -> Listing:
    """A page of a listing. https://learn.microsoft.com/rest/api/storageservices/list-blobs

    Raises
    ------
    BrowserError
        ``wrong_endpoint`` where the body is no listing.
    """
    root = _read_xml(body, title)
    rows: list[_Row] = []
    hierarchical = None
    for item in root.iter("Blob"):
        kind = item.findtext("Properties/ResourceType")
        hierarchical = kind is not None
        if kind == "directory":
            continue
        size = item.findtext("Properties/Content-Length")
        moment = item.findtext("Properties/Last-Modified") or ""
        rows.append((_name(item), False, int(size) if size else None, iso(moment) or None))
    rows += [(_name(item), True, None, None) for item in root.iter("BlobPrefix")]
    rows.sort(key=lambda row: row[0].encode())
    return Listing(rows, root.findtext("NextMarker") or None, hierarchical)


_NAMES = re.compile(rb"<Name>([^<]*)</Name>")
_SIZES = re.compile(rb"<Content-Length>(\d+)</Content-Length>")
_TIMES = re.compile(rb"<Last-Modified>([^<]*)</Last-Modified>")
_KINDS = re.compile(rb"<ResourceType>([^<]*)</ResourceType>")
_MARKER = re.compile(rb"<NextMarker>([^<]+)</NextMarker>")

#: The first bytes of characters from U+E000 on, which UTF-8 and UTF-16 sort differently.
_LATE = re.compile(rb"[\xee-\xf4]")


def parse_columns(body: bytes, title: str) -> Columns:
    """A page without delimiter: several times as fast as :func:`parse_listing`. Raises as that."""
    names, sizes, times = (each.findall(body) for each in (_NAMES, _SIZES, _TIMES))
    kinds = _KINDS.findall(body) if b"<ResourceType>" in body else []
    joined = b"\0".join(names)
    is_plain = _LATE.search(joined) is None
    counts = {len(names), len(sizes), len(times), len(kinds) or len(names), body.count(b"<Blob>")}
    if len(counts) > 1 or not names or b"&" in joined:
        # Entities, encoded names, nothing at all: a matter for a real parser.
        listing = parse_listing(body, title)
        rows = [row for row in listing.rows if not row[1]]
        return Columns(
            [row[0] for row in rows],
            [row[2] or 0 for row in rows],
            [row[3] or "" for row in rows],
            listing.marker,
            listing.is_hierarchical,
            is_plain=all(_LATE.search(row[0].encode()) is None for row in rows),
        )
    known = {each: iso(each.decode()) for each in set(times)}
    matched = _MARKER.search(body)
    columns = Columns(
        joined.decode().split("\0"),
        list(map(int, sizes)),
        [known[each] for each in times],
        matched[1].decode() if matched and b"&" not in matched[1] else _marker(body, title),
        is_hierarchical=bool(kinds),
        is_plain=is_plain,
    )
    return columns if is_plain and not kinds else _objects(columns, kinds)


def _objects(page: Columns, kinds: list[bytes]) -> Columns:
    """The same without folders, sorted."""
    chosen = [at for at, kind in enumerate(kinds) if kind != b"directory"] if kinds else range(len(page.names))
    order = sorted(chosen, key=page.names.__getitem__)
    return Columns(
        [page.names[at] for at in order],
        [page.sizes[at] for at in order],
        [page.modified[at] for at in order],
        page.marker,
        page.is_hierarchical,
        page.is_plain,
    )


def parse_containers(body: bytes, title: str) -> tuple[list[tuple[str, str | None]], str | None]:
    """Name and date of change of every container on a page, sorted, and the marker of the next one.

    https://learn.microsoft.com/rest/api/storageservices/list-containers2. Raises as :func:`parse_listing`.
    """
    root = _read_xml(body, title)
    found = [
        (_name(item), iso(item.findtext("Properties/Last-Modified") or "") or None) for item in root.iter("Container")
    ]
    return sorted(found), root.findtext("NextMarker") or None


def parse_blocks(body: bytes, title: str) -> dict[str, int]:
    """Sizes of the parts of an object by their names, in order. Raises as :func:`parse_listing`.

    https://learn.microsoft.com/rest/api/storageservices/get-block-list
    """
    root = _read_xml(body, title, "BlockList")
    return {block.findtext("Name") or "": int(block.findtext("Size") or 0) for block in root.iter("Block")}


def _name(item: ElementTree.Element) -> str:
    name = item.find("Name")
    text = "" if name is None else name.text or ""
    # What XML cannot hold comes percent-encoded.
    return unquote(text) if name is not None and name.get("Encoded") == "true" else text


def _marker(body: bytes, title: str) -> str | None:
    return _read_xml(body, title).findtext("NextMarker") or None


def _read_xml(body: bytes, title: str, name: str = "EnumerationResults") -> ElementTree.Element:
    try:
        # expat limits entity expansion by itself since 2.4.1, and resolves no external entity.
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as exc:
        raise no_azure(title) from exc
    if root.tag != name:
        raise no_azure(title)
    return root


_MISSING = {"ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled", "InvalidResourceName"}

_CREDENTIALS = {
    "AccountIsDisabled",
    "AuthenticationFailed",
    "AuthorizationProtocolMismatch",
    "InvalidAuthenticationInfo",
    "KeyBasedAuthenticationNotPermitted",
}

_HELD = {
    "BlobArchived": ("It is in the archive tier, and cannot be read.", "Ask its owner to rehydrate it."),
    "LeaseIdMissing": ("Somebody holds a lease on it.", "Wait until the lease is over, or break it with other tools."),
    "SnapshotsPresent": ("It has snapshots.", "Delete its snapshots with other tools first."),
    "BlobImmutableDueToPolicy": ("A policy of its container forbids changes.", ""),
}


def refusal(
    status: int, headers: Mapping[str, str], title: str, *, listing: bool, signed: bool, expired: bool
) -> BrowserError:
    """An answer other than what was asked for, in our words.

    https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes

    ``signed`` tells whether credentials were sent, ``expired`` whether these say themselves that their time is over.
    """
    code = _word(headers.get("x-ms-error-code", ""))
    who, what = "these credentials" if signed else "anybody", "list here" if listing else "read this"
    may_not = BrowserError("list_forbidden" if listing else "forbidden", f"{title} does not allow {who} to {what}.")
    if expired and status in {401, 403}:
        hint = "Ask whoever made it for a new one, and put it into the environment variable. Then press Retry."
        return BrowserError("credentials_expired", f"The shared access signature of {title} has expired.", hint)
    if signed and (code in _CREDENTIALS or (status == 401 and REQUEST_ID in headers)):
        if _skew_s(headers) > _MAX_SKEW_S:
            return BrowserError("clock_skew", f"{title} refuses requests because the clocks differ too much.")
        return BrowserError("credentials_invalid", f"{title} refused the credentials ({code or status}).")
    if code in {"BlobAlreadyExists", "ContainerAlreadyExists"}:
        return BrowserError("exists", "It is there already.")
    if code == "Md5Mismatch":
        return BrowserError("corrupted", f"{title} got something else than what was sent.", "Send it again.")
    if code in _HELD:
        return BrowserError("conflict", *_HELD[code])
    if code in _MISSING:
        return BrowserError("no_such_bucket", f"{title} has no such container.")
    if code == "ResourceNotFound" and not signed:
        # What is private is not there, for those whom nobody knows.
        return may_not
    match status:
        case 401 | 403 | 409 if status != 409 or code == "PublicAccessNotPermitted":
            return may_not
        case 404 if listing and REQUEST_ID not in headers:
            return no_azure(title)
        case 404:
            return BrowserError("not_found", "It does not exist.")
        case 416:
            return BrowserError("bad_range", "The object has no such part.")
        case 408 | 429 | 503:
            return BrowserError("throttled", f"{title} is overloaded or limits requests.")
        case 409 | 412 if code:
            return BrowserError("conflict", f"{title} refused this ({code}): something else has changed it meanwhile.")
        case 400 if code:
            return BrowserError("bad_request", f"{title} does not understand this request ({code}).")
        case _ if status < 500:
            return BrowserError("wrong_endpoint", f"{title} answered {status} {code}".rstrip() + ".")
    return BrowserError("store_error", f"{title} answered {status} {code}".rstrip() + ".")


def _now() -> datetime:
    return datetime.now(UTC)


def _skew_s(headers: Mapping[str, str]) -> float:
    """Seconds between the service's clock and ours."""
    try:
        theirs = parsedate_to_datetime(headers.get("Date", ""))
        return abs((_now() - theirs).total_seconds())
    except (TypeError, ValueError):
        return 0


def _word(text: str) -> str:
    """A word of the server that may be shown; what is no word could be anything, secrets included."""
    return text if _WORD.fullmatch(text) else ""
