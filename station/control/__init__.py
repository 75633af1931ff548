"""The control face: one registry of commands, spoken as lines and as HTTP, over a `Commandable`.

It adds no behaviour of its own. The command line composes it; hosts and fleets are commanded through it.
"""

from station.control.commandable import (
    EVENT_TYPES,
    WIRE,
    Commandable,
    CommandRefused,
    Event,
    Execution,
    Listener,
    make_event,
    utc_text,
)
from station.control.lines import ControlLines
from station.control.registry import COMMANDS, Command

__all__ = [
    "COMMANDS",
    "EVENT_TYPES",
    "WIRE",
    "Command",
    "CommandRefused",
    "Commandable",
    "ControlLines",
    "Event",
    "Execution",
    "Listener",
    "make_event",
    "utc_text",
]
