"""The power goes and comes back."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import (
    connector_statuses,
    order,
    plug_and_tap,
    rebooted,
    since,
    status_is,
    stop,
    tap_and_unplug,
    transaction_id,
)
from tests.support.rig import CARD, Rig, virtual


@pytest.mark.not_applicable(
    "TC_032_1_CS", "1.6", "no power reserve to tell anything with: transactions are told after the boot (TC_032_2)"
)
@virtual
async def test_tc_032_1_nothing_is_told_while_the_power_goes() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        mark = len(rig.csms.actions())
        await rig.do("power_cycle")
        await rig.wait(1)
        assert since(rig, mark) == []
        assert not rig.connected


@pytest.mark.case("TC_032_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.10", "OCPP 1.6 §7.36")
@virtual
async def test_tc_032_2_power_failure_stops_the_transaction_after_going_down() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await rig.wait(60)
        seen = rig.status["meter_wh"]
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "PowerLoss"
        assert stop(rig)["transactionId"] == number
        assert stop(rig)["meterStop"] >= int(seen)
        assert rig.status["contactor"] == "open"
        assert order(rig, "StartTransaction", "BootNotification", "StopTransaction")
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_032_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.10", "OCPP 1.6 errata")
@virtual
async def test_tc_032_2_the_transaction_may_be_resumed_instead() -> None:
    async with Rig(profile={"transactions": {"after_power_loss": "resume"}}) as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await rig.do("power_cycle")
        await rebooted(rig)
        await status_is(rig, "Charging")
        assert transaction_id(rig) == number
        await tap_and_unplug(rig)
        assert stop(rig)["transactionId"] == number
        assert len(rig.heard_all("StartTransaction")) == 1


@pytest.mark.spec("OCPP 1.6 §4.10", "OCPP 2.0.1 B12.FR.05")
@virtual
async def test_a_resumed_transaction_that_the_power_ends_tells_no_less_than_was_shown() -> None:
    async with Rig(profile={"transactions": {"after_power_loss": "resume"}}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(3)
        await rig.do("power_cycle")
        await rebooted(rig)
        await status_is(rig, "Charging")
        await rig.wait(1)
        seen = rig.status["meter_wh"]
        assert seen >= 1
        await rig.do("power_cycle", keepTransactions=False)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "PowerLoss"
        assert stop(rig)["meterStop"] >= int(seen)


@pytest.mark.case("TC_034_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.2")
@pytest.mark.parametrize("connector", [0, 1])
@virtual
async def test_tc_034_power_failure_with_unavailable_status(connector: int) -> None:
    async with Rig() as rig:
        await rig.boot()
        wanted = {"connectorId": connector, "type": "Inoperative"}
        assert (await rig.call("ChangeAvailability", wanted))["status"] == "Accepted"
        await status_is(rig, "Unavailable")
        mark = len(rig.heard_all("StatusNotification"))
        await rig.do("power_cycle")
        await rebooted(rig)
        told = {one["connectorId"]: one["status"] for one in rig.heard_all("StatusNotification")[mark:]}
        assert told == {0: "Unavailable" if connector == 0 else "Available", 1: "Unavailable"}
        wanted["type"] = "Operative"
        assert (await rig.call("ChangeAvailability", wanted))["status"] == "Accepted"
        await status_is(rig, "Available")


@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_a_power_cut_offline_loses_nothing() -> None:
    async with Rig(variables={"AllowOfflineTxForUnknownId": "true"}) as rig:
        await rig.boot()
        await rig.do("go_offline")
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(60)
        await rig.do("power_cycle")
        await rig.wait(60)
        await rig.do("come_online")
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        told = [action for action in rig.csms.actions() if action != "SecurityEventNotification"]
        assert told[3] == "BootNotification"
        assert len(rig.heard_all("StartTransaction")) == 1
        assert stop(rig)["reason"] == "PowerLoss"
        assert stop(rig)["transactionId"] == 1
        assert rig.csms.last("StartTransaction")["timestamp"] < stop(rig)["timestamp"]


@pytest.mark.spec("OCPP 1.6 §3.7", "OCPP 1.6 §4.10")
@virtual
async def test_several_transactions_that_a_power_cut_ends_are_told_in_order_of_time() -> None:
    evses = [{"id": number, "max_current": "16A", "phases": 3} for number in (1, 2)]
    async with Rig(profile={"evses": evses}, variables={"AllowOfflineTxForUnknownId": "true"}) as rig:
        await rig.boot()
        await rig.do("go_offline")
        for connector in (1, 2):
            await rig.do("plug_in", connector=connector)
            await rig.do("tap", tagId=f"CARD{connector}", connector=connector)
            await rig.wait(3)
        await rig.do("power_cycle")
        await rig.wait(10)
        await rig.do("come_online")
        await rig.until(lambda: len(rig.heard_all("StopTransaction")) == 2)
        told = [*rig.heard_all("StartTransaction"), *rig.heard_all("StopTransaction")]
        times = [message["timestamp"] for message in told]
        assert times == sorted(times)


@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_a_stop_that_was_not_answered_before_the_cut_is_told_after_it() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("go_offline")
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        await rig.do("power_cycle")
        await rig.wait(10)
        await rig.do("come_online")
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        await rig.quiet()
        assert stop(rig).get("reason", "Local") == "Local"
        assert stop(rig)["idTag"] == CARD


@pytest.mark.spec("OCPP 1.6 §4.2")
@virtual
async def test_statuses_after_a_power_cut_tell_what_is_plugged() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("power_cycle")
        await rebooted(rig)
        assert connector_statuses(rig, 1)[-1] == "Preparing"
