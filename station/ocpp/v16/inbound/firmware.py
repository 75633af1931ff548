"""UpdateFirmware and SignedUpdateFirmware (OCPP 1.6 §5.19; Security WP ed.3 §5.21, L01)."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import UpdateFirmwareStatus

from station.core.effects import Outcome
from station.core.events import UpdateFirmware
from station.core.updates import FirmwareRequest, Patience
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.payload import decode
from station.ocpp.rules import RULES_16, ErrorKind
from station.ocpp.times import moment
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status

_REFUSALS: Final = {"SignedOnly": ErrorKind.NOT_SUPPORTED, "InternalError": ErrorKind.INTERNAL}


def _update(payload: Payload, reply: int, view: View) -> Inbound:
    """A date that does not exist is one that is past."""
    asked = decode(call.UpdateFirmware, payload)
    request = FirmwareRequest(
        location=asked.location,
        retrieve=moment(asked.retrieve_date) or view.now_utc(),
        patience=Patience.of(asked.retries, asked.retry_interval),
    )
    return Defer(UpdateFirmware(reply, request))


def _updated(_payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    """The answer has no status: what is not done is refused with a CALLERROR (Security WP L01.FR.20)."""
    if outcome.status in ("Accepted", "AcceptedCanceled"):
        return answer(call_result.UpdateFirmware())
    return Refuse(RULES_16.code(_REFUSALS.get(outcome.reason, ErrorKind.GENERIC)), outcome.info)


def _signed_update(payload: Payload, reply: int, view: View) -> Inbound:
    asked = decode(call.SignedUpdateFirmware, payload)
    firmware = asked.firmware
    request = FirmwareRequest(
        location=firmware["location"],
        retrieve=moment(firmware["retrieveDateTime"]) or view.now_utc(),
        install=moment(firmware.get("installDateTime")),
        patience=Patience.of(asked.retries, asked.retry_interval),
        request_id=asked.request_id,
        certificate=firmware["signingCertificate"],
        signature=firmware.get("signature", ""),
    )
    return Defer(UpdateFirmware(reply, request))


REQUESTS: Final = {
    "UpdateFirmware": Request(_update, _updated),
    "SignedUpdateFirmware": Request(
        _signed_update,
        by_status(
            call_result.SignedUpdateFirmware,
            {
                "Accepted": UpdateFirmwareStatus.accepted,
                "AcceptedCanceled": UpdateFirmwareStatus.accepted_canceled,
                "InvalidCertificate": UpdateFirmwareStatus.invalid_certificate,
                "RevokedCertificate": UpdateFirmwareStatus.revoked_certificate,
            },
            UpdateFirmwareStatus.rejected,
        ),
    ),
}
