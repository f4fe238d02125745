"""Files of a directory over plain HTTP, as web servers of different generosity offer them."""

from __future__ import annotations

import html
import posixpath
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote, unquote

from .fake_s3.protocol import byte_range
from .records import file_op
from .threaded_http import Handler, RecordingServer

Index = Literal["apache", "nginx", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    #: The look of a folder's page; ``none`` answers 403, as servers do that do not list.
    index: Index = "apache"
    #: Without ranges the whole file comes with status 200, whatever was asked: Python's own http.server does that.
    ranges: bool = True
    #: 403 for what is missing.
    missing_as_403: bool = False
    #: Decoded path (``/a b/``) below which everything is 403.
    denied_prefix: str = ""
    #: Delay before each answer.
    latency_ms: float = 0
    #: Decoded path -> decoded path to which it redirects (302), for it and everything below.
    redirects: tuple[tuple[str, str], ...] = ()
    #: False leaves out Content-Length's companions: no Last-Modified, no ETag, no Accept-Ranges.
    validators: bool = True


class HttpFiles(RecordingServer):
    """Serves ``root`` from construction until ``close``."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.root = root
        self.options = Options(**options)
        super().__init__(file_op)

    def configure(self, **changes: Any) -> None:
        """Sets some of the fields of ``Options``."""
        self.options = replace(self.options, **changes)

    def reset(self) -> None:
        """Forgets all requests and restores the default options."""
        self.options = Options()
        super().reset()

    def url_of(self, name: str) -> str:
        """The URL of a file or folder by its relative name."""
        return f"{self.url}/{quote(name, safe='/')}"


class _FileHandler(Handler):
    owner: ClassVar[HttpFiles]

    def respond(self) -> None:
        options = self.owner.options
        if options.latency_ms:
            time.sleep(options.latency_ms / 1000)
        if self.command not in ("GET", "HEAD"):
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)
            return
        path = unquote(self.path.partition("?")[0])
        for source, target in options.redirects:
            if path == source or path.startswith(source.rstrip("/") + "/"):
                self.send(302, headers={"Location": quote(target + path.removeprefix(source), safe="/")})
                return
        if options.denied_prefix and path.startswith(options.denied_prefix):
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        found = self._find(path)
        if found is None:
            self._refuse(HTTPStatus.FORBIDDEN if options.missing_as_403 else HTTPStatus.NOT_FOUND)
        elif found.is_dir():
            self._send_folder(found, path)
        else:
            self._send_file(found)

    def _find(self, path: str) -> Path | None:
        if posixpath.normpath(path).startswith("/..") or "/../" in f"{path}/" or "\0" in path:
            return None
        found = self.owner.root.joinpath(*[part for part in path.split("/") if part])
        if found.is_dir() or (found.is_file() and not path.endswith("/")):
            return found
        return None

    def _send_folder(self, folder: Path, path: str) -> None:
        if not path.endswith("/"):
            self.send(301, headers={"Location": quote(f"{path}/", safe="/")})
        elif self.owner.options.index == "none":
            self._refuse(HTTPStatus.FORBIDDEN)
        else:
            write = apache_index if self.owner.options.index == "apache" else nginx_index
            self.send(200, write(folder, path).encode(), {"Content-Type": "text/html;charset=utf-8"})

    def _send_file(self, file: Path) -> None:
        content, status, stat = file.read_bytes(), 200, file.stat()
        headers = {"Content-Type": "application/json" if file.suffix == ".json" else "application/octet-stream"}
        options = self.owner.options
        if options.validators:
            headers["Last-Modified"] = formatdate(stat.st_mtime, usegmt=True)
            headers["ETag"] = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        wanted = byte_range(self.headers.get("Range"), len(content)) if options.ranges else None
        if options.ranges and options.validators:
            headers["Accept-Ranges"] = "bytes"
        if wanted is not None:
            start, stop = wanted
            if start >= stop:
                self.send(416, headers={"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
            content, status = content[start:stop], 206
        self.send(status, content, headers)

    def _refuse(self, status: HTTPStatus) -> None:
        page = f"<html><head><title>{status} {status.phrase}</title></head><body><h1>{status.phrase}</h1></body></html>"
        self.send(status, page.encode(), {"Content-Type": "text/html"})


HttpFiles.handler = _FileHandler


def _members(folder: Path) -> list[tuple[str, Path]]:
    """Names as they appear in links, folders with a slash."""
    paths = sorted(folder.iterdir(), key=lambda path: (path.is_file(), path.name))
    return [(path.name + ("/" if path.is_dir() else ""), path) for path in paths]


def apache_index(folder: Path, path: str) -> str:
    """Like Apache's mod_autoindex: sorting links, the parent, a table with times and rounded sizes."""
    columns = {"Name": "?C=N;O=D", "Last modified": "?C=M;O=A", "Size": "?C=S;O=A"}
    rows = ["".join(f'<th><a href="{link}">{column}</a></th>' for column, link in columns.items())]
    if path != "/":
        parent = quote(posixpath.dirname(path.rstrip("/")).rstrip("/") + "/", safe="/")
        rows.append(f'<td><a href="{parent}">Parent Directory</a></td><td>&nbsp;</td><td align="right">  - </td>')
    for name, member in _members(folder):
        stat = member.stat()
        modified = time.strftime("%Y-%m-%d %H:%M", time.gmtime(stat.st_mtime))
        size = "  - " if member.is_dir() else _rounded(stat.st_size)
        rows.append(
            f'<td><a href="{quote(name, safe="/")}">{html.escape(name)}</a></td>'
            f'<td align="right">{modified}  </td><td align="right">{size}</td>'
        )
    table = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return _index_page(path.rstrip("/") or "/", f"<table>\n{table}\n</table>\n")


def nginx_index(folder: Path, path: str) -> str:
    """Like nginx's autoindex: preformatted, names cut to 50 characters, exact sizes."""
    lines = ['<a href="../">../</a>']
    for name, member in _members(folder):
        stat = member.stat()
        shown = name if len(name) <= 50 else name[:47] + "..>"
        modified = time.strftime("%d-%b-%Y %H:%M", time.gmtime(stat.st_mtime))
        size = "-" if member.is_dir() else str(stat.st_size)
        padding = " " * (51 - len(shown))
        lines.append(f'<a href="{quote(name, safe="/")}">{html.escape(shown)}</a>{padding}{modified} {size:>19}')
    listing = "\n".join(lines)
    return _index_page(path, f"<hr><pre>{listing}\n</pre><hr>")


def _index_page(path: str, content: str) -> str:
    title = f"Index of {html.escape(path)}"
    return f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n{content}</body>\n</html>\n"


def _rounded(size_bytes: int) -> str:
    size: float = size_bytes
    for unit in ("", "K", "M"):
        if size < 1024:
            return f"{size:.0f}{unit}" if not unit or size >= 10 else f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.1f}G"
