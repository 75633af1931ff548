"""Cases of functions that this station does not have: their messages are refused in their own words."""

from __future__ import annotations

import pytest

from tests.support.rig import CARD, Rig, virtual


@pytest.mark.case("TC_042_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.10")
@virtual
async def test_tc_042_1_the_local_list_is_not_supported() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await rig.call("GetLocalListVersion") == {"listVersion": -1}


@pytest.mark.case("TC_043_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §7.47")
@virtual
async def test_tc_043_1_a_local_list_is_not_supported() -> None:
    async with Rig() as rig:
        await rig.boot()
        wanted = {
            "listVersion": 1,
            "updateType": "Full",
            "localAuthorizationList": [{"idTag": CARD, "idTagInfo": {"status": "Accepted"}}],
        }
        assert await rig.call("SendLocalList", wanted) == {"status": "NotSupported"}


@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_reservations_are_rejected() -> None:
    async with Rig() as rig:
        await rig.boot()
        wanted = {"connectorId": 1, "expiryDate": "2026-01-01T13:00:00Z", "idTag": CARD, "reservationId": 1}
        assert await rig.call("ReserveNow", wanted) == {"status": "Rejected"}


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("CancelReservation", {"reservationId": 1}),
        ("ClearChargingProfile", {}),
        ("GetCompositeSchedule", {"connectorId": 1, "duration": 60}),
        ("GetDiagnostics", {"location": "https://files.test/"}),
        ("UpdateFirmware", {"location": "https://files.test/fw", "retrieveDate": "2026-01-01T13:00:00Z"}),
        ("GetInstalledCertificateIds", {"certificateType": "CentralSystemRootCertificate"}),
    ],
)
@virtual
async def test_other_absent_functions_are_not_supported(action: str, payload: dict[str, object]) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await rig.call_error(action, payload) == "NotSupported"
