"""What the commands have in common: which EVSE is meant, and waiting until something is so.

A command takes effect inside its handler, so the order of calls is the order of effects. A handler answers with data,
or with a *wait*: a function that is asked after every turn of the station until it gives data or refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from station.core import events
from station.core.contract_tasks import Contract
from station.core.evse import Evse
from station.core.values import (
    IdToken,
    StopReason,
)
from station.host.execution import CommandRefused

if TYPE_CHECKING:
    from station.host.host import Host

Params = Mapping[str, Any]
Data = dict[str, Any]
Wait = Callable[[], Data | None]
Handler = Callable[["Host", Params], Data | Wait]


def evse_of(host: Host, params: Params) -> tuple[Evse, int]:
    """The EVSE and its connector that a command means."""
    engine = host.runner.engine
    if "evse" in params:
        place: tuple[int, int] | None = (params["evse"], params.get("evse_connector", 1))
    elif "connector" in params:
        place = engine.place(params["connector"])
    elif sum(len(evse.connector_ids) for evse in engine.evses) == 1:
        place = (engine.evses[0].id, engine.evses[0].active_connector)
    else:
        raise CommandRefused("this station has several connectors: say which (connector, or evse)")
    evse = engine.station.evse(place[0]) if place is not None else None
    if evse is None or place is None or place[1] not in evse.connector_ids:
        raise CommandRefused("this station has no such connector")
    return evse, place[1]


def alive(host: Host) -> None:
    """Refuse while the station is down (``CommandRefused``)."""
    if not host.runner.alive:
        raise CommandRefused("the station is down; it comes back by itself")


def token_of(params: Params) -> IdToken:
    """The card that a command shows."""
    return IdToken(params["tagId"], params.get("tokenType", "ISO14443"))


def plug_car(host: Host, evse: Evse, connector: int, ready: bool = True, soc_percent: float | None = None) -> None:
    """Plug the simulated car in at a connector; a cable that is only half out of another one is pulled out first.

    Raises:
        CommandRefused: the pilot is real hardware, or the car is at another connector of the EVSE.
    """
    hardware = host.simulated(evse.id, "pilot")
    bay, other = hardware.bay, hardware.plugged_connector
    if other != connector:
        if not bay.plugged:
            bay.unplug("station")
        if bay.plugged or bay.lock.locked:
            raise CommandRefused(f"connector {other} of EVSE {evse.id} is in use")
    hardware.plugged_connector = connector
    bay.plug_in(ready, soc_percent)
    host.plugged(evse.id)


def settled(host: Host, data: Data | None = None) -> Wait:
    """Answer once everything is stored."""

    def wait() -> Data | None:
        engine = host.runner.engine
        if engine.store_failed:
            raise CommandRefused("the store failed; see the events")
        return (data or {}) if engine.station.settled else None

    return wait


def present(host: Host, token: IdToken, evses: tuple[int, ...], contract: Contract | None = None) -> Wait:
    """Show a card, or a contract, at these EVSEs (none: wherever it may go); answer with what became of it."""
    host.told("card", {"reader": "control", "tagId": token.value, "technology": token.type, "random": False})
    asked, future = host.runner.question()
    host.runner.feed(events.TokenPresented(token, "control", evses, asked, contract))

    def wait() -> Data | None:
        if not future.done():
            return None
        answer = future.result()
        return {"result": answer["result"], "reason": answer["reason"], "trace": answer["trace"]}

    return wait


_REASONS = {reason.value.casefold(): reason for reason in StopReason}


def stop_reason(text: str) -> StopReason:
    """The stop reason of this name, in any case.

    Raises:
        CommandRefused: there is none.
    """
    known = _REASONS.get(text.casefold())
    if known is None:
        raise CommandRefused(f"no stop reason is called {text[:40]!r}")
    return known
