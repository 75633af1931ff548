"""Refusals in the message's own words, for functions that the station does not have."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call_result
from ocpp.v16.enums import ReservationStatus, UpdateStatus

from station.ocpp.dialect import Inbound, View
from station.ocpp.v16.inbound.request import Payload, Request, answer

_NO_LIST: Final = -1
"""The version of a list that is not supported (OCPP 1.6 §5.10)."""


def _reserve_now(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """OCPP 1.6 §5.13: a station that is not configured to accept reservations answers Rejected."""
    return answer(call_result.ReserveNow(ReservationStatus.rejected))


def _send_local_list(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """OCPP 1.6 §7.47."""
    return answer(call_result.SendLocalList(UpdateStatus.not_supported))


def _get_local_list_version(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """OCPP 1.6 §5.10."""
    return answer(call_result.GetLocalListVersion(_NO_LIST))


REQUESTS: Final = {
    "ReserveNow": Request(_reserve_now),
    "SendLocalList": Request(_send_local_list),
    "GetLocalListVersion": Request(_get_local_list_version),
}
