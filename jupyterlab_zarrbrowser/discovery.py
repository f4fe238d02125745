"""Endpoints that nobody configured: what the environment, the AWS files and the server itself offer.

Only names are read from the AWS files, never a value; https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
"""

from __future__ import annotations

import configparser
import hashlib
import re
import string
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
_USER = re.compile(
    r"\{(?:user|username|unescaped_username|(?P<escaped>escaped_username|escaped_user))\}"
    r"|\$\{?JUPYTERHUB_USER\}?|\$\{?USER\}?",
    re.IGNORECASE,
)

#: What else looks as if something should stand in its place.
_UNKNOWN = re.compile(r"\$?\{\w+\}")

#: What parts the name of a user from the rest of a name.
_BESIDE = "[-._]"

#: Names shorter than this are looked for as a whole only.
_LONG_ENOUGH = 3

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
    is_own: bool = True
    """Whether it is known which part is the user's own; a whole bucket may be everybody's."""


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


def escaped(user: str, *, lower: bool = True) -> str:
    """A name as KubeSpawner puts it into names of its own (``escaped_username``): ``ada-40example-2eorg``."""
    safe = string.ascii_lowercase + string.digits
    name = user.lower() if lower else user
    return "".join(each if each in safe else "".join(f"-{byte:02x}" for byte in each.encode()) for each in name)


def _names_of(user: str) -> set[str]:
    """Ways in which hubs write the name of a user.

    https://jupyterhub-kubespawner.readthedocs.io/en/latest/templates.html
    """
    if not user:
        return set()
    # Before a hub lowers them, names are escaped letter by letter.
    letters = escaped(user, lower=False).lower()
    return {user, user.lower(), escaped(user), letters, re.sub("[^a-z0-9]", "-", user.lower())}


def _holds_name(name: str, user: str) -> bool:
    """Whether a part of a place is called for the user: ``ada``, ``scratch-ada``, ``ada-40example-2eorg``."""
    for each in _names_of(user):
        is_part = len(each) >= _LONG_ENOUGH and re.search(rf"(?:\A|{_BESIDE}){re.escape(each)}(?:\Z|{_BESIDE})", name)
        if name == each or is_part:
            return True
    # The newer scheme ends in a part of a checksum.
    return bool(user) and name.endswith("---" + hashlib.sha256(user.encode()).hexdigest()[:8])


def from_environment(environ: Mapping[str, str]) -> list[Offered]:
    """Scratch and persistent buckets named by the environment; the first name of a place wins."""
    found: list[Offered] = []
    places: set[tuple[str, str, str]] = set()
    for variable, title, is_scratch in _BUCKET_VARIABLES:
        place = _Place(environ.get(variable, ""), user_of(environ))
        config = place.config(variable.lower().replace("_", "-"), title, None, writable=None)
        if config is not None and place.identity not in places:
            places.add(place.identity)
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
        writable = None if isinstance(config.writable, msgspec.UnsetType) else config.writable
        endpoint = place.config(endpoint_id, config.title, service, writable=writable)
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
    named: list[tuple[list[str], ScratchConfig | None]] = [(each.url_env, each) for each in configs]
    user = user_of(environ)
    for names, entry in named or [([name for name, _, is_scratch in _BUCKET_VARIABLES if is_scratch], None)]:
        places = {name: _Place(environ[name], user) for name in names if environ.get(name, "").strip()}
        if not places and entry is not None and entry.url:
            places = {f"“{entry.title}”": _Place(entry.url, user)}
        usable = [name for name, place in places.items() if place.scheme in _SCHEMES]
        first = usable[0] if usable else None
        for name, place in places.items():
            if place.scheme not in _SCHEMES:
                message = (
                    f"{name} names a place that begins with {place.scheme or 'no scheme'}, which cannot be opened."
                )
                hint = "Places begin with s3://, gs:// or abfs://."
                found.append(Health(level="warning", code="scratch_scheme", message=message, hint=hint))
            elif place.identity != places[first or name].identity:
                message = f"{first} and {name} name different places. {first} is taken for your scratch."
                hint = "Ask the administrator of the hub which of them is right."
                found.append(Health(level="warning", code="scratch_disagrees", message=message, hint=hint))
            else:
                found += _remarks_on(name, place, is_allowed=entry is not None and entry.writable is True)
    # Several entries may name the same variables.
    return list({each.message: each for each in found}.values())


def _remarks_on(name: str, place: _Place, *, is_allowed: bool) -> list[Health]:
    """What is not known of a place that is used."""
    if place.unknown:
        message = f"{name} holds {place.unknown}, and what should stand there is not known."
        hint = "The name of the user is written {user}, or {escaped_username} as hubs escape it."
        return [Health(level="warning", code="scratch_placeholder", message=message, hint=hint)]
    if place.is_shared:
        message = f"{name} is the same for all users, and which part of it is yours is not known."
        hint = "Set JUPYTERHUB_USER, or put {user} into it."
        return [Health(level="info", code="scratch_shared", message=message, hint=hint)]
    if place.is_whole_bucket and not is_allowed:
        message = f"{name} is a whole bucket, and which part of it is yours is not known: it can only be read here."
        hint = "Set JUPYTERHUB_USER. Where all of it is yours, `writable` in c.ZarrBrowser.scratch may say so."
        return [Health(level="info", code="scratch_shared", message=message, hint=hint)]
    return []


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
        scheme, separator, rest = text.strip().partition("://")
        self.scheme: str = scheme.lower() if separator else ""
        text = self.scheme + separator + rest if separator else text.strip()
        has_user = _USER.search(text) is not None
        filled = _USER.sub(lambda found: escaped(user) if found["escaped"] else user, text) if user else text
        left = _USER.search(filled) if not user else None
        unknown = _UNKNOWN.search(_USER.sub(lambda found: "_" * len(found.group()), filled))
        #: A placeholder that nobody fills.
        self.unknown = unknown.group() if unknown is not None else ""
        ends = [each.start() for each in (left, unknown) if each is not None]
        # As far as it is known, and no name that only begins so.
        self.root = filled[: filled.rindex("/", 0, min(ends)) + 1] if ends and "/" in filled[: min(ends)] else filled
        rest = self.root.partition("://")[2]
        kind = _SCHEMES.get(self.scheme)
        self._azure = azure_place(self.root) if kind is AzureConfig else None
        names = (self._azure.path if self._azure else rest).rstrip("/").split("/")
        #: Whether it is not known to be one user's own.
        self.is_shared = bool(ends)
        #: Whether that is not known because neither a user nor a prefix is.
        self.is_whole_bucket = not user and not ends and len(names) == 1
        #: Below ``root``.
        is_own = has_user or any(_holds_name(name, user) for name in names)
        self.own_key = "" if self.is_shared or not user or is_own else f"{user}/"
        self._bucket = names[0]
        whole = "/".join([*names, self.own_key]).rstrip("/")
        #: The same for all ways to write where a user's own part is.
        self.identity = (kind.kind if kind else self.scheme, self._azure.account if self._azure else "", whole)

    def config(
        self, endpoint_id: str, title: str, service: AnyEndpointConfig | None, *, writable: bool | None
    ) -> AnyEndpointConfig | None:
        """The endpoint; None where the text names no bucket of a kind that can be opened.

        ``writable`` None allows it in what is known to be the user's own.
        """
        if self.scheme not in _SCHEMES or not self._bucket.strip("/"):
            return None
        rights: bool | list[str] = not self.is_whole_bucket if writable is None else writable
        rights = rights and not self.is_shared
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
            is_own=not (self.is_shared or self.is_whole_bucket),
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
