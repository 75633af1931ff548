"""A report as CSV files in a folder, for spreadsheets and scripts. Their columns stay as they are.

================ ===========================================================================================
actions.csv      side (station, csms), action, count, rate, p50_ms … max_ms, mean_ms, errors; one row an action
errors.csv       side, action, cause, count
times.csv        name (connect, accepted, …), count, p50_ms … mean_ms
timeline.csv     at_s, length_s, up, charging, queued, calls, errors, p50_ms, p95_ms, p99_ms, lag_ms, saturated
thresholds.csv   threshold, passed, value, unit
recovery.csv     seconds after the loss of the connection, stations that were back
summary.csv      name, value
================ ===========================================================================================

Words that others chose (error codes) cannot become formulas of a spreadsheet: such a cell begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from station.fleet.report import MOMENTS, Report, curve, times_json
from station.fleet.totals import Figure

_TIMES: Final = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms", "mean_ms")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def tables(report: Report) -> dict[str, str]:
    """The files: name to text."""
    return {
        "actions.csv": _table(("side", "action", "count", "rate", *_TIMES, "errors"), _actions(report)),
        "errors.csv": _table(("side", "action", "cause", "count"), _errors(report)),
        "times.csv": _table(("name", "count", *_TIMES), _moments(report)),
        "timeline.csv": _table(_TIMELINE, _timeline(report)),
        "thresholds.csv": _table(("threshold", "passed", "value", "unit"), _thresholds(report)),
        "recovery.csv": _table(("after_s", "stations"), curve(report.totals.times("recovery"))),
        "summary.csv": _table(("name", "value"), _summary(report)),
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _figures(report: Report) -> list[tuple[str, Figure]]:
    totals = report.totals
    own = [("station", totals.call(name)) for name in totals.actions()]
    return own + [("csms", totals.ask(name)) for name in totals.asked()]


def _actions(report: Report) -> Iterable[Sequence[Any]]:
    for side, figure in _figures(report):
        times = times_json(figure.times)
        yield side, figure.name, figure.count, round(figure.rate, 3), *(times[key] for key in _TIMES), figure.failed


def _errors(report: Report) -> Iterable[Sequence[Any]]:
    for side, figure in _figures(report):
        for cause, count in figure.errors.items():
            yield side, figure.name, cause, count


def _moments(report: Report) -> Iterable[Sequence[Any]]:
    for name in (*MOMENTS, "loop_lag"):
        times = times_json(report.totals.times(name))
        yield name, times["answered"], *(times[key] for key in _TIMES)


_TIMELINE: Final = (
    "at_s",
    "length_s",
    "up",
    "charging",
    "queued",
    "calls",
    "errors",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "lag_ms",
    "saturated",
)


def _timeline(report: Report) -> Iterable[Sequence[Any]]:
    for row in report.rows:
        times = (round(each * 1000, 3) for each in (row.p50_s, row.p95_s, row.p99_s, row.lag_s))
        state = (row.up, row.charging, row.queued, row.calls, row.errors)
        yield round(row.at_s, 2), round(row.length_s, 2), *state, *times, row.saturated


def _thresholds(report: Report) -> Iterable[Sequence[Any]]:
    for verdict in report.verdicts:
        yield verdict.threshold.text, verdict.passed, verdict.value, verdict.threshold.unit


def _summary(report: Report) -> Iterable[Sequence[Any]]:
    known = report.to_json()
    yield from ((name, known[name]) for name in ("stations", "up", "booted", "energy_kwh", "generator", "undelivered"))
    for group in ("sessions", "states", "lost_by_generator"):
        yield from ((f"{group}.{name}", value) for name, value in known[group].items())
    yield from ((f"connections.failed.{name}", count) for name, count in known["connections"]["failed"].items())
    yield "connections.lost", known["connections"]["lost"]
    for name, value in known["run"].items():
        if name != "events":
            yield f"run.{name}", " ".join(value) if isinstance(value, list) else value
