"""Every step of an update or an upload has a message that its schema takes, or none."""

from __future__ import annotations

import pytest

from station.core.facts import FirmwareFact, FirmwareNotice, LogFact, LogNotice
from station.core.updates import FirmwareStatus, UploadStatus
from station.core.values import Stamp
from station.ocpp.dialect import OutCall
from station.ocpp.schema import check
from station.ocpp.v16 import transfers

NOW = Stamp(1.0, 1)
UNTOLD = {"DownloadScheduled", "SignatureVerified", "InvalidSignature", "InstallScheduled", "InstallRebooting", "Idle"}


def sound(call: OutCall | None) -> OutCall:
    """A call that its schema takes."""
    assert call is not None
    assert check("1.6", call.action, "request", call.payload) is None
    return call


@pytest.mark.parametrize("status", FirmwareStatus)
def test_firmware(status: FirmwareStatus) -> None:
    told = transfers.firmware_fact(FirmwareFact(status, NOW))
    assert (told is None) == (status.value in UNTOLD)
    if told is not None:
        assert sound(told).action == "FirmwareStatusNotification"
    signed = sound(transfers.firmware_fact(FirmwareFact(status, NOW, 3, signed=True)))
    assert signed == OutCall("SignedFirmwareStatusNotification", {"status": status.value, "requestId": 3})
    assert sound(transfers.firmware_notice(FirmwareNotice(status, None, signed=False))).payload.keys() == {"status"}
    assert sound(transfers.firmware_notice(FirmwareNotice(status, None, signed=True))).payload == {
        "status": status.value
    }


@pytest.mark.parametrize("status", UploadStatus)
def test_logs(status: UploadStatus) -> None:
    if status is UploadStatus.ACCEPTED_CANCELED:
        assert transfers.log_fact(LogFact(status, NOW, 3)) is None
        return
    assert sound(transfers.log_fact(LogFact(status, NOW))).action == "DiagnosticsStatusNotification"
    assert sound(transfers.log_fact(LogFact(status, NOW, 3))).payload == {"status": status.value, "requestId": 3}
    assert sound(transfers.log_notice(LogNotice(status, None, numbered=True))).payload == {"status": status.value}
    assert (
        sound(transfers.log_notice(LogNotice(status, None, numbered=False))).action == "DiagnosticsStatusNotification"
    )
