"""What an administrator may write into ``c.ZarrBrowser.endpoints``, and what is wrong with it, in words without values.

Error texts name the field (``endpoints[1].profile``) and never the value, because a value may be a secret and the text
ends in logs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

#: Ids appear in URLs, saved state and logs.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_SCHEMES = {
    "s3": ("s3",),
    "gcs": ("gs", "gcs"),
    "azure": ("abfs", "abfss", "az", "https"),
    "http": ("http", "https"),
    "local": ("file",),
}

#: An account's own host in the clouds of Azure; ``dfs`` is another way to the same objects.
_AZURE_HOST = re.compile(
    r"(?P<account>[a-z0-9]{3,24})\.(?P<zone>z\d+\.)?(?:blob|dfs)\."
    r"(?P<rest>core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn|cloudapi\.de)|storage\.azure\.net)",
    re.IGNORECASE,
)

#: Where an account is, unless something says otherwise.
_AZURE_REST = "core.windows.net"

#: Hosts to which a token may be sent without encryption.
_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}

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
    creates_buckets
        Whether users may make buckets, where ``root`` is every bucket and ``writable`` is true.
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
    creates_buckets: bool = False
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


class AzurePlace(NamedTuple):
    """What an address in Azure Storage says."""

    path: str
    """Container and key."""
    account: str = ""
    service: str = ""
    """Address of the account, where it is not in the cloud that everybody uses."""


def azure_place(address: str) -> AzurePlace | None:
    """Read ``abfs://container/key``, the same with an account, and the web address of a blob; None for all else.

    https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-introduction-abfs-uri
    """
    scheme, separator, rest = address.partition("://")
    if not separator or scheme.lower() not in _SCHEMES["azure"]:
        return None
    first, _, key = rest.partition("/")
    container, at, host = first.rpartition("@")
    matched = _AZURE_HOST.fullmatch(host)
    if scheme.lower() == "https":
        # Behind the question mark may be a signature, and that is a secret.
        key = unquote(key.partition("#")[0].partition("?")[0])
        return None if at or matched is None else AzurePlace(key, *_account_of(matched))
    if at and matched is not None and container:
        return AzurePlace(f"{container}/{key}", *_account_of(matched))
    if at:
        return None
    return AzurePlace(rest) if matched is None else AzurePlace(key, *_account_of(matched))


def _account_of(matched: re.Match[str]) -> tuple[str, str]:
    account, zone, rest = (text.lower() for text in matched.groups(""))
    is_usual = rest == _AZURE_REST and not zone
    return account, "" if is_usual else f"https://{account}.{zone}blob.{rest}"


class AzureCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name (not value) of the environment variable of the Jupyter server that holds one of these."""

    account_key: str | None = None
    sas_token: str | None = None
    connection_string: str | None = None

    @property
    def named(self) -> list[tuple[str, str]]:
        """What is held, and where."""
        return [(field, name) for field in self.__struct_fields__ if (name := getattr(self, field))]


class AzureConfig(EndpointConfig, frozen=True, kw_only=True, tag="azure"):
    """Azure Blob Storage and Data Lake Storage.

    ``root`` is ``abfs://container/prefix``, where it may name the account
    (``abfs://container@account.dfs.core.windows.net/prefix``); empty for every container of ``account``.
    Credentials: ``anon``, ``env``, else what adlfs takes: its own variables, then Azure's default chain.
    """

    account: str | None = None
    #: Address of the account, where it is not ``https://<account>.blob.core.windows.net``.
    endpoint_url: str | None = None
    anon: bool = False
    env: AzureCredentials | None = None

    kind: ClassVar[str] = "azure"

    @property
    def place(self) -> AzurePlace:
        """Container and prefix, the account and its address, as far as the configuration tells."""
        place = azure_place(self.root) or AzurePlace(self.root)
        return place._replace(
            account=self.account or place.account, service=(self.endpoint_url or place.service).rstrip("/")
        )

    def conflicts(self) -> list[str]:
        found = []
        named = [field for field, _ in self.env.named] if self.env else []
        if self.anon and self.env:
            found.append("env: cannot stand beside anon; choose one kind of credentials")
        if self.env and len(named) != 1:
            found.append("env: needs one of account_key, sas_token and connection_string")
        if self.endpoint_url and named == ["connection_string"]:
            found.append("endpoint_url: cannot stand beside env.connection_string, which says where the account is")
        said = azure_place(self.root)
        if self.account and said is not None and said.account not in {"", self.account}:
            found.append("account: is not the one that root names")
        if self.anon and not self.place.account and not self.endpoint_url:
            found.append("account: is required with anon")
        if not (self.anon or named == ["account_key"]) and _is_in_the_clear(self.endpoint_url or ""):
            found.append("endpoint_url: must begin with https://, or whoever listens has the token or signature")
        return found


def _is_in_the_clear(address: str) -> bool:
    """Whether what is sent there can be read on the way."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "http" and parts.hostname not in _THIS_MACHINE
    except ValueError:  # which is said elsewhere
        return False


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


AnyEndpointConfig = S3Config | GcsConfig | AzureConfig | HttpConfig | LocalConfig


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
        Whether users may write and delete through the panel, in their own prefix; True also in a whole bucket of which
        no part is known to be theirs.
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
    writable: bool | msgspec.UnsetType = msgspec.UNSET
    renewable: bool = False


#: What msgspec repeats of the value, in the cases in which it does: an unknown choice, a wrong kind.
_VALUE = re.compile(r"^Invalid (?:enum )?value .*$", re.DOTALL)


_SCRATCH_URL = re.compile("(s3|gs|gcs|abfs|abfss|az)://[^/@]+(/|$)", re.IGNORECASE)


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
    if config.kind == "azure" and separator:
        place = azure_place(root)
        if place is None:
            return "root: names no account and container (abfs://container@account.dfs.core.windows.net)"
        if place.account and not place.path:
            return None
        rest = place.path
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
        if config.url and not _SCRATCH_URL.match(config.url) and not _in_azure(config):
            found.append("url: must begin with s3://, gs:// or abfs:// and name a bucket")
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


def _in_azure(config: ScratchConfig) -> bool:
    """Whether the address names an account of Azure and a container in it."""
    place = azure_place(config.url or "")
    return place is not None and bool(place.account and place.path.partition("/")[0])


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
