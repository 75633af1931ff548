"""Block H, reservation, of a station that takes no reservations: refused in the messages' own words.

Spec: OCPP 2.0.1 H01.FR.01, H02.FR.01.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.ocpp.dialect import Inbound, View
from station.ocpp.v201.vocabulary import Handler, Payload, answer, status_info


def reserve_now(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """Rejected: not configured to accept reservations (H01.FR.01)."""
    return answer(call_result.ReserveNow(status="Rejected", status_info=status_info("UnsupportedRequest")))


def cancel_reservation(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """Rejected: there is no such reservation (H02.FR.01)."""
    return answer(call_result.CancelReservation(status="Rejected", status_info=status_info("NotFound")))


HANDLERS: Final[Mapping[str, Handler]] = {"ReserveNow": reserve_now, "CancelReservation": cancel_reservation}
