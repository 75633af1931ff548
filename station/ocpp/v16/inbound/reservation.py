"""ReserveNow and CancelReservation (OCPP 1.6 §5.13, §5.1)."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import CancelReservationStatus, ReservationStatus

from station.core.events import CancelReservation, ReserveNow
from station.core.values import Reservation
from station.ocpp.dialect import Defer, Inbound, View
from station.ocpp.payload import decode
from station.ocpp.times import moment
from station.ocpp.v16 import vocabulary as words
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status


def _reserve_now(payload: Payload, reply: int, view: View) -> Inbound:
    """Connector 0 is any of them (§6.37). What cannot be reserved at all is Rejected, for want of a better word."""
    asked = decode(call.ReserveNow, payload)
    place = view.place(asked.connector_id) if asked.connector_id != 0 else (None, 0)
    expires = moment(asked.expiry_date)
    if place is None or expires is None or not asked.id_tag:
        return answer(call_result.ReserveNow(ReservationStatus.rejected))
    evse, connector = place
    parent = asked.parent_id_tag
    reservation = Reservation(
        id=int(asked.reservation_id),
        token=words.id_token(asked.id_tag),
        expires=expires,
        evse=evse,
        connector=connector,
        group=words.id_token(parent) if parent else None,
    )
    return Defer(ReserveNow(reply, reservation))


def _cancel_reservation(payload: Payload, reply: int, _view: View) -> Inbound:
    """Rejected where no reservation has this id (§5.1)."""
    return Defer(CancelReservation(reply, int(decode(call.CancelReservation, payload).reservation_id)))


REQUESTS: Final = {
    "ReserveNow": Request(
        _reserve_now,
        by_status(
            call_result.ReserveNow,
            {
                "Accepted": ReservationStatus.accepted,
                "Faulted": ReservationStatus.faulted,
                "Occupied": ReservationStatus.occupied,
                "Unavailable": ReservationStatus.unavailable,
            },
            ReservationStatus.rejected,
        ),
    ),
    "CancelReservation": Request(
        _cancel_reservation,
        by_status(
            call_result.CancelReservation,
            {"Accepted": CancelReservationStatus.accepted},
            CancelReservationStatus.rejected,
        ),
    ),
}
