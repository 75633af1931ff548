"""Meter values: what is stored of them, and what those that tell the same have in common."""

from __future__ import annotations

from typing import Any

import pytest

from station.core.codec import from_row, to_row
from station.core.facts import Phase, TransactionFact, fact_from_row, fact_to_row
from station.core.meter_value import MeterValue, Sample
from station.core.metering import ENERGY, selection
from station.core.values import Context, Reading, SignedData, Stamp, TriggerReason

STAMP = Stamp(1.5, 3)
VALUE = MeterValue.of(
    STAMP,
    (
        Sample(100.0, ENERGY, Context.BEGIN, signed=SignedData("OCMF|{}|{}", public_key="3059")),
        Sample(16.25, "Current.Import", Context.BEGIN, "L1", "A"),
        Sample(0.0, "SoC", Context.PERIODIC, None, "Percent", "EV"),
        Sample(7.0, "Power.Factor", unit=None),
    ),
)
ROW: dict[str, Any] = {
    "stamp": {"at_s": 1.5, "boot": 3},
    "samples": [
        {"value": 100.0, "context": "Transaction.Begin", "signed": {"text": "OCMF|{}|{}", "public_key": "3059"}},
        {"value": 16.25, "measurand": "Current.Import", "context": "Transaction.Begin", "phase": "L1", "unit": "A"},
        {"value": 0.0, "measurand": "SoC", "unit": "Percent", "location": "EV"},
        {"value": 7.0, "measurand": "Power.Factor", "unit": None},
    ],
}
"""The form that databases hold."""
FACT = TransactionFact(Phase.UPDATED, "T", 4, STAMP, TriggerReason.METER_VALUE_PERIODIC, 1, 1, meter_values=(VALUE,))
FACT_ROW = {
    "kind": "transaction",
    "fact": {
        "phase": "Updated",
        "transaction_id": "T",
        "seq_no": 4,
        "stamp": {"at_s": 1.5, "boot": 3},
        "trigger": "MeterValuePeriodic",
        "evse": 1,
        "connector": 1,
        "meter_values": [ROW],
    },
}


def test_a_value_that_was_stored_is_read() -> None:
    assert from_row(MeterValue, ROW) == VALUE
    assert from_row(MeterValue, {"stamp": {"at_s": 1.5, "boot": 3}}) == MeterValue(STAMP)
    assert fact_from_row(FACT_ROW) == FACT


def test_a_value_is_stored_in_the_same_form() -> None:
    assert to_row(VALUE) == ROW
    assert [list(sample) for sample in to_row(VALUE)["samples"]] == [list(sample) for sample in ROW["samples"]]
    assert to_row(MeterValue(STAMP)) == {"stamp": {"at_s": 1.5, "boot": 3}}
    assert fact_to_row(FACT) == FACT_ROW


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"samples": []},
        {**ROW, "samples": [{"unit": "A"}]},
        {**ROW, "samples": [{"value": "12"}]},
        {**ROW, "samples": [{"value": 1.0, "context": "Sometimes"}]},
        {**ROW, "samples": {"value": 1.0}},
        7,
        None,
    ],
)
def test_a_row_of_something_else_is_refused(row: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        from_row(MeterValue, row)


def test_samples_are_what_the_value_was_made_of() -> None:
    assert MeterValue.of(STAMP, VALUE.samples) == VALUE
    assert [sample.measurand for sample in VALUE.samples] == [ENERGY, "Current.Import", "SoC", "Power.Factor"]
    assert [sample.signed is not None for sample in VALUE.samples] == [True, False, False, False]


def test_readings_that_tell_the_same_have_their_kinds_in_common() -> None:
    asked = selection((ENERGY, "Power.Active.Import", "Current.Import"), Context.PERIODIC)
    one, two = (asked.of(Reading(wh, 230.0, (wh, 2.0)), STAMP) for wh in (1.0, 2.0))
    without = asked.of(Reading(3.0, None, (1.0,)), STAMP)
    assert one and two and without
    assert one.kinds is two.kinds
    assert (one.values, two.values) == ((1.0, 230.0, 1.0, 2.0), (2.0, 230.0, 2.0, 2.0))
    assert [(kind.measurand, kind.phase) for kind in one.kinds[1:]] == [
        ("Power.Active.Import", None),
        ("Current.Import", "L1"),
        ("Current.Import", "L2"),
    ]
    assert [(kind.measurand, kind.phase) for kind in without.kinds] == [(ENERGY, None), ("Current.Import", "L1")]


def test_what_the_meter_signed_is_the_registers() -> None:
    asked = selection(("Power.Active.Import", ENERGY), Context.BEGIN)
    reading = Reading(1.0, 230.0, signed=SignedData("now"), signed_begin=SignedData("then"))
    signed, plain = asked.of(reading, STAMP, sign=True), asked.of(reading, STAMP)
    assert signed and plain
    assert (signed.signed, plain.signed) == ((None, SignedData("then")), ())
    power = selection(("Power.Active.Import",), Context.BEGIN).of(reading, STAMP, sign=True)
    assert power and power.signed == ()
