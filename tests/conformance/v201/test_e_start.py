"""Block E: how transactions start."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    charging,
    contexts,
    events,
    evse_status,
    is_charging,
    last_event,
    one,
    station,
    statuses,
    story,
    token,
)
from tests.support.rig import CARD, Rig

HERE = {"id": 1, "connectorId": 1}


@pytest.mark.case("TC_E_01_CS", "2.0.1")
@pytest.mark.spec("E01.FR.05", "E01.FR.07", "E01.FR.10", "E01.FR.15", "E01.FR.16")
@station(variables={"TxCtrlr.TxStartPoint": "PowerPathClosed"})
async def test_tc_e_01_start_at_power_path_closed(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.wait(2)
    assert not events(rig)
    await rig.do("plug_in")
    await rig.wait(1)
    started = events(rig)[0]
    assert started["eventType"] == "Started"
    assert started["triggerReason"] in ("CablePluggedIn", "ChargingStateChanged", "RemoteStart")
    assert (started["idToken"], started["evse"], started["seqNo"]) == (token(), HERE, 0)
    assert statuses(rig)[-1] == (1, 1, "Occupied")


@pytest.mark.case("TC_E_02_CS", "2.0.1")
@pytest.mark.spec("E01.FR.06", "E01.FR.07", "E01.FR.10", "E01.FR.15", "E01.FR.16")
@station(variables={"TxCtrlr.TxStartPoint": "EnergyTransfer"})
async def test_tc_e_02_start_at_energy_transfer(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.do("plug_in")
    await rig.wait(1)
    started = events(rig)[0]
    assert started["eventType"] == "Started"
    assert started["triggerReason"] == "ChargingStateChanged"
    assert (started["idToken"], started["evse"]) == (token(), HERE)
    assert started["transactionInfo"]["chargingState"] == "Charging"


@pytest.mark.case("TC_E_09_CS", "2.0.1")
@pytest.mark.spec("E01.FR.02", "E01.FR.07", "E01.FR.10", "E01.FR.15", "E01.FR.16")
@station(variables={"TxCtrlr.TxStartPoint": "EVConnected"})
async def test_tc_e_09_start_at_ev_connected(rig: Rig) -> None:
    await rig.do("bay_occupied")
    await rig.do("plug_in")
    await rig.quiet()
    started = one(rig, eventType="Started")
    assert started["triggerReason"] == "CablePluggedIn"
    assert (started["evse"], started["transactionInfo"]["chargingState"]) == (HERE, "EVConnected")
    assert statuses(rig)[-1] == (1, 1, "Occupied")


@pytest.mark.case("TC_E_10_CS", "2.0.1")
@pytest.mark.spec("E01.FR.03", "E01.FR.07", "E01.FR.10", "E01.FR.15", "E01.FR.16", "C01.FR.02")
@station(variables={"TxCtrlr.TxStartPoint": "Authorized"})
async def test_tc_e_10_start_at_authorized_local(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert rig.heard_all("Authorize") == [{"idToken": token()}]
    started = one(rig, eventType="Started")
    assert (started["triggerReason"], started["idToken"]) == ("Authorized", token())


@pytest.mark.case("TC_E_13_CS", "2.0.1")
@pytest.mark.spec("E01.FR.03", "F01.FR.03", "F01.FR.04", "F01.FR.06", "F01.FR.19", "F02.FR.01")
@station(variables={"TxCtrlr.TxStartPoint": "Authorized"})
async def test_tc_e_13_start_at_authorized_remote(rig: Rig) -> None:
    request = {"idToken": token(), "remoteStartId": 77, "evseId": 1}
    assert (await rig.call("RequestStartTransaction", request))["status"] == "Accepted"
    await rig.quiet()
    started = one(rig, eventType="Started")
    assert (started["triggerReason"], started["idToken"]) == ("RemoteStart", token())
    assert started["transactionInfo"]["remoteStartId"] == 77


@pytest.mark.case("TC_E_12_CS", "2.0.1")
@pytest.mark.spec("E01.FR.01", "E01.FR.07", "E01.FR.10", "E01.FR.15", "E01.FR.16")
@station(variables={"TxCtrlr.TxStartPoint": "ParkingBayOccupancy"})
async def test_tc_e_12_start_at_parking_bay_occupancy(rig: Rig) -> None:
    await rig.do("bay_occupied")
    await rig.quiet()
    assert one(rig, eventType="Started")["triggerReason"] == "EVDetected"


@pytest.mark.case("TC_E_03_CS", "2.0.1")
@pytest.mark.spec("E02.FR.01", "E02.FR.05", "E02.FR.06", "E02.FR.07", "E02.FR.13", "E02.FR.15", "E01.FR.16")
@station()
async def test_tc_e_03_cable_first(rig: Rig) -> None:
    await charging(rig)
    assert story(rig) == [
        ("Started", "CablePluggedIn", "EVConnected"),
        ("Updated", "Authorized", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]
    assert [event["seqNo"] for event in events(rig)] == [0, 1, 2]
    assert "idToken" not in events(rig)[0]
    assert events(rig)[1]["idToken"] == token()
    assert "Transaction.Begin" in contexts(events(rig)[0])
    assert statuses(rig) == [(1, 1, "Available"), (1, 1, "Occupied")]


@pytest.mark.case("TC_E_04_CS", "2.0.1")
@pytest.mark.spec("E03.FR.01", "E03.FR.06", "E03.FR.12", "E01.FR.16", "C01.FR.02")
@station()
async def test_tc_e_04_authorization_first(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.do("plug_in")
    await rig.wait(1)
    assert story(rig) == [
        ("Started", "Authorized", "Idle"),
        ("Updated", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]
    assert events(rig)[0]["idToken"] == token()
    assert events(rig)[1]["evse"] == HERE


@pytest.mark.case("TC_E_05_CS", "2.0.1")
@pytest.mark.spec("E03.FR.01", "E03.FR.05", "E03.FR.06", "E03.FR.12")
@station(variables={"TxCtrlr.EVConnectionTimeOut": 20})
async def test_tc_e_05_cable_timeout(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.wait(19)
    assert len(events(rig)) == 1
    await rig.wait(2)
    ended = last_event(rig)
    assert (ended["eventType"], ended["triggerReason"]) == ("Ended", "EVConnectTimeout")
    assert ended["transactionInfo"]["stoppedReason"] == "Timeout"
    rig.csms.clear()
    await rig.do("tap", tagId=CARD)
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))


@pytest.mark.case("TC_E_05_CS", "2.0.1")
@pytest.mark.spec("E03.FR.05")
@station(
    variables={
        "TxCtrlr.EVConnectionTimeOut": 20,
        "TxCtrlr.TxStartPoint": "ParkingBayOccupancy",
        "TxCtrlr.TxStopPoint": "ParkingBayOccupancy",
    }
)
async def test_tc_e_05_cable_timeout_with_a_transaction_that_goes_on(rig: Rig) -> None:
    await rig.do("bay_occupied")
    await rig.do("tap", tagId=CARD)
    await rig.wait(21)
    assert story(rig)[-1][:2] == ("Updated", "EVConnectTimeout")
    await rig.do("tap", tagId=CARD)
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))


@pytest.mark.case("TC_E_39_CS", "2.0.1")
@pytest.mark.spec("E06.FR.04", "E06.FR.15")
@station(variables={"TxCtrlr.EVConnectionTimeOut": 20, "TxCtrlr.TxStopPoint": "Authorized"})
async def test_tc_e_39_after_the_timeout_a_cable_starts_no_energy(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.wait(21)
    assert story(rig)[-1][:2] == ("Ended", "EVConnectTimeout")
    rig.csms.clear()
    await rig.do("plug_in")
    await rig.wait(10)
    assert not is_charging(rig)
    assert {trigger for _, trigger, _ in story(rig)} <= {"CablePluggedIn"}


@pytest.mark.case("TC_E_38_CS", "2.0.1")
@station()
async def test_tc_e_38_ev_not_ready(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.do("plug_in", ready=False)
    await rig.wait(10)
    assert story(rig)[-1] == ("Updated", "ChargingStateChanged", "SuspendedEV")
    assert statuses(rig)[-1] == (1, 1, "Occupied")
    await rig.do("ev_resume")
    await rig.wait(1)
    assert story(rig)[-1] == ("Updated", "ChargingStateChanged", "Charging")


@pytest.mark.spec("E01.FR.08", "E02.FR.02")
@station()
async def test_transaction_ids_are_not_repeated(rig: Rig) -> None:
    seen = set()
    for _ in range(3):
        seen.add(await charging(rig))
        await rig.do("tap", tagId=CARD)
        await rig.do("unplug")
        await rig.wait(2)
        assert evse_status(rig)["transaction"] is None
    await rig.do("power_cycle")
    await rig.until(lambda: rig.host.status()["online"])
    seen.add(await charging(rig))
    assert len(seen) == 4


@pytest.mark.spec("E02.FR.02")
@station(variables={"TxCtrlr.EVConnectionTimeOut": 20})
async def test_a_car_without_a_card_may_stay_and_be_authorised_later(rig: Rig) -> None:
    await rig.do("plug_in")
    await rig.wait(100)
    assert not one(rig, eventType="Started").get("idToken")
    await rig.do("tap", tagId=CARD)
    await rig.until(lambda: is_charging(rig))
    assert len({event["transactionInfo"]["transactionId"] for event in events(rig)}) == 1
