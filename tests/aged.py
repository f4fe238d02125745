"""Objects of any age: a bucket of moto whose dates a test writes, and Zarr metadata to put there."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyterlab_zarrbrowser import wire
from jupyterlab_zarrbrowser.config import S3Config
from jupyterlab_zarrbrowser.expiry import Lifetime
from jupyterlab_zarrbrowser.explorer import Explorer
from jupyterlab_zarrbrowser.stores.s3 import S3Store
from jupyterlab_zarrbrowser.usage import UsageScan

from .servers.moto_s3 import MotoS3

#: When it is in these tests.
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)

_numbers = itertools.count()


class Aged:
    """A bucket of its own."""

    def __init__(self, moto: MotoS3) -> None:
        self.name = f"aged-{next(_numbers)}"
        self._moto = moto
        with closing(moto.client()) as client:
            client.create_bucket(Bucket=self.name)

    def config(self, url: str = "", prefix: str = "", **options: Any) -> S3Config:
        root = f"s3://{self.name}/{prefix}".rstrip("/")
        address = {"endpoint_url": url or self._moto.url, "key": "testing", "secret": "testing"}
        return S3Config(**{"id": "aged", "root": root, **address, **options})

    def put(self, days: float, objects: Mapping[str, bytes] | Iterable[str]) -> None:
        """Objects that were written so many days before now; names alone stand for chunks."""
        contents = objects if isinstance(objects, Mapping) else dict.fromkeys(objects, b"chunk")
        with closing(self._moto.client()) as client:
            for key, content in contents.items():
                client.put_object(Bucket=self.name, Key=key, Body=content)
                self._keys[key].last_modified = (NOW - timedelta(days=days)).replace(tzinfo=None)

    def delete(self, *keys: str) -> None:
        for key in keys:
            del self._keys[key]

    def expire(self, *rules: dict[str, Any]) -> None:
        """Lifecycle rules, as an administrator sets them."""
        named = [{"ID": str(number), "Status": "Enabled", **rule} for number, rule in enumerate(rules)]
        with closing(self._moto.client()) as client:
            client.put_bucket_lifecycle_configuration(Bucket=self.name, LifecycleConfiguration={"Rules": named})

    @property
    def _keys(self) -> Any:
        from moto.s3.models import s3_backends

        return s3_backends["123456789012"]["aws"].buckets[self.name].keys

    async def count(self, lifetime: Lifetime, key: str = "", **options: Any) -> wire.Usage:
        """What a count says; nothing is remembered from the one before."""
        store = S3Store(self.config())
        options = {"max_objects": 10**6, "now": lambda: NOW, **options}
        try:
            return await UsageScan(Explorer(store, 0), key, lifetime, **options).run()
        finally:
            await store.close()


def v3_array(shape: list[int], chunks: list[int], *, shards: list[int] | None = None) -> bytes:
    plain: list[dict[str, Any]] = [{"name": "bytes", "configuration": {"endian": "little"}}]
    index = {"index_codecs": plain, "index_location": "end"}
    sharding = {"name": "sharding_indexed", "configuration": {"chunk_shape": chunks, "codecs": plain, **index}}
    return json.dumps(
        {
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": "float32",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shards or chunks}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": 0,
            "codecs": [sharding] if shards else plain,
            "attributes": {},
        }
    ).encode()


def v3_group(members: Mapping[str, bytes] | None = None) -> bytes:
    """A group; with members, it has consolidated metadata."""
    group: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    if members is not None:
        inside = {name: json.loads(document) for name, document in members.items()}
        group["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": inside}
    return json.dumps(group).encode()


def v2_array(shape: list[int], chunks: list[int], separator: str = ".") -> bytes:
    return json.dumps(
        {
            "zarr_format": 2,
            "shape": shape,
            "chunks": chunks,
            "dtype": "<f4",
            "fill_value": 0,
            "order": "C",
            "filters": None,
            "compressor": None,
            "dimension_separator": separator,
        }
    ).encode()
