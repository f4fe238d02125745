"""Which variables xarray cannot decode as times. It refuses the whole dataset because of one of them.

https://cfconventions.org/cf-conventions/cf-conventions.html#time-coordinate
"""

from __future__ import annotations

import re

from .. import wire

_SINCE = re.compile(r"\s*(?P<unit>[a-z]+?)s?\s+since\s+(?P<year>\d+)", re.IGNORECASE)

_UNITS = {"day", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond"}
_CFTIME_UNITS = _UNITS | {"d", "hr", "h", "min", "sec", "msec", "microsec"}

#: What numpy holds; all else takes cftime.
_CALENDARS = {"standard", "gregorian", "proleptic_gregorian"}
_CFTIME_CALENDARS = _CALENDARS | {"julian", "noleap", "365_day", "all_leap", "366_day", "360_day"}

#: Nanoseconds since 1970 in 64 bits begin in 1677.
_FIRST_YEAR = 1678


def undecodable(arrays: list[wire.ArrayNode], has_cftime: bool) -> list[str]:
    """Names of variables that have to stay numbers."""
    return [array.name for array in arrays if needs_cftime(array) and not (has_cftime and _with_cftime(array))]


def needs_cftime(array: wire.ArrayNode) -> bool:
    """Whether numpy's times do not do; cftime may not either."""
    units, calendar = _units(array)
    if units is None:
        return False
    found = _SINCE.match(units)
    return (
        found is None
        or found["unit"].lower() not in _UNITS
        or int(found["year"][:4]) < _FIRST_YEAR
        or calendar not in _CALENDARS
    )


def _with_cftime(array: wire.ArrayNode) -> bool:
    units, calendar = _units(array)
    found = _SINCE.match(units or "")
    if found is None or calendar not in _CFTIME_CALENDARS:
        return False
    if found["unit"].lower() == "month":
        return calendar == "360_day"
    return found["unit"].lower().removesuffix("s") in {unit.removesuffix("s") for unit in _CFTIME_UNITS} and (
        int(found["year"][:4]) > 0 or calendar not in _CALENDARS | {"julian"}
    )


def _units(array: wire.ArrayNode) -> tuple[str | None, str]:
    attributes = array.attributes or {}
    units, calendar = attributes.get("units"), attributes.get("calendar", "standard")
    is_time = isinstance(units, str) and "since" in units
    return units if is_time else None, calendar.lower() if isinstance(calendar, str) else ""
