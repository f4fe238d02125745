"""Executes cells, and tells what they made. Runs by itself, on any interpreter that has xarray and zarr.

``python executor.py`` reads one job a line from its input, does each in a fork of itself (a process that has modules
loaded and no state), and answers with one line. A job names a file for its result, a pickle of :func:`run`'s lists.
"""

import ast
import json
import os
import pickle
import sys
import traceback
import warnings
from typing import Any

#: Loaded before the fork, since they take most of the time. gcsfs is not: cells must set its switch before.
_PRELOADED = ("numpy", "pandas", "dask.array", "xarray", "zarr", "s3fs", "aiobotocore.session", "aiohttp")

#: What libraries say to each other, and no user sees.
_UNSEEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


def run(codes: list[str]) -> list[dict[str, Any]]:
    """One report for each cell: what it showed, the error or None, and the warnings a user sees."""
    return [_run(code) for code in codes]


def _run(code: str) -> dict[str, Any]:
    report: dict[str, Any] = {"shown": None, "error": None, "warnings": []}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            report["shown"] = describe(execute(code))
        except BaseException:
            report["error"] = traceback.format_exc()
    report["warnings"] = [
        f"{each.category.__name__}: {each.message}" for each in caught if not issubclass(each.category, _UNSEEN)
    ]
    return report


def execute(code: str) -> Any:
    """The value of the last line, as a notebook would show it."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), "the last line shows nothing"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(tree, "cell", "exec"), namespace)
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
    assert value is not None, "the last line shows nothing"
    return namespace.get("a", namespace.get("g", value)) if _is_info(value) else value


def _is_info(value: Any) -> bool:
    return type(value).__name__ in ("ArrayInfo", "GroupInfo")


def describe(value: Any) -> dict[str, Any]:
    """Plain data, with everything read."""
    import xarray
    import zarr

    repr(value)
    if isinstance(value, (xarray.Dataset, xarray.DataArray)):
        value._repr_html_()
    if isinstance(value, xarray.Dataset):
        variables = {str(name): _variable(array) for name, array in value.variables.items()}
        return {"kind": "dataset", "variables": variables, "attributes": dict(value.attrs), "sizes": dict(value.sizes)}
    if isinstance(value, xarray.DataArray):
        return {"kind": "variable", "name": value.name, **_variable(value.variable)}
    if isinstance(value, zarr.Array):
        shards = getattr(value, "shards", None)
        return {"kind": "array", "values": _plain(value[...]), "chunks": value.chunks, "shards": shards}
    if isinstance(value, zarr.Group):
        return {"kind": "group", "attributes": dict(value.attrs)}
    if isinstance(value, bytes | str):
        return {"kind": type(value).__name__, "values": value}
    raise TypeError(f"a cell showed {type(value).__name__}")


def _variable(variable: Any) -> dict[str, Any]:
    chunks = dict(zip(variable.dims, variable.chunks, strict=True)) if variable.chunks else None
    return {"dims": variable.dims, "chunks": chunks, "values": _plain(variable.values)}


def _plain(values: Any) -> Any:
    """numpy's variable strings and objects do not travel between versions."""
    return values.tolist() if values.dtype.kind in "TO" else values


def opens(stores: list[tuple[str, int, bool]]) -> list[str | None]:
    """For each ``(path, format, consolidated)``: None where xarray opens it as a dataset, else why not."""
    import xarray

    found: list[str | None] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path, zarr_format, consolidated in stores:
            try:
                with xarray.open_zarr(path, zarr_format=zarr_format, consolidated=consolidated, chunks={}) as dataset:
                    dataset._repr_html_()
                    found.append(None if dataset.variables else "nothing in it")
            except Exception as exc:
                found.append(f"{type(exc).__name__}: {exc}")
    return found


def save(result: Any, path: str) -> None:
    with open(path, "wb") as file:
        pickle.dump(result, file, protocol=4)


def _serve() -> None:
    # Answers go to the pipe; whatever a cell prints, to the log.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in _PRELOADED:
        __import__(name)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _work(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def _work(job: dict[str, Any]) -> None:
    code = 1
    try:
        os.environ.update(job["environment"])
        work: Any = run if job["work"] == "run" else opens
        save(work(job["input"]), job["result"])
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
