"""What a run has to reach: ``boot.p95<2s``, ``call.errors<0.1%``. Text in, verdicts out.

``NAME.STAT OP VALUE`` (spaces are optional), OP one of ``<``, ``<=``, ``>``, ``>=``.

============= ========================================== ==========================================================
NAME          means                                      STAT
============= ========================================== ==========================================================
call          all calls of the stations                  p50 p90 p95 p99 p99.9 max mean (times), count, rate, errors
an action     its calls, of stations or the CSMS         the same
boot, …       its calls; see ``ALIASES``                 the same
remote        all calls of the CSMS                      the same
connect, tls  making a connection, its TLS part          times, count
upgrade       the WebSocket handshake                    times, count
accepted      first dial to Boot Accepted                times, count
recovery      loss of the connection to accepted again   times, count
drain         accepted again to an empty queue           times, count
remote_start  remote start to the session that follows   times, count
loop_lag      how late this program's own loop is        times
sessions                                                 started, finished, late, lost
stations                                                 up
============= ========================================== ==========================================================

Times take ``ms``, ``s``, ``m``; ``rate`` ``/s``; ``errors``, ``finished``, ``late``, ``lost`` and ``up`` a number or a
share (``%``): of the calls, of the sessions that started, of the stations that there should be.

A threshold on the times or the errors of something that never happened is not met: a run in which no station boots has
no slow boots, but is no success.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from station.config.errors import ValueRefusedError, did_you_mean
from station.errors import StationError
from station.fleet.health import LOOP_LAG
from station.fleet.histogram import Histogram
from station.fleet.totals import Figure, Totals

Unit = Literal["s", "share", "number", "rate"]

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "boot": ("BootNotification",),
    "authorize": ("Authorize",),
    "heartbeat": ("Heartbeat",),
    "start": ("StartTransaction",),
    "stop": ("StopTransaction",),
    "meter": ("MeterValues",),
    "status": ("StatusNotification",),
    "transaction": ("StartTransaction", "StopTransaction", "TransactionEvent"),
}

_PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}
_TIME_STATS: Final = (*_PERCENTILES, "max", "mean")
_CALL_STATS: Final = (*_TIME_STATS, "count", "rate", "errors")
_MOMENTS: Final = ("connect", "tls", "upgrade", "accepted", "recovery", "drain", "remote_start")
_SESSIONS: Final = ("started", "finished", "late", "lost")

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_SHAPE: Final = re.compile(r"([A-Za-z_][\w-]{0,59})\.([pP]99\.9|\w{1,20})\s*(<=|>=|<|>)\s*(\S.{0,30})", re.ASCII)
_VALUE: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(ms|s|m|h|%|/s)?", re.ASCII)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST: Final = 120
EXAMPLE: Final = "boot.p95<2s"


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is demanded of one figure.

    Attributes:
        text: as written, without spaces.
        name: an alias, an action in its own spelling, or another name of the module's table.
        limit: in seconds, a second, a number, or a share of 0 to 1.
    """

    text: str
    name: str
    stat: str
    op: str
    limit: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a threshold.

    Attributes:
        value: in the threshold's unit; None where there was nothing to measure.
    """

    threshold: Threshold
    value: float | None
    passed: bool

    @property
    def shown(self) -> str:
        """The value in words: ``0.14s``, ``0.05%``, ``no data``."""
        return "no data" if self.value is None else _worded(self.value, self.threshold.unit)

    def __str__(self) -> str:
        return f"threshold {self.threshold.text} {'PASS' if self.passed else 'FAIL'} ({self.shown})"


class BadThreshold(StationError, ValueRefusedError):
    """A threshold that cannot be read."""

    def __init__(self, text: str, what: str, suggestion: str = "") -> None:
        StationError.__init__(self, f"threshold '{_short(text)}': {what}", suggestion or None)
        self.suggestion = suggestion


def parse(text: str) -> Threshold:
    """Read a threshold; see the module.

    Raises:
        BadThreshold: it is none; says what is wrong with it, and what to write instead.
    """
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise BadThreshold(text, "not NAME.STAT<VALUE", f"write it like {EXAMPLE}")
    name, stat, op, value = match[1], match[2].casefold(), match[3], match[4].strip()
    name = _name(text, name)
    stats = _stats(name)
    if stat not in stats:
        raise BadThreshold(text, f"{name} has no '{stat}'", did_you_mean(stat, stats))
    limit, unit = _limit(text, stat, value)
    return Threshold(f"{match[1]}.{match[2]}{op}{value}".replace(" ", ""), name, stat, op, limit, unit)


def evaluate(thresholds: Iterable[Threshold], totals: Totals) -> list[Verdict]:
    """What became of each of them."""
    return [_judged(threshold, totals) for threshold in thresholds]


def _judged(threshold: Threshold, totals: Totals) -> Verdict:
    value = _measured(threshold, totals)
    passed = value is not None and _OPERATORS[threshold.op](value, threshold.limit)
    return Verdict(threshold, value, passed)


# Reading


@cache
def _actions() -> Mapping[str, str]:
    """Folded to its own spelling, of all versions."""
    from station.ocpp.schema import known_actions  # the schemas' names are read from files

    return {name.casefold(): name for version in ("1.6", "2.0.1") for name in known_actions(version)}


def _name(text: str, word: str) -> str:
    folded = word.casefold().replace("-", "_")
    others = ("call", "remote", *_MOMENTS, LOOP_LAG, "sessions", "stations")
    if folded in ALIASES or folded in others:
        return folded
    action = _actions().get(folded)
    if action is None:
        known = (*ALIASES, *others, *_actions().values())
        raise BadThreshold(text, f"nothing is called '{_short(word)}'", did_you_mean(word, known))
    return action


def _stats(name: str) -> tuple[str, ...]:
    if name == "sessions":
        return _SESSIONS
    if name == "stations":
        return ("up",)
    if name == LOOP_LAG:
        return _TIME_STATS
    return (*_TIME_STATS, "count") if name in _MOMENTS else _CALL_STATS


def _limit(text: str, stat: str, value: str) -> tuple[float, Unit]:
    match = _VALUE.fullmatch(value)
    if match is None:
        raise BadThreshold(text, f"'{_short(value)}' is no value", f"write it like {EXAMPLE}")
    number, unit = float(match[1]), match[2] or ""
    if stat in _TIME_STATS:
        if unit in _SECONDS:
            return number * _SECONDS[unit], "s"
        raise BadThreshold(text, f"{stat} is a time", f"write it with its unit, like {EXAMPLE}")
    if stat == "rate":
        if unit in ("", "/s"):
            return number, "rate"
        raise BadThreshold(text, "rate is a number a second", "write it like call.rate>100/s")
    if unit == "%" and stat not in ("count", "started"):
        return number / 100, "share"
    if unit:
        raise BadThreshold(text, f"{stat} is a number", f"without '{unit}'")
    return number, "number"


# Measuring


def _measured(threshold: Threshold, totals: Totals) -> float | None:
    name, stat, share = threshold.name, threshold.stat, threshold.unit == "share"
    if name == "sessions":
        return _of(totals.count(f"sessions.{stat}"), totals.count("sessions.started"), share)
    if name == "stations":
        return _of(totals.gauge("up"), totals.wanted, share)
    if name in _MOMENTS or name == LOOP_LAG:
        times = totals.times(name)
        return float(times.count) if stat == "count" else _time(times, stat)
    figure = _figure(name, totals)
    if stat == "count":
        return float(figure.count)
    if stat == "rate":
        return figure.rate
    if stat == "errors":
        return _of(figure.failed, figure.count, share) if figure.count else None
    return _time(figure.times, stat)


def _figure(name: str, totals: Totals) -> Figure:
    if name == "call":
        return totals.calls()
    if name == "remote":
        return totals.asks()
    if name in ALIASES:
        return totals.calls(ALIASES[name], name)
    return totals.call(name) if name in totals.actions() else totals.ask(name)


def _time(times: Histogram, stat: str) -> float | None:
    if not times.count:
        return None
    if stat == "max":
        return times.max_s
    return times.mean_s if stat == "mean" else times.percentile_s(_PERCENTILES[stat])


def _of(count: int, whole: int, share: bool) -> float | None:
    if not share:
        return float(count)
    return count / whole if whole else None


# Words


def _worded(value: float, unit: Unit) -> str:
    if unit == "number":
        return f"{value:.0f}"
    value, sign = (value * 100, "%") if unit == "share" else (value, "/s" if unit == "rate" else "s")
    digits = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return f"{float(digits):f}".rstrip("0").rstrip(".") + sign


def _short(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_LONGEST])
