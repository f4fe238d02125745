"""``jupyter zarrbrowser usage``: the counts of the panel as text, for people, for cron and for Prometheus."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec
from jupyter_server.serverapp import ServerApp

from . import wire
from .app import ZarrBrowser
from .browser import Browser
from .errors import BrowserError
from .expiry import moment_of

#: Rows of a table; all are in the JSON.
_ROWS = 20

#: Less than this is not written as a number.
_CENT = 0.01


@dataclass(frozen=True)
class _Counted:
    """A place that was counted, and what is known of it where it is somebody's scratch."""

    uri: str
    usage: wire.Usage
    location: wire.ScratchLocation | None

    @property
    def is_lower_bound(self) -> int:
        return int(self.usage.is_lower_bound)

    @property
    def quota_bytes(self) -> int | None:
        return self.location.quota_bytes if self.location is not None else None

    @property
    def damaged_stores(self) -> int:
        """Zarr stores whose metadata, or a part of it, is gone or cannot be read."""
        return sum(row.damage is not None for row in self.usage.rows)

    @property
    def deleted_chunks(self) -> int:
        """Chunks that are missing and were probably deleted, of all Zarr stores that were looked into."""
        counts = (row.chunks for row in self.usage.rows)
        return sum(each.expected - each.present for each in counts if each is not None and each.verdict == "deleted")


#: Names of gauges, what they tell, and where that is; None is not told.
_GAUGES: tuple[tuple[str, str, Callable[[_Counted], float | None]], ...] = (
    ("bytes", "What lies there.", lambda each: each.usage.bytes),
    ("objects", "Objects that lie there.", lambda each: each.usage.objects),
    ("is_lower_bound", "1 where a bound ended the count: there is at least so much.", lambda each: each.is_lower_bound),
    ("expiring_bytes", "What is deleted within 24 hours.", lambda each: each.usage.expiring_bytes),
    ("expiring_objects", "Objects that are deleted within 24 hours.", lambda each: each.usage.expiring_objects),
    ("deleted_chunks", "Chunks of Zarr stores that were probably deleted.", lambda each: each.deleted_chunks),
    ("damaged_stores", "Zarr stores whose metadata is gone or unreadable.", lambda each: each.damaged_stores),
    ("quota_bytes", "What may lie there.", lambda each: each.quota_bytes),
    ("as_of_timestamp_seconds", "When the count began.", lambda each: moment_of(each.usage.as_of).timestamp()),
)


def usage(places: Sequence[str], *, form: str, config_file: str | None = None) -> int:
    """Count places and print them. Returns the exit status: 1 where one of them could not be counted.

    Parameters
    ----------
    places
        Addresses, or ids of endpoints; none for all that the configuration and the environment name as scratch.
    form
        ``table``, ``json`` or ``prometheus``
        (https://prometheus.io/docs/instrumenting/exposition_formats/).
    config_file
        Read instead of ``jupyter_server_config.py``.
    """
    out, err = sys.stdout, sys.stderr
    if config_file is not None and not Path(config_file).is_file():
        print(f"There is no file {config_file}.", file=err)
        return 1
    browser = _browser(config_file, err)
    found, failed = asyncio.run(_count(browser, places, err))
    for place, error in failed:
        print(f"{place}: {error.message} {error.hint}".rstrip(), file=err)
    if not found and not failed:
        print("No scratch space is configured: name a place, or set SCRATCH_BUCKET.", file=err)
        return 1
    _FORMS[form](found, out)
    return 1 if failed else 0


def _browser(config_file: str | None, err: TextIO) -> Browser:
    server = ServerApp()
    if config_file is not None:
        server.config_file = config_file
    server.load_config_file()
    app = ZarrBrowser(config=server.config)
    browser, wrong = app.make_browser(server_root="")
    for each in wrong:
        print(each, file=err)
    return browser


async def _count(
    browser: Browser, places: Sequence[str], err: TextIO
) -> tuple[list[_Counted], list[tuple[str, BrowserError]]]:
    found: list[_Counted] = []
    failed: list[tuple[str, BrowserError]] = []
    try:
        scratch = await browser.scratch()
        if not places:
            for remark in scratch.remarks:
                print(f"{remark.message} {remark.hint}", file=err)
        seen: set[tuple[str, str]] = set()
        locations = {each.uri: each for each in scratch.locations}
        known = {each.uri: (each.endpoint, each.key, each.uri) for each in scratch.locations}
        for place in list(places) or known:
            try:
                endpoint, key, uri = known[place] if place in known else browser.locate(place)
                if (endpoint, key) in seen:
                    continue
                seen.add((endpoint, key))
                job = await browser.start(wire.JobRequest(kind="usage", endpoint=endpoint, key=key))
                while job.state in {"queued", "running"}:
                    job = await browser.jobs.watch(job.id, 3600)
                if job.error is not None:
                    failed.append((place, BrowserError(job.error.code, job.error.message, job.error.hint)))
                elif isinstance(job.result, wire.Usage):
                    found.append(_Counted(uri, job.result, locations.get(uri)))
            except BrowserError as exc:
                failed.append((place, exc))
    finally:
        await browser.close()
    return found, failed


def _table(found: list[_Counted], out: TextIO) -> None:
    for each in found:
        usage_ = each.usage
        least = "at least " if usage_.is_lower_bound else ""
        count = f"{usage_.objects:,} object{'' if usage_.objects == 1 else 's'}"
        print(f"{each.uri}: {least}{_bytes(usage_.bytes)} in {count}, as of {usage_.as_of}", file=out)
        if each.quota_bytes:
            share = f"{100 * usage_.bytes / each.quota_bytes:.0f} %"
            print(f"Quota: {share} of {_bytes(each.quota_bytes)}.", file=out)
        if each.location is not None and each.location.price_per_tb_month is not None:
            price = usage_.bytes / 10**12 * each.location.price_per_tb_month
            print(f"Price: {_price(price, each.location.currency)} a month.", file=out)
        if usage_.expires_at and usage_.lifetime_days:
            going = f", {_bytes(usage_.expiring_bytes)} within 24 hours" if usage_.expiring_objects else ""
            print(f"Deleted after {usage_.lifetime_days:g} days ({usage_.lifetime_source}){going}.", file=out)
        print(f"{'bytes':>12} {'objects':>12}  {'first goes':<12}{'chunks':<16}name", file=out)
        for row in usage_.rows[:_ROWS]:
            goes = (row.expires_at or "")[:10]
            print(
                f"{_bytes(row.bytes):>12} {row.objects:>12,}  {goes:<12}{_chunks(row):<16}{_one_line(row.name)}",
                file=out,
            )
        more = len(usage_.rows) - _ROWS + usage_.other_rows
        if more > 0:
            print(f"{'':>26} and {more:,} more", file=out)
        print(file=out)


def _price(price: float, currency: str) -> str:
    """In words, ``about €2.50``; what is less than a cent is not nothing."""
    is_tiny = 0 < price < _CENT
    gap = " " if currency[-1:].isalpha() else ""
    return f"{'less than' if is_tiny else 'about'} {currency}{gap}{_CENT if is_tiny else price:,.2f}"


def _json(found: list[_Counted], out: TextIO) -> None:
    body = [{"uri": each.uri, **msgspec.to_builtins(each.usage), **_terms(each.location)} for each in found]
    print(msgspec.json.format(msgspec.json.encode(body)).decode(), file=out)


def _terms(location: wire.ScratchLocation | None) -> dict[str, Any]:
    """What the administrator says of a place; empty where it is no scratch."""
    if location is None:
        return {}
    return {
        "quotaBytes": location.quota_bytes,
        "pricePerTbMonth": location.price_per_tb_month,
        "currency": location.currency,
    }


def _prometheus(found: list[_Counted], out: TextIO) -> None:
    for name, text, value_of in _GAUGES:
        told = [(each, value) for each in found if (value := value_of(each)) is not None]
        if not told:
            continue
        print(f"# HELP zarrbrowser_usage_{name} {text}", file=out)
        print(f"# TYPE zarrbrowser_usage_{name} gauge", file=out)
        for each, value in told:
            print(f"zarrbrowser_usage_{name}{{{_labels(each, found)}}} {value}", file=out)


def _labels(which: _Counted, found: list[_Counted]) -> str:
    """What tells a place from all others: two services may have a bucket of the same name."""
    uri = which.uri.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    is_double = sum(each.uri == which.uri for each in found) > 1
    return f'uri="{uri}"' + (f',endpoint="{which.usage.endpoint}"' if is_double else "")


_FORMS: dict[str, Callable[[list[_Counted], TextIO], None]] = {
    "table": _table,
    "json": _json,
    "prometheus": _prometheus,
}


def _chunks(row: wire.UsageRow) -> str:
    """What is known of missing chunks, in a word or two; that metadata is gone matters more."""
    words = {
        "gone": "no metadata",
        "unreadable": "bad metadata",
        "incomplete": f"{row.missing_documents:,} undescribed",
    }
    if row.damage is not None:
        return words[row.damage]
    if row.chunks is None:
        return ""
    missing = row.chunks.expected - row.chunks.present
    verdicts = {
        "deleted": f"{missing:,} deleted?",
        "never_written": f"{missing:,} unwritten",
        "unknown": f"{missing:,} missing",
    }
    return verdicts.get(row.chunks.verdict, "complete")


def _one_line(name: str) -> str:
    """A name as it can be printed: a key may hold line breaks and what terminals obey."""
    return name if name.isprintable() else repr(name)


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} PB"
