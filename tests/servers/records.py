"""What a server saw: one record per request, the same for every kind of server.

A record is entered when the request's head has arrived, so before any byte of the answer leaves. Whoever has seen an
answer can therefore rely on finding its request counted: tests need not wait before they compare numbers.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote

#: Turns method, path and query (as sent, percent-encoded) into the name of an operation.
OpNamer = Callable[[str, str, str], str]

_S3_BUCKET_PARTS = (
    "location",
    "versioning",
    "policy",
    "cors",
    "acl",
    "uploads",
    "versions",
    "tagging",
    "object-lock",
)
_OBJECT_VERBS = {"GET": "Get", "HEAD": "Head", "PUT": "Put", "DELETE": "Delete"}


@dataclass(slots=True)
class Record:
    """One request. ``path`` and ``query`` are as on the wire; ``status`` is 0 where no answer was sent."""

    number: int
    op: str
    method: str
    path: str
    query: str
    byte_range: str | None
    started_s: float
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    elapsed_s: float = 0.0
    fault: str | None = None

    @property
    def key(self) -> str:
        """The path, decoded and without its leading slash: ``bucket/key`` for object stores."""
        return unquote(self.path).removeprefix("/")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Recording:
    """The requests that arrived while a ``with server.recording()`` block was open."""

    def __init__(self) -> None:
        self._requests: list[Record] = []

    def add(self, record: Record) -> None:
        self._requests.append(record)

    def clear(self) -> None:
        self._requests.clear()

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def requests(self) -> list[Record]:
        return list(self._requests)

    @property
    def ops(self) -> Counter[str]:
        return Counter(record.op for record in self.requests)

    @property
    def statuses(self) -> Counter[int]:
        return Counter(record.status for record in self.requests)

    @property
    def faults(self) -> Counter[str]:
        return Counter(record.fault for record in self.requests if record.fault)

    @property
    def keys(self) -> list[str]:
        return [record.key for record in self.requests]

    @property
    def bytes_out(self) -> int:
        return sum(record.bytes_out for record in self.requests)


class Recorder:
    """Collects records from any thread. Its readers get copies."""

    def __init__(self, op_of: OpNamer) -> None:
        self._op_of = op_of
        self._lock = threading.Lock()
        self._all = Recording()
        self._open: list[Recording] = []
        self._number = 0

    def op_of(self, method: str, target: str) -> str:
        path, _, query = target.partition("?")
        return self._op_of(method, path, query)

    def begin(self, method: str, target: str, byte_range: str | None = None) -> Record:
        path, _, query = target.partition("?")
        op = self._op_of(method, path, query)
        with self._lock:
            self._number += 1
            record = Record(self._number, op, method, path, query, byte_range, time.monotonic())
            self._all.add(record)
            for recording in self._open:
                recording.add(record)
        return record

    def reset(self) -> None:
        """Forgets everything seen so far; open recordings keep what they have."""
        with self._lock:
            self._all.clear()

    @property
    def requests(self) -> list[Record]:
        with self._lock:
            return self._all.requests

    @property
    def ops(self) -> Counter[str]:
        return Counter(record.op for record in self.requests)

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        recording = Recording()
        with self._lock:
            self._open.append(recording)
        try:
            yield recording
        finally:
            with self._lock:
                self._open.remove(recording)


class Recorded:
    """The reading side of a recorder, mixed into every server that has one."""

    recorder: Recorder

    @property
    def requests(self) -> list[Record]:
        return self.recorder.requests

    @property
    def ops(self) -> Counter[str]:
        return self.recorder.ops

    def reset(self) -> None:
        self.recorder.reset()

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        with self.recorder.recording() as recording:
            yield recording


def s3_op(method: str, path: str, query: str) -> str:
    """``ListBuckets``, ``List``, ``GetObject``, ``HeadObject``, ``PutBucket``, ``Multipart:POST``, ..."""
    bucket, _, key = path.lstrip("/").partition("/")
    parameters = {part.partition("=")[0] for part in query.split("&")}
    if not bucket:
        return "ListBuckets"
    if method == "GET" and not key:
        part = next((name for name in _S3_BUCKET_PARTS if name in parameters), None)
        return f"GetBucket:{part}" if part else "List"
    if parameters & {"uploadId", "uploads"}:
        return f"Multipart:{method}"
    if method == "POST" and "delete" in parameters:
        return "DeleteObjects"
    return _OBJECT_VERBS.get(method, method) + ("Object" if key else "Bucket")


def gcs_op(method: str, path: str, query: str) -> str:
    """Google's JSON API under S3's names, so that one test can count for both.

    Reading an object's metadata is ``HeadObject``; reading its content (``alt=media``) is ``GetObject``.
    """
    parts = [part for part in path.split("/") if part]
    if "b" not in parts:
        return "GetObject" if method == "GET" and len(parts) > 1 else method
    tail = parts[parts.index("b") + 1 :]
    if not tail:
        return "ListBuckets" if method == "GET" else "PutBucket"
    if len(tail) == 1:
        return {"GET": "HeadBucket", "DELETE": "DeleteBucket"}.get(method, f"{method}Bucket")
    if len(tail) == 2:
        return "List" if method == "GET" else "PutObject"
    if method == "GET":
        media = parts[0] == "download" or "alt=media" in query.split("&")
        return "GetObject" if media else "HeadObject"
    if method == "POST":
        return "CopyObject"
    return _OBJECT_VERBS.get(method, method) + "Object"


def azure_op(method: str, path: str, query: str) -> str:
    """Azure's operations under S3's names. Azurite's paths begin with the account."""
    _, _, rest = path.lstrip("/").partition("/")
    container, _, name = rest.partition("/")
    parameters = dict(part.partition("=")[::2] for part in query.split("&"))
    if not container:
        return "ListBuckets"
    if not name:
        return "List" if parameters.get("comp") == "list" else f"{method}Bucket"
    if parameters.get("comp") in {"block", "blocklist"}:
        return f"Multipart:{method}"
    return _OBJECT_VERBS.get(method, method) + "Object"


def file_op(method: str, path: str, query: str) -> str:
    """``List`` for a path that ends in a slash, else ``GetObject`` and the like."""
    if path.endswith("/") and method in ("GET", "HEAD"):
        return "List"
    return _OBJECT_VERBS.get(method, method) + "Object"
