"""What the panel can do, without a word of HTTP: the deep module behind the handlers.

Every method is a coroutine of the I/O thread's loop, is bounded in time, and raises :class:`BrowserError` only.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from . import wire
from .config import AnyEndpointConfig
from .errors import BrowserError
from .explorer import Explorer
from .formats import METADATA_NAMES
from .snippets import SNIPPETS
from .stores import Body, Range, Store, open_store
from .targets import target_of

_T = TypeVar("_T")

#: One gesture, however many requests it takes.
_GESTURE_S = 60

MAX_PAGE = 1000
MAX_KEYS = 200
MAX_KEY_LENGTH = 4096

#: Endpoints that an error names.
_NAMED_ENDPOINTS = 8

EndpointSpec = tuple[AnyEndpointConfig, wire.EndpointSource, wire.Scratch | None]


class _Endpoint:
    def __init__(self, spec: EndpointSpec, cache_s: float) -> None:
        self.config, self.source, self.scratch = spec
        self.store: Store = open_store(self.config)
        self.explorer = Explorer(self.store, cache_s)
        self.problem: wire.Problem | None = None
        self.was_asked = False

    def public(self) -> wire.Endpoint:
        return wire.Endpoint(
            id=self.config.id,
            title=self.config.shown_title,
            kind=self.config.kind,  # type: ignore[arg-type]
            url=self.store.uri(""),
            writable=self.config.writable,
            status="problem" if self.problem else "ok" if self.was_asked else "unchecked",
            source=self.source,
            problem=self.problem,
            scratch=self.scratch,
        )


class Browser:
    """The endpoints of one server.

    Parameters
    ----------
    specs
        Endpoints in the order in which the panel shows them. Ids are unique.
    cache_s
        Seconds for which an answer of a store is remembered.
    has_dask, has_cftime
        Whether cells may use them; None looks whether they are installed here.
    problem
        What is wrong with the configuration, if anything.
    """

    def __init__(
        self,
        specs: Sequence[EndpointSpec],
        *,
        cache_s: float = 300,
        has_dask: bool | None = None,
        problem: wire.Problem | None = None,
        has_cftime: bool | None = None,
    ) -> None:
        self._problem = problem
        self._specs = list(specs)
        self._cache_s = cache_s
        self._open: dict[str, _Endpoint] | None = None
        self._has_dask = importlib.util.find_spec("dask") is not None if has_dask is None else has_dask
        self._has_cftime = importlib.util.find_spec("cftime") is not None if has_cftime is None else has_cftime

    @property
    def _endpoints(self) -> dict[str, _Endpoint]:
        # Made on the loop that uses them.
        if self._open is None:
            self._open = {spec[0].id: _Endpoint(spec, self._cache_s) for spec in self._specs}
        return self._open

    async def endpoints(self) -> wire.Endpoints:
        """All endpoints with what is known of them; asks no store."""
        return wire.Endpoints(
            endpoints=[endpoint.public() for endpoint in self._endpoints.values()], problem=self._problem
        )

    async def children(
        self, endpoint: str, key: str, *, cursor: str | None, limit: int, prefix: str, refresh: bool
    ) -> wire.Children:
        """One page of a container. ``limit`` is 1 to 1000 rows; ``prefix`` filters names at the store."""
        which = self._endpoint(endpoint)
        _check_key(key)
        if key and not key.endswith("/"):
            raise BrowserError("bad_request", "A container's key ends in a slash.", "Only containers have children.")
        if not 1 <= limit <= MAX_PAGE:
            raise BrowserError("bad_request", f"`limit` must be 1 to {MAX_PAGE}.")
        if "/" in prefix:
            raise BrowserError("bad_request", "`prefix` is the beginning of a name and holds no slash.")
        return await _bounded(
            which,
            which.explorer.children(key, cursor=cursor, limit=limit, prefix=prefix, refresh=refresh),
        )

    async def nodes(self, endpoint: str, keys: list[str], *, refresh: bool) -> wire.Nodes:
        """Recognise at most 200 rows."""
        which = self._endpoint(endpoint)
        if len(keys) > MAX_KEYS:
            raise BrowserError("bad_request", f"At most {MAX_KEYS} keys at a time.")
        for key in keys:
            _check_key(key)
        return wire.Nodes(items=await _bounded(which, which.explorer.nodes(keys, refresh=refresh)))

    async def node(self, endpoint: str, key: str, *, refresh: bool) -> wire.Node:
        """Everything about one node."""
        which = self._endpoint(endpoint)
        _check_key(key)
        return await _bounded(which, which.explorer.node(key, refresh=refresh))

    async def node_at(self, url: str, current: str | None, *, refresh: bool) -> wire.Node:
        """The node at an address, or at a path inside the endpoint ``current``.

        Raises
        ------
        BrowserError
            ``outside_endpoints`` where no endpoint holds the address, and what :meth:`node` raises.
        """
        candidates = self._candidates(url.lstrip().rstrip("\r\n"), current)
        if not candidates:
            raise BrowserError(
                "outside_endpoints", f"No endpoint holds this address. The panel reaches {self._reach()}."
            )
        refusals: list[BrowserError] = []
        for which, key in candidates:
            _check_key(key)
            try:
                return await _bounded(which, which.explorer.node(key, refresh=refresh, hurry=True))
            except BrowserError as exc:
                # The others are tried on the chance that they hold it; what the first says is the reason.
                refusals.append(exc)
        raise refusals[0]

    def _reach(self) -> str:
        """Where addresses may lie, in words, for somebody who typed one that lies elsewhere."""
        places = [
            f"{each.config.shown_title} ({_beginning(each.config, each.store.uri(''))})"
            for each in self._endpoints.values()
        ]
        more = f" and {len(places) - _NAMED_ENDPOINTS} more" if len(places) > _NAMED_ENDPOINTS else ""
        return ", ".join(places[:_NAMED_ENDPOINTS]) + more if places else "nothing yet"

    def _candidates(self, url: str, current: str | None) -> list[tuple[_Endpoint, str]]:
        """Endpoints that hold an address, the current one first, then the one with the longest root."""
        if not url:
            raise BrowserError("bad_request", "Type an address, such as s3://bucket/path.")
        first = self._endpoints.get(current or "")
        found = [(each, key) for each in self._endpoints.values() if (key := each.store.key_of(url)) is not None]
        found.sort(key=lambda pair: (pair[0] is not first, -len(pair[0].store.uri(""))))
        if not found and "://" not in url:
            if first is None:
                raise BrowserError("bad_request", "Choose an endpoint first, or type a whole address.")
            if first.config.kind == "local" and url.startswith(("/", "~")):
                return []  # an absolute path that does not lie in the folder
            found = [(first, url.lstrip("/"))]
        return [(each, _container_of(key)) for each, key in found]

    async def snippets(self, endpoint: str, key: str) -> wire.Snippets:
        """Code that opens a node, best first; empty where there is nothing to open."""
        which = self._endpoint(endpoint)
        _check_key(key)
        target = await _bounded(
            which, target_of(which.explorer, key, has_dask=self._has_dask, has_cftime=self._has_cftime)
        )
        return wire.Snippets(
            snippets=[
                wire.Snippet(id=snippet.id, label=snippet.label(target), language="python", code=snippet.render(target))
                for snippet in SNIPPETS
                if snippet.applies(target)
            ]
        )

    async def download(self, endpoint: str, key: str, wanted: Range | None) -> Body:
        """An object on its way, or part of it. The caller closes it.

        Raises
        ------
        BrowserError
            ``bad_range`` where the object has no such part, and what :meth:`node` raises.
        """
        which = self._endpoint(endpoint)
        _check_key(key)
        if not key or key.endswith("/"):
            raise BrowserError("bad_request", "Only objects can be downloaded.", "Choose one object.")
        return await _bounded(which, which.store.read(key, wanted))

    async def close(self) -> None:
        """Give all connections back."""
        if self._open is not None:
            await asyncio.gather(*(each.store.close() for each in self._open.values()), return_exceptions=True)

    def _endpoint(self, endpoint: str) -> _Endpoint:
        found = self._endpoints.get(endpoint)
        if found is None:
            raise BrowserError(
                "unknown_endpoint",
                "This endpoint is not configured (any more).",
                "Reload the panel to see the endpoints that are.",
            )
        return found


def _beginning(config: AnyEndpointConfig, uri: str) -> str:
    """What addresses of an endpoint begin with; where that is every bucket of a service, which service."""
    service = getattr(config, "endpoint_url", None)
    return f"{uri} at {service}" if service else uri


def _check_key(key: str) -> None:
    if len(key) > MAX_KEY_LENGTH:
        raise BrowserError("bad_request", f"A key has at most {MAX_KEY_LENGTH} characters.")
    if "\0" in key:
        raise BrowserError("bad_request", "A key holds no NUL character.")


def _container_of(key: str) -> str:
    """Addresses are often copied from a metadata document; what is meant is what it describes."""
    head, slash, name = key.rpartition("/")
    return head + slash if name in METADATA_NAMES else key


async def _bounded(which: _Endpoint, work: Coroutine[Any, Any, _T]) -> _T:
    try:
        async with asyncio.timeout(_GESTURE_S):
            result = await work
    except TimeoutError as exc:
        raise BrowserError("timeout", f"{which.config.shown_title} did not answer within {_GESTURE_S} s.") from exc
    except BrowserError as exc:
        which.was_asked = True
        which.problem = exc.problem() if exc.code in _ENDPOINT_WIDE else which.problem
        raise
    which.was_asked = True
    which.problem = None
    return result


#: Errors that mean the whole endpoint and not one row.
_ENDPOINT_WIDE = frozenset(
    {
        "credentials_missing",
        "credentials_invalid",
        "credentials_expired",
        "wrong_endpoint",
        "clock_skew",
        "timeout",
        "tls",
        "unreachable",
    }
)
