"""Block G: statuses of connectors, and availability. Station: two EVSEs, the second with two connectors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import (
    charging,
    is_charging,
    rebooted,
    station,
    statuses,
    stopped,
    token,
)
from tests.support.rig import CARD, Rig

THREE = {"evses": [{"id": 1}, {"id": 2, "connectors": [{"id": 1}, {"id": 2}]}]}
EVSE_1, EVSE_2 = {"id": 1}, {"id": 2}
CONNECTOR = {"id": 2, "connectorId": 2}
ALL_AVAILABLE = [(1, 1, "Available"), (2, 1, "Available"), (2, 2, "Available")]
ALL_UNAVAILABLE = [(1, 1, "Unavailable"), (2, 1, "Unavailable"), (2, 2, "Unavailable")]


async def change(rig: Rig, operative: bool, evse: dict[str, int] | None = None) -> str:
    """ChangeAvailability; its status. What was heard before is forgotten."""
    rig.csms.clear()
    request: dict[str, Any] = {"operationalStatus": "Operative" if operative else "Inoperative"}
    if evse is not None:
        request["evse"] = evse
    status: str = (await rig.call("ChangeAvailability", request))["status"]
    await rig.quiet()
    return status


@pytest.mark.case("TC_G_01_CS", "2.0.1")
@pytest.mark.spec("G01.FR.01", "N07.FR.19")
@station()
async def test_tc_g_01_available_to_occupied(rig: Rig) -> None:
    rig.csms.clear()
    await rig.do("plug_in")
    await rig.quiet()
    assert statuses(rig) == [(1, 1, "Occupied")]


@pytest.mark.case("TC_G_02_CS", "2.0.1")
@pytest.mark.spec("G01.FR.01", "N07.FR.19")
@station()
async def test_tc_g_02_occupied_to_available(rig: Rig) -> None:
    await rig.do("plug_in")
    rig.csms.clear()
    await rig.do("unplug")
    await rig.quiet()
    assert statuses(rig)[-1] == (1, 1, "Available")


@pytest.mark.case("TC_G_03_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.04", "G03.FR.06")
@station(profile=THREE)
async def test_tc_g_03_evse_to_inoperative(rig: Rig) -> None:
    assert await change(rig, False, EVSE_2) == "Accepted"
    assert statuses(rig) == [(2, 1, "Unavailable"), (2, 2, "Unavailable")]


@pytest.mark.case("TC_G_04_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.04", "G03.FR.07")
@station(profile=THREE)
async def test_tc_g_04_evse_to_operative(rig: Rig) -> None:
    await change(rig, False, EVSE_2)
    assert await change(rig, True, EVSE_2) == "Accepted"
    assert statuses(rig) == [(2, 1, "Available"), (2, 2, "Available")]


@pytest.mark.case("TC_G_05_CS", "2.0.1")
@pytest.mark.spec("G04.FR.01", "G04.FR.02", "G04.FR.03", "G04.FR.05", "G04.FR.07")
@station(profile=THREE)
async def test_tc_g_05_station_to_inoperative(rig: Rig) -> None:
    assert await change(rig, False) == "Accepted"
    assert statuses(rig) == ALL_UNAVAILABLE


@pytest.mark.case("TC_G_06_CS", "2.0.1")
@pytest.mark.spec("G04.FR.01", "G04.FR.02", "G04.FR.03", "G04.FR.05", "G04.FR.08")
@station(profile=THREE)
async def test_tc_g_06_station_to_operative(rig: Rig) -> None:
    await change(rig, False)
    assert await change(rig, True) == "Accepted"
    assert statuses(rig) == ALL_AVAILABLE


@pytest.mark.spec("G04.FR.08", "G03.FR.07")
@station(profile=THREE)
async def test_an_evse_that_was_inoperative_on_its_own_stays_so(rig: Rig) -> None:
    await change(rig, False, EVSE_1)
    await change(rig, False)
    await change(rig, True)
    assert statuses(rig) == [(2, 1, "Available"), (2, 2, "Available")]


@pytest.mark.case("TC_G_07_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.04", "G03.FR.06")
@station(profile=THREE)
async def test_tc_g_07_connector_to_inoperative(rig: Rig) -> None:
    assert await change(rig, False, CONNECTOR) == "Accepted"
    assert statuses(rig) == [(2, 2, "Unavailable")]


@pytest.mark.case("TC_G_08_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.04", "G03.FR.07")
@station(profile=THREE)
async def test_tc_g_08_connector_to_operative(rig: Rig) -> None:
    await change(rig, False, CONNECTOR)
    assert await change(rig, True, CONNECTOR) == "Accepted"
    assert statuses(rig) == [(2, 2, "Available")]


@pytest.mark.case("TC_G_09_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.03", "G03.FR.04")
@station(profile=THREE)
async def test_tc_g_09_evse_operative_already(rig: Rig) -> None:
    assert await change(rig, True, EVSE_1) == "Accepted"


@pytest.mark.case("TC_G_10_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.03", "G03.FR.04")
@station(profile=THREE)
async def test_tc_g_10_evse_inoperative_already(rig: Rig) -> None:
    await change(rig, False, EVSE_1)
    assert await change(rig, False, EVSE_1) == "Accepted"


@pytest.mark.case("TC_G_12_CS", "2.0.1")
@pytest.mark.spec("G04.FR.01", "G04.FR.02", "G04.FR.03", "G04.FR.04", "G04.FR.05")
@station(profile=THREE)
async def test_tc_g_12_station_operative_already(rig: Rig) -> None:
    assert await change(rig, True) == "Accepted"


@pytest.mark.case("TC_G_13_CS", "2.0.1")
@pytest.mark.spec("G04.FR.01", "G04.FR.02", "G04.FR.03", "G04.FR.04", "G04.FR.05")
@station(profile=THREE)
async def test_tc_g_13_station_inoperative_already(rig: Rig) -> None:
    await change(rig, False)
    assert await change(rig, False) == "Accepted"


@pytest.mark.case("TC_G_15_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.03", "G03.FR.04")
@station(profile=THREE)
async def test_tc_g_15_connector_operative_already(rig: Rig) -> None:
    assert await change(rig, True, CONNECTOR) == "Accepted"


@pytest.mark.case("TC_G_16_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.03", "G03.FR.04")
@station(profile=THREE)
async def test_tc_g_16_connector_inoperative_already(rig: Rig) -> None:
    await change(rig, False, CONNECTOR)
    assert await change(rig, False, CONNECTOR) == "Accepted"


async def scheduled(rig: Rig, evse: dict[str, int] | None) -> None:
    """Inoperative while EVSE 1 charges: it goes on until the card comes, and then nobody can use it."""
    await charging(rig)
    assert await change(rig, False, evse) == "Scheduled"
    await rig.wait(30)
    assert is_charging(rig)
    assert (1, 1, "Unavailable") not in statuses(rig)
    await rig.do("tap", tagId=CARD, evse=1)
    await rig.quiet()
    assert statuses(rig)[-1] == (1, 1, "Unavailable")
    await rig.do("unplug", evse=1)
    await rig.quiet()
    assert statuses(rig)[-1] == (1, 1, "Unavailable")
    assert (await rig.do("tap", tagId=CARD, evse=1))["result"] == "NO_CONNECTOR_AVAILABLE"


@pytest.mark.case("TC_G_11_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.04", "G03.FR.05")
@station(profile=THREE)
async def test_tc_g_11_evse_with_a_transaction(rig: Rig) -> None:
    await scheduled(rig, EVSE_1)


@pytest.mark.case("TC_G_14_CS", "2.0.1")
@pytest.mark.spec("G04.FR.01", "G04.FR.02", "G04.FR.03", "G04.FR.05", "G04.FR.06")
@station(profile=THREE)
async def test_tc_g_14_station_with_a_transaction(rig: Rig) -> None:
    await scheduled(rig, None)
    assert {(2, 1, "Unavailable"), (2, 2, "Unavailable")} <= set(statuses(rig))


@pytest.mark.case("TC_G_17_CS", "2.0.1")
@pytest.mark.spec("G03.FR.01", "G03.FR.02", "G03.FR.04", "G03.FR.05")
@station(profile=THREE)
async def test_tc_g_17_connector_with_a_transaction(rig: Rig) -> None:
    await scheduled(rig, {"id": 1, "connectorId": 1})


@pytest.mark.spec("G03.FR.05")
@station(profile=THREE)
async def test_an_inoperative_that_waits_can_be_taken_back(rig: Rig) -> None:
    await charging(rig)
    assert await change(rig, False, EVSE_1) == "Scheduled"
    assert await change(rig, True, EVSE_1) == "Accepted"
    await stopped(rig)
    assert statuses(rig)[-1] == (1, 1, "Available")


async def after_a_reboot(rig: Rig) -> list[tuple[int, int, str]]:
    """The statuses that are told after a reboot."""
    rig.csms.clear()
    await rig.do("power_cycle")
    await rebooted(rig, 1)
    return statuses(rig)


@pytest.mark.case("TC_G_18_CS", "2.0.1")
@pytest.mark.spec("G03.FR.08", "G01.FR.01")
@station(profile=THREE)
async def test_tc_g_18_evse_stays_inoperative_over_a_reboot(rig: Rig) -> None:
    await change(rig, False, EVSE_2)
    assert await after_a_reboot(rig) == [(1, 1, "Available"), (2, 1, "Unavailable"), (2, 2, "Unavailable")]


@pytest.mark.case("TC_G_19_CS", "2.0.1")
@pytest.mark.spec("G03.FR.08")
@station(profile=THREE)
async def test_tc_g_19_connector_stays_inoperative_over_a_reboot(rig: Rig) -> None:
    await change(rig, False, CONNECTOR)
    assert await after_a_reboot(rig) == [(1, 1, "Available"), (2, 1, "Available"), (2, 2, "Unavailable")]


@pytest.mark.case("TC_G_21_CS", "2.0.1")
@pytest.mark.spec("G04.FR.09")
@station(profile=THREE)
async def test_tc_g_21_station_stays_inoperative_over_a_reboot(rig: Rig) -> None:
    await change(rig, False)
    assert await after_a_reboot(rig) == ALL_UNAVAILABLE


@pytest.mark.spec("G03.FR.01")
@station(profile=THREE)
async def test_unknown_places_are_rejected(rig: Rig) -> None:
    assert await change(rig, False, {"id": 9}) == "Rejected"
    assert await change(rig, False, {"id": 1, "connectorId": 2}) == "Rejected"


@pytest.mark.spec("G01.FR.08")
@station(profile=THREE)
async def test_the_other_connector_of_an_evse_stays_available(rig: Rig) -> None:
    rig.csms.clear()
    await rig.do("plug_in", evse=2, evse_connector=2)
    await rig.do("tap", tagId=CARD, evse=2)
    await rig.until(lambda: is_charging(rig, 2))
    await rig.quiet()
    assert statuses(rig) == [(2, 2, "Occupied")]
    assert [event["evse"] for event in rig.transaction_events()][-1] == CONNECTOR


@pytest.mark.spec("G01.FR.01")
@station()
async def test_a_fault_is_told_and_cleared(rig: Rig) -> None:
    await charging(rig)
    rig.csms.clear()
    await rig.do("fault", errorCode="GroundFailure")
    await rig.wait(1)
    assert statuses(rig) == [(1, 1, "Faulted")]
    assert not is_charging(rig)
    ended = rig.transaction_events()[-1]
    assert (ended["eventType"], ended["transactionInfo"]["stoppedReason"]) == ("Ended", "GroundFault")
    await rig.do("unplug")
    await rig.do("clear_fault")
    await rig.wait(1)
    assert statuses(rig)[-1] == (1, 1, "Available")


@pytest.mark.spec("G03.FR.06")
@station(profile=THREE)
async def test_a_remote_start_at_an_inoperative_evse_is_rejected(rig: Rig) -> None:
    await change(rig, False, EVSE_1)
    request = {"idToken": token(), "remoteStartId": 1, "evseId": 1}
    assert (await rig.call("RequestStartTransaction", request))["status"] == "Rejected"
