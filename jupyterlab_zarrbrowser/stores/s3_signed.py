"""PUTs of small objects with little ado: signed by botocore, sent by its session, and nothing between.

botocore builds, checks, signs, sends and parses each request for more than a millisecond of CPU, and waits for the
server's consent before it sends the body. For thousands of small files that is most of the time, and the time of
others: the interpreter's lock is held. So the first object of a bucket goes botocore's way, and what was sent shows
where objects of this bucket lie and how requests are signed; those that follow are made alike.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import importlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree

_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request")

#: Buckets of which that is known.
_MAX_BUCKETS = 100

#: Bucket and key of the object that is put just now, in this task.
_asked: ContextVar[tuple[str, str] | None] = ContextVar("asked", default=None)


class _Way(NamedTuple):
    base: str
    """What the addresses of all objects begin with."""
    region: str


class SignedPuts:
    """Learns from the requests of one client."""

    def __init__(self) -> None:
        self._client: Any = None
        self._ways: OrderedDict[str, _Way] = OrderedDict()

    async def put(
        self, client: Any, bucket: str, key: str, data: bytes, headers: Mapping[str, str]
    ) -> dict[str, str] | None:
        """Headers of the answer by their names in lower case; None where it is not known yet how to ask.

        Raises botocore's ``ClientError``, as the client does.
        """
        self._listen_to(client)
        way = self._ways.get(bucket)
        if way is None:
            return None
        auth = importlib.import_module("botocore.auth")
        request = importlib.import_module("botocore.awsrequest").AWSRequest(
            "PUT", way.base + _quoted(key), headers=dict(headers), data=data
        )
        request.context = {"client_config": client.meta.config}
        credentials = await client._request_signer._credentials.get_frozen_credentials()
        auth.S3SigV4Auth(credentials, "s3", way.region).add_auth(request)
        response = await client._endpoint.http_session.send(request.prepare())
        body = await response.content
        found = {str(name).lower(): str(value) for name, value in response.headers.items()}
        if response.status_code < 300:
            return found
        raise _error(response.status_code, found, body)

    @contextmanager
    def learning(self, client: Any, bucket: str, key: str) -> Iterator[None]:
        """While it lasts, the client puts that object."""
        self._listen_to(client)
        token = _asked.set((bucket, key))
        try:
            yield
        finally:
            _asked.reset(token)

    def _listen_to(self, client: Any) -> None:
        if client is not self._client:
            # Another login, perhaps: other credentials may lead elsewhere.
            self._client = client
            self._ways.clear()
            client.meta.events.register("before-send.s3.PutObject", self._learn)

    def _learn(self, request: Any, **_: Any) -> None:
        asked = _asked.get()
        signed = request.headers.get("Authorization", b"")
        scope = _SCOPE.match(signed.decode() if isinstance(signed, bytes) else str(signed))
        if scope is None or asked is None:
            return
        bucket, key = asked
        end = _quoted(key)
        if request.url.endswith(f"/{end}"):
            self._ways[bucket] = _Way(request.url[: -len(end)], scope[1])
            while len(self._ways) > _MAX_BUCKETS:
                self._ways.popitem(last=False)


def _quoted(key: str) -> str:
    return quote(key, safe="/~")


def _error(status: int, headers: Mapping[str, str], body: bytes) -> Exception:
    """What botocore raises. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""
    code, message = str(status), ""
    try:
        # expat limits entity expansion by itself since 2.4.1, and resolves no external entity.
        root = ElementTree.fromstring(body)  # noqa: S314
        code, message = root.findtext("Code") or code, root.findtext("Message") or ""
    except ElementTree.ParseError:
        pass
    meta = {"HTTPStatusCode": status, "HTTPHeaders": dict(headers)}
    known = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": meta}
    error: Exception = importlib.import_module("botocore.exceptions").ClientError(known, "PutObject")
    return error
