"""A report as CSV files in a folder, for spreadsheets and scripts. Their columns stay as they are.

================ ===========================================================================================
actions.csv      side (station, csms), action, count, rate, p50_ms … max_ms, mean_ms, errors, and where values were
                 scheduled wire_p50_ms … wire_mean_ms; one row an action
errors.csv       side, action, cause, count
times.csv        name (connect, accepted, …), count, p50_ms … mean_ms
timeline.csv     at_s, length_s, up, charging, queued, calls, errors, p50_ms, p95_ms, p99_ms, lag_ms, saturated
thresholds.csv   threshold, passed, value, unit, shown
recovery.csv     seconds after the loss of the connection, stations that were back
drain.csv        seconds after that, stations that had told all that waited
events.csv       at_s, what happened
saturated.csv    from_s, to_s: when the generator was
summary.csv      name, value: everything else of the report's JSON, by the names that lead to it
================ ===========================================================================================

Words that others chose (error codes) cannot become formulas of a spreadsheet: such a cell begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from station.fleet.histogram import Histogram
from station.fleet.report import MOMENTS, Report, curve, flat, times_json
from station.fleet.totals import Figure

_TIMES: Final = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms", "mean_ms")
_WIRE: Final = tuple(f"wire_{name}" for name in _TIMES)
_TABLED: Final = ("actions", "asked", "times")
"""Members of the JSON that have a table of their own."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def tables(report: Report) -> dict[str, str]:
    """The files: name to text."""
    return {
        "actions.csv": _table(("side", "action", "count", "rate", *_TIMES, "errors", *_WIRE), _actions(report)),
        "errors.csv": _table(("side", "action", "cause", "count"), _errors(report)),
        "times.csv": _table(("name", "count", *_TIMES), _moments(report)),
        "timeline.csv": _table(_TIMELINE, _timeline(report)),
        "thresholds.csv": _table(("threshold", "passed", "value", "unit", "shown"), _thresholds(report)),
        "recovery.csv": _table(("after_s", "stations"), curve(report.totals.times("recovery"))),
        "drain.csv": _table(("after_s", "stations"), curve(report.totals.times("drain"))),
        "events.csv": _table(("at_s", "what"), ((round(mark.at_s, 1), mark.text) for mark in report.marks)),
        "saturated.csv": _table(("from_s", "to_s"), ((round(a, 1), round(b, 1)) for a, b in report.saturated)),
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
        wire = report.totals.wire(figure.name) if side == "station" else None
        on_the_wire = _columns(wire) if wire is not None else ("",) * len(_WIRE)
        count, rate = figure.count, round(figure.rate, 3)
        yield side, figure.name, count, rate, *_columns(figure.times), figure.failed, *on_the_wire


def _columns(times: Histogram) -> Sequence[Any]:
    known = times_json(times)
    return [known[name] for name in _TIMES]


def _errors(report: Report) -> Iterable[Sequence[Any]]:
    for side, figure in _figures(report):
        for cause, count in figure.errors.items():
            yield side, figure.name, cause, count


def _moments(report: Report) -> Iterable[Sequence[Any]]:
    for name in (*MOMENTS, "loop_lag"):
        times = report.totals.times(name)
        yield name, times.count, *_columns(times)


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
        yield verdict.threshold.text, verdict.passed, verdict.value, verdict.threshold.unit, verdict.shown


def _summary(report: Report) -> Iterable[Sequence[Any]]:
    yield from flat({name: value for name, value in report.to_json().items() if name not in _TABLED})
