"""Network conditions that a test can set: latency, bandwidth, failures, refusals. Decisions only, no sockets."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, fields, replace
from typing import Any

from .records import Record, Recorder

FAULT_MODES = frozenset({"slowdown", "reset", "truncate", "mute", "stall"})

#: The verdict on a request that ``deny_match`` refuses.
DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What the wire does to requests; the defaults do nothing.

    ``fail_match`` and ``deny_match`` are regular expressions searched in ``"<op> <METHOD> <path>?<query>"`` as sent, so
    ``"^List "`` hits listings and ``"GetObject .*zarr\\.json"`` hits reads of metadata.
    """

    #: Delay before a request is answered or forwarded, and the half-width of its uniform jitter.
    latency_ms: float = 0
    jitter_ms: float = 0
    #: Megabits per second for all answers together; 0 is unlimited.
    bandwidth_mbps: float = 0
    #: Share of the matching requests that fail, and how: ``slowdown`` is a 503, ``reset`` a TCP reset, ``truncate``
    #: half an answer and a reset, ``mute`` a reset in place of the answer to what was done, ``stall`` no answer at all.
    fail_rate: float = 0
    fail_modes: tuple[str, ...] = ("slowdown",)
    fail_match: str = ""
    #: The first this many matching requests fail, going through ``fail_modes`` in turn.
    fail_first: int = 0
    #: Above this many requests at once, 503; 0 is off.
    max_inflight: int = 0
    #: Requests that match are answered 403 AccessDenied.
    deny_match: str = ""
    #: An object that is missing is answered 403 as S3 does for callers that may not list.
    missing_as_403: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.fail_modes) - FAULT_MODES
        if unknown or not self.fail_modes:
            raise ValueError(f"fail_modes: expected some of {sorted(FAULT_MODES)}, got {sorted(self.fail_modes)}")


class Traffic:
    """Applies conditions to a stream of requests. Used from one thread, configured from any."""

    def __init__(self, recorder: Recorder, conditions: Conditions | None = None) -> None:
        self.recorder = recorder
        self.inflight = 0
        self.inflight_peak = 0
        self._apply(conditions or Conditions())

    def configure(self, **changes: Any) -> None:
        """Changes some conditions and keeps the others; counting for ``fail_first`` starts again."""
        if isinstance(modes := changes.get("fail_modes"), str):
            changes["fail_modes"] = tuple(mode for mode in modes.split(",") if mode)
        self._apply(replace(self.conditions, **changes))

    def restore(self) -> None:
        """Back to conditions that do nothing."""
        self._apply(Conditions())

    def _apply(self, conditions: Conditions) -> None:
        self._fail_match = re.compile(conditions.fail_match)
        self._deny_match = re.compile(conditions.deny_match) if conditions.deny_match else None
        self._random = random.Random(conditions.seed)
        self._failed_first = 0
        self._link_free_at = 0.0
        self._may_fail = bool(conditions.fail_rate or conditions.fail_first)
        self.conditions = conditions

    def begin(self, method: str, target: str, byte_range: str | None) -> Record:
        self.inflight += 1
        self.inflight_peak = max(self.inflight_peak, self.inflight)
        return self.recorder.begin(method, target, byte_range)

    def end(self, record: Record) -> None:
        self.inflight -= 1
        record.elapsed_s = time.monotonic() - record.started_s

    def verdict(self, record: Record, target: str) -> str | None:
        """A fault mode, ``DENIED``, or None for a request that goes through."""
        conditions = self.conditions
        if conditions.max_inflight and self.inflight > conditions.max_inflight:
            return "slowdown"
        if not (self._may_fail or self._deny_match):
            return None
        subject = f"{record.op} {record.method} {target}"
        if self._deny_match and self._deny_match.search(subject):
            return DENIED
        if not self._may_fail or not self._fail_match.search(subject):
            return None
        if self._failed_first < conditions.fail_first:
            self._failed_first += 1
            return conditions.fail_modes[(self._failed_first - 1) % len(conditions.fail_modes)]
        if self._random.random() < conditions.fail_rate:
            return self._random.choice(conditions.fail_modes)
        return None

    def delay_s(self) -> float:
        conditions = self.conditions
        jitter_ms = self._random.uniform(-conditions.jitter_ms, conditions.jitter_ms) if conditions.jitter_ms else 0
        return max(0.0, conditions.latency_ms + jitter_ms) / 1000

    def leaves_at(self, size_bytes: int) -> float:
        """The monotonic time at which this many bytes have passed the shared link; 0 is now."""
        if not self.conditions.bandwidth_mbps:
            return 0.0
        bytes_per_s = self.conditions.bandwidth_mbps * 1e6 / 8
        self._link_free_at = max(time.monotonic(), self._link_free_at) + size_bytes / bytes_per_s
        return self._link_free_at


def parse_conditions(values: dict[str, str]) -> dict[str, Any]:
    """Text as it comes from a query string -> keyword arguments for ``configure``."""
    kinds = {field.name: str(field.type) for field in fields(Conditions)}
    parsed: dict[str, Any] = {}
    for name, text in values.items():
        kind = kinds[name]
        if kind == "bool":
            parsed[name] = text.lower() in ("1", "true", "yes")
        elif kind in ("int", "float"):
            parsed[name] = int(text) if kind == "int" else float(text)
        else:
            parsed[name] = text
    return parsed
