"""The taxonomy: every code has a status, and whatever a client raises becomes words for people."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from jupyterlab_zarrbrowser.errors import _HINTS, _RETRYABLE, STATUS, BrowserError, causes, from_network

SECRET = "https://store.example/x?X-Amz-Signature=s3cr3t"


def raised(name: str, text: str = SECRET, cause: BaseException | None = None) -> BaseException:
    """An exception of a client that is not imported here, known by its name."""
    error: BaseException = type(name, (Exception,), {})(text)
    error.__cause__ = cause
    return error


def test_every_code_is_known_to_both_tables() -> None:
    assert set(_HINTS) <= set(STATUS)
    assert set(_RETRYABLE) <= set(STATUS)
    assert all(400 <= status < 600 for status in STATUS.values())


@pytest.mark.parametrize("code", sorted(_HINTS))
def test_hints_are_sentences(code: str) -> None:
    problem = BrowserError(code, "It failed.").problem()
    assert problem.hint == _HINTS[code]
    assert problem.hint.endswith((".", ")"))
    assert problem.retryable is (code in _RETRYABLE)


def test_a_hint_of_the_raiser_wins() -> None:
    assert BrowserError("timeout", "It failed.", "Wait.").problem().hint == "Wait."


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "tls", "handshake"),
        (raised("SSLError", cause=ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")), "tls", ""),
        (TimeoutError(), "timeout", "in time"),
        (raised("ReadTimeoutError"), "timeout", "in time"),
        (raised("ConnectTimeoutError"), "timeout", "in time"),
        (raised("ServerTimeoutError"), "timeout", "in time"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "unreachable", "refused"),
        (raised("EndpointConnectionError", cause=OSError(errno.ECONNREFUSED, "refused")), "unreachable", "refused"),
        (socket.gaierror(-2, "Name or service not known"), "unreachable", "name"),
        (raised("ClientConnectorDNSError"), "unreachable", "name"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "unreachable", "lost"),
        (BrokenPipeError(), "unreachable", "lost"),
        (raised("ServerDisconnectedError"), "unreachable", "lost"),
        (raised("ClientPayloadError"), "unreachable", "lost"),
        (raised("IncompleteRead"), "unreachable", "lost"),
        (raised("ConnectionClosedError"), "unreachable", "lost"),
        (raised("HTTPClientError", cause=raised("BadStatusLine")), "wrong_endpoint", "HTTP"),
        (raised("ClientResponseError"), "wrong_endpoint", "HTTP"),
    ],
)
def test_errors_of_the_network(error: BaseException, code: str, words: str) -> None:
    found = from_network(error, "Jetstream2")
    assert found is not None
    assert found.code == code
    assert words in found.message
    assert "Jetstream2" in found.message
    assert "s3cr3t" not in found.message + found.hint


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError("x"), PermissionError(errno.EACCES, "x")])
def test_what_is_no_error_of_the_network(error: BaseException) -> None:
    assert from_network(error, "Jetstream2") is None


def test_causes_end_in_spite_of_loops() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert 2 <= len(causes(first)) < 100


def test_causes_hold_what_aiohttp_keeps_aside() -> None:
    error = raised("ClientConnectorError")
    error.os_error = ConnectionRefusedError()  # type: ignore[attr-defined]
    assert isinstance(causes(error)[-1], ConnectionRefusedError)
