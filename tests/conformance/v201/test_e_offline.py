"""Block E: transactions and a connection that comes and goes; transaction status; retries."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.conformance.v201.flows import (
    GROUP,
    OTHER_CARD,
    cached,
    charging,
    contexts,
    events,
    id_info,
    of,
    offline,
    one,
    online,
    station,
    stopped,
    story,
    token,
)
from tests.support.rig import CARD, Rig
from tests.support.scripted_csms import DEFAULT, HOLD, SILENCE, CallError

RETRY = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": 40,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
    "OCPPCommCtrlr.OfflineThreshold": 100,
    "SampledDataCtrlr.TxUpdatedInterval": 10,
}
ATTEMPTS = {
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": 3,
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": 10,
    "OCPPCommCtrlr.MessageTimeout[Default]": 30,
    "SampledDataCtrlr.TxUpdatedInterval": 0,
    "TxCtrlr.TxStartPoint": "EVConnected",
}


async def status(rig: Rig, identity: str | None = None) -> tuple[Any, Any]:
    """GetTransactionStatus: ongoingIndicator and messagesInQueue."""
    request = {} if identity is None else {"transactionId": identity}
    answer = await rig.call("GetTransactionStatus", request)
    return answer.get("ongoingIndicator"), answer["messagesInQueue"]


@pytest.mark.case("TC_E_28_CS", "2.0.1")
@pytest.mark.spec("E14.FR.01")
@station()
async def test_tc_e_28_status_of_an_unknown_transaction(rig: Rig) -> None:
    assert await status(rig, "no-such-transaction") == (False, False)


@pytest.mark.case("TC_E_29_CS", "2.0.1")
@pytest.mark.spec("E14.FR.02", "E14.FR.04")
@station(variables=RETRY)
async def test_tc_e_29_status_ongoing_with_messages(rig: Rig) -> None:
    identity = await charging(rig)
    rig.csms.clear()
    await offline(rig, 20)
    rig.csms.answer("TransactionEvent", HOLD)
    await online(rig)
    assert await status(rig, identity) == (True, True)
    rig.csms.answer("TransactionEvent")
    for text in rig.csms.release():
        rig.send(text)
    await rig.quiet()
    assert len(events(rig)) >= 2
    for event in events(rig):
        assert (event["eventType"], event["offline"], contexts(event)) == ("Updated", True, ["Sample.Periodic"])


@pytest.mark.case("TC_E_30_CS", "2.0.1")
@pytest.mark.spec("E14.FR.02", "E14.FR.05")
@station()
async def test_tc_e_30_status_ongoing_without_messages(rig: Rig) -> None:
    assert await status(rig, await charging(rig)) == (True, False)


@pytest.mark.case("TC_E_31_CS", "2.0.1")
@pytest.mark.spec("E14.FR.03", "E14.FR.04")
@station(variables=RETRY)
async def test_tc_e_31_status_ended_with_messages(rig: Rig) -> None:
    identity = await charging(rig)
    rig.csms.clear()
    await offline(rig)
    await stopped(rig)
    rig.csms.answer("TransactionEvent", HOLD)
    await online(rig)
    assert await status(rig, identity) == (False, True)
    rig.csms.answer("TransactionEvent")
    for text in rig.csms.release():
        rig.send(text)
    await rig.quiet()
    assert one(rig, eventType="Ended")["offline"]
    assert await status(rig, identity) == (False, False)


@pytest.mark.case("TC_E_32_CS", "2.0.1")
@pytest.mark.spec("E14.FR.03", "E14.FR.05")
@station()
async def test_tc_e_32_status_ended_without_messages(rig: Rig) -> None:
    identity = await charging(rig)
    await stopped(rig)
    assert await status(rig, identity) == (False, False)


@pytest.mark.case("TC_E_33_CS", "2.0.1")
@pytest.mark.spec("E14.FR.06", "E14.FR.07")
@station(variables=RETRY)
async def test_tc_e_33_status_of_any_with_messages(rig: Rig) -> None:
    await charging(rig)
    await offline(rig, 20)
    rig.csms.answer("TransactionEvent", HOLD)
    await online(rig)
    assert await status(rig) == (None, True)


@pytest.mark.case("TC_E_34_CS", "2.0.1")
@pytest.mark.spec("E14.FR.06", "E14.FR.08")
@station()
async def test_tc_e_34_status_of_any_without_messages(rig: Rig) -> None:
    assert await status(rig) == (None, False)


@pytest.mark.case("TC_E_40_CS", "2.0.1")
@pytest.mark.spec("E11.FR.01", "E11.FR.02", "E11.FR.06")
@station(variables=RETRY)
async def test_tc_e_40_connection_loss_during_a_transaction(rig: Rig) -> None:
    await charging(rig)
    rig.csms.clear()
    await offline(rig, 35)
    await online(rig)
    told = events(rig)
    assert len(told) == 4
    for event in told:
        assert (event["eventType"], event["offline"]) == ("Updated", True)
        assert contexts(event) == ["Sample.Periodic"]
    await rig.wait(10)
    assert "offline" not in events(rig)[-1]


@pytest.mark.case("TC_E_43_CS", "2.0.1")
@pytest.mark.spec("E12.FR.01", "E12.FR.02", "E12.FR.06")
@station(variables={**RETRY, "AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
async def test_tc_e_43_transaction_while_offline(rig: Rig) -> None:
    rig.csms.clear()
    await offline(rig)
    await charging(rig)
    await stopped(rig)
    await online(rig)
    assert all(event["offline"] for event in events(rig))
    assert [one(rig, eventType="Started")["seqNo"], one(rig, eventType="Ended")["seqNo"]] == [0, len(events(rig)) - 1]
    assert "Authorize" not in rig.csms.actions()


@pytest.mark.case("TC_E_44_CS", "2.0.1")
@pytest.mark.spec("E08.FR.01", "E08.FR.04", "E08.FR.05", "E08.FR.06", "E08.FR.07", "E08.FR.08")
@station(variables=RETRY)
async def test_tc_e_44_stop_while_offline(rig: Rig) -> None:
    await charging(rig)
    rig.csms.clear()
    await offline(rig)
    await stopped(rig)
    await online(rig)
    assert all(event["offline"] for event in events(rig))
    ended = one(rig, eventType="Ended")
    assert (ended["idToken"], ended["transactionInfo"]["stoppedReason"]) == (token(), "Local")


@pytest.mark.case("TC_E_45_CS", "2.0.1")
@pytest.mark.spec("E08.FR.02", "E08.FR.04", "E08.FR.05", "E08.FR.06", "E08.FR.07", "E08.FR.08")
@station(variables=RETRY)
async def test_tc_e_45_stop_while_offline_by_the_same_group(rig: Rig) -> None:
    await cached(rig, OTHER_CARD, group=GROUP)
    rig.csms.answer("Authorize", id_info("Accepted", GROUP))
    await charging(rig)
    rig.csms.clear()
    await offline(rig)
    await stopped(rig, OTHER_CARD)
    await online(rig)
    assert all(event["offline"] for event in events(rig))
    ended = one(rig, eventType="Ended")
    assert (ended["idToken"], ended["transactionInfo"]["stoppedReason"]) == (token(OTHER_CARD), "Local")


def sent_at(rig: Rig, times: list[float]) -> Any:
    """An answer function that notes when it was asked."""

    def note(answer: Any) -> Any:
        def answering(_: Any) -> Any:
            times.append(rig.loop.time())
            return answer

        return answering

    return note


def gaps(times: list[float]) -> list[int]:
    """The seconds between moments."""
    return [round(after - before) for before, after in pairwise(times)]


async def alive(rig: Rig, seconds: int) -> None:
    """Let time pass; the CSMS shows every second that it is there."""
    for _ in range(seconds):
        await rig.call("GetTransactionStatus", {})
        await rig.wait(1)


@pytest.mark.case("TC_E_41_CS", "2.0.1")
@pytest.mark.spec("E13.FR.01", "E13.FR.02", "E13.FR.03", "E13.FR.04")
@station(variables=ATTEMPTS)
async def test_tc_e_41_no_answer_until_the_attempts_are_used(rig: Rig) -> None:
    times: list[float] = []
    rig.csms.answer("TransactionEvent", sent_at(rig, times)(SILENCE))
    await rig.do("plug_in")
    await alive(rig, 200)
    assert gaps(times) == [40, 50]
    assert len({event["seqNo"] for event in events(rig)}) == 1


@pytest.mark.case("TC_E_50_CS", "2.0.1")
@pytest.mark.spec("E13.FR.01", "E13.FR.02", "E13.FR.03", "E13.FR.04")
@station(variables=ATTEMPTS)
async def test_tc_e_50_errors_until_the_attempts_are_used(rig: Rig) -> None:
    times: list[float] = []
    rig.csms.answer("TransactionEvent", sent_at(rig, times)(CallError("InternalError")))
    await rig.do("plug_in")
    await rig.wait(200)
    assert gaps(times) == [10, 20]
    ids = [entry.id for entry in rig.csms.entries("TransactionEvent")]
    assert len(set(ids)) == 3
    assert any("given up" in told["message"] for told in rig.told("error"))


@pytest.mark.case("TC_E_42_CS", "2.0.1")
@pytest.mark.spec("E13.FR.01", "E13.FR.02", "E13.FR.03")
@station(variables=ATTEMPTS)
async def test_tc_e_42_answered_at_the_second_attempt(rig: Rig) -> None:
    times: list[float] = []
    note = sent_at(rig, times)
    rig.csms.answer("TransactionEvent", note(SILENCE), note(DEFAULT))
    await rig.do("plug_in")
    await alive(rig, 200)
    assert gaps(times) == [40]


@pytest.mark.case("TC_E_51_CS", "2.0.1")
@pytest.mark.spec("E13.FR.01", "E13.FR.02", "E13.FR.03")
@station(variables=ATTEMPTS)
async def test_tc_e_51_accepted_at_the_second_attempt(rig: Rig) -> None:
    times: list[float] = []
    note = sent_at(rig, times)
    rig.csms.answer("TransactionEvent", note(CallError("InternalError")), note(DEFAULT))
    await rig.do("plug_in")
    await rig.wait(200)
    assert gaps(times) == [10]


@pytest.mark.spec("E13.FR.04")
@station(variables={**ATTEMPTS, "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": 1})
async def test_after_a_message_was_given_up_the_next_one_is_told(rig: Rig) -> None:
    rig.csms.once("TransactionEvent", CallError("InternalError"))
    await rig.do("plug_in")
    await rig.do("tap", tagId=CARD)
    await rig.wait(20)
    assert [event["seqNo"] for event in events(rig)] == [0, 1, 2], story(rig)
    assert of(rig, triggerReason="Authorized")


@pytest.mark.spec("E12.FR.06", "B01.FR.06")
@station(boots=False, variables={"AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
async def test_what_happened_before_the_time_was_known_is_told_with_the_right_time(rig: Rig) -> None:
    rig.host.start(offline=True)
    await rig.wait(100)
    await charging(rig)
    await rig.wait(100)
    await stopped(rig)
    await rig.wait(100)
    await rig.do("come_online")
    await rig.wait(2)
    assert one(rig, eventType="Started")["timestamp"] == "2026-01-01T12:01:40.000Z"
    assert one(rig, eventType="Ended")["timestamp"].startswith("2026-01-01T12:03:20")
    assert events(rig)[0]["meterValue"][0]["timestamp"] == "2026-01-01T12:01:40.000Z"


@pytest.mark.spec("E11.FR.01")
@station(variables=RETRY)
async def test_timestamps_are_those_of_the_moment_not_of_the_telling(rig: Rig) -> None:
    await charging(rig)
    rig.csms.clear()
    await offline(rig, 35)
    await online(rig)
    told = rig.utc().isoformat()
    assert all(event["timestamp"] < told[:19] for event in events(rig))
    assert len({event["timestamp"] for event in events(rig)}) == len(events(rig))
