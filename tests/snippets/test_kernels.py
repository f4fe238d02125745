"""The main cells in whole Jupyter kernels, each started for one cell: as a user meets them."""

from __future__ import annotations

import numpy as np
import pytest

from .backends import Backend
from .interpreters import Interpreter
from .stores import Store


@pytest.mark.parametrize(
    ("place", "name", "path"),
    [
        pytest.param("on_swift", "v2-consolidated.zarr", "", id="s3"),
        pytest.param("on_gcs", "v3-hierarchy.zarr", "a/b", id="gcs"),
        pytest.param("on_azure", "v2-hierarchy.zarr", "a/b", id="azure"),
    ],
)
def test_dataset(
    request: pytest.FixtureRequest,
    place: str,
    name: str,
    path: str,
    interpreter: Interpreter,
    stores: dict[str, Store],
) -> None:
    backend: Backend = request.getfixturevalue(place)
    code = backend.panel.snippets(f"{backend.key}{name}/{path}/" if path else f"{backend.key}{name}/")[
        "xarray.open_zarr"
    ]
    report = interpreter.kernel_run(code, backend.environment)
    assert report["error"] is None, f"{code}\n\n{report['error']}"
    assert report["warnings"] == [], code
    expected = stores[name].datasets[path]
    assert set(report["shown"]["variables"]) == set(expected.variables)
    for variable, values in expected.variables.items():
        np.testing.assert_array_equal(report["shown"]["variables"][variable]["values"], values.values)


def test_array(on_swift: Backend, interpreter: Interpreter, stores: dict[str, Store]) -> None:
    code = on_swift.panel.snippets(f"{on_swift.key}v3-sharded.zarr/")["zarr.open_array"]
    report = interpreter.kernel_run(code, on_swift.environment)
    assert (report["error"], report["warnings"]) == (None, [])
    np.testing.assert_array_equal(report["shown"]["values"], stores["v3-sharded.zarr"].values[""])
