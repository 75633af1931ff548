"""The seams of a fleet: what runs stations, what hears of their calls.

``conductor`` runs a plan on an ``Engine``. The local engine holds one ``Agent`` in this process; a distributed one
reaches an agent in each worker process. The types that cross a process boundary are plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from station.errors import StationError
    from station.fleet.metrics import Snapshot
    from station.fleet.plan import Storm


@dataclass(frozen=True, slots=True)
class Assignment:
    """A station that an agent is to run.

    Attributes:
        index: which one of the population.
        attempt: how often it was assigned before, to whatever agent: keeps message and transaction ids apart.
        at_s: when to dial, in seconds of the run.
    """

    index: int
    attempt: int
    at_s: float


class Agent(Protocol):
    """The stations of one process. Every method returns at once, but those that are ``async``.

    Times are seconds of the run: 0 is the moment that ``run_began`` of the agent's maker stands for.
    """

    def assign(self, assignments: Sequence[Assignment]) -> None:
        """Make these stations and have them dial in time; one that is here already stays as it is."""
        ...

    def withdraw(self, indexes: Sequence[int]) -> None:
        """Let these stations go in order: sessions end, connections close, then they are gone."""
        ...

    def drop(self, indexes: Sequence[int]) -> int:
        """Let these stations vanish at once, as if this process had died. Answers what they had not delivered."""
        ...

    def go(self, at_s: float) -> None:
        """All stations are up: behaviours that wait for that begin, and storms are counted from here."""
        ...

    def pause(self) -> None:
        """No new session begins; those that run go on."""
        ...

    def resume(self) -> None:
        """Sessions begin again."""
        ...

    def inject(self, storm: Storm) -> None:
        """Let something happen now (``at_s`` counts from now)."""
        ...

    async def command(self, index: int, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Have a station carry out a command of ``station.control.registry``; its answer.

        Raises:
            CommandRefused: it cannot come about, or there is no such station here.
        """
        ...

    def snapshot(self) -> Snapshot:
        """What was measured since the beginning."""
        ...

    async def stop(self, patience_s: float) -> None:
        """End in order: sessions end, what is still to be told is told within the patience, connections close."""
        ...


class Engine(Protocol):
    """Runs as many stations of a population as it is told, wherever that is."""

    async def start(self) -> None:
        """Be ready for ``scale``. The run's time begins.

        Raises:
            StationError: it cannot run; says why and what to do.
        """
        ...

    def scale(self, stations: int, over_s: float) -> None:
        """Bring the number of stations to this within that time (0: at once): the first ones of the population."""
        ...

    def go(self) -> None:
        """All are up; see ``Agent.go``."""
        ...

    def pause(self) -> None:
        """See ``Agent.pause``."""
        ...

    def resume(self) -> None:
        """See ``Agent.resume``."""
        ...

    def inject(self, storm: Storm) -> None:
        """See ``Agent.inject``."""
        ...

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """See ``Agent.command``; by the station's identity."""
        ...

    @property
    def trouble(self) -> StationError | None:
        """Why stations did not come up, as far as that is known: the last dial that failed."""
        ...

    @property
    def failure(self) -> str:
        """Why nothing can be run any more; empty while it can."""
        ...

    def snapshot(self) -> Snapshot:
        """Totals since the beginning, of all agents that ever were; counts never fall."""
        ...

    async def stop(self, patience_s: float) -> None:
        """See ``Agent.stop``."""
        ...
