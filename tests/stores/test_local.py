"""Folders of the server."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_zarrbrowser.config import GcsConfig, LocalConfig
from jupyterlab_zarrbrowser.stores import Page
from jupyterlab_zarrbrowser.stores.local import LocalStore, is_file_name

from ..servers.gcs import Gcs
from .conformance import StoreTests
from .conformance_write import Change, put
from .places import Objects, Place, raises

#: A user without rights, where the tests run as root.
_NOBODY = 65534


class LocalPlace(Place):
    keys_may_hold_empty_segments = False  # the system takes a//b for a/b
    keys_may_hold_dot_segments = False  # the system takes them for steps
    has_markers = False  # a folder is no file
    names_may_be_shared = False  # nor is a file a folder
    knows_missing_containers = True
    missing_root_code = "not_found"
    longest_segment = 200  # 255 bytes on most file systems

    def __init__(self, base: Path) -> None:
        super().__init__()
        self.base = base

    def put(self, name: str, objects: Objects) -> None:
        for key, content in objects.items():
            path = self.base / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def config(self, name: str, **changes: Any) -> LocalConfig:
        return LocalConfig(**{"id": "local", "root": str(self.base / name), **changes})

    @contextmanager
    def forbid(self, what: str) -> Iterator[None]:
        folder = self.base / "many" / "folder"
        with _mode(folder, 0o111 if what == "list" else 0), _as_ordinary_user():
            yield


@contextmanager
def _mode(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


@contextmanager
def _as_ordinary_user() -> Iterator[None]:
    """File permissions do not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A folder that any user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def local_place(base: Path) -> LocalPlace:
    return LocalPlace(base)


class TestLocalStore(StoreTests):
    @pytest.fixture
    def place(self, local_place: LocalPlace) -> LocalPlace:
        return local_place

    @pytest.fixture
    def elsewhere(self, gcs: Gcs) -> GcsConfig:
        bucket = f"elsewhere-{uuid.uuid4().hex}"
        gcs.create_bucket(bucket)
        return GcsConfig(id="elsewhere", root=f"gs://{bucket}", endpoint_url=gcs.url, anon=True, writable=True)


class TestLocalFolders:
    """What only folders have: links, pipes, rights, and ways out."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret.txt").write_text("secret")
        root = tmp_path / "root"
        (root / "inside").mkdir(parents=True)
        (root / "inside" / "x").write_text("x")
        return root

    @pytest.fixture
    def store(self, root: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[LocalStore]:
        store = LocalStore(LocalConfig(id="local", root=str(root)))
        yield store
        jp_asyncio_loop.run_until_complete(store.close())

    @pytest.mark.parametrize(
        "key",
        [
            "../outside/secret.txt",
            "inside/../../outside/secret.txt",
            "..",
            ".",
            "inside/./x",
            "inside//x",
            "/etc/passwd",
            "//etc/passwd",
            "inside/\0",
            "\0",
            "x" * 300,
            "inside/" * 400 + "x",
            "\udcff",
            "inside/x/",
        ],
    )
    async def test_no_key_leads_out(self, store: LocalStore, key: str) -> None:
        with raises("not_found"):
            await store.get(key, max_bytes=1000)
        with raises("not_found"):
            await store.stat(key)
        with raises("not_found"):
            await store.list(f"{key}/")

    async def test_links_that_lead_out_are_shown_and_not_followed(self, store: LocalStore, root: Path) -> None:
        (root / "out").symlink_to(root.parent / "outside")
        (root / "out.txt").symlink_to("../outside/secret.txt")
        (root / "etc").symlink_to("/etc")
        entries = {entry.key: entry for entry in (await store.list("")).entries}
        assert list(entries) == ["etc/", "inside/", "out.txt", "out/"]
        assert entries["out.txt"].size_bytes is None
        assert entries["out.txt"].modified_at is None
        for key in ("out.txt", "out/secret.txt", "etc/passwd"):
            with raises("forbidden"):
                await store.get(key, max_bytes=1000)
            with raises("forbidden"):
                await store.stat(key)
        for key in ("out/", "etc/"):
            with raises("forbidden"):
                await store.list(key)

    async def test_links_within_are_followed(self, store: LocalStore, root: Path) -> None:
        (root / "again").symlink_to("inside")
        (root / "file").symlink_to(root / "inside" / "x")
        assert [entry.key for entry in (await store.list("again/")).entries] == ["again/x"]
        assert await store.get("again/x", max_bytes=10) == b"x"
        assert await store.get("file", max_bytes=10) == b"x"
        assert (await store.stat("file")).size_bytes == 1

    async def test_a_root_that_is_a_link(self, root: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> None:
        link = root.parent / "link"
        link.symlink_to(root)
        store = LocalStore(LocalConfig(id="local", root=str(link)))
        assert await store.get("inside/x", max_bytes=10) == b"x"
        await store.close()

    async def test_links_that_lead_nowhere(self, store: LocalStore, root: Path) -> None:
        (root / "dangling").symlink_to("nothing")
        (root / "loop").symlink_to("loop")
        (root / "a").symlink_to("b")
        (root / "b").symlink_to("a")
        entries = {entry.key: entry for entry in (await store.list("")).entries}
        assert list(entries) == ["a", "b", "dangling", "inside/", "loop"]
        assert entries["dangling"].size_bytes is None
        for key in ("dangling", "loop", "a", "loop/x"):
            with raises("not_found"):
                await store.get(key, max_bytes=10)
            with raises("not_found"):
                await store.list(f"{key}/")

    @pytest.mark.timeout(20)
    async def test_what_is_no_ordinary_file(self, store: LocalStore, root: Path) -> None:
        os.mkfifo(root / "pipe")
        listener = socket.socket(socket.AF_UNIX)
        with listener, suppress(OSError):  # the path may be too long for a socket
            listener.bind(str(root / "socket"))
        assert "pipe" in {entry.key for entry in (await store.list("")).entries}
        for key in ("pipe", "socket", "inside"):
            with raises("not_found"):
                await store.get(key, max_bytes=10)
            with raises("not_found"):
                await store.stat(key)
        with raises("not_found"):
            await store.list("pipe/")

    async def test_names_that_are_no_text_do_not_hide_the_others(self, store: LocalStore, root: Path) -> None:
        (root / os.fsdecode(b"latin-\xe9.txt")).touch()
        (root / os.fsdecode(b"folder-\xff")).mkdir()
        entries = (await store.list("")).entries
        assert [entry.key for entry in entries] == ["inside/"]

    async def test_a_folder_that_is_deleted_meanwhile(self, store: LocalStore, root: Path) -> None:
        first = await store.list("inside/", limit=1)
        assert first.cursor is None
        shutil.rmtree(root / "inside")
        with raises("not_found"):
            await store.list("inside/")
        with raises("not_found"):
            await store.get("inside/x", max_bytes=10)

    @pytest.mark.parametrize("key", ["../outside/new.txt", "..", "inside/../../outside/secret.txt", "/etc/new", "a//b"])
    async def test_no_change_leads_out(self, store: LocalStore, root: Path, key: str) -> None:
        before = sorted(root.parent.rglob("*"))
        changes: list[Change] = [
            lambda: put(store, key, b"new"),
            lambda: store.copy(store, "inside/x", key, 1),
            lambda: store.copy(store, key, "inside/x", 1),
            lambda: store.remove([key]),
        ]
        for change in changes:
            with raises("not_found"):
                await change()
        assert sorted(root.parent.rglob("*")) == before

    async def test_links_that_lead_out_are_not_written_through(self, store: LocalStore, root: Path) -> None:
        (root / "out").symlink_to(root.parent / "outside")
        (root / "out.txt").symlink_to("../outside/secret.txt")
        for key in ("out/secret.txt", "out.txt", "out/new.txt"):
            with raises("forbidden"):
                await put(store, key, b"new")
            with raises("forbidden"):
                await store.copy(store, "inside/x", key, 1)
        with raises("forbidden"):
            await store.remove(["out/secret.txt"])
        assert (root.parent / "outside" / "secret.txt").read_text() == "secret"
        assert [path.name for path in (root.parent / "outside").iterdir()] == ["secret.txt"]

    async def test_a_link_is_removed_and_not_what_it_leads_to(self, store: LocalStore, root: Path) -> None:
        (root / "file").symlink_to(root / "inside" / "x")
        (root / "out.txt").symlink_to("../outside/secret.txt")
        (root / "dangling").symlink_to("nothing")
        await store.remove(["file", "out.txt", "dangling"])
        assert [path.name for path in root.iterdir()] == ["inside"]
        assert (root / "inside" / "x").read_text() == "x"
        assert (root.parent / "outside" / "secret.txt").exists()

    async def test_one_place_by_several_names(self, store: LocalStore, root: Path) -> None:
        (root / "again").symlink_to("inside")
        (root / "up").symlink_to(".")
        for one, other in (
            ("again/x", "inside/x"),
            ("again/", "inside/"),
            ("inside/", "up/inside/deeper/"),
            ("up/", "a/"),
        ):
            assert await store.overlaps(store, one, other)
            assert await store.overlaps(store, other, one)
        for one, other in (("inside/", "inside2/"), ("inside/x", "inside/xy"), ("again/", "up/other/")):
            assert not await store.overlaps(store, one, other)

    async def test_a_scan_does_not_follow_links(self, store: LocalStore, root: Path) -> None:
        """A link to a folder above would be a scan without an end."""
        (root / "out").symlink_to(root.parent / "outside")
        (root / "inside" / "loop").symlink_to("..")
        (root / "file").symlink_to(root / "inside" / "x")
        os.mkfifo(root / "pipe")
        assert (await store.scan("")).keys == ["inside/x"]

    async def test_a_folder_that_may_not_be_read_does_not_hide_the_others(self, base: Path) -> None:
        root = base / "partly"
        for name in ("a/x", "b/x", "c/x"):
            (root / name).parent.mkdir(parents=True)
            (root / name).touch()
        store = LocalStore(LocalConfig(id="local", root=str(root)))
        with _mode(root / "b", 0), _as_ordinary_user():
            assert (await store.scan("")).keys == ["a/x", "c/x"]
        await store.close()

    async def test_folders_go_when_they_are_named_themselves(self, store: LocalStore, root: Path) -> None:
        for name in ("deep/a/b/x", "deep/a/y"):
            await put(store, name, b"")
        await store.remove(["deep/a/b/x", "deep/a/y", "inside/x"])
        assert sorted(path.name for path in root.rglob("*")) == ["a", "b", "deep", "inside"]
        await store.remove(["deep/a/"])
        assert sorted(path.name for path in root.rglob("*")) == ["deep", "inside"], "nobody asked for those around it"
        await store.remove(["deep/", "inside/"])
        (root / "mixed" / "empty" / "inner").mkdir(parents=True)
        (root / "mixed" / "full").mkdir()
        (root / "mixed" / "full" / "x").touch()
        (root / "link").symlink_to("mixed")
        await store.remove(["mixed/", "link/"])
        assert [path.name for path in (root / "mixed").rglob("*")] == ["full", "x"], "no file goes with a folder"
        assert (root / "link").is_symlink()

    async def test_links_do_not_lead_out_of_what_is_ones_own(self, root: Path) -> None:
        store = LocalStore(LocalConfig(id="local", root=str(root), writable=["mine/", "link/"]))
        (root / "mine" / "deep").mkdir(parents=True)
        (root / "mine" / "deep" / "y").write_text("y")
        (root / "mine" / "out").symlink_to("../inside")
        (root / "mine" / "file").symlink_to("../inside/x")
        (root / "mine" / "again").symlink_to("deep")
        (root / "link").symlink_to("mine")
        for key in ("mine/out/x", "mine/out/new", "mine/out/new/", "mine/file"):
            with raises("read_only"):
                await put(store, key, b"")
            with raises("read_only"):
                await store.copy(store, "mine/deep/y", key, 1)
        for key in ("mine/out/x", "mine/out/inner/"):
            with raises("read_only"):
                await store.remove([key])
        assert [(path.name, path.read_text()) for path in (root / "inside").iterdir()] == [("x", "x")]
        await put(store, "mine/again/new", b"new")
        await put(store, "link/deep/newer", b"newer")
        assert sorted(path.name for path in (root / "mine" / "deep").iterdir()) == ["new", "newer", "y"]
        await store.remove(["mine/file", "mine/out", "mine/again/new", "link/deep/newer", "mine/deep/y", "mine/deep/"])
        assert [path.name for path in (root / "mine").iterdir()] == ["again"]
        assert (root / "inside" / "x").exists()
        await store.remove(["mine/again", "mine/"])
        assert not (root / "mine").exists(), "what is one's own is also the whole of it"
        await store.close()

    async def test_a_scan_that_nobody_waits_for_ends(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = LocalStore(LocalConfig(id="local", root=str(root)))
        (root / "later").mkdir()
        began, awake, seen, scandir = threading.Event(), threading.Event(), [], os.scandir

        def slow(folder: Path) -> Any:
            seen.append(folder.name)
            began.set()
            awake.wait()
            return scandir(folder)

        monkeypatch.setattr(os, "scandir", slow)
        scanning = asyncio.create_task(store.scan(""))
        await asyncio.to_thread(began.wait)
        scanning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scanning
        awake.set()
        store._threads.shutdown(wait=True)
        assert seen == ["root"], "no other folder was looked into"

    async def test_a_file_that_is_opened_while_nobody_waits_is_closed(
        self, store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        began, awake, opened, path_open = threading.Event(), threading.Event(), [], Path.open

        def slow(path: Path, *arguments: Any) -> Any:
            began.set()
            awake.wait()
            opened.append(path_open(path, *arguments))
            return opened[-1]

        monkeypatch.setattr(Path, "open", slow)
        tasks = []
        for change in (lambda: put(store, "new", b"new"), lambda: store.read("inside/x")):
            began.clear()
            tasks.append(asyncio.create_task(change()))
            await asyncio.to_thread(began.wait)
            tasks[-1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[1]  # which does not wait for a thread that hangs
        awake.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        store._threads.shutdown(wait=True)
        assert [file.closed for file in opened] == [True, True]
        assert [path.name for path in root.iterdir()] == ["inside"]

    async def test_an_object_that_stands_for_a_folder(self, store: LocalStore, root: Path) -> None:
        await put(store, "marked/", b"")
        await put(store, "marked/x", b"x")
        assert (root / "marked" / "x").read_text() == "x"

    async def test_names_as_long_as_they_can_be(self, store: LocalStore, root: Path) -> None:
        name = "\U0001f600" * 63 + "end"
        await put(store, name, b"x")
        await store.copy(store, name, f"copies/{name}", 1)
        assert await store.get(f"copies/{name}", max_bytes=10) == b"x"
        assert sorted(path.name for path in root.iterdir()) == sorted(["copies", "inside", name])

    async def test_addresses(self, store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert store.key_of(f"{root}/inside/x") == "inside/x"
        assert store.key_of(f"file://{root}/100%25%20%C3%A9") == "100% é"
        assert store.key_of(f"file://localhost{root}/inside/") == "inside/"
        assert store.key_of(f"{root}/100%25 é #1?") == "100%25 é #1?"
        monkeypatch.setenv("HOME", str(root.parent))
        assert store.key_of("~/root/inside/") == "inside/"
        assert store.key_of("~/root") == ""
        assert store.key_of("~/outside/secret.txt") is None

    async def test_a_folder_of_many_files(self, store: LocalStore, root: Path) -> None:
        (root / "lots").mkdir()
        for number in range(2500):
            (root / "lots" / f"{number:04}").touch()
        found: list[str] = []
        page = Page([], "")
        while page.cursor is not None:
            page = await store.list("lots/", cursor=page.cursor or None, limit=1000)
            found += [entry.key for entry in page.entries]
        assert found == [f"lots/{number:04}" for number in range(2500)]

    async def test_a_file_system_that_hangs_holds_nobody_else(self, root: Path) -> None:
        awake = threading.Event()

        class Hanging(LocalStore):
            def _page(self, container: str, name_prefix: str, cursor: str | None, limit: int) -> Page:
                awake.wait()
                return Page([], None)

        hanging = Hanging(LocalConfig(id="gone", root=str(root), timeout_s=0.1))
        other = LocalStore(LocalConfig(id="here", root=str(root)))
        try:
            outcomes = await asyncio.gather(*(hanging.list("") for _ in range(100)), return_exceptions=True)
            assert {getattr(outcome, "code", None) for outcome in outcomes} == {"timeout"}
            assert await other.get("inside/x", max_bytes=10) == b"x"
            assert await asyncio.to_thread(lambda: "free") == "free"
        finally:
            awake.set()
            await hanging.close()
            await other.close()


@pytest.mark.parametrize(
    ("name", "posix", "windows"),
    [
        ("x", True, True),
        (".zarray", True, True),
        ("100%25 é #1", True, True),
        ("", False, False),
        (".", False, False),
        ("..", False, False),
        ("a\0", False, False),
        ("C:", True, False),
        ("..\\x", True, False),
        ("x:stream", True, False),
        ("what?", True, False),
        (".. ", True, False),
        ("x.", True, False),
    ],
)
def test_names_on_each_system(name: str, posix: bool, windows: bool) -> None:
    assert is_file_name(name, "posix") is posix
    assert is_file_name(name, "nt") is windows
