"""ChangeAvailability, Reset and UnlockConnector (OCPP 1.6 §5.2, §5.14, §5.18)."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import AvailabilityStatus, AvailabilityType, ResetStatus, ResetType, UnlockStatus

from station.core.events import ChangeAvailability, ResetRequested, UnlockRequested
from station.core.values import StopReason
from station.ocpp.dialect import Defer, Inbound, View
from station.ocpp.payload import decode
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status


def _change_availability(payload: Payload, reply: int, view: View) -> Inbound:
    """Connector 0 is the station and all its connectors."""
    asked = decode(call.ChangeAvailability, payload)
    operative = asked.type == AvailabilityType.operative
    if asked.connector_id == 0:
        return Defer(ChangeAvailability(reply, 0, 0, operative, level=True))
    place = view.place(asked.connector_id)
    if place is None:
        return answer(call_result.ChangeAvailability(AvailabilityStatus.rejected))
    return Defer(ChangeAvailability(reply, *place, operative, level=True))


def _reset(payload: Payload, reply: int, _view: View) -> Inbound:
    """Errata 3.36: both end what runs; a soft reset first sends what is queued, a hard one may lose time, not facts."""
    soft = decode(call.Reset, payload).type == ResetType.soft
    reason = StopReason.SOFT_RESET if soft else StopReason.HARD_RESET
    return Defer(ResetRequested(reply, on_idle=False, reason=reason, drain=soft))


def _unlock_connector(payload: Payload, reply: int, view: View) -> Inbound:
    """An unknown connector is NotSupported (errata 3.87). A running transaction ends first."""
    place = view.place(decode(call.UnlockConnector, payload).connector_id)
    if place is None:
        return answer(call_result.UnlockConnector(UnlockStatus.not_supported))
    return Defer(UnlockRequested(reply, *place, ends_transaction=True))


REQUESTS: Final = {
    "ChangeAvailability": Request(
        _change_availability,
        by_status(
            call_result.ChangeAvailability,
            {"Accepted": AvailabilityStatus.accepted, "Scheduled": AvailabilityStatus.scheduled},
            AvailabilityStatus.rejected,
        ),
    ),
    "Reset": Request(
        _reset,
        by_status(
            call_result.Reset,
            {"Accepted": ResetStatus.accepted, "Scheduled": ResetStatus.accepted},
            ResetStatus.rejected,
        ),
    ),
    "UnlockConnector": Request(
        _unlock_connector,
        by_status(
            call_result.UnlockConnector,
            {
                "Unlocked": UnlockStatus.unlocked,
                "NotSupported": UnlockStatus.not_supported,
                "UnknownConnector": UnlockStatus.not_supported,
            },
            UnlockStatus.unlock_failed,
        ),
    ),
}
