"""What all stores' tests share."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlab_zarrbrowser import stores
from jupyterlab_zarrbrowser.config import EndpointConfig
from jupyterlab_zarrbrowser.stores import Store

from .places import SENTINEL, OpenStore


@pytest.fixture(scope="session", autouse=True)
def quick_collection() -> Iterator[None]:
    """Every test looks for what it left behind; this keeps the modules out of that search."""
    for module in ("fsspec.implementations.http", "gcsfs.core", "moto.server", "s3fs"):
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def open_store(jp_asyncio_loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture) -> Iterator[OpenStore]:
    """Opens stores and closes them after the test; then nothing may be left behind, nor a secret in our logs."""
    complaints: list[dict[str, Any]] = []
    jp_asyncio_loop.set_exception_handler(lambda _, context: complaints.append(context))
    caplog.set_level(logging.DEBUG, "jupyterlab_zarrbrowser")
    opened: list[Store] = []

    def opener(config: EndpointConfig) -> Store:
        opened.append(stores.open_store(config))
        return opened[-1]

    yield opener

    async def close() -> None:
        for store in opened:
            await store.close()
        opened.clear()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others
        await asyncio.sleep(0)

    jp_asyncio_loop.run_until_complete(close())
    gc.collect()
    assert complaints == []
    ours = [record for record in caplog.records if record.name.startswith("jupyterlab_zarrbrowser")]
    assert not any(SENTINEL in record.getMessage() for record in ours)
