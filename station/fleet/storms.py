"""What befalls the stations of an agent: storms of the plan and injected ones.

Who is struck, and when, is a function of plan and seed alone (``struck``), the same on every worker and in every run;
``storm_words`` says what there is, ``strikes`` what a word does to a station. The agent makes one ``Storms``, calls
``go`` and ``inject``, and lets its stations dial through ``dial``. However many stations are struck, there is one
timer, and a turn of the loop strikes a batch only.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count as counter
from typing import Final

from station.fleet.plan import Storm
from station.fleet.population import Population
from station.fleet.strikes import Afflicted, Strike, Weather, strikes_of
from station.fleet.struck import lasts_s, name_of, struck
from station.net import Connection, Listener, Target

_SOON_S: Final = 0.005
"""Stations whose time comes within this are struck together."""
_LATE_S: Final = 2.0
"""A storm that should have struck so short a time ago strikes yet."""


class Storms:
    """See the module.

    Args:
        population: who there is.
        unit: the station of an index, where this agent has it.
        weather: what stations are in at this moment.
    """

    def __init__(self, population: Population, unit: Callable[[int], Afflicted | None], weather: Weather) -> None:
        self._population = population
        self._unit = unit
        self._weather = weather
        self._loop = asyncio.get_running_loop()
        self._due: list[tuple[float, int, _Step]] = []
        self._at_work: deque[_Step] = deque()
        self._order = counter()
        self._timer: asyncio.Handle | None = None

    def go(self, ago_s: float = 0.0) -> None:
        """All stations are up, or were so long ago: the storms of the plan are counted from there.

        Who comes late (a worker that joins a run) has no part in what is over.
        """
        for position, storm in enumerate(self._population.plan.storms):
            if not self._over(storm, ago_s):
                self._plan(storm, name_of(storm, position), ago_s)

    def _over(self, storm: Storm, ago_s: float) -> bool:
        length_s = lasts_s(storm, self._population.plan)
        if length_s is None and strikes_of(storm)[1] is not None:
            return False  # it has no end
        return storm.at_s + storm.spread_s + (length_s or 0.0) < ago_s - _LATE_S

    def inject(self, storm: Storm) -> None:
        """Let something happen now (``at_s`` counts from now)."""
        self._plan(storm, name_of(storm, None))

    def close(self) -> None:
        """Nothing happens any more."""
        self._due.clear()
        self._at_work.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def dial(self, index: int, target: Target, listener: Listener) -> Connection:
        """Make a connection of this station in the weather that it is in.

        Raises:
            DialFailed: as the dialler; ``DialBarred`` by a storm.
        """
        return await self._weather.dial(index, self._unit(index), target, listener)

    def _plan(self, storm: Storm, name: str, ago_s: float = 0.0) -> None:
        at_s = self._loop.time() + storm.at_s - ago_s
        begins, ends = strikes_of(storm)
        whom = _Whom(storm, name, self._population)
        step = None
        for strike in begins:
            step = _Step(strike, whom, at_s, step, follows=storm.spread_s > 0)
            self._add(step)
        length_s = lasts_s(storm, self._population.plan)
        if ends is not None and length_s is not None:
            self._add(_Step(ends, whom, at_s + length_s, step, follows=True))
        self._arm()

    def _add(self, step: _Step) -> None:
        heapq.heappush(self._due, (step.due_s, next(self._order), step))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._at_work:
            self._timer = self._loop.call_soon(self._ring)
        elif self._due:
            self._timer = self._loop.call_at(self._due[0][0], self._ring)

    def _ring(self) -> None:
        """Strike a batch, of what is due in turn; what is left comes in the next turns of the loop."""
        self._timer = None
        now_s = self._loop.time() + _SOON_S
        while self._due and self._due[0][0] <= now_s:
            self._at_work.append(heapq.heappop(self._due)[2])
        if self._at_work:
            step = self._at_work.popleft()
            for index in step.batch(now_s):
                step.strike.act(self._weather, index, self._unit(index))
            if not step.over:
                if step.due_s <= now_s:
                    self._at_work.append(step)
                else:
                    self._add(step)
        self._arm()


class _Whom:
    """Whom a storm strikes: found when it begins, since thousands of numbers need not wait for it."""

    __slots__ = ("_found", "_name", "_population", "storm")

    def __init__(self, storm: Storm, name: str, population: Population) -> None:
        self.storm = storm
        self._name = name
        self._population = population
        self._found: Sequence[int] | None = None

    @property
    def all(self) -> Sequence[int]:
        if self._found is None:
            self._found = struck(self.storm, self._name, self._population)
        return self._found


class _Step:
    """The beginning or the end of a storm, and how far it has come.

    Args:
        after: another one of the same storm, which comes first.
        follows: it may begin at a station once the other one was there; else when the other one is over.
    """

    __slots__ = ("_after", "_began_s", "_done", "_follows", "_known", "_whom", "strike")

    def __init__(
        self, strike: Strike, whom: _Whom, began_s: float, after: _Step | None, *, follows: bool = False
    ) -> None:
        self.strike = strike
        self._whom = whom
        self._began_s = began_s
        self._after = after
        self._follows = follows
        self._done = 0
        self._known = False

    @property
    def due_s(self) -> float:
        """When the next station is struck."""
        if not self._known or not self._whom.all:
            return self._began_s
        return self._began_s + self._whom.storm.spread_s * self._done / len(self._whom.all)

    @property
    def over(self) -> bool:
        return self._done >= len(self._whom.all)

    def batch(self, until_s: float) -> Sequence[int]:
        """Those whose time has come, a turn's worth of them."""
        self._known = True
        everyone, spread_s = self._whom.all, self._whom.storm.spread_s
        end = min(len(everyone), self._done + self.strike.batch)
        if spread_s:
            end = min(end, int((until_s - self._began_s) / spread_s * len(everyone)) + 1)
        if self._after is not None and not self._after.over:
            end = min(end, self._after._done if self._follows else 0)
        begun, self._done = self._done, max(self._done, end)
        return everyone[begun : self._done]
