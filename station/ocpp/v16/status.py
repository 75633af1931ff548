"""The nine statuses of OCPP 1.6, derived from what an EVSE is at this moment (§4.9, §7.7).

Nothing is remembered here: what was told last, and when to tell, is the host's business. Called by ``dialect`` and by
the handler of TriggerMessage.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from ocpp.v16.enums import ChargePointStatus

from station.core.device_model import Address
from station.core.faults import serious
from station.core.values import ChargingState, Fault
from station.ocpp.dialect import EvseView, OutCall, Told, View
from station.ocpp.times import timestamp_of
from station.ocpp.v16 import fault_texts
from station.ocpp.v16.fault_texts import INFO_LENGTH

_LIST_ENABLED: Final = Address("LocalAuthListCtrlr", None, None, None, "Enabled")
EV_SIDE_DISCONNECTED: Final = "EV side disconnected"
"""The ``info`` of a transaction that outlives its plug, or ended with it (OCPP 1.6 §4.9)."""

VENDOR_LENGTH: Final = 255
_ACTIVE: Final[Mapping[ChargingState, ChargePointStatus]] = {
    ChargingState.CHARGING: ChargePointStatus.charging,
    ChargingState.SUSPENDED_EV: ChargePointStatus.suspended_ev,
    ChargingState.SUSPENDED_EVSE: ChargePointStatus.suspended_evse,
    ChargingState.EV_CONNECTED: ChargePointStatus.preparing,
    ChargingState.IDLE: ChargePointStatus.preparing,
}
_STATES: Final[Mapping[str, ChargePointStatus]] = {
    "idle": ChargePointStatus.available,
    "plugged": ChargePointStatus.preparing,
    "awaiting": ChargePointStatus.preparing,
    "interrupted": ChargePointStatus.suspended_ev,
    "finishing": ChargePointStatus.finishing,
}
_BEFORE_IDENTIFICATION: Final = frozenset({"idle", "plugged", "finishing"})
"""``finishing`` too: a vehicle at a reserved connector for which nobody came in time (§4.9: no way from G to F)."""

_WITH_EV: Final = frozenset(
    {
        ChargePointStatus.preparing,
        ChargePointStatus.suspended_ev,
        ChargePointStatus.suspended_evse,
        ChargePointStatus.finishing,
    }
)


def told(evse: EvseView, connector: int, view: View) -> Told:
    """The status of a connector; connector 0 is the station itself.

    A vehicle in the bay makes it Preparing (§4.9 A2). A reserved connector stays Reserved until the reservation's
    identity is presented (G2). A connector whose EVSE is in use on another one is Unavailable.
    """
    if connector == 0:
        return _station(view)
    standing = evse.standing_faults
    if standing and evse.faulted():
        return fault_texts.faulted(standing)
    status = _status(evse, connector)
    if standing:
        told = [one for one in standing if one.fault is not Fault.EV_COMMUNICATION_ERROR or status in _WITH_EV]
        if told:
            return fault_texts.told(status, told)
    left = evse.state == "interrupted" or (evse.ev_left and status is ChargePointStatus.finishing)
    return _plain(status, EV_SIDE_DISCONNECTED if left else "")


@cache
def _plain(status: ChargePointStatus, info: str = "") -> Told:
    """A status without a fault: always the same object, so that the usual comparison is one of identity."""
    return Told(status.value, info=info)


def targets(view: View) -> tuple[tuple[int, int], ...]:
    """The station, then every connector in the order of its number (errata 3.22)."""
    return ((0, 0), *((evse.id, connector) for evse in view.evses for connector in evse.connector_ids))


def status_call(evse: int, connector: int, told: Told, view: View) -> OutCall:
    """StatusNotification (OCPP 1.6 §6.47); a cause is named in ``vendorErrorCode``, as OtherError asks (§7.6)."""
    wire: dict[str, Any] = {
        "connectorId": view.numbers.get((evse, connector), 0),
        "errorCode": told.error_code,
        "status": told.status,
        "timestamp": timestamp_of(view.turn_utc_s()),
    }
    if told.info:
        wire["info"] = told.info[:INFO_LENGTH]
    if told.vendor_code:
        wire["vendorId"] = view.identity.vendor[:VENDOR_LENGTH]
        wire["vendorErrorCode"] = told.vendor_code[:INFO_LENGTH]
    return OutCall("StatusNotification", wire)


def current(evse: int, connector: int, view: View) -> OutCall:
    """The StatusNotification of this moment for a target of ``targets``."""
    at = next((one for one in view.evses if one.id == evse), view.evses[0])
    return status_call(evse, connector, told(at, connector, view), view)


def _station(view: View) -> Told:
    """Connector 0 has no direct connection to the connectors (§4.9); only the station's own faults are its.

    It is where a contradiction between the local list and the central system is told (§3.5.2).
    """
    status = ChargePointStatus.available if view.station_operative() else ChargePointStatus.unavailable
    standing = view.standing_faults
    if not standing:
        conflict = view.local_list.conflict
        if not conflict or not view.variables.flag(_LIST_ENABLED):
            return _plain(status)
        return Told(status.value, Fault.LOCAL_LIST_CONFLICT.value, conflict[:INFO_LENGTH])
    if serious({one.fault for one in standing}):
        return fault_texts.faulted(standing)
    return fault_texts.told(status, standing)


def _status(evse: EvseView, connector: int) -> ChargePointStatus:
    own = connector == evse.active_connector
    if not evse.operative(connector):
        return ChargePointStatus.unavailable
    if not own and _is_taken(evse):
        return ChargePointStatus.unavailable
    if evse.reserved and evse.state in _BEFORE_IDENTIFICATION:
        return ChargePointStatus.reserved
    if evse.state == "active":
        # A transaction that goes on with a vehicle that came back is not begun anew (D3).
        back = evse.ev_left and evse.charging_state is ChargingState.EV_CONNECTED
        return ChargePointStatus.suspended_ev if back else _ACTIVE[evse.charging_state]
    if evse.state == "idle" and evse.in_use:
        return ChargePointStatus.finishing if evse.bay_over else ChargePointStatus.preparing
    return _STATES[evse.state]


def _is_taken(evse: EvseView) -> bool:
    """Whether one connector of the EVSE is in use. While a driver is awaited, any of them may be chosen."""
    return evse.state not in ("idle", "awaiting") or evse.in_use or evse.transaction is not None
