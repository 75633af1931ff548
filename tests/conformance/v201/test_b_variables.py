"""Block B: GetVariables, SetVariables; block P, which has nothing of its own at this station."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import get_variable, set_variables, station, variable
from tests.support.rig import Rig

THRESHOLD = "OCPPCommCtrlr.OfflineThreshold"
OFFLINE = "AuthCtrlr.LocalAuthorizeOffline"


async def write(rig: Rig, name: str, value: str, **more: Any) -> dict[str, Any]:
    """SetVariables of one; its result."""
    data = variable(name, attributeValue=value, **more)
    answer = await rig.call("SetVariables", {"setVariableData": [data]})
    return answer["setVariableResult"][0]


@pytest.mark.case("TC_B_06_CS", "2.0.1")
@pytest.mark.spec("B06.FR.01", "B06.FR.02", "B06.FR.03", "B06.FR.04", "B06.FR.10", "B06.FR.11")
@station(variables={THRESHOLD: 300})
async def test_tc_b_06_get_a_single_value(rig: Rig) -> None:
    result = await get_variable(rig, THRESHOLD, attributeType="Actual")
    assert result == {
        **variable(THRESHOLD),
        "attributeStatus": "Accepted",
        "attributeType": "Actual",
        "attributeValue": "300",
    }


@pytest.mark.case("TC_B_07_CS", "2.0.1")
@pytest.mark.spec("B06.FR.01", "B06.FR.02", "B06.FR.03", "B06.FR.04", "B06.FR.10")
@station(variables={THRESHOLD: 300})
async def test_tc_b_07_get_multiple_values(rig: Rig) -> None:
    data = [variable(name, attributeType="Actual") for name in (THRESHOLD, OFFLINE)]
    results = (await rig.call("GetVariables", {"getVariableData": data}))["getVariableResult"]
    assert [(r["attributeStatus"], r["attributeValue"]) for r in results] == [("Accepted", "300"), ("Accepted", "true")]
    assert [r["component"]["name"] for r in results] == ["OCPPCommCtrlr", "AuthCtrlr"]


@pytest.mark.case("TC_B_32_CS", "2.0.1")
@pytest.mark.spec("B06.FR.06")
@station()
async def test_tc_b_32_get_unknown_component(rig: Rig) -> None:
    result = await get_variable(rig, "UnknownComponent.OfflineThreshold")
    assert result["attributeStatus"] == "UnknownComponent"
    assert (result["component"]["name"], result["variable"]["name"]) == ("UnknownComponent", "OfflineThreshold")


@pytest.mark.case("TC_B_33_CS", "2.0.1")
@pytest.mark.spec("B06.FR.07")
@station()
async def test_tc_b_33_get_unknown_variable(rig: Rig) -> None:
    result = await get_variable(rig, "OCPPCommCtrlr.UnknownVariable")
    assert result["attributeStatus"] == "UnknownVariable"


@pytest.mark.case("TC_B_34_CS", "2.0.1")
@pytest.mark.spec("B06.FR.08")
@station()
async def test_tc_b_34_get_unsupported_attribute(rig: Rig) -> None:
    result = await get_variable(rig, THRESHOLD, attributeType="Target")
    assert (result["attributeStatus"], result["attributeType"]) == ("NotSupportedAttributeType", "Target")


@pytest.mark.case("TC_B_09_CS", "2.0.1")
@pytest.mark.spec("B05.FR.01", "B05.FR.02", "B05.FR.03", "B05.FR.10", "B05.FR.12")
@station()
async def test_tc_b_09_set_a_single_value(rig: Rig) -> None:
    result = await write(rig, THRESHOLD, "300", attributeType="Actual")
    assert result == {**variable(THRESHOLD), "attributeStatus": "Accepted", "attributeType": "Actual"}
    assert (await get_variable(rig, THRESHOLD))["attributeValue"] == "300"


@pytest.mark.case("TC_B_10_CS", "2.0.1")
@pytest.mark.spec("B05.FR.01", "B05.FR.02", "B05.FR.03", "B05.FR.10", "B05.FR.12")
@station()
async def test_tc_b_10_set_multiple_values(rig: Rig) -> None:
    results = await set_variables(rig, OCPPCommCtrlr__OfflineThreshold="300", AuthCtrlr__LocalAuthorizeOffline="false")
    assert [result["attributeStatus"] for result in results] == ["Accepted", "Accepted"]
    assert (await get_variable(rig, OFFLINE))["attributeValue"] == "false"


@pytest.mark.case("TC_B_35_CS", "2.0.1")
@pytest.mark.spec("B05.FR.04")
@station()
async def test_tc_b_35_set_unknown_component(rig: Rig) -> None:
    assert (await write(rig, "UnknownComponent.OfflineThreshold", "1"))["attributeStatus"] == "UnknownComponent"


@pytest.mark.case("TC_B_36_CS", "2.0.1")
@pytest.mark.spec("B05.FR.05")
@station()
async def test_tc_b_36_set_unknown_variable(rig: Rig) -> None:
    assert (await write(rig, "OCPPCommCtrlr.UnknownVariable", "1"))["attributeStatus"] == "UnknownVariable"


@pytest.mark.case("TC_B_37_CS", "2.0.1")
@pytest.mark.spec("B05.FR.06")
@station()
async def test_tc_b_37_set_unsupported_attribute(rig: Rig) -> None:
    result = await write(rig, THRESHOLD, "1", attributeType="Target")
    assert (result["attributeStatus"], result["attributeType"]) == ("NotSupportedAttributeType", "Target")


@pytest.mark.case("TC_B_11_CS", "2.0.1")
@pytest.mark.spec("B05.FR.07")
@pytest.mark.parametrize("value", ["30.1", "true", "2026-01-01T00:00:00Z", "abc", ""])
@station()
async def test_tc_b_11_set_a_value_of_another_type(rig: Rig, value: str) -> None:
    result = await write(rig, THRESHOLD, value)
    assert (result["attributeStatus"], result["attributeStatusInfo"]["reasonCode"]) == ("Rejected", "InvalidValue")
    if value != "true":
        result = await write(rig, "AuthCtrlr.AuthorizeRemoteStart", value)
        assert (result["attributeStatus"], result["attributeStatusInfo"]["reasonCode"]) == ("Rejected", "InvalidValue")


@pytest.mark.case("TC_B_39_CS", "2.0.1")
@pytest.mark.spec("B05.FR.09")
@station()
async def test_tc_b_39_set_read_only(rig: Rig) -> None:
    result = await write(rig, "OCPPCommCtrlr.MessageTimeout[Default]", "30")
    assert result["attributeStatus"] == "Rejected"
    assert result["variable"] == {"name": "MessageTimeout", "instance": "Default"}


@pytest.mark.case("TC_B_43_CS", "2.0.1")
@pytest.mark.spec("B09.FR.02")
@station()
async def test_tc_b_43_network_profile_is_rejected(rig: Rig) -> None:
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "http://not.a.websocket",
        "messageTimeout": 30,
        "securityProfile": 0,
        "ocppInterface": "Wired0",
    }
    answer = await rig.call("SetNetworkProfile", {"configurationSlot": 999, "connectionData": data})
    assert answer["status"] == "Rejected"


@pytest.mark.spec("B05.FR.12")
@station()
async def test_values_set_by_the_csms_survive_a_power_cycle(rig: Rig) -> None:
    await write(rig, THRESHOLD, "77")
    await rig.do("power_cycle")
    await rig.until(lambda: len(rig.heard_all("BootNotification")) == 2)
    assert (await get_variable(rig, THRESHOLD))["attributeValue"] == "77"


@pytest.mark.case("TC_P_01_CS", "2.0.1")
@pytest.mark.spec("P01.FR.05", "P01.FR.06")
@station()
async def test_tc_p_01_data_transfer_of_an_unknown_vendor(rig: Rig) -> None:
    answer = await rig.call("DataTransfer", {"vendorId": "org.openchargealliance.octt", "messageId": "x"})
    assert answer["status"] == "UnknownVendorId"


@pytest.mark.case("TC_P_03_CS", "2.0.1")
@station()
async def test_tc_p_03_custom_data_is_taken(rig: Rig) -> None:
    custom = {"vendorId": "org.openchargealliance.octt", "anything": [1, {"a": "b"}]}
    data = variable(THRESHOLD, attributeValue="200", customData=custom)
    data["component"]["customData"] = custom
    answer = await rig.call("SetVariables", {"setVariableData": [data], "customData": custom})
    assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted"
    assert (await get_variable(rig, THRESHOLD, customData=custom))["attributeValue"] == "200"
