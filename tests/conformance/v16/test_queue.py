"""Transaction messages: order, retries, and what becomes of those that are never answered."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.conformance.v16.flows import (
    charging,
    online,
    order,
    plug_and_tap,
    since,
    status_is,
    stop,
    tap_and_unplug,
    transaction_id,
)
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import DEFAULT, HOLD, SILENCE, CallError, Delay

RETRY = {"TransactionMessageAttempts": 3, "TransactionMessageRetryInterval": 10}


def note_times(rig: Rig, action: str, answer: object) -> list[float]:
    """Answer an action so from now on, and note when it came."""
    times: list[float] = []

    def noted(_: object) -> object:
        times.append(rig.loop.time())
        return answer

    rig.csms.answer(action, noted)
    return times


@pytest.mark.spec("OCPP 1.6 §3.7.1")
@virtual
async def test_a_refused_start_is_sent_again_after_interval_times_transmissions() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        times = note_times(rig, "StartTransaction", CallError("InternalError"))
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(120)
        assert [round(later - earlier) for earlier, later in pairwise(times)] == [10, 20]
        starts = rig.heard_all("StartTransaction")
        assert starts[0] == starts[1] == starts[2]
        assert rig.status["contactor"] == "closed"


@pytest.mark.spec("OCPP 1.6 §3.7.1", "OCPP 1.6 errata 3.18")
@virtual
async def test_what_depends_on_a_start_that_was_given_up_goes_with_minus_1() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        rig.csms.answer("StartTransaction", CallError("InternalError"))
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(65)
        await tap_and_unplug(rig)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["transactionId"] == -1
        assert {told["transactionId"] for told in rig.heard_all("MeterValues")} == {-1}
        assert any("given up" in told["message"] for told in rig.told("error"))


@pytest.mark.spec("OCPP 1.6 §3.7.1", "OCPP 1.6 errata 3.18")
@virtual
async def test_a_start_that_is_never_answered_over_a_living_connection_is_given_up() -> None:
    async with Rig(variables={**RETRY, "HeartbeatInterval": 5}) as rig:
        rig.csms.interval_s = 5
        await rig.boot()
        rig.csms.answer("StartTransaction", SILENCE)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.do("tap", timeout_s=60, tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"), 400)
        assert len(rig.heard_all("StartTransaction")) == 3
        assert stop(rig)["transactionId"] == -1
        assert len(rig.dials) == 1


@pytest.mark.spec("OCPP 1.6 §3.7.1", "OCPP 1.6 errata 3.18")
@virtual
async def test_a_start_that_is_never_answered_is_given_up_though_nothing_else_is_to_be_said() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        rig.csms.answer("StartTransaction", SILENCE)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.do("tap", timeout_s=60, tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"), 250)
        assert len(rig.heard_all("StartTransaction")) == 3
        assert stop(rig)["transactionId"] == -1
        assert len(rig.dials) == 1


@pytest.mark.spec("OCPP 1.6 §3.7.1")
@virtual
async def test_minus_1_is_not_sent_before_the_attempts_are_used() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        rig.csms.answer("StartTransaction", CallError("InternalError"), CallError("InternalError"), DEFAULT)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        assert rig.heard_all("StopTransaction") == []
        await rig.wait(40)
        assert len(rig.heard_all("StartTransaction")) == 3
        assert stop(rig)["transactionId"] == 1


@pytest.mark.spec("OCPP 1.6 §3.7.1")
@virtual
async def test_a_callerror_to_a_stop_does_not_block_the_queue() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.answer("StopTransaction", CallError("GenericError"))
        await tap_and_unplug(rig)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(45)
        assert len(rig.heard_all("StopTransaction")) == 3
        assert order(rig, "StopTransaction", "StopTransaction", "StopTransaction", "StartTransaction")
        rig.csms.answer("StopTransaction")
        await tap_and_unplug(rig)
        assert rig.csms.last("StopTransaction")["transactionId"] == 2
        assert rig.host.status()["queue"] == 0


@pytest.mark.spec("OCPP 1.6 §3.7")
@virtual
async def test_a_new_transaction_message_waits_for_the_one_before() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.once("StopTransaction", CallError("InternalError"))
        await tap_and_unplug(rig)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        assert len(rig.heard_all("StartTransaction")) == 1
        await rig.wait(10)
        assert len(rig.heard_all("StartTransaction")) == 2
        assert order(rig, "StopTransaction", "StopTransaction", "StartTransaction")


@pytest.mark.spec("OCPP 1.6 §3.7")
@virtual
async def test_other_messages_overtake() -> None:
    async with Rig(variables={**RETRY, "TransactionMessageRetryInterval": 100}) as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", CallError("InternalError"))
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await charging(rig)
        mark = len(rig.csms.actions())
        await rig.do("heartbeat")
        await rig.do("ev_suspend")
        await status_is(rig, "SuspendedEV")
        assert since(rig, mark) == ["Heartbeat", "StatusNotification"]
        await rig.wait(100)
        assert transaction_id(rig) == 1


@pytest.mark.spec("OCPP 1.6 §4.10")
@virtual
async def test_a_stop_waits_for_the_answer_to_its_start() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", HOLD)
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(3)
        await tap_and_unplug(rig)
        assert rig.heard_all("StopTransaction") == []
        for text in rig.csms.release("StartTransaction"):
            rig.send(text)
        await rig.quiet()
        assert stop(rig)["transactionId"] == 1


@pytest.mark.spec("OCPP 1.6 §4.8")
@virtual
async def test_an_answer_within_the_time_out_is_good() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", Delay(20.0))
        await plug_and_tap(rig)
        assert transaction_id(rig) == 1
        assert len(rig.heard_all("StartTransaction")) == 1


@pytest.mark.spec("OCPP 1.6 §3.7")
@virtual
async def test_a_csms_that_restarts_again_and_again_loses_nothing() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.answer("StopTransaction", SILENCE)
        await rig.do("tap", tagId=CARD)
        for count in range(1, 8):
            await rig.until(lambda count=count: len(rig.heard_all("StopTransaction")) == count, 1000)
            rig.lose_connection()
        rig.csms.answer("StopTransaction")
        await rig.until(lambda: rig.host.status()["queue"] == 0, 1000)
        stops = rig.heard_all("StopTransaction")
        assert len(stops) == 8
        assert all(made == stops[0] for made in stops)
        assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.spec("OCPP 1.6 §3.7.1")
@virtual
async def test_a_dead_connection_uses_up_no_attempts() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        actions = ("StopTransaction", "MeterValues", "StatusNotification", "Heartbeat")
        for action in actions:
            rig.csms.answer(action, SILENCE)
        await tap_and_unplug(rig)
        await rig.wait(1200)
        assert len(rig.dials) > 2
        for action in actions:
            rig.csms.answer(action)
        await rig.until(lambda: rig.host.status()["queue"] == 0, 1200)
        assert not any("given up" in told["message"] for told in rig.told("error"))
        stops = rig.heard_all("StopTransaction")
        assert all(made == stops[0] for made in stops)
        assert stops[0]["transactionId"] == 1


@pytest.mark.spec("OCPP 1.6 §4.8")
@virtual
async def test_a_late_or_doubled_answer_is_ignored() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        rig.csms.once("StartTransaction", Delay(45.0, {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}))
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.wait(120)
        assert transaction_id(rig) == 1
        await tap_and_unplug(rig)
        assert stop(rig)["transactionId"] == 1


@pytest.mark.spec("OCPP 1.6 §3.7")
@virtual
async def test_message_ids_are_never_used_twice() -> None:
    async with Rig(variables={"AllowOfflineTxForUnknownId": "true"}) as rig:
        await rig.boot()
        for _ in range(3):
            await plug_and_tap(rig)
            await rig.do("go_offline")
            await tap_and_unplug(rig)
            await online(rig)
        await rig.do("power_cycle")
        await rig.do("connect")
        ids = [entry.id for entry in rig.csms.entries()]
        assert len(ids) == len(set(ids))
        assert all(len(one) <= 36 for one in ids)


@pytest.mark.spec("OCPP-J 1.6 §4.1.1")
@virtual
async def test_one_call_at_a_time() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.csms.once("Authorize", HOLD)
        await rig.do("plug_in")
        execution = rig.host.execute("tap", {"tagId": CARD})
        await rig.wait(1)
        mark = len(rig.csms.actions())
        answer = await rig.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
        assert answer["status"] == "Accepted"
        await rig.wait(5)
        assert since(rig, mark) == []
        for text in rig.csms.release("Authorize"):
            rig.send(text)
        await execution.done
        await rig.quiet()
        assert "Heartbeat" in since(rig, mark)
