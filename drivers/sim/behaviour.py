"""What a simulated driver does by himself: plugs in, shows a card, leaves.

Pure: it is told the time and what was plugged or unplugged, and answers with actions; carrying them out is the
host's. The times of the profile are kept exactly; the pauses of a human hand between them vary with the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from drivers.sim.config import CarOptions

HAND_S = (0.5, 1.5)
"""Shortest and longest pause between two things that a person does."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something the driver does at a time: ``plug_in``, ``tap`` (with a card) or ``unplug``."""

    at_s: float
    kind: Literal["plug_in", "tap", "unplug"]
    card: str | None = None


class CarScript:
    """The driver of one car, by the ``plugged``, ``plugs_in``, ``taps`` and ``stays`` of its options.

    One visit: plugs in, taps after a moment; when the time is over, taps again and pulls the cable. A visit that
    somebody else began by plugging in goes on in the same way.
    """

    __slots__ = ("_options", "_random", "_todo", "_visiting")

    def __init__(self, options: CarOptions, random: Random, start_s: float) -> None:
        """
        Args:
            options: the car.
            random: the source of variety, seeded.
            start_s: from when ``plugs_in`` counts.
        """
        self._options = options
        self._random = random
        self._todo: list[Action] = []
        self._visiting = False
        if options.plugged:
            self.plugged(start_s)
        elif options.plugs_in_s is not None:
            self._todo.append(Action(start_s + options.plugs_in_s, "plug_in"))

    def plugged(self, now_s: float) -> None:
        """The car was plugged in, by this script or by anybody else."""
        if self._visiting:
            return
        self._visiting = True
        options = self._options
        self._todo = []
        if options.taps is not None:
            self._todo.append(Action(now_s + self._pause(), "tap", options.taps))
        if options.stays_s is not None:
            leaves_s = now_s + options.stays_s
            if options.taps is not None:
                self._todo.append(Action(leaves_s, "tap", options.taps))
                leaves_s += self._pause()
            self._todo.append(Action(leaves_s, "unplug"))
        self._todo.sort(key=lambda action: action.at_s)

    def unplugged(self) -> None:
        """The car was unplugged: the visit is over."""
        self._visiting = False
        self._todo = []

    def next_at(self) -> float | None:
        """When the driver does something next; None: nothing by himself."""
        return self._todo[0].at_s if self._todo else None

    def due(self, now_s: float) -> list[Action]:
        """What the driver does up to now, in order; each action is given once."""
        done: list[Action] = []
        while self._todo and self._todo[0].at_s <= now_s:
            action = self._todo.pop(0)
            done.append(action)
            if action.kind == "plug_in":
                self.plugged(action.at_s)
            elif action.kind == "unplug":
                self.unplugged()
        return done

    def _pause(self) -> float:
        return self._random.uniform(*HAND_S)
