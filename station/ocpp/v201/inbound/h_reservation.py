"""Block H, reservation: ReserveNow, CancelReservation; of a station that takes no reservations, their refusals.

Spec: OCPP 2.0.1 H01, H02.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import CancelReservation, ReserveNow
from station.core.values import Reservation
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.numbers import whole
from station.ocpp.times import moment
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, status_info, token_in, worded

_FEATURE: Final = "reservation"


def reserve_now(payload: Payload, reply: int, view: View) -> Inbound:
    """Reserve an EVSE, a type of connector, or any EVSE (H01)."""
    if _FEATURE not in view.features:
        return _refused("UnsupportedRequest")  # H01.FR.01
    expires = moment(payload["expiryDateTime"])
    if expires is None:
        return _refused("InvalidValue")
    group = payload.get("groupIdToken")
    reservation = Reservation(
        id=int(payload["id"]),
        token=token_in(payload["idToken"]),
        expires=expires,
        evse=whole(payload.get("evseId")),
        connector_type=payload.get("connectorType") or "",
        group=None if group is None else token_in(group),
    )
    return Defer(ReserveNow(reply, reservation))


def _refused(reason: str) -> Answer:
    return answer(call_result.ReserveNow(status="Rejected", status_info=status_info(reason)))


def reserved(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, Faulted, Occupied, Rejected or Unavailable (H01.FR.01 to H01.FR.14)."""
    return worded(call_result.ReserveNow, outcome)


def cancel_reservation(payload: Payload, reply: int, view: View) -> Inbound:
    """Cancel the reservation of this id (H02)."""
    if _FEATURE not in view.features:
        return answer(call_result.CancelReservation(status="Rejected", status_info=status_info("NotFound")))
    return Defer(CancelReservation(reply, int(payload["reservationId"])))


def cancelled(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, or Rejected where there is no such reservation (H02.FR.01, H02.FR.02)."""
    return worded(call_result.CancelReservation, outcome)


HANDLERS: Final[Mapping[str, Handler]] = {"ReserveNow": reserve_now, "CancelReservation": cancel_reservation}
WORDINGS: Final[Mapping[str, Wording]] = {"ReserveNow": reserved, "CancelReservation": cancelled}
