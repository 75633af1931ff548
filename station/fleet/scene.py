"""What the drivers of a group share in one agent: their behaviour, the clock they go by, whether they are paused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from station.core.values import IdToken
from station.fleet.metrics import Metrics
from station.fleet.patterns import Place, Visits
from station.fleet.plan import Behaviour
from station.fleet.population import Population
from station.fleet.schedule import Schedule


@dataclass(slots=True)
class Scene:
    """See the module.

    Attributes:
        behaviour: of the group.
        visits: who comes when; None: the pattern does not go by the clock.
        population: deals the cards.
        metrics: hears of sessions.
        schedule: rings for everybody.
        loop: whose time the schedule goes by.
        speed: station seconds per second.
        origin_s: when the pattern began, in the loop's time; None: it has not.
        paused: no session begins.
    """

    behaviour: Behaviour
    visits: Visits | None
    population: Population
    metrics: Metrics
    schedule: Schedule
    loop: asyncio.AbstractEventLoop
    speed: float = 1.0
    origin_s: float | None = None
    paused: bool = False
    closed: bool = field(init=False)
    sample_s: float | None = field(init=False)
    measure: Any = field(init=False)

    def __post_init__(self) -> None:
        behaviour = self.behaviour
        self.closed = behaviour.pattern == "back-to-back"
        # By the clock, each value counts from when it was due; in a closed loop none was due.
        self.measure = self.metrics.closed_loop() if self.closed else self.metrics
        self.sample_s = None if behaviour.sample_s is None or self.closed else behaviour.sample_s / self.speed

    @property
    def feeds_samples(self) -> bool:
        """Whether drivers say when a value is due, not the station's own interval."""
        return self.closed or self.sample_s is not None

    def loop_s(self, station_s: float) -> float:
        """The loop's time of a moment of the pattern, in station seconds."""
        return (self.origin_s or 0.0) + station_s / self.speed

    def station_s(self, loop_s: float) -> float:
        """The moment of the pattern, in station seconds, of a time of the loop."""
        return (loop_s - (self.origin_s or 0.0)) * self.speed

    def now_s(self) -> float:
        """The present moment of the pattern, in station seconds."""
        return self.station_s(self.loop.time())

    def card(self, place: Place, turn: int) -> IdToken:
        """The card of a place's ``turn``-th session. Where stations have a card of their own, so has each EVSE."""
        card = self.population.card(place.station, turn * place.evses + place.evse)
        own = place.evse > 0 and not self.population.plan.cards
        return IdToken(f"{card.id_tag}-{place.evse + 1}" if own else card.id_tag, card.type)
