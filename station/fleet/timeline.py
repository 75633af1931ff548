"""What a run looked like over time: a row for each second, from totals that are looked at once a second.

Bounded: after some minutes the rows stand for two seconds each, then four, and so on; of two rows that became one it
holds the count of both, the greatest of their times and lags, the state at its end. It also keeps what happened
(storms, stages) and what was counted while the load was held, which rates are taken from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from station.fleet.health import LAG_US, SATURATED
from station.fleet.histogram import Histogram
from station.fleet.metrics import Snapshot
from station.fleet.totals import CALL, ERROR, NOT_HELD, Held, Totals

_MOST_ROWS: Final = 1200
_MOST_MARKS: Final = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One stretch of time.

    Attributes:
        at_s: its end, in seconds since the first dial.
        length_s: of the stretch.
        up: stations that are accepted and connected, at the end.
        charging: EVSEs that charge, at the end.
        queued: messages that wait to be told, at the end.
        calls: that ended.
        errors: of these.
        p50_s: of calls that were answered; 0 where there were none.
        lag_s: greatest lag of the generator's loop.
        saturated: whether the generator was.
    """

    at_s: float
    length_s: float
    up: int
    charging: int
    queued: int
    calls: int
    errors: int
    p50_s: float
    p95_s: float
    p99_s: float
    lag_s: float
    saturated: bool

    def with_next(self, after: Row) -> Row:
        """Both as one stretch."""
        return replace(
            after,
            length_s=self.length_s + after.length_s,
            calls=self.calls + after.calls,
            errors=self.errors + after.errors,
            p50_s=max(self.p50_s, after.p50_s),
            p95_s=max(self.p95_s, after.p95_s),
            p99_s=max(self.p99_s, after.p99_s),
            lag_s=max(self.lag_s, after.lag_s),
            saturated=self.saturated or after.saturated,
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment of the run."""

    at_s: float
    text: str


class Timeline:
    """See the module."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.marks: list[Mark] = []
        self._step_s = 1.0
        self._at_s = 0.0
        self._counts: tuple[int, int] = (0, 0)
        self._all: Histogram | None = None
        self._coming: tuple[float, Snapshot] | None = None
        self._worst_lag_us = 0
        self._saturated = False
        self._begun: tuple[float, Mapping[str, int]] | None = None
        self._held: tuple[float, Snapshot] | None = None
        self._gauges: Mapping[str, int] | None = None
        self._wanted = 0

    def look(self, at_s: float, snapshot: Snapshot, *, held: bool, wanted: int, over: bool = False) -> None:
        """Take in the totals of this moment.

        Args:
            at_s: seconds since the first dial.
            held: whether the load is held: all are up, and the end has not begun.
            wanted: how many stations there should be.
            over: whether the end has begun.
        """
        if held:
            if self._begun is None:
                self._begun = (at_s, snapshot.counts)
            self._held = (at_s, snapshot)
        if held or self._begun is None:
            self._wanted = wanted
            if not over:
                self._gauges = snapshot.gauges
        if at_s <= self._at_s:
            return
        self._worst_lag_us = max(self._worst_lag_us, snapshot.gauges.get(LAG_US, 0))
        self._saturated = self._saturated or bool(snapshot.gauges.get(SATURATED, 0))
        self._coming = (at_s, snapshot)
        # Looks are never quite a second apart.
        if at_s - self._at_s >= self._step_s * 0.95:
            self._complete(at_s, snapshot)

    def mark(self, at_s: float, text: str) -> None:
        """Something happened."""
        if len(self.marks) < _MOST_MARKS:
            self.marks.append(Mark(at_s, text))

    def totals(self, snapshot: Snapshot) -> Totals:
        """These totals, with the rates of the time in which the load was held.

        Gauges are those of the last look before the end: when a run has ended no station is up. What is queued is of
        now.
        """
        held = self._held_counts()
        if self._gauges is not None:
            queued = {"queued": snapshot.gauges.get("queued", 0)}
            snapshot = replace(snapshot, gauges=dict(self._gauges) | queued)
        return Totals(snapshot, held, self._wanted)

    def saturated(self) -> list[tuple[float, float]]:
        """From when to when the generator was saturated, in seconds since the first dial."""
        spans: list[tuple[float, float]] = []
        end_s = None
        for row in self.rows_so_far():
            if row.saturated:
                begin_s = row.at_s - row.length_s
                if end_s is not None and spans:
                    begin_s = spans.pop()[0]
                spans.append((begin_s, row.at_s))
            end_s = row.at_s if row.saturated else None
        return spans

    def rows_so_far(self) -> list[Row]:
        """All rows, with the one that is not complete yet."""
        return self.rows if self._coming is None else [*self.rows, self._row(*self._coming)[0]]

    def _held_counts(self) -> Held:
        if self._begun is None or self._held is None:
            return NOT_HELD
        began_s, first = self._begun
        ended_s, last = self._held
        return Held(first, last.counts, ended_s - began_s)

    def _row(self, at_s: float, snapshot: Snapshot) -> tuple[Row, Histogram]:
        """What happened since the last row, and the times of all calls by now."""
        calls, errors = _calls(snapshot)
        times = _all_calls(snapshot)
        p50_s, p95_s, p99_s = times.since(self._all).percentiles_s((50, 95, 99))
        before_calls, before_errors = self._counts
        gauges = snapshot.gauges
        row = Row(
            at_s=at_s,
            length_s=at_s - self._at_s,
            up=gauges.get("up", 0),
            charging=gauges.get("state.charging", 0),
            queued=gauges.get("queued", 0),
            calls=calls - before_calls,
            errors=errors - before_errors,
            p50_s=p50_s,
            p95_s=p95_s,
            p99_s=p99_s,
            lag_s=self._worst_lag_us / 1e6,
            saturated=self._saturated,
        )
        return row, times

    def _complete(self, at_s: float, snapshot: Snapshot) -> None:
        row, self._all = self._row(at_s, snapshot)
        self._counts = _calls(snapshot)
        self._at_s = at_s
        self._coming, self._worst_lag_us, self._saturated = None, 0, False
        self.rows.append(row)
        if len(self.rows) >= _MOST_ROWS:
            self.rows = [one.with_next(two) for one, two in zip(self.rows[::2], self.rows[1::2], strict=True)]
            self._step_s *= 2


def _calls(snapshot: Snapshot) -> tuple[int, int]:
    """Calls that ended, and those that failed."""
    ended = failed = 0
    for name, count in snapshot.counts.items():
        if name.startswith(CALL):
            if ERROR in name:
                failed += count
            else:
                ended += count
    return ended, failed


def _all_calls(snapshot: Snapshot) -> Histogram:
    together = Histogram()
    for name, times in snapshot.times.items():
        if name.startswith(CALL):
            together.add(times)
    return together
