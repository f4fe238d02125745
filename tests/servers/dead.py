"""Addresses that misbehave: what a browser of stores meets in the field besides stores."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method='post' action='/login'>"
    b"<input name='username'><input name='password' type='password'></form></body></html>"
)

#: Not HTTP, and long enough that no client takes it for the beginning of something.
_GARBAGE = b"\x15\x03\x03\x00\x02\x02\x28" + bytes(range(256)) * 4 + b"\r\n\r\n"

#: What to do with an accepted connection.
Behaviour = Callable[[socket.socket], None]


class _Listener:
    """Accepts connections in a thread and treats each in its own."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._socket.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.accepted = 0
        self._closing = False
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                if self._closing:
                    connection.close()
                    return
                self.accepted += 1
                self._open.add(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if self._tls is None:
                self._behaviour(connection)
            else:
                self._serve_tls(connection, self._tls)
        with self._lock:
            self._open.discard(connection)

    def _serve_tls(self, connection: socket.socket, tls: ssl.SSLContext) -> None:
        with tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
            with self._lock:
                self._open.discard(connection)
                self._open.add(secure)
            try:
                secure.do_handshake()
                self._behaviour(secure)
            finally:
                with self._lock:
                    self._open.discard(secure)

    def close(self) -> None:
        with self._lock:
            self._closing = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        # accept() does not wake up by itself when another thread closes its socket.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._socket.close()
        for thread in self._threads:
            thread.join()


def _read_head(connection: socket.socket) -> bytes:
    """A request's head, or nothing where the client has hung up."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(65536)
        if not data:
            return b""
        head += data
    return head


def _stay_silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _send_garbage(connection: socket.socket) -> None:
    if _read_head(connection):
        connection.sendall(_GARBAGE)


def _send_login_page(connection: socket.socket) -> None:
    while head := _read_head(connection):
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
        body = b"" if head.startswith(b"HEAD ") else _LOGIN_PAGE
        connection.sendall(answer % len(_LOGIN_PAGE) + body)


class Dead:
    """All of them, from construction until ``close``. Each attribute is a URL without a trailing slash."""

    def __init__(self, directory: Path) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(_self_signed_certificate(directory))
        # Bound but not listening: the port refuses, and nobody else can get it meanwhile.
        self._refusing = socket.socket()
        self._refusing.bind(("127.0.0.1", 0))
        self._silent = _Listener(_stay_silent)
        self._garbage = _Listener(_send_garbage)
        self._login = _Listener(_send_login_page)
        self._self_signed = _Listener(_send_login_page, tls)
        #: Refuses connections.
        self.refusing = f"http://127.0.0.1:{self._refusing.getsockname()[1]}"
        #: Accepts, reads and never answers.
        self.silent = f"http://127.0.0.1:{self._silent.port}"
        #: Answers each request with bytes that are not HTTP.
        self.garbage = f"http://127.0.0.1:{self._garbage.port}"
        #: Answers each request with status 200 and an HTML login page, as captive portals and hubs do.
        self.login = f"http://127.0.0.1:{self._login.port}"
        #: The same over TLS, with a certificate for 127.0.0.1 that nobody has signed.
        self.self_signed = f"https://127.0.0.1:{self._self_signed.port}"

    @property
    def silent_connections(self) -> int:
        """How many connections the silent address has accepted so far."""
        return self._silent.accepted

    def close(self) -> None:
        self._refusing.close()
        for listener in (self._silent, self._garbage, self._login, self._self_signed):
            listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _self_signed_certificate(directory: Path) -> Path:
    """A PEM file with a new key and its certificate, valid for a day on either side of now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = directory / "self-signed.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
