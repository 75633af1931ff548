"""TxStartPoint and TxStopPoint: every value and useful combinations, with triggers and reasons.

Spec: OCPP 2.0.1 part 2, E01 and E06; TxCtrlr.TxStartPoint and TxStopPoint.
"""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    charging,
    events,
    evse_status,
    of,
    one,
    set_variables,
    station,
    story,
    token,
)
from tests.support.rig import CARD, Rig

START = "TxCtrlr.TxStartPoint"
STOP = "TxCtrlr.TxStopPoint"
SIGNING = {"evses": [{"id": 1, "hardware": {"meter": {"driver": "sim", "signed": True}}}]}

CABLE_FIRST = ("bay_occupied", "plug_in", "tap")
CARD_FIRST = ("bay_occupied", "tap", "plug_in")

STARTS = [
    # start points, order, trigger and charging state of Started, after which step it is heard
    ("ParkingBayOccupancy", CABLE_FIRST, "EVDetected", "Idle", 1),
    ("EVConnected", CABLE_FIRST, "CablePluggedIn", "EVConnected", 2),
    ("Authorized", CABLE_FIRST, "Authorized", "EVConnected", 3),
    ("PowerPathClosed", CABLE_FIRST, "Authorized", "EVConnected", 3),
    ("EnergyTransfer", CABLE_FIRST, "ChargingStateChanged", "Charging", 3),
    ("ParkingBayOccupancy", CARD_FIRST, "EVDetected", "Idle", 1),
    ("EVConnected", CARD_FIRST, "CablePluggedIn", "EVConnected", 3),
    ("Authorized", CARD_FIRST, "Authorized", "Idle", 2),
    ("PowerPathClosed", CARD_FIRST, "CablePluggedIn", "EVConnected", 3),
    ("EnergyTransfer", CARD_FIRST, "ChargingStateChanged", "Charging", 3),
    ("EVConnected,Authorized", CARD_FIRST, "Authorized", "Idle", 2),
    ("ParkingBayOccupancy,Authorized", CABLE_FIRST, "EVDetected", "Idle", 1),
    ("PowerPathClosed,EnergyTransfer", CABLE_FIRST, "Authorized", "EVConnected", 3),
]


async def act(rig: Rig, step: str) -> None:
    """Carry out a step of a session; it is told by the time this is over."""
    await rig.do(step, **({"tagId": CARD} if step == "tap" else {}))
    await rig.wait(1)


@pytest.mark.spec("E01.FR.01", "E01.FR.02", "E01.FR.03", "E01.FR.05", "E01.FR.06", "E02.FR.05", "E03.FR.01")
@pytest.mark.parametrize(("points", "order", "trigger", "state", "after"), STARTS)
@station()
async def test_where_a_transaction_starts(
    rig: Rig, points: str, order: tuple[str, ...], trigger: str, state: str, after: int
) -> None:
    await rig.do("set_config", key=START, value=points)
    for count, step in enumerate(order, 1):
        assert bool(events(rig)) is (count > after), story(rig)
        await act(rig, step)
    assert story(rig)[0] == ("Started", trigger, state)
    assert len(of(rig, eventType="Started")) == 1
    assert story(rig)[-1][2] == "Charging"
    assert [event["idToken"] for event in events(rig) if "idToken" in event] == [token()]


@pytest.mark.case("TC_E_11_CS", "2.0.1")
@pytest.mark.spec("E01.FR.04", "E01.FR.07", "E01.FR.10", "E01.FR.15", "E01.FR.16")
@station(profile=SIGNING, variables={START: "DataSigned", "SampledDataCtrlr.SignStartedReadings": True})
async def test_tc_e_11_data_signed_starts_with_a_meter_that_signs(rig: Rig) -> None:
    await act(rig, "tap")
    assert not events(rig)
    await act(rig, "plug_in")
    started = one(rig, eventType="Started")
    assert (started["triggerReason"], started["idToken"]) == ("SignedDataReceived", token())
    (sample,) = started["meterValue"][0]["sampledValue"]
    assert sample["context"] == "Transaction.Begin"
    assert sample["signedMeterValue"]["encodingMethod"] == "OCMF"
    assert evse_status(rig)["contactor"] == "closed"


@pytest.mark.spec("E01.FR.04")
@station(profile=SIGNING, variables={START: "DataSigned", "SampledDataCtrlr.SignReadings": False})
async def test_data_signed_does_not_start_where_nothing_is_to_be_signed(rig: Rig) -> None:
    await act(rig, "plug_in")
    await act(rig, "tap")
    assert not events(rig)


STOPS = [
    # stop points, what is done, trigger and reason of Ended; None: it goes on
    ("Authorized", "tap", ("StopAuthorized", "Local")),
    ("Authorized", "remote", ("RemoteStop", "Remote")),
    ("Authorized", "ev_suspend", None),
    ("Authorized", "unplug", ("EVCommunicationLost", "EVDisconnected")),
    ("EVConnected", "tap", None),
    ("EVConnected", "remote", None),
    ("EVConnected", "ev_suspend", None),
    ("EVConnected", "unplug", ("EVCommunicationLost", "EVDisconnected")),
    ("PowerPathClosed", "tap", ("StopAuthorized", "Local")),
    ("PowerPathClosed", "remote", ("RemoteStop", "Remote")),
    ("PowerPathClosed", "ev_suspend", None),
    ("PowerPathClosed", "unplug", ("EVCommunicationLost", "EVDisconnected")),
    ("EnergyTransfer", "tap", ("StopAuthorized", "Local")),
    ("EnergyTransfer", "remote", ("RemoteStop", "Remote")),
    ("EnergyTransfer", "ev_suspend", ("ChargingStateChanged", "StoppedByEV")),
    ("EnergyTransfer", "unplug", ("EVCommunicationLost", "EVDisconnected")),
    ("ParkingBayOccupancy", "tap", None),
    ("ParkingBayOccupancy", "remote", None),
    ("ParkingBayOccupancy", "ev_suspend", None),
    ("ParkingBayOccupancy", "unplug", None),
    ("EVConnected,Authorized", "tap", ("StopAuthorized", "Local")),
    ("EVConnected,Authorized", "unplug", ("EVCommunicationLost", "EVDisconnected")),
    ("EVConnected,ParkingBayOccupancy", "tap", None),
    ("EVConnected,ParkingBayOccupancy", "unplug", ("EVCommunicationLost", "EVDisconnected")),
]


@pytest.mark.spec("E06.FR.01", "E06.FR.02", "E06.FR.03", "E06.FR.06", "E06.FR.07", "E06.FR.15")
@pytest.mark.parametrize(("points", "act", "ending"), STOPS)
@station()
async def test_where_a_transaction_stops(rig: Rig, points: str, act: str, ending: tuple[str, str] | None) -> None:
    await rig.do("set_config", key=STOP, value=points)
    await rig.do("bay_occupied")
    identity = await charging(rig)
    if act == "remote":
        answer = await rig.call("RequestStopTransaction", {"transactionId": identity})
        assert answer["status"] == "Accepted"
    else:
        await rig.do(act, **({"tagId": CARD} if act == "tap" else {}))
    await rig.wait(2)
    if ending is None:
        assert not of(rig, eventType="Ended"), story(rig)
        assert evse_status(rig)["transaction"]["id"] == identity
    else:
        ended = one(rig, eventType="Ended")
        assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ending
        assert evse_status(rig)["transaction"] is None
    if act != "ev_suspend":
        assert evse_status(rig)["contactor"] == "open"


FIRST_ACTS = [
    ("EVConnected", "tap", ["unplug"], ("EVCommunicationLost", "Local")),
    ("EVConnected", "remote", ["unplug"], ("EVCommunicationLost", "Remote")),
    ("ParkingBayOccupancy", "tap", ["unplug", "bay_free"], ("EVDeparted", "Local")),
    ("ParkingBayOccupancy", "remote", ["unplug", "bay_free"], ("EVDeparted", "Remote")),
    ("ParkingBayOccupancy", "unplug", ["bay_free"], ("EVDeparted", "EVDisconnected")),
]


@pytest.mark.spec("E06.FR.01", "E06.FR.02", "E06.FR.15")
@pytest.mark.parametrize(("points", "first", "then", "ending"), FIRST_ACTS)
@station()
async def test_the_reason_is_that_of_the_act_that_took_the_authorization_back(
    rig: Rig, points: str, first: str, then: list[str], ending: tuple[str, str]
) -> None:
    await rig.do("set_config", key=STOP, value=points)
    await rig.do("bay_occupied")
    identity = await charging(rig)
    if first == "remote":
        await rig.call("RequestStopTransaction", {"transactionId": identity})
    else:
        await act(rig, first)
    for step in then:
        assert not of(rig, eventType="Ended"), story(rig)
        await act(rig, step)
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ending


@pytest.mark.spec("E01.FR.02", "E06.FR.03")
@station(variables={START: "EVConnected", STOP: "EVConnected"})
async def test_within_one_stay_a_card_may_stop_and_another_one_start(rig: Rig) -> None:
    identity = await charging(rig)
    await act(rig, "tap")
    assert evse_status(rig)["contactor"] == "open"
    await rig.do("tap", tagId="0D0D0D0D")
    await rig.wait(2)
    assert evse_status(rig)["contactor"] == "closed"
    assert evse_status(rig)["transaction"]["id"] == identity
    told = [(event["triggerReason"], event["idToken"]["idToken"]) for event in events(rig) if "idToken" in event]
    assert told == [("Authorized", CARD), ("StopAuthorized", CARD), ("Authorized", "0D0D0D0D")]


@pytest.mark.spec("E06.FR.03")
@station(variables={STOP: "Authorized"})
async def test_after_a_stop_the_card_starts_a_new_transaction_without_replugging(rig: Rig) -> None:
    first = await charging(rig)
    await act(rig, "tap")
    await act(rig, "tap")
    assert evse_status(rig)["contactor"] == "closed"
    assert evse_status(rig)["transaction"]["id"] != first
    assert story(rig)[-2][:2] == ("Started", "Authorized")


@pytest.mark.spec("E01.FR.03", "E06.FR.03")
@pytest.mark.parametrize("value", ["", "Nonsense", "Authorized,Nonsense", "Authorized,Authorized"])
@station()
async def test_points_that_do_not_exist_are_refused(rig: Rig, value: str) -> None:
    for result in await set_variables(rig, TxCtrlr__TxStartPoint=value, TxCtrlr__TxStopPoint=value):
        assert result["attributeStatus"] == "Rejected"


@pytest.mark.spec("E01.FR.05", "E06.FR.06")
@station()
async def test_changed_points_hold_for_the_next_transaction(rig: Rig) -> None:
    results = await set_variables(rig, TxCtrlr__TxStartPoint="PowerPathClosed", TxCtrlr__TxStopPoint="PowerPathClosed")
    assert [result["attributeStatus"] for result in results] == ["Accepted", "Accepted"]
    await act(rig, "plug_in")
    assert not events(rig)
    await act(rig, "tap")
    await act(rig, "tap")
    assert story(rig)[-1] == ("Ended", "StopAuthorized", "EVConnected")
