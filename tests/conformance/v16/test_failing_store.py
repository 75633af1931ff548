"""A full disk, a slow disk: every request is answered, and nothing goes by what was not stored."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from station.core.records import Batch
from station.store.api import Done
from tests.conformance.v16.certificate_flows import profile
from tests.support.fake_ca import Authority
from tests.support.rig import Rig, virtual
from tests.support.stores import FaultyStore

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


class SlowDisk(FaultyStore):
    """Stores what it is given later."""

    delay_s = 0.0

    def commit(self, batch: Batch, done: Done | None) -> None:
        asyncio.get_running_loop().call_later(self.delay_s, super().commit, batch, done)


class SlowRig(Rig):
    def make_store(self) -> SlowDisk:
        return SlowDisk()


def slow_down(rig: Rig, delay_s: float) -> None:
    """From now on the disk takes so long."""
    assert isinstance(rig.store, SlowDisk)
    rig.store.delay_s = delay_s


GUARDED = {
    "csms": {"url": "ws://csms.test/ocpp", "versions": ["ocpp1.6"], "security": {"password": "0123456789abcdef0"}}
}
OPEN = {"csms": {"url": "ws://csms.test/ocpp", "versions": ["ocpp1.6"], "security": {"profile": 0}}}
KEY = "fedcba9876543210fedcX"


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A01.FR.02", "Security WP A01.FR.03")
@virtual
async def test_a_slow_disk_does_not_let_a_new_password_overtake_its_answer() -> None:
    async with SlowRig(profile=GUARDED) as rig:
        await rig.boot()
        slow_down(rig, 3)
        answer = await rig.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": KEY})
        assert answer == {"status": "Accepted"}
        assert len(rig.targets) == 1
        await rig.until(lambda: len(rig.targets) == 2)
        auth = rig.targets[1].basic_auth
        assert auth is not None
        assert auth.password == KEY


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A01.FR.04")
@virtual
async def test_a_password_that_could_not_be_stored_is_not_dialled_with() -> None:
    async with SlowRig(profile=GUARDED) as rig:
        await rig.boot()
        slow_down(rig, 3)
        rig.store.fail_next()
        answer = await rig.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": KEY})
        assert answer == {"status": "Rejected"}
        await rig.wait(20)
        assert len(rig.targets) == 1


@pytest.mark.case("TC_083_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.05", "Security WP A05.FR.06")
@virtual
async def test_a_slow_disk_does_not_let_a_higher_profile_overtake_its_answer() -> None:
    async with SlowRig(profile=OPEN) as rig:
        await rig.boot()
        assert await rig.call("ChangeConfiguration", {"key": "AuthorizationKey", "value": KEY}) == {
            "status": "Accepted"
        }
        slow_down(rig, 3)
        assert await rig.call("ChangeConfiguration", {"key": "SecurityProfile", "value": "1"}) == {"status": "Accepted"}
        assert len(rig.targets) == 1
        await rig.until(lambda: len(rig.targets) == 2)
        assert rig.targets[1].basic_auth is not None
