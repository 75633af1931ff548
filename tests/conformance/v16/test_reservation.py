"""ReserveNow and CancelReservation (OCPP 1.6 §3.11, §5.1, §5.13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.v16.flows import (
    OTHER_CARD,
    charging,
    configure,
    connector_statuses,
    offline_for,
    order,
    plug_and_tap,
    rebooted,
    status_is,
)
from tests.support.rig import CARD, Rig, virtual

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}
PARENT = "FLEET-7"
DISABLED = {"ReservationCtrlr.Enabled": "false"}


async def reserve(rig: Rig, connector: int = 1, card: str = CARD, number: int = 1, **more: Any) -> str:
    """ReserveNow for some time; the status of the answer."""
    expires = rig.utc() + timedelta(seconds=more.pop("seconds", 600))
    payload = {"connectorId": connector, "expiryDate": expires.isoformat(), "idTag": card, "reservationId": number}
    status: str = (await rig.call("ReserveNow", {**payload, **more}))["status"]
    await rig.quiet()
    return status


async def cancel(rig: Rig, number: int = 1) -> str:
    """CancelReservation; the status of the answer."""
    status: str = (await rig.call("CancelReservation", {"reservationId": number}))["status"]
    await rig.quiet()
    return status


async def remote_start(rig: Rig, card: str = CARD, connector: int | None = 1) -> str:
    """RemoteStartTransaction; the status of the answer."""
    payload: dict[str, Any] = {"idTag": card}
    if connector is not None:
        payload["connectorId"] = connector
    status: str = (await rig.call("RemoteStartTransaction", payload))["status"]
    return status


def in_fleet(rig: Rig) -> None:
    """Every card belongs to the same parent from now on."""
    rig.csms.answer("Authorize", {"idTagInfo": {"status": "Accepted", "parentIdTag": PARENT}})


def kept(rig: Rig, connector: int = 1) -> Any:
    """For whom the control face says that the connector is kept."""
    return rig.host.status()["evses"][connector - 1]["reservation"]


@pytest.mark.case("TC_046_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §4.8")
@virtual
async def test_tc_046_1_local_start_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        await status_is(rig, "Reserved")
        shown = {"id": 1, "token": CARD, "group": None, "expires": "2026-01-01T12:10:00.000Z"}
        assert {**kept(rig), "expires": shown["expires"]} == shown
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "REJECTED"
        assert rig.statuses()[-1] == "Reserved"
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Preparing")
        await rig.do("plug_in")
        await charging(rig)
        assert rig.csms.last("StartTransaction")["reservationId"] == 1
        assert rig.statuses() == ["Available", "Reserved", "Preparing", "Charging"]
        assert kept(rig) is None
        assert await cancel(rig) == "Rejected"


@pytest.mark.case("TC_046_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9 G2", "OCPP 1.6 §5.13")
@virtual
async def test_tc_046_1_with_the_cable_first_a_foreign_card_is_asked_about_and_refused() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        await rig.do("plug_in")
        await rig.wait(70)
        assert rig.statuses() == ["Available", "Reserved"]
        refused = await rig.do("tap", tagId=OTHER_CARD)
        assert (refused["result"], refused["reason"]) == ("REJECTED", "Reserved")
        assert rig.csms.last("Authorize")["idTag"] == OTHER_CARD
        await rig.do("tap", tagId=CARD)
        await charging(rig)
        assert [one["reservationId"] for one in rig.heard_all("StartTransaction")] == [1]
        assert rig.statuses() == ["Available", "Reserved", "Preparing", "Charging"]


@pytest.mark.case("TC_046_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §5.11")
@pytest.mark.parametrize("asks", ["true", "false"])
@virtual
async def test_tc_046_2_remote_start_transaction(asks: str) -> None:
    async with Rig(variables={"AuthorizeRemoteTxRequests": asks}) as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        assert await remote_start(rig, OTHER_CARD) == "Rejected"
        assert await remote_start(rig) == "Accepted"
        await status_is(rig, "Preparing")
        await rig.do("plug_in")
        await charging(rig)
        assert rig.csms.last("StartTransaction")["reservationId"] == 1
        assert rig.statuses() == ["Available", "Reserved", "Preparing", "Charging"]


@pytest.mark.case("TC_047_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §4.9 G1")
@virtual
async def test_tc_047_expire() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig, seconds=30) == "Accepted"
        await rig.wait(29)
        assert rig.statuses() == ["Available", "Reserved"]
        await rig.wait(1)
        assert rig.statuses() == ["Available", "Reserved", "Available"]
        await plug_and_tap(rig, OTHER_CARD)
        assert "reservationId" not in rig.csms.last("StartTransaction")


@pytest.mark.case("TC_047_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_047_a_vehicle_that_waits_at_a_reserved_connector_may_charge_once_it_has_expired() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig, seconds=30) == "Accepted"
        await rig.do("plug_in")
        await status_is(rig, "Preparing")
        await rig.do("tap", tagId=OTHER_CARD)
        await charging(rig)
        assert rig.statuses() == ["Available", "Reserved", "Preparing", "Charging"]


@pytest.mark.case("TC_047_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_047_it_expires_while_there_is_no_connection_or_no_power() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig, seconds=30) == "Accepted"
        await offline_for(rig, 60)
        assert rig.statuses() == ["Available", "Reserved", "Available"]
        assert await reserve(rig, seconds=2) == "Accepted"
        await rig.do("power_cycle")
        await rebooted(rig)
        assert rig.statuses()[-1] == "Available"
        assert kept(rig) is None


@pytest.mark.case("TC_047_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_047_what_is_past_cannot_be_reserved() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig, seconds=-1) == "Rejected"
        assert await reserve(rig, number=2, connectorId=7) == "Rejected"
        assert rig.statuses() == ["Available"]


@pytest.mark.spec("OCPP 1.6 §5.13")
@pytest.mark.parametrize("how", ["reboot", "power_cycle"])
@virtual
async def test_a_reservation_survives_a_reboot_and_a_power_cut(how: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        await rig.do(how)
        await rebooted(rig)
        assert rig.statuses()[-1] == "Reserved"
        assert kept(rig)["id"] == 1
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "REJECTED"
        await plug_and_tap(rig)
        assert rig.csms.last("StartTransaction")["reservationId"] == 1


@pytest.mark.case("TC_048_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_048_1_faulted() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("fault", connector=1)
        await status_is(rig, "Faulted")
        assert await reserve(rig) == "Faulted"


@pytest.mark.case("TC_048_1_CS", "1.6")
@pytest.mark.case("TC_048_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_048_a_reserved_connector_that_goes_out_of_service_is_reserved_no_more() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        await rig.do("fault", connector=1)
        await status_is(rig, "Faulted")
        await rig.do("clear_fault", connector=1)
        await status_is(rig, "Available")
        assert await cancel(rig) == "Rejected"
        assert await reserve(rig) == "Accepted"
        for kind in ("Inoperative", "Operative"):
            await rig.call("ChangeAvailability", {"connectorId": 1, "type": kind})
            await rig.quiet()
        assert rig.statuses()[-3:] == ["Reserved", "Unavailable", "Available"]


@pytest.mark.case("TC_048_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_048_2_occupied() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        assert await reserve(rig) == "Occupied"
        await plug_and_tap(rig)
        assert await reserve(rig) == "Occupied"


@pytest.mark.case("TC_048_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_048_2_reserved_already_or_about_to_be_used() -> None:
    async with Rig(variables={"ConnectionTimeOut": 20}) as rig:
        await rig.boot()
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Preparing")
        assert await reserve(rig) == "Occupied"
        await status_is(rig, "Available")
        assert await reserve(rig) == "Accepted"
        assert await reserve(rig, number=2) == "Occupied"
        assert await reserve(rig, number=2, card=OTHER_CARD) == "Occupied"
        assert await reserve(rig, number=2, connector=0) == "Occupied"
        assert await reserve(rig, number=1, card=OTHER_CARD) == "Accepted"
        assert kept(rig)["token"] == OTHER_CARD


@pytest.mark.case("TC_048_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_048_3_unavailable() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        assert await reserve(rig) == "Unavailable"


@pytest.mark.case("TC_048_4_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_048_4_rejected() -> None:
    async with Rig(variables=DISABLED) as rig:
        await rig.boot()
        assert await reserve(rig) == "Rejected"
        assert rig.statuses() == ["Available"]


@pytest.mark.case("TC_049_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §9.3.1")
@virtual
async def test_tc_049_reservation_of_a_charge_point_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig, connector=0) == "Accepted"
        await status_is(rig, "Reserved")  # the last connector that is left
        await rig.do("tap", tagId=CARD)
        await rig.do("plug_in")
        await charging(rig)
        assert rig.csms.last("StartTransaction")["reservationId"] == 1
        assert await cancel(rig) == "Rejected"


@pytest.mark.case("TC_049_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_049_one_connector_stays_free_for_the_reserved_id_tag() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await reserve(rig, connector=0) == "Accepted"
        assert connector_statuses(rig, 1)[-1] == connector_statuses(rig, 2)[-1] == "Available"
        await rig.do("plug_in", connector=1)
        await rig.do("tap", tagId=OTHER_CARD)
        await rig.until(lambda: connector_statuses(rig, 2)[-1] == "Reserved")
        assert (await rig.do("tap", tagId="0499AABBCCDD02"))["result"] == "REJECTED"
        assert await remote_start(rig, "0499AABBCCDD02", None) == "Rejected"
        await rig.do("plug_in", connector=2)
        assert connector_statuses(rig, 2)[-1] == "Reserved"
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: connector_statuses(rig, 2)[-1] == "Charging")
        starts = rig.heard_all("StartTransaction")
        assert [(one["connectorId"], one.get("reservationId")) for one in starts] == [(1, None), (2, 1)]


@pytest.mark.case("TC_050_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_050_1_reservation_of_a_charge_point_faulted() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await rig.do("fault", connector=1)
        await rig.do("fault", connector=2)
        assert await reserve(rig, connector=0) == "Faulted"


@pytest.mark.case("TC_050_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_050_2_reservation_of_a_charge_point_occupied() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        for connector, card in ((1, CARD), (2, OTHER_CARD)):
            await rig.do("start_transaction", connector=connector, tagId=card)
        assert await reserve(rig, connector=0) == "Occupied"
        assert await remote_start(rig, CARD, 1) == "Rejected"


@pytest.mark.case("TC_050_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_050_2_no_more_reservations_than_connectors() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await reserve(rig, connector=0) == "Accepted"
        assert await reserve(rig, connector=1, number=2, card=OTHER_CARD) == "Accepted"
        assert await reserve(rig, connector=2, number=3) == "Occupied"
        assert await reserve(rig, connector=0, number=3) == "Occupied"
        assert connector_statuses(rig, 1)[-1] == connector_statuses(rig, 2)[-1] == "Reserved"


@pytest.mark.case("TC_050_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_050_3_reservation_of_a_charge_point_unavailable() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await rig.call("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
        assert await reserve(rig, connector=0) == "Unavailable"


@pytest.mark.case("TC_050_4_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §9.3.1")
@virtual
async def test_tc_050_4_reservation_of_a_charge_point_rejected() -> None:
    async with Rig(variables={"ReserveConnectorZeroSupported": "false"}) as rig:
        await rig.boot()
        key = await rig.call("GetConfiguration", {"key": ["ReserveConnectorZeroSupported"]})
        assert key["configurationKey"][0]["value"] == "false"
        assert await reserve(rig, connector=0) == "Rejected"
        assert await reserve(rig) == "Accepted"


@pytest.mark.case("TC_051_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.1", "OCPP 1.6 §4.9 G1")
@virtual
async def test_tc_051_cancel_reservation() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        assert await cancel(rig) == "Accepted"
        assert rig.statuses() == ["Available", "Reserved", "Available"]
        await plug_and_tap(rig, OTHER_CARD)
        assert "reservationId" not in rig.csms.last("StartTransaction")


@pytest.mark.case("TC_052_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.1")
@virtual
async def test_tc_052_cancel_reservation_rejected() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        assert await cancel(rig, 2) == "Rejected"
        assert rig.statuses() == ["Available", "Reserved"]


@pytest.mark.case("TC_053_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_053_1_use_a_reserved_connector_with_parent_id_tag_local() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig, parentIdTag=PARENT) == "Accepted"
        assert (await rig.do("tap", tagId="0499AABBCCDD02"))["reason"] == "Reserved"
        in_fleet(rig)
        await rig.do("tap", tagId=OTHER_CARD)
        await status_is(rig, "Preparing")
        await rig.do("plug_in")
        await charging(rig)
        started = rig.csms.last("StartTransaction")
        assert (started["idTag"], started["reservationId"]) == (OTHER_CARD, 1)


@pytest.mark.case("TC_053_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §5.11")
@pytest.mark.parametrize("asks", ["true", "false"])
@virtual
async def test_tc_053_2_use_a_reserved_connector_with_parent_id_tag_remote(asks: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, AuthorizeRemoteTxRequests=asks)
        in_fleet(rig)
        assert await reserve(rig, parentIdTag=PARENT) == "Accepted"
        assert await remote_start(rig, OTHER_CARD) == "Accepted"
        await status_is(rig, "Preparing")
        await rig.do("plug_in")
        await charging(rig)
        started = rig.csms.last("StartTransaction")
        assert (started["idTag"], started["reservationId"]) == (OTHER_CARD, 1)
        assert order(rig, "Authorize", "StartTransaction")


@pytest.mark.case("TC_053_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_tc_053_2_a_remote_start_of_another_parent_comes_to_nothing() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await reserve(rig, parentIdTag=PARENT) == "Accepted"
        assert await remote_start(rig, OTHER_CARD) == "Accepted"
        await rig.quiet()
        assert rig.csms.last("Authorize")["idTag"] == OTHER_CARD
        assert rig.told("token")[-1]["reason"] == "Reserved"
        assert await remote_start(rig, OTHER_CARD) == "Rejected"  # known by now
        await rig.do("plug_in")
        await rig.wait(5)
        assert rig.heard_all("StartTransaction") == []
        assert rig.statuses() == ["Available", "Reserved"]


@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_a_reservation_outlives_a_card_that_was_shown_without_a_cable() -> None:
    """Only the start of a transaction ends it."""
    async with Rig(variables={"ConnectionTimeOut": 20}) as rig:
        await rig.boot()
        assert await reserve(rig) == "Accepted"
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Preparing")
        await status_is(rig, "Reserved")
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "REJECTED"
        assert await cancel(rig) == "Accepted"


@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_the_function_is_shown() -> None:
    async with Rig() as rig:
        await rig.boot()
        asked = {"key": ["SupportedFeatureProfiles", "ReserveConnectorZeroSupported"]}
        profiles, zero = (await rig.call("GetConfiguration", asked))["configurationKey"]
        assert "Reservation" in profiles["value"].split(",")
        assert zero == {"key": "ReserveConnectorZeroSupported", "readonly": True, "value": "true"}
