"""GetConfiguration, ChangeConfiguration, DataTransfer."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import configure, plug_and_tap, sampled
from tests.support.rig import Rig, virtual

REQUIRED = {
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
}
READ_ONLY = {"GetConfigurationMaxKeys", "NumberOfConnectors", "SupportedFeatureProfiles"}


async def change(rig: Rig, key: str, value: str) -> str:
    """ChangeConfiguration; the status of the answer."""
    status: str = (await rig.call("ChangeConfiguration", {"key": key, "value": value}))["status"]
    return status


async def value_of(rig: Rig, key: str) -> str:
    """GetConfiguration of one key; its value."""
    (found,) = (await rig.call("GetConfiguration", {"key": [key]}))["configurationKey"]
    text: str = found["value"]
    return text


@pytest.mark.case("TC_019_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.8", "OCPP 1.6 §9.1")
@virtual
async def test_tc_019_retrieve_all_configuration_keys() -> None:
    async with Rig() as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {})
        found = {entry["key"]: entry for entry in answer["configurationKey"]}
        assert set(found) >= REQUIRED
        assert all(entry["readonly"] is (key in READ_ONLY) for key, entry in found.items() if key in REQUIRED)
        assert found["NumberOfConnectors"]["value"] == "1"
        assert "Core" in found["SupportedFeatureProfiles"]["value"].split(",")
        assert "RemoteTrigger" in found["SupportedFeatureProfiles"]["value"].split(",")
        assert not answer.get("unknownKey")
        assert "AuthorizationKey" not in found


@pytest.mark.case("TC_019_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.8")
@virtual
async def test_tc_019_retrieve_some_configuration_keys() -> None:
    async with Rig() as rig:
        await rig.boot()
        asked = ["NumberOfConnectors", "NoSuchKey", "HeartbeatInterval"]
        answer = await rig.call("GetConfiguration", {"key": asked})
        assert [entry["key"] for entry in answer["configurationKey"]] == ["NumberOfConnectors", "HeartbeatInterval"]
        assert answer["unknownKey"] == ["NoSuchKey"]


@pytest.mark.case("TC_021_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.3")
@virtual
async def test_tc_021_change_configuration() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await change(rig, "MeterValueSampleInterval", "10") == "Accepted"
        assert await value_of(rig, "MeterValueSampleInterval") == "10"
        await plug_and_tap(rig)
        await rig.wait(31)
        assert len(rig.heard_all("MeterValues")) == 3


@pytest.mark.case("TC_021_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.3", "OCPP 1.6 §4.6")
@virtual
async def test_tc_021_a_new_heartbeat_interval_is_effective_at_once() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await change(rig, "HeartbeatInterval", "20") == "Accepted"
        await rig.wait(61)
        assert len(rig.heard_all("Heartbeat")) == 3


@pytest.mark.case("TC_021_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.3")
@virtual
async def test_tc_021_a_change_survives_a_power_cut() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, MeterValuesSampledData="Energy.Active.Import.Register,Power.Active.Import")
        await rig.do("power_cycle")
        await rig.do("connect")
        await plug_and_tap(rig)
        await rig.wait(61)
        measurands = {sample["measurand"] for sample in sampled(rig.csms.last("MeterValues"))}
        assert measurands == {"Energy.Active.Import.Register", "Power.Active.Import"}


@pytest.mark.case("TC_040_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.3")
@virtual
async def test_tc_040_1_change_of_an_unknown_key() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await change(rig, "NoSuchKey", "1") == "NotSupported"


@pytest.mark.case("TC_040_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.3")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MeterValueSampleInterval", "-1"),
        ("MeterValueSampleInterval", "often"),
        ("MeterValueSampleInterval", ""),
        ("ConnectionTimeOut", "1.5"),
        ("AuthorizeRemoteTxRequests", "perhaps"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,Colour"),
        ("NumberOfConnectors", "3"),
    ],
)
@virtual
async def test_tc_040_2_change_to_an_invalid_value(key: str, value: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        before = await value_of(rig, key)
        assert await change(rig, key, value) == "Rejected"
        assert await value_of(rig, key) == before


@pytest.mark.case("TC_062_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.6")
@virtual
async def test_tc_062_data_transfer_of_an_unknown_vendor() -> None:
    async with Rig() as rig:
        await rig.boot()
        wanted = {"vendorId": "com.example.unknown", "messageId": "hello", "data": "{}"}
        assert await rig.call("DataTransfer", wanted) == {"status": "UnknownVendorId"}


@pytest.mark.spec("OCPP 1.6 §5.3", "OCPP 1.6 §9")
@virtual
async def test_every_writable_key_takes_the_value_that_it_shows() -> None:
    async with Rig() as rig:
        await rig.boot()
        for entry in (await rig.call("GetConfiguration"))["configurationKey"]:
            if entry["key"] == "SecurityProfile":  # The same value is refused (whitepaper A05.FR.01).
                continue
            status = await change(rig, entry["key"], entry.get("value", ""))
            wanted = ("Rejected",) if entry["readonly"] else ("Accepted", "RebootRequired")
            assert status in wanted, entry


@pytest.mark.spec("OCPP 1.6 §5.3")
@virtual
async def test_every_boolean_key_refuses_other_words() -> None:
    async with Rig() as rig:
        await rig.boot()
        for entry in (await rig.call("GetConfiguration"))["configurationKey"]:
            if entry.get("value") in ("true", "false"):
                assert await change(rig, entry["key"], "1") == "Rejected", entry
                if not entry["readonly"]:
                    other = "false" if entry["value"] == "true" else "true"
                    assert await change(rig, entry["key"], other) in ("Accepted", "RebootRequired"), entry
                    assert await value_of(rig, entry["key"]) == other


@pytest.mark.spec("OCPP 1.6 §9.1.7")
@virtual
async def test_more_keys_than_the_maximum_are_refused() -> None:
    async with Rig() as rig:
        await rig.boot()
        limit = int(await value_of(rig, "GetConfigurationMaxKeys"))
        keys = ["HeartbeatInterval"] * (limit + 1)
        assert await rig.call_error("GetConfiguration", {"key": keys}) == "OccurenceConstraintViolation"


@pytest.mark.spec("OCPP 1.6 §9.1.34")
@virtual
async def test_keys_are_known_whatever_their_case() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await value_of(rig, "heartbeatINTERVAL") == "300"


@pytest.mark.spec("OCPP 1.6 §5.6")
@virtual
async def test_a_data_transfer_of_the_owner_gets_its_answer() -> None:
    async with Rig() as rig:
        rig.csms.answer("DataTransfer", {"status": "Accepted", "data": "42"})
        await rig.boot()
        asked = {"vendorId": "com.example", "data": "?"}
        assert await rig.do("send_ocpp", action="DataTransfer", payload=asked) == {"status": "Accepted", "data": "42"}
