"""boto3 clients for the servers here, and a quick way to fill their buckets."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import botocore
import botocore.config

REGION = "us-east-1"

#: Uploads at once. More do not help: clients and servers share the cores.
UPLOAD_WORKERS = 8


def s3_client(url: str, key: str | None, secret: str | None, *, retries: int = 0) -> Any:
    """A client that ignores profiles, environment and instance metadata; without a key it does not sign."""
    config = botocore.config.Config(
        signature_version="s3v4" if key else botocore.UNSIGNED,
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": retries + 1, "mode": "standard"},
        max_pool_connections=UPLOAD_WORKERS,
        connect_timeout=10,
        read_timeout=60,
    )
    session = boto3.session.Session()
    return session.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key or "",
        aws_secret_access_key=secret or "",
        config=config,
    )


def walk_files(directory: Path) -> Iterable[tuple[str, Path]]:
    """Relative POSIX names and paths of all files, in order."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield path.relative_to(directory).as_posix(), path


def upload_directory(client: Any, directory: Path, bucket: str, prefix: str = "") -> int:
    """Uploads every file below the directory in parallel; returns how many there were."""

    def put(item: tuple[str, Path]) -> None:
        name, path = item
        client.put_object(Bucket=bucket, Key=prefix + name, Body=path.read_bytes())

    files = list(walk_files(directory))
    with ThreadPoolExecutor(UPLOAD_WORKERS) as pool:
        for _ in pool.map(put, files):
            pass
    return len(files)
