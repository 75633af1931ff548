"""What readers of every driver have: a name that tells them apart, and whether their cards are taken unasked.

Called by `station.config.hardware`.
"""

from collections.abc import Set
from typing import Final

from pydantic import TypeAdapter

from station.config.context import Context
from station.config.errors import ConfigError
from station.config.nodes import Path
from station.config.types import Switch, TextValue
from station.config.validate import checked

MAX_LENGTH: Final = 40
TAKEN: Final = frozenset({"control", "csms"})
"""Providers that are no readers: the control face and remote starts."""

_text: TypeAdapter[str] = TypeAdapter(TextValue)
_switch: TypeAdapter[bool] = TypeAdapter(Switch)


def name_of(context: Context, written: object, where: Path, driver: str, others: Set[str]) -> str:
    """The reader's name: as written, else its driver; the second of a driver is `driver-2`, and so on.

    Args:
        others: the names of the readers before it.
    """
    if written is None:
        names = (driver, *(f"{driver}-{number}" for number in range(2, len(others) + 3)))
        return next(name for name in names if name not in others)
    try:
        name = checked(_text, written, context.root, (*where, "name"))
    except ConfigError as error:
        context.problems.extend(error.problems)
        return driver
    if name in others:
        context.fault((*where, "name"), f"two readers are called {name}", "give each a name of its own")
    elif name in TAKEN or not name.isprintable() or not 0 < len(name) <= MAX_LENGTH:
        context.fault((*where, "name"), f"no reader can be called {name[:MAX_LENGTH]!r}", "name it by its place: lobby")
    return name


def vouches(context: Context, written: object, where: Path) -> bool:
    """Whether its cards may charge without anybody being asked."""
    if written is None:
        return False
    try:
        prevalidated = checked(_switch, written, context.root, (*where, "prevalidated"))
    except ConfigError as error:
        context.problems.extend(error.problems)
        return False
    if prevalidated:
        context.warn((*where, "prevalidated"), "every card that this reader reads may charge; nobody is asked")
    return prevalidated
