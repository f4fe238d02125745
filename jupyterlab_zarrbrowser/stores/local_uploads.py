"""Uploads to folders: parts are written to a file beside the final one, which takes its name once it is whole."""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BrowserError
from .uploads import ObjectUploads, Part, StoredPart, corrupted, exists

if TYPE_CHECKING:
    from .local import LocalStore


def _is_made_of(path: Path, parts: Sequence[StoredPart]) -> bool:
    with path.open("r+b") as file:
        is_whole = file.seek(0, os.SEEK_END) == sum(each.size for each in parts)
        file.seek(0)
        is_right = is_whole and all(zlib.crc32(file.read(each.size)) == each.crc32 for each in parts)
        os.fsync(file.fileno())
    return is_right


class LocalUploads(ObjectUploads):
    def __init__(self, store: LocalStore) -> None:
        super().__init__(store)
        self._local = store

    async def _put(self, key: str, data: bytes, media_type: str, replace: bool) -> None:
        def write() -> None:
            fresh, path = self._fresh(key, replace)
            try:
                fresh.write_bytes(data)
                self._name(fresh, path, key, replace)
            finally:
                fresh.unlink(missing_ok=True)

        await self._local.in_thread(write)

    async def _begin(self, key: str, size: int, media_type: str, replace: bool) -> str:
        def make() -> str:
            fresh, _ = self._fresh(key, replace)
            fresh.touch(exist_ok=False)
            return fresh.name

        return await self._local.in_thread(make)

    async def _put_part(self, key: str, token: str, part: Part) -> str:
        def write() -> None:
            with self._part_file(key, token).open("r+b") as file:
                file.seek(part.start)
                file.write(part.data)

        await self._local.in_thread(write)
        return ""

    async def _has(self, key: str, token: str, parts: Sequence[StoredPart]) -> list[StoredPart]:
        def check() -> list[StoredPart]:
            if not self._part_file(key, token).is_file():
                raise BrowserError("not_found", "This upload was given up.")
            return list(parts)

        return await self._local.in_thread(check)

    async def _complete(self, key: str, token: str, parts: Sequence[StoredPart], replace: bool) -> None:
        def finish() -> None:
            path, fresh = self._local.path_to_change(key), self._part_file(key, token)
            if not fresh.exists() and path.is_file() and _is_made_of(path, parts):
                return  # it has its name already, and the answer was lost
            if not _is_made_of(fresh, parts):
                raise corrupted(self._local, key)
            self._name(fresh, path, key, replace)

        await self._local.in_thread(finish)

    async def _give_up(self, key: str, token: str) -> None:
        await self._local.in_thread(lambda: self._part_file(key, token).unlink(missing_ok=True))

    async def _make(self, key: str) -> None:
        def make() -> None:
            try:
                self._local.path_to_change(key).mkdir(parents=True)
            except FileExistsError as exc:
                raise exists(self._local, key) from exc

        await self._local.in_thread(make)

    def _fresh(self, key: str, replace: bool) -> tuple[Path, Path]:
        """A name for what is not whole yet, and the final one."""
        path = self._local.path_to_change(key)
        if path.is_dir():
            raise BrowserError("conflict", f"{self._local.uri(key)} is a folder.", "Choose another name.")
        if not replace and path.exists():
            raise exists(self._local, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(f".{uuid.uuid4().hex[:16]}.part"), path

    def _part_file(self, key: str, token: str) -> Path:
        # The token comes from a file of ours; it must lead nowhere else all the same.
        return self._local.path_to_change(key).with_name(Path(token).name)

    def _name(self, fresh: Path, path: Path, key: str, replace: bool) -> None:
        """Give it its name: in one step, and not where something lies meanwhile."""
        if replace:
            fresh.replace(path)
            return
        try:
            # Unlike a renaming, a link refuses a name that is taken.
            path.hardlink_to(fresh)
        except FileExistsError as exc:
            raise exists(self._local, key) from exc
        except OSError:  # a file system without links
            if path.exists():
                raise exists(self._local, key) from None
            fresh.replace(path)
        with suppress(FileNotFoundError):
            fresh.unlink()
