"""What ``make`` does, on every system: ``python scripts/dev.py {demo,test,lint,build,setup,run,clean}``.

Needs Python and git. All else is installed below the checkout on first use.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python only hands over to a newer one
    for _name in ("python3.13", "python3.12", "python3.11", "python3.14"):
        _python = shutil.which(_name)
        # The shim of a Python that is not chosen exists, complains and fails.
        if _python and subprocess.call([_python, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            sys.exit(subprocess.call([_python, *sys.argv]))
    sys.exit("Python 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3")

import environment
import wheel
from environment import ROOT, CommandError, SetupError, environ, run, run_quietly, tool

#: Processes that run tests at a time.
_MOST_WORKERS = 4

#: Browser tests that need a port get this one from the system, unless the caller names another.
UI_PORT = "ZB_UI_PORT"


def lint_python() -> None:
    heading("ruff")
    run(["ruff", "check"])
    run(["ruff", "format", "--check"])
    heading("mypy")
    run(["mypy"])
    heading("import-linter")
    print(run_quietly(["lint-imports"]).partition("Contracts")[2].lstrip("-\n"), end="")
    heading("codespell")
    run(["codespell"])


def lint_front_end() -> None:
    heading("eslint")
    run(["jlpm", "eslint:check"])
    heading("prettier")
    run(["jlpm", "prettier:check"])
    heading("stylelint")
    run(["jlpm", "stylelint:check"])
    heading("tsc")
    run(["jlpm", "types:check"])


def lint_files() -> None:
    heading("Lock files name no host")
    locks = (ROOT / "yarn.lock", ROOT / "tests" / "servers" / "azurite_site" / "yarn.lock")
    lines = [line for lock in locks for line in lock.read_text(encoding="utf-8").splitlines()]
    hosts = [
        line
        for line in lines
        if any(mark in line for mark in ("__archiveUrl", "http:", "https:", "http%3A", "https%3A"))
    ]
    if hosts:
        raise SetupError("\n".join(hosts))
    heading("src/wire.ts is what wire.py says")
    run(["python", "scripts/wire_ts.py", "--check"])


def lint() -> None:
    lint_python()
    lint_front_end()
    lint_files()


def jest() -> None:
    heading("jest")
    run(["jlpm", "test"])


def pytest() -> None:
    heading("pytest")
    python = environment.ensure_next_python()
    # Each worker starts the store servers that its tests need.
    workers = str(min(_MOST_WORKERS, os.cpu_count() or 1))
    command = ["pytest", "-n", workers, "--dist", "worksteal"]
    run(command, env=environ(ZB_NEXT_PYTHON=str(python)) if python else None)


def browser() -> None:
    heading("Browser tests")
    env = environ(ZB_PYTHON=str(tool("python")))
    env.setdefault(UI_PORT, str(free_port()))
    chromium = environment.ensure_chromium()
    if chromium:
        env["ZB_CHROMIUM"] = chromium
    run(["jlpm", "test:ui"], env=env)


def isolated_wheel() -> None:
    heading("Wheel in a fresh environment")
    wheel.try_out()


#: In the order in which ``make test`` runs them: what says most in least time comes first.
STEPS: dict[str, Callable[[], None]] = {
    "lint": lint,
    "jest": jest,
    "pytest": pytest,
    "browser": browser,
    "wheel": isolated_wheel,
}


def heading(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command_setup(arguments: argparse.Namespace) -> None:
    environment.ensure_environment(environment.DEVELOPMENT)


def command_demo(arguments: argparse.Namespace) -> None:
    environment.ensure_environment(environment.DEMO)
    hand_over(["jupyter", "zarrbrowser", "demo", *arguments.rest])


def command_lint(arguments: argparse.Namespace) -> None:
    environment.ensure_environment(environment.DEVELOPMENT)
    lint()


def command_test(arguments: argparse.Namespace) -> None:
    environment.ensure_environment(environment.DEVELOPMENT)
    times = {}
    for name in arguments.only or STEPS:
        start = time.monotonic()
        STEPS[name]()
        times[name] = time.monotonic() - start
    print("\nAll passed:", ", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items()), flush=True)


def command_build(arguments: argparse.Namespace) -> None:
    environment.ensure_environment(environment.DEVELOPMENT)
    wheel.build(ROOT / "dist")


def command_run(arguments: argparse.Namespace) -> None:
    environment.ensure_environment(environment.DEVELOPMENT)
    hand_over(arguments.rest)


def command_clean(arguments: argparse.Namespace) -> None:
    """Remove what builds and tests leave; with --all also the environments."""
    names = ["build", "coverage", "dist", "lib", "jupyterlab_zarrbrowser/labextension", "tsconfig.tsbuildinfo"]
    names += ["ui-tests/results", "ui-tests/test-results"]
    names += [".import_linter_cache", ".mypy_cache", ".pytest_cache", ".ruff_cache"]
    if arguments.all:
        names += [".venv", ".venv-next", ".yarn", "node_modules"]
    for path in map(ROOT.joinpath, names):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def hand_over(command: list[str]) -> None:
    """Become another program, so that signals and the exit status are its own."""
    env = environ()
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        raise SetupError(f"{command[0]} was not found.")
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(program, command, env)
    with subprocess.Popen([program, *command[1:]], env=env) as process:
        while process.returncode is None:
            try:
                process.wait()
            except KeyboardInterrupt:
                continue  # the console has told the program too, and it decides
    sys.exit(process.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(function: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        name = function.__name__.removeprefix("command_")
        # What follows these two belongs to another program, its --help included.
        passes_on = function in (command_demo, command_run)
        command = commands.add_parser(name, help=text, add_help=not passes_on)
        command.set_defaults(function=function, passes_on=passes_on)
        return command

    add(command_demo, "build the extension and start JupyterLab on example stores (passes arguments on)")
    add(command_test, "run all checks and tests").add_argument(
        "--only", action="append", choices=STEPS, help="run this step (may be repeated) and no other"
    )
    add(command_lint, "run the linters and type checkers")
    add(command_build, "build source distribution and wheel into dist/")
    add(command_setup, "bring the development environment up to date")
    add(command_run, "run a program in the development environment (passes arguments on)")
    add(command_clean, "remove what builds and tests leave").add_argument(
        "--all", action="store_true", help="remove the environments and packages too"
    )
    arguments, arguments_of_program = parser.parse_known_args()
    if arguments.passes_on:
        arguments.rest = sys.argv[2:]
        if arguments.function is command_run and not arguments.rest:
            parser.error("run what?")
    elif arguments_of_program:
        parser.error(f"unknown arguments: {' '.join(arguments_of_program)}")
    try:
        arguments.function(arguments)
    except CommandError as exc:
        print(f"\nFAILED: {exc}", file=sys.stderr, flush=True)
        sys.exit(exc.status if exc.status > 0 else 1)
    except SetupError as exc:
        print(f"\nFAILED: {exc}", file=sys.stderr, flush=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
