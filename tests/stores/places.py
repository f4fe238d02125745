"""Where the conformance tests put their objects, and what each kind of store can hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, ClassVar

import pytest

from jupyterlab_zarrbrowser.config import EndpointConfig
from jupyterlab_zarrbrowser.errors import STATUS, BrowserError
from jupyterlab_zarrbrowser.stores import Body, Entry, Page, Store

from ..servers.counting_proxy import CountingProxy
from ..servers.records import Recording

Objects = Mapping[str, bytes]
OpenStore = Callable[[EndpointConfig], Store]

#: Names that some layer between the row and the disk is known to mangle.
ODD_NAMES = (
    "100%25 é #1?.zarr/.zgroup",
    "100%25 é #1?.zarr/t/.zarray",
    "plus+and&less<more>.txt",
    "quotes'single'\"double\".txt",
    "emoji-\U0001f600.zarr/zarr.json",
    "semi;colon:at@comma,equal=dollar$.txt",
    "tilde~star*bracket[0](1){2}|back`tick^.txt",
    " leading space",
    "trailing space ",
    "trailing space folder /x",
    "dots...txt",
    ".hidden",
    "..two-dots",
    "tab\there",
    "%2F",
    "%",
    "UPPER/lower",
    "upper/lower",
    "combining-e\u0301",
    "composed-\u00e9",
    "no-break\u00a0space",
    "\uff5e beyond most scripts",
)

#: Objects that file systems cannot hold, and object stores can.
EMPTY_SEGMENTS = ("a//b", "a///c", "/leading slash", "//two", "d//")
MARKERS = ("marker/", "nested/marker/")
SHARED_NAMES = ("same", "same/x", "same.zarr/zarr.json", "same.zarr")
DOT_SEGMENTS = ("dots/./x", "dots/../x", "dots/..", "./y")

#: Chosen so that the orders of UTF-8, of UTF-16, of locales and of lower case all differ.
ORDERED_NAMES = (
    "A",
    "B!",
    "B-/x",
    "B.txt",
    "B/x",
    "B0",
    "Z",
    "_",
    "a",
    "z",
    "~",
    "é",
    "\ue000",
    "\uff5e",
    "\U0001f600",
)


class Place(ABC):
    """Where a kind's test objects lie, and how endpoints are configured to reach them."""

    #: ``a//b`` is something else than ``a/b``.
    keys_may_hold_empty_segments: ClassVar[bool] = True
    #: ``a/./b`` and ``a/../b`` are names like any other.
    keys_may_hold_dot_segments: ClassVar[bool] = True
    #: A part of an upload that was given up is refused as such, and not with a failure of the server.
    knows_what_was_given_up: ClassVar[bool] = True
    #: An object may be called ``dir/``.
    has_markers: ClassVar[bool] = True
    #: ``same`` and ``same/x`` may both be objects.
    names_may_be_shared: ClassVar[bool] = True
    #: Pages come in the order of UTF-8 bytes. Where not, a scan is led on by cursors.
    lists_in_order_of_bytes: ClassVar[bool] = True
    #: Listings tell sizes and times.
    listings_tell_sizes: ClassVar[bool] = True
    #: A container that holds nothing may be told from one that is not there.
    knows_missing_containers: ClassVar[bool] = False
    #: Many objects are deleted in one request.
    deletes_at_once: ClassVar[bool] = False
    #: Error of listing a root that is not there.
    missing_root_code: ClassVar[str] = "no_such_bucket"
    #: The longest name between two slashes.
    longest_segment: ClassVar[int] = 1000

    #: Counts requests and makes them fail; None for kinds without a network.
    proxy: CountingProxy | None = None

    def __init__(self) -> None:
        self._filled: set[str] = set()

    @abstractmethod
    def put(self, name: str, objects: Objects) -> None:
        """Make a new root of this name with these objects in it."""

    @abstractmethod
    def config(self, name: str, **changes: Any) -> EndpointConfig:
        """An endpoint whose root is what :meth:`put` made."""

    def filled(self, name: str, objects: Objects, **changes: Any) -> EndpointConfig:
        """An endpoint over these objects, which are put only once."""
        if name not in self._filled:
            self._filled.add(name)
            self.put(name, objects)
        return self.config(name, **changes)

    def odd_objects(self) -> dict[str, bytes]:
        """Every key that this kind can hold, with content that names it."""
        names = list(ODD_NAMES)
        names += EMPTY_SEGMENTS if self.keys_may_hold_empty_segments else ()
        names += DOT_SEGMENTS if self.keys_may_hold_dot_segments else ()
        names += SHARED_NAMES if self.names_may_be_shared else ("same.zarr/zarr.json",)
        names += MARKERS if self.has_markers else ()
        names += ["marker/x", "nested/marker/y"]
        if self.longest_segment >= 1000:
            names += ["n" * 1000, "long/" + "m" * 995]
        else:
            segment = "s" * self.longest_segment
            names.append("/".join([segment] * (1000 // (len(segment) + 1)) + ["rest"]).ljust(1000, "r"))
        objects = {name: f"content of {name}".encode() for name in names}
        return {**objects, "empty": b"", "same-size-a": b"a", "same-size-b": b"b"}

    def recording(self) -> AbstractContextManager[Recording | None]:
        """The requests while it lasts; None for kinds without a network."""
        return self.proxy.recording() if self.proxy is not None else nullcontext()

    def shrink_parts(self, monkeypatch: pytest.MonkeyPatch) -> int:
        """Bytes from which on objects are written and copied in parts, made small for a test."""
        return 2**19

    def unfinished(self, store: Store) -> list[str]:
        """What is left of objects that were begun and not ended."""
        return []

    def forbid(self, what: str) -> AbstractContextManager[Any]:
        """While it lasts, ``"list"`` or ``"all"`` is refused with 403."""
        assert self.proxy is not None
        self.proxy.configure(deny_match="^List" if what == "list" else ".")
        return nullcontext()


class RemotePlace(Place):
    """A place behind a counting proxy. ``url`` is the address of the proxy."""

    def __init__(self, proxy: CountingProxy) -> None:
        super().__init__()
        self.proxy: CountingProxy = proxy

    @property
    def url(self) -> str:
        return self.proxy.url

    @abstractmethod
    def config_at(self, url: str, **changes: Any) -> EndpointConfig:
        """An endpoint of this kind at any address, holding a sentinel secret where the kind has secrets."""


#: Stands for whatever must never reach a user or a log.
SENTINEL = "sEnTiNeL0sEcReT"


async def pages_of(store: Store, container: str, limit: int, name_prefix: str = "") -> list[Page]:
    """All pages of a container, each from the cursor of the one before."""
    pages: list[Page] = []
    cursor: str | None = None
    while True:
        page = await store.list(container, name_prefix=name_prefix, cursor=cursor, limit=limit)
        pages.append(page)
        cursor = page.cursor
        if cursor is None:
            return pages
        assert len(pages) < 5000, "a listing without an end"


async def pieces_of(body: Body) -> AsyncIterator[bytes]:
    """A body to its end, after which it is closed."""
    try:
        while piece := await body.next():
            yield piece
    finally:
        await body.close()


def keys_of(pages: list[Page]) -> list[str]:
    return [entry.key for page in pages for entry in page.entries]


def children(objects: Objects, container: str) -> list[str]:
    """What a listing of ``container`` has to show, in the order of UTF-8 bytes."""
    found: set[str] = set()
    for key in objects:
        if key.startswith(container) and key != container:
            name, slash, _ = key[len(container) :].partition("/")
            found.add(container + name + slash)
    return sorted(found, key=str.encode)


async def walk(store: Store, container: str = "") -> AsyncIterator[tuple[str, list[Entry]]]:
    entries = [entry for page in await pages_of(store, container, 1000) for entry in page.entries]
    yield container, entries
    for entry in entries:
        if entry.kind != "object":
            async for below in walk(store, entry.key):
                yield below


@contextmanager
def raises(*codes: str) -> Iterator[pytest.ExceptionInfo[BrowserError]]:
    """A BrowserError with one of these codes, fit to be shown."""
    with pytest.raises(BrowserError) as caught:
        yield caught
    error = caught.value
    assert error.code in codes, f"{error.code}: {error.message}"
    assert error.code in STATUS
    problem = error.problem()
    assert problem.message.endswith((".", "?"))
    assert problem.hint.endswith((".", "?", ")"))
    for text in (problem.message, problem.hint, str(error), repr(error)):
        assert SENTINEL not in text
        assert "Traceback" not in text
        assert "Signature=" not in text
        assert " at 0x" not in text


def many() -> dict[str, bytes]:
    """Some fifty objects on several levels. 28 children in ``folder/``: a multiple of 7, of 2 and of 1."""
    objects = {f"folder/item-{number:02}.txt": f"item {number}".encode() for number in range(20)}
    objects |= {f"folder/sub-{number}/deep/x": b"x" for number in range(6)}
    objects |= {"folder/100%25 é #1?.zarr/.zgroup": b"{}", "folder/+plus": b"+"}
    objects |= {f"only-prefixes/p{number:02}/x": b"x" for number in range(15)}
    return {**objects, "top.txt": b"at the top", "folder.txt": b"not in the folder", "folder-2/x": b"x"}
