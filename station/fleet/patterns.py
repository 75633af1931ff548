"""When cars come to an EVSE, and how long they stay: the patterns that go by the clock. Pure functions of the seed.

All times are station seconds since the pattern began; a time of the day is that plus the plan's ``begins_s``. Nothing
is remembered: the visit after a moment follows from seed, station, EVSE and the count of visits, so that five thousand
EVSEs need no generator each, and a station that moves to another worker goes on.

- ``paced``: a visit every ``session`` + ``pause``, of ``session``; the beginnings of the fleet's EVSEs are spread
  evenly over that cycle, however many of its stations run.
- ``commuter``: at home. On five days of seven, and on half of the others, a car comes in the evening (normal, 17:45,
  sd 75 min) and leaves in the morning (normal, 7:15, sd 45 min).
- ``rush-hour``: arrivals follow a Poisson process whose rate has peaks at 8:00 and 17:30 of working days (sd 60 min)
  above a fifth of their mean at other times of the day; stays are exponential with the mean ``session``.
- ``highway``: the same with a broad swell between morning and night, every day.

Rates are such that without anyone turning away an EVSE would be occupied for ``LOADS`` of the time. The first day is a
Monday. Days are ``day`` long; hours, peaks and deviations scale with them, stays do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from station.fleet.chance import drawn, key_of
from station.fleet.plan import Behaviour

LOADS: Final = {"rush-hour": 0.3, "highway": 0.5}
"""Mean occupation of an EVSE that nobody is turned away from."""
_HOUR: Final = 1 / 24
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_WEEK: Final = 7
_WORKING_DAYS: Final = 5
_AT_WEEKENDS: Final = 0.5
_EVENING: Final = (17.75 * _HOUR, 1.25 * _HOUR)
_MORNING: Final = (7.25 * _HOUR, 0.75 * _HOUR)
_PEAKS: Final = (8.0 * _HOUR, 17.5 * _HOUR)
_PEAK_WIDTH: Final = 1.0 * _HOUR
_SWELL: Final = (13.5 * _HOUR, 4.5 * _HOUR)
_MOST_TRIES: Final = 10_000


class Visit(NamedTuple):
    """A car comes, and wants to stay; in station seconds."""

    at_s: float
    stay_s: float


class Place(NamedTuple):
    """An EVSE of the fleet: the station's index in the population, the EVSE's position in it, from 0, of so many."""

    station: int
    evse: int = 0
    evses: int = 1


class Visits(Protocol):
    """A pattern that goes by the clock."""

    def after(self, place: Place, turn: int, since_s: float) -> Visit:
        """The ``turn``-th visit that is drawn for a place: the first one after ``since_s``."""
        ...


def visits_of(behaviour: Behaviour, seed: int, begins_s: float = 0.0) -> Visits | None:
    """The visits of a pattern; None: it does not go by the clock (idle, back-to-back)."""
    if behaviour.pattern == "paced":
        return Paced(behaviour.session_s, behaviour.pause_s)
    if behaviour.pattern == "commuter":
        return Commuter(seed, behaviour.day_s, begins_s)
    if behaviour.pattern in LOADS:
        return Arrivals(behaviour, seed, begins_s)
    return None


@dataclass(frozen=True, slots=True)
class Paced:
    """See the module."""

    session_s: float
    pause_s: float

    def after(self, place: Place, turn: int, since_s: float) -> Visit:
        """See ``Visits``: the next of the place's grid, at ``since_s`` at the earliest for the first."""
        del turn
        cycle_s = self.session_s + self.pause_s
        # Multiples of the golden ratio are spread evenly for any number of stations, and stay where they are.
        offset_s = (place.station * _GOLDEN + place.evse / place.evses) % 1.0 * cycle_s
        rounds = math.floor((since_s - offset_s) / cycle_s + 1e-9) + 1
        return Visit(offset_s + max(0, rounds) * cycle_s, self.session_s)


@dataclass(frozen=True, slots=True)
class Commuter:
    """See the module."""

    seed: int
    day_s: float
    begins_s: float

    def after(self, place: Place, turn: int, since_s: float) -> Visit:
        """See ``Visits``."""
        del turn
        day = math.floor((since_s + self.begins_s) / self.day_s)
        while True:
            visit = self._of_day(place, day)
            if visit is not None and visit.at_s > since_s:
                return visit
            day += 1

    def _of_day(self, place: Place, day: int) -> Visit | None:
        """The car of an evening; None: it does not come."""
        key = key_of(f"{self.seed}/commuter/{place.station}/{place.evse}/{day}")
        if day % _WEEK >= _WORKING_DAYS and drawn(key, 0) >= _AT_WEEKENDS:
            return None
        arrival = day + _bent(key, 1, *_EVENING)
        departure = day + 1 + _bent(key, 3, *_MORNING)
        return Visit(arrival * self.day_s - self.begins_s, (departure - arrival) * self.day_s)


class Arrivals:
    """A Poisson process whose rate follows the time of the day, and exponential stays."""

    __slots__ = ("_begins_s", "_day_s", "_greatest", "_pattern", "_rate", "_seed", "_stay_s")

    def __init__(self, behaviour: Behaviour, seed: int, begins_s: float) -> None:
        self._pattern = behaviour.pattern
        self._stay_s = behaviour.session_s
        self._day_s = behaviour.day_s
        self._begins_s = begins_s
        self._seed = seed
        steps = [self.shape(step / 1440) for step in range(_WEEK * 1440)]
        self._greatest = max(steps)
        mean = sum(steps) / len(steps)
        self._rate = LOADS[behaviour.pattern] / behaviour.session_s / mean

    def shape(self, day: float) -> float:
        """The rate at a moment, in days from the Monday, up to a factor."""
        hour = day % 1.0
        if self._pattern == "highway":
            return 0.15 + _bell(hour, *_SWELL)
        if day % _WEEK >= _WORKING_DAYS:
            return 0.2
        return 0.2 + sum(_bell(hour, peak, _PEAK_WIDTH) for peak in _PEAKS) * 3

    def after(self, place: Place, turn: int, since_s: float) -> Visit:
        """See ``Visits``: candidates at the greatest rate, of which each stays as its moment's rate says (thinning)."""
        key = key_of(f"{self._seed}/{self._pattern}/{place.station}/{place.evse}/{turn}")
        most = self._rate * self._greatest
        at_s = since_s
        for candidate in range(1, _MOST_TRIES):
            at_s += _exponential(key, 2 * candidate) / most
            day = (at_s + self._begins_s) / self._day_s
            if drawn(key, 2 * candidate + 1) * self._greatest <= self.shape(day):
                break
        return Visit(at_s, _exponential(key, 0) * self._stay_s)


def _exponential(key: int, count: int) -> float:
    """Exponentially distributed, of mean 1."""
    return -math.log(1.0 - drawn(key, count))


def _bent(key: int, count: int, mean: float, deviation: float) -> float:
    """Normally distributed, cut at two and a half deviations (Box and Muller 1958; takes two numbers)."""
    radius = math.sqrt(2.0 * _exponential(key, count))
    normal = radius * math.cos(2.0 * math.pi * drawn(key, count + 1))
    return mean + deviation * max(-2.5, min(2.5, normal))


def _bell(hour: float, mean: float, deviation: float) -> float:
    """A bell around a time of the day, of height 1, around midnight too."""
    away = abs(hour - mean)
    away = min(away, 1.0 - away)
    return math.exp(-0.5 * (away / deviation) ** 2)
