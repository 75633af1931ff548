"""Regular charging sessions, started and stopped with a card, and the car's end pulled."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import (
    OTHER_CARD,
    charging,
    order,
    plug_and_tap,
    since,
    status_is,
    stop,
    tap_and_unplug,
    transaction_id,
)
from tests.support.rig import CARD, Rig, virtual


@pytest.mark.case("TC_003_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §4.9", "OCPP 1.6 §4.10")
@virtual
async def test_tc_003_regular_session_plugin_first() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        start = rig.csms.last("StartTransaction")
        assert (start["connectorId"], start["idTag"]) == (1, CARD)
        await rig.wait(30)
        await rig.do("tap", tagId=CARD)
        await rig.do("unplug")
        await status_is(rig, "Available")
        assert stop(rig)["transactionId"] == number
        assert stop(rig)["meterStop"] > start["meterStart"]
        assert stop(rig).get("reason", "Local") == "Local"
        assert rig.statuses() == ["Available", "Preparing", "Charging", "Finishing", "Available"]
        assert order(rig, "Authorize", "StartTransaction", "StopTransaction")


@pytest.mark.case("TC_004_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §4.8")
@virtual
async def test_tc_004_1_regular_session_identification_first() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Preparing")
        assert rig.heard_all("StartTransaction") == []
        await rig.do("plug_in")
        await charging(rig)
        await tap_and_unplug(rig)
        assert rig.statuses() == ["Available", "Preparing", "Charging", "Finishing", "Available"]
        assert len(rig.heard_all("Authorize")) == 1
        assert stop(rig)["transactionId"] == 1


@pytest.mark.case("TC_004_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §9.1.6")
@virtual
async def test_tc_004_2_identification_first_connection_time_out() -> None:
    async with Rig(variables={"ConnectionTimeOut": 20}) as rig:
        await rig.boot()
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Preparing")
        await rig.wait(19)
        assert rig.statuses()[-1] == "Preparing"
        await rig.wait(2)
        assert rig.statuses() == ["Available", "Preparing", "Available"]
        await rig.do("plug_in")
        await rig.wait(10)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.case("TC_005_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 §9.1.24", "OCPP 1.6 §9.1.32")
@virtual
async def test_tc_005_1_ev_side_disconnected_stops_and_unlocks() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("unplug", side="ev")
        await status_is(rig, "Finishing")
        assert stop(rig)["reason"] == "EVDisconnected"
        assert "idTag" not in stop(rig)
        await rig.quiet()
        assert rig.status["locked"] is False
        await rig.do("unplug", side="station")
        await status_is(rig, "Available")
        assert rig.statuses() == ["Available", "Preparing", "Charging", "Finishing", "Available"]


@pytest.mark.case("TC_005_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §9.1.24", "OCPP 1.6 §9.1.32")
@virtual
async def test_tc_005_2_ev_side_disconnected_stops_and_stays_locked() -> None:
    async with Rig(variables={"UnlockConnectorOnEVSideDisconnect": "false"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("unplug", side="ev")
        await status_is(rig, "Finishing")
        await rig.wait(10)
        assert stop(rig)["reason"] == "EVDisconnected"
        assert rig.status["locked"] is True
        await rig.do("tap", tagId=CARD)
        await rig.quiet()
        assert rig.status["locked"] is False
        await rig.do("unplug", side="station")
        await status_is(rig, "Available")
        assert len(rig.heard_all("StartTransaction")) == 1


@pytest.mark.case("TC_005_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 §9.1.24")
@virtual
async def test_tc_005_3_ev_side_disconnected_suspends() -> None:
    async with Rig(variables={"StopTransactionOnEVSideDisconnect": "false"}) as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await rig.do("unplug", side="ev")
        await status_is(rig, "SuspendedEV")
        assert rig.heard_all("StatusNotification")[-1]["info"] == "EV side disconnected"
        assert rig.status["contactor"] == "open"
        await rig.wait(30)
        assert rig.heard_all("StopTransaction") == []
        await rig.do("plug_in")
        await charging(rig)
        assert transaction_id(rig) == number
        await tap_and_unplug(rig)
        assert stop(rig).get("reason", "Local") == "Local"
        assert rig.statuses()[-3:] == ["Charging", "Finishing", "Available"]


@pytest.mark.case("TC_068_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §4.10")
@virtual
async def test_tc_068_the_same_id_tag_stops_without_authorize() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        mark = len(rig.csms.actions())
        answer = await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        assert answer["result"] == "USED_TO_STOP"
        assert "Authorize" not in since(rig, mark)
        assert stop(rig)["idTag"] == CARD


@pytest.mark.case("TC_069_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §3.15")
@virtual
async def test_tc_069_another_id_tag_of_the_same_parent_stops() -> None:
    async with Rig() as rig:
        family = {"status": "Accepted", "parentIdTag": "FAMILY"}
        rig.csms.answer("Authorize", {"idTagInfo": family})
        rig.csms.answer("StartTransaction", {"transactionId": 7, "idTagInfo": family})
        await rig.boot()
        await plug_and_tap(rig)
        answer = await rig.do("tap", tagId=OTHER_CARD)
        await status_is(rig, "Finishing")
        assert answer["result"] == "USED_TO_STOP"
        assert [asked["idTag"] for asked in rig.heard_all("Authorize")] == [CARD, OTHER_CARD]
        assert stop(rig)["idTag"] == OTHER_CARD


@pytest.mark.case("TC_069_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.1")
@virtual
async def test_tc_069_a_stranger_does_not_stop() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        answer = await rig.do("tap", tagId=OTHER_CARD)
        await rig.wait(5)
        assert answer["result"] not in ("USED_TO_STOP", "USED_TO_START")
        assert rig.heard_all("StopTransaction") == []
        assert rig.statuses()[-1] == "Charging"


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_the_car_suspends_and_goes_on() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("ev_suspend")
        await status_is(rig, "SuspendedEV")
        await rig.do("ev_resume")
        await charging(rig)
        assert rig.statuses() == ["Available", "Preparing", "Charging", "SuspendedEV", "Charging"]
        assert len(rig.heard_all("StartTransaction")) == 1


@pytest.mark.spec("OCPP 1.6 §4.8")
@virtual
async def test_a_full_car_has_a_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in", ready=False)
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "SuspendedEV")
        assert len(rig.heard_all("StartTransaction")) == 1


@pytest.mark.spec("OCPP 1.6 §4.8")
@virtual
async def test_the_register_never_falls_between_transactions() -> None:
    async with Rig() as rig:
        await rig.boot()
        for _ in range(3):
            await plug_and_tap(rig)
            await rig.wait(40)
            await tap_and_unplug(rig)
        starts, stops = rig.heard_all("StartTransaction"), rig.heard_all("StopTransaction")
        pairs = [(begun["meterStart"], ended["meterStop"]) for begun, ended in zip(starts, stops, strict=True)]
        numbers = [number for pair in pairs for number in pair]
        assert numbers == sorted(numbers)
        assert [made["transactionId"] for made in stops] == [1, 2, 3]


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_a_fixed_cable_is_free_as_soon_as_the_car_is_gone() -> None:
    connectors = [{"id": 1, "type": "cType2", "cable": "fixed"}]
    evse = {"id": 1, "max_current": "16A", "phases": 3, "connectors": connectors}
    async with Rig(profile={"evses": [evse]}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("unplug")
        await status_is(rig, "Available")
        assert stop(rig)["reason"] == "EVDisconnected"


@pytest.mark.spec("OCPP 1.6 §4.8")
@virtual
async def test_a_station_without_cards_charges_by_itself() -> None:
    async with Rig(profile={"auth": "free"}) as rig:
        await rig.boot()
        await rig.do("plug_in")
        await charging(rig)
        assert rig.heard_all("Authorize") == []
        assert rig.csms.last("StartTransaction")["connectorId"] == 1
        await rig.do("unplug")
        await status_is(rig, "Available")
        assert stop(rig)["transactionId"] == 1


@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_the_next_driver_needs_a_card() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        await rig.do("plug_in")
        await rig.wait(120)
        assert len(rig.heard_all("StartTransaction")) == 1
        assert rig.status["contactor"] == "open"


@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_after_a_stop_the_same_card_may_start_again_without_unplugging() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        await rig.do("tap", tagId=CARD)
        await charging(rig)
        assert len(rig.heard_all("StartTransaction")) == 2
        assert stop(rig)["transactionId"] == 1
