"""JSON as it is found in stores: read leniently, handed on strictly and within bounds."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from ..errors import BrowserError

#: Integers beyond it lose digits in JavaScript (https://tc39.es/ecma262/#sec-number.max_safe_integer).
_MAX_SAFE_INTEGER = 2**53 - 1

#: Deeper metadata is hostile or broken; Python's own limit is near 1,000.
_MAX_DEPTH = 100

#: Members of one list or object, and characters of one text, that are shown. More cannot be read on a screen, and one
#: long list should not take the room of all the others.
_MAX_ITEMS = 1_000
_MAX_TEXT_CHARS = 32 * 1024

#: Stands for what was left out.
CUT = "…"


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
    except (msgspec.DecodeError, ValueError, RecursionError):
        try:
            found = _encodable(json.loads(data))
        except json.JSONDecodeError as exc:
            raise BrowserError(
                "unreadable_metadata", f"{name} is not valid JSON: {exc.msg} in line {exc.lineno}, column {exc.colno}."
            ) from exc
        except UnicodeDecodeError as exc:
            raise BrowserError("unreadable_metadata", f"{name} is no text in UTF-8.") from exc
        except RecursionError as exc:
            raise BrowserError("unreadable_metadata", f"{name} is nested too deeply to be read.") from exc
        except ValueError as exc:
            raise BrowserError("unreadable_metadata", f"{name} is not valid JSON.") from exc
    if not isinstance(found, dict):
        raise BrowserError("unreadable_metadata", f"{name} holds no JSON object.")
    return found


def _encodable(value: Any) -> Any:
    """Without lone surrogates, which ``json`` reads from escapes and which cannot be written as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    return value


def strict(value: Any, max_chars: int) -> tuple[Any, bool]:
    """A copy that every JSON reader takes, that JavaScript does not round, and that takes about ``max_chars`` at most.

    See ``wire.py`` for the spelling. Where something was left out, ``…`` stands in its place. Returns the copy and
    whether that is so.
    """
    copy = _Copy(max_chars)
    return copy.of(value, 0), copy.is_cut


class _Copy:
    def __init__(self, max_chars: int) -> None:
        self._left = max_chars
        self.is_cut = False

    def of(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict | list):
            if depth >= _MAX_DEPTH:
                return self._cut(CUT)
            return self._object(value, depth) if isinstance(value, dict) else self._list(value, depth)
        value = _number(value)
        self._left -= len(str(value))
        return value

    def _object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, item in value.items():
            if self._is_full(copy):
                copy[CUT] = self._cut(f"{len(value) - len(copy):,} more")
                break
            copy[self._text(key)] = self.of(item, depth + 1)
        return copy

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        copy: list[Any] = []
        for item in value:
            if self._is_full(copy):
                copy.append(self._cut(f"{CUT} {len(value) - len(copy):,} more"))
                break
            copy.append(self.of(item, depth + 1))
        return copy

    def _text(self, value: str) -> str:
        room = max(min(_MAX_TEXT_CHARS, self._left), 0)
        self._left -= len(value)
        return value if len(value) <= room else self._cut(value[:room] + CUT)

    def _is_full(self, copy: dict[str, Any] | list[Any]) -> bool:
        self._left -= 2  # the comma and a space
        return self._left <= 0 or len(copy) >= _MAX_ITEMS

    def _cut(self, text: str) -> str:
        self.is_cut = True
        return text


def _number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool) and not -_MAX_SAFE_INTEGER <= value <= _MAX_SAFE_INTEGER:
        return _digits(value)
    return value


def _digits(value: int) -> str:
    """Python refuses to write integers of more than 4,300 digits (https://docs.python.org/3/library/stdtypes.html)."""
    try:
        return str(value)
    except ValueError:
        return hex(value)
