"""What the panel can do, without a word of HTTP: the deep module behind the handlers.

Every method is a coroutine of the I/O thread's loop, is bounded in time, and raises :class:`BrowserError` only.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from . import wire
from .archives import objects_of, zip_of
from .cache import Cache
from .cells import cell_that_copies, cell_that_deletes
from .concurrency import gather
from .config import AnyEndpointConfig, LocalConfig
from .discovery import Offered
from .errors import BrowserError
from .expiry import moment_of, text_of
from .explorer import Explorer
from .formats import METADATA_NAMES
from .history import Note, UsageHistory
from .jobs import Jobs
from .keys import ancestors_of, parent_of
from .puts import Puts
from .scratch import Lifetimes, keep_of, location_of
from .snippets import SNIPPETS
from .stores import Body, Range, Store, open_store
from .targets import target_of
from .transfers import Copy, Deletion, Renewal
from .uploads import GRACE_HOURS, Uploads
from .usage import UsageScan

_T = TypeVar("_T")

#: One gesture, however many requests it takes.
_GESTURE_S = 60

#: Names the files of the Jupyter server itself. No endpoint can have this id.
FILES = "~"

MAX_PAGE = 1000
MAX_KEYS = 200
MAX_KEY_LENGTH = 4096

#: Endpoints that an error names.
_NAMED_ENDPOINTS = 8

#: Places of which it is remembered how their keys are spread, and for how long.
_MARKED_PLACES = 100
_MARKS_S = 7 * 86_400

#: How often scratch is counted by itself, how many listings are in flight meanwhile, and up to how many objects.
_DAY = timedelta(days=1)
_QUIETLY = 4
DAILY_OBJECTS = 200_000

#: Objects after which a count ends, if the administrator says nothing.
MAX_USAGE_OBJECTS = 100_000_000


#: Above this a copy takes the Jupyter server longer than most people want to wait.
CLUSTER_BYTES = 100 * 10**9


class _Endpoint:
    def __init__(self, spec: Offered, cache_s: float) -> None:
        self.config, self.source, self.scratch = spec
        self.store: Store = open_store(self.config)
        self._cache_s = cache_s
        self.explorer = Explorer(self.store, cache_s)
        self.problem: wire.Problem | None = None
        self.was_asked = False

    def forget(self) -> None:
        """Ask the store anew from now on."""
        self.explorer = Explorer(self.store, self._cache_s)

    def public(self) -> wire.Endpoint:
        return wire.Endpoint(
            id=self.config.id,
            title=self.config.shown_title,
            kind=self.config.kind,  # type: ignore[arg-type]
            url=self.store.uri(""),
            writable=bool(self.config.writable),
            writable_prefixes=self.config.writable if isinstance(self.config.writable, list) else None,
            creates_buckets=self.config.creates_buckets and self.store.has_buckets and self.config.writable is True,
            status="problem" if self.problem else "ok" if self.was_asked else "unchecked",
            source=self.source,
            problem=self.problem,
            scratch=self._public_scratch(),
        )

    def _public_scratch(self) -> wire.Scratch | None:
        place = self.scratch
        if place is None:
            return None
        return wire.Scratch(variable=place.variable, lifetime_days=place.lifetime_days, own_key=place.own_key)

    def check_writable(self, key: str) -> None:
        """Raise BrowserError (``read_only``) where what lies at ``key`` may not be changed."""
        if not self.config.allows_writing(key):
            where = self.store.uri(key)
            own = self.config.writable if isinstance(self.config.writable, list) else []
            hint = f"You may write below {self.store.uri(own[0])}." if own else ""
            raise BrowserError("read_only", f"{where} can only be read.", hint)


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
    remarks
        What users should know of where their scratch lies.
    history
        Folder in which counts are remembered; None remembers none.
    max_usage_objects
        Objects after which a count ends and says "at least".
    cluster_bytes
        Bytes from which on the panel offers a cell that copies on a Dask cluster.
    count_scratch_objects
        Objects up to which the user's own scratch is counted by itself, once a day; 0 for never.
    upload_grace_s
        Seconds after which an upload that was interrupted is taken back.
    files
        Folder of JupyterLab's file browser, from and to which jobs may copy; empty where it is no folder.
    """

    def __init__(
        self,
        specs: Sequence[Offered],
        *,
        cache_s: float = 300,
        has_dask: bool | None = None,
        problem: wire.Problem | None = None,
        has_cftime: bool | None = None,
        remarks: Sequence[wire.Health] = (),
        history: Path | None = None,
        max_usage_objects: int = MAX_USAGE_OBJECTS,
        cluster_bytes: int = CLUSTER_BYTES,
        count_scratch_objects: int = 0,
        upload_grace_s: float = GRACE_HOURS * 3600,
        files: str = "",
    ) -> None:
        self._problem = problem
        self._remarks = list(remarks)
        self._history = UsageHistory(history)
        self._uploads = Uploads(history, upload_grace_s, self._store_of)
        #: What can be put, and where.
        self.puts = Puts(self._uploads, self._endpoint)
        self._files = files
        self._lifetimes = Lifetimes()
        self._marks: Cache[str, list[str]] = Cache(_MARKED_PLACES, _MARKS_S)
        self._max_usage_objects = max_usage_objects
        self._cluster_bytes = cluster_bytes
        self._daily_objects = min(count_scratch_objects, max_usage_objects) if history is not None else 0
        self._daily: dict[str, tuple[asyncio.Task[None], datetime]] = {}
        self._jobs: Jobs | None = None
        self._specs = list(specs)
        self._cache_s = cache_s
        self._open: dict[str, _Endpoint] | None = None
        self._own_files: _Endpoint | None = None
        self._has_dask = importlib.util.find_spec("dask") is not None if has_dask is None else has_dask
        self._has_cftime = importlib.util.find_spec("cftime") is not None if has_cftime is None else has_cftime

    @property
    def _endpoints(self) -> dict[str, _Endpoint]:
        # Made on the loop that uses them.
        if self._open is None:
            self._open = {spec[0].id: _Endpoint(spec, self._cache_s) for spec in self._specs}
        return self._open

    def _store_of(self, endpoint: str) -> Store | None:
        found = self._endpoints.get(endpoint)
        return None if found is None else found.store

    async def endpoints(self) -> wire.Endpoints:
        """All endpoints with what is known of them; asks no store."""
        # Whoever opens the panel also has taken back what nobody has gone on with.
        await self._uploads.load()
        self._count_daily()
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

    @property
    def remarks(self) -> list[wire.Health]:
        """What users should know of where their scratch lies."""
        return self._remarks

    def _reach(self) -> str:
        """Where addresses may lie, in words, for somebody who typed one that lies elsewhere."""
        places = [
            f"{each.config.shown_title} ({_beginning(each.config, each.store.uri(''))})"
            for each in self._endpoints.values()
        ]
        more = f" and {len(places) - _NAMED_ENDPOINTS} more" if len(places) > _NAMED_ENDPOINTS else ""
        return ", ".join(places[:_NAMED_ENDPOINTS]) + more if places else "nothing yet"

    def locate(self, place: str) -> tuple[str, str, str]:
        """Endpoint, key and address of a container that is named by its address or the id of its endpoint.

        Raises
        ------
        BrowserError
            ``outside_endpoints`` where no endpoint holds it.
        """
        which = self._endpoints.get(place)
        if which is not None:
            return place, "", which.store.uri("")
        candidates = self._candidates(place if place.endswith("/") else f"{place}/", None)
        if not candidates:
            known = f"Those that are known: {self._reach()}." if self._endpoints else "None is configured."
            raise BrowserError("outside_endpoints", f"No endpoint holds this address. {known}")
        which, key = candidates[0]
        return which.config.id, key, which.store.uri(key)

    def _candidates(self, url: str, current: str | None) -> list[tuple[_Endpoint, str]]:
        """Endpoints that hold an address, the current one first, then the one with the longest root."""
        if not url:
            raise BrowserError("bad_request", "Type an address, such as s3://bucket/path.")
        scheme, separator, rest = url.partition("://")
        if separator:
            url = scheme.lower() + separator + rest
        first = self._endpoints.get(current or "")
        found = [(each, key) for each in self._endpoints.values() if (key := each.store.key_of(url)) is not None]
        found.sort(key=lambda pair: (pair[0] is not first, -len(pair[0].store.uri(""))))
        if not found and "://" not in url:
            if first is None:
                raise BrowserError("bad_request", "Choose an endpoint first, or type a whole address.")
            if first.config.kind == "local" and url.startswith(("/", "~")):
                return []  # an absolute path that does not lie in the folder
            if url.startswith(("./", "../")):
                beginning = first.store.uri("")
                raise BrowserError("bad_request", "`.` and `..` lead nowhere.", f"Type the path below {beginning}.")
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

    async def copy_snippets(self, endpoint: str, key: str, to_endpoint: str, to_key: str) -> wire.Snippets:
        """The cell that copies a container on a Dask cluster, or writes a file of another format as a store."""
        which, target = self._endpoint_or_files(endpoint), self._endpoint_or_files(to_endpoint)
        _check_key(key)
        _check_key(to_key)
        target.check_writable(to_key)
        return wire.Snippets(
            snippets=[cell_that_copies(which.store, key, target.store, to_key, has_dask=self._has_dask)]
        )

    async def delete_snippets(self, endpoint: str, key: str) -> wire.Snippets:
        """The cell that deletes a container on a Dask cluster."""
        which = self._endpoint(endpoint)
        _check_key(key)
        which.check_writable(key)
        _check_is_no_bucket(which, key)
        return wire.Snippets(snippets=[cell_that_deletes(which.store, key)])

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
            raise BrowserError("bad_request", "Nothing to download.", "Choose a folder or an object.")
        return await _bounded(which, which.store.read(key, wanted))

    async def archive(self, endpoint: str, key: str) -> AsyncIterator[bytes]:
        """A container and all below it as a zip file, in pieces. The caller closes it.

        Raises
        ------
        BrowserError
            ``too_large``, ``not_found``, ``list_unsupported``, and while it is read what :meth:`download` raises.
        """
        which = self._endpoint(endpoint)
        _check_key(key)
        return zip_of(which.store, key, await _bounded(which, objects_of(which.store, key)))

    async def scratch(self) -> wire.ScratchLocations:
        """Where this user's scratch lies, and what the last count of it said."""
        places = [each for each in self._endpoints.values() if each.scratch is not None]
        keep = [
            each.store
            for each in self._endpoints.values()
            if each.config.writable and each.scratch is None and each.store.can_scan
        ]
        return wire.ScratchLocations(
            locations=list(await gather(self._location(each, keep) for each in places)),
            remarks=self._remarks,
            keep=[each.id for each in keep],
            cluster_bytes=self._cluster_bytes,
        )

    async def _location(self, which: _Endpoint, keep: list[Store]) -> wire.ScratchLocation:
        assert which.scratch is not None
        key = which.scratch.own_key
        store = which.store
        lifetime = await self._lifetimes.of(store, key, which.scratch)
        usage = await self._history.last(_place(store, key))
        writable = which.config.allows_writing(key)
        title, near = which.config.shown_title, keep_of(store, keep)
        return await location_of(store, title, writable, which.scratch, lifetime, usage, near)

    async def start(self, request: wire.JobRequest) -> wire.Job:
        """Begin a job. Rights are checked before anything is read.

        Raises
        ------
        BrowserError
            ``read_only``, ``bad_request``, ``unknown_endpoint``, ``throttled``.
        """
        which = (
            self._endpoint_or_files(request.endpoint) if request.kind == "copy" else self._endpoint(request.endpoint)
        )
        _check_key(request.key)
        match request.kind:
            case "usage":
                return await self._start_usage(which, request)
            case "delete":
                which.check_writable(request.key)
                _check_is_no_bucket(which, request.key)
                deletion = Deletion(which.store, request.key, request.max_objects)
                return self.jobs.start(request, lambda: self._changing(which, deletion.run()), deletion.progress)
            case "copy":
                return self._start_copy(which, request)
            case "renew":
                which.check_writable(request.key)
                if which.scratch is None or not which.scratch.config.renewable:
                    raise BrowserError("read_only", "The clock may not be reset here.", "Keep it in another place.")
                renewal = Renewal(which.store, request.key)
                return self.jobs.start(request, lambda: self._changing(which, renewal.run()), renewal.progress)

    async def _start_usage(self, which: _Endpoint, request: wire.JobRequest) -> wire.Job:
        key, store = request.key, which.store
        if key and not key.endswith("/"):
            raise BrowserError("bad_request", "A container's key ends in a slash.", "Only containers are counted.")
        if not store.can_scan or (store.has_buckets and not key):
            raise BrowserError("list_unsupported", f"{store.title} cannot be counted as a whole.", "Choose a bucket.")
        scan: UsageScan | None = None

        async def run() -> wire.Usage:
            nonlocal scan
            scan = await self._scan(which, key, self._max_usage_objects)
            usage = await scan.run()
            self._marks.put(_place(store, key), scan.marks)
            return await self._history.keep(_place(store, key), usage)

        unbegun = wire.JobProgress(requests=0)
        return self.jobs.start(request, run, lambda: scan.progress() if scan is not None else unbegun)

    async def _scan(self, which: _Endpoint, key: str, max_objects: int, most_at_once: int | None = None) -> UsageScan:
        place = _place(which.store, key)
        notes = await self._history.notes()
        return UsageScan(
            which.explorer,
            key,
            await self._lifetimes.of(which.store, key, which.scratch),
            max_objects=max_objects,
            previous=await self._history.last(place),
            hints=self._marks.get(place),
            note_of=lambda each: notes.get(_place(which.store, each)),
            most_at_once=most_at_once,
        )

    def _count_daily(self) -> None:
        """Count the user's own scratch in the background, once a day, so that there is something to remind of."""
        if not self._daily_objects:
            return
        now = datetime.now(UTC)
        for name, which in self._endpoints.items():
            before = self._daily.get(name)
            if which.scratch is None or not which.scratch.is_own or not which.store.can_scan:
                continue
            if before is None or now - before[1] >= _DAY:
                self._daily[name] = asyncio.create_task(self._count_quietly(which, which.scratch.own_key, now)), now

    async def _count_quietly(self, which: _Endpoint, key: str, now: datetime) -> None:
        place = _place(which.store, key)
        last = await self._history.last(place)
        # What is larger than that is counted when somebody asks for it.
        if last is not None and (last.objects >= self._daily_objects or now - moment_of(last.as_of) < _DAY):
            return
        # Whoever is not there, or may not be asked, says so when somebody looks at it.
        with contextlib.suppress(BrowserError):
            usage = await (await self._scan(which, key, self._daily_objects, _QUIETLY)).run()
            # Somebody may have counted meanwhile; and less than is known is not worth remembering.
            if await self._history.last(place) == last and not (usage.is_lower_bound and last is not None):
                await self._history.keep(place, usage)

    def _start_copy(self, which: _Endpoint, request: wire.JobRequest) -> wire.Job:
        if request.to_key is None:
            raise BrowserError("bad_request", "`toKey` is missing.", "Say where the copy should lie.")
        target = self._endpoint_or_files(request.to_endpoint or request.endpoint)
        key, to_key = request.key, request.to_key
        _check_key(to_key)
        target.check_writable(to_key)
        if request.if_exists == "rename":
            # Another name beside it, which must not be one beside the user's own prefix.
            target.check_writable(f"{parent_of(to_key)}?")
        if request.delete_source:
            which.check_writable(key)
            _check_is_no_bucket(which, key)
        if key.endswith("/") != to_key.endswith("/") or not key or not to_key:
            raise BrowserError("bad_request", "A folder is copied to a folder, an object to an object.")
        if which.store.shares_service(target.store):  # else the copy itself finds out
            place, to_place = which.store.uri(key), target.store.uri(to_key)
            if key.endswith("/") and (to_place.startswith(place) or place.startswith(to_place)):
                raise BrowserError("bad_request", "A folder cannot be copied into itself.", "Choose another place.")
            if place == to_place:
                raise BrowserError("bad_request", "It lies there already.", "Choose another place.")
        copy = Copy(which.store, key, target.store, to_key, request.if_exists, delete_source=request.delete_source)

        async def run() -> wire.Transferred:
            known = await self._known_of(which, key)
            copied = await self._changing(target, copy.run(), which)
            if known is not None:
                await self._history.note(_place(target.store, copied.key), known)
            return copied

        return self.jobs.start(request, run, copy.progress)

    async def _known_of(self, which: _Endpoint, key: str) -> Note | None:
        """What the last count of a store says of its chunks, for the copy of it: that tells nothing by its dates."""
        for place in reversed(ancestors_of(key)):
            usage = await self._history.last(_place(which.store, place))
            row = next((each for each in usage.rows if each.key == key), None) if usage is not None else None
            if usage is None or row is None or row.chunks is None:
                continue
            now, chunks = datetime.now(UTC), row.chunks
            lifetime = await self._lifetimes.of(which.store, key, which.scratch)
            days = lifetime.shortest(key)
            age_days = (now - moment_of(usage.as_of)).total_seconds() / 86_400
            if chunks.verdict == "never_written" and days is not None and age_days >= days:
                # What was written since the count may have gone by now.
                chunks = msgspec.structs.replace(chunks, verdict="unknown")
            return Note(chunks=chunks, as_of=usage.as_of, noted_at=text_of(now))
        return None

    async def _changing(self, which: _Endpoint, work: Coroutine[Any, Any, _T], other: _Endpoint | None = None) -> _T:
        """What was remembered of an endpoint may be wrong afterwards, however the work ends."""
        try:
            return await work
        finally:
            for each in {which, other or which}:
                each.forget()

    @property
    def jobs(self) -> Jobs:
        """Work that outlives a request."""
        # Made on the loop that uses it.
        if self._jobs is None:
            self._jobs = Jobs()
        return self._jobs

    async def close(self) -> None:
        """End all jobs and give all connections back."""
        if self._jobs is not None:
            await self._jobs.close()
        counts = [task for task, _ in self._daily.values()]
        for task in counts:
            task.cancel()
        await asyncio.gather(*counts, return_exceptions=True)
        await self._uploads.close()
        if self._open is not None:
            every = [*self._open.values(), *([self._own_files] if self._own_files else [])]
            await asyncio.gather(*(each.store.close() for each in every), return_exceptions=True)

    def _endpoint_or_files(self, endpoint: str) -> _Endpoint:
        """An endpoint, or the Jupyter server's own files: those are copied from and to, and not browsed here."""
        if endpoint != FILES:
            return self._endpoint(endpoint)
        if self._own_files is None:
            if not self._files:
                raise BrowserError("unknown_endpoint", "The files of this Jupyter server are not in a folder.")
            config = LocalConfig(id=FILES, title="My files", root=self._files, writable=True)
            self._own_files = _Endpoint(Offered(config, "server", None), self._cache_s)
        return self._own_files

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


def _place(store: Store, key: str) -> str:
    """What counts are remembered by: two services may have a bucket of the same name."""
    return f"{store.id}\n{key}\n{store.uri(key)}"


def _check_is_no_bucket(which: _Endpoint, key: str) -> None:
    if not key or (which.store.has_buckets and not key.partition("/")[2]):
        raise BrowserError("bad_request", "A bucket is not deleted from here.", "Choose what lies in it.")


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
