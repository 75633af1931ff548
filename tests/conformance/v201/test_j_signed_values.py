"""Block J: signed meter values, as the meter handed them out."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.conformance.v201.flows import (
    charging,
    of,
    one,
    rebooted,
    report,
    set_variables,
    station,
    stopped,
)
from tests.support.rig import Rig

ENERGY = "Energy.Active.Import.Register"
KEY_POLICY = "OCPPCommCtrlr.PublicKeyWithSignedMeterValue"


def meter(signed: Any) -> dict[str, Any]:
    """A profile with a meter that signs."""
    return {"evses": [{"id": 1, "hardware": {"meter": {"driver": "sim", "signed": signed}}}]}


OCMF = meter(True)
AT_ONCE = meter({"begin": "first|text", "end": "last|text"})
AT_END = meter({"begin": "first|text", "end": "last|text", "begin_known": "at end"})


def samples(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The samples of the energy register."""
    for value in event.get("meterValue", ()):
        yield from (sample for sample in value["sampledValue"] if sample["measurand"] == ENERGY)


def texts(event: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Context and signed text of every sample of the energy register."""
    return [(sample["context"], text(sample)) for sample in samples(event)]


def text(sample: dict[str, Any]) -> str | None:
    """What the meter signed; None where it is unsigned."""
    signed = sample.get("signedMeterValue")
    return None if signed is None else b64decode(signed["signedMeterData"]).decode()


@pytest.mark.spec("J02.FR.21", "Signed Meter Values 4.1.2")
@station(profile=AT_ONCE)
async def test_given_texts_stand_in_the_end(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(70)
    await stopped(rig)
    assert texts(one(rig, eventType="Ended")) == [
        ("Transaction.Begin", "first|text"),
        ("Transaction.End", "last|text"),
    ]
    for event in (*of(rig, eventType="Started"), *of(rig, eventType="Updated")):
        assert all(signed is None for _, signed in texts(event))


@pytest.mark.spec("J02.FR.21", "Signed Meter Values 4.1.2")
@station(profile=AT_END, variables={"SampledDataCtrlr.TxEndedMeasurands": "Voltage"})
async def test_a_begin_that_becomes_known_at_the_end_stands_with_the_first_value(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(70)
    await stopped(rig)
    ended = one(rig, eventType="Ended")
    assert texts(ended) == [("Transaction.Begin", "first|text"), ("Transaction.End", "last|text")]
    begin, end = (value["timestamp"] for value in ended["meterValue"])
    assert begin < end


@pytest.mark.spec("Signed Meter Values 4.3.6")
@station(profile=AT_ONCE, variables={"SampledDataCtrlr.SignStartedReadings": True})
async def test_the_start_is_signed_where_that_is_configured(rig: Rig) -> None:
    await charging(rig)
    await stopped(rig)
    assert texts(one(rig, eventType="Started")) == [("Transaction.Begin", "first|text")]
    assert texts(one(rig, eventType="Ended"))[0] == ("Transaction.Begin", "first|text")


@pytest.mark.spec("J02.FR.21")
@station(profile=AT_ONCE)
async def test_nothing_is_signed_once_it_is_switched_off(rig: Rig) -> None:
    results = await set_variables(rig, SampledDataCtrlr__SignReadings="false")
    assert results[0]["attributeStatus"] == "Accepted"
    await charging(rig)
    await stopped(rig)
    assert [signed for _, signed in texts(one(rig, eventType="Ended"))] == [None, None]


@pytest.mark.case("TC_J_04_CS", "2.0.1")
@pytest.mark.spec("J01.FR.21")
@station(
    profile=OCMF,
    variables={
        "AlignedDataCtrlr.TxEndedInterval": 30,
        "AlignedDataCtrlr.SendDuringIdle": False,
        "AlignedDataCtrlr.SignReadings": True,
    },
)
async def test_tc_j_04_clock_aligned_values_of_the_end_are_signed(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(100)
    await stopped(rig)
    found = texts(one(rig, eventType="Ended"))
    assert [context for context, _ in found].count("Sample.Clock") == 3
    assert all(signed is not None and signed.startswith("OCMF|") for _, signed in found)
    assert all(sample["signedMeterValue"]["publicKey"] == "" for sample in samples(one(rig, eventType="Ended")))


@pytest.mark.case("TC_J_11_CS", "2.0.1")
@pytest.mark.spec("J02.FR.21")
@station(
    profile=OCMF,
    variables={
        "SampledDataCtrlr.TxEndedInterval": 20,
        "SampledDataCtrlr.TxUpdatedInterval": 20,
        "SampledDataCtrlr.SignReadings": True,
    },
)
async def test_tc_j_11_sampled_values_of_the_end_are_signed(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(70)
    await stopped(rig)
    found = texts(one(rig, eventType="Ended"))
    assert [context for context, _ in found] == ["Transaction.Begin", *["Sample.Periodic"] * 3, "Transaction.End"]
    assert all(signed is not None and signed.startswith("OCMF|") for _, signed in found)
    assert all(before != after for before, after in pairwise(found))
    periodic = of(rig, triggerReason="MeterValuePeriodic")
    assert len(periodic) == 3
    assert all(signed is None for event in periodic for _, signed in texts(event))


@pytest.mark.spec("J01.FR.21", "J02.FR.21", "Signed Meter Values 4.3.4", "Signed Meter Values 4.3.7")
@station(
    profile=OCMF,
    variables={
        "SampledDataCtrlr.TxUpdatedInterval": 30,
        "SampledDataCtrlr.SignUpdatedReadings": True,
        "AlignedDataCtrlr.Interval": 60,
        "AlignedDataCtrlr.SignReadings": True,
        "AlignedDataCtrlr.SignUpdatedReadings": True,
    },
)
async def test_updates_are_signed_where_that_is_configured(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(130)
    for trigger, count in (("MeterValuePeriodic", 4), ("MeterValueClock", 2)):
        told = of(rig, triggerReason=trigger)
        assert len(told) == count
        assert all(signed is not None for event in told for _, signed in texts(event))


@pytest.mark.spec("J02.FR.21")
@station(
    profile=AT_ONCE,
    variables={"SampledDataCtrlr.TxUpdatedInterval": 30, "SampledDataCtrlr.SignUpdatedReadings": True},
)
async def test_a_meter_that_signs_begin_and_end_only_still_samples(rig: Rig) -> None:
    await charging(rig)
    await rig.wait(70)
    assert [texts(event) for event in of(rig, triggerReason="MeterValuePeriodic")] == [[("Sample.Periodic", None)]] * 2


@pytest.mark.spec("J02.FR.21")
@pytest.mark.parametrize("goes_on", [False, True])
@station(profile=AT_ONCE)
async def test_the_signed_begin_survives_a_power_cut(rig: Rig, goes_on: bool) -> None:
    await charging(rig)
    await rig.wait(70)
    await rig.do("power_cycle", keepTransactions=goes_on)
    await rebooted(rig)
    if goes_on:
        await rig.wait(60)
        await stopped(rig)
    found = texts(one(rig, eventType="Ended"))
    assert found[0] == ("Transaction.Begin", "first|text")
    assert found[-1] == ("Transaction.End", "last|text" if goes_on else None)


@pytest.mark.spec("Signed Meter Values 4.3.1", "Signed Meter Values 4.3.2")
@pytest.mark.parametrize(
    ("policy", "sent"), [("Never", [0, 0]), ("OncePerTransaction", [1, 0]), ("EveryMeterValue", [1, 1])]
)
@station(profile=OCMF)
async def test_the_public_key_goes_along_as_configured(rig: Rig, policy: str, sent: list[int]) -> None:
    await rig.do("set_config", key=KEY_POLICY, value=policy)
    wanted = {"component": {"name": "FiscalMetering", "evse": {"id": 1}}, "variable": {"name": "PublicKey"}}
    answer = await rig.call("GetVariables", {"getVariableData": [wanted]})
    key = answer["getVariableResult"][0]["attributeValue"]
    assert key.startswith("oca:base16:asn1:30")
    await charging(rig)
    await stopped(rig)
    keys = [sample["signedMeterValue"]["publicKey"] for sample in samples(one(rig, eventType="Ended"))]
    assert [int(bool(one_key)) for one_key in keys] == sent
    assert all(b64decode(one_key).decode() == key for one_key in keys if one_key)


NAMES = {"SignReadings", "SignStartedReadings", "SignUpdatedReadings", "PublicKeyWithSignedMeterValue", "PublicKey"}


@pytest.mark.spec("J02.FR.21")
@station(profile=OCMF)
async def test_a_station_that_signs_has_the_variables_of_signing(rig: Rig) -> None:
    lines = await report(rig, "GetBaseReport", reportBase="FullInventory")
    assert {line["variable"]["name"] for line in lines} >= NAMES


@pytest.mark.spec("J02.FR.21")
@station()
async def test_a_station_that_does_not_sign_has_none_of_them(rig: Rig) -> None:
    lines = await report(rig, "GetBaseReport", reportBase="FullInventory")
    assert not {line["variable"]["name"] for line in lines} & NAMES
