"""The embedded S3 server (moto's) and how sample data gets into it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

#: moto accepts any credentials; these appear in the profile that the demo writes.
KEY, SECRET, REGION = "demo", "demo-secret", "us-east-1"

_UPLOADS = 8


@contextmanager
def s3_server() -> Iterator[str]:
    """Serve S3 on a free port of the loopback interface. Yields the endpoint's URL."""
    # One line for each request would bury what the user should read.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def upload_buckets(folder: Path, endpoint_url: str) -> int:
    """Make a bucket of each folder in ``folder``. Returns the number of objects."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name=REGION,
        config=Config(max_pool_connections=_UPLOADS),
    )
    files = []
    for bucket in sorted(path for path in folder.iterdir() if path.is_dir()):
        client.create_bucket(Bucket=bucket.name)
        files += [
            (bucket.name, path.relative_to(bucket).as_posix(), path) for path in bucket.rglob("*") if path.is_file()
        ]
    with ThreadPoolExecutor(_UPLOADS) as pool:
        for _ in pool.map(
            lambda item: client.put_object(Bucket=item[0], Key=item[1], Body=item[2].read_bytes()), files
        ):
            pass
    client.close()
    return len(files)


def make_older(bucket: str, ages_days: Mapping[str, float]) -> None:
    """Set the clock of objects back, as if time had passed: an age for each prefix of keys, in days.

    Reaches into the server, which runs in this process: no S3 lets one say when an object was written.
    """
    now = datetime.now(UTC)
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for key in list(backend.buckets[bucket].keys.values()):
        for prefix, days in ages_days.items():
            if key.name.startswith(prefix):
                key.last_modified = (now - timedelta(days=days)).replace(tzinfo=None)
