"""Faults of a connector."""

from __future__ import annotations

import pytest

from station.core.hardware_faults import cleared, raised
from station.host.execution import CommandRefused
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


@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_each_of_several_faults_is_told_and_so_is_what_stands_after_it() -> None:
    async with Rig() as rig:
        await rig.boot()

        def told() -> tuple[str, str]:
            last = rig.csms.last("StatusNotification")
            return last["status"], last["errorCode"]

        await rig.do("fault", errorCode="HighTemperature")
        await rig.quiet()
        assert told() == ("Faulted", "HighTemperature")
        await rig.do("fault", errorCode="OverVoltage")
        await rig.quiet()
        assert told() == ("Faulted", "OverVoltage")
        await rig.do("fault", errorCode="ReaderFailure")
        await rig.quiet()
        assert told() == ("Faulted", "OverVoltage")
        assert "ReaderFailure" in rig.csms.last("StatusNotification")["info"]
        await rig.do("clear_fault", errorCode="OverVoltage")
        await rig.quiet()
        assert told() == ("Faulted", "HighTemperature")
        await rig.do("clear_fault", errorCode="HighTemperature")
        await rig.quiet()
        assert told() == ("Available", "ReaderFailure")
        await rig.do("clear_fault")
        await rig.quiet()
        assert told() == ("Available", "NoError")
        assert rig.heard_all("NotifyEvent") == []


@pytest.mark.spec("OCPP 1.6 §7.6")
@virtual
async def test_a_lost_reader_leaves_the_status_and_is_told_when_it_is_back() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("reader_fault", kind="lost")
        await rig.wait(5)
        last = rig.csms.last("StatusNotification")
        assert (last["status"], last["errorCode"]) == ("Charging", "ReaderFailure")
        await rig.do("reader_fault", kind="none")
        await rig.quiet()
        last = rig.csms.last("StatusNotification")
        assert (last["status"], last["errorCode"]) == ("Charging", "NoError")
        assert rig.heard_all("StopTransaction") == []


@pytest.mark.spec("OCPP 1.6 §7.6")
@virtual
async def test_without_a_meter_no_new_session_where_the_profile_says_so() -> None:
    async with Rig(profile={"metering": {"without_meter": "refuse"}}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("meter_fault", kind="silent")
        await rig.wait(60)
        last = rig.csms.last("StatusNotification")
        assert (last["status"], last["errorCode"]) == ("Charging", "PowerMeterFailure")
        assert rig.status["state"] == "charging"
        await rig.do("tap", tagId=CARD)
        await rig.do("unplug")
        await status_is(rig, "Unavailable")
        assert rig.csms.last("StatusNotification")["errorCode"] == "PowerMeterFailure"
        await rig.do("plug_in")
        answer = await rig.do("tap", tagId=CARD)
        assert answer["result"] not in ("USED_TO_START", "ACCEPTED")
        await rig.do("unplug")
        await rig.do("meter_fault", kind="none")
        await status_is(rig, "Available")
        assert rig.csms.last("StatusNotification")["errorCode"] == "NoError"
        await plug_and_tap(rig)


@pytest.mark.spec("OCPP 1.6 §7.6")
@virtual
async def test_a_meter_that_is_still_silent_after_a_power_cut_is_told_anew() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("meter_fault", kind="silent")
        await rig.until(lambda: rig.csms.last("StatusNotification")["errorCode"] == "PowerMeterFailure")
        before = len(rig.heard_all("BootNotification"))
        await rig.do("power_cycle")
        await rig.until(lambda: len(rig.heard_all("BootNotification")) > before)
        await rig.quiet()
        last = rig.csms.last("StatusNotification")
        assert (last["status"], last["errorCode"]) == ("Available", "PowerMeterFailure")
        await rig.do("meter_fault", kind="none")
        await rig.quiet()
        last = rig.csms.last("StatusNotification")
        assert (last["status"], last["errorCode"]) == ("Available", "NoError")


@pytest.mark.spec("J02.FR.16", "OCPP 1.6 §6.49")
@virtual
async def test_a_register_that_fell_stays_a_fault_until_a_new_meter_is_named() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("set_meter_value", value=5000)
        await rig.do("set_meter_value", value=40)
        await rig.quiet()
        last = rig.csms.last("StatusNotification")
        assert (last["status"], last["errorCode"]) == ("Available", "PowerMeterFailure")
        assert rig.status["meter_wh"] == 5000.0
        await plug_and_tap(rig)
        assert rig.heard_all("StartTransaction")[-1]["meterStart"] == 5000
        with pytest.raises(CommandRefused, match="no register may fall"):
            await rig.do("clear_fault", newMeter=True)
        await rig.do("tap", tagId=CARD)
        await rig.do("unplug")
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["meterStop"] == 5000
        await rig.do("clear_fault", newMeter=True)
        await status_is(rig, "Available")
        assert rig.csms.last("StatusNotification")["errorCode"] == "NoError"
        assert 40.0 <= rig.status["meter_wh"] < 5000.0


@pytest.mark.spec("OCPP 1.6 §7.6", "OCPP 1.6 §7.36")
@virtual
async def test_an_emergency_stop_ends_what_runs_and_names_itself() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.host.runner.feed(raised(1, "emergency_stop"))
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "EmergencyStop"
        await status_is(rig, "Faulted")
        told = rig.csms.last("StatusNotification")
        assert (told["errorCode"], told["vendorErrorCode"]) == ("OtherError", "EmergencyStop")
        await rig.do("clear_fault")
        assert rig.status["faults"] == ["OtherError"], "pressed as before"
        rig.host.runner.feed(cleared(1, "emergency_stop"))
        await rig.quiet()
        assert rig.csms.last("StatusNotification")["errorCode"] == "NoError"
