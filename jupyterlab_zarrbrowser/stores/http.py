"""A plain web server through fsspec's HTTP session. Listing works where the server renders an index page."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from ..access import CellAccess
from ..config import HttpConfig
from ..errors import BrowserError
from .addresses import quote_path, without_query
from .base import Store
from .body import PIECE_BYTES, READ_BYTES, Body, Range, body_of_http, is_page, read_bounded
from .connection import Connection, ca_file
from .listing import Entry, Page

#: An index page above this is not read: about 100,000 rows as nginx writes them.
_MAX_INDEX_BYTES = 16 * 2**20

_MAX_REDIRECTS = 5

#: Characters of an address that are left as they are: those with a meaning, and the percent sign of what is encoded.
_LEGAL = "/:?#[]@!$&'()*+,;=-._~%"


class HttpStore(Store):
    can_scan = False  # index pages round sizes, and say nothing of what lies deeper

    def __init__(self, config: HttpConfig) -> None:
        super().__init__(config)
        self._config = config
        # As it goes over the wire; an administrator may have written it as people do.
        root = quote(config.root, safe=_LEGAL)
        self._root = root if root.endswith("/") else root + "/"
        self._origin = urlsplit(self._root)[:2]
        self._connection = Connection(self._connect, _disconnect)

    async def close(self) -> None:
        await self._connection.close()

    def uri(self, key: str) -> str:
        return self._root + quote_path(key)

    def key_of(self, url: str) -> str | None:
        url = without_query(url)
        if url + "/" == self._root:
            return ""
        if not url.startswith(self._root):
            return None
        rest = url[len(self._root) :]
        try:
            # What is pasted from a browser is encoded; what is typed is not.
            return unquote(rest, errors="strict")
        except UnicodeDecodeError:
            return rest

    def cell_access(self) -> CellAccess:
        bundle = self._config.ca_bundle
        if not bundle:
            return CellAccess()
        path = str(Path(bundle).expanduser())
        return CellAccess({}, (f"Set SSL_CERT_FILE={path!r} for this kernel before anything is imported.",))

    async def _connect(self) -> Any:
        http = await asyncio.to_thread(importlib.import_module, "fsspec.implementations.http")
        options: dict[str, Any] = {"trust_env": True}
        if self._config.ca_bundle:
            bundle = ca_file(self._config.ca_bundle, self.title)
            context = await asyncio.to_thread(ssl.create_default_context, cafile=bundle)
            options["connector"] = importlib.import_module("aiohttp").TCPConnector(ssl=context)
        fs = http.HTTPFileSystem(
            asynchronous=True, skip_instance_cache=True, use_listings_cache=False, client_kwargs=options
        )
        await fs.set_session()
        return fs

    async def _request(self, method: str, key: str, max_bytes: int, listing: bool) -> tuple[Any, bytes, str]:
        """Headers, body and final address."""
        async with AsyncExitStack() as stack:
            response, url = await self._answer(stack, method, key, listing)
            body = await read_bounded(response.content.iter_chunked(READ_BYTES), key, max_bytes)
            return response.headers, body, url

    async def _answer(
        self, stack: AsyncExitStack, method: str, key: str, listing: bool, headers: dict[str, str] | None = None
    ) -> tuple[Any, str]:
        """A good answer and its final address. Redirects stay on the server that the administrator named."""
        if any(name in {".", ".."} for name in key.split("/")):
            # A web server would follow them, out of the folder that the administrator named.
            raise BrowserError("not_found", "There can be no file of that name.")
        yarl = importlib.import_module("yarl")
        url = self.uri(key)
        fs = await stack.enter_async_context(self._connection.use())
        # The client's own limit is five minutes for a whole body; what may not take long is silence.
        patience = importlib.import_module("aiohttp").ClientTimeout(total=None, sock_read=self._timeout_s)
        for _ in range(_MAX_REDIRECTS + 1):
            address = yarl.URL(url, encoded=True)
            asked = fs._session.request(method, address, allow_redirects=False, headers=headers, timeout=patience)
            response = await stack.enter_async_context(asked)
            if response.status in {301, 302, 303, 307, 308}:
                url = self._redirected(url, response.headers.get("Location", ""))
                continue
            self._check(response.status, listing)
            if not listing and is_page(response.headers.get("Content-Type"), key):
                # Login pages and single-page applications answer every address, a folder with its index.
                raise BrowserError("not_found", "What lies there is a web page.")
            return response, url
        raise BrowserError("store_error", f"{self.title} redirects in a circle.")

    def _redirected(self, url: str, location: str) -> str:
        target = urljoin(url, quote(location, safe=_LEGAL))
        if urlsplit(target)[:2] != self._origin:
            raise BrowserError(
                "outside_endpoints",
                f"{self.title} sends this request on to {urlsplit(target).hostname or 'another server'}.",
                "Ask the administrator to add that server as an endpoint of its own.",
            )
        return target

    def _check(self, status: int, listing: bool) -> None:
        if status < 300:
            return
        if status == 416:
            raise BrowserError("bad_range", "The object has no such part.")
        if status in {404, 410}:
            raise BrowserError("not_found", "It does not exist.")
        if status in {401, 403}:
            if listing:
                raise BrowserError("list_forbidden", f"{self.title} does not allow to list here.")
            raise BrowserError("forbidden", f"{self.title} does not allow to read this.")
        if status in {429, 503}:
            raise BrowserError("throttled", f"{self.title} is overloaded or limits requests.")
        raise BrowserError("store_error", f"{self.title} answered {status}.")

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        if not self._config.index:
            raise BrowserError("list_unsupported", f"{self.title} does not list its folders.")
        try:
            headers, body, url = await self._request("GET", container, _MAX_INDEX_BYTES, listing=True)
        except BrowserError as exc:
            if exc.code == "not_found":
                # Many servers answer so for a folder that exists but has no index page.
                raise BrowserError("list_unsupported", f"{self.title} has no index page here.") from exc
            raise
        if "html" not in headers.get("Content-Type", "").lower():
            raise BrowserError("list_unsupported", f"{self.title} has no index page here.")
        page = body.decode("utf-8", "replace")
        if url != self.uri(container) and not _says_index(page):
            raise BrowserError("list_unsupported", f"{self.title} sends this folder on to another page.")
        names = await asyncio.to_thread(links_below, page, url)
        chosen = [name for name in names if name.startswith(name_prefix) and (cursor is None or name > cursor)]
        entries = [Entry(container + name, "prefix" if name.endswith("/") else "object") for name in chosen[:limit]]
        return Page(entries, chosen[limit - 1] if len(chosen) > limit else None)

    async def _get(self, key: str, max_bytes: int) -> bytes:
        _, body, _ = await self._request("GET", key, max_bytes, listing=False)
        return body

    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        # Compressed on the way, neither the length nor a part of it would be that of the object.
        headers = {"Accept-Encoding": "identity", **({"Range": wanted.header()} if wanted is not None else {})}
        response, _ = await self._answer(stack, "GET", key, False, headers)
        pieces = response.content.iter_chunked(PIECE_BYTES)
        return body_of_http(pieces, response.status, response.headers, is_decoded=True)

    async def _stat(self, key: str) -> Entry:
        headers, _, _ = await self._request("HEAD", key, 0, listing=False)
        size, modified = headers.get("Content-Length"), headers.get("Last-Modified")
        return Entry(key, "object", int(size) if size else None, _iso(modified))

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        return None


async def _disconnect(fs: Any) -> None:
    await fs._session.close()


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _says_index(html: str) -> bool:
    """Whether a page calls itself an index, as Apache's, nginx's, IIS's and Python's do."""
    return any(words in html.lower() for words in ("index of", "directory listing", "parent directory"))


def links_below(html: str, url: str) -> list[str]:
    """Names that an index page at ``url`` links to, sorted: direct children only, folders with a slash at the end.

    Raises
    ------
    BrowserError
        ``list_unsupported`` where the page does not look like an index of its own folder.
    """
    parser = _Links()
    parser.feed(html)
    site, folder = urlsplit(url)[:2], unquote(urlsplit(url).path)
    folder = folder if folder.endswith("/") else folder + "/"
    base = url.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]
    base = base if base.endswith("/") else base + "/"
    names: set[str] = set()
    for link in parser.found:
        try:
            target = urlsplit(urljoin(base, link))
        except ValueError:  # half an IPv6 address, say
            continue
        # Compared without their encoding, of which there is more than one spelling.
        path = unquote(target.path)
        if target[:2] != site or target.query or target.fragment or not path.startswith(folder):
            continue  # sorting links, the parent folder, other sites
        name = path[len(folder) :]
        inner = name.removesuffix("/")
        if inner not in {"", ".", ".."} and "/" not in inner and "\0" not in inner:
            names.add(name)
    if not names and not _says_index(html):
        raise BrowserError("list_unsupported", "The page at this address is no index of files.")
    return sorted(names)


def _iso(http_date: str | None) -> str | None:
    try:
        return parsedate_to_datetime(http_date).isoformat().replace("+00:00", "Z") if http_date else None
    except ValueError:
        return None
