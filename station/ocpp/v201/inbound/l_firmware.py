"""Block L, firmware: UpdateFirmware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import UpdateFirmware
from station.core.updates import FirmwareRequest, Patience
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.numbers import whole
from station.ocpp.times import moment
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, worded


def update_firmware(payload: Payload, reply: int, view: View) -> Inbound:
    """With a certificate or a signature a secure update (L01), else a plain one (L02). A date that is none is past."""
    firmware = payload["firmware"]
    request = FirmwareRequest(
        location=firmware["location"],
        retrieve=moment(firmware["retrieveDateTime"]) or view.now_utc(),
        install=moment(firmware.get("installDateTime")),
        patience=Patience.of(whole(payload.get("retries")), whole(payload.get("retryInterval"))),
        request_id=whole(payload["requestId"]),
        certificate=firmware.get("signingCertificate"),
        signature=firmware.get("signature"),
    )
    return Defer(UpdateFirmware(reply, request))


def firmware_update_answered(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, AcceptedCanceled, Rejected, InvalidCertificate or RevokedCertificate (L01.FR.22, .24, .27)."""
    return worded(call_result.UpdateFirmware, outcome)


HANDLERS: Final[Mapping[str, Handler]] = {"UpdateFirmware": update_firmware}
WORDINGS: Final[Mapping[str, Wording]] = {"UpdateFirmware": firmware_update_answered}
