"""RemoteStartTransaction and RemoteStopTransaction (OCPP 1.6 §5.11, §5.12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import RemoteStartStopStatus

from station.core.events import RemoteStart, RemoteStop
from station.core.smart_charging.profile import Purpose
from station.core.values import RegistrationStatus
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.payload import decode
from station.ocpp.v16 import vocabulary as words
from station.ocpp.v16.inbound import smart_charging
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status

_OPEN: Final = (0, 0)
"""The place of a profile whose EVSE is chosen when the transaction starts."""


def _remote_start(payload: Payload, reply: int, view: View) -> Inbound:
    """A connectorId is above 0 and known (§6.33); without one the station selects."""
    asked = decode(call.RemoteStartTransaction, payload)
    place = view.place(asked.connector_id) if asked.connector_id is not None else None
    nowhere = asked.connector_id is not None and place is None
    if not _is_accepted(view) or nowhere or not asked.id_tag:
        return _rejected_start()
    evse = place[0] if place is not None else None
    start = RemoteStart(reply, words.id_token(asked.id_tag), evse, names_group=False)
    wire = payload.get("chargingProfile")
    # A station without smart charging ignores it (§5.11).
    if wire is None or "smart_charging" not in view.features or not smart_charging.enabled(view):
        return Defer(start)
    profile = smart_charging.profile_of(wire, _OPEN, view) if "transactionId" not in wire else None
    if profile is None or profile.purpose is not Purpose.TX:
        return _rejected_start()  # It has to be a TxProfile without a transactionId (§5.16.2, errata 3.41).
    return Defer(replace(start, profile=profile))


def _remote_stop(payload: Payload, reply: int, view: View) -> Inbound:
    """Rejected where no transaction with this id runs (errata 3.33)."""
    asked = decode(call.RemoteStopTransaction, payload)
    transaction = view.transaction_of(str(asked.transaction_id)) if _is_accepted(view) else None
    if transaction is None:
        return answer(call_result.RemoteStopTransaction(RemoteStartStopStatus.rejected))
    return Defer(RemoteStop(reply, transaction))


def _is_accepted(view: View) -> bool:
    """Neither message is allowed before the CSMS has accepted the station (§4.2)."""
    return view.registration is RegistrationStatus.ACCEPTED


def _rejected_start() -> Answer:
    return answer(call_result.RemoteStartTransaction(RemoteStartStopStatus.rejected))


_ACCEPTED: Final = {"Accepted": RemoteStartStopStatus.accepted}

REQUESTS: Final = {
    "RemoteStartTransaction": Request(
        _remote_start, by_status(call_result.RemoteStartTransaction, _ACCEPTED, RemoteStartStopStatus.rejected)
    ),
    "RemoteStopTransaction": Request(
        _remote_stop, by_status(call_result.RemoteStopTransaction, _ACCEPTED, RemoteStartStopStatus.rejected)
    ),
}
