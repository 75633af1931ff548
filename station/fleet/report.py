"""The report of a run: figures, verdicts and what the run was, as plain data and as JSON.

``--json`` prints ``to_json`` as its last line; CSV, JUnit and the page are made of the same object (``report_csv``,
``junit``, ``html_page``). Times in JSON are milliseconds, rates a second, shares 0 to 1.

Causes of errors: ``Timeout``, ``Disconnected`` (the connection went while the answer was awaited), ``InvalidAnswer``
(it broke the schema), else the code of the CALLERROR.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from station import __version__
from station.fleet.health import GC_PAUSE, LOOP_LAG, SATURATED_S, Verdict
from station.fleet.health import verdict as health_of
from station.fleet.histogram import Histogram
from station.fleet.thresholds import Verdict as ThresholdVerdict
from station.fleet.timeline import Mark, Row
from station.fleet.totals import Figure, Totals

MOMENTS: Final = ("connect", "tls", "upgrade", "accepted", "recovery", "drain", "remote_start")
SESSIONS: Final = ("started", "finished", "late", "lost")
_CURVE: Final = 60


@dataclass(frozen=True, slots=True)
class Run:
    """What was run, and how it went.

    Attributes:
        name: of the plan.
        csms: the address that the stations dialled; without credentials.
        versions: of OCPP, such as ``1.6``.
        began: date and time (UTC, as a text) of the first dial; empty in virtual time.
        up_s: when all stations of the first stage were up, in seconds since the first dial; None: never.
        held_s: how long the load was held.
        duration_s: from the first dial to the end.
        end: ``done``, ``stopped`` (by the user), ``nobody`` (no station was ever accepted) or
            ``failed`` (no worker was left).
        settings: further facts for people: groups, stages, network; name to words.
    """

    name: str
    csms: str
    versions: tuple[str, ...]
    seed: int
    began: str = ""
    up_s: float | None = None
    held_s: float = 0.0
    duration_s: float = 0.0
    end: str = "done"
    workers: int = 1
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """See the module.

    Attributes:
        totals: with the rates of the time in which the load was held, and the gauges of its end.
        rows: the run over time.
        saturated: from when to when the generator was, in seconds since the first dial.
    """

    run: Run
    totals: Totals
    verdicts: Sequence[ThresholdVerdict] = ()
    rows: Sequence[Row] = ()
    marks: Sequence[Mark] = ()
    saturated: Sequence[tuple[float, float]] = field(default=())

    @property
    def generator(self) -> Verdict:
        """Whether this program kept up during the whole run."""
        return "saturated" if self.saturated else health_of(self.totals.snapshot)

    @property
    def undelivered(self) -> int:
        """Messages that nobody was told: those that wait, and those that waited in stations when these ended."""
        return self.totals.gauge("queued") + self.totals.count("undelivered")

    @property
    def crossed(self) -> bool:
        """Whether a threshold was crossed (exit code 99)."""
        return not all(verdict.passed for verdict in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; see the module."""
        totals = self.totals
        lag = totals.times(LOOP_LAG)
        return {
            "stations": totals.wanted,
            "up": totals.gauge("up"),
            "sessions": dict.fromkeys(SESSIONS, 0) | totals.named("sessions."),
            "actions": {name: call_json(totals.call(name), totals.wire(name)) for name in totals.actions()},
            "loop_lag_ms": {"p99": _ms(lag.percentile_s(99)), "max": _ms(lag.max_s)},
            "generator": self.generator,
            "thresholds": [_threshold_json(verdict) for verdict in self.verdicts],
            "total": call_json(totals.calls()),
            "asked": {name: call_json(totals.ask(name)) for name in totals.asked()},
            "times": {name: times_json(totals.times(name)) for name in MOMENTS if totals.times(name).count},
            "recovery_curve": curve(totals.times("recovery")),
            "drain_curve": curve(totals.times("drain")),
            "energy_kwh": round(totals.snapshot.energy_wh / 1000, 3),
            "states": totals.named("state.", gauges=True),
            "connections": {"lost": totals.count("lost_connections"), "failed": totals.named("dial.failed.")},
            "weather": totals.named("storms.") | totals.named("network."),
            "booted": totals.count("booted"),
            "undelivered": self.undelivered,
            "lost_by_generator": {
                "sessions": totals.count("sessions.lost"),
                "messages": totals.count("messages.lost"),
            },
            "generator_detail": self._generator_json(),
            "run": self._run_json(),
        }

    def _generator_json(self) -> dict[str, Any]:
        pauses = self.totals.times(GC_PAUSE)
        return {
            "saturated_s": self.totals.count(SATURATED_S),
            "saturated": [{"from_s": round(begin, 1), "to_s": round(end, 1)} for begin, end in self.saturated],
            "gc_pauses_ms": {"count": pauses.count, "max": _ms(pauses.max_s)},
        }

    def _run_json(self) -> dict[str, Any]:
        run = self.run
        return {
            "name": run.name,
            "program": __version__,
            "csms": run.csms,
            "ocpp": list(run.versions),
            "seed": run.seed,
            "workers": run.workers,
            "began": run.began or None,
            "up_s": None if run.up_s is None else round(run.up_s, 3),
            "held_s": round(run.held_s, 3),
            "duration_s": round(run.duration_s, 3),
            "end": run.end,
            "events": [{"at_s": round(mark.at_s, 1), "text": mark.text} for mark in self.marks],
        }


def flat(known: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each figure of a report's JSON by the names that lead to it: ``actions.Heartbeat.p95_ms``.

    What is a row of its own wherever it is shown (points of curves, events, verdicts) is left out.
    """
    for name, value in known.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield prefix + name, value
        elif value and all(isinstance(each, str) for each in value):
            yield prefix + name, " ".join(value)


def call_json(figure: Figure, wire: Histogram | None = None) -> dict[str, Any]:
    """Calls of one kind."""
    shown = {
        "count": figure.count,
        "rate": round(figure.rate, 2),
        **times_json(figure.times),
        "errors": dict(figure.errors),
    }
    del shown["answered"]
    if wire is not None:
        shown["wire"] = times_json(wire)
    return shown


def times_json(times: Histogram) -> dict[str, Any]:
    """Times of one kind, in milliseconds."""
    p50, p90, p95, p99 = times.percentiles_s((50, 90, 95, 99))
    return {
        "answered": times.count,
        "p50_ms": _ms(p50),
        "p90_ms": _ms(p90),
        "p95_ms": _ms(p95),
        "p99_ms": _ms(p99),
        "max_ms": _ms(times.max_s),
        "mean_ms": _ms(times.mean_s),
    }


def curve(times: Histogram) -> list[list[float]]:
    """How many were done after how long, as (seconds, so many so far): at most some sixty points."""
    points = times.distribution()
    stride = max(1, -(-len(points) // _CURVE))
    so_far = 0
    shown = []
    for place, (at_s, count) in enumerate(points, 1):
        so_far += count
        if place % stride == 0 or place == len(points):
            shown.append([round(at_s, 4), so_far])
    return shown


def _threshold_json(verdict: ThresholdVerdict) -> dict[str, Any]:
    unit = verdict.threshold.unit
    return {
        "threshold": verdict.threshold.text,
        "ok": verdict.passed,
        "value": verdict.value,
        "unit": {"s": "s", "share": "share", "number": "", "rate": "/s"}[unit],
        "shown": verdict.shown,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
