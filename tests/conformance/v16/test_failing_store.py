"""A full disk: every request is answered in time, refused where something was to be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.v16.certificate_flows import profile
from tests.support.fake_ca import Authority
from tests.support.rig import Rig, virtual

AUTHORITY = Authority("Operator")
ROOT = AUTHORITY.pem
NOWHERE = "http://127.0.0.1:9/"
RESERVATION = {"connectorId": 1, "expiryDate": "2030-01-01T00:00:00Z", "idTag": "A", "reservationId": 1}
_HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "00", "issuerKeyHash": "00", "serialNumber": "00"}
_FIRMWARE = {
    "location": NOWHERE,
    "retrieveDateTime": "2026-01-01T00:00:00Z",
    "signingCertificate": ROOT,
    "signature": "AAAA",
}


@pytest.mark.spec("OCPP 1.6 §4.1.3", "OCPP-J 1.6 §4.1.1")
@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"}, {"status": "Rejected"}),
        ("InstallCertificate", {"certificateType": "CentralSystemRootCertificate", "certificate": ROOT}, None),
        ("DeleteCertificate", {"certificateHashData": _HASHES}, None),
        ("GetInstalledCertificateIds", {"certificateType": "ManufacturerRootCertificate"}, {"status": "NotFound"}),
        ("CertificateSigned", {"certificateChain": ROOT}, {"status": "Rejected"}),
        ("GetDiagnostics", {"location": NOWHERE}, {}),
        (
            "GetLog",
            {"logType": "SecurityLog", "requestId": 1, "log": {"remoteLocation": NOWHERE}},
            {"status": "Rejected"},
        ),
        ("SignedUpdateFirmware", {"requestId": 1, "firmware": _FIRMWARE}, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@virtual
async def test_a_full_disk_leaves_no_request_unanswered(
    tmp_path: Path, action: str, payload: dict[str, Any], answer: dict[str, Any] | None
) -> None:
    async with Rig(profile=profile(tmp_path, AUTHORITY)) as rig:
        await rig.boot()
        rig.store.fail_when = lambda batch: True
        await rig.do("plug_in")
        await rig.call("ReserveNow", RESERVATION)
        reply = await rig.call(action, payload)
        assert answer is None or reply == answer
        assert reply.get("status") != "Accepted"
