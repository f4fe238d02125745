"""Files on their way from a browser to a store: small ones many at a time, large ones in parts, over days if need be.

Nothing is kept here but what was begun. A part is in memory while it is sent and nowhere else, and what was begun and
not ended is taken back after a grace time, so that nobody pays for ever for parts that nobody can see.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
import uuid
import zlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from . import wire
from .concurrency import SingleFlight, gather
from .errors import BrowserError
from .expiry import text_of
from .keys import parent_of
from .scan import patiently
from .stores import Store
from .stores.uploads import MAX_PART_BYTES, Begun, ObjectUploads, Part, StoredPart
from .taken import found_at, free_name
from .upload_sessions import Arrived, Session, SessionFiles

#: Files of a batch, and their bytes.
MAX_BATCH_FILES = 500
MAX_BATCH_BYTES = 8 * 2**20

#: Seconds in which a store begins an upload and says so; later, whoever asked has ended.
_UNHEARD_S = 600

#: Seconds by which a store's clock may go before ours, where both are kept by NTP. Dates are of whole seconds.
_SKEW_S = 2

#: Seconds by which the clocks of store and server may differ, where it is asked whether both speak of one event.
_AT_ONCE_S = 600

#: After these, a store may have done what it was asked for.
_UNANSWERED = frozenset({"timeout", "unreachable", "store_error"})

#: Keys in one question of what is taken.
MAX_TAKEN_KEYS = 10_000

#: Hours after which what was begun and not ended is taken back, if the administrator says nothing.
GRACE_HOURS = 24

#: Uploads that may be unfinished at a time.
_MAX_SESSIONS = 1000

#: Those that ended and are remembered, for a client that did not hear of it.
_MAX_ENDED = 1000

#: Seconds between two looks for what is too old.
_SWEEP_S = 600

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Live:
    """An upload under way."""

    session: Session
    store: Store
    parts: dict[int, StoredPart]
    touched_at: float
    under_way: set[asyncio.Task[Any]] = field(default_factory=set)
    is_over: bool = False

    @property
    def count(self) -> int:
        return -(-self.session.size // self.session.part_size)

    def size_of(self, number: int) -> int:
        size, part = self.session.size, self.session.part_size
        return min(part, size - (number - 1) * part)


class Uploads:
    """The uploads of one server. Everything runs on the I/O thread's loop.

    Parameters
    ----------
    folder
        Where what was begun is remembered; None remembers it as long as the process lives.
    grace_s
        Seconds after which what was begun and does not go on is taken back.
    store_of
        The store of an endpoint by its id, None where there is none (any more).
    """

    def __init__(self, folder: Path | None, grace_s: float, store_of: Callable[[str], Store | None]) -> None:
        self._files = SessionFiles(None if folder is None else folder / "uploads")
        self._arrived = Arrived(None if folder is None else folder / "arrived.txt", grace_s)
        self._grace_s, self._store_of = grace_s, store_of
        self._live: dict[str, _Live] = {}
        self._ended: OrderedDict[str, wire.Uploaded] = OrderedDict()
        self._foreign: dict[str, tuple[Store, Begun]] = {}
        self._beginning: SingleFlight[tuple[str, str, int, int, bool], _Live] = SingleFlight()
        self._loading = asyncio.Lock()
        self._sweeper: asyncio.Task[None] | None = None

    # -- what is there --------------------------------------------------------------------------------------------

    async def taken(self, store: Store, keys: Sequence[str], *, free_names: bool) -> wire.Taken:
        """Which keys hold something already; in order. Containers do where anything lies below them.

        Costs a request for 1,000 neighbours or fewer, and nothing for those behind the last that is there.
        """
        found = await found_at(store, keys)
        there = [key for key in dict.fromkeys(keys) if key in found]
        free = await gather(free_name(store, key) for key in there) if free_names else [None] * len(there)
        answer = []
        for key, name in zip(there, free, strict=True):
            size, modified = found[key]
            known = await self._arrived.get(_place(store, key))
            # Something else of the same length may lie there since.
            is_same = known is not None and known.size == size and _seconds(modified) <= known.at + _SKEW_S
            answer.append(
                wire.TakenKey(
                    key=key,
                    size_bytes=size,
                    modified_ms=known.modified_ms if known is not None and is_same else None,
                    free_key=name,
                )
            )
        return wire.Taken(taken=answer)

    # -- small files ----------------------------------------------------------------------------------------------

    async def batch(
        self, store: Store, files: Sequence[tuple[wire.BatchFile, memoryview]], replace: bool
    ) -> wire.BatchResult:
        """Put small files, several at a time. Each that fails says why; the others are there, whole."""
        puts = _uploads_of(store)

        arrived: list[tuple[str, int, int]] = []

        async def one(file: wire.BatchFile, part: memoryview) -> BrowserError | None:
            if zlib.crc32(part) != file.crc32:
                return _damaged()
            data = bytes(part)  # of few files at a time
            try:
                await patiently(lambda: puts.put(file.key, data, _media_type(file.media_type), replace=replace))
            except BrowserError as exc:
                return exc
            arrived.append((_place(store, file.key), file.size_bytes, file.modified_ms))
            return None

        try:
            errors = await gather((one(file, data) for file, data in files), store.scan_concurrency)
        finally:
            # Also where the tab is closed meanwhile: the same files, offered again, are known then.
            await asyncio.shield(self._arrived.add(arrived))
        return wire.BatchResult(
            problems=[
                wire.BatchProblem(key=file.key, problem=error.problem())
                for (file, _), error in zip(files, errors, strict=True)
                if error is not None
            ]
        )

    # -- large ones -----------------------------------------------------------------------------------------------

    async def begin(self, store: Store, asked: wire.UploadRequest) -> wire.Upload:
        """Begin an upload, or go on with one of the same file to the same place.

        Raises
        ------
        BrowserError
            ``exists``, ``throttled`` where too many are unfinished, and what :meth:`ObjectUploads.begin` raises.
        """
        await self._load()
        part_size = _uploads_of(store).part_size(asked.size_bytes)
        if part_size > MAX_PART_BYTES:
            raise BrowserError("too_large", f"{store.title} cannot hold a file of this size.", "Write it as Zarr.")
        same = (asked.endpoint, asked.key, asked.size_bytes, asked.modified_ms, asked.replace)
        # Of two pages that offer the same file, the second joins the first.
        return self._public(await self._beginning.run(same, lambda: self._begin(store, asked)))

    async def _begin(self, store: Store, asked: wire.UploadRequest) -> _Live:
        uploads = _uploads_of(store)
        for live in list(self._live.values()):
            session = live.session
            if session.token is None:
                continue  # another request waits for it, or nobody does any more
            if (session.uri, session.size, session.modified_ms) != (
                store.uri(asked.key),
                asked.size_bytes,
                asked.modified_ms,
            ) or session.endpoint != store.id:
                continue
            if live.is_over or (session.replace != asked.replace and uploads.parallel == 1):
                # It was to be given up; or whether it may replace was said when it was begun.
                await self._give_up(live)
                continue
            parts = [live.parts[number] for number in sorted(live.parts)]
            try:
                still = await patiently(partial(uploads.has, session.key, session.token or "", parts))
            except BrowserError as exc:
                if exc.code != "not_found":
                    raise
                await self._end(live)
                continue
            # Others may have arrived since.
            for gone in {part.number for part in parts} - {part.number for part in still}:
                live.parts.pop(gone, None)
            if session.replace != asked.replace:
                live.session = msgspec.structs.replace(session, replace=asked.replace)
                await self._written(live.session, list(live.parts.values()))
            live.touched_at = time.time()
            return live
        if len(self._live) >= _MAX_SESSIONS:
            hint = "Go on with them, or remove them from the list of unfinished uploads."
            raise BrowserError("throttled", f"{_MAX_SESSIONS:,} uploads are unfinished.", hint)
        return await asyncio.shield(asyncio.ensure_future(self._begin_anew(store, uploads, asked)))

    async def _begin_anew(self, store: Store, uploads: ObjectUploads, asked: wire.UploadRequest) -> _Live:
        """Not to be cancelled: of an upload whose token was not heard, nobody could take back the parts."""
        session = Session(
            id=uuid.uuid4().hex,
            endpoint=store.id,
            key=asked.key,
            uri=store.uri(asked.key),
            size=asked.size_bytes,
            modified_ms=asked.modified_ms,
            replace=asked.replace,
            part_size=uploads.part_size(asked.size_bytes),
            token=None,
            started_at=time.time(),
        )
        live = _Live(session, store, {}, time.time())
        await self._written(session)
        attempts = 0

        def attempt() -> Coroutine[Any, Any, str]:
            nonlocal attempts
            attempts += 1
            return uploads.begin(asked.key, asked.size_bytes, _media_type(asked.media_type), replace=asked.replace)

        try:
            token = await patiently(attempt)
        except BrowserError as exc:
            if attempts == 1 and exc.code not in _UNANSWERED:
                await self._files.forget(session)
            else:
                with contextlib.suppress(BrowserError):  # the next sweep does it
                    await self._give_up_unheard(live)
            raise
        live.session = msgspec.structs.replace(session, token=token)
        self._live[session.id] = live
        try:
            await self._written(live.session)
        except BrowserError:
            await self._give_up(live)
            raise
        if attempts > 1:
            # The store may have begun one each time, and only its answers were lost. Not every user may list them.
            with contextlib.suppress(BrowserError):
                await self._take_back_unheard(live.session, store)
        return live

    async def get(self, upload_id: str) -> wire.Upload:
        """Raises BrowserError (``not_found``) for an upload that has ended, or that there never was."""
        await self._load()
        return self._public(self._of(upload_id))

    async def place_of(self, upload_id: str) -> tuple[str, str]:
        """Endpoint and key of an upload. Raises as :meth:`get`."""
        await self._load()
        if upload_id in self._foreign:
            store, begun = self._foreign[upload_id]
            return store.id, begun.key
        if upload_id in self._ended:
            return self._ended[upload_id].endpoint, self._ended[upload_id].key
        session = self._of(upload_id).session
        return session.endpoint, session.key

    async def put_part(self, upload_id: str, number: int, crc32: int, data: bytes) -> wire.UploadPart:
        """Hand a part on to the store; what passes is tried again.

        Raises
        ------
        BrowserError
            ``not_found`` where the upload was given up, ``corrupted`` where the bytes are not those that the browser
            read, ``bad_request`` for a part of another size or out of its turn.
        """
        await self._load()
        live = self._of(upload_id)
        session = live.session
        if not 1 <= number <= live.count or len(data) != live.size_of(number):
            expected = live.size_of(number) if 1 <= number <= live.count else 0
            raise BrowserError(
                "bad_request", f"Part {number:,} has {len(data):,} bytes and should have {expected:,}.", "Begin again."
            )
        if await asyncio.to_thread(zlib.crc32, data) != crc32:
            raise _damaged()
        uploads = _uploads_of(live.store)
        done = live.parts.get(number)
        if done is not None and done.crc32 == crc32:
            return wire.UploadPart(number=number, crc32=crc32)
        if uploads.parallel == 1 and number != len(live.parts) + 1:
            if done is not None:
                # What the store has cannot be taken back one by one.
                await self._give_up(live)
                message = "The file has changed since it was begun."
                raise BrowserError("not_found", message, "Send it from its beginning.")
            raise BrowserError("bad_request", f"Part {len(live.parts) + 1:,} is next.", "Send parts in order.")
        before = live.parts[number - 1].tag if number - 1 in live.parts else ""
        part = Part(number, (number - 1) * session.part_size, session.size, data, before)
        tag = await self._within(
            live, lambda: patiently(lambda: uploads.put_part(session.key, session.token or "", part))
        )
        stored = StoredPart(number, len(data), crc32, tag)
        live.parts[number] = stored
        live.touched_at = time.time()
        with contextlib.suppress(OSError):  # a full disk: the upload goes on, and could not be resumed after a restart
            await self._files.add(session, stored)
        return wire.UploadPart(number=number, crc32=crc32)

    async def complete(self, upload_id: str) -> wire.Uploaded:
        """Make an object of the parts, checked.

        Raises
        ------
        BrowserError
            ``bad_request`` where parts are missing, ``corrupted`` where the object is not what was sent: it was removed
            then, and the upload has ended. ``exists``: the upload stays, and can be begun again with ``replace``.
        """
        await self._load()
        if upload_id in self._ended:
            return self._ended[upload_id]
        live = self._of(upload_id)
        session = live.session
        missing = live.count - len(live.parts)
        if missing:
            raise BrowserError("bad_request", f"{missing:,} parts are missing.", "Send them first.")
        parts = [live.parts[number] for number in sorted(live.parts)]
        uploads = _uploads_of(live.store)
        try:
            await self._within(
                live,
                lambda: patiently(
                    lambda: uploads.complete(session.key, session.token or "", parts, replace=session.replace)
                ),
            )
        except BrowserError as exc:
            if exc.code in {"corrupted", "not_found"}:
                await self._give_up(live)
            raise
        done = self._ended[upload_id] = wire.Uploaded(
            endpoint=session.endpoint, key=session.key, size_bytes=session.size
        )
        while len(self._ended) > _MAX_ENDED:
            self._ended.popitem(last=False)
        await self._end(live)
        await self._arrived.add([(_place(live.store, session.key), session.size, session.modified_ms)])
        return done

    async def cancel(self, upload_id: str) -> None:
        """Take back all parts, at once. No error where the upload has ended already."""
        await self._load()
        if upload_id in self._foreign:
            store, begun = self._foreign[upload_id]
            await patiently(partial(_uploads_of(store).give_up, begun.key, begun.token))
            self._foreign.pop(upload_id, None)
        elif upload_id in self._live:
            await self._give_up(self._live[upload_id])

    async def unfinished(self, store: Store, container: str, allows: Callable[[str], bool]) -> wire.Uploads:
        """What was begun below ``container`` and not ended, from here or by other programs; oldest first."""
        await self._load()
        ours = [
            live
            for live in self._live.values()
            if live.session.endpoint == store.id and live.session.key.startswith(container)
        ]
        tokens = {live.session.token for live in ours}
        begun = await _uploads_of(store).begun(container) if container or not store.has_buckets else []
        found = [self._public(live) for live in ours]
        for each in begun:
            if each.token in tokens or not allows(each.key):
                continue
            upload_id = hashlib.sha256(f"{store.id}\n{each.key}\n{each.token}".encode()).hexdigest()[:32]
            self._foreign[upload_id] = (store, each)
            found.append(
                wire.Upload(
                    id=upload_id,
                    endpoint=store.id,
                    key=each.key,
                    size_bytes=None,
                    part_size_bytes=0,
                    parallel=0,
                    parts_done=[],
                    started_at=each.started_at,
                    expires_at=None,
                )
            )
        while len(self._foreign) > _MAX_SESSIONS:
            self._foreign.pop(next(iter(self._foreign)))
        found.sort(key=lambda each: each.started_at)
        return wire.Uploads(uploads=found[:_MAX_SESSIONS], is_truncated=len(found) > _MAX_SESSIONS)

    async def close(self) -> None:
        """Uploads stay as they are, to go on after a restart."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)

    # -- sessions -------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Take up what was begun before this process, and from now on take back what is too old."""
        await self._load()

    async def _load(self) -> None:
        async with self._loading:
            if self._sweeper is not None:
                return
            await self._take_up()
            self._sweeper = asyncio.create_task(self._sweep())

    async def _take_up(self) -> None:
        for session, parts, touched_at in await self._files.read_all():
            store = self._store_of(session.endpoint)
            if store is None or store.uploads is None or store.uri(session.key) != session.uri:
                continue  # another server's, perhaps
            if session.id not in self._live:
                self._live[session.id] = _Live(session, store, {part.number: part for part in parts}, touched_at)

    async def _sweep(self) -> None:
        while True:
            try:
                await self._sweep_once()
            except (BrowserError, OSError) as exc:
                _log.warning("zarrbrowser uploads could not be looked through: %s", exc)
            await asyncio.sleep(min(_SWEEP_S, max(1, self._grace_s / 4)))

    async def _sweep_once(self) -> None:
        # Another server with the same home may have gone on with some of them, or begun one.
        noted = {session.id: (session, at) for session, _, at in await self._files.read_all()}
        for live in list(self._live.values()):
            session, touched_at = noted.get(live.session.id, (live.session, 0))
            live.touched_at = max(live.touched_at, touched_at)
            if live.session.token is None:
                live.session = session
            is_old = live.touched_at + self._grace_s < time.time()
            is_unheard = live.session.token is None and live.session.started_at + _UNHEARD_S < time.time()
            if live.under_way or not (is_old or is_unheard or live.is_over):
                continue
            try:
                await (self._give_up_unheard(live) if live.session.token is None else self._give_up(live))
            except (BrowserError, OSError) as exc:
                # Next time, perhaps.
                _log.warning("zarrbrowser upload to %s could not be taken back: %s", live.session.uri, exc)

    async def _give_up_unheard(self, live: _Live) -> None:
        """End what was begun and may be known to the store, by a name that nobody heard."""
        self._live[live.session.id] = live  # for the next sweep, should this fail
        await self._take_back_unheard(live.session, live.store)
        await self._end(live)

    async def _take_back_unheard(self, session: Session, store: Store) -> None:
        """What was begun at that key, at that time, and of which nobody can have sent a part: nobody has its token."""
        uploads = _uploads_of(store)
        ours = {live.session.token for live in self._live.values()}
        ours |= {other.token for other, _, _ in await self._files.read_all()}
        for begun in await uploads.begun(parent_of(session.key)):
            is_meant = begun.key == session.key and begun.token not in ours
            if is_meant and abs(_seconds(begun.started_at) - session.started_at) < _AT_ONCE_S:
                with contextlib.suppress(BrowserError):
                    if await uploads.is_empty(begun.key, begun.token):
                        await uploads.give_up(begun.key, begun.token)

    async def _give_up(self, live: _Live) -> None:
        live.is_over = True
        for task in live.under_way:
            task.cancel()
        await asyncio.gather(*live.under_way, return_exceptions=True)
        session, uploads = live.session, _uploads_of(live.store)
        await patiently(partial(uploads.give_up, session.key, session.token or ""))
        # A part that was on its way may have come behind it; S3 says to look, and to do it again.
        with contextlib.suppress(BrowserError):
            await uploads.has(session.key, session.token or "", list(live.parts.values()))
            await uploads.give_up(session.key, session.token or "")
        await self._end(live)

    async def _end(self, live: _Live) -> None:
        live.is_over = True
        self._live.pop(live.session.id, None)
        await self._files.forget(live.session)

    async def _within(self, live: _Live, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Work that ends at once where the upload is given up."""
        task = asyncio.ensure_future(work())
        live.under_way.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if live.is_over:
                raise BrowserError("not_found", "This upload was cancelled.") from None
            raise
        finally:
            live.under_way.discard(task)

    async def _written(self, session: Session, parts: Sequence[StoredPart] = ()) -> None:
        try:
            await self._files.write(session, parts)
        except OSError as exc:
            raise BrowserError(
                "internal",
                "The upload could not be noted down in the Jupyter server's data folder.",
                "Make room in your home directory, then try again.",
            ) from exc

    def _of(self, upload_id: str) -> _Live:
        live = self._live.get(upload_id)
        if live is None or live.is_over or live.session.token is None:
            raise BrowserError("not_found", "There is no such upload (any more).", "Begin again.")
        return live

    def _public(self, live: _Live) -> wire.Upload:
        session = live.session
        parts = [live.parts[number] for number in sorted(live.parts)]
        return wire.Upload(
            id=session.id,
            endpoint=session.endpoint,
            key=session.key,
            size_bytes=session.size,
            part_size_bytes=session.part_size,
            parallel=_uploads_of(live.store).parallel,
            parts_done=[wire.UploadPart(number=part.number, crc32=part.crc32) for part in parts],
            started_at=text_of(datetime.fromtimestamp(session.started_at, UTC)),
            expires_at=text_of(datetime.fromtimestamp(live.touched_at + self._grace_s, UTC)),
        )


def _uploads_of(store: Store) -> ObjectUploads:
    if store.uploads is None:
        raise BrowserError("read_only", f"{store.title} can only be read.")
    return store.uploads


def _damaged() -> BrowserError:
    return BrowserError("corrupted", "The bytes were changed on their way from the browser.")


def _media_type(text: str) -> str:
    """As the browser says it, where it is one: it becomes a header."""
    return text if text.isascii() and text.isprintable() and len(text) <= 200 else ""


def _place(store: Store, key: str) -> str:
    """Two services may have a bucket of the same name."""
    return f"{store.id}\n{store.uri(key)}"


def _seconds(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return 0
