"""Block H: reservations. The cases are those of part 6; sections by requirement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.v201.flows import (
    GROUP,
    OTHER_CARD,
    TWO_EVSES,
    charging,
    evse_status,
    id_info,
    is_charging,
    of,
    offline,
    online,
    rebooted,
    station,
    token,
)
from tests.support.rig import CARD, Rig

THIRD_CARD = "0C0C0C0C"
MIXED = {
    "evses": [
        {"id": 1, "connectors": [{"id": 1, "type": "cType2"}, {"id": 2, "type": "cCCS2"}]},
        {"id": 2, "connectors": [{"id": 1, "type": "cType2"}]},
    ]
}


async def reserve(rig: Rig, evse: int | None = 1, card: str = CARD, number: int = 1, **more: Any) -> str:
    """ReserveNow for some time; the status of the answer."""
    expires = rig.utc() + timedelta(seconds=more.pop("seconds", 600))
    payload: dict[str, Any] = {"id": number, "expiryDateTime": expires.isoformat(), "idToken": token(card), **more}
    if evse is not None:
        payload["evseId"] = evse
    status: str = (await rig.call("ReserveNow", payload))["status"]
    await rig.quiet()
    return status


async def cancel(rig: Rig, number: int = 1) -> str:
    """CancelReservation; the status of the answer."""
    status: str = (await rig.call("CancelReservation", {"reservationId": number}))["status"]
    await rig.quiet()
    return status


async def remote_start(rig: Rig, card: str, evse: int | None = 1, **more: Any) -> str:
    """RequestStartTransaction; the status of the answer."""
    payload = {"idToken": token(card), "remoteStartId": 7, **({"evseId": evse} if evse is not None else {}), **more}
    status: str = (await rig.call("RequestStartTransaction", payload))["status"]
    await rig.quiet()
    return status


def told(rig: Rig, evse: int = 1, connector: int = 1) -> list[str]:
    """The statuses told of a connector."""
    heard = rig.heard_all("StatusNotification")
    return [one["connectorStatus"] for one in heard if (one["evseId"], one["connectorId"]) == (evse, connector)]


def updates(rig: Rig) -> list[tuple[int, str]]:
    """The ReservationStatusUpdates."""
    return [(one["reservationId"], one["reservationUpdateStatus"]) for one in rig.heard_all("ReservationStatusUpdate")]


def with_reservation(rig: Rig) -> list[tuple[int, str]]:
    """The TransactionEvents that name a reservation."""
    return [(one["reservationId"], one["idToken"]["idToken"]) for one in of(rig) if "reservationId" in one]


@pytest.mark.case("TC_H_01_CS", "2.0.1")
@pytest.mark.spec("H01.FR.15", "H01.FR.23", "H03.FR.01", "H03.FR.09", "H03.FR.10")
@station()
async def test_tc_h_01_a_specific_evse_for_a_token(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    assert told(rig)[-1] == "Reserved"
    assert evse_status(rig)["reservation"]["token"] == CARD
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert told(rig)[-1] == "Available"
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))
    await rig.quiet()
    assert told(rig) == ["Available", "Reserved", "Available", "Occupied"]
    assert with_reservation(rig) == [(1, CARD)]
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert with_reservation(rig) == [(1, CARD)]
    assert updates(rig) == []


@pytest.mark.spec("H03.FR.09", "H03.FR.10", "G01.FR.09", "E03.FR.03")
@pytest.mark.parametrize("points", ["EVConnected,Authorized", "PowerPathClosed"])
@station()
async def test_h03_with_the_cable_first_the_connector_stays_reserved_until_the_token_comes(
    rig: Rig, points: str
) -> None:
    await rig.do("set_config", key="TxCtrlr.TxStartPoint", value=points)
    assert await reserve(rig) == "Accepted"
    await rig.do("plug_in")
    await rig.wait(100)
    assert told(rig) == ["Available", "Reserved"]
    await rig.do("tap", tagId=CARD)
    await rig.until(lambda: is_charging(rig))
    await rig.quiet()
    assert told(rig) == ["Available", "Reserved", "Occupied"]
    assert with_reservation(rig) == [(1, CARD)]


@pytest.mark.case("TC_H_02_CS", "2.0.1")
@pytest.mark.spec("H03.FR.01", "F01.FR.21", "F01.FR.22", "F02.FR.23", "G03.FR.09")
@station()
async def test_tc_h_02_a_different_token_is_refused(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    await rig.do("plug_in")
    refused = await rig.do("tap", tagId=OTHER_CARD)
    assert (refused["result"], refused["reason"]) == ("REJECTED", "Reserved")
    assert await remote_start(rig, OTHER_CARD) == "Rejected"
    await rig.wait(60)
    assert not is_charging(rig)
    assert told(rig) == ["Available", "Reserved"]
    assert await remote_start(rig, CARD) == "Accepted"
    await rig.until(lambda: is_charging(rig))
    assert with_reservation(rig) == [(1, CARD)]


@pytest.mark.case("TC_H_03_CS", "2.0.1")
@pytest.mark.spec("H01.FR.11")
@station()
async def test_tc_h_03_reserved_already(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    assert await reserve(rig, card=OTHER_CARD, number=2) == "Occupied"
    assert told(rig) == ["Available", "Reserved"]


@pytest.mark.case("TC_H_04_CS", "2.0.1")
@pytest.mark.spec("H01.FR.11")
@station()
async def test_tc_h_04_occupied(rig: Rig) -> None:
    await charging(rig)
    assert await reserve(rig, card=OTHER_CARD) == "Occupied"


@pytest.mark.spec("H01.FR.12", "H01.FR.16")
@station()
async def test_h01_faulted(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    await rig.do("fault", evse=1)
    await rig.quiet()
    assert updates(rig) == [(1, "Removed")]
    assert await reserve(rig) == "Faulted"
    await rig.do("clear_fault", evse=1)
    await rig.quiet()
    assert told(rig) == ["Available", "Reserved", "Faulted", "Available"]


@pytest.mark.case("TC_H_06_CS", "2.0.1")
@pytest.mark.spec("H01.FR.14")
@station()
async def test_tc_h_06_unavailable(rig: Rig) -> None:
    await rig.call("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 1}})
    assert await reserve(rig) == "Unavailable"


@pytest.mark.case("TC_H_07_CS", "2.0.1")
@pytest.mark.spec("H04.FR.01", "H04.FR.02", "H04.FR.03")
@station()
async def test_tc_h_07_not_used(rig: Rig) -> None:
    assert await reserve(rig, seconds=60) == "Accepted"
    await rig.wait(61)
    assert told(rig) == ["Available", "Reserved", "Available"]
    assert updates(rig) == [(1, "Expired")]
    assert rig.csms.actions()[-2:] == ["StatusNotification", "ReservationStatusUpdate"]
    await charging(rig, OTHER_CARD)
    assert with_reservation(rig) == []


@pytest.mark.spec("H04.FR.01")
@station()
async def test_h04_what_expired_offline_or_without_power_is_told_afterwards_and_once(rig: Rig) -> None:
    assert await reserve(rig, seconds=5) == "Accepted"
    await offline(rig, 10)
    await online(rig)
    assert updates(rig) == [(1, "Expired")]
    assert await reserve(rig, seconds=2, number=2) == "Accepted"
    await rig.do("power_cycle")
    await rebooted(rig)
    assert updates(rig) == [(1, "Expired"), (2, "Expired")]
    assert told(rig)[-1] == "Available"


@pytest.mark.case("TC_H_08_CS", "2.0.1")
@pytest.mark.spec("H01.FR.04", "H01.FR.07", "H01.FR.15", "H01.FR.18", "H03.FR.03")
@station()
async def test_tc_h_08_an_unspecified_evse(rig: Rig) -> None:
    assert await reserve(rig, None) == "Accepted"
    assert told(rig)[-1] == "Reserved"
    assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "REJECTED"
    await charging(rig)
    assert with_reservation(rig) == [(1, CARD)]


@pytest.mark.spec("H01.FR.07", "H03.FR.03", "H02.FR.05", "F02.FR.23")
@station(profile=TWO_EVSES)
async def test_h01_one_evse_stays_free_for_the_token(rig: Rig) -> None:
    assert await reserve(rig, None) == "Accepted"
    assert told(rig, 1) == told(rig, 2) == ["Available"]
    await charging(rig, OTHER_CARD)
    assert told(rig, 2)[-1] == "Reserved"
    assert await remote_start(rig, THIRD_CARD, None) == "Rejected"
    assert await reserve(rig, 2, THIRD_CARD, 2) == "Occupied"
    assert await cancel(rig) == "Accepted"
    assert told(rig, 2)[-1] == "Available"
    await charging(rig, THIRD_CARD, 2)


@pytest.mark.case("TC_H_09_CS", "2.0.1")
@pytest.mark.spec("H01.FR.11")
@station(profile=TWO_EVSES)
async def test_tc_h_09_unspecified_where_all_are_reserved(rig: Rig) -> None:
    assert await reserve(rig, 1) == "Accepted"
    assert await reserve(rig, 2, OTHER_CARD, 2) == "Accepted"
    assert await reserve(rig, None, THIRD_CARD, 3) == "Occupied"


@pytest.mark.case("TC_H_10_CS", "2.0.1")
@pytest.mark.spec("H01.FR.11")
@station(profile=TWO_EVSES)
async def test_tc_h_10_unspecified_where_all_are_occupied(rig: Rig) -> None:
    await charging(rig, CARD, 1)
    await charging(rig, OTHER_CARD, 2)
    assert await reserve(rig, None, THIRD_CARD) == "Occupied"


@pytest.mark.case("TC_H_12_CS", "2.0.1")
@pytest.mark.spec("H01.FR.14")
@station(profile=TWO_EVSES)
async def test_tc_h_12_unspecified_where_all_are_unavailable(rig: Rig) -> None:
    await rig.call("ChangeAvailability", {"operationalStatus": "Inoperative"})
    assert await reserve(rig, None) == "Unavailable"


@pytest.mark.case("TC_H_13_CS", "2.0.1")
@pytest.mark.spec("H01.FR.19")
@station(variables={"ReservationCtrlr.NonEvseSpecific": "false"})
async def test_tc_h_13_unspecified_rejected(rig: Rig) -> None:
    assert await reserve(rig, None) == "Rejected"
    assert await reserve(rig, 1) == "Accepted"


@pytest.mark.case("TC_H_14_CS", "2.0.1")
@pytest.mark.spec("H01.FR.20", "H02.FR.06")
@station(profile=TWO_EVSES)
async def test_tc_h_14_as_many_reservations_as_evses(rig: Rig) -> None:
    assert await reserve(rig, None, CARD, 1) == "Accepted"
    assert await reserve(rig, None, OTHER_CARD, 2) == "Accepted"
    assert told(rig, 1) == told(rig, 2) == ["Available", "Reserved"]
    assert await cancel(rig, 2) == "Accepted"
    assert told(rig, 1) == told(rig, 2) == ["Available", "Reserved", "Available"]


@pytest.mark.case("TC_H_15_CS", "2.0.1")
@pytest.mark.spec("H01.FR.06", "H01.FR.09", "H01.FR.24", "H03.FR.02")
@station(profile=MIXED)
async def test_tc_h_15_a_type_of_connector(rig: Rig) -> None:
    assert await reserve(rig, None, connectorType="cCCS2") == "Accepted"
    assert told(rig, 1, 1)[-1] == told(rig, 1, 2)[-1] == "Reserved"  # H01.FR.24: all connectors of the EVSE
    assert told(rig, 2) == ["Available"]
    assert await reserve(rig, None, OTHER_CARD, 2, connectorType="sType3") == "Rejected"
    assert (await rig.do("tap", tagId=OTHER_CARD, connector=1))["result"] == "REJECTED"
    await charging(rig, CARD, 1)
    assert with_reservation(rig) == [(1, CARD)]


@pytest.mark.case("TC_H_16_CS", "2.0.1")
@pytest.mark.spec("H01.FR.11", "H01.FR.24")
@station(profile=MIXED)
async def test_tc_h_16_no_more_reservations_than_connectors_of_a_type(rig: Rig) -> None:
    assert await reserve(rig, None, connectorType="cCCS2") == "Accepted"
    assert await reserve(rig, None, OTHER_CARD, 2, connectorType="cCCS2") == "Occupied"
    assert await reserve(rig, None, OTHER_CARD, 2, connectorType="cType2") == "Accepted"
    assert told(rig, 2)[-1] == "Reserved"
    assert await reserve(rig, None, THIRD_CARD, 3) == "Occupied"


@pytest.mark.case("TC_H_17_CS", "2.0.1")
@pytest.mark.spec("H02.FR.02", "H02.FR.03", "H02.FR.04")
@station()
async def test_tc_h_17_cancel(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    assert await cancel(rig) == "Accepted"
    assert told(rig) == ["Available", "Reserved", "Available"]
    assert updates(rig) == []
    await charging(rig, OTHER_CARD)


@pytest.mark.case("TC_H_18_CS", "2.0.1")
@pytest.mark.spec("H02.FR.01")
@station()
async def test_tc_h_18_cancel_rejected(rig: Rig) -> None:
    assert await cancel(rig) == "Rejected"


@pytest.mark.case("TC_H_19_CS", "2.0.1")
@pytest.mark.spec("H01.FR.15", "H03.FR.04", "H03.FR.07", "H03.FR.08")
@station()
async def test_tc_h_19_used_by_the_group(rig: Rig) -> None:
    assert await reserve(rig, groupIdToken=token(GROUP, "Central")) == "Accepted"
    assert (await rig.do("tap", tagId=THIRD_CARD))["reason"] == "Reserved"
    assert await remote_start(rig, THIRD_CARD) == "Rejected"
    rig.csms.answer("Authorize", id_info("Accepted", GROUP))
    await charging(rig, OTHER_CARD)
    assert with_reservation(rig) == [(1, OTHER_CARD)]


@pytest.mark.spec("F01.FR.22", "F02.FR.24")
@station()
async def test_f02_a_remote_start_names_its_group(rig: Rig) -> None:
    assert await reserve(rig, groupIdToken=token(GROUP, "Central")) == "Accepted"
    assert await remote_start(rig, OTHER_CARD, groupIdToken=token("FLEET-8", "Central")) == "Rejected"
    assert await remote_start(rig, OTHER_CARD, groupIdToken=token(GROUP, "Central")) == "Accepted"
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))
    assert with_reservation(rig) == [(1, OTHER_CARD)]


@pytest.mark.case("TC_H_21_CS", "2.0.1")
@pytest.mark.spec("H01.FR.17")
@station()
async def test_tc_h_21_unavailable_removes(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    change = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    assert (await rig.call("ChangeAvailability", change))["status"] == "Accepted"
    await rig.quiet()
    assert updates(rig) == [(1, "Removed")]
    assert rig.csms.actions()[-2:] == ["StatusNotification", "ReservationStatusUpdate"]
    await rig.call("ChangeAvailability", {**change, "operationalStatus": "Operative"})
    await rig.quiet()
    assert told(rig) == ["Available", "Reserved", "Unavailable", "Available"]
    await charging(rig, OTHER_CARD)


@pytest.mark.spec("H01.FR.16", "H01.FR.17")
@station(profile=TWO_EVSES)
async def test_h01_of_those_for_any_evse_the_latest_goes_that_cannot_be_kept(rig: Rig) -> None:
    assert await reserve(rig, None, CARD, 1) == "Accepted"
    assert await reserve(rig, None, OTHER_CARD, 2) == "Accepted"
    await rig.do("fault", evse=1)
    await rig.quiet()
    assert updates(rig) == [(2, "Removed")]
    assert told(rig, 2)[-1] == "Reserved"
    await rig.call("ChangeAvailability", {"operationalStatus": "Inoperative"})
    await rig.quiet()
    assert updates(rig) == [(2, "Removed"), (1, "Removed")]


@pytest.mark.case("TC_H_22_CS", "2.0.1")
@pytest.mark.spec("H01.FR.01")
@station()
async def test_tc_h_22_configured_to_reject(rig: Rig) -> None:
    enabled = {"component": {"name": "ReservationCtrlr"}, "variable": {"name": "Enabled"}, "attributeValue": "false"}
    (result,) = (await rig.call("SetVariables", {"setVariableData": [enabled]}))["setVariableResult"]
    assert result["attributeStatus"] == "Accepted"
    assert await reserve(rig) == "Rejected"


@pytest.mark.case("TC_H_23_CS", "2.0.1")
@pytest.mark.spec("H01.FR.02")
@station()
async def test_tc_h_23_replace(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    assert await reserve(rig, card=OTHER_CARD) == "Accepted"
    assert (await rig.do("tap", tagId=CARD))["result"] == "REJECTED"
    await charging(rig, OTHER_CARD)
    assert with_reservation(rig) == [(1, OTHER_CARD)]


@pytest.mark.case("TC_H_24_CS", "2.0.1")
@pytest.mark.spec("H03.FR.06")
@station()
async def test_tc_h_24_an_unspecified_evse_for_a_group(rig: Rig) -> None:
    assert await reserve(rig, None, groupIdToken=token(GROUP, "Central")) == "Accepted"
    assert told(rig)[-1] == "Reserved"
    rig.csms.answer("Authorize", id_info("Accepted", GROUP))
    await charging(rig, OTHER_CARD)
    assert with_reservation(rig) == [(1, OTHER_CARD)]


@pytest.mark.case("TC_B_24_CS", "2.0.1")
@pytest.mark.spec("B11.FR.01", "B11.FR.05")
@station(profile=TWO_EVSES)
async def test_tc_b_24_a_reservation_persists_a_reset(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    assert (await rig.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await rebooted(rig)
    assert told(rig, 1)[-1] == "Reserved"
    assert told(rig, 2)[-1] == "Available"
    assert (await rig.do("tap", tagId=OTHER_CARD, evse=1))["result"] == "REJECTED"
    await charging(rig)
    assert with_reservation(rig) == [(1, CARD)]
    assert updates(rig) == []


@pytest.mark.spec("B12.FR.01", "B12.FR.03")
@station()
async def test_b12_a_station_with_a_reservation_is_not_idle(rig: Rig) -> None:
    """Errata 2025-09, OnIdle."""
    assert await reserve(rig, seconds=60) == "Accepted"
    assert (await rig.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    await charging(rig)
    assert with_reservation(rig) == [(1, CARD)]
    assert len(rig.heard_all("BootNotification")) == 1
    await rig.do("tap", tagId=CARD)
    await rig.do("unplug")
    await rebooted(rig)


@pytest.mark.spec("B12.FR.01")
@station()
async def test_b12_the_reset_comes_when_the_reservation_has_expired(rig: Rig) -> None:
    assert await reserve(rig, seconds=60) == "Accepted"
    assert (await rig.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    await rig.wait(50)
    assert len(rig.heard_all("BootNotification")) == 1
    assert told(rig) == ["Available", "Reserved"]
    await rebooted(rig)
    assert updates(rig) == [(1, "Expired")]
    assert told(rig)[-1] == "Available"


@pytest.mark.spec("H03.FR.09")
@station(variables={"TxCtrlr.EVConnectionTimeOut": "20"})
async def test_h03_a_reservation_is_used_by_its_token_even_if_no_vehicle_comes(rig: Rig) -> None:
    assert await reserve(rig) == "Accepted"
    await rig.do("tap", tagId=CARD)
    await rig.wait(30)
    assert told(rig) == ["Available", "Reserved", "Available"]
    assert await cancel(rig) == "Rejected"


@pytest.mark.spec("H01.FR.23")
@station(profile=TWO_EVSES)
async def test_h01_who_has_reserved_an_evse_gets_that_one(rig: Rig) -> None:
    await rig.do("plug_in", evse=1)
    assert await reserve(rig, 2) == "Accepted"
    await rig.do("tap", tagId=CARD)
    await rig.do("plug_in", evse=2)
    await rig.until(lambda: is_charging(rig, 2))
    assert not is_charging(rig, 1)
    assert with_reservation(rig) == [(1, CARD)]


@pytest.mark.spec("H01.FR.11")
@station(profile=TWO_EVSES)
async def test_h01_who_was_told_to_plug_in_keeps_a_place(rig: Rig) -> None:
    assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "ACCEPTED"
    assert await reserve(rig, 1) == "Accepted"
    assert await reserve(rig, 2, THIRD_CARD, 2) == "Occupied"
    await rig.do("plug_in", evse=2)
    await rig.until(lambda: is_charging(rig, 2))


@pytest.mark.spec("H01.FR.01")
@station()
async def test_h01_an_evse_that_is_not_there_cannot_be_reserved(rig: Rig) -> None:
    assert await reserve(rig, 3) == "Rejected"
    assert await reserve(rig, 1, connectorType="cG105") == "Rejected"
    assert await reserve(rig, seconds=-5) == "Rejected"
