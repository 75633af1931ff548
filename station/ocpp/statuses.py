"""Which connector statuses have to be told, and when. Shared by all versions; the wording is the dialect's.

A status is told when it differs from the last one told; after a boot all are; after a time offline those that changed,
and all of them where the time was longer than OfflineThreshold (OCPP 2.0.1 B04.FR.01-02; OCPP 1.6 §4.9). With a minimum
duration (OCPP 1.6 MinimumStatusDuration) a status is told once it has lasted that long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from station.ocpp.dialect import Dialect, Told, View

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A connector's status is another one now."""

    place: Place
    told: Told
    previous: Told | None


class StatusBoard:
    """The statuses of one station. Times are station time, in seconds."""

    __slots__ = ("_current", "_queued", "_since", "repeat_all")

    def __init__(self) -> None:
        self._current: dict[Place, Told] = {}
        self._since: dict[Place, float] = {}
        self._queued: dict[Place, str] = {}
        self.repeat_all = True

    def look(self, dialect: Dialect, view: View, now: float) -> list[Change]:
        """Derive all statuses anew; answers what changed, for observers."""
        changes: list[Change] = []
        evses = {evse.id: evse for evse in view.evses}
        first = view.evses[0]
        for place in dialect.status_targets(view):
            told = dialect.told(evses.get(place[0], first), place[1], view)
            before = self._current.get(place)
            if before is None or before.text != told.text:
                self._current[place] = told
                self._since[place] = now
                changes.append(Change(place, told, before))
        return changes

    def due(self, told: Callable[[int, int], str], now: float, minimum_s: float) -> list[tuple[Place, Told]]:
        """The statuses to send now, in the order in which they came about; they count as queued from here on."""
        everything, self.repeat_all = self.repeat_all, False
        out = []
        for place, current in sorted(self._current.items(), key=lambda item: self._since[item[0]]):
            known = self._queued.get(place) or told(*place)
            lasts = now - self._since[place] >= minimum_s
            if everything or (current.text != known and lasts):
                self._queued[place] = current.text
                out.append((place, current))
        if everything:
            order = list(self._current)
            out.sort(key=lambda item: order.index(item[0]))
        return out

    def next_deadline(self, told: Callable[[int, int], str], minimum_s: float) -> float | None:
        """When a status will have lasted long enough."""
        if minimum_s <= 0:
            return None
        times = [
            since + minimum_s
            for place, since in self._since.items()
            if self._current[place].text != (self._queued.get(place) or told(*place))
        ]
        return min(times, default=None)

    @property
    def unanswered(self) -> bool:
        """Whether a status was sent, or waits to be, and is not answered."""
        return bool(self._queued) or self.repeat_all

    def done(self, place: Place) -> None:
        """The call that told a status was answered, or failed for good."""
        self._queued.pop(place, None)

    def disconnected(self) -> None:
        """What was queued was not told."""
        self._queued.clear()

    def shown(self, place: Place, told: Callable[[int, int], str]) -> str:
        """The status as last told: its word alone."""
        return (self._queued.get(place) or told(*place)).partition("|")[0]

    def current(self, place: Place) -> Told | None:
        """The status as it is."""
        return self._current.get(place)
