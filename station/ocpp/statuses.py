"""Which connector statuses have to be told, and when. Shared by all versions; the wording is the dialect's.

A status is told when it differs from the last one told; after a boot all are; after a time offline those that changed,
and all of them where the time was longer than OfflineThreshold (OCPP 2.0.1 B04.FR.01-02; OCPP 1.6 §4.9). With a minimum
duration (OCPP 1.6 MinimumStatusDuration) a status is told once it has lasted that long.
"""

from __future__ import annotations

from collections.abc import Callable

from station.core.frozen import dataclass
from station.ocpp.dialect import Dialect, EvseView, Told, View

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A connector's status is another one now."""

    place: Place
    told: Told
    previous: Told | None


class StatusBoard:
    """The statuses of one station. Times are station time, in seconds."""

    __slots__ = ("_current", "_open", "_queued", "_since", "_targets", "repeat_all")

    def __init__(self) -> None:
        self._targets: tuple[tuple[Place, EvseView], ...] = ()
        self._current: dict[Place, Told] = {}
        self._since: dict[Place, float] = {}
        self._queued: dict[Place, str] = {}
        self._open: dict[Place, None] = {}  # in order: where what is and what was told last may differ
        self.repeat_all = True

    def look(self, dialect: Dialect, view: View, now: float) -> list[Change]:
        """Derive all statuses anew; answers what changed, for observers."""
        changes: list[Change] = []
        if not self._targets:
            evses = {evse.id: evse for evse in view.evses}
            first = view.evses[0]
            self._targets = tuple((place, evses.get(place[0], first)) for place in dialect.status_targets(view))
        for place, evse in self._targets:
            told = dialect.told(evse, place[1], view)
            before = self._current.get(place)
            if before is None or (before is not told and before.text != told.text):
                self._current[place] = told
                self._since[place] = now
                self._open[place] = None
                changes.append(Change(place, told, before))
        return changes

    def due(self, told: Callable[[int, int], str], now: float, minimum_s: float) -> list[tuple[Place, Told]]:
        """The statuses to send now, in the order in which they came about; they count as queued from here on."""
        if self.repeat_all:
            self.repeat_all = False
            self._open.clear()
            self._queued.update((place, current.text) for place, current in self._current.items())
            return list(self._current.items())
        out = []
        for place in sorted(self._open, key=self._since.__getitem__) if self._open else ():
            current = self._current[place]
            if current.text == self._known(place, told):
                del self._open[place]
            elif now - self._since[place] >= minimum_s:
                del self._open[place]
                self._queued[place] = current.text
                out.append((place, current))
        return out

    def _known(self, place: Place, told: Callable[[int, int], str]) -> str:
        return self._queued.get(place) or told(*place)

    def next_deadline(self, told: Callable[[int, int], str], minimum_s: float) -> float | None:
        """When a status will have lasted long enough."""
        if minimum_s <= 0 or not self._open:
            return None
        times = [
            self._since[place] + minimum_s
            for place in self._open
            if self._current[place].text != self._known(place, told)
        ]
        return min(times, default=None)

    @property
    def undecided(self) -> bool:
        """Whether ``due`` may have something to say."""
        return self.repeat_all or bool(self._open)

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
        self._open = dict.fromkeys(self._current)

    def shown(self, place: Place, told: Callable[[int, int], str]) -> str:
        """The status as last told: its word alone."""
        return self._known(place, told).partition("|")[0]

    def current(self, place: Place) -> Told | None:
        """The status as it is."""
        return self._current.get(place)
