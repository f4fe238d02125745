"""Other Python processes that execute cells: forks of a warm one for most, whole Jupyter kernels for the main ones.

The interpreter of the tests is one of them. The other is named by the environment variable ``ZB_NEXT_PYTHON``: one with
the newest Python and zarr, since the Zarr stack of Python 3.11 is another than that of 3.12 and newer.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

VARIABLE = "ZB_NEXT_PYTHON"

#: Name -> executable. ``next`` is missing where nothing names it.
INTERPRETERS = {"this": sys.executable} | (
    {"next": str(Path(os.environ[VARIABLE]).absolute())} if os.environ.get(VARIABLE) else {}
)

_EXECUTOR = Path(__file__).with_name("executor.py")

#: Bounds how long a broken kernel holds up the run.
_KERNEL_S = 120


def _environment() -> dict[str, str]:
    """What a kernel of a hub has. The switch of gcsfs is left to the cells, and nothing of the tests is on the path."""
    hidden = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "PYTHONPATH", "PYTHONWARNINGS"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


class Interpreter:
    """A warm process of one interpreter, and where its results go."""

    def __init__(self, executable: str, folder: Path) -> None:
        self.executable = executable
        self._folder = folder
        self._count = 0
        self._log = (folder / "log.txt").open("wb")
        self._process = subprocess.Popen(
            [executable, str(_EXECUTOR)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
            cwd=folder,
            text=True,
        )
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self.executable} ended\n{self._text()}"
        return line.strip()

    def _text(self) -> str:
        return (self._folder / "log.txt").read_text("utf-8", "replace")[-4000:]

    def _do(self, work: str, what: Any, environment: Mapping[str, str]) -> Any:
        self._count += 1
        result = self._folder / f"{self._count}.pickle"
        job = {"work": work, "input": what, "environment": dict(environment), "result": str(result)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        assert self._answer() == "0", self._text()
        return pickle.loads(result.read_bytes())

    def run(self, codes: Sequence[str], environment: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Executes cells in one new process, each in a namespace of its own."""
        reports: list[dict[str, Any]] = self._do("run", list(codes), environment or {})
        return reports

    def opens(self, stores: Sequence[tuple[str, int, bool]]) -> list[str | None]:
        """What xarray says of stores; see ``executor.py``."""
        found: list[str | None] = self._do("opens", list(stores), {})
        return found

    def kernel_run(self, code: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Executes a cell in a fresh Jupyter kernel, as a user would."""
        self._count += 1
        result = self._folder / f"{self._count}.pickle"
        with self._kernel(environment or {}) as client:
            messages: list[dict[str, Any]] = []
            reply = client.execute_interactive(code, timeout=_KERNEL_S, output_hook=messages.append)
            shown = [each for each in messages if each["msg_type"] == "execute_result"]
            said = "".join(each["content"]["text"] for each in messages if each["msg_type"] == "stream")
            if reply["content"]["status"] == "error":
                return {"shown": None, "error": "\n".join(reply["content"]["traceback"]), "warnings": []}
            assert len(shown) == 1, "the last line shows nothing"
            collect = (
                f"import sys; sys.path.insert(0, {str(_EXECUTOR.parent)!r}); import executor; "
                f"executor.save(executor.describe(globals().get('a', globals().get('g', _))), {str(result)!r})"
            )
            reply = client.execute_interactive(collect, timeout=_KERNEL_S, output_hook=messages.append)
            assert reply["content"]["status"] == "ok", reply["content"]
        return {"shown": pickle.loads(result.read_bytes()), "error": None, "warnings": [said] if said else []}

    @contextlib.contextmanager
    def _kernel(self, environment: Mapping[str, str]) -> Iterator[Any]:
        folder = self._folder / "kernels"
        spec = folder / "cell" / "kernel.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        command = [self.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": command, "display_name": "cell", "language": "python"}))
        found = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
        manager = KernelManager(kernel_name="cell", kernel_spec_manager=found)
        manager.start_kernel(env=_environment() | dict(environment), cwd=str(self._folder))
        client = manager.blocking_client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=_KERNEL_S)
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
            manager.context.destroy()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
