"""Block J: clock-aligned and sampled meter values."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.conformance.v201.flows import (
    TWO_EVSES,
    charging,
    contexts,
    events,
    of,
    one,
    station,
    stopped,
)
from tests.support.rig import CARD, Rig

MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Voltage"
ALIGNED = {
    "AlignedDataCtrlr.Interval": 30,
    "AlignedDataCtrlr.Measurands": MEASURANDS,
    "SampledDataCtrlr.TxUpdatedInterval": 0,
}


def times(values: list[dict[str, Any]]) -> list[datetime]:
    """The moments of meter values (each with one MeterValue)."""
    return [datetime.fromisoformat(value["meterValue"][0]["timestamp"]) for value in values]


def measurands(payload: dict[str, Any]) -> set[str]:
    """The measurands of all samples."""
    return {sample["measurand"] for value in payload["meterValue"] for sample in value["sampledValue"]}


def evenly(moments: list[datetime], seconds: float) -> bool:
    """Whether the moments lie this far apart."""
    return all(
        abs(after - before - timedelta(seconds=seconds)) < timedelta(seconds=0.5) for before, after in pairwise(moments)
    )


@pytest.mark.case("TC_J_01_CS", "2.0.1")
@pytest.mark.spec("J01.FR.01", "J01.FR.02", "J01.FR.03", "J01.FR.06", "J01.FR.07", "J01.FR.08", "J01.FR.14")
@station(profile=TWO_EVSES, variables=ALIGNED)
async def test_tc_j_01_clock_aligned_without_a_transaction(rig: Rig) -> None:
    await rig.wait(100)
    told = rig.heard_all("MeterValues")
    for evse in (1, 2):
        own = [values for values in told if values["evseId"] == evse]
        assert len(own) == 3
        assert evenly(times(own), 30)
        assert [moment.second % 30 for moment in times(own)] == [0, 0, 0]
        assert all(set(contexts(values)) == {"Sample.Clock"} for values in own)
        assert all(measurands(values) == set(MEASURANDS.split(",")) for values in own)


@pytest.mark.case("TC_J_02_CS", "2.0.1")
@pytest.mark.spec("J01.FR.01", "J01.FR.02", "J01.FR.03", "J01.FR.06", "J01.FR.07", "J01.FR.08", "J01.FR.14")
@station(profile=TWO_EVSES, variables={**ALIGNED, "AlignedDataCtrlr.SendDuringIdle": False})
async def test_tc_j_02_clock_aligned_with_a_transaction(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(100)
    told = of(rig, triggerReason="MeterValueClock")
    assert len(told) == 3
    assert evenly(times(told), 30)
    assert all(set(contexts(event)) == {"Sample.Clock"} for event in told)
    assert all(measurands(event) == set(MEASURANDS.split(",")) for event in told)
    assert {values["evseId"] for values in rig.heard_all("MeterValues")} == {2}


@pytest.mark.case("TC_J_03_CS", "2.0.1")
@pytest.mark.spec("J01.FR.01", "J01.FR.02", "J01.FR.03", "E06.FR.11", "E07.FR.08")
@station(
    variables={
        "AlignedDataCtrlr.TxEndedInterval": 30,
        "AlignedDataCtrlr.TxEndedMeasurands": MEASURANDS,
        "SampledDataCtrlr.TxEndedMeasurands": "",
        "AlignedDataCtrlr.SendDuringIdle": False,
    }
)
async def test_tc_j_03_clock_aligned_at_the_end(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(100)
    await stopped(rig)
    values = one(rig, eventType="Ended")["meterValue"]
    clock = [value for value in values if value["sampledValue"][0]["context"] == "Sample.Clock"]
    assert len(clock) == 3
    assert evenly([datetime.fromisoformat(value["timestamp"]) for value in clock], 30)
    for value in clock:
        assert {sample["measurand"] for sample in value["sampledValue"]} == set(MEASURANDS.split(","))


@pytest.mark.case("TC_J_06_CS", "2.0.1")
@pytest.mark.spec("J01.FR.20")
@station(profile=TWO_EVSES, variables={**ALIGNED, "AlignedDataCtrlr.SendDuringIdle": True})
async def test_tc_j_06_nothing_clock_aligned_during_a_transaction(rig: Rig) -> None:
    await rig.wait(35)
    assert len(rig.heard_all("MeterValues")) == 2
    await charging(rig)
    rig.csms.clear()
    await rig.wait(65)
    assert not rig.heard_all("MeterValues")
    assert not of(rig, triggerReason="MeterValueClock")
    await stopped(rig)
    await rig.wait(35)
    assert {values["evseId"] for values in rig.heard_all("MeterValues")} == {1, 2}


@pytest.mark.case("TC_J_07_CS", "2.0.1")
@pytest.mark.spec("J02.FR.01", "J02.FR.02", "J02.FR.03", "J02.FR.04", "J02.FR.10", "E01.FR.09", "E02.FR.09")
@station(variables={"TxCtrlr.TxStartPoint": "EVConnected", "SampledDataCtrlr.TxStartedMeasurands": MEASURANDS})
async def test_tc_j_07_sampled_at_the_start_evse_known(rig: Rig) -> None:
    await charging(rig)
    started = one(rig, eventType="Started")
    assert set(contexts(started)) == {"Transaction.Begin"}
    assert measurands(started) == set(MEASURANDS.split(","))


@pytest.mark.case("TC_J_08_CS", "2.0.1")
@pytest.mark.spec("J02.FR.01", "J02.FR.02", "J02.FR.03", "J02.FR.04", "J02.FR.10", "E01.FR.16", "E01.FR.17")
@station(
    profile=TWO_EVSES,
    variables={"TxCtrlr.TxStartPoint": "Authorized", "SampledDataCtrlr.TxStartedMeasurands": MEASURANDS},
)
async def test_tc_j_08_sampled_at_the_start_evse_not_known(rig: Rig) -> None:
    await rig.do("tap", tagId=CARD)
    await rig.wait(2)
    await rig.do("plug_in", evse=2)
    await rig.wait(2)
    first = next(event for event in events(rig) if "evse" in event)
    assert first["evse"]["id"] == 2
    assert set(contexts(first)) == {"Transaction.Begin"}
    assert measurands(first) == set(MEASURANDS.split(","))


@pytest.mark.case("TC_J_09_CS", "2.0.1")
@pytest.mark.spec("J02.FR.01", "J02.FR.02", "J02.FR.03", "J02.FR.10", "J02.FR.11", "J02.FR.14", "E02.FR.10")
@station(variables={"SampledDataCtrlr.TxUpdatedInterval": 15, "SampledDataCtrlr.TxUpdatedMeasurands": MEASURANDS})
async def test_tc_j_09_sampled_during_the_transaction(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(70)
    told = of(rig, triggerReason="MeterValuePeriodic")
    assert len(told) == 4
    assert evenly(times(told), 15)
    assert all(set(contexts(event)) == {"Sample.Periodic"} for event in told)
    assert all(measurands(event) == set(MEASURANDS.split(",")) for event in told)


@pytest.mark.case("TC_J_10_CS", "2.0.1")
@pytest.mark.spec("J02.FR.01", "J02.FR.02", "J02.FR.03", "J02.FR.10", "E06.FR.11", "E07.FR.08")
@station(
    variables={
        "SampledDataCtrlr.TxEndedInterval": 20,
        "SampledDataCtrlr.TxEndedMeasurands": MEASURANDS,
        "AlignedDataCtrlr.TxEndedMeasurands": "",
    }
)
async def test_tc_j_10_sampled_at_the_end(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(70)
    await stopped(rig)
    values = one(rig, eventType="Ended")["meterValue"]
    found = [value["sampledValue"][0]["context"] for value in values]
    assert found == ["Transaction.Begin", *["Sample.Periodic"] * 3, "Transaction.End"]
    assert evenly([datetime.fromisoformat(value["timestamp"]) for value in values[:-1]], 20)
    for value in values:
        assert {sample["measurand"] for sample in value["sampledValue"]} == set(MEASURANDS.split(","))


@pytest.mark.spec("J02.FR.05", "J02.FR.16", "J02.FR.17")
@station(variables={"SampledDataCtrlr.TxUpdatedInterval": 10})
async def test_registers_never_fall_over_transactions_and_reboots(rig: Rig) -> None:
    for _ in range(2):
        await charging(rig)
        await rig.wait(35)
        await stopped(rig)
    await rig.do("power_cycle")
    await rig.until(lambda: rig.host.status()["online"])
    await charging(rig)
    await rig.wait(35)
    await stopped(rig)
    registers = [
        sample["value"]
        for event in events(rig)
        for value in event.get("meterValue", ())
        for sample in value["sampledValue"]
        if sample["measurand"] == "Energy.Active.Import.Register" and sample["context"] != "Transaction.Begin"
    ]
    assert registers == sorted(registers)
    assert len(registers) > 6


@pytest.mark.spec("J02.FR.11")
@station(variables={"SampledDataCtrlr.TxUpdatedInterval": 60})
async def test_a_changed_interval_holds_at_once(rig: Rig) -> None:
    await charging(rig)
    data = {
        "component": {"name": "SampledDataCtrlr"},
        "variable": {"name": "TxUpdatedInterval"},
        "attributeValue": "5",
    }
    await rig.call("SetVariables", {"setVariableData": [data]})
    await rig.wait(21)
    assert len(of(rig, triggerReason="MeterValuePeriodic")) == 4
