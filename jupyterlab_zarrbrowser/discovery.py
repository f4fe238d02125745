"""Endpoints that nobody configured: what the environment, the AWS files and the server itself offer.

Only names are read from the AWS files, never a value; https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from pathlib import Path

from .config import AnyEndpointConfig, GcsConfig, LocalConfig, S3Config, ScratchConfig
from .wire import EndpointSource, Scratch

#: (variable, title, scratch?) as hubs of 2i2c and Pangeo set them.
_BUCKET_VARIABLES = (
    ("SCRATCH_BUCKET", "Scratch", True),
    ("PANGEO_SCRATCH", "Scratch", True),
    ("PERSISTENT_BUCKET", "Persistent", False),
    ("PERSISTENT_PUBLIC_BUCKET", "Persistent (public)", False),
)

Discovered = tuple[AnyEndpointConfig, EndpointSource, Scratch | None]


def discover(environ: Mapping[str, str], home: Path, server_root: str) -> list[Discovered]:
    """Everything that can be offered without configuration, the most personal first."""
    return [*from_environment(environ), *from_profiles(environ, home), *from_server(server_root)]


def from_environment(environ: Mapping[str, str]) -> list[Discovered]:
    """Scratch and persistent buckets named by the environment; the first name of a place wins."""
    found: list[Discovered] = []
    places: set[str] = set()
    for variable, title, is_scratch in _BUCKET_VARIABLES:
        place = environ.get(variable, "").strip()
        scratch = Scratch(variable=variable, lifetime_days=None, quota_bytes=None) if is_scratch else None
        config = _bucket(variable.lower().replace("_", "-"), title, place)
        if config is not None and place.rstrip("/") not in places:
            places.add(place.rstrip("/"))
            found.append((config, "environment", scratch))
    return found


def from_scratch(configs: list[ScratchConfig], environ: Mapping[str, str]) -> list[Discovered]:
    """What ``c.ZarrBrowser.scratch`` names. A variable that is not set is passed over."""
    found: list[Discovered] = []
    for index, config in enumerate(configs):
        variable = next((name for name in config.url_env if environ.get(name)), None)
        place = environ[variable] if variable else config.url or ""
        endpoint = _bucket("scratch" if index == 0 else f"scratch-{index + 1}", "Scratch", place)
        if endpoint is not None:
            scratch = Scratch(variable=variable, lifetime_days=config.lifetime_days, quota_bytes=config.quota_bytes)
            found.append((endpoint, "environment" if variable else "admin", scratch))
    return found


def _bucket(endpoint_id: str, title: str, place: str) -> AnyEndpointConfig | None:
    scheme, _, rest = place.partition("://")
    if not rest.strip("/"):
        return None
    if scheme == "s3":
        return S3Config(id=endpoint_id, title=title, root=place)
    if scheme in {"gs", "gcs"}:
        return GcsConfig(id=endpoint_id, title=title, root=place)
    return None


def from_profiles(environ: Mapping[str, str], home: Path) -> list[Discovered]:
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
    return [(S3Config(id=f"profile-{each}", title=name, profile=name), "profile", None) for each, name in ids.items()]


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


def from_server(root: str) -> list[Discovered]:
    """The folder that JupyterLab's own file browser shows."""
    return [(LocalConfig(id="server", title="Files of this server", root=root), "server", None)] if root else []
