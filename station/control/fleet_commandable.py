"""The seam between the control face and a running fleet.

The Protocol; no behaviour. Whoever runs the fleet implements it, the command line composes both, ``fleet_api`` uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from station.control.commandable import CommandRefused

__all__ = ["CommandRefused", "FleetCommandable"]


class FleetCommandable(Protocol):
    """A running fleet. Whatever cannot come about raises ``CommandRefused``."""

    @property
    def id(self) -> str:
        """The fleet's name."""
        ...

    async def pause(self) -> None:
        """No new session begins; those that run go on."""
        ...

    async def resume(self) -> None:
        """Sessions begin again."""
        ...

    async def scale(self, stations: int, ramp_s: float) -> None:
        """Bring the number of stations to this, evenly within the ramp (seconds; 0: at once)."""
        ...

    async def inject(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let something befall stations, now; answers what it was taken for.

        Args:
            wish: ``do``, ``share``, ``for``, ``group``, ``spread``, ``params``, as an event of a plan has them.
        """
        ...

    async def stop(self) -> None:
        """Ask for the end of the run, in order; does not wait for it."""
        ...

    async def report(self) -> dict[str, Any]:
        """The figures so far, as ``station fleet --json`` ends with."""
        ...

    async def metrics(self) -> str:
        """The figures in the text format of Prometheus."""
        ...

    async def stations(self, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """How many stations run, and those from ``offset`` on, at most ``limit``: ``id``, ``group``."""
        ...

    def knows(self, station: str) -> bool:
        """Whether this fleet runs a station of this identity."""
        ...

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Have one station carry out a command of ``registry``; its final answer.

        Args:
            params: as ``registry.checked`` returns them.

        Raises:
            CommandRefused: it cannot come about.
        """
        ...
