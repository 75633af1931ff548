"""Whether an EVSE may offer current, what it is doing, and which conditions hold: pure readings of its state.

Nothing here changes anything; ``station.core.evse`` acts on the answers. Spec: IEC 61851-1 (pilot); OCPP 2.0.1
E (TxStartPoint, TxStopPoint, ChargingStateEnumType).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from station.core import names
from station.core.pilot import ASKING, MINIMUM_CURRENT_A
from station.core.transaction import Condition
from station.core.values import ChargingState

if TYPE_CHECKING:
    from station.core.evse_state import EvseState

GRACE: Final = "grace"
"""The deadline until which a car may take its time to answer a first offer."""

_PLACE: Final = Condition.PARKING_BAY_OCCUPANCY.value
_EV: Final = Condition.EV_CONNECTED.value
_AUTHORIZED: Final = Condition.AUTHORIZED.value
_SIGNED: Final = Condition.DATA_SIGNED.value
_PATH: Final = Condition.POWER_PATH_CLOSED.value
_ENERGY: Final = Condition.ENERGY_TRANSFER.value


def limit_a(evse: EvseState) -> float:
    """The current that may be offered: the least of what EVSE, limits from outside and cable allow."""
    cable_a = evse.connector.limit_a
    return evse.limit_a if cable_a is None else min(evse.limit_a, cable_a)


def may_offer(evse: EvseState) -> bool:
    """Whether current may be offered by the pilot.

    A transaction that is recorded allows it. So does a session without one, where the transaction is to start by what
    only an offer can bring about (TxStartPoint EnergyTransfer); such an offer stands while the start is recorded.
    """
    connector = evse.connector
    if evse.state != "active" or evse.grant is None or not evse.ev:
        return False
    if connector.lockable and not connector.secured:
        return False
    faults = evse.fault_table
    if faults.own.serious or faults.shared.serious or evse.contactor.state == "welded":
        return False
    cable_a = connector.limit_a
    if evse.limit_a < MINIMUM_CURRENT_A or (cable_a is not None and cable_a < MINIMUM_CURRENT_A):
        return False
    if evse.ctx.closing_down:
        return False
    desk = evse.desk
    transaction = desk.transaction
    if transaction is not None:
        goes_on = desk.ending is None and not transaction.suspended
        return goes_on and (desk.recorded or evse.offered_a is not None)
    serviceable = evse.serviceable
    if evse.offered_a is not None or not serviceable:
        return serviceable
    return desk.starting is None and not conditions(evse) & evse.ctx.rules.start


def may_close(evse: EvseState) -> bool:
    """Whether the contactor may be closed, where current may be offered: the car asks, the transaction is recorded."""
    desk = evse.desk
    return desk.recorded and desk.transaction is not None and desk.ending is None and evse.pilot in ASKING


def conditions(evse: EvseState) -> int:
    """The conditions of TxStartPoint and TxStopPoint that hold now, as bits."""
    held = 0
    if evse.ev or evse.bay:
        held |= _PLACE
    if evse.ev:
        held |= _EV
    if evse.grant is not None:
        held |= _AUTHORIZED
        if evse.ev and evse.signs and evse.ctx.flag(names.SAMPLED_SIGN):
            held |= _SIGNED
        if evse.ev and (not evse.connector.lockable or evse.connector.secured):
            held |= _PATH
            if evse.pilot in ASKING and evse.offered_a is not None:
                held |= _ENERGY
    return held


def charging_state(evse: EvseState, before: ChargingState) -> ChargingState:
    """OCPP 2.0.1 ChargingStateEnumType.

    While a car has not yet answered its first offer, or the contactor is on its way, the state ``before`` stays.
    """
    if not evse.ev:
        return ChargingState.IDLE
    if evse.grant is None or evse.state != "active":
        return ChargingState.EV_CONNECTED
    asks = evse.pilot in ASKING
    if asks and evse.contactor.state == "closed":
        return ChargingState.CHARGING
    transaction = evse.desk.transaction
    suspended = transaction is not None and transaction.suspended
    if suspended or limit_a(evse) < MINIMUM_CURRENT_A or evse.faulted():
        return ChargingState.SUSPENDED_EVSE
    if asks or evse.offered_a is None or (GRACE, evse.id) in evse.ctx.deadlines:
        return ChargingState.EV_CONNECTED if before is ChargingState.IDLE else before
    return ChargingState.SUSPENDED_EV
