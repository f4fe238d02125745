"""One taxonomy of what can go wrong, and the one table that turns it into HTTP.

Everything below the handlers raises :class:`BrowserError`. Code decides by ``code``; ``message`` and ``hint`` are
written for the person at the screen and carry no credential, no signed URL and no traceback.
"""

from __future__ import annotations

import errno
import ssl

from .wire import Problem

#: code -> HTTP status (https://www.rfc-editor.org/rfc/rfc9110#name-status-codes).
STATUS: dict[str, int] = {
    "bad_request": 400,
    "credentials_missing": 403,
    "credentials_invalid": 403,
    "credentials_expired": 403,
    "forbidden": 403,
    "list_forbidden": 403,
    "read_only": 403,
    "outside_endpoints": 403,
    "unknown_endpoint": 404,
    "not_found": 404,
    "no_such_bucket": 404,
    "conflict": 409,
    "exists": 409,
    "more_than_agreed": 409,
    "too_large": 413,
    "bad_range": 416,
    "corrupted": 422,
    "unreadable_metadata": 422,
    "list_unsupported": 422,
    "internal": 500,
    "bad_configuration": 500,
    "not_available": 501,
    "wrong_region": 502,
    "wrong_endpoint": 502,
    "clock_skew": 502,
    "tls": 502,
    "unreachable": 502,
    "store_error": 502,
    "throttled": 503,
    "timeout": 504,
    "full": 507,
}

_RETRYABLE = frozenset({"unreachable", "throttled", "timeout", "store_error", "internal", "corrupted"})

#: What to do about it, where the raiser knows nothing better.
_HINTS: dict[str, str] = {
    "credentials_missing": "Ask the administrator which profile or environment variable should hold them.",
    "credentials_invalid": "Check the key and the secret in the profile or the environment variables.",
    "credentials_expired": "Renew them (for example `aws sso login`), then press Retry. Nothing needs to be restarted.",
    "forbidden": "These credentials may not read it. Ask the owner of the bucket for access.",
    "list_forbidden": "Reading may still be allowed: use Go to with the full address of the dataset.",
    "no_such_bucket": "Check the spelling, and whether the bucket belongs to this endpoint.",
    "not_found": "It may have been deleted or moved. Refresh the folder above it.",
    "list_unsupported": "Use Go to with the full address of the dataset.",
    "wrong_region": "Set `region` of this endpoint in jupyter_server_config.py to the region named above.",
    "wrong_endpoint": "Check the address of this endpoint: what answers there is no store of its kind.",
    "clock_skew": "The clock of the Jupyter server is wrong. Ask the administrator to synchronise it (NTP).",
    "tls": "Check its certificate, or set `ca_bundle` to the file with your site's certificate authority.",
    "unreachable": "Check the address of the endpoint and the network of the Jupyter server.",
    "throttled": "The store asks for fewer requests. Wait a moment, then press Retry.",
    "timeout": "The store did not answer in time. Press Retry; if it stays, tell the administrator.",
    "store_error": "Press Retry; if it stays, tell the administrator of the store.",
    "too_large": "The panel reads descriptions, not data. Open it in a notebook.",
    "bad_request": "Check the address.",
    "bad_range": "It may have changed meanwhile: download it again from its beginning.",
    "full": "Delete something there, or ask the administrator of the store for more room.",
    "corrupted": "It was not put. Send it again.",
    "read_only": "Choose another place, or ask the administrator to make it writable.",
    "exists": "Choose to replace it, or another name.",
    "conflict": "Refresh the folder to see what is there.",
    "more_than_agreed": "Count it again to see what is there.",
    "outside_endpoints": "Ask the administrator to add it to c.ZarrBrowser.endpoints.",
}


class BrowserError(Exception):
    """Something a user should be told.

    ``code`` is a key of :data:`STATUS`. An empty ``hint`` is filled from a table.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint or _HINTS.get(code, "")
        self.retryable = code in _RETRYABLE

    def problem(self) -> Problem:
        return Problem(code=self.code, message=self.message, hint=self.hint, retryable=self.retryable)


#: A chain of causes longer than this is a loop.
_MAX_CAUSES = 12


def causes(exc: BaseException) -> list[BaseException]:
    """``exc`` and what it came from, outermost first."""
    found: list[BaseException] = []
    current: BaseException | None = exc
    while current is not None and len(found) < _MAX_CAUSES:
        found.append(current)
        nested = getattr(current, "os_error", None)  # aiohttp keeps the socket's error here
        current = current.__cause__ or current.__context__ or (nested if isinstance(nested, BaseException) else None)
    return found


#: Exceptions by name, since the clients that raise them are imported on first use only.
_NOT_HTTP = frozenset({"BadHttpMessage", "BadStatusLine", "ClientResponseError", "InvalidHeader", "LineTooLong"})
_LOST = frozenset(
    {"ServerDisconnectedError", "IncompleteRead", "ClientPayloadError", "ResponseStreamingError", "HTTPClientError"}
)


def from_network(exc: BaseException, where: str) -> BrowserError | None:
    """Translate an error of sockets, TLS or names, whichever client raised it.

    ``where`` is the public name of the endpoint. Returns None for what is no network error.
    """
    chain = causes(exc)
    if any(isinstance(cause, ssl.SSLError) or "SSL" in type(cause).__name__ for cause in chain):
        # The wrapping clients repeat the whole address; OpenSSL's own reason is a few words.
        reasons = (getattr(cause, name, "") for name in ("verify_message", "reason") for cause in chain)
        reason = next((text for text in reasons if isinstance(text, str) and text), "the handshake failed")
        return BrowserError("tls", f"No secure connection to {where}: {reason}.")
    names = {type(cause).__name__ for cause in chain}
    if names & _NOT_HTTP:
        return BrowserError("wrong_endpoint", f"What answers at the address of {where} does not speak HTTP.")
    for cause in chain:
        if isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__:
            return BrowserError("timeout", f"{where} did not answer in time.")
    for cause in chain:
        if isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED:
            return BrowserError("unreachable", f"{where} refused the connection.")
        if type(cause).__name__ in {"gaierror", "ClientConnectorDNSError"}:
            return BrowserError("unreachable", f"The network does not know the name of the server of {where}.")
    if any(isinstance(cause, ConnectionError) or "Connect" in type(cause).__name__ for cause in chain) or names & _LOST:
        return BrowserError("unreachable", f"The connection to {where} was lost or could not be made.")
    return None
