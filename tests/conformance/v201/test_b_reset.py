"""Block B: resets of the station and of an EVSE."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    OTHER_CARD,
    TWO_EVSES,
    charging,
    is_charging,
    one,
    rebooted,
    station,
    statuses,
    stopped,
)
from tests.support.rig import CARD, Rig


@pytest.mark.case("TC_B_20_CS", "2.0.1")
@pytest.mark.spec("B11.FR.01", "B11.FR.03", "B11.FR.04", "B01.FR.03")
@station()
async def test_tc_b_20_reset_on_idle_without_a_transaction(rig: Rig) -> None:
    assert (await rig.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    await rebooted(rig)
    assert rig.heard_all("BootNotification")[1]["reason"] == "RemoteReset"
    assert statuses(rig)[-1] == (1, 1, "Available")


@pytest.mark.case("TC_B_21_CS", "2.0.1")
@pytest.mark.spec("B12.FR.01", "B12.FR.03")
@station()
async def test_tc_b_21_reset_on_idle_waits_for_the_transaction(rig: Rig) -> None:
    await charging(rig)
    assert (await rig.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    await rig.wait(30)
    assert is_charging(rig)
    await rig.do("tap", tagId=CARD)
    await rebooted(rig)
    assert one(rig, eventType="Ended")["transactionInfo"]["stoppedReason"] == "Local"
    assert rig.heard_all("BootNotification")[1]["reason"] == "ScheduledReset"
    assert statuses(rig)[-1] == (1, 1, "Occupied")


@pytest.mark.case("TC_B_22_CS", "2.0.1")
@pytest.mark.spec("B12.FR.02", "B12.FR.04", "E07.FR.03", "B01.FR.03")
@station(profile=TWO_EVSES)
async def test_tc_b_22_reset_immediate_ends_the_transaction(rig: Rig) -> None:
    await charging(rig)
    assert (await rig.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await rebooted(rig)
    ended = one(rig, eventType="Ended")
    assert ended["triggerReason"] == "ResetCommand"
    assert ended["transactionInfo"]["chargingState"] == "EVConnected"
    assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    assert "idToken" not in ended
    told = [(entry.action, entry.payload.get("eventType")) for entry in rig.csms.entries()]
    assert told.index(("TransactionEvent", "Ended")) < told.index(("BootNotification", None), 1)
    assert rig.heard_all("BootNotification")[1]["reason"] == "RemoteReset"
    assert statuses(rig)[-2:] == [(1, 1, "Occupied"), (2, 1, "Available")]


@pytest.mark.case("TC_B_23_CS", "2.0.1")
@pytest.mark.spec("B11.FR.01", "B11.FR.02", "B11.FR.03", "B11.FR.04", "B01.FR.03")
@station(profile=TWO_EVSES)
async def test_tc_b_23_unavailable_persists_a_reset(rig: Rig) -> None:
    place = {"id": 1, "connectorId": 1}
    await rig.call("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": place})
    assert (await rig.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    await rebooted(rig)
    assert rig.heard_all("BootNotification")[1]["reason"] == "RemoteReset"
    assert statuses(rig)[-2:] == [(1, 1, "Unavailable"), (2, 1, "Available")]


@pytest.mark.not_applicable("TC_B_25_CS", "2.0.1", "EVSE.AllowReset is false")
@pytest.mark.case("TC_B_28_CS", "2.0.1")
@pytest.mark.spec("B11.FR.01", "B11.FR.09", "B12.FR.01", "B12.FR.09")
@station()
async def test_tc_b_28_reset_of_an_evse_is_not_supported(rig: Rig) -> None:
    assert (await rig.call("Reset", {"type": "OnIdle", "evseId": 1}))["status"] == "Rejected"
    await rig.wait(20)
    assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.not_applicable("TC_B_26_CS", "2.0.1", "EVSE.AllowReset is false")
@pytest.mark.not_applicable("TC_B_27_CS", "2.0.1", "EVSE.AllowReset is false")
@pytest.mark.case("TC_B_29_CS", "2.0.1")
@pytest.mark.spec("B12.FR.01", "B12.FR.09")
@pytest.mark.parametrize("kind", ["OnIdle", "Immediate"])
@station()
async def test_tc_b_29_reset_of_an_evse_with_a_transaction_is_not_supported(rig: Rig, kind: str) -> None:
    await charging(rig)
    assert (await rig.call("Reset", {"type": kind, "evseId": 1}))["status"] == "Rejected"
    await rig.wait(20)
    assert is_charging(rig)


@pytest.mark.case("TC_B_41_CS", "2.0.1")
@pytest.mark.spec("B12.FR.01", "B12.FR.03", "E07.FR.03")
@station(profile=TWO_EVSES)
async def test_tc_b_41_reset_on_idle_waits_for_all_transactions(rig: Rig) -> None:
    await charging(rig, CARD, evse=1)
    await charging(rig, OTHER_CARD, evse=2)
    assert (await rig.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    await stopped(rig, CARD, evse=1)
    await rig.wait(20)
    assert len(rig.heard_all("BootNotification")) == 1
    assert is_charging(rig, 2)
    await rig.do("tap", tagId=OTHER_CARD, evse=2)
    await rebooted(rig)
    assert rig.heard_all("BootNotification")[1]["reason"] == "ScheduledReset"
    assert statuses(rig)[-2:] == [(1, 1, "Available"), (2, 1, "Occupied")]


@pytest.mark.spec("B12.FR.03", "B11.FR.06")
@station(profile=TWO_EVSES)
async def test_no_session_begins_while_a_reset_waits(rig: Rig) -> None:
    await charging(rig)
    await rig.call("Reset", {"type": "OnIdle"})
    await rig.quiet()
    assert statuses(rig)[-1] == (2, 1, "Unavailable")
    start = {"idToken": {"idToken": OTHER_CARD, "type": "ISO14443"}, "remoteStartId": 1, "evseId": 2}
    assert (await rig.call("RequestStartTransaction", start))["status"] == "Rejected"


@pytest.mark.spec("B11.FR.01")
@station()
async def test_reset_of_an_unknown_evse_is_rejected(rig: Rig) -> None:
    assert (await rig.call("Reset", {"type": "OnIdle", "evseId": 9}))["status"] == "Rejected"
