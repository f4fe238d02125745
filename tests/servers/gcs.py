"""Google Cloud Storage's JSON API: an emulator for the objects, and a layer in front for what it leaves out.

The emulator ignores pages, access and suffix ranges. The layer lists as Google documents it
(https://cloud.google.com/storage/docs/json_api/v1/objects/list): items and prefixes share one lexicographic order,
``maxResults`` counts both, a page may hold fewer, and ``nextPageToken`` is opaque.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import re
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from http.server import HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlencode

from .fake_s3.protocol import byte_range
from .records import gcs_op
from .s3_client import walk_files
from .threaded_http import Handler, RecordingServer

#: What the service gives at most for one page of objects.
_MAX_PAGE = 1000

_BUCKETS = re.compile(r"(?:/storage/v1)?/b")
_OBJECTS = re.compile(r"(?:/storage/v1)?/b/(?P<bucket>[^/]+)/o")
_OBJECT = re.compile(r"(?:/(?:download/)?storage/v1)?/b/(?P<bucket>[^/]+)/o/(?P<name>.+)")
_ANY_BUCKET = re.compile(r"(?:/(?:upload|download))?(?:/storage/v1)?/b/(?P<bucket>[^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    #: Requests need ``Authorization: Bearer good``. ``Bearer poor`` is known but may do nothing: 403. Others are 401.
    require_token: bool = False
    #: Buckets that anybody may list and read all the same.
    public_buckets: frozenset[str] = frozenset()
    #: Searched in ``"<op> <METHOD> <path>?<query>"`` as sent; what matches is 403.
    deny_match: str = ""
    #: A missing object is 403, as for callers that may not list.
    missing_as_403: bool = False
    #: Truncated pages hold fewer entries than asked for.
    short_pages: bool = False
    #: Delay before each answer.
    latency_ms: float = 0


class Gcs(RecordingServer):
    """Runs from construction until ``close``."""

    def __init__(self, **options: Any) -> None:
        self.options = Options(**options)
        self.emulator = _Emulator()
        #: Sessions of uploads that were given up, and those that may not replace an object, by their addresses.
        self.given_up: set[str] = set()
        self.only_new: dict[str, str] = {}
        super().__init__(gcs_op)

    def configure(self, **changes: Any) -> None:
        """Sets some of the fields of ``Options``."""
        self.options = replace(self.options, **changes)

    def reset(self) -> None:
        """Forgets all requests and restores the default options; buckets and objects stay."""
        self.options = Options()
        super().reset()

    def create_bucket(self, name: str) -> None:
        self.emulator.expect("POST", "/storage/v1/b", json.dumps({"name": name}).encode(), "application/json")

    def put(self, bucket: str, name: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Writes an object without a record of it."""
        if not content:
            self.emulator.put_nothing(f"/upload/storage/v1/b/{bucket}/o", name)
            return
        target = f"/upload/storage/v1/b/{bucket}/o?{urlencode({'uploadType': 'media', 'name': name})}"
        self.emulator.expect("POST", target, content, content_type)

    def upload_directory(self, directory: Path, bucket: str, prefix: str = "") -> int:
        """Writes every file below the directory; returns how many there were."""
        files = list(walk_files(directory))
        for name, path in files:
            self.put(bucket, prefix + name, path.read_bytes())
        return len(files)

    def close(self) -> None:
        super().close()
        self.emulator.close()


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class _Emulator:
    """The emulator in a thread of this process, one request at a time; its storage is in memory."""

    def __init__(self) -> None:
        from gcp_storage_emulator.server import RequestHandler
        from gcp_storage_emulator.storage import Storage

        for name in ("gcp_storage_emulator", "api"):  # it logs every missing object as an error
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._server = HTTPServer(("127.0.0.1", 0), partial(RequestHandler, Storage(use_memory_fs=True)))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def ask(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> _Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=30)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return _Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def put_nothing(self, path: str, name: str) -> _Reply:
        """An empty object, which the emulator takes in an upload of several parts only."""
        named = json.dumps({"name": name})
        parts = f"Content-Type: application/json\r\n\r\n{named}", "Content-Type: text/plain\r\n\r\n"
        body = "".join(f"--edge\r\n{part}\r\n" for part in parts) + "--edge--\r\n"
        headers = {"Content-Type": "multipart/related; boundary=edge"}
        return self.ask("POST", f"{path}?uploadType=multipart", body.encode(), headers)

    def expect(self, method: str, target: str, body: bytes, content_type: str) -> None:
        reply = self.ask(method, target, body, {"Content-Type": content_type})
        if reply.status != 200:
            raise RuntimeError(f"{method} {target}: {reply.status} {reply.body.decode('utf-8', 'replace')}")

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _GcsError(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        detail: dict[str, str] = {"message": message, "domain": "global", "reason": reason}
        if status == 401:
            detail |= {"locationType": "header", "location": "Authorization"}
        self.body = json.dumps({"error": {"code": status, "message": message, "errors": [detail]}}).encode()


class _GcsHandler(Handler):
    owner: ClassVar[Gcs]

    def respond(self) -> None:
        options = self.owner.options
        if options.latency_ms:
            time.sleep(options.latency_ms / 1000)
        try:
            self._check_access(options)
            self._respond(options)
        except _GcsError as error:
            headers = {"Content-Type": "application/json; charset=UTF-8"}
            if error.status == 401:
                headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
            self.send(error.status, error.body, headers)

    def _respond(self, options: Options) -> None:
        path, _, query = self.path.partition("?")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        if self.command == "GET" and _BUCKETS.fullmatch(path):
            self._send_json(self._list_buckets(parameters), parameters)
        elif self.command == "GET" and (listed := _OBJECTS.fullmatch(path)):
            self._send_json(self._list_objects(unquote(listed["bucket"]), parameters, options), parameters)
        else:
            self._pass_on(path, options)

    def _check_access(self, options: Options) -> None:
        path = self.path.partition("?")[0]
        named = _ANY_BUCKET.match(path)
        bucket = unquote(named["bucket"]) if named else ""
        action = f"storage.{'objects' if '/o' in path else 'buckets'}.{'list' if self.record.op == 'List' else 'get'}"
        if options.deny_match and re.search(options.deny_match, f"{self.record.op} {self.command} {self.path}"):
            raise _GcsError(403, "forbidden", f"caller does not have {action} access.")
        public = bucket in options.public_buckets and self.command in ("GET", "HEAD")
        token = self.headers.get("Authorization")
        if not options.require_token or (public and token is None) or token == "Bearer good":
            return
        if token is None:
            raise _GcsError(401, "required", f"Anonymous caller does not have {action} access.")
        if token == "Bearer poor":
            raise _GcsError(403, "forbidden", f"poor@example.org does not have {action} access.")
        raise _GcsError(401, "authError", "Invalid Credentials")

    def _list_buckets(self, parameters: dict[str, str]) -> dict[str, Any]:
        if not parameters.get("project"):
            raise _GcsError(400, "required", "Required parameter: project")
        buckets = json.loads(self.owner.emulator.ask("GET", "/storage/v1/b").body)["items"]
        prefix = parameters.get("prefix", "")
        entries = sorted(
            ((bucket["name"], bucket) for bucket in buckets if bucket["name"].startswith(prefix)),
            key=lambda entry: entry[0],
        )
        page, token = _page(entries, parameters, short=False)
        return _listing("storage#buckets", [bucket for _, bucket in page], [], token)

    def _list_objects(self, bucket: str, parameters: dict[str, str], options: Options) -> dict[str, Any]:
        asked = {name: parameters[name] for name in ("prefix", "matchGlob") if parameters.get(name)}
        target = f"/storage/v1/b/{quote(bucket, safe='')}/o?{urlencode(asked)}"
        reply = self.owner.emulator.ask("GET", target)
        if reply.status == 404:
            raise _GcsError(404, "notFound", "The specified bucket does not exist.")
        if reply.status != 200:
            raise _GcsError(reply.status, "invalid", "Invalid argument.")
        objects = {item["name"]: item for item in json.loads(reply.body)["items"]}
        page, token = _page(roll_up(objects, parameters), parameters, short=options.short_pages)
        items = [item for _, item in page if item is not None]
        prefixes = [name for name, item in page if item is None]
        return _listing("storage#objects", items, prefixes, token)

    def _pass_on(self, path: str, options: Options) -> None:
        """Hands the request to the emulator; ranges are cut here, since it has no suffix ranges and no 416."""
        session = upload_id_of(self.path)
        if session and self._end_session(session):
            return
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _OWN_HEADERS}
        method = "GET" if self.command == "HEAD" else self.command
        query = dict(parse_qsl(self.path.partition("?")[2]))
        if query.get("ifGenerationMatch") == "0":
            self._check_free(path, query["name"])
        if query.get("uploadType") == "media":
            # The emulator would read a body of JSON as a request.
            kept = {name: value for name, value in kept.items() if name.lower() != "content-type"}
            kept["Content-Type"] = "application/octet-stream"
        if method == "POST" and query.get("uploadType") == "media" and not self.body:
            reply = self.owner.emulator.put_nothing(path, query["name"])
        else:
            reply = self.owner.emulator.ask(method, self.path, self.body, kept)
        if reply.status >= 400:
            self._explain(reply, path, options)
            return
        headers = {name: value for name, value in reply.headers.items() if name.lower() not in _HOP_HEADERS}
        body, status = reply.body, reply.status
        begun = upload_id_of(headers.get("Location", ""))
        if begun and query.get("ifGenerationMatch") == "0":
            self.owner.only_new[begun] = f"{path}\n{query['name']}"
        if self.record.op == "GetObject" and (wanted := byte_range(self.headers.get("Range"), len(body))):
            start, stop = wanted
            if start >= stop:
                self.send(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
            body, status = body[start:stop], 206
        self.send(status, body, headers)

    def _end_session(self, session: str) -> bool:
        """What the emulator does not know of sessions: that they can be given up, and what they may not replace."""
        if self.command == "DELETE":
            self.owner.given_up.add(session)
            self.send(499, b"", {})
            return True
        if session in self.owner.given_up:
            self.send(499, b"", {})
            return True
        ends = self.headers.get("Content-Range", "")
        last, _, total = ends.partition("-")[2].partition("/")
        if session in self.owner.only_new and total.isdecimal() and last.isdecimal() and int(last) + 1 == int(total):
            self._check_free(*self.owner.only_new[session].split("\n", 1))
        return False

    def _check_free(self, path: str, name: str) -> None:
        bucket = _ANY_BUCKET.match(path)
        assert bucket is not None
        target = f"/storage/v1/b/{bucket['bucket']}/o/{quote(name, safe='')}"
        if self.owner.emulator.ask("GET", target).status == 200:
            raise _GcsError(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")

    def _explain(self, reply: _Reply, path: str, options: Options) -> None:
        """Google's error document, where the emulator answers with nothing."""
        found = _OBJECT.fullmatch(path)
        if reply.status == 404 and found:
            name = f"{unquote(found['bucket'])}/{unquote(found['name'])}"
            if options.missing_as_403 and self.command in ("GET", "HEAD"):
                raise _GcsError(403, "forbidden", "caller does not have storage.objects.list access.")
            if self.record.op == "GetObject":  # content comes, and fails, as plain text
                self.send(404, f"No such object: {name}".encode(), {"Content-Type": "text/html; charset=UTF-8"})
                return
            raise _GcsError(404, "notFound", f"No such object: {name}")
        if reply.status == 404:
            raise _GcsError(404, "notFound", "The specified bucket does not exist.")
        if reply.body:
            self.send(reply.status, reply.body, {"Content-Type": "application/json; charset=UTF-8"})
        else:
            raise _GcsError(reply.status, "invalid", "Invalid argument.")

    def _send_json(self, document: dict[str, Any], parameters: dict[str, str]) -> None:
        if fields := parameters.get("fields"):
            document = select_fields(document, fields)
        self.send(200, json.dumps(document).encode(), {"Content-Type": "application/json; charset=UTF-8"})


Gcs.handler = _GcsHandler


def upload_id_of(address: str) -> str:
    """The id of an upload's session, empty where the address is no session's."""
    return dict(parse_qsl(address.partition("?")[2])).get("upload_id", "")


#: Request headers that the layer sets or heeds itself. Host goes on, since upload URLs are made from it.
_OWN_HEADERS = frozenset({"connection", "content-length", "transfer-encoding", "range", "authorization"})
_HOP_HEADERS = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})

#: Name of an object or prefix, and the object's document; a prefix has none.
Row = tuple[str, Any]


def roll_up(objects: dict[str, Any], parameters: dict[str, str]) -> list[Row]:
    """All rows of a listing in order of their names: objects, and prefixes up to the delimiter."""
    prefix, delimiter = parameters.get("prefix", ""), parameters.get("delimiter", "")
    start, end = parameters.get("startOffset", ""), parameters.get("endOffset", "")
    include_markers = parameters.get("includeTrailingDelimiter") == "true"
    rows: list[Row] = []
    seen: set[str] = set()
    for name in sorted(objects):
        if not name.startswith(prefix) or name < start or (end and name >= end):
            continue
        at = name.find(delimiter, len(prefix)) if delimiter else -1
        if at < 0:
            rows.append((name, objects[name]))
            continue
        common = name[: at + len(delimiter)]
        if common not in seen:
            seen.add(common)
            rows.append((common, None))
        if include_markers and name == common:
            rows.append((name, objects[name]))
    return rows


def _page(rows: list[Row], parameters: dict[str, str], *, short: bool) -> tuple[list[Row], str | None]:
    """The rows after the page token, and the token of the next page."""
    try:
        limit = int(parameters.get("maxResults", _MAX_PAGE)) or _MAX_PAGE
        first = _read_token(parameters["pageToken"], rows) if parameters.get("pageToken") else 0
    except ValueError as exc:
        raise _GcsError(400, "invalid", "Invalid argument.") from exc
    if limit < 0:
        raise _GcsError(400, "invalid", "Invalid value for maxResults.")
    limit = min(limit, _MAX_PAGE)
    if short and limit > 1 and len(rows) - first > limit:
        limit = max(1, limit * 2 // 3)
    page = rows[first : first + limit]
    more = first + len(page) < len(rows)
    return page, _make_token(page[-1]) if more else None


def _make_token(last: Row) -> str:
    kind = "p" if last[1] is None else "o"
    return base64.urlsafe_b64encode(f"{kind}{last[0]}".encode()).decode()


def _read_token(token: str, rows: list[Row]) -> int:
    """Index of the first row after the one that the token names, which may be gone by now."""
    text = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    last = (text[1:], text[0] == "o")
    return sum(1 for name, item in rows if (name, item is not None) <= last)


def _listing(kind: str, items: list[Any], prefixes: list[str], token: str | None) -> dict[str, Any]:
    """As the service does, without keys that would be empty."""
    document = {"kind": kind, "nextPageToken": token, "prefixes": prefixes, "items": items}
    return {name: value for name, value in document.items() if value}


def select_fields(document: dict[str, Any], fields: str) -> dict[str, Any]:
    """Partial responses: ``items(name,size),prefixes,nextPageToken``, one level deep."""
    selected: dict[str, Any] = {}
    for name, inner_list in re.findall(r"([A-Za-z*]+)(?:\(([^()]*)\)|/[A-Za-z]+)?", fields):
        if name == "*":
            return document
        if name not in document:
            continue
        inner = set(filter(None, inner_list.split(",")))
        value = document[name]
        if inner:
            value = [{key: row[key] for key in row if key in inner} for row in value]
        selected[name] = value
    return selected
