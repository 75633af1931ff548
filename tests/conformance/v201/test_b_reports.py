"""Block B: base reports and custom reports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import TWO_EVSES, get_variable, report, station, variable
from tests.support.rig import Rig

LISTS = ("OptionList", "SequenceList", "MemberList")
STATES = ["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]
REQUIRED = (  # noqa: SIM905 - forty names read better as one text
    """
    AlignedDataCtrlr.Interval AlignedDataCtrlr.Measurands AlignedDataCtrlr.TxEndedInterval
    AlignedDataCtrlr.TxEndedMeasurands AuthCtrlr.AuthorizeRemoteStart AuthCtrlr.LocalAuthorizeOffline
    AuthCtrlr.LocalPreAuthorize ChargingStation.AvailabilityState ChargingStation.Model ChargingStation.VendorName
    ChargingStation.SupplyPhases ClockCtrlr.DateTime ClockCtrlr.TimeSource DeviceDataCtrlr.BytesPerMessage
    DeviceDataCtrlr.ItemsPerMessage EVSE.AvailabilityState EVSE.Power EVSE.SupplyPhases Connector.AvailabilityState
    Connector.ConnectorType Connector.SupplyPhases OCPPCommCtrlr.FileTransferProtocols
    OCPPCommCtrlr.MessageAttemptInterval OCPPCommCtrlr.MessageAttempts OCPPCommCtrlr.MessageTimeout
    OCPPCommCtrlr.NetworkConfigurationPriority OCPPCommCtrlr.NetworkProfileConnectionAttempts
    OCPPCommCtrlr.OfflineThreshold OCPPCommCtrlr.ResetRetries OCPPCommCtrlr.RetryBackOffRandomRange
    OCPPCommCtrlr.RetryBackOffRepeatTimes OCPPCommCtrlr.RetryBackOffWaitMinimum OCPPCommCtrlr.UnlockOnEVSideDisconnect
    SampledDataCtrlr.TxEndedInterval SampledDataCtrlr.TxEndedMeasurands SampledDataCtrlr.TxStartedMeasurands
    SampledDataCtrlr.TxUpdatedInterval SampledDataCtrlr.TxUpdatedMeasurands SecurityCtrlr.CertificateEntries
    SecurityCtrlr.OrganizationName SecurityCtrlr.SecurityProfile TxCtrlr.EVConnectionTimeOut
    TxCtrlr.StopTxOnEVSideDisconnect TxCtrlr.StopTxOnInvalidId TxCtrlr.TxStartPoint TxCtrlr.TxStopPoint
"""
).split()
"""What part 2, "Referenced components and variables", requires of every station for the blocks that stand."""


def names(lines: list[dict[str, Any]]) -> set[str]:
    """Component and variable of all lines."""
    return {f"{line['component']['name']}.{line['variable']['name']}" for line in lines}


def actual(line: dict[str, Any]) -> dict[str, Any]:
    """The attribute Actual of a line."""
    return next(one for one in line["variableAttribute"] if one.get("type", "Actual") == "Actual")


@pytest.mark.case("TC_B_12_CS", "2.0.1")
@pytest.mark.spec("B07.FR.01", "B07.FR.03", "B07.FR.04", "B07.FR.07", "B07.FR.10", "B07.FR.12")
@station()
async def test_tc_b_12_configuration_inventory(rig: Rig) -> None:
    lines = await report(rig, "GetBaseReport", reportBase="ConfigurationInventory")
    for line in lines:
        assert line["variableCharacteristics"]
        assert any(one["mutability"] in ("ReadWrite", "WriteOnly") for one in line["variableAttribute"]), line
    assert {"TxCtrlr.TxStartPoint", "OCPPCommCtrlr.OfflineThreshold"} <= names(lines)


@pytest.mark.case("TC_B_13_CS", "2.0.1")
@pytest.mark.spec("B07.FR.01", "B07.FR.03", "B07.FR.04", "B07.FR.08", "B07.FR.10", "B07.FR.12")
@station()
async def test_tc_b_13_full_inventory(rig: Rig) -> None:
    lines = await report(rig, "GetBaseReport", reportBase="FullInventory")
    assert set(REQUIRED) <= names(lines), set(REQUIRED) - names(lines)
    for line in lines:
        if line["variableCharacteristics"]["dataType"] in LISTS:
            assert line["variableCharacteristics"]["valuesList"], line


@pytest.mark.case("TC_B_53_CS", "2.0.1")
@station(profile=TWO_EVSES)
async def test_tc_b_53_values_of_the_full_inventory_are_allowed_ones(rig: Rig) -> None:
    lines = await report(rig, "GetBaseReport", reportBase="FullInventory")
    for line in lines:
        kind, attribute = line["variableCharacteristics"]["dataType"], actual(line)
        if attribute["mutability"] == "WriteOnly":
            assert "value" not in attribute
        elif kind in LISTS:
            allowed = set(line["variableCharacteristics"]["valuesList"].split(","))
            given = {attribute["value"]} if kind == "OptionList" else set(attribute["value"].split(","))
            assert given - {""} <= allowed, line
    assert {line["component"]["evse"]["id"] for line in lines if line["component"]["name"] == "EVSE"} == {1, 2}


@pytest.mark.case("TC_B_14_CS", "2.0.1")
@pytest.mark.not_applicable("TC_B_15_CS", "2.0.1", "the summary inventory is supported")
@pytest.mark.spec("B07.FR.01", "B07.FR.03", "B07.FR.04", "B07.FR.09", "B07.FR.10", "B07.FR.12")
@station(profile=TWO_EVSES)
async def test_tc_b_14_summary_inventory(rig: Rig) -> None:
    lines = await report(rig, "GetBaseReport", reportBase="SummaryInventory")
    available = [line["component"] for line in lines if line["variable"]["name"] == "AvailabilityState"]
    assert {"name": "ChargingStation"} in available
    assert {"name": "EVSE", "evse": {"id": 2}} in available
    assert {"name": "Connector", "evse": {"id": 2, "connectorId": 1}} in available


@pytest.mark.case("TC_B_16_CS", "2.0.1")
@pytest.mark.spec("B08.FR.01", "B08.FR.03", "B08.FR.04", "B08.FR.07", "B08.FR.09", "B08.FR.10", "B08.FR.13")
@station(variables={"SampledDataCtrlr.Enabled": False})
async def test_tc_b_16_custom_report_by_criteria(rig: Rig) -> None:
    lines = await report(rig, "GetReport", componentCriteria=["Enabled"])
    everything = await report(rig, "GetBaseReport", reportBase="FullInventory")
    wanted = [line for line in everything if line["variable"]["name"] == "Enabled" and actual(line)["value"] == "true"]
    enabled = [line for line in lines if line["variable"]["name"] == "Enabled"]
    assert {line["component"]["name"] for line in enabled} == {line["component"]["name"] for line in wanted}
    assert all(actual(line)["value"] == "true" for line in enabled)
    assert "SampledDataCtrlr" not in {line["component"]["name"] for line in lines}
    for line in enabled:
        result = await get_variable(rig, f"{line['component']['name']}.Enabled")
        assert (result["attributeStatus"], result["attributeValue"]) == ("Accepted", "true")


@pytest.mark.case("TC_B_17_CS", "2.0.1")
@pytest.mark.spec("B08.FR.01", "B08.FR.03", "B08.FR.04", "B08.FR.11", "B08.FR.12", "B08.FR.14")
@station(profile=TWO_EVSES)
async def test_tc_b_17_custom_report_of_a_variable(rig: Rig) -> None:
    asked = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
    (line,) = await report(rig, "GetReport", componentVariable=[asked])
    assert line["component"] == {"name": "EVSE", "evse": {"id": 1}}
    assert line["variable"] == {"name": "AvailabilityState"}
    assert line["variableCharacteristics"]["dataType"] == "OptionList"
    assert line["variableCharacteristics"]["valuesList"].split(",") == STATES
    assert [(one["type"], one["mutability"], one["value"]) for one in line["variableAttribute"]] == [
        ("Actual", "ReadOnly", "Available")
    ]


@pytest.mark.case("TC_B_18_CS", "2.0.1")
@pytest.mark.spec("B08.FR.01", "B08.FR.05", "B08.FR.11", "B08.FR.15")
@station(profile=TWO_EVSES)
async def test_tc_b_18_custom_report_of_a_variable_by_criteria(rig: Rig) -> None:
    asked = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
    (line,) = await report(rig, "GetReport", componentCriteria=["Available"], componentVariable=[asked])
    assert line["component"] == {"name": "EVSE", "evse": {"id": 1}}
    request = {"requestId": 1, "componentCriteria": ["Problem"], "componentVariable": [asked]}
    assert (await rig.call("GetReport", request))["status"] == "EmptyResultSet"


@pytest.mark.case("TC_B_54_CS", "2.0.1")
@pytest.mark.spec("B08.FR.11", "B08.FR.22")
@station()
async def test_tc_b_54_without_an_instance_all_are_reported(rig: Rig) -> None:
    lines = await report(rig, "GetReport", componentVariable=[variable("DeviceDataCtrlr.ItemsPerMessage")])
    assert {"GetReport", "GetVariables"} <= {line["variable"]["instance"] for line in lines}
    assert names(lines) == {"DeviceDataCtrlr.ItemsPerMessage"}


@pytest.mark.case("TC_B_55_CS", "2.0.1")
@pytest.mark.spec("B08.FR.11", "B08.FR.22")
@station()
async def test_tc_b_55_with_an_instance_only_that_is_reported(rig: Rig) -> None:
    asked = variable("DeviceDataCtrlr.ItemsPerMessage[GetReport]")
    (line,) = await report(rig, "GetReport", componentVariable=[asked])
    assert line["variable"] == {"name": "ItemsPerMessage", "instance": "GetReport"}


@pytest.mark.case("TC_B_56_CS", "2.0.1")
@pytest.mark.spec("B08.FR.11", "B08.FR.21")
@station(profile=TWO_EVSES)
async def test_tc_b_56_without_an_evse_all_are_reported(rig: Rig) -> None:
    lines = await report(rig, "GetReport", componentVariable=[variable("EVSE.AvailabilityState")])
    assert [line["component"]["evse"]["id"] for line in lines] == [1, 2]
