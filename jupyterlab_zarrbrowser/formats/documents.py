"""JSON as it is found in stores: read leniently, handed on strictly."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from ..errors import BrowserError

#: Integers beyond it lose digits in JavaScript (https://tc39.es/ecma262/#sec-number.max_safe_integer).
_MAX_SAFE_INTEGER = 2**53 - 1

#: Deeper metadata is hostile or broken; Python's own limit is near 1,000.
_MAX_DEPTH = 200


def parse(data: bytes, name: str) -> dict[str, Any]:
    """Read a metadata document: a JSON object, perhaps with a byte order mark and with bare NaN and Infinity.

    zarr-python writes and reads both, JSON allows neither.

    Raises
    ------
    BrowserError
        ``unreadable_metadata``, naming the document and the place.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        found = msgspec.json.decode(data)  # about five times as fast, and a document may have megabytes
    except (msgspec.DecodeError, RecursionError):
        try:
            found = json.loads(data)
        except json.JSONDecodeError as exc:
            raise BrowserError(
                "unreadable_metadata", f"{name} is not valid JSON: {exc.msg} in line {exc.lineno}, column {exc.colno}."
            ) from exc
        except (UnicodeDecodeError, RecursionError, ValueError) as exc:
            raise BrowserError("unreadable_metadata", f"{name} is not valid JSON.") from exc
    if not isinstance(found, dict):
        raise BrowserError("unreadable_metadata", f"{name} holds no JSON object.")
    return found


def strict(value: Any, depth: int = 0) -> Any:
    """A copy that every JSON reader takes and JavaScript does not round: see ``wire.py`` for the spelling."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_MAX_SAFE_INTEGER <= value <= _MAX_SAFE_INTEGER else str(value)
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {key: strict(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [strict(item, depth + 1) for item in value]
    return value
