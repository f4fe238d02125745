"""Build what is released, from a clean copy of the checkout, and try it in an environment of its own."""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from environment import ROOT, SetupError, bin_dir, environ, make_venv, pip_install, run, run_quietly, tool

NAME = "jupyterlab_zarrbrowser"

#: Endings of the members that every wheel has.
REQUIRED = (
    f"{NAME}/__init__.py",
    f"share/jupyter/labextensions/{NAME}/package.json",
    f"share/jupyter/labextensions/{NAME}/install.json",
    f"share/jupyter/labextensions/{NAME}/static/style.js",
    f"etc/jupyter/jupyter_server_config.d/{NAME}.json",
    "licenses/LICENSE",
)

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def build(target: Path) -> Path:
    """Build the source distribution and the wheel into a folder and look into them. Returns the wheel's path.

    A build in the checkout itself could pick up a development front end, which knows the paths of this machine.
    """
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="zarrbrowser-build-") as name:
        copy = Path(name).resolve() / "source"
        _copy_checkout(copy)
        installer = "uv" if tool("uv").exists() else "pip"
        run([tool("python"), "-m", "build", "--installer", installer, "--outdir", target, copy])
    (wheel,) = target.glob("*.whl")
    (sdist,) = target.glob("*.tar.gz")
    in_wheel, in_sdist = _wheel_members(wheel), _sdist_members(sdist)
    problems = [f"{ending} is missing" for ending in REQUIRED if not any(path.endswith(ending) for path in in_wheel)]
    problems += [f"{path} is no part of a wheel" for path in in_wheel if re.search(r"(^|/)(tests|src|ui-tests)/", path)]
    for path, content in [*in_wheel.items(), *in_sdist.items()]:
        if path.endswith("build_log.json") or "node_modules/" in path:
            problems.append(f"{path} is left over from a build")
        problems += [f"{path} names {place}" for place in {copy, ROOT} if _mentions(content, place)]
    if problems:
        raise SetupError("\n".join(problems))
    for made in (wheel, sdist):
        print(f"{made.name}: {made.stat().st_size / 1024:.0f} kB", flush=True)
    return wheel


def try_out() -> None:
    """Install a fresh wheel beside JupyterLab, without Node, and ask the programs there what they see."""
    with tempfile.TemporaryDirectory(prefix="zarrbrowser-wheel-") as name:
        folder = Path(name).resolve()
        wheel = build(folder / "dist")
        venv = folder / "venv"
        make_venv(venv)
        # This PATH leads to nothing but the environment: to no Node, and to no other Jupyter.
        env = environ(
            PATH=str(bin_dir(venv)),
            VIRTUAL_ENV=str(venv),
            JUPYTER_CONFIG_DIR=str(folder / "config"),
            JUPYTER_DATA_DIR=str(folder / "data"),
        )
        pip_install(wheel, "jupyterlab>=4.2,<5", venv=venv, PATH=env["PATH"])
        version = wheel.name.split("-")[1]
        for command, expected in (
            ("jupyter labextension list", rf"{NAME} v{version} enabled OK"),
            ("jupyter server extension list", rf"{NAME} enabled .*{NAME} {version} OK"),
            ("jupyter zarrbrowser --help", r"demo"),
        ):
            output = _COLOUR.sub("", run_quietly(command.split(), env=env, cwd=folder))
            found = re.search(expected, " ".join(output.split()))
            if not found:
                raise SetupError(f"{command} does not say {expected!r}:\n{output}")
            print(f"{command}: {found[0]}", flush=True)


def _copy_checkout(target: Path) -> None:
    """Copy what git tracks or would track, as it is in the working tree."""
    listing = run_quietly(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, listing.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def _mentions(content: bytes, place: Path) -> bool:
    text = str(place)
    # "/" or "C:\" would be found everywhere.
    return len(place.parts) > 1 and (text.encode() in content or text.replace("\\", "\\\\").encode() in content)


def _wheel_members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _sdist_members(path: Path) -> dict[str, bytes]:
    members = {}
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                members[member.name] = content.read()
    return members
