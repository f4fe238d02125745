"""A folder of the Jupyter server. What lies outside of it cannot be reached, whatever the key or a link says."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import heapq
import os
import re
import shutil
import stat
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar
from urllib.parse import unquote

from ..access import CellAccess
from ..config import LocalConfig
from ..errors import BrowserError
from .base import Store
from .body import PIECE_BYTES, Body, Range, too_large
from .listing import Block, Entry, Page
from .local_uploads import LocalUploads

_T = TypeVar("_T")

_DRIVE = re.compile("/[A-Za-z]:")

#: A file system that hangs (a network drive that is gone) holds its own threads, and nobody else's.
_THREADS = 8


#: Files in one block of a scan.
_SCAN_FILES = 20_000


class LocalStore(Store):
    def __init__(self, config: LocalConfig) -> None:
        super().__init__(config)
        # Links are followed later, in a thread: a network folder may hang.
        self._root = Path(config.root.removeprefix("file://")).expanduser().absolute()
        #: Prefixes below which alone users may change anything; None where that is not so.
        self._own = config.writable if isinstance(config.writable, list) else None
        self._threads = ThreadPoolExecutor(_THREADS, f"zarrbrowser-{config.id}")
        self.uploads = LocalUploads(self)
        # A walk that began elsewhere would go through the same folders, and each block begins to walk anew.
        self.scan_concurrency = 1
        self.scan_limit = _SCAN_FILES

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def uri(self, key: str) -> str:
        return f"{self._root.as_posix().rstrip('/')}/{key}"

    def key_of(self, url: str) -> str | None:
        path = url
        if url.startswith("file://"):
            path = unquote(url.removeprefix("file://").removeprefix("localhost"))
            # file:///C:/folder is C:/folder.
            path = path[1:] if _DRIVE.match(path) else path
        root = self.uri("")
        if path.startswith("~"):
            path = Path(path).expanduser().as_posix() + ("/" if path.endswith("/") else "")
        if path + "/" == root:
            return ""
        return path[len(root) :] if path.startswith(root) else None

    def cell_access(self) -> CellAccess:
        return CellAccess()

    def path_of(self, key: str) -> Path:
        """The real path of a key. Raises BrowserError (``not_found``, ``forbidden``) for what is outside."""
        names = key.removesuffix("/").split("/") if key else []
        if {".", ".."}.intersection(names):
            raise BrowserError(
                "not_found", "`.` and `..` lead nowhere here.", f"Type the path as it is below {self.uri('')}."
            )
        if not all(is_file_name(name, os.name) for name in names):
            raise BrowserError("not_found", "There can be no file of that name.")
        try:
            path = self._root.joinpath(*names).resolve()
        except RuntimeError as exc:  # a link to itself, before Python 3.13
            raise BrowserError("not_found", "This link leads nowhere.") from exc
        if not self._holds(path):
            hint = "Ask the administrator for an endpoint that holds the place it leads to."
            raise BrowserError("forbidden", f"This link leads out of {self.title} and is not followed.", hint)
        return path

    def path_to_change(self, key: str) -> Path:
        """The same for what is written. Raises BrowserError (``read_only``) for what is not the user's own."""
        path = self.path_of(key)
        self._check_own(key, path)
        return path

    def _check_own(self, key: str, path: Path) -> None:
        if self._own is None or key in self._own:
            return
        prefixes = [self.path_of(prefix) for prefix in self._own if key.startswith(prefix)]
        if not any(path == prefix or prefix in path.parents for prefix in prefixes):
            hint = "Go to the place that it leads to, and see whether you may write there."
            raise BrowserError("read_only", f"{self.uri(key)} leads out of what is yours to change.", hint)

    def _holds(self, path: Path) -> bool:
        root = self._root.resolve()
        return path == root or root in path.parents

    async def in_thread(self, work: Callable[..., _T], *arguments: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def _opened(self, path: Path, mode: Literal["rb", "xb"]) -> BinaryIO:
        opening = self._threads.submit(lambda: path.open(mode))

        def discard(done: Future[BinaryIO]) -> None:
            if not done.cancelled() and done.exception() is None:
                done.result().close()
                if mode == "xb":
                    path.unlink(missing_ok=True)

        try:
            return await asyncio.wrap_future(opening)
        except asyncio.CancelledError:
            # The thread goes on, and nobody waits for one that hangs.
            opening.add_done_callback(discard)
            raise

    async def _list(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        return await self.in_thread(self._page, container, name_prefix, cursor, limit)

    def _page(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
        if not container and not self._root.exists():
            hint = "Ask the administrator to make it, or to correct `root` of this endpoint."
            raise BrowserError("not_found", f"The folder {self.uri('')} does not exist.", hint)
        with os.scandir(self.path_of(container)) as found:
            names = (
                (f"{entry.name}/" if _is_folder(entry) else entry.name, entry)
                for entry in found
                # What is not text cannot be a key.
                if entry.name.startswith(name_prefix) and is_text(entry.name)
            )
            wanted = ((name, entry) for name, entry in names if cursor is None or name > cursor)
            # The folder may hold millions; only one page of it is kept.
            page = heapq.nsmallest(limit + 1, wanted, key=lambda pair: pair[0])
        entries = []
        for name, entry in page[:limit]:
            size, modified = self._facts(entry)
            is_folder = name.endswith("/")
            entries.append(
                Entry(container + name, "prefix" if is_folder else "object", None if is_folder else size, modified)
            )
        return Page(entries, page[limit - 1][0] if len(page) > limit else None)

    async def _scan(self, container: str, after: str, limit: int) -> Block:
        unwanted = threading.Event()
        try:
            return await self.in_thread(self._block, container, after, limit, unwanted)
        finally:
            # A thread cannot be cancelled: whoever has asked is gone, and it would walk on.
            unwanted.set()

    def _block(self, container: str, after: str, limit: int, unwanted: threading.Event) -> Block:
        found = list(islice(self._files(self.path_of(container), "", after, unwanted), limit + 1))
        return Block(
            [name for name, _ in found[:limit]],
            [facts.st_size for _, facts in found[:limit]],
            [_iso_whole(facts.st_mtime) for _, facts in found[:limit]],
            len(found) > limit,
        )

    def _files(
        self, folder: Path, path: str, after: str, unwanted: threading.Event
    ) -> Iterator[tuple[str, os.stat_result]]:
        """Files below a folder in the order of their keys, without those up to ``after``. Links are not followed.

        Ends early once it is unwanted.
        """
        try:
            with os.scandir(folder) as entries:
                names = sorted(
                    f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                    for entry in takewhile(lambda _: not unwanted.is_set(), entries)
                    if is_text(entry.name)
                )
        except OSError:
            if not path:
                raise
            return  # one folder that cannot be read does not hide the others
        for name in names:
            if unwanted.is_set():
                return
            key = path + name
            if name.endswith("/"):
                if key > after or after.startswith(key):
                    yield from self._files(folder / name, key, after, unwanted)
            elif key > after:
                try:
                    facts = (folder / name).lstat()
                except OSError:
                    continue  # gone meanwhile
                if stat.S_ISREG(facts.st_mode):
                    yield key, facts

    def shares_service(self, other: Store) -> bool:
        return isinstance(other, LocalStore)

    async def overlaps(self, other: Store, other_key: str, key: str) -> bool:
        if not isinstance(other, LocalStore):
            return False
        # By way of links, one folder has many names.
        here, there = await self.in_thread(self.path_of, key), await self.in_thread(other.path_of, other_key)
        return here == there or here in there.parents or there in here.parents

    async def _copy(self, source: Store, source_key: str, key: str, size: int) -> None:
        assert isinstance(source, LocalStore)
        origin, _ = await self.in_thread(source._file, source_key)
        await self.in_thread(self._replace, key, lambda fresh: shutil.copyfile(origin, fresh))

    async def _write(self, key: str, body: Body) -> None:
        path = await self.in_thread(self.path_to_change, key)
        if key.endswith("/"):  # an object that stands for a folder
            await self.in_thread(lambda: path.mkdir(parents=True, exist_ok=True))
            return
        await self.in_thread(lambda: path.parent.mkdir(parents=True, exist_ok=True))
        fresh = _beside(path)
        try:
            with await self._opened(fresh, "xb") as file:
                while piece := await body.next():
                    await self.in_thread(file.write, piece)
            await self.in_thread(fresh.replace, path)
        finally:
            await self.in_thread(lambda: fresh.unlink(missing_ok=True))

    def _replace(self, key: str, fill: Callable[[Path], Any]) -> None:
        """Make a file in one step: it is there whole, or not at all."""
        path = self.path_to_change(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = _beside(path)
        try:
            fill(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)

    async def _remove(self, keys: Sequence[str]) -> None:
        await self.in_thread(self._unlink, keys)

    def _unlink(self, keys: Sequence[str]) -> None:
        for key in keys:
            head, slash, name = key.removesuffix("/").rpartition("/")
            if not is_file_name(name, os.name):
                raise BrowserError("not_found", "There can be no file of that name.")
            # Not resolved to its end: a link is deleted, and not what it leads to.
            path = self.path_of(head + slash) / name
            self._check_own(key, path)
            if not key.endswith("/"):
                # What is no file (any more) is no object.
                with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    path.unlink()
                continue
            # What stands for a folder: it goes with those in it, unless there is a file. The ones around it stay.
            for folder in sorted(_folders(path), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _facts(self, entry: os.DirEntry[str]) -> tuple[int | None, str | None]:
        try:
            if entry.is_symlink() and not self._holds(Path(entry.path).resolve()):
                return None, None  # not even its size is told
            found = entry.stat()
        except (OSError, RuntimeError):  # a link that leads nowhere
            return None, None
        return found.st_size, _iso(found.st_mtime)

    async def _get(self, key: str, max_bytes: int) -> bytes:
        return await self.in_thread(self._read, key, max_bytes)

    def _read(self, key: str, max_bytes: int) -> bytes:
        path, _ = self._file(key)
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise too_large(key, max_bytes)
        return data

    async def _open(self, key: str, wanted: Range | None, stack: AsyncExitStack) -> Body:
        path, found = await self.in_thread(self._file, key)
        size = found.st_size
        start, stop = wanted.within(size) if wanted is not None else (0, size)
        file = await self._opened(path, "rb")
        stack.push_async_callback(self.in_thread, file.close)
        etag = f'"{found.st_mtime_ns:x}-{size:x}"'
        return Body(
            self._pieces(file, start, stop),
            size=size,
            start=start,
            stop=stop,
            etag=etag,
        )

    async def _pieces(self, file: BinaryIO, start: int, stop: int) -> AsyncIterator[bytes]:
        await self.in_thread(file.seek, start)
        while piece := await self.in_thread(file.read, min(PIECE_BYTES, stop - start)):
            start += len(piece)
            yield piece

    async def _stat(self, key: str) -> Entry:
        _, found = await self.in_thread(self._file, key)
        return Entry(key, "object", found.st_size, _iso(found.st_mtime))

    def _file(self, key: str) -> tuple[Path, os.stat_result]:
        """Path and facts of an ordinary file."""
        path = self.path_of(key)
        found = path.stat()
        if key.endswith("/") or not stat.S_ISREG(found.st_mode):
            # A folder is no object; a pipe or a device could block for ever.
            raise BrowserError("not_found", "There is no ordinary file of that name.")
        return path, found

    def _translate(self, exc: Exception, listing: bool) -> BrowserError | None:
        if isinstance(exc, FileNotFoundError | NotADirectoryError | IsADirectoryError):
            return BrowserError("not_found", "It does not exist.")
        if isinstance(exc, OSError) and exc.errno in {errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL}:
            return BrowserError("not_found", "There can be no file of that name.")
        if isinstance(exc, PermissionError):
            code = "list_forbidden" if listing else "forbidden"
            return BrowserError(code, "The Jupyter server may not read this.")
        if isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            return BrowserError("full", f"{self.title} has no room left: a quota or a disk is full.")
        if isinstance(exc, OSError) and exc.errno == errno.EROFS:
            return BrowserError("forbidden", "The file system can only be read.")
        if isinstance(exc, OSError):
            return BrowserError("store_error", f"The file system failed: {exc.strerror}.")
        return None


def _folders(path: Path) -> list[Path]:
    """A folder and those in it. Links are not followed."""
    return [] if path.is_symlink() else [Path(each) for each, _, _ in os.walk(path)]


def _beside(path: Path) -> Path:
    """A name for what is not whole yet. Short, since the final one may be as long as the file system allows."""
    return path.with_name(f".{uuid.uuid4().hex[:16]}.part")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_text(name: str) -> bool:
    """Whether a name on disk is UTF-8; Python stands lone surrogates in for other bytes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def is_file_name(name: str, system: str) -> bool:
    """Whether a segment of a key can name a file and does not lead elsewhere. ``system`` is ``os.name``."""
    if name in {"", ".", ".."} or "\0" in name or not is_text(name):
        return False
    # On Windows these separate folders, choose drives and choose streams, and what follows a name is cut off.
    return system != "nt" or not (set(name) & set('\\:*?"<>|') or name.endswith((".", " ")))


def _iso_whole(seconds: float) -> str:
    """Whole seconds, so that all are of one length."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
