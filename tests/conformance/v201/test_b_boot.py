"""Block B: booting, being pending or rejected, reconnecting, statuses after a time offline."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    TWO_EVSES,
    charging,
    events,
    get_variable,
    offline,
    online,
    set_variables,
    station,
    statuses,
    token,
)
from tests.support.rig import CARD, Rig

SLOW_RETRY = {"OCPPCommCtrlr.RetryBackOffRandomRange": 0, "OCPPCommCtrlr.OfflineThreshold": 20}


@pytest.mark.case("TC_B_01_CS", "2.0.1")
@pytest.mark.spec("B01.FR.01", "B01.FR.05", "B01.FR.09")
@station(profile=TWO_EVSES)
async def test_tc_b_01_cold_boot_accepted(rig: Rig) -> None:
    boot = rig.heard_all("BootNotification")[0]
    assert boot["reason"] == "PowerUp"
    assert boot["chargingStation"]["vendorName"] == "Acme"
    assert boot["chargingStation"]["model"] == "Wallbox"
    after = ["StatusNotification", "StatusNotification", "SecurityEventNotification"]
    assert rig.csms.actions() == ["BootNotification", *after]
    assert rig.csms.last("SecurityEventNotification")["type"] == "StartupOfTheDevice"
    assert statuses(rig) == [(1, 1, "Available"), (2, 1, "Available")]


@pytest.mark.case("TC_B_02_CS", "2.0.1")
@pytest.mark.spec("B02.FR.01", "B02.FR.02", "B02.FR.04", "B02.FR.05", "B02.FR.06", "B02.FR.08", "F06.FR.17")
@station(boots=False)
async def test_tc_b_02_cold_boot_pending(rig: Rig) -> None:
    rig.csms.once("BootNotification", {"status": "Pending", "currentTime": "2026-01-01T12:00:00Z", "interval": 300})
    rig.host.start()
    await rig.until(lambda: rig.host.status()["boot"] == "Pending")
    assert (await set_variables(rig, OCPPCommCtrlr__OfflineThreshold="300"))[0]["attributeStatus"] == "Accepted"
    assert (await get_variable(rig, "OCPPCommCtrlr.OfflineThreshold"))["attributeValue"] == "300"
    answer = await rig.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    assert answer["status"] == "Accepted"
    await rig.until(lambda: any(not part.get("tbc", False) for part in rig.heard_all("NotifyReport")))
    start = {"idToken": token(), "remoteStartId": 1, "evseId": 1}
    assert (await rig.call("RequestStartTransaction", start))["status"] == "Rejected"
    assert (await rig.call("RequestStopTransaction", {"transactionId": "none"}))["status"] == "Rejected"
    assert "StatusNotification" not in rig.csms.actions()
    assert (await rig.call("TriggerMessage", {"requestedMessage": "BootNotification"}))["status"] == "Accepted"
    await rig.until(lambda: rig.host.status()["boot"] == "Accepted")
    await rig.quiet()
    assert [boot["reason"] for boot in rig.heard_all("BootNotification")] == ["PowerUp", "Triggered"]
    assert statuses(rig) == [(1, 1, "Available")]


@pytest.mark.case("TC_B_03_CS", "2.0.1")
@pytest.mark.spec("B03.FR.02", "B03.FR.04", "B03.FR.06")
@station(boots=False)
async def test_tc_b_03_cold_boot_rejected(rig: Rig) -> None:
    rig.csms.once("BootNotification", {"status": "Rejected", "currentTime": "2026-01-01T12:00:00Z", "interval": 40})
    rig.host.start()
    await rig.wait(39)
    assert rig.csms.actions() == ["BootNotification"]
    await rig.wait(2)
    after = ["BootNotification", "StatusNotification", "SecurityEventNotification"]
    assert rig.csms.actions() == ["BootNotification", *after]
    assert statuses(rig) == [(1, 1, "Available")]


@pytest.mark.case("TC_B_30_CS", "2.0.1")
@pytest.mark.spec("B03.FR.08")
@station(boots=False)
async def test_tc_b_30_rejected_station_answers_security_error(rig: Rig) -> None:
    rig.csms.once("BootNotification", {"status": "Rejected", "currentTime": "2026-01-01T12:00:00Z", "interval": 40})
    rig.host.start()
    await rig.until(lambda: rig.host.status()["boot"] == "Rejected")
    assert await rig.call_error("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}) == "SecurityError"
    assert await rig.call_error("GetBaseReport", {"requestId": "one"}) == "SecurityError"
    assert await rig.call_error("Nonsense", {}) == "SecurityError"
    await rig.quiet()
    assert "NotifyReport" not in rig.csms.actions()


@pytest.mark.case("TC_B_51_CS", "2.0.1")
@pytest.mark.spec("B04.FR.01")
@station(profile=TWO_EVSES, variables={**SLOW_RETRY, "OCPPCommCtrlr.RetryBackOffWaitMinimum": 22})
async def test_tc_b_51_all_statuses_after_the_offline_threshold(rig: Rig) -> None:
    rig.csms.clear()
    await offline(rig)
    await rig.do("plug_in", evse=1)
    await online(rig)
    assert statuses(rig) == [(1, 1, "Occupied"), (2, 1, "Available")]
    assert "BootNotification" not in rig.csms.actions()


@pytest.mark.case("TC_B_52_CS", "2.0.1")
@pytest.mark.spec("B04.FR.02")
@station(profile=TWO_EVSES, variables={**SLOW_RETRY, "OCPPCommCtrlr.RetryBackOffWaitMinimum": 18})
async def test_tc_b_52_only_changed_statuses_below_the_offline_threshold(rig: Rig) -> None:
    rig.csms.clear()
    await offline(rig)
    await rig.do("plug_in", evse=1)
    await online(rig)
    assert statuses(rig) == [(1, 1, "Occupied")]


@pytest.mark.spec("B04.FR.02")
@station(variables=SLOW_RETRY)
async def test_a_status_that_changed_and_changed_back_while_offline_is_not_told(rig: Rig) -> None:
    rig.csms.clear()
    await offline(rig)
    await rig.do("plug_in")
    await rig.do("unplug")
    await online(rig)
    assert statuses(rig) == []


@pytest.mark.case("TC_B_57_CS", "2.0.1")
@pytest.mark.spec("OCPP-J 5.3")
@station(
    variables={
        "OCPPCommCtrlr.RetryBackOffRepeatTimes": 2,
        "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
        "OCPPCommCtrlr.RetryBackOffWaitMinimum": 10,
    }
)
async def test_tc_b_57_reconnects_after_the_back_off(rig: Rig) -> None:
    rig.lose_connection()
    lost = rig.loop.time()
    await rig.until(lambda: len(rig.dials) == 2)
    assert rig.dials[1] - lost == pytest.approx(10, abs=0.5)
    await rig.wait(5)
    await offline(rig)
    lost = rig.loop.time() - 1
    await rig.until(lambda: len(rig.dials) == 3)
    assert rig.dials[2] - lost == pytest.approx(10, abs=0.5)
    rig.refuse = None
    await rig.until(lambda: len(rig.dials) == 4)
    assert rig.dials[3] - rig.dials[2] >= 19.9
    await rig.until(lambda: rig.host.status()["online"])


@pytest.mark.spec("B01.FR.03", "E01.FR.02")
@station(boots=False)
async def test_what_happens_before_the_first_boot_is_accepted_is_told_after_it(rig: Rig) -> None:
    rig.csms.once("BootNotification", {"status": "Pending", "currentTime": "2026-01-01T12:00:00Z", "interval": 30})
    rig.host.start()
    await rig.do("plug_in")
    await rig.wait(29)
    assert rig.csms.actions() == ["BootNotification"]
    await rig.wait(5)
    assert events(rig)[0]["eventType"] == "Started"


@station()
async def test_a_reconnect_is_no_reboot(rig: Rig) -> None:
    identity = await charging(rig, CARD)
    rig.csms.clear()
    rig.lose_connection()
    await rig.wait(60)
    await online(rig)
    assert "BootNotification" not in rig.csms.actions()
    assert rig.status["transaction"]["id"] == identity
