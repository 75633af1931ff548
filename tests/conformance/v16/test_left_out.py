"""Functions that the profile leaves out: no keys, and each message's own word for a refusal (docs/profile.md)."""

from __future__ import annotations

import pytest

from tests.support.rig import CARD, Rig, virtual

RESERVE = {"connectorId": 1, "expiryDate": "2026-01-01T13:00:00Z", "idTag": CARD, "reservationId": 1}
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}]},
}
LEFT_OUT = {
    "LocalAuthListCtrlr.Available": "false",
    "ReservationCtrlr.Available": "no",
    "SmartChargingCtrlr.Available": "off",
    "AuthCacheCtrlr.Available": "false",
}


@virtual
async def test_a_function_that_is_left_out_refuses_in_its_own_words() -> None:
    async with Rig("1.6", variables=LEFT_OUT) as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {})
        rows = {row["key"]: row["value"] for row in answer["configurationKey"]}
        assert rows["SupportedFeatureProfiles"] == "Core,FirmwareManagement,RemoteTrigger"
        assert not rows.keys() & {"LocalAuthListEnabled", "ReserveConnectorZeroSupported", "ChargeProfileMaxStackLevel"}
        assert "AuthorizationCacheEnabled" not in rows
        assert (await rig.call("GetLocalListVersion")) == {"listVersion": -1}
        update = {"listVersion": 1, "updateType": "Full"}
        assert (await rig.call("SendLocalList", update))["status"] == "NotSupported"
        assert (await rig.call("ReserveNow", RESERVE))["status"] == "Rejected"
        assert (await rig.call("ClearCache"))["status"] == "Rejected"
        assert await rig.call_error("CancelReservation", {"reservationId": 1}) == "NotSupported"
        charging = {"connectorId": 1, "csChargingProfiles": PROFILE}
        assert (await rig.call("SetChargingProfile", charging))["status"] == "NotSupported"
        assert await rig.call_error("GetCompositeSchedule", {"connectorId": 1, "duration": 60}) == "NotSupported"


@virtual
async def test_the_same_in_2_0_1() -> None:
    async with Rig("2.0.1", variables=LEFT_OUT) as rig:
        await rig.boot()
        assert (await rig.call("GetLocalListVersion"))["versionNumber"] == 0
        answer = await rig.call("SendLocalList", {"versionNumber": 1, "updateType": "Full"})
        assert answer["status"] == "Failed"
        token = {"idToken": CARD, "type": "ISO14443"}
        reserve = {"id": 1, "expiryDateTime": "2026-01-01T13:00:00Z", "idToken": token}
        assert (await rig.call("ReserveNow", reserve))["status"] == "Rejected"
        assert await rig.call_error("GetCompositeSchedule", {"duration": 60, "evseId": 1}) == "NotSupported"
        wanted = {"component": {"name": "LocalAuthListCtrlr"}, "variable": {"name": "Enabled"}}
        answer = await rig.call("GetVariables", {"getVariableData": [wanted]})
        assert answer["getVariableResult"][0]["attributeStatus"] == "UnknownComponent"


def test_a_key_of_a_function_that_is_left_out_is_an_error() -> None:
    from station.config import ConfigError
    from station.host.kind import Kind
    from tests.support.rig import run_virtual

    async def main() -> None:
        rig = Rig("1.6", variables={**LEFT_OUT, "LocalAuthListEnabled": "true"})
        Kind(rig.profile).check()

    with pytest.raises(ConfigError, match="which this station does not have"):
        run_virtual(main())
