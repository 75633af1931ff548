"""Which connector statuses have to be told, and when. Shared by all versions; the wording is the dialect's.

A status is told when it differs from the last one told; after a boot all are; after a time offline those that changed,
and all of them where the time was longer than OfflineThreshold (OCPP 2.0.1 B04.FR.01-02; OCPP 1.6 §4.9). With a minimum
duration (OCPP 1.6 MinimumStatusDuration) a status is told once it has lasted that long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from station.core.frozen import dataclass
from station.core.nothing import NOTHING
from station.ocpp.dialect import Dialect, EvseView, Told, View

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A connector's status is another one now."""

    place: Place
    told: Told
    previous: Told | None


@lru_cache(maxsize=256)
def _shared(places: tuple[Place, ...]) -> tuple[Place, ...]:
    """The same for all stations that are built alike."""
    return places


class StatusBoard:
    """The statuses of one station. Times are station time, in seconds.

    ``open`` are the targets where what is and what was told last may differ; with ``repeat_all`` all are to be told.
    ``due`` has something to say only with one of them.
    """

    __slots__ = ("_current", "_evses", "_places", "_queued", "_since", "open", "repeat_all")

    def __init__(self) -> None:
        self._places: tuple[Place, ...] = ()
        # Sequences in the order of the targets, and a mapping that is mostly the shared empty one: a dictionary of two
        # entries takes 230 bytes of every station.
        self._evses: tuple[EvseView, ...] = ()
        self._current: list[Told | None] = []
        self._since: list[float] = []
        self._queued: Mapping[Place, str] = NOTHING
        self.open: tuple[int, ...] = ()
        self.repeat_all = True

    def look(self, dialect: Dialect, view: View, now: float) -> list[Change]:
        """Derive all statuses anew; answers what changed, for observers."""
        changes: list[Change] = []
        if not self._places:
            evses = {evse.id: evse for evse in view.evses}
            first = view.evses[0]
            self._places = _shared(tuple(dialect.status_targets(view)))
            self._evses = tuple([evses.get(place[0], first) for place in self._places])
            self._current = [None] * len(self._places)
            self._since = [now] * len(self._places)
        for index, evse in enumerate(self._evses):
            told = dialect.told(evse, self._places[index][1], view)
            before = self._current[index]
            if before is None or (before is not told and before.text != told.text):
                self._current[index] = told
                self._since[index] = now
                if index not in self.open:
                    self.open = (*self.open, index)
                changes.append(Change(self._places[index], told, before))
        return changes

    def due(self, told: Mapping[Place, str], now: float, minimum_s: float) -> list[tuple[Place, Told]]:
        """The statuses to send now, in the order in which they came about; they count as queued from here on.

        ``told`` are the texts that were told last (``station.core.station.Station.statuses``).
        """
        if self.repeat_all:
            self.repeat_all = False
            self.open = ()
            all_of_them = [(place, current) for place, current in self._shown() if current is not None]
            self._queued = {**self._queued, **{place: current.text for place, current in all_of_them}}
            return all_of_them
        out, waiting = [], []
        for index in sorted(self.open, key=self._since.__getitem__):
            place, current = self._places[index], self._current[index]
            assert current is not None
            if current.text == (self._queued.get(place) or told.get(place, "")):
                continue
            if now - self._since[index] < minimum_s:
                waiting.append(index)
                continue
            self._queued = {**self._queued, place: current.text}
            out.append((place, current))
        self.open = tuple(waiting)
        return out

    def _shown(self) -> Iterator[tuple[Place, Told | None]]:
        return zip(self._places, self._current, strict=True)

    def next_deadline(self, told: Mapping[Place, str], minimum_s: float) -> float | None:
        """When a status will have lasted long enough."""
        if minimum_s <= 0 or not self.open:
            return None
        times = []
        for index in self.open:
            place, current = self._places[index], self._current[index]
            if current is not None and current.text != (self._queued.get(place) or told.get(place, "")):
                times.append(self._since[index] + minimum_s)
        return min(times, default=None)

    @property
    def unanswered(self) -> bool:
        """Whether a status was sent, or waits to be, and is not answered."""
        return bool(self._queued) or self.repeat_all

    def done(self, place: Place) -> None:
        """The call that told a status was answered, or failed for good."""
        if place in self._queued:
            left = dict(self._queued)
            del left[place]
            self._queued = left or NOTHING

    def disconnected(self) -> None:
        """What was queued was not told."""
        self._queued = NOTHING
        self.open = tuple(range(len(self._places)))

    def shown(self, place: Place, told: Mapping[Place, str]) -> str:
        """The status as last told: its word alone."""
        return (self._queued.get(place) or told.get(place, "")).partition("|")[0]

    def current(self, place: Place) -> Told | None:
        """The status as it is."""
        return next((current for at, current in self._shown() if at == place), None)
