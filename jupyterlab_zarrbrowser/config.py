"""What an administrator may write into ``c.ZarrBrowser.endpoints``, and what is wrong with it, in words without values.

Error texts name the field (``endpoints[1].profile``) and never the value, because a value may be a secret and the text
ends in logs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import msgspec

#: Ids appear in URLs, saved state and logs.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_SCHEMES = {"s3": ("s3",), "gcs": ("gs", "gcs"), "http": ("http", "https"), "local": ("file",)}

#: One request. A gesture of several is given up sooner (browser.py).
_MAX_TIMEOUT_S = 600

#: How s3 checksums are sent and verified: botocore's own names
#: (https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html).
ChecksumMode = Literal["when_required", "when_supported"]


class ConfigError(ValueError):
    """Part of the configuration cannot be used. The text names fields, never values.

    ``usable`` are the entries with which nothing is wrong, in their order.
    """

    def __init__(self, text: str, usable: Sequence[Any] = ()) -> None:
        super().__init__(text)
        self.usable = list(usable)


class EnvCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names (not values) of environment variables of the Jupyter server."""

    key: str
    secret: str
    token: str | None = None


class EndpointConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", omit_defaults=True
):
    """What every kind has.

    Parameters
    ----------
    id
        Name in URLs and saved state: letters, digits, ``.``, ``_``, ``-``, at most 64.
    title
        What the panel shows; the id if left out.
    root
        Where the tree starts; what that is depends on the kind.
    writable
        Whether users may write and delete through the panel: everywhere, nowhere, or below these prefixes only (each
        relative to ``root`` and ending in ``/``).
    timeout_s
        Seconds for one request to the store.
    concurrency
        Requests to the store in flight at the same time.
    scan_concurrency
        Listings in flight at the same time while all below a place is counted, beside those.
    """

    id: str
    title: str | None = None
    root: str = ""
    writable: bool | list[str] = False
    timeout_s: float = 20.0
    concurrency: int = 32
    scan_concurrency: int = 64

    kind: ClassVar[str] = ""

    def conflicts(self) -> list[str]:
        """Impossible combinations, each as ``field: why``."""
        return []

    def allows_writing(self, key: str) -> bool:
        """Whether what lies at ``key`` (an object, or a container and all in it) may be changed."""
        if isinstance(self.writable, bool):
            return self.writable
        return any(key.startswith(prefix) for prefix in self.writable)

    @property
    def shown_title(self) -> str:
        return self.title or self.id

    def __repr__(self) -> str:
        """Without values: a configuration may end in a log."""
        return f"{type(self).__name__}(id={self.id!r})"


class S3Config(EndpointConfig, frozen=True, kw_only=True, tag="s3"):
    """S3 and whatever speaks its protocol: AWS, Swift, Ceph, MinIO, Wasabi, …

    ``root`` is a bucket or a prefix in one (``s3://bucket/prefix``); empty for every bucket that may be listed.
    Credentials: ``anon``, ``profile``, ``env``, ``key`` + ``secret``, else the AWS default chain.
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    anon: bool = False
    env: EnvCredentials | None = None
    key: str | None = None
    secret: str | None = None
    token: str | None = None
    path_style: bool = False
    checksum: ChecksumMode | None = None
    requester_pays: bool = False
    #: File with certificate authorities for TLS.
    ca_bundle: str | None = None

    kind: ClassVar[str] = "s3"

    def conflicts(self) -> list[str]:
        found = []
        ways = [name for name in ("anon", "profile", "env", "key") if getattr(self, name)]
        if len(ways) > 1:
            found.append(f"{ways[1]}: cannot stand beside {ways[0]}; choose one kind of credentials")
        if bool(self.key) != bool(self.secret):
            found.append("key: needs secret, and secret needs key")
        if self.token and not self.key:
            found.append("token: needs key and secret")
        return found


class GcsConfig(EndpointConfig, frozen=True, kw_only=True, tag="gcs"):
    """Google Cloud Storage. ``root`` is ``gs://bucket/prefix``; empty for every bucket of ``project``.

    Credentials: ``anon``, ``token_file`` (service-account JSON), else Google's default chain.
    """

    project: str | None = None
    token_file: str | None = None
    anon: bool = False
    endpoint_url: str | None = None
    requester_pays: bool = False

    kind: ClassVar[str] = "gcs"

    def conflicts(self) -> list[str]:
        return ["token_file: cannot stand beside anon"] if self.anon and self.token_file else []


class HttpConfig(EndpointConfig, frozen=True, kw_only=True, tag="http"):
    """A web server. ``root`` is its address. Folders can be listed where the server renders an index page."""

    #: Whether to ask for index pages at all.
    index: bool = True
    ca_bundle: str | None = None

    kind: ClassVar[str] = "http"

    def conflicts(self) -> list[str]:
        found = [] if self.root else ["root: is required"]
        return [*found, "writable: a web server cannot be written to"] if self.writable else found


class LocalConfig(EndpointConfig, frozen=True, kw_only=True, tag="local"):
    """A folder of the Jupyter server (``~`` is expanded). Nothing outside of it can be reached."""

    kind: ClassVar[str] = "local"

    def conflicts(self) -> list[str]:
        return [] if self.root else ["root: is required"]


AnyEndpointConfig = S3Config | GcsConfig | HttpConfig | LocalConfig


class ScratchConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where users keep what may be deleted.

    Parameters
    ----------
    url_env
        Names of environment variables; the first that is set wins.
    url
        The place itself, where no variable names it. May hold ``{user}``.
    endpoint
        Id of the configured endpoint whose service and credentials are used; the provider's default chain if left out.
    title
        What the panel shows.
    lifetime_days
        Days after which objects are deleted, where the bucket's own rules cannot be read; None for never.
    quota_bytes
        Bytes that a user may keep: a number, or a function of the user's name that returns one or None.
    warn_at
        Shares of the quota from which on the panel warns.
    price_per_tb_month
        What 10**12 bytes cost in a month, in ``currency``.
    writable
        Whether users may write and delete through the panel, in their own prefix.
    renewable
        Whether users may reset the clock: rewrite their objects in place, so that these are kept as long as new ones.
    """

    url_env: list[str] = []
    url: str | None = None
    endpoint: str | None = None
    title: str = "Scratch"
    lifetime_days: float | msgspec.UnsetType | None = msgspec.UNSET
    quota_bytes: Any = None
    warn_at: tuple[float, ...] = (0.8, 0.95)
    price_per_tb_month: float | None = None
    currency: str = "$"
    writable: bool = True
    renewable: bool = False


#: What msgspec repeats of the value, in the cases in which it does: an unknown choice, a wrong kind.
_VALUE = re.compile(r"^Invalid (?:enum )?value .*$", re.DOTALL)


def _field_of(message: str) -> tuple[str, str]:
    """Split msgspec's ``Expected `int`, got `str` - at `$.root` `` into path and reason, without any value."""
    reason, _, path = message.rpartition(" - at `$")
    if not reason:
        path, reason = "", message
    return path.rstrip("`"), _VALUE.sub("is none of the choices", reason)


def _check_url(field: str, value: str) -> str | None:
    """What is wrong with the address of a web server."""
    try:
        parts = urlsplit(value)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets and ports; its text repeats the value
        return f"{field}: is no valid address"
    if parts.scheme not in {"http", "https"}:
        return f"{field}: must begin with http:// or https://"
    if not has_host:
        return f"{field}: names no server"
    if "@" in parts.netloc:
        return f"{field}: must not contain a user name or password; use profile, env or a file"
    if parts.query or parts.fragment:
        return f"{field}: must not contain a query or fragment (a signed address is a secret)"
    return None


def _check_root(config: EndpointConfig) -> str | None:
    """What is wrong with a root. A key may hold any character: what is no web address is not checked for queries."""
    root, schemes = config.root, _SCHEMES[config.kind]
    if not root:
        return None
    scheme, separator, rest = root.partition("://")
    if separator and scheme not in schemes:
        return f"root: does not fit kind {config.kind!r}; it must begin with {schemes[0]}://"
    if config.kind == "http":
        return _check_url("root", root)
    if config.kind == "local":
        return None
    bucket = (rest if separator else root).partition("/")[0]
    if not bucket:
        return "root: names no bucket"
    if "@" in bucket:
        return "root: must not contain a user name or password; use profile, env or a file"
    return None


def _problems(config: EndpointConfig) -> list[str]:
    found = list(config.conflicts())
    if not _ID.fullmatch(config.id):
        found.append("id: letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit")
    if not 0 < config.timeout_s <= _MAX_TIMEOUT_S:
        found.append(f"timeout_s: must be above 0 and at most {_MAX_TIMEOUT_S}")
    if isinstance(config.writable, list) and not all(
        prefix.endswith("/") and prefix != "/" for prefix in config.writable
    ):
        found.append("writable: each prefix must end with a slash")
    if not 1 <= config.concurrency <= 256:
        found.append("concurrency: must be 1 to 256")
    if not 1 <= config.scan_concurrency <= 256:
        found.append("scan_concurrency: must be 1 to 256")
    endpoint_url = getattr(config, "endpoint_url", None)
    problems = (_check_url("endpoint_url", endpoint_url) if endpoint_url else None, _check_root(config))
    return [*found, *(problem for problem in problems if problem)]


def read_endpoints(raw: Any) -> list[AnyEndpointConfig]:
    """Check ``c.ZarrBrowser.endpoints``.

    Raises
    ------
    ConfigError
        With every problem found, each naming its field, none naming a value.
    """
    return _read(raw, "endpoints", AnyEndpointConfig, _problems)


def read_scratch(raw: Any) -> list[ScratchConfig]:
    """Check ``c.ZarrBrowser.scratch``. Raises ConfigError as :func:`read_endpoints` does."""

    def problems(config: ScratchConfig) -> list[str]:
        found = [] if config.url or config.url_env else ["url_env: is required where url is not given"]
        if config.url and not re.match("(s3|gs|gcs)://[^/@]+(/|$)", config.url):
            found.append("url: must begin with s3:// or gs:// and name a bucket")
        days, quota, price = config.lifetime_days, config.quota_bytes, config.price_per_tb_month
        if isinstance(days, int | float) and not 0 < days < float("inf"):
            found.append("lifetime_days: must be above 0; None for never")
        if not (quota is None or callable(quota) or (type(quota) is int and quota > 0)):
            found.append("quota_bytes: must be a whole number above 0, or a function of a user's name")
        if not all(0 < share <= 1 for share in config.warn_at):
            found.append("warn_at: must be shares above 0, up to 1")
        if price is not None and not 0 <= price < float("inf"):
            found.append("price_per_tb_month: must be 0 or above")
        return found

    return _read(raw, "scratch", ScratchConfig, problems)


def _read(raw: Any, trait: str, struct: Any, problems: Any) -> list[Any]:
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        raise ConfigError(f"c.ZarrBrowser.{trait} must be a list of dictionaries")
    found: list[str] = []
    configs: list[Any] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(raw):
        where = f"{trait}[{index}]"
        try:
            config = msgspec.convert(item, struct)
        except msgspec.ValidationError as exc:
            path, reason = _field_of(str(exc))
            reason = "must be one of " + ", ".join(_SCHEMES) if path == ".kind" else reason
            found.append(f"{where}{path}: {reason}")
            continue
        wrong = [f"{where}.{text}" for text in problems(config)]
        known = getattr(config, "id", None)
        if known in seen:
            wrong.append(f"{where}.id: is the same as that of {trait}[{seen[known]}]")
        if known is not None:
            seen.setdefault(known, index)
        if not wrong:
            configs.append(config)
        found += wrong
    if found:
        parts = "cannot be used" if not configs else "has entries that cannot be used"
        raise ConfigError(f"c.ZarrBrowser.{trait} {parts}:\n  " + "\n  ".join(found), configs)
    return configs
