"""What administrators write, and what is wrong with it, in words that never repeat a value."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from jupyterlab_zarrbrowser.config import (
    AzureConfig,
    ConfigError,
    GcsConfig,
    HttpConfig,
    LocalConfig,
    S3Config,
    read_endpoints,
    read_scratch,
)

SECRET = "s3cr3t"

GOOD: list[dict[str, Any]] = [
    {
        "id": "jetstream2",
        "title": "Jetstream2",
        "kind": "s3",
        "endpoint_url": "https://js2.jetstream-cloud.org:8001/",
        "profile": "js2",
        "writable": True,
    },
    {
        "id": "lab",
        "kind": "s3",
        "endpoint_url": "http://127.0.0.1:9000",
        "env": {"key": "LAB_KEY", "secret": "LAB_SECRET"},
    },
    {"id": "literal", "kind": "s3", "key": "k", "secret": SECRET, "token": "t", "root": "s3://bucket/pre?fix#é"},
    {"id": "cmip6", "title": "CMIP6 (public)", "kind": "gcs", "root": "gs://cmip6", "anon": True},
    {"id": "team", "kind": "gcs", "root": "gs://team-data/era5", "token_file": "~/keys/team.json"},
    {"id": "era5", "kind": "azure", "account": "era5euwest", "root": "abfs://era5", "anon": True},
    {"id": "lake", "kind": "azure", "root": "abfss://box@lake.dfs.core.windows.net/a b", "env": {"account_key": "KEY"}},
    {"id": "all", "kind": "azure", "root": "https://lake.blob.core.windows.net"},
    {"id": "azurite", "kind": "azure", "endpoint_url": "http://127.0.0.1:10000/devstoreaccount1"},
    {"id": "thredds", "kind": "http", "root": "https://example.org/zarr/"},
    {"id": "home", "title": "My files", "kind": "local", "root": "~"},
    {"id": "odd", "kind": "local", "root": "/data/a@b?c#d"},
]


def test_good_endpoints() -> None:
    configs = read_endpoints(GOOD)
    kinds = ["s3", "s3", "s3", "gcs", "gcs", "azure", "azure", "azure", "azure", "http", "local", "local"]
    assert [config.kind for config in configs] == kinds
    assert [type(config) for config in configs[2:]] == [
        S3Config,
        GcsConfig,
        GcsConfig,
        *[AzureConfig] * 4,
        HttpConfig,
        LocalConfig,
        LocalConfig,
    ]
    assert configs[0].writable
    assert not configs[1].writable
    assert configs[1].shown_title == "lab"
    assert configs[3].shown_title == "CMIP6 (public)"


def test_nothing_is_an_endpoint_less() -> None:
    assert read_endpoints([]) == []
    assert read_endpoints(()) == []


def test_a_configuration_does_not_print_its_values() -> None:
    (config,) = read_endpoints([GOOD[2]])
    assert SECRET not in repr(config)
    assert SECRET not in str(config)
    assert SECRET not in f"{[config]}"


S3 = {"id": "x", "kind": "s3"}
HTTP = {"id": "x", "kind": "http", "root": "https://example.org"}
AZURE = {"id": "x", "kind": "azure", "account": "acc"}


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        ({}, "endpoints[0]"),
        ({"kind": "s3"}, "`id`"),
        ({"id": "x"}, "`kind`"),
        ({"id": "x", "kind": SECRET}, "endpoints[0].kind: must be one of s3, gcs, azure, http, local"),
        ({"id": SECRET + " x", "kind": "s3"}, "endpoints[0].id"),
        ({"id": "", "kind": "s3"}, "endpoints[0].id"),
        ({"id": "x" * 65, "kind": "s3"}, "endpoints[0].id"),
        ({"id": "../x", "kind": "s3"}, "endpoints[0].id"),
        ({**S3, "id": 5}, "endpoints[0].id"),
        ({**S3, "secrett": SECRET}, "`secrett`"),
        ({**S3, "writable": SECRET}, "endpoints[0].writable"),
        ({**S3, "timeout_s": 0}, "endpoints[0].timeout_s"),
        ({**S3, "timeout_s": -1}, "endpoints[0].timeout_s"),
        ({**S3, "timeout_s": float("nan")}, "endpoints[0].timeout_s"),
        ({**S3, "timeout_s": float("inf")}, "endpoints[0].timeout_s"),
        ({**S3, "concurrency": 0}, "endpoints[0].concurrency"),
        ({**S3, "concurrency": 1000}, "endpoints[0].concurrency"),
        ({**S3, "anon": True, "profile": SECRET}, "endpoints[0].profile"),
        ({**S3, "profile": "p", "env": {"key": "A", "secret": "B"}}, "endpoints[0].env"),
        ({**S3, "env": {"key": SECRET}}, "endpoints[0].env"),
        ({**S3, "key": SECRET}, "endpoints[0].key"),
        ({**S3, "secret": SECRET}, "endpoints[0].key"),
        ({**S3, "token": SECRET}, "endpoints[0].token"),
        ({**S3, "profile": "p", "key": "k", "secret": SECRET}, "endpoints[0].key"),
        ({**S3, "checksum": SECRET}, "endpoints[0].checksum"),
        ({**S3, "endpoint_url": f"https://user:{SECRET}@store.example"}, "endpoints[0].endpoint_url"),
        ({**S3, "endpoint_url": f"https://store.example/?token={SECRET}"}, "endpoints[0].endpoint_url"),
        ({**S3, "endpoint_url": f"https://store.example/#{SECRET}"}, "endpoints[0].endpoint_url"),
        ({**S3, "endpoint_url": f"{SECRET}.example:9000"}, "endpoints[0].endpoint_url"),
        ({**S3, "endpoint_url": f"ftp://{SECRET}.example"}, "endpoints[0].endpoint_url"),
        ({**S3, "endpoint_url": f"http://[{SECRET}"}, "endpoints[0].endpoint_url"),
        ({**S3, "endpoint_url": "https://"}, "endpoints[0].endpoint_url"),
        ({**S3, "endpoint_url": f"https://store.example:{SECRET}"}, "endpoints[0].endpoint_url"),
        ({**S3, "root": f"gs://{SECRET}"}, "endpoints[0].root"),
        ({**S3, "root": f"https://store.example/{SECRET}"}, "endpoints[0].root"),
        ({**S3, "root": f"s3://key:{SECRET}@bucket"}, "endpoints[0].root"),
        ({**S3, "root": "s3:///prefix"}, "endpoints[0].root"),
        ({**S3, "root": "/prefix"}, "endpoints[0].root"),
        ({"id": "x", "kind": "gcs", "anon": True, "token_file": SECRET}, "endpoints[0].token_file"),
        ({"id": "x", "kind": "gcs", "root": f"s3://{SECRET}"}, "endpoints[0].root"),
        ({**AZURE, "env": {"account_key": "A"}, "anon": True}, "endpoints[0].env"),
        ({**AZURE, "env": {}}, "endpoints[0].env"),
        ({**AZURE, "env": {"account_key": "A", "sas_token": "B"}}, "endpoints[0].env"),
        ({**AZURE, "env": {"key": SECRET}}, "`key`"),
        ({**AZURE, "account_key": SECRET}, "`account_key`"),
        ({**AZURE, "endpoint_url": "https://x", "env": {"connection_string": "A"}}, "endpoints[0].endpoint_url"),
        ({**AZURE, "endpoint_url": f"http://{SECRET}.example"}, "endpoints[0].endpoint_url"),
        ({**AZURE, "endpoint_url": "http://x.example", "env": {"sas_token": "A"}}, "endpoints[0].endpoint_url"),
        ({**AZURE, "endpoint_url": f"http://[{SECRET}"}, "endpoints[0].endpoint_url"),
        ({**AZURE, "root": f"abfs://box@{SECRET}.dfs.core.windows.net"}, "endpoints[0].account"),
        ({**AZURE, "root": f"abfs://box@{SECRET}"}, "endpoints[0].root"),
        ({**AZURE, "root": f"abfs://box@acc.{SECRET}.example"}, "endpoints[0].root"),
        ({**AZURE, "root": f"https://{SECRET}.example/box"}, "endpoints[0].root"),
        ({**AZURE, "root": f"wasbs://{SECRET}"}, "endpoints[0].root"),
        ({**AZURE, "root": "abfs:///x"}, "endpoints[0].root"),
        ({"id": "x", "kind": "azure", "root": "abfs://box", "anon": True}, "endpoints[0].account"),
        ({"id": "x", "kind": "http"}, "endpoints[0].root"),
        ({**HTTP, "writable": True}, "endpoints[0].writable"),
        ({**HTTP, "root": f"https://example.org/?token={SECRET}"}, "endpoints[0].root"),
        ({**HTTP, "root": f"https://user:{SECRET}@example.org/"}, "endpoints[0].root"),
        ({**HTTP, "root": f"file:///etc/{SECRET}"}, "endpoints[0].root"),
        ({**HTTP, "root": f"{SECRET}.example.org/zarr"}, "endpoints[0].root"),
        ({**HTTP, "root": "https:///zarr"}, "endpoints[0].root"),
        ({"id": "x", "kind": "local"}, "endpoints[0].root"),
        ({"id": "x", "kind": "local", "root": f"s3://{SECRET}"}, "endpoints[0].root"),
        (SECRET, "endpoints[0]"),
        (None, "endpoints[0]"),
        ([SECRET], "endpoints[0]"),
    ],
)
def test_what_is_wrong_is_named_without_its_value(endpoint: Any, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_endpoints([endpoint])
    assert field in str(caught.value)
    assert SECRET not in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_endpoints([{"id": "a b", "kind": "s3", "timeout_s": 0}, {"kind": "local"}, GOOD[0]])
    text = str(caught.value)
    assert "endpoints[0].id" in text
    assert "endpoints[0].timeout_s" in text
    assert "endpoints[1]" in text
    assert "endpoints[2]" not in text


def test_two_of_the_same_id() -> None:
    with pytest.raises(ConfigError, match=r"endpoints\[2\]\.id: is the same as that of endpoints\[0\]"):
        read_endpoints([GOOD[0], GOOD[1], GOOD[0]])


@pytest.mark.parametrize("raw", [None, "s3", b"s3", 5, {"id": "x", "kind": "s3"}])
def test_what_is_no_list(raw: Any) -> None:
    with pytest.raises(ConfigError, match="must be a list"):
        read_endpoints(raw)


def test_scratch() -> None:
    configs = read_scratch(
        [
            {"url_env": ["SCRATCH_BUCKET", "PANGEO_SCRATCH"], "lifetime_days": 7, "quota_bytes": 10**12},
            {"url": "gs://x"},
            {"url": "abfs://x/{user}"},
            {"url": "abfs://x@acc.dfs.core.windows.net/{user}"},
        ]
    )
    assert configs[0].url_env == ["SCRATCH_BUCKET", "PANGEO_SCRATCH"]
    assert configs[0].lifetime_days == 7
    assert configs[1].lifetime_days is msgspec.UNSET, "not said, which is not the same as seven"


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({}, "scratch[0].url_env"),
        ({"url_env": SECRET}, "scratch[0].url_env"),
        ({"url_env": []}, "scratch[0].url_env"),
        ({"url": "s3://x", "lifetime": 5}, "`lifetime`"),
        ({"url": "s3://x", "lifetime_days": SECRET}, "scratch[0].lifetime_days"),
        ({"url": "s3://x", "lifetime_days": 0}, "scratch[0].lifetime_days"),
        ({"url": "s3://x", "quota_bytes": -1}, "scratch[0].quota_bytes"),
        ({"url": SECRET}, "scratch[0].url"),
        ({"url": f"https://x/{SECRET}"}, "scratch[0].url"),
        ({"url": f"abfs://x@{SECRET}/y"}, "scratch[0].url"),
    ],
)
def test_scratch_that_is_wrong(entry: Any, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_scratch([entry])
    assert field in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_examples_of_the_documentation() -> None:
    text = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text(encoding="utf-8")
    examples = [
        block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "c.ZarrBrowser.endpoints" in block
    ]
    assert examples
    for example in examples:
        c = SimpleNamespace(ZarrBrowser=SimpleNamespace())
        exec(example, {"c": c})
        assert read_endpoints(c.ZarrBrowser.endpoints)
