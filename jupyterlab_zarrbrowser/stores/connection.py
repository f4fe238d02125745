"""One client for all requests of a store: made on first use, closed when nobody wants or uses it any longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, TypeVar

from ..errors import BrowserError

_C = TypeVar("_C")


class _Held(Generic[_C]):
    def __init__(self, client: _C) -> None:
        self.client = client
        self.users = 0


class Connection(Generic[_C]):
    """A client that requests share.

    Parameters
    ----------
    make
        Makes a client. Never runs twice at once.
    close
        Gives a client's sockets back.
    """

    def __init__(self, make: Callable[[], Awaitable[_C]], close: Callable[[_C], Awaitable[None]]) -> None:
        self._make = make
        self._close = close
        self._held: _Held[_C] | None = None
        self._making = asyncio.Lock()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[_C]:
        """The client, for one request."""
        async with self._making:
            if self._held is None:
                self._held = _Held(await self._make())
            held = self._held
        held.users += 1
        try:
            yield held.client
        finally:
            held.users -= 1
            if held is not self._held and held.users == 0:
                await self._close(held.client)

    async def forget(self) -> None:
        """Let the next request make a new client. Requests under way keep the old one until they end."""
        held, self._held = self._held, None
        if held is not None and held.users == 0:
            await self._close(held.client)

    async def close(self) -> None:
        """Close at once, whoever still uses the client."""
        held, self._held = self._held, None
        if held is not None:
            # Those who still use it must not close it again.
            held.users += 1
            await self._close(held.client)


def ca_file(path: str, title: str) -> str:
    """A configured file of certificate authorities, with ``~`` replaced."""
    found = Path(path).expanduser()
    if not found.is_file():
        raise BrowserError("tls", f"The file `ca_bundle` of {title} does not exist.")
    return str(found)
