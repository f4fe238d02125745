"""Endpoints that nobody configured: what the environment, the AWS files and the server itself offer.

Only names are read from the AWS files, never a value; https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from .config import AnyEndpointConfig, AzureConfig, GcsConfig, LocalConfig, S3Config, ScratchConfig, azure_place
from .expiry import DEFAULT_DAYS, LifetimeSource
from .wire import EndpointSource, Health

#: (variable, title, scratch?) as hubs of 2i2c and Pangeo set them.
_BUCKET_VARIABLES = (
    ("SCRATCH_BUCKET", "Scratch", True),
    ("PANGEO_SCRATCH", "Scratch", True),
    ("PERSISTENT_BUCKET", "Persistent", False),
    ("PERSISTENT_PUBLIC_BUCKET", "Persistent (public)", False),
)

#: How the name of the user stands in places that are the same for all.
_USER = re.compile(r"\{(?:user|username|unescaped_username)\}|\$\{?JUPYTERHUB_USER\}?|\$\{?USER\}?", re.IGNORECASE)

#: Hubs set one of these.
_USER_VARIABLES = ("JUPYTERHUB_USER", "NB_USER_NAME")


@dataclass(frozen=True, slots=True)
class ScratchPlace:
    """What is known of an endpoint that holds scratch space, beside its address."""

    variable: str | None
    """Environment variable that named it, None where the configuration did."""
    own_key: str
    """The user's own part of it: ``""``, or a prefix that ends in ``/``."""
    user: str
    lifetime_days: float | None
    lifetime_source: LifetimeSource
    config: ScratchConfig


class Offered(NamedTuple):
    """An endpoint, who put it there, and what is known of it where it holds scratch space."""

    config: AnyEndpointConfig
    source: EndpointSource
    scratch: ScratchPlace | None


def discover(environ: Mapping[str, str], home: Path, server_root: str) -> list[Offered]:
    """Everything that can be offered without configuration, the most personal first."""
    return [*from_environment(environ), *from_profiles(environ, home), *from_server(server_root)]


def user_of(environ: Mapping[str, str]) -> str:
    """The name of this user on the hub, empty where there is none."""
    return next((environ[name] for name in _USER_VARIABLES if environ.get(name)), "")


def from_environment(environ: Mapping[str, str]) -> list[Offered]:
    """Scratch and persistent buckets named by the environment; the first name of a place wins."""
    found: list[Offered] = []
    places: set[str] = set()
    for variable, title, is_scratch in _BUCKET_VARIABLES:
        place = _Place(environ.get(variable, ""), user_of(environ))
        config = place.config(variable.lower().replace("_", "-"), title, None, writable=True)
        if config is not None and place.root.rstrip("/") not in places:
            places.add(place.root.rstrip("/"))
            scratch = place.scratch(variable, ScratchConfig()) if is_scratch else None
            found.append(Offered(config, "environment", scratch))
    return found


def from_scratch(
    configs: Sequence[ScratchConfig], environ: Mapping[str, str], endpoints: Sequence[AnyEndpointConfig] = ()
) -> list[Offered]:
    """What ``c.ZarrBrowser.scratch`` names, without variables that are not set and what :func:`remarks` refuses."""
    found: list[Offered] = []
    services = {each.id: each for each in endpoints}
    ids = set(services)
    for index, config in enumerate(configs):
        variable, place = _place_of(config, environ)
        service = services.get(config.endpoint or "")
        endpoint_id, number = "scratch" if index == 0 else f"scratch-{index + 1}", len(configs)
        while endpoint_id in ids:  # an administrator's own endpoint may be called that
            number += 1
            endpoint_id = f"scratch-{number}"
        ids.add(endpoint_id)
        endpoint = place.config(endpoint_id, config.title, service, writable=config.writable)
        # Never with other credentials than those that were meant.
        if endpoint is not None and (config.endpoint is None or place.fits(service)):
            source: EndpointSource = "environment" if variable else "admin"
            found.append(Offered(endpoint, source, place.scratch(variable, config)))
    return found


def _place_of(config: ScratchConfig, environ: Mapping[str, str]) -> tuple[str | None, _Place]:
    """The variable that names a configured place, if one does, and the place."""
    variable = next((name for name in config.url_env if environ.get(name)), None)
    return variable, _Place(environ[variable] if variable else config.url or "", user_of(environ))


def remarks(
    configs: Sequence[ScratchConfig], environ: Mapping[str, str], endpoints: Sequence[AnyEndpointConfig] = ()
) -> list[Health]:
    """What a user should know of where scratch space lies: variables that disagree, places that cannot be used."""
    found: list[Health] = []
    services = {each.id: each for each in endpoints}
    for config in configs:
        _, place = _place_of(config, environ)
        if config.endpoint is not None and place.scheme in _SCHEMES and not place.fits(services.get(config.endpoint)):
            what = "is of another kind" if config.endpoint in services else "is not configured, or cannot be used"
            message = f"“{config.title}” is not shown: the endpoint whose credentials it should have {what}."
            hint = "Ask the administrator to correct `endpoint` in c.ZarrBrowser.scratch."
            found.append(Health(level="warning", code="scratch_endpoint", message=message, hint=hint))
    groups = [each.url_env for each in configs] or [[name for name, _, is_scratch in _BUCKET_VARIABLES if is_scratch]]
    for names in groups:
        places = {name: _Place(environ[name], user_of(environ)) for name in names if environ.get(name, "").strip()}
        usable = [name for name, place in places.items() if place.scheme in _SCHEMES]
        first = usable[0] if usable else None
        for name, place in places.items():
            if place.scheme not in _SCHEMES:
                message = (
                    f"{name} names a place that begins with {place.scheme or 'no scheme'}, which cannot be opened."
                )
                hint = "Places begin with s3://, gs:// or abfs://."
                found.append(Health(level="warning", code="scratch_scheme", message=message, hint=hint))
            elif place.root.rstrip("/") != places[first or name].root.rstrip("/"):
                message = f"{first} and {name} name different places. {first} is taken for your scratch."
                hint = "Ask the administrator of the hub which of them is right."
                found.append(Health(level="warning", code="scratch_disagrees", message=message, hint=hint))
            elif place.is_shared:
                message = f"{name} is the same for all users, and which part of it is yours is not known."
                hint = "Set JUPYTERHUB_USER, or put {user} into it."
                found.append(Health(level="info", code="scratch_shared", message=message, hint=hint))
    return found


_Kind = type[S3Config | GcsConfig | AzureConfig]

_SCHEMES: dict[str, _Kind] = {
    "s3": S3Config,
    "gs": GcsConfig,
    "gcs": GcsConfig,
    "abfs": AzureConfig,
    "abfss": AzureConfig,
    "az": AzureConfig,
}


class _Place:
    """Where a variable or the configuration says that a user's things lie."""

    def __init__(self, text: str, user: str) -> None:
        self.user = user
        text = text.strip()
        head, *_ = _USER.split(text)
        has_user = head != text
        self.root = _USER.sub(lambda _: user, text) if user else head
        scheme, separator, rest = self.root.partition("://")
        self.scheme: str = scheme if separator else ""
        self._azure = azure_place(self.root) if _SCHEMES.get(scheme) is AzureConfig else None
        names = (self._azure.path if self._azure else rest).rstrip("/").split("/")
        #: Whether it is not known to be one user's own.
        self.is_shared = has_user and not user
        #: Below ``root``.
        # Named for the user at its end, and not by chance further up, where it would be everybody's.
        is_own = has_user or (len(names) > 1 and names[-1] == user)
        self.own_key = "" if self.is_shared or not user or is_own else f"{user}/"
        self._bucket = names[0]

    def config(
        self, endpoint_id: str, title: str, service: AnyEndpointConfig | None, *, writable: bool
    ) -> AnyEndpointConfig | None:
        """The endpoint; None where the text names no bucket of a kind that can be opened."""
        if self.scheme not in _SCHEMES or not self._bucket.strip("/"):
            return None
        rights: bool | list[str] = writable and not self.is_shared
        if rights and self.own_key:
            rights = [self.own_key]
        kind = _SCHEMES[self.scheme]
        if kind is AzureConfig and self._azure is None:
            return None
        if isinstance(service, kind):
            changes: dict[str, Any] = {"id": endpoint_id, "title": title, "root": self.root, "writable": rights}
            if isinstance(service, AzureConfig):
                # Its own root may have named them, and is not taken over.
                changes |= {"account": service.place.account or None, "endpoint_url": service.place.service or None}
            return msgspec.structs.replace(service, **changes)
        return kind(id=endpoint_id, title=title, root=self.root, writable=rights)

    def fits(self, service: AnyEndpointConfig | None) -> bool:
        """Whether the place can be opened with the service and the credentials of that endpoint."""
        if isinstance(service, AzureConfig) and self._azure is not None:
            return not (self._azure.account and service.place.account) or self._azure.account == service.place.account
        return isinstance(service, _SCHEMES[self.scheme])

    def scratch(self, variable: str | None, config: ScratchConfig) -> ScratchPlace:
        days = config.lifetime_days
        is_default = isinstance(days, msgspec.UnsetType)
        return ScratchPlace(
            variable=variable,
            own_key=self.own_key,
            user=self.user,
            lifetime_days=DEFAULT_DAYS if isinstance(days, msgspec.UnsetType) else days,
            lifetime_source="default" if is_default else "configured",
            config=config,
        )


def from_profiles(environ: Mapping[str, str], home: Path) -> list[Offered]:
    """One endpoint for each profile of the AWS files."""
    names: list[str] = []
    for variable, default, pattern in (
        ("AWS_CONFIG_FILE", "config", re.compile(r"(?:profile\s+(?P<name>.+)|(?P<default>default))")),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", re.compile(r"(?P<name>.+)")),
    ):
        path = Path(environ.get(variable, "") or home / ".aws" / default).expanduser()
        for section in _sections(path):
            matched = pattern.fullmatch(section.strip())
            if matched is not None:
                # A name with spaces stands in quotes.
                names.append((matched["name"] or matched["default"]).strip().strip("\"'"))
    ids: dict[str, str] = {}
    for name in dict.fromkeys(names):
        # Names may differ only in what an id cannot hold.
        known, number = _slug(name), 1
        while (each := known if number == 1 else f"{known}-{number}") in ids:
            number += 1
        ids[each] = name
    return [
        Offered(S3Config(id=f"profile-{each}", title=name, profile=name), "profile", None) for each, name in ids.items()
    ]


def _sections(path: Path) -> list[str]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        # A broken file is the business of whoever uses the profile; here it offers nothing.
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return []
    return parser.sections()


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:50] or "default"


def from_server(root: str) -> list[Offered]:
    """The folder that JupyterLab's own file browser shows."""
    return [Offered(LocalConfig(id="server", title="Files of this server", root=root), "server", None)] if root else []
