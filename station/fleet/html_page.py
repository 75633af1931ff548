"""A report as one page of HTML: for a browser without a network, for a mail, for a build server's artefacts.

It loads nothing and may load nothing (its Content-Security-Policy says so); whatever others chose (error codes,
identities, addresses) is escaped. Light or dark as the reader's system is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Final

from station import __version__
from station.fleet import html_charts as charts
from station.fleet.health import GC_PAUSE, LATE_S, LOOP_LAG
from station.fleet.histogram import Histogram
from station.fleet.html_charts import Axis, Notes, Series
from station.fleet.html_style import SCRIPT, STYLE
from station.fleet.report import MOMENTS, Report, curve
from station.fleet.timeline import Row
from station.fleet.totals import Figure
from station.fleet.words import causes, clock, duration, rate

_DIGEST: Final = b64encode(sha256(SCRIPT.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
)
"""No script runs but the page's own, wherever it came from."""
_MOST_POINTS: Final = 300
_MOST_CAUSES: Final = 15
_MOST_MARKS: Final = 6

_TIME_NOTE: Final = (
    "Times are of answered calls, from sending to answer. Values that the clock asked for count from the moment when "
    "they were due, so that a stall is seen by every value of that time; “on the wire” is from their sending alone."
)

_ENDS: Final = {
    "done": "as planned",
    "stopped": "by the user",
    "nobody": "nobody was accepted",
    "failed": "no worker was left",
}


def to_html(report: Report) -> str:
    """The page; ends with a newline."""
    title = escape(f"{report.run.name or 'fleet'}: load test")
    parts = [
        _header(report),
        _cards(report),
        _thresholds(report),
        _calls(report),
        _charts(report),
        _run(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f"<body><main>{''.join(parts)}</main><script>{SCRIPT}</script></body></html>\n"
    )


def _header(report: Report) -> str:
    run = report.run
    passed = not report.crossed and run.end not in ("nobody", "failed")
    badges = [_badge("passed" if passed else "failed", passed)] if report.verdicts or not passed else []
    badges.append(_badge(f"generator {report.generator}", report.generator == "ok"))
    about = " · ".join(
        escape(part)
        for part in (run.csms, f"OCPP {' and '.join(run.versions)}", run.began, f"{clock(run.duration_s)} long")
        if part
    )
    return f"<header><h1>{escape(run.name or 'Fleet')}</h1>{''.join(badges)}<p>{about}</p></header>"


def _badge(text: str, good: bool) -> str:
    return f'<span class="badge {"ok" if good else "bad"}">{escape(text)}</span>'


def _cards(report: Report) -> str:
    totals = report.totals
    every = totals.calls()
    p95 = every.times.percentile_s(95)
    shown = [
        (f"{totals.gauge('up')}/{totals.wanted}", "stations up"),
        (f"{every.count:,}", "calls"),
        (rate(every.rate), "calls, load held"),
        (duration(p95) if every.times.count else "-", "p95 of all calls"),
        (f"{every.error_share * 100:.2g} %", f"errors ({every.failed:,})"),
        (f"{totals.count('sessions.finished'):,}", f"sessions of {totals.count('sessions.started'):,} started"),
        (f"{totals.snapshot.energy_wh / 1000:,.1f} kWh", "delivered"),
    ]
    inner = "".join(f"<div><b>{value}</b><small>{name}</small></div>" for value, name in shown)
    return f'<div class="cards">{inner}</div>'


def _thresholds(report: Report) -> str:
    if not report.verdicts:
        return ""
    rows = "".join(
        f"<tr><td>{escape(verdict.threshold.text)}</td><td>{escape(verdict.shown)}</td>"
        f"<td>{_badge('PASS' if verdict.passed else 'FAIL', verdict.passed)}</td></tr>"
        for verdict in report.verdicts
    )
    head = "<tr><th>demanded</th><th>measured</th><th></th></tr>"
    return f'<section><h2>Thresholds</h2><table class="facts">{head}{rows}</table></section>'


# Tables

_HEAD: Final = ("count", "rate", "p50", "p90", "p95", "p99", "max", "mean", "errors")
_SPAN: Final = f'<tr><th colspan="{len(_HEAD) + 2}">'


def _calls(report: Report) -> str:
    totals = report.totals
    rows = []
    for action in totals.actions():
        rows.append(_figure(totals.call(action)))
        wire = totals.wire(action)
        if wire is not None:
            rows.append(_times("on the wire", wire, "part"))
    rows.append(_figure(totals.calls(name="all calls"), "sum"))
    asked = [_figure(totals.ask(action)) for action in totals.asked()]
    if asked:
        rows += [f"{_SPAN}calls of the CSMS, and how long the stations took</th></tr>", *asked]
    moments = [_times(name.replace("_", " "), totals.times(name)) for name in MOMENTS if totals.times(name).count]
    if moments:
        rows += [f"{_SPAN}connections</th></tr>", *moments]
    head = "".join(f"<th>{name}</th>" for name in _HEAD) + '<th class="left">causes</th>'
    return (
        f'<section><h2>Calls</h2><div class="scroll"><table><tr><th>name</th>{head}</tr>{"".join(rows)}</table></div>'
        f'<p class="note">{_TIME_NOTE}</p></section>'
    )


def _figure(figure: Figure, style: str = "") -> str:
    cells = [figure.name, f"{figure.count:,}", rate(figure.rate), *_columns(figure.times), f"{figure.failed:,}"]
    return _line([*cells, causes(figure.errors) if figure.errors else ""], style)


def _times(name: str, times: Histogram, style: str = "") -> str:
    return _line([name, f"{times.count:,}", "", *_columns(times), "", ""], style)


def _columns(times: Histogram) -> list[str]:
    if not times.count:
        return ["-"] * 6
    return [duration(each) for each in (*times.percentiles_s((50, 90, 95, 99)), times.max_s, times.mean_s)]


def _line(cells: Sequence[str], style: str) -> str:
    *most, last = cells
    inner = "".join(f"<td>{escape(cell)}</td>" for cell in most)
    return f'<tr{f" class={style}" if style else ""}>{inner}<td class="left words">{escape(last)}</td></tr>'


# Charts


def _charts(report: Report) -> str:
    rows = _thinned(report.rows)
    totals = report.totals
    time_axis = Axis(clock, clock=True)
    marks = [(mark.at_s, f"{clock(mark.at_s)} {mark.text}") for mark in report.marks]
    notes = Notes(marks, report.saturated)
    xs = [row.at_s for row in rows]
    up = [Series("up", [row.up for row in rows], 1, area=True), Series("charging", [row.charging for row in rows], 2)]
    pace = [Series("calls/s", [row.calls / row.length_s for row in rows], 1, area=True)]
    pace.append(Series("errors/s", [row.errors / row.length_s for row in rows], 4))
    queued = [Series("queued", [row.queued for row in rows], 5, area=True)]
    lag = [Series("greatest lag", [row.lag_s for row in rows], 3, area=True)]
    whole, pace_axis = Axis(charts.count, whole=True), Axis(charts.count)
    shown = [
        ("Stations", charts.lines(xs, up, time_axis, whole, notes) + _explained(report)),
        ("Calls", charts.lines(xs, pace, time_axis, pace_axis, notes)),
        ("Latency over time", _latency(rows, time_axis, notes)),
        ("Latency, all calls", charts.bars(*charts.spread(totals.calls().times.distribution()), Axis(_short))),
        ("Errors", _causes(report)),
        ("Recovery", _recovery(report)),
        ("Drain", _drain(report)),
        ("Messages waiting", charts.lines(xs, queued, time_axis, whole, notes) if _any(queued) else ""),
        ("Loop lag of the generator", charts.lines(xs, lag, time_axis, Axis(_short), Notes(marks, (), LATE_S))),
    ]
    inner = "".join(f"<section><h2>{title}</h2>{chart}</section>" for title, chart in shown if chart)
    return f'<div class="charts">{inner}</div>'


def _explained(report: Report) -> str:
    """What the dotted lines of the charts are, and the red stretches."""
    words = [f"┊ {clock(mark.at_s)} {mark.text}" for mark in report.marks[:_MOST_MARKS]]
    if len(report.marks) > _MOST_MARKS:
        words.append("…")
    if report.saturated:
        words.append("red: the generator was saturated")
    return f'<p class="note">{escape(" · ".join(words))}</p>' if words else ""


def _any(series: Sequence[Series]) -> bool:
    return any(any(each.values) for each in series)


def _latency(rows: Sequence[Row], x: Axis, notes: Notes) -> str:
    real = [row for row in rows if row.p50_s]
    series = [
        Series("p50", [row.p50_s for row in real], 2),
        Series("p95", [row.p95_s for row in real], 3),
        Series("p99", [row.p99_s for row in real], 4),
    ]
    return charts.lines([row.at_s for row in real], series, x, Axis(_short, log=True), notes)


def _short(seconds: float) -> str:
    return duration(seconds) if seconds else "0"


def _causes(report: Report) -> str:
    totals = report.totals
    every = [
        (f"{figure.name}: {cause}", count)
        for figure in map(totals.call, totals.actions())
        for cause, count in figure.errors.items()
    ]
    every += [(f"connection: {kind}", count) for kind, count in totals.named("dial.failed.").items()]
    if not every:
        return '<p class="none">no errors</p>'
    every.sort(key=lambda each: -each[1])
    most = every[0][1]
    return "".join(
        f'<div class="cause"><span>{escape(name)}</span><i style="width:{count / most * 100:.1f}%"></i>{count:,}</div>'
        for name, count in every[:_MOST_CAUSES]
    )


def _recovery(report: Report) -> str:
    """How many stations were back so long after the connection was lost."""
    drain = report.totals.times("drain")
    told = f"; queue empty {duration(drain.percentile_s(95))} after that (p95)" if drain.count else ""
    return _so_far(report.totals.times("recovery"), "stations back", f"time since the connection was lost{told}")


def _drain(report: Report) -> str:
    """How many stations had told all that waited so long after they were back."""
    return _so_far(report.totals.times("drain"), "queues empty", "time since the station was back")


def _so_far(times: Histogram, name: str, note: str) -> str:
    points = curve(times)
    if not points:
        return ""
    points = [[0.0, 0.0], *points]
    drawn = charts.lines(
        [at for at, _ in points],
        [Series(name, [count for _, count in points], 2, area=True)],
        Axis(_short),
        Axis(charts.count, whole=True),
    )
    return f'{drawn}<p class="note">{note}</p>'


def _thinned(rows: Sequence[Row]) -> list[Row]:
    thin = list(rows)
    while len(thin) > _MOST_POINTS:
        pairs = [one.with_next(two) for one, two in zip(thin[::2], thin[1::2], strict=False)]
        thin = pairs if len(thin) % 2 == 0 else [*pairs, thin[-1]]
    return thin


# The run


def _run(report: Report) -> str:
    run, totals = report.run, report.totals
    lag, pauses = totals.times(LOOP_LAG), totals.times(GC_PAUSE)
    facts: list[tuple[str, str]] = [
        ("CSMS", run.csms),
        ("OCPP", ", ".join(run.versions)),
        ("seed", str(run.seed)),
        ("stations up after", "never all" if run.up_s is None else duration(run.up_s)),
        ("load held", clock(run.held_s)),
        (
            "ended",
            _ENDS.get(run.end, run.end),
        ),
        ("processes", str(run.workers)),
        ("loop lag", f"p99 {duration(lag.percentile_s(99))}, max {duration(lag.max_s)}"),
        ("longest pause for garbage", duration(pauses.max_s) if pauses.count else "none"),
        ("saturated", ", ".join(f"{clock(a)} to {clock(b)}" for a, b in report.saturated[:20]) or "never"),
        ("boots accepted", f"{totals.count('booted'):,}"),
        ("sessions", _words(totals.named("sessions."))),
        ("weather", _words(totals.named("storms.") | totals.named("network."))),
        ("connections that failed", _words(totals.named("dial.failed."))),
        ("connections lost", f"{totals.count('lost_connections'):,}"),
        ("EVSEs at the end", _words(totals.named("state.", gauges=True))),
        ("not delivered", f"{report.undelivered:,} messages"),
        (
            "lost by the generator",
            f"{totals.count('sessions.lost'):,} sessions, {totals.count('messages.lost'):,} messages",
        ),
        *run.settings,
        *((f"event at {clock(mark.at_s)}", mark.text) for mark in report.marks[:50]),
        ("program", f"ocpp-station {__version__}"),
    ]
    return f'<section><h2>The run</h2><table class="facts">{"".join(_facts(facts))}</table></section>'


def _words(counts: Mapping[str, int]) -> str:
    """``started 4, finished 3``; the words of others are in some."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "-"


def _facts(facts: Iterable[tuple[str, str]]) -> Iterable[str]:
    for name, words in facts:
        yield f'<tr><td>{escape(name)}</td><td class="left words">{escape(words)}</td></tr>'
