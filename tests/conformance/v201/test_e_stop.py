"""Block E: how transactions stop."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    FIXED_CABLE,
    SOCKET,
    charging,
    contexts,
    events,
    evse_status,
    id_info,
    is_charging,
    last_event,
    of,
    offline,
    one,
    online,
    station,
    statuses,
    story,
    token,
)
from tests.support.rig import CARD, Rig

START = "TxCtrlr.TxStartPoint"
STOP = "TxCtrlr.TxStopPoint"
STAYS = {"TxCtrlr.StopTxOnEVSideDisconnect": False}
KEEPS = {"OCPPCommCtrlr.UnlockOnEVSideDisconnect": False}


async def suspended(rig: Rig) -> None:
    """Charging, then the car has enough. Spec: part 6, EnergyTransferSuspended."""
    await charging(rig)
    await rig.do("ev_suspend")
    await rig.wait(1)
    assert story(rig)[-1] == ("Updated", "ChargingStateChanged", "SuspendedEV")


@pytest.mark.case("TC_E_06_CS", "2.0.1")
@pytest.mark.spec("E07.FR.04", "E06.FR.15", "C01.FR.03")
@station()
async def test_tc_e_06_local_stop(rig: Rig) -> None:
    await charging(rig)
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert len(rig.heard_all("Authorize")) == 1
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["idToken"]) == ("StopAuthorized", token())
    assert ended["transactionInfo"]["stoppedReason"] == "Local"
    assert ended["transactionInfo"]["chargingState"] == "EVConnected"
    assert "Transaction.End" in contexts(ended)
    assert statuses(rig)[-1] == (1, 1, "Occupied")
    await rig.do("unplug")
    await rig.quiet()
    assert statuses(rig)[-1] == (1, 1, "Available")
    assert last_event(rig) == ended


@pytest.mark.case("TC_E_07_CS", "2.0.1")
@pytest.mark.spec("E06.FR.06", "E06.FR.15")
@station(variables={STOP: "PowerPathClosed"})
async def test_tc_e_07_stop_at_power_path_closed_local(rig: Rig) -> None:
    await charging(rig)
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("StopAuthorized", "Local")


@pytest.mark.case("TC_E_08_CS", "2.0.1")
@pytest.mark.spec("E06.FR.07", "E06.FR.15")
@station(variables={STOP: "EnergyTransfer"})
async def test_tc_e_08_stop_at_energy_transfer_local(rig: Rig) -> None:
    await charging(rig)
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("StopAuthorized", "Local")


@pytest.mark.case("TC_E_22_CS", "2.0.1")
@pytest.mark.spec("E06.FR.07", "E06.FR.15")
@station(variables={STOP: "EnergyTransfer"})
async def test_tc_e_22_stop_at_energy_transfer_by_the_ev(rig: Rig) -> None:
    await charging(rig)
    await rig.do("ev_suspend")
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert ended["triggerReason"] == "ChargingStateChanged"
    assert ended["transactionInfo"]["chargingState"] in ("EVConnected", "SuspendedEV")
    assert ended["transactionInfo"]["stoppedReason"] == "StoppedByEV"


@pytest.mark.case("TC_E_14_CS", "2.0.1")
@pytest.mark.spec("E06.FR.02", "E06.FR.15")
@station(variables={STOP: "EVConnected"})
async def test_tc_e_14_stop_at_ev_connected(rig: Rig) -> None:
    await charging(rig)
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert story(rig)[-1] == ("Updated", "StopAuthorized", "EVConnected")
    await rig.do("unplug")
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["chargingState"]) == ("EVCommunicationLost", "Idle")
    assert ended["transactionInfo"]["stoppedReason"] == "Local"
    assert statuses(rig)[-1] == (1, 1, "Available")


@pytest.mark.case("TC_E_20_CS", "2.0.1")
@pytest.mark.not_applicable("TC_E_54_CS", "2.0.1", "the station has no high level communication")
@pytest.mark.spec("E06.FR.02", "E06.FR.15")
@station(variables={STOP: "EVConnected", **STAYS})
async def test_tc_e_20_stop_at_ev_connected_on_the_ev_side(rig: Rig) -> None:
    await suspended(rig)
    await rig.do("unplug", side="ev")
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["chargingState"]) == ("EVCommunicationLost", "Idle")
    assert ended["transactionInfo"]["stoppedReason"] == "EVDisconnected"


@pytest.mark.case("TC_E_15_CS", "2.0.1")
@pytest.mark.spec("E06.FR.03", "E06.FR.15")
@station(variables={STOP: "Authorized"})
async def test_tc_e_15_stop_at_authorized_local(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(30)
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("StopAuthorized", "Local")


@pytest.mark.case("TC_E_21_CS", "2.0.1")
@pytest.mark.spec("E06.FR.03", "E06.FR.15", "F03.FR.09")
@station(variables={STOP: "Authorized"})
async def test_tc_e_21_stop_at_authorized_remote(rig: Rig) -> None:
    identity = await charging(rig)
    assert (await rig.call("RequestStopTransaction", {"transactionId": identity}))["status"] == "Accepted"
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("RemoteStop", "Remote")


@pytest.mark.case("TC_E_35_CS", "2.0.1")
@pytest.mark.spec("E06.FR.06", "E06.FR.15")
@station(variables={STOP: "PowerPathClosed"})
async def test_tc_e_35_stop_at_power_path_closed_remote(rig: Rig) -> None:
    identity = await charging(rig)
    assert (await rig.call("RequestStopTransaction", {"transactionId": identity}))["status"] == "Accepted"
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("RemoteStop", "Remote")


@pytest.mark.case("TC_E_37_CS", "2.0.1")
@pytest.mark.spec("E06.FR.06", "E06.FR.15")
@station(variables={STOP: "PowerPathClosed", **STAYS})
async def test_tc_e_37_stop_at_power_path_closed_on_the_ev_side(rig: Rig) -> None:
    await suspended(rig)
    await rig.do("unplug", side="ev")
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["chargingState"]) == ("EVCommunicationLost", "Idle")
    assert ended["transactionInfo"]["stoppedReason"] in ("EVDisconnected", "StoppedByEV")


@pytest.mark.case("TC_E_16_CS", "2.0.1")
@pytest.mark.spec("E06.FR.04", "E06.FR.15", "C15.FR.04")
@pytest.mark.parametrize("point", ["PowerPathClosed", "Authorized", "PowerPathClosed,Authorized"])
@station(variables={"AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
async def test_tc_e_16_deauthorized_by_a_late_answer(rig: Rig, point: str) -> None:
    await rig.do("set_config", key=STOP, value=point)
    await offline(rig)
    await charging(rig)
    rig.csms.clear()
    rig.csms.answer("TransactionEvent", lambda event: id_info("Invalid") if "idToken" in event else {})
    await online(rig)
    await rig.wait(2)
    assert all(event["offline"] for event in events(rig)[:-1])
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("Deauthorized", "DeAuthorized")


@pytest.mark.case("TC_E_17_CS", "2.0.1")
@pytest.mark.spec("E06.FR.04", "E06.FR.15")
@pytest.mark.parametrize("point", ["PowerPathClosed", "Authorized", "PowerPathClosed,Authorized"])
@station(profile=SOCKET, variables=KEEPS)
async def test_tc_e_17_stop_by_pulling_the_ev_side(rig: Rig, point: str) -> None:
    await rig.do("set_config", key=STOP, value=point)
    await charging(rig)
    await rig.do("unplug", side="ev")
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["chargingState"]) == ("EVCommunicationLost", "Idle")
    assert ended["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert statuses(rig)[-1] == (1, 1, "Occupied")
    assert evse_status(rig)["locked"]
    await rig.do("tap", tagId=CARD)
    await rig.do("unplug", side="station")
    await rig.quiet()
    assert statuses(rig)[-1] == (1, 1, "Available")


@pytest.mark.case("TC_E_19_CS", "2.0.1")
@pytest.mark.spec("E06.FR.01", "E06.FR.15")
@station(variables={START: "ParkingBayOccupancy", STOP: "ParkingBayOccupancy"})
async def test_tc_e_19_stop_at_parking_bay_unoccupied(rig: Rig) -> None:
    await rig.do("bay_occupied")
    await charging(rig)
    await rig.do("tap", tagId=CARD)
    await rig.do("unplug")
    await rig.quiet()
    assert not of(rig, eventType="Ended")
    await rig.do("bay_free")
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("EVDeparted", "Local")


@pytest.mark.case("TC_E_24_CS", "2.0.1")
@pytest.mark.spec("E09.FR.01", "E09.FR.02", "E09.FR.04")
@station(profile=SOCKET)
async def test_tc_e_24_pulling_the_ev_side_unlocks(rig: Rig) -> None:
    await suspended(rig)
    await rig.do("unplug", side="ev")
    await rig.wait(1)
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["chargingState"]) == ("EVCommunicationLost", "Idle")
    assert not evse_status(rig)["locked"]
    await rig.do("unplug", side="station")
    await rig.quiet()
    assert statuses(rig)[-1] == (1, 1, "Available")


@pytest.mark.case("TC_E_25_CS", "2.0.1")
@pytest.mark.spec("E09.FR.01", "E09.FR.03", "E09.FR.04")
@station(profile=SOCKET, variables=KEEPS)
async def test_tc_e_25_pulling_the_ev_side_does_not_unlock(rig: Rig) -> None:
    await suspended(rig)
    await rig.do("unplug", side="ev")
    await rig.wait(1)
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["chargingState"]) == ("EVCommunicationLost", "Idle")
    assert evse_status(rig)["locked"]
    await rig.do("tap", tagId=CARD)
    await rig.wait(1)
    assert not evse_status(rig)["locked"]
    await rig.do("unplug", side="station")
    await rig.quiet()
    assert statuses(rig)[-1] == (1, 1, "Available")
    assert last_event(rig) == ended


@pytest.mark.case("TC_E_26_CS", "2.0.1")
@pytest.mark.spec("E10.FR.01", "E10.FR.03")
@station(variables={STOP: "Authorized,ParkingBayOccupancy", **STAYS, **KEEPS}, profile=FIXED_CABLE)
async def test_tc_e_26_suspended_and_plugged_in_again(rig: Rig) -> None:
    await rig.do("bay_occupied")
    await charging(rig)
    await rig.do("unplug", side="ev")
    await rig.quiet()
    assert story(rig)[-1] == ("Updated", "EVCommunicationLost", "Idle")
    await rig.wait(10)
    await rig.do("plug_in")
    await rig.wait(2)
    assert story(rig)[-2:] == [
        ("Updated", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]


@pytest.mark.case("TC_E_27_CS", "2.0.1")
@pytest.mark.spec("E10.FR.02", "E10.FR.03")
@station(
    variables={STOP: "Authorized,ParkingBayOccupancy", **STAYS, **KEEPS, "TxCtrlr.EVConnectionTimeOut": 20},
    profile=FIXED_CABLE,
)
async def test_tc_e_27_suspended_until_the_timeout(rig: Rig) -> None:
    await rig.do("bay_occupied")
    await suspended(rig)
    await rig.do("unplug", side="ev")
    await rig.quiet()
    assert story(rig)[-1] == ("Updated", "EVCommunicationLost", "Idle")
    await rig.wait(21)
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("EVConnectTimeout", "Timeout")


@pytest.mark.case("TC_E_27_CS", "2.0.1")
@pytest.mark.spec("E10.FR.02")
@station(
    variables={STOP: "Authorized", **STAYS, **KEEPS, "TxCtrlr.EVConnectionTimeOut": 20},
    profile=FIXED_CABLE,
)
async def test_tc_e_27_the_timeout_ends_by_authorized(rig: Rig) -> None:
    await suspended(rig)
    await rig.do("unplug", side="ev")
    await rig.wait(21)
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("EVConnectTimeout", "Timeout")


@pytest.mark.spec("E06.FR.08")
@station()
async def test_energy_and_time_of_the_end_are_those_of_the_moment(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(3600)
    assert is_charging(rig)
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert ended["transactionInfo"]["timeSpentCharging"] == pytest.approx(3600, abs=2)
    last = ended["meterValue"][-1]["sampledValue"][0]
    assert last["value"] == pytest.approx(11000, abs=20)
    assert last["measurand"] == "Energy.Active.Import.Register"
