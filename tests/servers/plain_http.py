"""HTTP requests without interpretation, to look at servers themselves."""

from __future__ import annotations

import http.client
from contextlib import closing
from urllib.parse import urlsplit


def request(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request without redirects or proxies: status, headers by their lower-case names, body."""
    parts = urlsplit(url)
    assert parts.hostname
    with closing(http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=60)) as connection:
        target = url.removeprefix(f"{parts.scheme}://{parts.netloc}") or "/"
        connection.request(method, target, body, headers or {})
        with connection.getresponse() as response:
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
