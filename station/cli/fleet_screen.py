"""The live table of a fleet and its final one: totals in, lines out.

Pure but for ``FleetScreen``, which hands the lines to ``station.cli.terminal``: on a terminal a table that changes in
place and fits its size, in a pipe a line every ten seconds, at the end the table in both. Called by
``station.cli.fleet`` once a second.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from station.cli.fleet_table import WIDE, Table, folded, side_by_side
from station.cli.terminal import Terminal
from station.cli.text import clean
from station.fleet.conductor import Tick
from station.fleet.health import LOOP_LAG, SATURATED
from station.fleet.histogram import Histogram
from station.fleet.metrics import Snapshot
from station.fleet.report import MOMENTS, SESSIONS, Report
from station.fleet.totals import Figure, Held, Totals
from station.fleet.words import causes, clock, duration, rate

_BAR: Final = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of one moment.

    Attributes:
        tick: the fleet now.
        before: a second ago; None: there was no such moment.
        of_s: how long the phase lasts, as planned; None: nobody knows.
        paused: whether no new session begins.
    """

    tick: Tick
    before: Tick | None
    of_s: float | None = None
    paused: bool = False

    @property
    def totals(self) -> Totals:
        """With the rates since the moment before."""
        if self.before is None:
            return Totals(self.tick.snapshot, wanted=self.tick.wanted)
        seconds = self.tick.at_s - self.before.at_s
        held = Held(self.before.snapshot.counts, self.tick.snapshot.counts, seconds)
        return Totals(self.tick.snapshot, held, self.tick.wanted)


class FleetScreen:
    """See the module.

    Args:
        terminal: where to.
        in_place: whether the terminal can change lines.
        size: of the terminal.
        now_s: the reader's time, which is not that of a virtual fleet.
    """

    def __init__(
        self,
        terminal: Terminal,
        *,
        in_place: bool,
        size: Callable[[], os.terminal_size] = shutil.get_terminal_size,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._terminal = terminal
        self._in_place = in_place
        self._size = size
        self._now_s = now_s
        self._before: Tick | None = None

    def look(self, tick: Tick, *, of_s: float | None, paused: bool = False) -> None:
        """Show this moment; ``of_s``: how long its phase lasts, as planned."""
        look = Look(tick, self._before, of_s, paused)
        if self._before is None or tick.at_s - self._before.at_s >= 0.5:
            self._before = tick
        if self._in_place:
            size = self._size()
            # The last column stays empty, and a line is left for what the terminal itself shows of a key.
            lines = live_lines(look, size.lines - 1, size.columns - 1)
        else:
            lines = [first_line(look)]
        self._terminal.progress(lines, self._now_s())

    def say(self, text: str) -> None:
        """A line that stays."""
        self._terminal.lines([f" {clean(text)}"])

    def end(self, report: Report, exit_code: int) -> None:
        """The final table."""
        self._terminal.progress([], self._now_s())
        self._terminal.lines(final_lines(report, exit_code, self._size().columns if self._in_place else WIDE))


def live_lines(look: Look, height: int = 100, width: int = WIDE) -> list[str]:
    """The first line and the table, in so many lines of so many columns."""
    totals = look.totals
    figures = [totals.call(name) for name in totals.actions()]
    lines = side_by_side(_parts(look), width)
    room = max(2, height - len(lines))
    rows = Table(width, [*map(_cells, figures)]).lines()
    if sum(map(len, rows)) > room:
        rows = [row[:1] for row in rows]  # a row counts for more than the causes of another
    if len(rows) > room:
        rows = [*rows[: room - 1], [f" … and {len(rows) - room + 1} more"]]
    return [*lines, *(line for row in rows for line in row)][: max(3, height)]


def first_line(look: Look) -> str:
    """Stations, calls a second, the generator's health and the time."""
    return "".join(side_by_side(_parts(look)))


def _parts(look: Look) -> list[str]:
    totals, snapshot = look.totals, look.tick.snapshot
    return [
        f"up {totals.gauge('up')}/{look.tick.wanted}  charging {totals.gauge('state.charging')}"
        f"  faulted {totals.gauge('state.faulted')}",
        f"calls/s {sum(totals.held.rate(f'call.{name}') for name in totals.actions()):.0f}",
        f"generator {'saturated' if totals.gauge(SATURATED) else 'ok'} (lag p99 {duration(_lag_s(snapshot, look))})",
        _progress(look),
    ]


def _lag_s(snapshot: Snapshot, look: Look) -> float:
    lag = snapshot.times.get(LOOP_LAG)
    if lag is None:
        return 0.0
    before = look.before.snapshot.times.get(LOOP_LAG) if look.before is not None else None
    return lag.since(before).percentiles_s((99,))[0]


def _progress(look: Look) -> str:
    tick = look.tick
    word = "paused  " if look.paused else ""
    if tick.phase == "ending" or tick.phase == "done":
        return f"{word}ending {clock(tick.at_s)}"
    done_s = tick.held_s if tick.phase == "run" else tick.at_s
    if tick.phase == "ramp":
        word += "ramp "
    if look.of_s is None or not 1.0 <= look.of_s < float("inf"):
        return f"{word}{clock(done_s)}"
    return f"{word}{clock(done_s)} / {clock(look.of_s)} {_bar(done_s / look.of_s)}"


def _bar(share: float) -> str:
    done = min(_BAR, max(0, int(share * _BAR)))
    return "=" * done + (">" if done < _BAR else "") + "-" * (_BAR - done - 1)


_Cells = tuple[tuple[str, ...], str]


def _cells(figure: Figure) -> _Cells:
    """A row of the table, and the causes of its errors."""
    row = (clean(figure.name), str(figure.count), rate(figure.rate), *_times(figure.times), str(figure.failed))
    return row, clean(causes(figure.errors)) if figure.errors else ""


def _times(times: Histogram) -> tuple[str, ...]:
    if not times.count:
        return ("-",) * 4
    return (*map(duration, times.percentiles_s((50, 95, 99))), duration(times.max_s))


# The end


def final_lines(report: Report, exit_code: int, width: int = WIDE) -> list[str]:
    """All that a user wants to know of a run without opening a report."""
    totals = report.totals
    rows = [_cells(totals.call(name)) for name in totals.actions()]
    if len(rows) > 1:
        rows.append(_cells(totals.calls(name="all calls")))
    rows += [_cells(totals.ask(name)) for name in totals.asked()]
    moments = [(name.replace("_", " "), totals.times(name)) for name in MOMENTS]
    rows += [((name, str(times.count), "-", *_times(times), ""), "") for name, times in moments if times.count]
    lines = side_by_side(_summary(report), width)
    lines += [line for row in Table(width, rows).lines() for line in row]
    rest = _remarks(report) + [f" {verdict}" for verdict in report.verdicts]
    if report.verdicts:
        rest[-1] += f"     exit {exit_code}"
    return lines + [each for line in rest for each in folded(line, width)]


def _summary(report: Report) -> list[str]:
    totals = report.totals
    sessions = f"sessions {totals.count('sessions.started')} started, {totals.count('sessions.finished')} finished"
    if late := totals.count("sessions.late"):
        sessions += f", {late} step{'s' if late > 1 else ''} late"
    lag_s = totals.times(LOOP_LAG).percentile_s(99)
    return [
        f"up {totals.gauge('up')}/{totals.wanted}",
        sessions,
        f"{totals.snapshot.energy_wh / 1000:.1f} kWh",
        f"generator {report.generator} (lag p99 {duration(lag_s)})",
        clock(report.run.duration_s),
    ]


def _remarks(report: Report) -> list[str]:
    totals = report.totals
    lines = [
        f" ! the generator was saturated from {clock(begin)} to {clock(end)}: "
        "what was measured then says nothing about the CSMS"
        for begin, end in report.saturated[:5]
    ]
    if report.generator == "saturated" and not lines:
        lines.append(" ! the generator was saturated: use fewer stations, or more processes (--workers)")
    for kind, count in totals.named("dial.failed.").items():
        lines.append(f" ! connections that failed: {count} {clean(kind)}")
    if refused := totals.count("storms.refused"):
        lines.append(f" ! {refused} commands of the plan's events were refused by stations")
    wrong = [(name, count) for name, count in totals.named("sessions.").items() if name not in SESSIONS and count]
    if wrong:
        named = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in wrong)
        lines.append(f" ! sessions that went wrong: {named}")
    sessions, messages = totals.count("sessions.lost"), totals.count("messages.lost")
    if sessions or messages:
        lines.append(f" ! lost by the generator, not by the CSMS: {sessions} sessions, {messages} messages")
    if report.undelivered:
        lines.append(f" ! {report.undelivered} messages were not delivered when the run ended")
    return lines


def progress_json(tick: Tick, before: Tick | None) -> dict[str, Any]:
    """A look as a line of ``--json``, before the report that is the last one."""
    totals = Look(tick, before).totals
    calls, errors = _sum(tick), _sum(tick, errors=True)
    return {
        "event": "progress",
        "at_s": round(tick.at_s, 1),
        "phase": tick.phase,
        "held_s": round(tick.held_s, 1),
        "stations": tick.wanted,
        "up": totals.gauge("up"),
        "states": totals.named("state.", gauges=True),
        "calls": calls,
        "calls_per_s": round(sum(totals.held.rate(f"call.{name}") for name in totals.actions()), 1),
        "errors": errors,
        "sessions": {name: totals.count(f"sessions.{name}") for name in ("started", "finished", "late")},
        "generator": "saturated" if totals.gauge(SATURATED) else "ok",
    }


def _sum(tick: Tick, *, errors: bool = False) -> int:
    counts = tick.snapshot.counts.items()
    return sum(count for name, count in counts if name.startswith("call.") and (".error." in name) is errors)
