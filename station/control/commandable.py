"""The seam between the control face and what it controls: a station, or a whole fleet.

The Protocol and the types that cross it; no behaviour. `station.host` implements it (and has the two types that it
returns and raises itself), the faces of `station.control` and the screens of `station.cli` use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from station.clock import utc_text
from station.host.execution import CommandRefused, Execution

__all__ = [
    "EVENT_TYPES",
    "WIRE",
    "CommandRefused",
    "Commandable",
    "Event",
    "Execution",
    "Listener",
    "make_event",
]

Event = dict[str, Any]
"""`{"event": name, "data": {…}, "timestamp": "2026-01-01T00:00:00.000Z"}`."""

Listener = Callable[[Event], None]

EVENT_TYPES: Final = frozenset(
    {
        "ready",
        "connected",
        "disconnected",
        "connector_status",
        "card",
        "token",
        "transaction_started",
        "transaction_stopped",
        "meter_value",
        "price",
        "cost",
        "error",
    }
)
"""Events that everybody gets who does not choose. `wire` is told only to those who ask for it by name."""

WIRE: Final = "wire"


class Commandable(Protocol):
    """What can be commanded."""

    @property
    def id(self) -> str:
        """The station's identity, or the fleet's name."""
        ...

    def execute(self, command: str, params: Mapping[str, Any]) -> Execution:
        """Let a command take effect now, in the order of the calls.

        Args:
            command: a name of `station.control.registry`.
            params: as `registry.checked` returns them.

        Raises:
            CommandRefused: it is certain already that this cannot come about.
        """
        ...

    def status(self) -> dict[str, Any]:
        """The state as docs/control.md has it."""
        ...

    def subscribe(self, listener: Listener, types: frozenset[str] | None) -> Callable[[], None]:
        """Get events as they happen, in the event loop; returns how to end that.

        Args:
            types: the names wanted; None is all but `wire`.
        """
        ...

    def variables(self) -> list[dict[str, Any]]:
        """Every variable with its value and what may be written."""
        ...

    async def stop(self) -> None:
        """The ordered stop; a second call waits for the first."""
        ...


def make_event(name: str, data: Mapping[str, Any], when: datetime | None = None) -> Event:
    """An event as it goes out; `when` None is now."""
    return {"event": name, "data": dict(data), "timestamp": utc_text(when or datetime.now(UTC))}
