"""Power cuts: what was running is ended or resumed; registers and availability stay; nothing is told twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import (
    charging,
    events,
    evse_status,
    is_charging,
    of,
    offline,
    one,
    rebooted,
    station,
    statuses,
    story,
    token,
)
from tests.support.rig import CARD, Rig

RESUME = {"transactions": {"after_power_loss": "resume"}}
SAMPLES = {"SampledDataCtrlr.TxUpdatedInterval": 10}


def last_register(event: dict[str, Any]) -> float:
    """The energy register of an event's last value."""
    value: float = event["meterValue"][-1]["sampledValue"][0]["value"]
    return value


@pytest.mark.spec("B01.FR.03", "E06.FR.08", "J02.FR.16")
@station(variables=SAMPLES)
async def test_by_default_a_power_cut_ends_the_transaction(rig: Rig) -> None:
    identity = await charging(rig)
    await rig.wait(65)
    seen = last_register(events(rig)[-1])
    shown = evse_status(rig)["meter_wh"]
    await rig.do("power_cycle")
    await rebooted(rig)
    ended = one(rig, eventType="Ended")
    assert ended["transactionInfo"]["transactionId"] == identity
    assert ended["transactionInfo"]["stoppedReason"] == "PowerLoss"
    assert ended["triggerReason"] == "AbnormalCondition"
    assert ended["seqNo"] == max(event["seqNo"] for event in of(rig, transactionId=identity))
    assert last_register(ended) >= max(seen, shown)
    assert ended["timestamp"] >= of(rig, eventType="Updated")[-1]["timestamp"] or len(of(rig, eventType="Updated"))
    assert rig.heard_all("BootNotification")[1]["reason"] == "PowerUp"
    assert not is_charging(rig)


@pytest.mark.spec("B01.FR.03")
@station()
async def test_the_reason_of_a_power_cycle_can_be_given(rig: Rig) -> None:
    await charging(rig)
    await rig.do("power_cycle", reason="Reboot")
    await rebooted(rig)
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("ResetCommand", "Reboot")


@pytest.mark.spec("E01.FR.07", "J02.FR.17")
@station(profile=RESUME, variables=SAMPLES)
async def test_a_transaction_is_resumed_where_the_profile_says_so(rig: Rig) -> None:
    identity = await charging(rig)
    await rig.wait(25)
    await rig.do("power_cycle")
    await rebooted(rig)
    await rig.wait(25)
    assert is_charging(rig)
    assert evse_status(rig)["transaction"]["id"] == identity
    assert {event["transactionInfo"]["transactionId"] for event in events(rig)} == {identity}
    await rig.do("tap", tagId=CARD)
    await rig.wait(1)
    ended = one(rig, eventType="Ended")
    assert (ended["idToken"], ended["transactionInfo"]["stoppedReason"]) == (token(), "Local")
    registers = [last_register(event) for event in events(rig) if "meterValue" in event]
    assert registers == sorted(registers)


@pytest.mark.spec("E06.FR.02")
@station(profile=RESUME)
async def test_a_car_that_left_in_the_dark_is_not_resumed(rig: Rig) -> None:
    identity = await charging(rig)
    await rig.do("power_cycle")
    await rig.do("unplug")
    await rebooted(rig)
    assert one(rig, eventType="Ended", transactionId=identity)["transactionInfo"]["stoppedReason"] == "PowerLoss"
    assert statuses(rig)[-1] == (1, 1, "Available")


@pytest.mark.spec("E01.FR.07")
@station(profile=RESUME)
async def test_several_power_cuts_in_a_row(rig: Rig) -> None:
    identity = await charging(rig)
    for boots in range(2, 6):
        await rig.wait(5)
        await rig.do("power_cycle")
        await rebooted(rig, boots)
    assert evse_status(rig)["transaction"]["id"] == identity
    assert is_charging(rig)
    assert {event["transactionInfo"]["transactionId"] for event in events(rig)} == {identity}


@pytest.mark.spec("E12.FR.01", "E11.FR.02")
@station()
async def test_a_power_cut_while_offline_is_told_later(rig: Rig) -> None:
    identity = await charging(rig)
    rig.csms.clear()
    await offline(rig, 5)
    await rig.do("power_cycle")
    await rig.wait(20)
    rig.refuse = None
    await rebooted(rig, 1)
    ended = one(rig, eventType="Ended", transactionId=identity)
    assert ended["transactionInfo"]["stoppedReason"] == "PowerLoss"
    assert ended["offline"]


@pytest.mark.spec("B01.FR.07")
@station()
async def test_a_transaction_whose_end_was_told_is_not_ended_again(rig: Rig) -> None:
    await charging(rig)
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    await rig.do("power_cycle")
    await rebooted(rig)
    assert len(of(rig, eventType="Ended")) == 1


@pytest.mark.spec("B12.FR.05")
@station()
async def test_an_immediate_reset_whose_end_is_not_answered_is_told_after_the_boot(rig: Rig) -> None:
    from tests.support.scripted_csms import DEFAULT, SILENCE

    identity = await charging(rig)
    rig.csms.answer("TransactionEvent", SILENCE)
    assert (await rig.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await rig.until(lambda: of(rig, eventType="Ended"))
    await rig.wait(8)
    rig.csms.answer("TransactionEvent", DEFAULT)
    await rebooted(rig)
    told = of(rig, eventType="Ended", transactionId=identity)
    assert len(told) == 2
    assert told[0]["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    assert (told[0]["seqNo"], told[0]["timestamp"]) == (told[1]["seqNo"], told[1]["timestamp"])


@pytest.mark.spec("E03.FR.01")
@station()
async def test_a_card_that_waited_for_a_cable_is_forgotten(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    await rig.do("power_cycle")
    await rebooted(rig)
    await rig.do("plug_in")
    await rig.wait(5)
    assert not is_charging(rig)
    assert ("Ended", "AbnormalCondition", "Idle") in story(rig)


@pytest.mark.spec("E11.FR.01", "E12.FR.06")
@station(profile=RESUME, variables={**SAMPLES, "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0})
async def test_several_power_cuts_without_a_clock_are_told_in_their_order(rig: Rig) -> None:
    """No boot but the first and the last ever learns the time."""
    await charging(rig)
    await offline(rig, 15)
    for _ in range(3):
        await rig.do("power_cycle")
        await rig.wait(35)
    rig.refuse = None
    await rebooted(rig)
    await rig.wait(15)
    moments = [event["timestamp"] for event in events(rig)]
    assert moments == sorted(moments)
    assert len(events(rig)) > 10
