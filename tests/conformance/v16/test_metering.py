"""Meter values: sampled, clock-aligned, and in StopTransaction."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.conformance.v16.flows import configure, plug_and_tap, sampled, stop, tap_and_unplug
from tests.support.rig import Rig, virtual

ENERGY = "Energy.Active.Import.Register"
SEVERAL = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"


def moments(rig: Rig) -> list[datetime]:
    """When the values of MeterValues were taken."""
    return [
        datetime.fromisoformat(value["timestamp"])
        for told in rig.heard_all("MeterValues")
        for value in told["meterValue"]
    ]


def seconds_between(times: list[datetime]) -> list[float]:
    """The gaps, to the second."""
    return [round((later - earlier).total_seconds()) for earlier, later in pairwise(times)]


def contexts(values: list[dict[str, Any]]) -> list[str]:
    """The contexts of MeterValue elements, each once, in order."""
    return [value["sampledValue"][0]["context"] for value in values]


@pytest.mark.case("TC_070_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.7", "OCPP 1.6 §9.1.22")
@virtual
async def test_tc_070_sampled_meter_values() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, MeterValueSampleInterval="10", MeterValuesSampledData=SEVERAL)
        await plug_and_tap(rig)
        await rig.wait(51)
        told = rig.heard_all("MeterValues")
        assert len(told) == 5
        assert seconds_between(moments(rig)) == [10] * 4
        assert {(one["connectorId"], one["transactionId"]) for one in told} == {(1, 1)}
        assert {sample["context"] for sample in sampled(told[0])} == {"Sample.Periodic"}
        assert {sample["measurand"] for sample in sampled(told[0])} >= {ENERGY, "Power.Active.Import", "Current.Import"}
        energy = [float(s["value"]) for one in told for s in sampled(one) if s["measurand"] == ENERGY]
        assert energy == sorted(energy)
        assert energy[-1] > energy[0]
        await tap_and_unplug(rig)
        await rig.wait(30)
        assert len(rig.heard_all("MeterValues")) == 5


@pytest.mark.case("TC_070_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §9.1.27")
@virtual
async def test_tc_070_sampled_values_in_stop_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, MeterValueSampleInterval="10", StopTxnSampledData=ENERGY)
        await plug_and_tap(rig)
        await rig.wait(35)
        await tap_and_unplug(rig)
        data = stop(rig)["transactionData"]
        assert contexts(data) == ["Transaction.Begin", *["Sample.Periodic"] * 3, "Transaction.End"]
        times = [value["timestamp"] for value in data]
        assert times == sorted(times)
        last = data[-1]["sampledValue"][0]
        assert int(float(last["value"])) == stop(rig)["meterStop"]


@pytest.mark.case("TC_071_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.7", "OCPP 1.6 §9.1.4")
@virtual
async def test_tc_071_clock_aligned_meter_values() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, MeterValueSampleInterval="0", ClockAlignedDataInterval="30", MeterValuesAlignedData=ENERGY)
        await rig.wait(7)
        await plug_and_tap(rig)
        await rig.wait(100)
        told = [one for one in rig.heard_all("MeterValues") if "transactionId" in one]
        assert len(told) == 3
        assert all(sample["context"] == "Sample.Clock" for one in told for sample in sampled(one))
        assert all(moment.second in (0, 30) for moment in moments(rig))


@pytest.mark.case("TC_071_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §9.1.25")
@virtual
async def test_tc_071_aligned_values_in_stop_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(
            rig,
            MeterValueSampleInterval="0",
            ClockAlignedDataInterval="30",
            MeterValuesAlignedData="",
            StopTxnAlignedData=ENERGY,
        )
        await rig.wait(7)
        await plug_and_tap(rig)
        await rig.wait(70)
        await tap_and_unplug(rig)
        assert rig.heard_all("MeterValues") == []
        data = [value for value in stop(rig)["transactionData"] if contexts([value]) == ["Sample.Clock"]]
        assert len(data) == 2
        assert all(datetime.fromisoformat(value["timestamp"]).second in (0, 30) for value in data)


@pytest.mark.spec("OCPP 1.6 §4.7")
@virtual
async def test_aligned_values_outside_a_transaction_carry_no_transaction_id() -> None:
    async with Rig(variables={"ClockAlignedDataInterval": 60}) as rig:
        await rig.boot()
        await rig.wait(125)
        told = [one for one in rig.heard_all("MeterValues") if one["connectorId"] == 1]
        assert len(told) == 2
        assert all("transactionId" not in one for one in told)


@pytest.mark.spec("OCPP 1.6 §9.1.22")
@virtual
async def test_an_interval_of_0_sends_none() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 0}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(300)
        assert rig.heard_all("MeterValues") == []


@pytest.mark.spec("OCPP 1.6 §5.3", "OCPP 1.6 §9.1.22")
@virtual
async def test_a_new_interval_holds_in_the_running_transaction() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 60}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(70)
        assert len(rig.heard_all("MeterValues")) == 1
        await configure(rig, MeterValueSampleInterval="10")
        await rig.wait(61)
        assert 6 <= len(rig.heard_all("MeterValues")) - 1 <= 7
        assert set(seconds_between(moments(rig)[2:])) == {10}


@pytest.mark.spec("OCPP 1.6 §9.1.21")
@virtual
async def test_new_measurands_hold_in_the_running_transaction() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 10}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(11)
        assert {sample["measurand"] for sample in sampled(rig.csms.last("MeterValues"))} == {ENERGY}
        await configure(rig, MeterValuesSampledData="Power.Active.Import")
        await rig.wait(11)
        assert {sample["measurand"] for sample in sampled(rig.csms.last("MeterValues"))} == {"Power.Active.Import"}


@pytest.mark.spec("OCPP 1.6 §7.33")
@virtual
async def test_units_and_phases() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 10, "MeterValuesSampledData": SEVERAL}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(11)
        units = {sample["measurand"]: sample["unit"] for sample in sampled(rig.csms.last("MeterValues"))}
        known = {
            ENERGY: "Wh",
            "Power.Active.Import": "W",
            "Current.Import": "A",
            "Voltage": "V",
            "SoC": "Percent",
        }
        assert units.items() <= known.items()


ALL = (
    f"{ENERGY},Energy.Active.Import.Interval,Power.Active.Import,Power.Offered,Current.Import,Current.Offered,"
    "Voltage,Frequency,SoC"
)


@pytest.mark.spec("OCPP 1.6 §7.31", "OCPP 1.6 §3.16.3", "OCPP 1.6 errata 3.86")
@virtual
async def test_every_measurand_that_may_be_asked_for_is_told() -> None:
    async with Rig(profile={"car": {"battery": "50kWh", "soc": "30%"}}) as rig:
        await rig.boot()
        await configure(rig, MeterValueSampleInterval="10", MeterValuesSampledData=ALL)
        await plug_and_tap(rig)
        await rig.wait(11)
        told = sampled(rig.csms.last("MeterValues"))
        assert {sample["measurand"] for sample in told} == set(ALL.split(","))
        units = {sample["measurand"]: sample.get("unit") for sample in told}
        assert units == {
            ENERGY: "Wh",
            "Energy.Active.Import.Interval": "Wh",
            "Power.Active.Import": "W",
            "Power.Offered": "W",
            "Current.Import": "A",
            "Current.Offered": "A",
            "Voltage": "V",
            "Frequency": None,
            "SoC": "Percent",
        }
        phases = {name: [s.get("phase") for s in told if s["measurand"] == name] for name in units}
        assert phases["Current.Import"] == ["L1", "L2", "L3"]
        assert phases["Voltage"] == ["L1-N", "L2-N", "L3-N"]
        assert {sample["location"] for sample in told if sample["measurand"] == "SoC"} == {"EV"}
        assert all(isinstance(sample["value"], str) for sample in told)


@pytest.mark.spec("OCPP 1.6 errata 3.78")
@virtual
async def test_intervals_add_up_to_the_register() -> None:
    interval = "Energy.Active.Import.Interval"
    async with Rig(variables={"ClockAlignedDataInterval": 30, "MeterValuesAlignedData": interval}) as rig:
        await rig.boot()
        await configure(
            rig,
            MeterValueSampleInterval="20",
            MeterValuesSampledData=interval,
            StopTxnSampledData=f"{interval},{ENERGY}",
        )
        await rig.wait(7)
        await plug_and_tap(rig)
        await rig.wait(130)
        await tap_and_unplug(rig)
        data = stop(rig)["transactionData"]
        parts = [float(value["sampledValue"][0]["value"]) for value in data]
        assert parts[0] == 0
        assert contexts(data)[-1] == "Transaction.End"
        assert sum(parts) == pytest.approx(stop(rig)["meterStop"], abs=1)
        for context in ("Sample.Periodic", "Sample.Clock"):
            told = [s for one in rig.heard_all("MeterValues") if "transactionId" in one for s in sampled(one)]
            values = [float(sample["value"]) for sample in told if sample["context"] == context]
            assert len(values) >= 4
            assert values[1:] == pytest.approx([values[1]] * len(values[1:]), rel=0.02)


@pytest.mark.spec("OCPP 1.6 errata 3.14", "OCPP 1.6 §9.1.27")
@virtual
async def test_begin_and_end_of_every_measurand_stand_in_the_stop_transaction() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 0, "StopTxnSampledData": f"{ENERGY},Voltage"}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(100)
        await tap_and_unplug(rig)
        data = stop(rig)["transactionData"]
        assert contexts(data) == ["Transaction.Begin", "Transaction.End"]
        for value in data:
            assert {sample["measurand"] for sample in value["sampledValue"]} == {ENERGY, "Voltage"}


@pytest.mark.spec("OCPP 1.6 errata 3.14", "OCPP 1.6 §9.1.25")
@pytest.mark.parametrize("sampled_data", ["", ENERGY])
@virtual
async def test_begin_and_end_stand_there_for_aligned_measurands_too(sampled_data: str) -> None:
    variables = {"MeterValueSampleInterval": 0, "ClockAlignedDataInterval": 30, "StopTxnAlignedData": "Voltage"}
    async with Rig(variables={**variables, "StopTxnSampledData": sampled_data}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(70)
        await tap_and_unplug(rig)
        data = stop(rig)["transactionData"]
        assert contexts(data) == ["Transaction.Begin", "Sample.Clock", "Sample.Clock", "Transaction.End"]
        wanted = {"Voltage", sampled_data} - {""}
        for value in (data[0], data[-1]):
            assert {sample["measurand"] for sample in value["sampledValue"]} == wanted
        assert {sample["measurand"] for sample in data[1]["sampledValue"]} == {"Voltage"}


@pytest.mark.spec("OCPP 1.6 §3.16.5")
@virtual
async def test_without_measurands_a_stop_transaction_has_no_data() -> None:
    async with Rig(variables={"ClockAlignedDataInterval": 30}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(100)
        await tap_and_unplug(rig)
        assert "transactionData" not in stop(rig)


@pytest.mark.spec("OCPP 1.6 errata 3.91")
@virtual
async def test_of_too_many_values_the_first_and_the_last_are_kept() -> None:
    variables = {"MeterValueSampleInterval": 1, "StopTxnSampledData": ENERGY}
    async with Rig(variables=variables) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(1500)
        await tap_and_unplug(rig)
        data = stop(rig)["transactionData"]
        assert len(data) <= 1000
        assert contexts(data)[0] == "Transaction.Begin"
        assert contexts(data)[-1] == "Transaction.End"
        times = [value["timestamp"] for value in data]
        assert times == sorted(set(times))


@pytest.mark.spec("OCPP 1.6 §4.7")
@virtual
async def test_a_silent_meter_sends_no_values_and_is_told() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 10}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(11)
        await rig.do("meter_fault", kind="silent")
        await rig.wait(60)
        assert rig.csms.last("StatusNotification")["errorCode"] == "PowerMeterFailure"
        await rig.do("meter_fault", kind="none")
        await rig.wait(30)
        assert rig.csms.last("StatusNotification")["errorCode"] == "NoError"
        energy = [float(s["value"]) for one in rig.heard_all("MeterValues") for s in sampled(one)]
        assert energy == sorted(energy)
