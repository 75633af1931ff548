"""Totals by the names that people know: of an action, of all calls, of what the CSMS asked.

A view of a ``metrics.Snapshot`` that thresholds, reports, the screen and `/metrics` share, so that all say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from station.fleet.histogram import Histogram
from station.fleet.metrics import Snapshot

CALL: Final = "call."
ASKED: Final = "asked."
WIRE: Final = "wire."
ERROR: Final = ".error."

_FIRST: Final = (
    "BootNotification",
    "Heartbeat",
    "StatusNotification",
    "Authorize",
    "StartTransaction",
    "TransactionEvent",
    "MeterValues",
    "StopTransaction",
)
"""In the order of a station's day; other actions follow by name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Calls of one kind.

    Attributes:
        count: calls that ended, with an answer or without.
        rate: a second, while the load was held.
        errors: those without an answer, by cause.
        times: of those with an answer.
    """

    name: str
    count: int
    rate: float
    errors: Mapping[str, int]
    times: Histogram

    @property
    def failed(self) -> int:
        """Calls without a usable answer."""
        return sum(self.errors.values())

    @property
    def error_share(self) -> float:
        """Of all that ended, 0 to 1."""
        return self.failed / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """What was counted by the beginning and by the end of a stretch of time, for rates."""

    first: Mapping[str, int]
    last: Mapping[str, int]
    seconds: float

    def rate(self, name: str) -> float:
        """A second, of a count."""
        return (self.last.get(name, 0) - self.first.get(name, 0)) / self.seconds if self.seconds > 0 else 0.0


NOT_HELD: Final = Held({}, {}, 0.0)


class Totals:
    """See the module.

    Args:
        snapshot: since the beginning.
        held: while the load was held, for rates.
        wanted: how many stations there should be.
    """

    def __init__(self, snapshot: Snapshot, held: Held = NOT_HELD, wanted: int = 0) -> None:
        self.snapshot = snapshot
        self.held = held
        self.wanted = wanted

    def actions(self) -> list[str]:
        """Of the stations' calls."""
        return self._names(CALL)

    def asked(self) -> list[str]:
        """Of the CSMS's calls."""
        return self._names(ASKED)

    def _names(self, prefix: str) -> list[str]:
        names = {
            name.removeprefix(prefix) for name in self.snapshot.counts if name.startswith(prefix) and ERROR not in name
        }
        order = {name: place for place, name in enumerate(_FIRST)}
        return sorted(names, key=lambda name: (order.get(name, len(order)), name))

    def call(self, action: str) -> Figure:
        """Calls of the stations."""
        return self._figure(CALL + action, action)

    def ask(self, action: str) -> Figure:
        """Calls of the CSMS."""
        return self._figure(ASKED + action, action)

    def calls(self, actions: Iterable[str] | None = None, name: str = "call") -> Figure:
        """Calls of the stations of several actions; None: of all."""
        return _together(name, [self.call(action) for action in (self.actions() if actions is None else actions)])

    def asks(self, name: str = "remote") -> Figure:
        """All calls of the CSMS."""
        return _together(name, [self.ask(action) for action in self.asked()])

    def times(self, name: str) -> Histogram:
        """Of what has times only; empty where it never happened."""
        return self.snapshot.times.get(name) or Histogram()

    def wire(self, action: str) -> Histogram | None:
        """From sending alone; None where that is how all of them count."""
        return self.snapshot.times.get(WIRE + action)

    def count(self, name: str) -> int:
        """How often; 0 where never."""
        return self.snapshot.counts.get(name, 0)

    def gauge(self, name: str) -> int:
        """Of the moment; 0 where nobody tells."""
        return self.snapshot.gauges.get(name, 0)

    def named(self, prefix: str, *, gauges: bool = False) -> dict[str, int]:
        """Counts (or gauges) whose names begin so, by the rest of the name."""
        source = self.snapshot.gauges if gauges else self.snapshot.counts
        return {name.removeprefix(prefix): value for name, value in sorted(source.items()) if name.startswith(prefix)}

    def _figure(self, key: str, name: str) -> Figure:
        errors = self.named(key + ERROR)
        times = self.snapshot.times.get(key) or Histogram()
        return Figure(name, self.count(key), self.held.rate(key), errors, times)


def _together(name: str, figures: list[Figure]) -> Figure:
    errors: dict[str, int] = {}
    times = Histogram()
    for figure in figures:
        times.add(figure.times)
        for cause, count in figure.errors.items():
            errors[cause] = errors.get(cause, 0) + count
    return Figure(name, sum(each.count for each in figures), sum(each.rate for each in figures), errors, times)
