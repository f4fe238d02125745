"""Every route of the HTTP contract: docs/architecture.md, "HTTP"."""

from __future__ import annotations

from typing import Any

from jupyter_server.utils import url_path_join

from . import handlers, upload_handlers
from .browser import Browser
from .handlers import ReservedHandler, ZarrBrowserHandler
from .io_thread import IoThread

#: Named by the contract for a later version.
RESERVED = "(preview)"


def routes(browser: Browser, io: IoThread) -> list[tuple[str, type[ZarrBrowserHandler], dict[str, Any]]]:
    """Tornado's routes, relative to the server's base URL."""
    return [
        (url_path_join("/zarrbrowser/api", name), handler, {"browser": browser, "io": io})
        for name, handler in {**handlers.ROUTES, **upload_handlers.ROUTES, RESERVED: ReservedHandler}.items()
    ]
