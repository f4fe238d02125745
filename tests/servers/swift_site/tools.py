"""Swift's rings and container databases, by Swift's own code. Runs in Swift's virtual environment.

python -m tests.servers.swift_site.tools rings ETC ACCOUNT_PORT CONTAINER_PORT OBJECT_PORT
python -m tests.servers.swift_site.tools fill ETC DEVICES ACCOUNT CONTAINER COUNT FANOUT
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

#: 2**6 partitions: plenty for one device, and quick to build.
_PART_POWER = 6

#: Rows for one SQL transaction.
_BATCH_ROWS = 50_000

_EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def build_rings(etc: Path, ports: list[int]) -> None:
    builder_class: Any = import_module("swift.common.ring").RingBuilder
    for name, port in zip(("account", "container", "object"), ports, strict=True):
        builder = builder_class(_PART_POWER, 1, 0)
        builder.add_dev(
            {
                "region": 1,
                "zone": 1,
                "ip": "127.0.0.1",
                "port": port,
                "replication_ip": "127.0.0.1",
                "replication_port": port,
                "device": "d1",
                "weight": 1.0,
                "meta": "",
            }
        )
        builder.rebalance()
        builder.get_ring().save(str(etc / f"{name}.ring.gz"))


def fill(etc: Path, devices: Path, account: str, container: str, count: int, fanout: int) -> None:
    """Writes rows into a container's listing, without objects behind them: ``d0007/k0000107``."""
    utils: Any = import_module("swift.common.utils")
    utils.SWIFT_CONF_FILE = str(etc / "swift.conf")
    utils.validate_hash_conf()
    ring = import_module("swift.common.ring").Ring(str(etc), ring_name="container")
    partition = ring.get_nodes(account, container)[0]
    name_hash = utils.hash_path(account, container)
    folder = devices / "d1" / utils.storage_directory("containers", partition, name_hash)
    database = folder / f"{name_hash}.db"
    if not database.exists():
        sys.exit(f"no container {account}/{container}")
    backend: Any = import_module("swift.container.backend")
    broker = backend.ContainerBroker(str(database), account=account, container=container)
    now = utils.Timestamp.now().internal
    for first in range(0, count, _BATCH_ROWS):
        broker.merge_items(
            [
                {
                    "name": f"d{number % fanout:04d}/k{number:07d}",
                    "created_at": now,
                    "size": 1024,
                    "content_type": "application/octet-stream",
                    "etag": _EMPTY_MD5,
                    "deleted": 0,
                    "storage_policy_index": 0,
                    "ctype_timestamp": None,
                    "meta_timestamp": None,
                }
                for number in range(first, min(count, first + _BATCH_ROWS))
            ]
        )


def main(arguments: list[str]) -> None:
    command, *rest = arguments
    if command == "rings":
        build_rings(Path(rest[0]), [int(port) for port in rest[1:]])
    elif command == "fill":
        etc, devices, account, container, count, fanout = rest
        fill(Path(etc), Path(devices), account, container, int(count), int(fanout))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
