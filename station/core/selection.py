"""Which EVSE an accepted token goes to.

A pure function of what is plugged in and free. Spec: docs/profile.md "auth"; EVerest Auth, selection algorithms.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from station.core.evse import Evse


class Selection(StrEnum):
    """The rules that a profile may choose."""

    PLUG_EVENTS = "PlugEvents"
    PLUG_EVENTS_LIFO = "PlugEventsLIFO"
    FIND_FIRST = "FindFirst"
    USER_INPUT = "UserInput"


def available(evses: Sequence[Evse]) -> list[Evse]:
    """Those that could take a token now, were it not for reservations."""
    return [evse for evse in evses if evse.grant is None and not evse.lapsed and evse.serviceable]


def plugged(evses: Sequence[Evse]) -> list[Evse]:
    """Those where a vehicle waits for a token, the first plugged in first."""
    waiting = [evse for evse in evses if evse.ev and evse.state in ("plugged", "finishing")]
    return sorted(waiting, key=lambda evse: (evse.state == "finishing", evse.plugged_at))


def choose(rule: str, candidates: Sequence[Evse], served: int) -> Evse | None:
    """The EVSE for a token by a ``Selection``, or None where it has to wait for a plug or for the user.

    ``candidates`` are available; ``served`` is how many EVSEs the reader serves: where it is only one, there is nothing
    to choose.
    """
    if len(candidates) == 1 and served == 1:
        return candidates[0]
    if rule == Selection.USER_INPUT:
        return None
    waiting = plugged(candidates)
    if waiting:
        return waiting[-1] if rule == Selection.PLUG_EVENTS_LIFO else waiting[0]
    return candidates[0] if rule == Selection.FIND_FIRST and candidates else None
