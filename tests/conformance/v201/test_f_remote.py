"""Block F: remote start and stop, unlocking; a remote start with a charging profile that is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import (
    OTHER_CARD,
    SOCKET,
    TWO_EVSES,
    charging,
    events,
    evse_status,
    id_info,
    is_charging,
    last_event,
    of,
    one,
    station,
    story,
    token,
)
from tests.support.rig import CARD, Rig

UNLOCK = {"evseId": 1, "connectorId": 1}


async def remote_start(rig: Rig, **more: Any) -> dict[str, Any]:
    """RequestStartTransaction for EVSE 1."""
    request = {"idToken": token(), "remoteStartId": 99, "evseId": 1, **more}
    return await rig.call("RequestStartTransaction", {k: v for k, v in request.items() if v is not None})


@pytest.mark.case("TC_F_01_CS", "2.0.1")
@pytest.mark.spec("F01.FR.03", "F01.FR.04", "F01.FR.05", "F01.FR.13", "F01.FR.17", "F01.FR.19", "F02.FR.01")
@station()
async def test_tc_f_01_cable_first(rig: Rig) -> None:
    await rig.do("plug_in")
    await rig.quiet()
    answer = await remote_start(rig)
    identity = events(rig)[0]["transactionInfo"]["transactionId"]
    assert (answer["status"], answer["transactionId"]) == ("Accepted", identity)
    await rig.until(lambda: is_charging(rig))
    await rig.quiet()
    event = one(rig, triggerReason="RemoteStart")
    assert (event["eventType"], event["idToken"]) == ("Updated", token())
    assert event["transactionInfo"]["remoteStartId"] == 99
    assert story(rig)[-1] == ("Updated", "ChargingStateChanged", "Charging")


@pytest.mark.case("TC_F_02_CS", "2.0.1")
@pytest.mark.spec("F02.FR.01", "F01.FR.01")
@station(variables={"AuthCtrlr.AuthorizeRemoteStart": True})
async def test_tc_f_02_remote_start_first_with_authorization(rig: Rig) -> None:
    assert (await remote_start(rig))["status"] == "Accepted"
    await rig.quiet()
    assert rig.heard_all("Authorize") == [{"idToken": token()}]
    started = one(rig, eventType="Started")
    assert (started["triggerReason"], started["idToken"]) == ("RemoteStart", token())
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))


@pytest.mark.spec("F01.FR.01")
@station(variables={"AuthCtrlr.AuthorizeRemoteStart": True})
async def test_a_remote_start_that_is_not_authorised_starts_nothing(rig: Rig) -> None:
    rig.csms.answer("Authorize", id_info("Blocked"))
    assert (await remote_start(rig))["status"] == "Accepted"
    await rig.do("plug_in")
    await rig.wait(10)
    assert not is_charging(rig)
    assert not [event for event in events(rig) if "idToken" in event]


@pytest.mark.case("TC_F_03_CS", "2.0.1")
@pytest.mark.spec("F02.FR.01", "F01.FR.02")
@station(variables={"AuthCtrlr.AuthorizeRemoteStart": False})
async def test_tc_f_03_remote_start_first_without_authorization(rig: Rig) -> None:
    assert (await remote_start(rig))["status"] == "Accepted"
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))
    await rig.quiet()
    assert not rig.heard_all("Authorize")
    assert one(rig, triggerReason="RemoteStart")["transactionInfo"]["remoteStartId"] == 99


@pytest.mark.case("TC_F_04_CS", "2.0.1")
@pytest.mark.spec("F02.FR.01", "E03.FR.01", "E03.FR.05")
@station(variables={"TxCtrlr.EVConnectionTimeOut": 20, "TxCtrlr.TxStartPoint": "Authorized"})
async def test_tc_f_04_cable_timeout(rig: Rig) -> None:
    assert (await remote_start(rig))["status"] == "Accepted"
    await rig.wait(21)
    assert (last_event(rig)["eventType"], last_event(rig)["triggerReason"]) == ("Ended", "EVConnectTimeout")
    assert (await remote_start(rig))["status"] == "Accepted"
    await rig.quiet()
    assert story(rig)[-1][:2] == ("Started", "RemoteStart")


@pytest.mark.case("TC_F_05_CS", "2.0.1")
@pytest.mark.spec("F05.FR.01", "F05.FR.02")
@station(profile=SOCKET)
async def test_tc_f_05_unlock_with_a_transaction(rig: Rig) -> None:
    await charging(rig)
    assert (await rig.call("UnlockConnector", UNLOCK))["status"] == "OngoingAuthorizedTransaction"
    assert is_charging(rig)
    assert evse_status(rig)["locked"]


@pytest.mark.case("TC_F_06_CS", "2.0.1")
@pytest.mark.spec("F05.FR.01", "F05.FR.04")
@station(profile=SOCKET, variables={"OCPPCommCtrlr.UnlockOnEVSideDisconnect": False})
async def test_tc_f_06_unlock_without_a_transaction(rig: Rig) -> None:
    await charging(rig)
    await rig.do("unplug", side="ev")
    await rig.wait(1)
    assert evse_status(rig)["locked"]
    assert (await rig.call("UnlockConnector", UNLOCK))["status"] == "Unlocked"
    assert not evse_status(rig)["locked"]


@pytest.mark.case("TC_F_07_CS", "2.0.1")
@pytest.mark.spec("F05.FR.01", "F05.FR.06")
@station(profile=SOCKET)
async def test_tc_f_07_unlock_without_a_cable(rig: Rig) -> None:
    assert (await rig.call("UnlockConnector", UNLOCK))["status"] == "Unlocked"


@pytest.mark.case("TC_F_10_CS", "2.0.1")
@pytest.mark.spec("F05.FR.03")
@pytest.mark.parametrize("place", [(1, 999), (9, 1)])
@station(profile=SOCKET)
async def test_tc_f_10_unlock_unknown_connector(rig: Rig, place: tuple[int, int]) -> None:
    request = {"evseId": place[0], "connectorId": place[1]}
    assert (await rig.call("UnlockConnector", request))["status"] == "UnknownConnector"


@pytest.mark.spec("F05.FR.05")
@station(profile=SOCKET, variables={"OCPPCommCtrlr.UnlockOnEVSideDisconnect": False})
async def test_a_lock_that_is_stuck_is_unlock_failed(rig: Rig) -> None:
    await charging(rig)
    await rig.do("unplug", side="ev")
    await rig.wait(1)
    await rig.do("lock_failure", on=True)
    assert (await rig.call("UnlockConnector", UNLOCK))["status"] == "UnlockFailed"


@pytest.mark.case("TC_F_08_CS", "2.0.1")
@pytest.mark.spec("F03.FR.02", "F03.FR.03", "F03.FR.07", "F03.FR.09")
@station()
async def test_tc_f_08_remote_stop(rig: Rig) -> None:
    identity = await charging(rig)
    assert (await rig.call("RequestStopTransaction", {"transactionId": identity}))["status"] == "Accepted"
    await rig.quiet()
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("RemoteStop", "Remote")
    assert not is_charging(rig)


@pytest.mark.case("TC_F_09_CS", "2.0.1")
@pytest.mark.spec("F03.FR.08")
@station()
async def test_tc_f_09_remote_stop_of_another_transaction(rig: Rig) -> None:
    await charging(rig)
    assert (await rig.call("RequestStopTransaction", {"transactionId": "another"}))["status"] == "Rejected"
    assert is_charging(rig)


@pytest.mark.case("TC_K_38_CS", "2.0.1")
@pytest.mark.spec("F01.FR.12", "F01.FR.13", "K05.FR.04")
@station(variables={"SmartChargingCtrlr.Enabled": "false"})
async def test_tc_k_38_charging_profile_of_a_remote_start_is_ignored(rig: Rig) -> None:
    await rig.do("plug_in")
    await rig.quiet()
    period = {"startPeriod": 0, "limit": 6, "numberPhases": 3}
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }
    answer = await remote_start(rig, chargingProfile=profile)
    assert (answer["status"], answer["transactionId"]) == (
        "Accepted",
        last_event(rig)["transactionInfo"]["transactionId"],
    )
    await rig.until(lambda: is_charging(rig))
    assert evse_status(rig)["limit_a"] == 16.0


@pytest.mark.spec("F01.FR.20", "F02.FR.22")
@station(profile=TWO_EVSES)
async def test_without_an_evse_the_station_selects_the_one_that_is_plugged_in(rig: Rig) -> None:
    await rig.do("plug_in", evse=2)
    assert (await remote_start(rig, evseId=None))["status"] == "Accepted"
    await rig.until(lambda: is_charging(rig, 2))


@pytest.mark.spec("F01.FR.19", "F02.FR.01", "F02.FR.21")
@pytest.mark.parametrize(
    "point", ["ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer"]
)
@pytest.mark.parametrize("order", ["cable first", "cable last", "cable last, any EVSE"])
@station(profile=TWO_EVSES)
async def test_the_event_that_names_the_remote_start_is_triggered_by_it(rig: Rig, point: str, order: str) -> None:
    await rig.do("set_config", key="TxCtrlr.TxStartPoint", value=point)
    if order == "cable first":
        await rig.do("plug_in", evse=1)
    assert (await remote_start(rig, evseId=None if "any" in order else 1))["status"] == "Accepted"
    await rig.do("plug_in", evse=1)
    await rig.until(lambda: is_charging(rig, 1))
    await rig.quiet()
    event = one(rig, triggerReason="RemoteStart")
    assert (event["transactionInfo"]["remoteStartId"], event["idToken"]) == (99, token())
    assert one(rig, remoteStartId=99) == event


@pytest.mark.spec("F01.FR.26", "F01.FR.05")
@station(profile=TWO_EVSES)
async def test_remote_starts_that_cannot_be_are_rejected(rig: Rig) -> None:
    assert (await remote_start(rig, evseId=9))["status"] == "Rejected"
    await charging(rig, OTHER_CARD)
    assert (await remote_start(rig))["status"] == "Rejected"
    await rig.call("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 2}})
    assert (await remote_start(rig, evseId=2))["status"] == "Rejected"
    await rig.quiet()
    assert not of(rig, triggerReason="RemoteStart")


@pytest.mark.spec("F01.FR.04")
@station()
async def test_the_card_of_a_remote_start_stops_it(rig: Rig) -> None:
    await rig.do("plug_in")
    await remote_start(rig)
    await rig.until(lambda: is_charging(rig))
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert one(rig, eventType="Ended")["transactionInfo"]["stoppedReason"] == "Local"
