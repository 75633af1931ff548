"""The queue of transaction messages: order, repetition, the offline flag, sequence numbers, reboots."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    TWO_EVSES,
    charging,
    events,
    of,
    offline,
    one,
    online,
    rebooted,
    set_variables,
    station,
    statuses,
    stopped,
    story,
)
from tests.support.rig import CARD, Rig
from tests.support.scripted_csms import DEFAULT, HOLD, SILENCE, CallError

ATTEMPTS = "OCPPCommCtrlr.MessageAttempts[TransactionEvent]"
INTERVAL = "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]"
QUICK = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": 5,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0,
    "AuthCtrlr.OfflineTxForUnknownIdEnabled": True,
    "SampledDataCtrlr.TxUpdatedInterval": 10,
}
SILENT = {**QUICK, "SampledDataCtrlr.TxUpdatedInterval": 0}
"""Without samples a car that waits for a card causes one message, and no more."""


def numbers(rig: Rig) -> list[int]:
    """The sequence numbers as heard, repeated ones included."""
    return [event["seqNo"] for event in events(rig)]


@pytest.mark.spec("E13.FR.02", "E13.FR.03")
@station(variables={ATTEMPTS: 2, INTERVAL: 5, **SILENT})
async def test_a_restart_of_the_csms_drops_nothing(rig: Rig) -> None:
    """However often the connection goes while a message is unanswered: that is no attempt."""
    rig.csms.answer("TransactionEvent", SILENCE)
    await rig.do("plug_in")
    for _ in range(6):
        await rig.wait(2)
        rig.lose_connection()
        await rig.until(lambda: rig.host.status()["online"], 200)
    rig.csms.answer("TransactionEvent", DEFAULT)
    rig.lose_connection()
    await rig.wait(30)
    assert set(numbers(rig)) == {0}
    assert rig.host.status()["queue"] == 0
    assert not [told for told in rig.told("error") if "given up" in told["message"]]


@pytest.mark.spec("E13.FR.02", "E13.FR.03")
@station(variables={ATTEMPTS: 2, INTERVAL: 5, **SILENT})
async def test_a_mute_csms_is_dialled_anew_and_drops_nothing(rig: Rig) -> None:
    rig.csms.answer("TransactionEvent", SILENCE)
    rig.csms.answer("Heartbeat", SILENCE)
    await rig.do("plug_in")
    await rig.wait(300)
    assert len(rig.dials) > 1
    rig.csms.answer("TransactionEvent", DEFAULT)
    await rig.wait(120)
    assert set(numbers(rig)) == {0}
    assert rig.host.status()["queue"] == 0


@pytest.mark.spec("E11.FR.01", "E12.FR.01")
@station(variables={ATTEMPTS: 3, INTERVAL: 60, **QUICK})
async def test_other_messages_overtake_one_that_waits_for_its_retry(rig: Rig) -> None:
    rig.csms.once("TransactionEvent", CallError("InternalError"))
    await rig.do("plug_in")
    await rig.quiet()
    rig.csms.clear()
    await rig.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert rig.csms.actions() == ["Heartbeat", "Authorize"]
    await rig.wait(60)
    assert numbers(rig)[:3] == [0, 1, 2]


@pytest.mark.spec("E11.FR.01", "E12.FR.01")
@station(variables=QUICK, profile=TWO_EVSES)
async def test_what_was_queued_is_told_in_order_before_what_is_new(rig: Rig) -> None:
    await charging(rig, evse=1)
    rig.csms.clear()
    await offline(rig, 45)
    await charging(rig, "0C0C0C0C", evse=2)
    await stopped(rig, evse=1)
    rig.csms.answer("TransactionEvent", HOLD)
    rig.refuse = None
    await rig.until(lambda: events(rig))
    await rig.do("tap", tagId="0C0C0C0C", evse=2)
    rig.csms.answer("TransactionEvent", DEFAULT)
    for text in rig.csms.release():
        rig.send(text)
    await rig.wait(2)
    stamps = [event["timestamp"] for event in events(rig)]
    assert stamps == sorted(stamps)
    assert story(rig)[-1][:2] == ("Ended", "StopAuthorized")


@pytest.mark.spec("E11.FR.02", "E08.FR.07")
@station(variables=SILENT)
async def test_what_was_in_flight_when_the_connection_went_is_told_as_offline(rig: Rig) -> None:
    rig.csms.once("TransactionEvent", SILENCE)
    await rig.do("plug_in")
    await rig.quiet()
    assert "offline" not in events(rig)[0]
    rig.lose_connection()
    await rig.wait(10)
    first, second = events(rig)
    assert second["offline"]
    assert first == {name: value for name, value in second.items() if name != "offline"}
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert all("offline" not in event for event in events(rig)[2:])


@pytest.mark.spec("E11.FR.02", "E12.FR.02")
@station(variables=QUICK)
async def test_offline_is_told_of_what_arose_offline_only(rig: Rig) -> None:
    await charging(rig)
    await offline(rig, 25)
    await online(rig)
    await rig.wait(15)
    flags = [event.get("offline", False) for event in events(rig)]
    assert flags == [False] * 3 + [True] * flags.count(True) + [False] * (len(flags) - 3 - flags.count(True))
    assert flags.count(True) >= 2 and flags[-1] is False


@pytest.mark.spec("E01.FR.07", "E11.FR.01")
@station(variables=QUICK, profile={"transactions": {"after_power_loss": "resume"}})
async def test_sequence_numbers_go_on_over_reboots_and_offline(rig: Rig) -> None:
    identity = await charging(rig)
    await offline(rig, 25)
    await rig.do("power_cycle")
    await rig.wait(30)
    await online(rig)
    await rig.wait(20)
    await rig.do("power_cycle")
    await rebooted(rig, 3)
    await rig.wait(20)
    await rig.do("tap", tagId=CARD)
    await rig.wait(2)
    assert {event["transactionInfo"]["transactionId"] for event in events(rig)} == {identity}
    assert numbers(rig) == list(range(len(events(rig))))
    assert len(of(rig, eventType="Started")) == len(of(rig, eventType="Ended")) == 1


@pytest.mark.spec("E12.FR.01", "E13.FR.01")
@station(variables=QUICK)
async def test_the_queue_survives_a_power_cut(rig: Rig) -> None:
    rig.csms.clear()
    await offline(rig)
    await charging(rig)
    await stopped(rig)
    queued = rig.host.status()["queue"]
    assert queued >= 4
    await rig.do("power_cycle")
    rig.refuse = None
    await rebooted(rig, 1)
    await rig.wait(5)
    assert len(events(rig)) == queued
    assert all(event["offline"] for event in events(rig))
    assert rig.csms.actions()[0] == "BootNotification"
    assert rig.host.status()["queue"] == 0


@pytest.mark.spec("E12.FR.01")
@station(variables=QUICK)
async def test_what_was_answered_is_not_told_again_after_a_power_cut(rig: Rig) -> None:
    await charging(rig)
    await stopped(rig)
    heard = len(events(rig))
    await rig.do("power_cycle")
    await rebooted(rig)
    assert len(events(rig)) == heard


@pytest.mark.spec("E13.FR.04")
@station(variables={ATTEMPTS: 1, INTERVAL: 0, **QUICK})
async def test_a_refused_message_does_not_hold_up_the_others(rig: Rig) -> None:
    rig.csms.answer("TransactionEvent", CallError("GenericError"))
    await charging(rig)
    await stopped(rig)
    await rig.wait(10)
    assert numbers(rig) == list(range(len(events(rig))))
    assert one(rig, eventType="Ended")
    assert rig.host.status()["queue"] == 0


@pytest.mark.spec("E13.FR.01")
@station(variables={ATTEMPTS: 3, INTERVAL: 10, **SILENT})
async def test_a_changed_number_of_attempts_holds_for_the_next_failure(rig: Rig) -> None:
    rig.csms.answer("TransactionEvent", CallError("InternalError"))
    await rig.do("plug_in")
    await rig.wait(5)
    data = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "MessageAttempts", "instance": "TransactionEvent"},
        "attributeValue": "2",
    }
    await rig.call("SetVariables", {"setVariableData": [data]})
    await rig.wait(100)
    assert numbers(rig) == [0, 0]


@pytest.mark.spec("E13.FR.03")
@station(variables={ATTEMPTS: 3, INTERVAL: 20})
async def test_a_failed_status_does_not_hold_up_transactions(rig: Rig) -> None:
    rig.csms.answer("StatusNotification", CallError("InternalError"))
    await charging(rig)
    assert numbers(rig) == [0, 1, 2]
    assert statuses(rig)[-1] == (1, 1, "Occupied")
    assert (await set_variables(rig, OCPPCommCtrlr__OfflineThreshold="10"))[0]["attributeStatus"] == "Accepted"
