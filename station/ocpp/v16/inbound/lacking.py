"""Refusals in the message's own words, for functions that the station does not have."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call_result
from ocpp.v16.enums import ChargingProfileStatus, ReservationStatus

from station.ocpp.dialect import Inbound, View
from station.ocpp.v16.inbound.request import Payload, Request, answer


def _reserve_now(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """OCPP 1.6 §5.13: a station that is not configured to accept reservations answers Rejected."""
    return answer(call_result.ReserveNow(ReservationStatus.rejected))


def _set_charging_profile(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """OCPP 1.6 §7.11: NotSupported, where there is no smart charging."""
    return answer(call_result.SetChargingProfile(ChargingProfileStatus.not_supported))


REQUESTS: Final = {
    "ReserveNow": Request(_reserve_now),
    "SetChargingProfile": Request(_set_charging_profile),
}
