"""Registration, heartbeats, connection: what may be said before a boot is accepted, and when it is said again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import (
    get_variable,
    id_info,
    is_charging,
    offline,
    online,
    report,
    set_variables,
    station,
    statuses,
    token,
)
from tests.support.rig import CARD, Rig
from tests.support.scripted_csms import SILENCE, CallError

NOW = "2026-01-01T12:00:00Z"


def boot(status: str, interval: int) -> dict[str, Any]:
    """An answer to BootNotification."""
    return {"status": status, "currentTime": NOW, "interval": interval}


async def started(rig: Rig, status: str, interval: int = 300) -> None:
    """Start the station; its first BootNotification gets this answer."""
    rig.csms.once("BootNotification", boot(status, interval))
    rig.host.start()
    await rig.until(lambda: rig.host.status()["boot"] == status)
    await rig.quiet()


@pytest.mark.spec("B02.FR.01", "B02.FR.08")
@station(boots=False)
async def test_pending_is_asked_again_after_the_interval(rig: Rig) -> None:
    await started(rig, "Pending", 50)
    await rig.wait(49)
    assert rig.csms.actions() == ["BootNotification"]
    await rig.wait(2)
    after = ["BootNotification", "StatusNotification", "SecurityEventNotification"]
    assert rig.csms.actions() == ["BootNotification", *after]
    assert rig.heard_all("BootNotification")[1]["reason"] == "PowerUp"


@pytest.mark.spec("B02.FR.07", "B03.FR.05")
@pytest.mark.parametrize("status", ["Pending", "Rejected"])
@station(boots=False)
async def test_an_interval_of_zero_is_no_flood(rig: Rig, status: str) -> None:
    rig.csms.answer("BootNotification", boot(status, 0))
    rig.host.start()
    await rig.wait(100)
    assert 2 <= len(rig.heard_all("BootNotification")) <= 12


@pytest.mark.spec("B01.FR.05", "G02.FR.02")
@station(boots=False)
async def test_an_accepted_interval_of_zero_leaves_the_heartbeat_interval(rig: Rig) -> None:
    rig.csms.interval_s = 0
    await rig.boot()
    assert (await get_variable(rig, "OCPPCommCtrlr.HeartbeatInterval"))["attributeValue"] == "300"
    await rig.wait(302)
    assert len(rig.heard_all("Heartbeat")) == 1


@pytest.mark.spec("B02.FR.02", "B02.FR.09")
@station(boots=False)
async def test_while_pending_only_what_was_asked_for_is_sent(rig: Rig) -> None:
    await started(rig, "Pending")
    await rig.do("plug_in")
    await rig.do("tap", tagId=CARD)
    assert rig.csms.actions() == ["BootNotification"]
    lines = await report(rig, "GetReport", componentCriteria=["Available"])
    assert lines
    place = {"id": 1, "connectorId": 1}
    answer = await rig.call("TriggerMessage", {"requestedMessage": "StatusNotification", "evse": place})
    assert answer["status"] == "Accepted"
    await rig.quiet()
    assert statuses(rig) == [(1, 1, "Occupied")]


@pytest.mark.spec("B02.FR.05")
@station(boots=False)
async def test_while_pending_remote_start_and_stop_are_rejected(rig: Rig) -> None:
    await started(rig, "Pending")
    request = {"idToken": token(), "remoteStartId": 1, "evseId": 1}
    assert (await rig.call("RequestStartTransaction", request))["status"] == "Rejected"
    assert (await rig.call("RequestStopTransaction", {"transactionId": "x"}))["status"] == "Rejected"
    await rig.do("plug_in")
    await rig.wait(5)
    assert not is_charging(rig)


@pytest.mark.spec("B02.FR.03", "B03.FR.01")
@pytest.mark.parametrize("status", ["Pending", "Rejected"])
@pytest.mark.parametrize("allowed", [True, False])
@station(boots=False, variables={"AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
async def test_charging_before_the_station_is_accepted_has_to_be_allowed(rig: Rig, status: str, allowed: bool) -> None:
    await started(rig, status, 60)
    await rig.do("set_config", key="TxCtrlr.TxBeforeAcceptedEnabled", value=str(allowed).lower())
    await rig.do("plug_in")
    answer = await rig.do("tap", tagId=CARD)
    await rig.wait(5)
    assert is_charging(rig) is allowed
    assert answer["result"] == ("USED_TO_START" if allowed else "REJECTED")
    assert rig.csms.actions() == ["BootNotification"]
    await rig.wait(60)
    assert bool([event for event in rig.transaction_events() if "idToken" in event]) is allowed


@pytest.mark.spec("B02.FR.03", "C02.FR.01")
@station(boots=False, profile={"auth": "free"})
async def test_who_needs_no_card_charges_once_the_station_is_accepted(rig: Rig) -> None:
    await started(rig, "Pending", 30)
    await rig.do("plug_in")
    await rig.wait(10)
    assert not is_charging(rig)
    await rig.wait(25)
    assert is_charging(rig)


@pytest.mark.spec("B03.FR.08")
@pytest.mark.parametrize("action", ["GetVariables", "Reset", "TriggerMessage", "MakeCoffee"])
@station(boots=False)
async def test_while_rejected_calls_get_an_error(rig: Rig, action: str) -> None:
    await started(rig, "Rejected")
    payload: dict[str, Any] = {
        "GetVariables": {"getVariableData": [{"component": {"name": "A"}, "variable": {"name": "B"}}]},
        "Reset": {"type": "OnIdle"},
        "TriggerMessage": {"requestedMessage": "BootNotification"},
    }.get(action, {})
    assert await rig.call_error(action, payload) == "SecurityError"
    await rig.quiet()
    assert rig.csms.actions() == ["BootNotification"]


@pytest.mark.spec("B01.FR.08")
@station(boots=False)
async def test_before_the_first_answer_calls_get_an_error(rig: Rig) -> None:
    rig.csms.once("BootNotification", SILENCE)
    rig.host.start()
    await rig.until(lambda: rig.heard_all("BootNotification"))
    assert await rig.call_error("Reset", {"type": "OnIdle"}) == "SecurityError"
    await rig.until(lambda: rig.host.status()["boot"] == "Accepted", 200)


@pytest.mark.spec("B01.FR.01")
@station(boots=False)
async def test_an_error_to_the_boot_notification_is_tried_again(rig: Rig) -> None:
    rig.csms.once("BootNotification", CallError("InternalError"), CallError("InternalError"))
    rig.host.start()
    await rig.until(lambda: rig.host.status()["boot"] == "Accepted", 200)
    assert len(rig.heard_all("BootNotification")) == 3


@pytest.mark.spec("B03.FR.04")
@station(boots=False)
async def test_a_reconnect_does_not_shorten_the_interval_of_a_rejection(rig: Rig) -> None:
    await started(rig, "Rejected", 200)
    rig.lose_connection()
    await rig.wait(150)
    assert len(rig.dials) == 2
    assert len(rig.heard_all("BootNotification")) == 1
    await rig.wait(60)
    assert len(rig.heard_all("BootNotification")) == 2


@pytest.mark.spec("G02.FR.01", "G02.FR.02")
@station(boots=False)
async def test_heartbeats_come_in_the_interval_of_the_boot(rig: Rig) -> None:
    rig.csms.interval_s = 60
    await rig.boot()
    assert (await get_variable(rig, "OCPPCommCtrlr.HeartbeatInterval"))["attributeValue"] == "60"
    await rig.wait(301)
    assert len(rig.heard_all("Heartbeat")) == 5


@pytest.mark.spec("G02.FR.03")
@station()
async def test_a_changed_heartbeat_interval_holds_at_once(rig: Rig) -> None:
    result = (await set_variables(rig, OCPPCommCtrlr__HeartbeatInterval="20"))[0]
    assert result["attributeStatus"] == "Accepted"
    await rig.wait(61)
    assert len(rig.heard_all("Heartbeat")) == 3


@pytest.mark.spec("G02.FR.06")
@station(variables={"SampledDataCtrlr.TxUpdatedInterval": 10})
async def test_other_messages_stand_for_heartbeats(rig: Rig) -> None:
    await set_variables(rig, OCPPCommCtrlr__HeartbeatInterval="30")
    await rig.do("plug_in")
    await rig.do("tap", tagId=CARD)
    await rig.wait(120)
    assert not rig.heard_all("Heartbeat")


@pytest.mark.spec("G02.FR.07")
@station()
async def test_the_time_of_a_heartbeat_is_taken_over(rig: Rig) -> None:
    rig.csms.answer("Heartbeat", {"currentTime": "2027-05-05T05:05:05Z"})
    await rig.do("heartbeat")
    await rig.do("plug_in")
    await rig.quiet()
    assert rig.heard_all("StatusNotification")[-1]["timestamp"].startswith("2027-05-05T05:05:05")


@pytest.mark.spec("OCPP-J 5.3")
@pytest.mark.parametrize("http_status", [401, 403, 404, 500, 503])
@station(variables={"OCPPCommCtrlr.RetryBackOffWaitMinimum": 10, "OCPPCommCtrlr.RetryBackOffRepeatTimes": 2})
async def test_every_refusal_is_followed_by_the_back_off(rig: Rig, http_status: int) -> None:
    rig.refuse_with(http_status)
    rig.lose_connection()
    await rig.wait(300)
    gaps = [after - before for before, after in zip(rig.dials[1:], rig.dials[2:], strict=False)]
    assert all(gap >= 10 for gap in gaps)
    assert gaps[0] < 40.1 and all(39.9 <= gap <= 50.1 for gap in gaps[2:])
    await online(rig)
    assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.spec("OCPP-J 5.3")
@station(variables={"OCPPCommCtrlr.RetryBackOffWaitMinimum": 0, "OCPPCommCtrlr.RetryBackOffRandomRange": 0})
async def test_a_back_off_of_zero_is_no_flood(rig: Rig) -> None:
    await offline(rig, 20)
    assert len(rig.dials) <= 41


@pytest.mark.spec("C01.FR.02")
@station()
async def test_a_card_shown_while_the_connection_breaks_is_judged_offline(rig: Rig) -> None:
    await rig.do("set_config", key="AuthCtrlr.OfflineTxForUnknownIdEnabled", value="true")
    rig.csms.answer("Authorize", SILENCE)
    await rig.do("plug_in")
    execution = rig.host.execute("tap", {"tagId": CARD})
    await rig.wait(1)
    await offline(rig)
    assert (await execution.done)["result"] == "USED_TO_START"
    rig.csms.answer("Authorize", id_info("Accepted"))
    await online(rig)
    assert is_charging(rig)


@station()
async def test_a_new_connection_outlives_what_the_old_one_still_says(rig: Rig) -> None:
    await rig.do("go_offline")
    await rig.do("come_online")
    await rig.quiet()
    assert rig.host.status()["online"]
    assert len(rig.dials) == 2
