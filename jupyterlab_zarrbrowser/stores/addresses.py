"""How keys and the addresses of other tools turn into one another."""

from __future__ import annotations

from urllib.parse import quote


def without_query(url: str) -> str:
    """A web address up to its query or fragment: a signature there is a secret, and no part of a key."""
    return url.partition("#")[0].partition("?")[0]


def quote_path(key: str) -> str:
    """Percent-encode a key for the path of a URL; slashes stay."""
    return quote(key, safe="/-_.~")


class BucketRoot:
    """Where an endpoint's tree begins in a service of buckets, and how keys map to buckets and object keys."""

    def __init__(self, root: str, scheme: str, aliases: tuple[str, ...] = ()) -> None:
        for name in (scheme, *aliases):
            root = root.removeprefix(f"{name}://")
        self.scheme = scheme
        self.schemes = (scheme, *aliases)
        #: ``""`` for every bucket, else ``bucket/`` or ``bucket/prefix/``.
        self.prefix = f"{root}/" if root and not root.endswith("/") else root

    def split(self, key: str) -> tuple[str, str]:
        """Bucket and object key. The bucket is empty for the list of buckets."""
        bucket, _, rest = (self.prefix + key).partition("/")
        return bucket, rest

    def relative(self, bucket: str, object_key: str) -> str:
        return f"{bucket}/{object_key}".removeprefix(self.prefix)

    def relative_prefix(self, bucket: str, object_prefix: str) -> str | None:
        """A prefix in a bucket as one below the root: ``""`` where it holds all of that, None where nothing."""
        whole = f"{bucket}/{object_prefix}"
        if whole.startswith(self.prefix):
            return whole[len(self.prefix) :]
        return "" if self.prefix.startswith(whole) else None

    def uri(self, key: str) -> str:
        return f"{self.scheme}://{self.prefix}{key}"

    def key_of(self, url: str) -> str | None:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme.lower() not in self.schemes:
            return None
        if rest + "/" == self.prefix:
            return ""
        return rest[len(self.prefix) :] if rest.startswith(self.prefix) else None
