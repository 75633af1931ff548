"""What a station shows of itself, in the shape of docs/control.md."""

from __future__ import annotations

from typing import Any

from station.clock import utc_text
from station.core.evse import Evse
from station.core.facts import SecurityFact, TransactionFact, UnpluggedFact
from station.core.values import ChargingState, ContactorState, Fault
from station.host.notices import tag, wire_number
from station.host.runner import Runner


def station_status(runner: Runner) -> dict[str, Any]:
    """The answer of the command ``status``."""
    engine = runner.engine
    boot = engine.station.ctx.boot_status if runner.alive else None
    return {
        "id": runner.profile.station.id,
        "version": runner.version,
        "online": runner.link.up,
        "boot": boot.value if boot is not None else None,
        "queue": _queue(runner),
        "time": utc_text(runner.utc()),
        "evses": [_evse_status(runner, evse, connector) for evse in engine.evses for connector in evse.connector_ids],
    }


def _queue(runner: Runner) -> int:
    """Transaction messages and security events not yet answered, those that are just being stored included."""
    engine = runner.engine
    stored_first = sum(isinstance(fact, _COUNTED) for fact in engine.station.ctx.ledger.untold)
    return engine.outbox.queued + (stored_first if engine.wiring.central else 0)


def _evse_status(runner: Runner, evse: Evse, connector: int) -> dict[str, Any]:
    active = connector == evse.active_connector
    return {
        "evse": evse.id,
        "connector": runner.engine.numbers.get((evse.id, connector), 0),
        "plugged": active and evse.ev,
        "pilot": evse.pilot.value if active else "A",
        "state": session_state(evse) if active else "idle",
        "status": _status(runner, evse.id, connector),
        "contactor": _contactor(runner, evse).value,
        "locked": active and evse.connector.locked,
        "meter_wh": evse.meter.shown_wh,
        "power_w": runner.around.hardware[evse.id].power_w() if active else 0.0,
        "limit_a": evse.offered_a,
        "faults": [Fault(fault).value for fault in evse.faults],
        "reservation": _reservation(runner, evse),
        "transaction": _transaction(runner, evse) if active else None,
    }


_COUNTED = (TransactionFact, UnpluggedFact, SecurityFact)
_STUCK = frozenset({ContactorState.WELDED, ContactorState.STUCK_OPEN})


def _contactor(runner: Runner, evse: Evse) -> ContactorState:
    """What the main contacts are doing; without power a contactor falls open, unless it is welded."""
    shown = evse.contactor.shown
    return shown if runner.alive or shown in _STUCK else ContactorState.OPEN


_ACTIVE = {
    ChargingState.CHARGING: "charging",
    ChargingState.SUSPENDED_EV: "suspended_ev",
    ChargingState.SUSPENDED_EVSE: "suspended_evse",
}


def session_state(evse: Evse) -> str:
    """Where the session stands: idle, plugged, awaiting, starting, charging, suspended_ev or _evse, interrupted,
    finishing.
    """
    return _ACTIVE.get(evse.charging_state, "starting") if evse.state == "active" else evse.state


def _reservation(runner: Runner, evse: Evse) -> dict[str, Any] | None:
    """For whom the EVSE is kept; None where anybody may use it."""
    found = runner.engine.station.reservations.at(evse)
    if found is None:
        return None
    return {"id": found.id, "token": tag(found.token), "group": tag(found.group), "expires": utc_text(found.expires)}


def _status(runner: Runner, evse: int, connector: int) -> str | None:
    """As last told; where nothing was told yet, or there is nobody to tell, as it is."""
    engine, place = runner.engine, (evse, connector)
    shown = engine.board.shown(place, engine.station.statuses) if engine.wiring.central else ""
    current = engine.board.current(place)
    return shown or (current.status if current is not None else None)


def _transaction(runner: Runner, evse: Evse) -> dict[str, Any] | None:
    transaction = evse.transaction
    if transaction is None or not evse.desk.recorded:
        return None
    shown_wh = evse.meter.shown_wh
    cost = runner.engine.station.pricing.cost(evse.id, runner.utc())
    return {
        **({} if cost is None else {"cost": cost}),
        "id": transaction.id,
        "transactionId": wire_number(runner.engine.wire_id(transaction.id)),
        "token": tag(transaction.token),
        "started": utc_text(runner.utc_of(transaction.started)),
        "energy_wh": max(0.0, (shown_wh if shown_wh is not None else transaction.last_wh) - transaction.begin_wh),
    }
