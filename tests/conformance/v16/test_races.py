"""Things that happen at the same time, or at the worst moment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import (
    OTHER_CARD,
    charging,
    connector_statuses,
    online,
    plug_and_tap,
    since,
    status_is,
    stop,
    tap_and_unplug,
    transaction_id,
)
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import HOLD, SILENCE, CallError

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}


def release(rig: Rig, action: str) -> None:
    """Give the answers that were held back."""
    for text in rig.csms.release(action):
        rig.send(text)


@pytest.mark.spec("OCPP 1.6 §4.8")
@virtual
async def test_the_car_leaves_while_the_card_is_asked_for() -> None:
    async with Rig(variables={"ConnectionTimeOut": 20}) as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.csms.once("Authorize", HOLD)
        execution = rig.host.execute("tap", {"tagId": CARD})
        await rig.until(lambda: rig.heard_all("Authorize"))
        await rig.do("unplug")
        await rig.quiet()
        release(rig, "Authorize")
        await execution.done
        await rig.wait(30)
        assert rig.heard_all("StartTransaction") == []
        assert rig.statuses()[-1] == "Available"
        assert rig.status["contactor"] == "open"


@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_the_car_leaves_before_the_start_is_answered() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", HOLD)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        await rig.do("unplug")
        await rig.wait(5)
        assert rig.status["contactor"] == "open"
        release(rig, "StartTransaction")
        await rig.quiet()
        assert stop(rig)["transactionId"] == 1
        assert stop(rig)["reason"] == "EVDisconnected"
        assert rig.statuses()[-1] == "Available"


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §9.1.26")
@virtual
async def test_a_start_is_refused_after_its_stop() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", SILENCE)
        rig.csms.answer("StartTransaction", {"transactionId": 3, "idTagInfo": {"status": "Blocked"}})
        rig.csms.once("StartTransaction", CallError("InternalError"))
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await tap_and_unplug(rig)
        await rig.until(lambda: rig.heard_all("StopTransaction"), 600)
        assert stop(rig)["transactionId"] == 3
        assert stop(rig).get("reason", "Local") == "Local"
        await plug_and_refuse(rig)


async def plug_and_refuse(rig: Rig) -> None:
    """The connector is free for the next driver, whom the CSMS refuses."""
    rig.csms.answer("Authorize", {"idTagInfo": {"status": "Invalid"}})
    await rig.do("plug_in")
    assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "REJECTED"


@pytest.mark.spec("OCPP 1.6 §4.8")
@pytest.mark.parametrize("moment", [0.0, 0.05, 0.12, 0.3, 2.0])
@virtual
async def test_the_power_goes_around_the_start(moment: float) -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", SILENCE)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(moment)
        await rig.do("power_cycle")
        await rig.do("connect")
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        starts = rig.heard_all("StartTransaction")
        assert all(made == starts[0] for made in starts)
        assert stop(rig)["reason"] == "PowerLoss"
        assert stop(rig)["transactionId"] == 1
        await rig.do("unplug")
        await status_is(rig, "Available")
        rig.csms.clear()
        assert await plug_and_tap(rig) == 2


@pytest.mark.spec("OCPP 1.6 §4.10")
@pytest.mark.parametrize("moment", [0.0, 0.05, 0.12, 0.3, 2.0])
@virtual
async def test_the_power_goes_around_the_stop(moment: float) -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.once("StopTransaction", SILENCE)
        await rig.do("tap", tagId=CARD)
        await rig.wait(moment)
        await rig.do("power_cycle")
        await rig.do("connect")
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        await rig.until(lambda: rig.host.status()["queue"] == 0)
        stops = rig.heard_all("StopTransaction")
        assert all(made == stops[0] for made in stops)
        assert stops[0]["transactionId"] == 1


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §4.10")
@virtual
async def test_two_connectors_keep_their_transactions_apart() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await rig.do("plug_in", connector=1)
        await rig.do("tap", tagId=CARD, connector=1)
        await rig.do("plug_in", connector=2)
        await rig.do("tap", tagId=OTHER_CARD, connector=2)
        await rig.until(lambda: len(rig.heard_all("StartTransaction")) == 2)
        await rig.wait(61)
        told = {(one["connectorId"], one["transactionId"]) for one in rig.heard_all("MeterValues")}
        assert told == {(1, 1), (2, 2)}
        answer = await rig.call("RemoteStopTransaction", {"transactionId": 2})
        assert answer["status"] == "Accepted"
        await rig.quiet()
        assert stop(rig)["transactionId"] == 2
        assert connector_statuses(rig, 1)[-1] == "Charging"
        assert connector_statuses(rig, 2)[-1] == "Finishing"


@pytest.mark.spec("OCPP 1.6 §5.12")
@virtual
async def test_a_remote_stop_after_the_stop_is_rejected() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        answer = await rig.call("RemoteStopTransaction", {"transactionId": number})
        assert answer["status"] == "Rejected"
        assert stop(rig)["reason"] == "Local"


@pytest.mark.spec("OCPP 1.6 §5.11")
@virtual
async def test_a_second_remote_start_while_the_first_waits_for_the_car() -> None:
    async with Rig() as rig:
        await rig.boot()
        first = {"idTag": CARD, "connectorId": 1}
        assert (await rig.call("RemoteStartTransaction", first))["status"] == "Accepted"
        await rig.call("RemoteStartTransaction", {"idTag": OTHER_CARD, "connectorId": 1})
        await rig.do("plug_in")
        await charging(rig)
        assert len(rig.heard_all("StartTransaction")) == 1


@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §3.5")
@virtual
async def test_the_connection_goes_while_a_known_card_is_asked_for() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        await rig.do("plug_in")
        rig.csms.once("Authorize", SILENCE)
        execution = rig.host.execute("tap", {"tagId": CARD})
        await rig.until(lambda: len(rig.heard_all("Authorize")) == 2)
        await rig.do("go_offline")
        assert (await execution.done)["result"] == "USED_TO_START"
        await rig.wait(30)
        await online(rig)
        assert transaction_id(rig) == 2


@pytest.mark.spec("OCPP 1.6 §3.5.1")
@virtual
async def test_a_refusal_of_a_start_is_remembered() -> None:
    async with Rig(variables={"LocalPreAuthorize": "true"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        rig.csms.once("StartTransaction", {"transactionId": 50, "idTagInfo": {"status": "Blocked"}})
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: len(rig.heard_all("StopTransaction")) == 2)
        assert rig.csms.last("StopTransaction")["transactionId"] == 50
        await rig.do("tap", tagId=CARD)
        await rig.do("unplug")
        mark = len(rig.csms.actions())
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.quiet()
        assert "Authorize" in since(rig, mark)


@pytest.mark.spec("OCPP 1.6 §3.5.1")
@virtual
async def test_what_the_answer_to_a_stop_says_of_a_card_is_remembered() -> None:
    async with Rig(variables={"LocalPreAuthorize": "true"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.once("StopTransaction", {"idTagInfo": {"status": "Blocked"}})
        await tap_and_unplug(rig)
        mark = len(rig.csms.actions())
        await plug_and_tap(rig)
        assert "Authorize" in since(rig, mark)


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_errors_to_statuses_and_heartbeats_are_no_flood() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 10
        rig.csms.answer("StatusNotification", CallError("InternalError"))
        rig.csms.answer("Heartbeat", CallError("InternalError"))
        await rig.boot()
        await rig.do("plug_in")
        await rig.wait(60)
        assert len(rig.csms.actions()) < 20
        assert rig.connected
        rig.csms.answer("StatusNotification")
        rig.csms.answer("Heartbeat")
        await plug_and_tap(rig)


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §3.7.1")
@pytest.mark.parametrize("answer", [{}, {"transactionId": "5"}, {"transactionId": 5}, {"transactionId": None}])
@virtual
async def test_a_start_whose_answer_breaks_the_schema_is_sent_again(answer: dict[str, Any]) -> None:
    async with Rig(variables={"TransactionMessageRetryInterval": 5}) as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", answer)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(10)
        assert len(rig.heard_all("StartTransaction")) == 2
        assert transaction_id(rig) == 1


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §4.2")
@virtual
async def test_a_transaction_from_before_the_first_boot_gets_its_time_afterwards() -> None:
    async with Rig(variables={"AllowOfflineTxForUnknownId": "true"}) as rig:
        rig.host.start(offline=True)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        begun = rig.utc()
        await rig.wait(100)
        await tap_and_unplug(rig)
        await rig.wait(100)
        await rig.do("connect")
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert rig.csms.actions()[0] == "BootNotification"
        start = rig.csms.last("StartTransaction")
        assert start["timestamp"].startswith(begun.strftime("%Y-%m-%dT%H:%M:%S"))
        assert start["timestamp"] < stop(rig)["timestamp"]
        assert stop(rig)["transactionId"] == 1


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_a_scheduled_change_of_availability_survives_a_power_cut() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        answer = await rig.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        assert answer["status"] == "Scheduled"
        await rig.do("power_cycle")
        await rig.do("connect")
        await rig.do("unplug")
        await status_is(rig, "Unavailable")


@pytest.mark.spec("OCPP 1.6 §9.1.20", "OCPP 1.6 §4.9")
@virtual
async def test_short_statuses_are_not_told_with_a_minimum_duration() -> None:
    async with Rig(variables={"MinimumStatusDuration": 10}) as rig:
        await rig.boot()
        await rig.do("plug_in")
        await rig.wait(2)
        await rig.do("tap", tagId=CARD)
        await rig.wait(2)
        assert rig.statuses() == ["Available"]
        await rig.wait(10)
        assert rig.statuses() == ["Available", "Charging"]


@pytest.mark.spec("OCPP 1.6 §7.28")
@virtual
async def test_a_card_number_that_is_too_long_is_refused_by_the_station() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        answer = await rig.do("tap", tagId="A" * 21)
        assert answer["result"] == "REJECTED"
        assert rig.heard_all("Authorize") == []


@pytest.mark.spec("OCPP 1.6 §4.1")
@virtual
async def test_a_card_that_is_shown_twice_at_once_does_not_stop_what_it_starts() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.csms.once("Authorize", HOLD)
        first = rig.host.execute("tap", {"tagId": CARD})
        await rig.until(lambda: rig.heard_all("Authorize"))
        second = rig.host.execute("tap", {"tagId": CARD})
        await rig.wait(1)
        release(rig, "Authorize")
        await first.done
        assert (await second.done)["result"] == "ALREADY_IN_PROCESS"
        await charging(rig)
        assert rig.heard_all("StopTransaction") == []
        assert len(rig.heard_all("Authorize")) == 1


@pytest.mark.spec("OCPP 1.6 §5.14", "OCPP 1.6 §4.10")
@virtual
async def test_a_reset_before_the_start_is_answered() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", SILENCE)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(3)
        assert (await rig.call("Reset", {"type": "Hard"}))["status"] == "Accepted"
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        starts = rig.heard_all("StartTransaction")
        assert len(starts) == 2
        assert starts[0] == starts[1]
        assert stop(rig)["transactionId"] == 1
        assert stop(rig)["reason"] == "HardReset"
