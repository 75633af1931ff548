"""Who is told what a simulated bay shows, and how. Used by ``drivers.sim.bay`` and its parts; no physics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Told = Literal["pilot", "contactor", "lock", "bay"]


@dataclass(frozen=True, slots=True)
class BayState:
    """Whether the parking space is taken, by whatever stands there."""

    occupied: bool


FREE, TAKEN = BayState(False), BayState(True)


class Watcher(Protocol):
    """Whoever is told all that a bay shows."""

    def bay_shows(self, part: Told, state: Any) -> None:
        """A part of the bay, or the bay, shows something else than before."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A watcher that wants the states of one part, or of all (None)."""

    callback: Callable[[Any], None]
    part: Told | None

    def bay_shows(self, part: Told, state: Any) -> None:
        """See ``Watcher``."""
        if self.part is None or part == self.part:
            self.callback(state)
