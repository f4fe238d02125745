"""How requests to Azure Storage are signed: with an account's key, a shared access signature, a token, or not at all.

Tokens are azure-identity's. The key's signature is a few lines and ours, because the one of azure-storage-blob can only
be had together with that library's own pipeline of retries, redirects and whole bodies.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import importlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..config import AzureConfig
from ..errors import BrowserError

_SCOPE = "https://storage.azure.com/.default"

#: Seconds before its end at which a token is replaced.
_TOKEN_MARGIN_S = 300

#: Headers that are part of what a key signs, in this order, beside those of ``x-ms-``.
_SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)

#: What adlfs reads where nothing is said, the first that is set, and what each of them holds.
ADLFS_VARIABLES = (
    ("AZURE_STORAGE_CONNECTION_STRING", "connection_string"),
    ("AZURE_STORAGE_ACCOUNT_KEY", "account_key"),
    ("AZURE_STORAGE_SAS_TOKEN", "sas_token"),
)

#: The same for an application's own account, all of them together.
_APPLICATION = {
    "tenant_id": "AZURE_STORAGE_TENANT_ID",
    "client_id": "AZURE_STORAGE_CLIENT_ID",
    "client_secret": "AZURE_STORAGE_CLIENT_SECRET",
}


class Nobody:
    """Sends no credentials."""

    #: What a refusal means where nobody knows better.
    signs = False

    async def sign(self, method: str, url: str, headers: dict[str, str]) -> str:
        """Add to ``headers`` what is needed; returns the address to ask."""
        return url

    def address(self, url: str) -> str:
        """The address of an object to be read by the service itself, on our behalf."""
        return url

    @property
    def has_expired(self) -> bool:
        """Whether the credentials themselves tell that their time is over."""
        return False

    async def close(self) -> None:
        pass


class SharedKey(Nobody):
    """https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key"""

    signs = True

    def __init__(self, account: str, key: str) -> None:
        self._account = account
        self._key = base64.b64decode(key, validate=True)

    async def sign(self, method: str, url: str, headers: dict[str, str]) -> str:
        parts = urlsplit(url)
        known = {name.lower(): value for name, value in headers.items()}
        lines = [method]
        # No body counts as no length.
        lines += [value if (value := known.get(name, "")) != "0" else "" for name in _SIGNED]
        lines += [f"{name}:{known[name].strip()}" for name in sorted(known) if name.startswith("x-ms-")]
        lines.append(f"/{self._account}{parts.path}")
        query = ((name.lower(), value) for name, value in parse_qsl(parts.query, keep_blank_values=True))
        lines += [f"{name}:{value}" for name, value in sorted(query)]
        digest = hmac.new(self._key, "\n".join(lines).encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {self._account}:{base64.b64encode(digest).decode()}"
        return url


class SharedAccess(Nobody):
    """https://learn.microsoft.com/rest/api/storageservices/create-service-sas"""

    signs = True

    def __init__(self, token: str) -> None:
        self._token = token.strip().lstrip("?")

    async def sign(self, method: str, url: str, headers: dict[str, str]) -> str:
        return self.address(url)

    def address(self, url: str) -> str:
        return f"{url}{'&' if '?' in url else '?'}{self._token}"

    @property
    def has_expired(self) -> bool:
        end = dict(parse_qsl(self._token)).get("se", "")
        # ISO 8601, UTC, in one of a few lengths: as text they are in the order of time.
        return bool(end) and end < time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Token(Nobody):
    """A credential of azure-identity; it knows how to renew its tokens."""

    signs = True

    def __init__(self, credential: Any) -> None:
        self._credential = credential
        self._token: Any = None
        self._asking = asyncio.Lock()

    async def sign(self, method: str, url: str, headers: dict[str, str]) -> str:
        # One at a time: a chain asks programs and servers that may not be there.
        async with self._asking:
            if self._token is None or self._token.expires_on - _TOKEN_MARGIN_S < time.time():
                self._token = await self._credential.get_token(_SCOPE)
        headers["Authorization"] = f"Bearer {self._token.token}"
        return url

    async def close(self) -> None:
        await self._credential.close()


@dataclass(frozen=True, slots=True)
class Account:
    """Where an account is, and what opens it."""

    name: str
    service: str
    """Its address, without a slash at its end."""
    credentials: Nobody


def account_of(config: AzureConfig, environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Name and address of an account, as far as they are public; empty where nobody says."""
    place = config.place
    name, service = place.account, place.service
    settings = _settings(environ.get(_connection_variable(config), ""))
    if not service and name in {"", _account_in(settings)}:
        service = _service_of(settings)
    name = name or _account_in(settings) or _name_in(service) or environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
    return name, service or (f"https://{name}.blob.core.windows.net" if name else "")


def log_in(config: AzureConfig, environ: Mapping[str, str] = os.environ) -> Account:
    """Find credentials. Reads files and imports much: not on the event loop.

    Raises
    ------
    BrowserError
        ``credentials_missing``, ``credentials_invalid``.
    """
    name, service = account_of(config, environ)
    if not service:
        raise BrowserError(
            "credentials_missing",
            f"No storage account is known for {config.shown_title}.",
            "Set `account` of this endpoint in jupyter_server_config.py, or AZURE_STORAGE_ACCOUNT_NAME.",
        )
    if config.anon:
        return Account(name, service, Nobody())
    if config.env:
        [(kind, variable)] = config.env.named
        if not environ.get(variable):
            raise BrowserError(
                "credentials_missing",
                f"The environment variable {variable} of {config.shown_title} is not set.",
                "Set it for the Jupyter server, or ask the administrator to.",
            )
    else:
        variable, kind = next((each for each in ADLFS_VARIABLES if environ.get(each[0])), ("", ""))
    if variable:
        return Account(name, service, _read(config.shown_title, name, kind, variable, environ[variable]))
    return Account(name, service, _tokens(environ))


def _tokens(environ: Mapping[str, str]) -> Token:
    identity = importlib.import_module("azure.identity.aio")
    if names_application(environ):
        application = {field: environ[variable] for field, variable in _APPLICATION.items()}
        return Token(identity.ClientSecretCredential(**application))
    return Token(identity.DefaultAzureCredential())


def names_application(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names an application's own account, and nothing else is to be asked."""
    return all(environ.get(variable) for variable in _APPLICATION.values())


def _read(title: str, account: str, kind: str, variable: str, value: str) -> Nobody:
    """Credentials from the text of a variable."""
    settings = {"accountkey": value} if kind == "account_key" else {"sharedaccesssignature": value}
    if kind == "connection_string":
        settings = _settings(value)
        if _account_in(settings) != account:
            raise BrowserError(
                "credentials_missing",
                f"{variable} is for another storage account than the one of {title}.",
                "Set `env` of this endpoint in jupyter_server_config.py to a variable for its own account.",
            )
    if "accountkey" in settings:
        try:
            return SharedKey(account, settings["accountkey"])
        except (ValueError, binascii.Error):
            # Without the cause: it may repeat a part of the key.
            raise BrowserError("credentials_invalid", f"{variable} holds no account key for {title}.") from None
    if "sharedaccesssignature" in settings:
        return SharedAccess(settings["sharedaccesssignature"])
    return Nobody()


def _connection_variable(config: AzureConfig) -> str:
    if config.anon:
        return ""
    if config.env:
        return config.env.connection_string or ""
    return ADLFS_VARIABLES[0][0]


def _settings(text: str) -> dict[str, str]:
    """A connection string: https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string"""
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _account_in(settings: Mapping[str, str]) -> str:
    return settings.get("accountname") or _name_in(settings.get("blobendpoint", ""))


def _service_of(settings: Mapping[str, str]) -> str:
    if "blobendpoint" in settings:
        return settings["blobendpoint"].rstrip("/")
    if "accountname" not in settings:
        return ""
    scheme = settings.get("defaultendpointsprotocol", "https")
    return f"{scheme}://{settings['accountname']}.blob.{settings.get('endpointsuffix', 'core.windows.net')}"


def _name_in(service: str) -> str:
    """The account that an address names: by its host, or by its path where one host serves many."""
    parts = urlsplit(service)
    return unquote(parts.path.strip("/")) or (parts.hostname or "").partition(".")[0]
