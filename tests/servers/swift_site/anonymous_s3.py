"""Anonymous S3 reads for Swift: a paste filter that goes just before ``s3api``.

``s3api`` learns the account from the signature, so an unsigned GET of ``/bucket/key`` ends as 412. This filter signs
such a request (SigV4) as a user without any role. tempauth then lets it through only where the container's read ACL is
public (``.r:*,.rlistings``, which is what PutBucketAcl ``public-read`` sets).
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, quote

_NATIVE_PATHS = ("/v1/", "/auth/", "/healthcheck", "/info")
_UNRESERVED = "~-_."
_PAYLOAD = "UNSIGNED-PAYLOAD"
_SIGNED_HEADERS = "host;x-amz-content-sha256;x-amz-date"

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class AnonymousS3:
    def __init__(self, app: Application, conf: dict[str, str]) -> None:
        self._app = app
        self._key = conf["access_key"]
        self._secret = conf["secret_key"]
        self._region = conf["region"]

    def __call__(self, env: Environ, start_response: Any) -> Iterable[bytes]:
        path = env.get("RAW_PATH_INFO") or quote(env["PATH_INFO"].encode("latin-1"), safe="/" + _UNRESERVED)
        if _is_unsigned_read(env, path):
            self._sign(env, path)
        return self._app(env, start_response)

    def _sign(self, env: Environ, path: str) -> None:
        now = datetime.datetime.now(datetime.UTC)
        day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        _set_amz_headers(env, stamp)
        scope = f"{day}/{self._region}/s3/aws4_request"
        canonical = "\n".join(
            [
                env["REQUEST_METHOD"],
                path,
                _canonical_query(env.get("QUERY_STRING", "")),
                f"host:{env['HTTP_HOST']}",
                f"x-amz-content-sha256:{_PAYLOAD}",
                f"x-amz-date:{stamp}",
                "",
                _SIGNED_HEADERS,
                _PAYLOAD,
            ]
        )
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signing_key = b"AWS4" + self._secret.encode()
        for part in scope.split("/"):
            signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(signing_key, to_sign.encode(), hashlib.sha256).hexdigest()
        env["HTTP_AUTHORIZATION"] = (
            f"AWS4-HMAC-SHA256 Credential={self._key}/{scope}, SignedHeaders={_SIGNED_HEADERS}, Signature={signature}"
        )


def _is_unsigned_read(env: Environ, path: str) -> bool:
    return (
        env["REQUEST_METHOD"] in ("GET", "HEAD")
        and "HTTP_AUTHORIZATION" not in env
        and len(path) > 1
        and not f"{path}/".startswith(_NATIVE_PATHS)
        and "Signature=" not in env.get("QUERY_STRING", "")
    )


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    quoted = [(quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(quoted))


def _set_amz_headers(env: Environ, stamp: str) -> None:
    """Drops the client's own ``x-amz-*`` headers, since unsigned ones would be refused, and adds the two that count."""
    for name in [name for name in env if name.startswith("HTTP_X_AMZ_")]:
        del env[name]
    env["HTTP_X_AMZ_DATE"] = stamp
    env["HTTP_X_AMZ_CONTENT_SHA256"] = _PAYLOAD
    if "headers_raw" in env:  # eventlet's own copy, which s3api prefers
        kept = tuple(header for header in env["headers_raw"] if not header[0].lower().startswith("x-amz-"))
        env["headers_raw"] = (*kept, ("x-amz-date", stamp), ("x-amz-content-sha256", _PAYLOAD))


def filter_factory(global_conf: dict[str, str], **local: str) -> Callable[[Application], AnonymousS3]:
    conf = {**global_conf, **local}
    return lambda app: AnonymousS3(app, conf)
