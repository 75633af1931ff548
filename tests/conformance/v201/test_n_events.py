"""Block N: problem events of the station itself (NotifyEvent), and G05, the lock that fails."""

from __future__ import annotations

from typing import Any

import pytest

from station.core.hardware_faults import cleared, raised
from tests.conformance.v201.flows import SOCKET, TWO_EVSES, charging, station
from tests.support.rig import CARD, Rig
from tests.support.scripted_csms import CallError

Payload = dict[str, Any]


def told(rig: Rig) -> list[Payload]:
    """Every event that was told, in order."""
    return [event for request in rig.heard_all("NotifyEvent") for event in request["eventData"]]


def short(event: Payload) -> tuple[str, str, str]:
    return event["component"]["name"], event["variable"]["name"], event["actualValue"]


@pytest.mark.case("TC_G_20_CS", "2.0.1")
@pytest.mark.spec("G05.FR.01", "G05.FR.02")
@station(profile=SOCKET)
async def test_tc_g_20_a_lock_that_fails(rig: Rig) -> None:
    await rig.do("lock_failure")
    await rig.do("plug_in")
    await rig.do("tap", tagId=CARD)
    await rig.wait(8)
    (event,) = told(rig)
    assert event["trigger"] == "Delta"
    assert event["component"] == {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 1}}
    assert event["variable"] == {"name": "Problem"}
    assert event["actualValue"] == "true"
    assert rig.status["contactor"] == "open"
    states = [request["transactionInfo"].get("chargingState") for request in rig.heard_all("TransactionEvent")]
    assert "Charging" not in states
    assert rig.csms.last("StatusNotification")["connectorStatus"] == "Faulted"


@pytest.mark.case("TC_N_21_CS", "2.0.1")
@pytest.mark.spec("N07.FR.07")
@station()
async def test_tc_n_21_a_hardwired_notification(rig: Rig) -> None:
    await rig.do("reader_fault", kind="lost")
    await rig.quiet()
    (request,) = rig.heard_all("NotifyEvent")
    assert request["seqNo"] == 0
    assert request["generatedAt"].endswith("Z")
    (event,) = request["eventData"]
    assert event["eventNotificationType"] == "HardWiredNotification"
    assert event["trigger"] == "Alerting"
    assert event["component"] == {"name": "TokenReader", "evse": {"id": 1}}
    assert short(event) == ("TokenReader", "Problem", "true")
    assert event["techCode"]
    assert "cleared" not in event
    assert "variableMonitoringId" not in event


@pytest.mark.spec("N07.FR.02")
@station()
async def test_a_return_to_normal_is_told(rig: Rig) -> None:
    await rig.do("reader_fault", kind="lost")
    await rig.do("reader_fault", kind="none")
    await rig.quiet()
    came, went = told(rig)
    assert (short(came), short(went)) == (("TokenReader", "Problem", "true"), ("TokenReader", "Problem", "false"))
    assert went["cleared"] is True
    assert went["eventId"] > came["eventId"]


@pytest.mark.spec("2.22 EventDataType")
@station()
async def test_the_transaction_that_a_fault_ends_is_named(rig: Rig) -> None:
    identity = await charging(rig)
    await rig.do("fault", errorCode="GroundFailure")
    await rig.quiet()
    (event,) = told(rig)
    assert short(event) == ("RCD", "Tripped", "true")
    assert event["transactionId"] == identity
    ended = rig.heard_all("TransactionEvent")[-1]
    assert ended["transactionInfo"]["stoppedReason"] == "GroundFault"


@station()
async def test_a_welded_contactor_is_told_until_it_is_mended_and_cleared(rig: Rig) -> None:
    await charging(rig)
    await rig.do("contactor_fault", kind="weld")
    await rig.do("tap", tagId=CARD)
    await rig.wait(3)
    (event,) = told(rig)
    assert (short(event), event["techCode"]) == (("PowerContactor", "Problem", "true"), "ContactorWelded")
    await rig.do("clear_fault")
    assert len(told(rig)) == 1
    await rig.do("contactor_fault", kind="none")
    await rig.wait(1)
    await rig.do("clear_fault")
    await rig.quiet()
    assert short(told(rig)[-1]) == ("PowerContactor", "Problem", "false")


@pytest.mark.spec("N07.FR.04", "N07 remark")
@station(profile=TWO_EVSES)
async def test_what_stands_when_the_link_is_back_is_told_and_what_came_and_went_is_not(rig: Rig) -> None:
    await rig.do("fault", evse=2, errorCode="HighTemperature")
    await rig.quiet()
    rig.csms.clear()
    await rig.do("go_offline")
    await rig.do("fault", evse=1, errorCode="PowerMeterFailure")
    await rig.do("fault", evse=1, errorCode="OverVoltage")
    await rig.do("clear_fault", evse=1, errorCode="OverVoltage")
    await rig.do("clear_fault", evse=2)
    await rig.do("come_online")
    await rig.wait(5)
    assert [(event["component"]["evse"]["id"], *short(event)) for event in told(rig)] == [
        (1, "FiscalMetering", "Problem", "true"),
        (2, "TemperatureSensor", "Active", "false"),
    ]


@pytest.mark.spec("N07.FR.14")
@station()
async def test_a_fault_that_did_not_outlive_the_reboot_is_told_as_gone(rig: Rig) -> None:
    await rig.do("fault", errorCode="OverVoltage")
    await rig.quiet()
    first = told(rig)[0]["eventId"]
    rig.csms.clear()
    await rig.do("power_cycle")
    await rig.wait(90)
    (event,) = told(rig)
    assert (short(event), event["cleared"]) == (("ElectricalFeed", "Problem", "false"), True)
    assert event["eventId"] > first


@pytest.mark.spec("B07.FR.09", "N07")
@station()
async def test_the_variables_of_events_are_in_the_device_model(rig: Rig) -> None:
    async def problem(component: str, variable: str = "Problem", **place: int) -> str:
        wanted = {"component": {"name": component, "evse": {"id": 1, **place}}, "variable": {"name": variable}}
        answer = await rig.call("GetVariables", {"getVariableData": [wanted]})
        (result,) = answer["getVariableResult"]
        assert result["attributeStatus"] == "Accepted", result
        value: str = result["attributeValue"]
        return value

    assert await problem("ConnectorPlugRetentionLock", connectorId=1) == "false"
    await rig.do("fault", errorCode="ReaderFailure")
    await rig.do("fault", errorCode="GroundFailure")
    assert await problem("TokenReader") == "true"
    assert await problem("RCD", "Tripped") == "true"
    assert await problem("PowerContactor") == "false"
    assert await problem("EVSE") == "true"


@station()
async def test_a_csms_that_knows_no_events_is_not_asked_again(rig: Rig) -> None:
    rig.csms.answer("NotifyEvent", CallError("NotImplemented"))
    await rig.do("fault", errorCode="WeakSignal")
    await rig.wait(30)
    assert len(rig.heard_all("NotifyEvent")) == 1
    await rig.do("heartbeat")


@pytest.mark.spec("N07.FR.07", "part 2, 3.67 ReasonEnumType")
@station()
async def test_an_emergency_stop_is_an_event_a_status_and_a_reason(rig: Rig) -> None:
    identity = await charging(rig)
    rig.host.runner.feed(raised(1, "emergency_stop"))
    await rig.wait(3)
    (event,) = told(rig)
    assert (short(event), event["techCode"]) == (("EmergencyStopSensor", "Active", "true"), "EmergencyStop")
    assert event["transactionId"] == identity
    ended = rig.heard_all("TransactionEvent")[-1]["transactionInfo"]
    assert ended["stoppedReason"] == "EmergencyStop"
    assert rig.csms.last("StatusNotification")["connectorStatus"] == "Faulted"
    rig.host.runner.feed(cleared(1, "emergency_stop"))
    await rig.quiet()
    assert told(rig)[-1]["cleared"] is True
