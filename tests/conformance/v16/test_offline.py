"""The connection is gone: what goes on, what is queued, what is told afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.conformance.v16.flows import (
    OTHER_CARD,
    configure,
    offline_for,
    online,
    order,
    plug_and_tap,
    sampled,
    since,
    status_is,
    stop,
    tap_and_unplug,
    transaction_id,
)
from tests.support.rig import CARD, Rig, virtual

ALLOW_ALL = {"AllowOfflineTxForUnknownId": "true", "LocalAuthorizeOffline": "true"}


async def start_offline(rig: Rig, card: str = CARD) -> str:
    """Boot, go offline, plug in and show a card; the token's result."""
    await rig.boot()
    await rig.do("go_offline")
    await rig.do("plug_in")
    result: str = (await rig.do("tap", tagId=card))["result"]
    await rig.wait(60)
    return result


@pytest.mark.case("TC_036_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.7", "OCPP 1.6 §4.7")
@virtual
async def test_tc_036_connection_loss_during_a_transaction() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 20}) as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        mark = len(rig.csms.actions())
        await offline_for(rig, 65)
        assert "BootNotification" not in since(rig, mark)
        assert rig.status["contactor"] == "closed"
        assert transaction_id(rig) == number
        values = rig.heard_all("MeterValues")
        assert len(values) >= 3
        times = [value["meterValue"][0]["timestamp"] for value in values]
        assert times == sorted(set(times))
        assert {value["transactionId"] for value in values} == {number}
        await tap_and_unplug(rig)
        assert stop(rig)["transactionId"] == number


@pytest.mark.case("TC_037_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.5", "OCPP 1.6 §4.8", "OCPP 1.6 §9.1.14")
@virtual
async def test_tc_037_1_offline_start_with_a_valid_id() -> None:
    async with Rig(variables={"LocalAuthorizeOffline": "true"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        rig.csms.clear()
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        begun = rig.csms.now().strftime("%Y-%m-%dT%H:%M:%S")
        await rig.wait(60)
        assert rig.status["contactor"] == "closed"
        assert rig.csms.actions() == []
        await online(rig)
        start = rig.csms.last("StartTransaction")
        assert start["timestamp"].startswith(begun)
        assert transaction_id(rig) == 2
        assert rig.heard_all("StopTransaction") == []
        assert rig.statuses()[-1] == "Charging"


@pytest.mark.case("TC_037_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.5.4", "OCPP 1.6 §9.1.2")
@virtual
async def test_tc_037_1_an_unknown_id_starts_offline_where_it_may() -> None:
    async with Rig(variables=ALLOW_ALL) as rig:
        assert await start_offline(rig) == "USED_TO_START"
        await online(rig)
        assert rig.csms.last("StartTransaction")["idTag"] == CARD
        assert rig.statuses()[-1] == "Charging"


@pytest.mark.case("TC_037_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.5.4", "OCPP 1.6 §9.1.2")
@virtual
async def test_tc_037_1_an_unknown_id_does_not_start_offline_by_default() -> None:
    async with Rig() as rig:
        assert await start_offline(rig) == "REJECTED"
        assert rig.status["contactor"] == "open"
        await online(rig)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.case("TC_037_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 errata 3.17", "OCPP 1.6 §9.1.26")
@virtual
async def test_tc_037_2_offline_start_refused_later_suspends() -> None:
    async with Rig(variables={**ALLOW_ALL, "StopTransactionOnInvalidId": "false"}) as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 9, "idTagInfo": {"status": "Invalid"}})
        assert await start_offline(rig) == "USED_TO_START"
        await online(rig)
        await status_is(rig, "SuspendedEVSE")
        assert rig.heard_all("StopTransaction") == []
        assert rig.status["contactor"] == "open"
        await rig.do("unplug")
        await rig.quiet()
        assert stop(rig)["transactionId"] == 9


@pytest.mark.case("TC_037_3_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 errata 3.17", "OCPP 1.6 §9.1.26")
@virtual
async def test_tc_037_3_offline_start_refused_later_stops() -> None:
    async with Rig(variables={**ALLOW_ALL, "StopTransactionOnInvalidId": "true"}) as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 9, "idTagInfo": {"status": "Invalid"}})
        assert await start_offline(rig) == "USED_TO_START"
        await online(rig)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "DeAuthorized"
        assert stop(rig)["transactionId"] == 9
        await status_is(rig, "Finishing")
        assert rig.status["locked"] is True
        await rig.do("tap", tagId=CARD)
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_038_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.10", "OCPP 1.6 §3.7")
@virtual
async def test_tc_038_offline_stop() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await rig.do("go_offline")
        await rig.wait(30)
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_STOP"
        ended = rig.csms.now().strftime("%Y-%m-%dT%H:%M:%S")
        await rig.wait(30)
        assert rig.host.status()["queue"] >= 1
        await online(rig)
        assert stop(rig)["transactionId"] == number
        assert stop(rig)["timestamp"].startswith(ended)
        assert stop(rig).get("reason", "Local") == "Local"
        assert rig.statuses()[-1] == "Finishing"


@pytest.mark.case("TC_038_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_tc_038_the_car_is_unplugged_offline() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("go_offline")
        await rig.do("unplug")
        await rig.wait(30)
        await online(rig)
        assert stop(rig)["reason"] == "EVDisconnected"
        assert rig.statuses() == ["Available", "Preparing", "Charging", "Available"]


@pytest.mark.case("TC_039_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §4.10", "OCPP 1.6 §3.7")
@virtual
async def test_tc_039_offline_transaction() -> None:
    async with Rig(variables=ALLOW_ALL) as rig:
        await start_offline(rig)
        await tap_and_unplug(rig)
        mark = len(rig.csms.actions())
        await online(rig)
        assert "BootNotification" not in since(rig, mark)
        assert order(rig, "StartTransaction", "MeterValues", "StopTransaction")
        start = rig.csms.last("StartTransaction")
        assert start["timestamp"] < stop(rig)["timestamp"]
        assert stop(rig)["transactionId"] == 1
        assert stop(rig)["meterStop"] > start["meterStart"]
        assert rig.statuses() == ["Available"]


@pytest.mark.case("TC_039_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.7")
@virtual
async def test_tc_039_several_offline_transactions_keep_their_order() -> None:
    async with Rig(variables=ALLOW_ALL) as rig:
        await start_offline(rig)
        await tap_and_unplug(rig)
        await rig.do("plug_in")
        await rig.do("tap", tagId=OTHER_CARD)
        await rig.wait(90)
        await tap_and_unplug(rig, OTHER_CARD)
        await online(rig)
        told = [action for action in rig.csms.actions() if action.endswith("Transaction")]
        assert told == ["StartTransaction", "StopTransaction"] * 2
        assert [start["idTag"] for start in rig.heard_all("StartTransaction")] == [CARD, OTHER_CARD]
        assert [one["transactionId"] for one in rig.heard_all("StopTransaction")] == [1, 2]


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_only_statuses_that_changed_are_told_after_a_reconnect() -> None:
    async with Rig() as rig:
        await rig.boot()
        mark = len(rig.csms.actions())
        await offline_for(rig, 600)
        assert since(rig, mark) == []
        await rig.do("go_offline")
        await rig.do("plug_in")
        await rig.do("unplug")
        await rig.quiet()
        await online(rig)
        assert since(rig, mark) == []
        await rig.do("go_offline")
        await rig.do("plug_in")
        await online(rig)
        assert since(rig, mark) == ["StatusNotification"]
        assert rig.statuses()[-1] == "Preparing"


@pytest.mark.spec("OCPP 1.6 §4.7")
@virtual
async def test_values_of_an_offline_time_keep_their_time_and_stay_in_order() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 10}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await offline_for(rig, 35)
        await rig.wait(20)
        readings = [float(sample["value"]) for told in rig.heard_all("MeterValues") for sample in sampled(told)]
        assert readings == sorted(readings)
        assert len(readings) >= 5


@pytest.mark.spec("OCPP 1.6 §5.3")
@virtual
async def test_a_change_of_configuration_holds_offline() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, AllowOfflineTxForUnknownId="true")
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"


@pytest.mark.spec("OCPP 1.6 §9.1.14")
@virtual
async def test_a_cached_card_does_not_start_offline_where_it_may_not() -> None:
    async with Rig(variables={"LocalAuthorizeOffline": "false"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        await rig.do("go_offline")
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "REJECTED"


@pytest.mark.spec("OCPP 1.6 §3.5.4")
@virtual
async def test_a_card_known_to_be_blocked_does_not_start_offline_even_where_unknown_ones_do() -> None:
    async with Rig(variables=ALLOW_ALL) as rig:
        rig.csms.once("Authorize", {"idTagInfo": {"status": "Blocked"}})
        await rig.boot()
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=CARD))["result"] == "REJECTED"
        await rig.do("go_offline")
        assert (await rig.do("tap", tagId=CARD))["result"] == "REJECTED"
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_START"


@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §4.10")
@virtual
async def test_another_card_of_the_same_parent_stops_offline() -> None:
    async with Rig() as rig:
        family = {"status": "Accepted", "parentIdTag": "FAMILY"}
        rig.csms.answer("Authorize", {"idTagInfo": family})
        rig.csms.answer("StartTransaction", {"transactionId": 7, "idTagInfo": family})
        await rig.boot()
        await plug_and_tap(rig, OTHER_CARD)
        await tap_and_unplug(rig, OTHER_CARD)
        await plug_and_tap(rig)
        await rig.do("go_offline")
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "USED_TO_STOP"
        await online(rig)
        assert rig.csms.last("StopTransaction")["idTag"] == OTHER_CARD


@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_a_stranger_does_not_stop_offline() -> None:
    async with Rig(variables=ALLOW_ALL) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("go_offline")
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] != "USED_TO_STOP"
        await rig.wait(5)
        assert rig.status["contactor"] == "closed"


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §5.11")
@virtual
async def test_a_long_time_offline_with_many_sessions() -> None:
    async with Rig(variables={**ALLOW_ALL, "MeterValueSampleInterval": 0}) as rig:
        await rig.boot()
        await rig.do("go_offline")
        for _ in range(20):
            await rig.do("plug_in")
            await rig.do("tap", tagId=CARD)
            await rig.wait(1800)
            await tap_and_unplug(rig)
            await rig.wait(1800)
        await online(rig)
        starts, stops = rig.heard_all("StartTransaction"), rig.heard_all("StopTransaction")
        assert [one["transactionId"] for one in stops] == list(range(1, 21))
        times = [one["timestamp"] for pair in zip(starts, stops, strict=True) for one in pair]
        assert times == sorted(times)
        assert rig.statuses()[-1] == "Available"


@pytest.mark.spec("OCPP 1.6 §4.2.1", "OCPP 1.6 §3.7")
@virtual
async def test_times_of_what_happened_before_the_clock_was_known_are_set_right() -> None:
    variables = {
        "AllowOfflineTxForUnknownId": "true",
        "MeterValueSampleInterval": 20,
        "StopTxnSampledData": "Energy.Active.Import.Register",
    }
    async with Rig(variables=variables) as rig:
        rig.host.start(offline=True)
        await rig.wait(10)
        begun = rig.utc()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(50)
        ended = rig.utc()
        await rig.do("tap", tagId=CARD)
        await rig.do("unplug")
        await rig.wait(100)
        await rig.do("come_online")
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        start, end = rig.csms.last("StartTransaction"), stop(rig)
        assert abs(datetime.fromisoformat(start["timestamp"]) - begun) < timedelta(seconds=2)
        assert abs(datetime.fromisoformat(end["timestamp"]) - ended) < timedelta(seconds=2)
        values = [one["meterValue"][0]["timestamp"] for one in rig.heard_all("MeterValues")]
        kept = [value["timestamp"] for value in end["transactionData"]]
        assert [start["timestamp"], *values, end["timestamp"]] == kept
