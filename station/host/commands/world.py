"""Commands that act the world: cables, cars, bays, cards, faults of simulated parts (docs/control.md)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from station.core import events
from station.core.contract_tasks import Contract
from station.core.values import (
    Fault,
)
from station.host.commands.common import (
    Data,
    Handler,
    Params,
    Wait,
    alive,
    evse_of,
    plug_car,
    present,
    settled,
    token_of,
)
from station.host.execution import CommandRefused
from station.host.readers import only_real
from station.pairing import looks_like_pairing

if TYPE_CHECKING:
    from station.host.host import Host

log = logging.getLogger(__name__)


def plug_in(host: Host, params: Params) -> Wait:
    """Plug the simulated car in; answer when the pilot shows it, and what follows from it is recorded.

    So the status that is asked for next shows it. Where the store fails nobody waits for that.
    """
    evse, connector = evse_of(host, params)
    plug_car(host, evse, connector, params.get("ready", True), params.get("soc"))

    def wait() -> Data | None:
        if not host.runner.alive:
            return {}
        return {} if host.evse(evse.id).ev and host.runner.engine.recorded else None

    return wait


def unplug(host: Host, params: Params) -> Wait:
    """Pull the cable; answer when the pilot shows it, or, for the station's end, when the cable is out.

    As for ``plug_in``, what follows from it is recorded by then.
    """
    evse, connector = evse_of(host, params)
    hardware = host.simulated(evse.id, "pilot")
    if hardware.plugged_connector != connector:
        return dict  # This one is free; the car is at another.
    side = params.get("side", "both")
    hardware.bay.unplug(side)
    host.unplugged(evse.id)

    def wait() -> Data | None:
        now = host.evse(evse.id)
        if not host.runner.alive:
            return {}
        if side == "station" and now.connector.cable and not now.connector.fixed:
            return None
        return None if now.ev or not host.runner.engine.recorded else {}

    return wait


def pilot_verb(act: Callable[[Any], None]) -> Handler:
    """The handler of something that the car does by itself."""

    def handler(host: Host, params: Params) -> Data:
        evse, _ = evse_of(host, params)
        act(host.simulated(evse.id, "pilot").bay)
        host.moved()
        return {}

    return handler


def tap(host: Host, params: Params) -> Wait:
    """Show a card at a connector, or at a reader that serves all."""
    alive(host)
    if looks_like_pairing(params["tagId"]):
        raise CommandRefused("this is the text of a QR code, no card: select_evse chooses an EVSE")
    evses = (evse_of(host, params)[0].id,) if "connector" in params or "evse" in params else ()
    contract = Contract(params["certificate"]) if "certificate" in params else None
    return present(host, token_of(params), evses, contract)


def bay_occupied(host: Host, params: Params) -> Data:
    """Somebody parks, and may show a card at once."""
    return _bay(host, params, True)


def bay_free(host: Host, params: Params) -> Data:
    """The parking space becomes free."""
    return _bay(host, params, False)


def _bay(host: Host, params: Params, occupied: bool) -> Data:
    evse, _ = evse_of(host, params)
    host.simulated(evse.id, "pilot").bay.set_occupied(occupied)
    host.moved()
    if "tagId" in params:
        alive(host)
        present(host, token_of(params), (evse.id,))
    return {}


def fault(host: Host, params: Params) -> Wait:
    """Raise a fault by its name in OCPP 1.6; answer when it is stored."""
    alive(host)
    evse, _ = evse_of(host, params)
    host.runner.feed(events.FaultRaised(evse.id, Fault(params.get("errorCode", "OtherError"))))
    return settled(host)


def clear_fault(host: Host, params: Params) -> Wait:
    """Clear a fault, or all of the EVSE; answer when that is stored.

    What hardware reports stays until it reports it no more. ``newMeter``: the register of the meter counts from now on,
    though it is lower than that of the one before.
    """
    alive(host)
    evse, _ = evse_of(host, params)
    if params.get("newMeter"):
        if evse.transaction is not None:
            raise CommandRefused("a transaction is running: within it no register may fall")
        log.warning("EVSE %d: another meter is in use from now on", evse.id)
        host.runner.feed(events.MeterReplaced(evse.id))
    code = params.get("errorCode")
    host.runner.feed(events.FaultCleared(evse.id, Fault(code) if code is not None else None))
    return settled(host)


def contactor_fault(host: Host, params: Params) -> Data:
    """Weld the simulated contactor, jam it open, or mend it."""
    evse, _ = evse_of(host, params)
    host.simulated(evse.id, "contactor").bay.contactor.set_fault(params["kind"])
    host.moved()
    return {}


def meter_fault(host: Host, params: Params) -> Data:
    """Silence the simulated meter, or let it answer."""
    evse, _ = evse_of(host, params)
    host.simulated(evse.id, "meter").bay.meter.set_fault(params["kind"])
    host.runner.feed(events.ProbeMeter(evse.id))
    return {}


def reader_fault(host: Host, params: Params) -> Data:
    """Lose the reader of an EVSE (of all where none is named), or bring it back."""
    evse = evse_of(host, params)[0].id if "connector" in params or "evse" in params else None
    if only_real(host.profile.auth.readers, evse):
        raise CommandRefused(f"the readers of {f'EVSE {evse}' if evse else 'this station'} are real hardware")
    lost = params["kind"] == "lost"
    event = events.FaultRaised if lost else events.FaultCleared
    for one in host.runner.engine.evses:
        if evse in (None, one.id):
            host.runner.feed(event(one.id, Fault.READER_FAILURE))
    return {}


def lock_failure(host: Host, params: Params) -> Data:
    """Jam the simulated lock, or free it."""
    evse, _ = evse_of(host, params)
    host.simulated(evse.id, "lock").bay.lock.set_fault(params.get("on", True))
    host.moved()
    return {}
