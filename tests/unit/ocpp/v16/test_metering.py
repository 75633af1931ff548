"""Meter values in the words of OCPP 1.6."""

from __future__ import annotations

import pytest

from station.core.meter_value import MeterValue, Sample
from station.core.values import Context, Stamp
from station.ocpp.schema import check
from station.ocpp.v16.metering import meter_values
from tests.support.fake_view import FakeView


def wire(*samples: Sample) -> list[dict[str, str]]:
    """The SampledValues that go out; they obey the schema."""
    written = meter_values([MeterValue.of(Stamp(0.0, 1), samples)], FakeView())
    if written:
        assert check("1.6", "MeterValues", "request", {"connectorId": 1, "meterValue": written}) is None
    return [value for one in written for value in one["sampledValue"]]


def test_celsius_is_spelt_as_the_first_schemas_did() -> None:
    """OCPP-J 1.6 errata 2.1."""
    (value,) = wire(Sample(21.5, "Temperature", Context.PERIODIC, None, "Celsius", "Body"))
    assert value["unit"] == "Celcius"
    assert (value["value"], value["location"]) == ("21.5", "Body")


def test_hertz_has_no_unit() -> None:
    """Errata 3.86."""
    (value,) = wire(Sample(50.0, "Frequency", Context.CLOCK, None, "Hertz", "Outlet"))
    assert value == {"value": "50", "context": "Sample.Clock", "measurand": "Frequency"}


def test_samples_of_one_measurand_have_values_of_their_own() -> None:
    """What they have in common is made once; what is told of one says nothing of another."""
    first, second = wire(*(Sample(value, "Voltage", Context.PERIODIC, "L1-N", "V") for value in (229.5, 231.0)))
    assert (first.pop("value"), second.pop("value")) == ("229.5", "231")
    assert first == second
    (third,) = wire(Sample(230.0, "Voltage", Context.PERIODIC, "L1-N", "V"))
    assert third["value"] == "230"


def test_a_measurand_without_a_word_is_left_out() -> None:
    assert wire(Sample(1.0, "Display.PresentSOC", Context.PERIODIC, None, "Percent", "EV")) == []


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (-0.0001, "0"), (1.23456, "1.235"), (16.0, "16"), (0.1, "0.1")]
)
def test_numbers_have_three_decimals_at_most(value: float, text: str) -> None:
    (sample,) = wire(Sample(value, "Current.Offered", Context.PERIODIC, None, "A", "Outlet"))
    assert sample["value"] == text
