"""Swift's configuration files for one machine: one replica, one device, no services but the four servers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BACKENDS = ("account", "container", "object")

_SWIFT_CONF = """\
[swift-hash]
swift_hash_path_prefix = test
swift_hash_path_suffix = test
[storage-policy:0]
name = one
default = yes
"""

# Swift's defaults suit clusters that rather lose a server than wait: 0.5 s to connect, 1 s for an object to appear in
# its container's listing, ten errors until a server is left alone for a minute. On a loaded machine with one server of
# each kind, that means spurious 500s, and objects that never get listed.
_DEFAULT = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {etc}
devices = {devices}
mount_check = false
user = {user}
workers = 0
disable_fallocate = true
log_level = ERROR
eventlet_debug = false
conn_timeout = 30
node_timeout = 60
container_update_timeout = 60
error_suppression_limit = 1000000
"""

_BACKEND = """\
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
allow_versions = true
fallocate_reserve = 0
recon_cache_path = {cache}
"""

_PROXY = """\
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck {cache_filter} listing_formats bulk tempurl anonymous_s3 s3api tempauth \
staticweb copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
cors_allow_origin = *
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached_port}
connect_timeout = 30
io_timeout = 30
error_suppression_interval = 0
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:tempurl]
use = egg:swift#tempurl
[filter:anonymous_s3]
paste.filter_factory = tests.servers.swift_site.anonymous_s3:filter_factory
access_key = demo:anonymous
secret_key = anonymoussecret
region = us-east-1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
dns_compliant_bucket_names = true
max_bucket_listing = 1000
cors_preflight_allow_origin = *
[filter:tempauth]
use = egg:swift#tempauth
user_demo_demo = demosecret .admin
user_demo_reader = readersecret
user_demo_anonymous = anonymoussecret
user_other_other = othersecret .admin
[filter:staticweb]
use = egg:swift#staticweb
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""


@dataclass(frozen=True, slots=True)
class Ports:
    account: int
    container: int
    object: int
    proxy: int
    memcached: int | None

    def of(self, server: str) -> int:
        return int(getattr(self, server))


def write_configuration(home: Path, ports: Ports, user: str) -> None:
    """Writes ``etc/*.conf`` and makes the folders that they name."""
    etc, devices, cache = home / "etc", home / "srv", home / "cache"
    for folder in (etc, devices / "d1", cache):
        folder.mkdir(parents=True, exist_ok=True)
    (etc / "swift.conf").write_text(_SWIFT_CONF)
    for name in (*BACKENDS, "proxy"):
        text = _DEFAULT.format(port=ports.of(name), etc=etc, devices=devices, user=user)
        if name == "proxy":
            cache_filter = "cache" if ports.memcached else ""
            text += _PROXY.format(cache_filter=cache_filter, memcached_port=ports.memcached or 0)
        else:
            text += _BACKEND.format(name=name, cache=cache)
        (etc / f"{name}.conf").write_text(text)
