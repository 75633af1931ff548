"""The nine statuses of OCPP 1.6, derived from what an EVSE is at this moment (§4.9, §7.7).

Nothing is remembered here: what was told last, and when to tell, is the host's business. Called by ``dialect`` and by
the handler of TriggerMessage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from ocpp.v16 import call
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from station.core.device_model import Address
from station.core.values import ChargingState, Fault
from station.ocpp.dialect import EvseView, OutCall, Told, View
from station.ocpp.payload import encode
from station.ocpp.v16 import vocabulary as words

INFO_LENGTH: Final = 50
_LIST_ENABLED: Final = Address("LocalAuthListCtrlr", None, None, None, "Enabled")
EV_SIDE_DISCONNECTED: Final = "EV side disconnected"
"""The ``info`` of a transaction that outlives its plug, or ended with it (OCPP 1.6 §4.9)."""

WARNINGS: Final = frozenset({Fault.READER_FAILURE, Fault.POWER_METER_FAILURE, Fault.WEAK_SIGNAL})
"""Faults that are told without a change of status: charging is still possible."""

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
    if evse.faulted():
        return _faulted(evse.faults)
    status = _status(evse, connector)
    if faults := evse.faults:
        told = (one for one in _latest(faults) if one is not Fault.EV_COMMUNICATION_ERROR or status in _WITH_EV)
        fault = next(told, None)
        if fault is not None:
            return Told(status.value, fault.value, faults[fault][:INFO_LENGTH])
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
    """StatusNotification (OCPP 1.6 §6.47); OtherError names its cause in ``vendorErrorCode`` too (§7.6)."""
    info = words.clip(told.info, INFO_LENGTH)
    request = call.StatusNotification(
        connector_id=view.number(evse, connector) if connector else 0,
        error_code=ChargePointErrorCode(told.error_code),
        status=ChargePointStatus(told.status),
        timestamp=words.timestamp(view.now_utc()),
        info=info,
        vendor_error_code=info if told.error_code == ChargePointErrorCode.other_error else None,
    )
    return OutCall("StatusNotification", encode(request))


def current(evse: int, connector: int, view: View) -> OutCall:
    """The StatusNotification of this moment for a target of ``targets``."""
    at = next((one for one in view.evses if one.id == evse), view.evses[0])
    return status_call(evse, connector, told(at, connector, view), view)


def _station(view: View) -> Told:
    """Connector 0 has no direct connection to the connectors (§4.9); only the station's own faults are its.

    It is where a contradiction between the local list and the central system is told (§3.5.2).
    """
    status = ChargePointStatus.available if view.station_operative() else ChargePointStatus.unavailable
    faults = view.faults
    if not faults:
        conflict = view.local_list.conflict
        if not conflict or not view.variables.flag(_LIST_ENABLED):
            return _plain(status)
        return Told(status.value, Fault.LOCAL_LIST_CONFLICT.value, conflict[:INFO_LENGTH])
    if any(fault not in WARNINGS for fault in faults):
        return _faulted(faults)
    fault = next(_latest(faults))
    return Told(status.value, fault.value, faults[fault][:INFO_LENGTH])


def _latest(faults: Mapping[Fault, str]) -> Iterator[Fault]:
    """The fault that arose last comes first: of several one is told, and each is an error to hear of (§4.9)."""
    return reversed(tuple(faults))


def _faulted(faults: Mapping[Fault, str]) -> Told:
    serious = [fault for fault in _latest(faults) if fault not in WARNINGS]
    # A vehicle's fault is told with Faulted only where nothing else explains that (§4.9).
    others = (fault for fault in serious if fault is not Fault.EV_COMMUNICATION_ERROR)
    fault = next(others, next(iter(serious or faults), Fault.OTHER_ERROR))
    return Told(ChargePointStatus.faulted.value, fault.value, faults.get(fault, "")[:INFO_LENGTH])


def _status(evse: EvseView, connector: int) -> ChargePointStatus:
    own = connector == evse.active_connector
    lasts = own and evse.transaction is not None and evse.state != "idle"
    if not evse.operative(connector) and not lasts:
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
