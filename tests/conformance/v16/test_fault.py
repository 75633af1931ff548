"""Faults of a connector."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import plug_and_tap, since, status_is, stop
from tests.support.rig import CARD, Rig, virtual


@pytest.mark.case("TC_041_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 §7.6")
@virtual
async def test_tc_041_fault_behavior() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("fault", errorCode="GroundFailure")
        await status_is(rig, "Faulted")
        assert rig.csms.last("StatusNotification")["errorCode"] == "GroundFailure"
        await rig.do("plug_in")
        answer = await rig.do("tap", tagId=CARD)
        assert answer["result"] not in ("USED_TO_START", "ACCEPTED")
        await rig.wait(10)
        assert rig.heard_all("StartTransaction") == []
        await rig.do("unplug")
        await rig.do("clear_fault")
        await status_is(rig, "Available")
        assert rig.csms.last("StatusNotification")["errorCode"] == "NoError"
        await plug_and_tap(rig)


@pytest.mark.case("TC_041_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_tc_041_the_fault_lasts_over_a_power_cut_of_the_csms_connection() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("fault", errorCode="HighTemperature")
        await status_is(rig, "Faulted")
        mark = len(rig.csms.actions())
        await rig.do("go_offline")
        await rig.do("come_online")
        await rig.wait(5)
        assert since(rig, mark) == []
        await rig.do("clear_fault")
        await status_is(rig, "Available")


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_a_fault_ends_a_running_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("fault", errorCode="GroundFailure")
        await status_is(rig, "Faulted")
        assert rig.status["contactor"] == "open"
        assert stop(rig)["reason"] in ("Other", "EmergencyStop")


@pytest.mark.spec("OCPP 1.6 §7.6")
@pytest.mark.parametrize("code", ["ReaderFailure", "PowerMeterFailure", "WeakSignal"])
@virtual
async def test_a_warning_leaves_the_status_and_the_transaction_alone(code: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("fault", errorCode=code)
        await rig.quiet()
        told = rig.csms.last("StatusNotification")
        assert (told["status"], told["errorCode"]) == ("Charging", code)
        assert rig.heard_all("StopTransaction") == []


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_a_welded_contactor_is_a_fault() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("contactor_fault", kind="weld")
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Faulted")
        assert rig.csms.last("StatusNotification")["errorCode"] == "PowerSwitchFailure"
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert rig.status["transaction"] is None
