"""Cold boot: registration, first statuses, heartbeat."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.conformance.v16.flows import connector_statuses, rebooted, since, status_is
from tests.support.rig import CARD, Rig, virtual

AFTER_BOOT = ["BootNotification", "StatusNotification", "StatusNotification", "SecurityEventNotification"]
"""What every boot tells: the last is StartupOfTheDevice."""

PENDING = {"status": "Pending", "currentTime": "2026-01-01T12:00:00Z", "interval": 20}
REJECTED = {"status": "Rejected", "currentTime": "2026-01-01T12:00:00Z", "interval": 20}


@pytest.mark.case("TC_001_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.2", "OCPP 1.6 §4.9", "OCPP 1.6 §4.6")
@virtual
async def test_tc_001_cold_boot() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 15
        await rig.boot()
        assert rig.csms.actions() == AFTER_BOOT
        boot = rig.csms.last("BootNotification")
        assert (boot["chargePointVendor"], boot["chargePointModel"]) == ("Acme", "Wallbox")
        assert connector_statuses(rig, 0) == ["Available"]
        assert connector_statuses(rig, 1) == ["Available"]
        await rig.wait(46)
        assert since(rig, 4) == ["Heartbeat"] * 3


@pytest.mark.case("TC_001_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.2")
@virtual
async def test_tc_001_power_cycle_boots_again() -> None:
    async with Rig() as rig:
        await rig.boot()
        mark = len(rig.csms.actions())
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.quiet()
        assert since(rig, mark) == AFTER_BOOT


@pytest.mark.case("TC_002_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.2")
@virtual
async def test_tc_002_cold_boot_pending() -> None:
    async with Rig() as rig:
        rig.csms.once("BootNotification", PENDING)
        rig.host.start()
        await rig.until(lambda: rig.csms.actions() == ["BootNotification"])
        asked = await rig.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
        assert asked["configurationKey"][0]["key"] == "HeartbeatInterval"
        changed = await rig.call("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "30"})
        assert changed["status"] == "Accepted"
        start = await rig.call("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1})
        assert start["status"] == "Rejected"
        stop = await rig.call("RemoteStopTransaction", {"transactionId": 1})
        assert stop["status"] == "Rejected"
        await rig.wait(18)
        assert rig.csms.actions() == ["BootNotification"]
        await rig.wait(4)
        assert rig.csms.actions() == ["BootNotification", *AFTER_BOOT]
        assert rig.dials == rig.dials[:1]


@pytest.mark.spec("OCPP 1.6 §4.2", "OCPP 2.0.1 B02.FR.02")
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("answer", [PENDING, REJECTED], ids=["Pending", "Rejected"])
@virtual
async def test_no_clock_aligned_values_before_the_boot_is_accepted(answer: dict[str, object], version: str) -> None:
    """Its answer tells the time, accepted or not."""
    interval = "ClockAlignedDataInterval" if version == "1.6" else "AlignedDataCtrlr.Interval"
    async with Rig(version, variables={interval: "10"}) as rig:
        rig.csms.answer("BootNotification", {**answer, "interval": 60})
        rig.host.start()
        await rig.wait(55)
        assert rig.csms.actions() == ["BootNotification"]
        rig.csms.answer("BootNotification")
        await rig.until(lambda: rig.heard_all("MeterValues"))
        assert rig.host.status()["boot"] == "Accepted"


@pytest.mark.case("TC_002_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.2", "OCPP 1.6 §5.17")
@virtual
async def test_tc_002_pending_boot_notification_can_be_triggered() -> None:
    async with Rig() as rig:
        rig.csms.once("BootNotification", PENDING)
        rig.host.start()
        await rig.until(lambda: rig.csms.actions() == ["BootNotification"])
        answer = await rig.call("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
        assert answer["status"] == "Accepted"
        await rig.quiet()
        assert rig.csms.actions() == ["BootNotification", "StatusNotification"]
        answer = await rig.call("TriggerMessage", {"requestedMessage": "BootNotification"})
        assert answer["status"] == "Accepted"
        await rig.quiet()
        assert rig.csms.actions()[2] == "BootNotification"
        assert rig.host.status()["boot"] == "Accepted"


@pytest.mark.spec("OCPP 1.6 §4.2")
@virtual
async def test_nothing_is_sent_and_nothing_answered_while_rejected() -> None:
    async with Rig() as rig:
        rig.csms.answer("BootNotification", REJECTED)
        rig.host.start()
        await rig.until(lambda: rig.csms.actions() == ["BootNotification"])
        asked = rig.csms.call("GetConfiguration", {})
        rig.send(asked.text)
        await rig.do("plug_in")
        await rig.wait(10)
        assert rig.csms.actions() == ["BootNotification"]
        assert asked.id not in rig.csms.answers
        rig.csms.answer("BootNotification")
        await rig.until(lambda: rig.host.status()["boot"] == "Accepted")
        await status_is(rig, "Preparing")


@pytest.mark.spec("OCPP 1.6 §4.2")
@pytest.mark.parametrize("answer", [PENDING, REJECTED], ids=["Pending", "Rejected"])
@pytest.mark.parametrize("interval", [0, 7, 300])
@virtual
async def test_the_next_boot_notification_waits_for_the_interval(answer: dict[str, object], interval: int) -> None:
    async with Rig() as rig:
        heard: list[float] = []

        def note(_: object) -> dict[str, object]:
            heard.append(rig.loop.time())
            return {**answer, "interval": interval}

        rig.csms.answer("BootNotification", note)
        rig.host.start()
        await rig.until(lambda: len(heard) == 3, 2000)
        gaps = [later - earlier for earlier, later in pairwise(heard)]
        if interval:
            assert all(interval <= gap <= interval + 1 for gap in gaps)
        else:
            assert all(gap >= 1 for gap in gaps)
        assert set(rig.csms.actions()) == {"BootNotification"}


@pytest.mark.spec("OCPP 1.6 §4.2", "OCPP 1.6 §4.6")
@virtual
async def test_the_interval_of_the_acceptance_becomes_the_heartbeat_interval() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 42
        await rig.boot()
        told = await rig.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
        assert told["configurationKey"][0]["value"] == "42"
