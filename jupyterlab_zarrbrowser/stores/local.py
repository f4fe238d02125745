"""A folder of the Jupyter server. What lies outside of it cannot be reached, whatever the key or a link says."""

from __future__ import annotations

import asyncio
import heapq
import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..access import CellAccess
from ..config import LocalConfig
from ..errors import BrowserError
from .base import Entry, Page, Store, too_large


class LocalStore(Store):
    def __init__(self, config: LocalConfig) -> None:
        super().__init__(config)
        self._root = Path(config.root.removeprefix("file://")).expanduser().resolve()

    async def close(self) -> None:
        """There is nothing to give back."""

    def uri(self, key: str) -> str:
        return f"{self._root.as_posix().rstrip('/')}/{key}"

    def key_of(self, url: str) -> str | None:
        path = unquote(urlsplit(url).path) if url.startswith("file://") else url
        root = f"{self._root.as_posix().rstrip('/')}/"
        path = str(Path(path).expanduser()) + ("/" if path.endswith("/") else "") if path.startswith("~") else path
        if path + "/" == root:
            return ""
        return path[len(root) :] if path.startswith(root) else None

    def cell_access(self) -> CellAccess:
        return CellAccess()

    def _path(self, key: str) -> Path:
        """The real path of a key. Raises BrowserError (``not_found``, ``forbidden``) for what is outside."""
        names = key.removesuffix("/").split("/") if key else []
        if any(name in {"", ".", ".."} or "\0" in name or ("\\" in name and os.sep == "\\") for name in names):
            raise BrowserError("not_found", "There can be no file of that name.")
        path = self._root.joinpath(*names).resolve()
        if path != self._root and self._root not in path.parents:
            raise BrowserError("forbidden", f"This link leads out of {self.title} and is not followed.", "")
        return path

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        return await asyncio.to_thread(self._scan, container, name_prefix, cursor, limit)

    def _scan(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        with os.scandir(self._path(container)) as found:
            names = (
                (f"{entry.name}/" if _is_folder(entry) else entry.name, entry)
                for entry in found
                if entry.name.startswith(name_prefix)
            )
            wanted = ((name, entry) for name, entry in names if cursor is None or name > cursor)
            # The folder may hold millions; only one page of it is kept.
            page = heapq.nsmallest(limit + 1, wanted, key=lambda pair: pair[0])
        entries = []
        for name, entry in page[:limit]:
            size, modified = _facts(entry)
            is_folder = name.endswith("/")
            entries.append(
                Entry(container + name, "prefix" if is_folder else "object", None if is_folder else size, modified)
            )
        return Page(entries, page[limit - 1][0] if len(page) > limit else None)

    async def _get(self, key: str, max_bytes: int) -> bytes:
        return await asyncio.to_thread(self._read, key, max_bytes)

    def _read(self, key: str, max_bytes: int) -> bytes:
        path = self._path(key)
        if not path.is_file():
            # Also for pipes and devices, which could block for ever.
            raise BrowserError("not_found", "It does not exist.")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise too_large(key, max_bytes)
        return data

    async def _stat(self, key: str) -> Entry:
        path = self._path(key)
        if key.endswith("/") or not await asyncio.to_thread(path.is_file):
            raise BrowserError("not_found", "It does not exist.")
        found = await asyncio.to_thread(path.stat)
        return Entry(key, "object", found.st_size, _iso(found.st_mtime))

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        if isinstance(exc, FileNotFoundError | NotADirectoryError | IsADirectoryError):
            return BrowserError("not_found", "It does not exist.")
        if isinstance(exc, PermissionError):
            code = "list_forbidden" if listing else "forbidden"
            return BrowserError(code, "The Jupyter server may not read this.")
        if isinstance(exc, OSError):
            return BrowserError("store_error", f"The file system failed: {exc.strerror}.")
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _facts(entry: os.DirEntry[str]) -> tuple[int | None, str | None]:
    try:
        found = entry.stat()
    except OSError:  # a dangling link
        return None, None
    return found.st_size, _iso(found.st_mtime)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
