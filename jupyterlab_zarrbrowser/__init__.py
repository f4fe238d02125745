"""Browse and open Zarr in object stores, from JupyterLab's sidebar."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

__all__ = ["__version__"]

#: The version is kept in package.json only; the installed distribution knows it.
__version__ = version("jupyterlab_zarrbrowser")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyterlab_zarrbrowser"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .app import ZarrBrowser  # noqa: PLC0415  (the prebuilt front end is found without importing the server)

    return [{"module": "jupyterlab_zarrbrowser", "app": ZarrBrowser}]
