"""Several faults in one StatusNotification: which has the error code, and where the others are."""

from __future__ import annotations

import pytest

from station.core.faults import Standing
from station.core.hardware_faults import TABLE
from station.core.values import Fault
from station.ocpp.dialect import Told
from station.ocpp.v16 import DIALECT
from tests.support.fake_view import FakeEvse, FakeView
from tests.support.wire16 import sent


def by(source: str, info: str = "") -> Standing:
    return Standing(TABLE[source.partition("#")[0]].fault, source, info)


def told(*standing: Standing, out_of_service: bool = True) -> Told:
    evse = FakeEvse(reported=standing, out_of_service=out_of_service)
    return DIALECT.told(evse, 1, FakeView(evse))


@pytest.mark.spec("OCPP 1.6 §7.6", "OCPP 1.6 §6.47")
def test_an_emergency_stop_is_another_error_with_the_manufacturers_code() -> None:
    evse = FakeEvse(reported=(by("emergency_stop"),), out_of_service=True)
    view = FakeView(evse)
    payload = sent(DIALECT.status_call(1, 1, DIALECT.told(evse, 1, view), view), "StatusNotification")
    assert (payload["errorCode"], payload["status"]) == ("OtherError", "Faulted")
    assert (payload["vendorErrorCode"], payload["vendorId"]) == ("EmergencyStop", "Acme")
    assert payload["info"] == "emergency stop pressed"


@pytest.mark.parametrize("source", list(TABLE))
def test_every_row_can_be_told(source: str) -> None:
    evse = FakeEvse(reported=(by(source),), out_of_service=True)
    view = FakeView(evse)
    payload = sent(DIALECT.status_call(1, 1, DIALECT.told(evse, 1, view), view), "StatusNotification")
    assert payload["errorCode"] == TABLE[source].fault.value
    assert payload["vendorErrorCode"] == TABLE[source].code


def test_danger_goes_first_and_the_others_are_named() -> None:
    assert told(by("residual_current"), by("over_temperature"), by("reader_lost#1")) == Told(
        "Faulted", "GroundFailure", "residual current device tripped; ReaderLost", "ResidualCurrent"
    )


def test_another_danger_is_named_before_what_came_later() -> None:
    assert told(by("emergency_stop"), by("residual_current"), by("over_temperature")) == Told(
        "Faulted", "GroundFailure", "residual current device tripped; EmergencyStop", "ResidualCurrent"
    )


def test_else_the_latest_goes_first() -> None:
    assert told(by("over_temperature"), by("over_voltage")) == Told(
        "Faulted", "OverVoltage", "over-voltage; OverTemperature", "OverVoltage"
    )


def test_what_comes_while_another_stands_is_told_and_its_end_tells_the_other() -> None:
    first, second = by("over_temperature"), by("meter_lost")
    alone, both = told(first), told(first, second)
    assert alone.text != both.text
    assert both.error_code == "HighTemperature", "a fault that stops nobody is not why a connector is Faulted"
    assert "MeterLost" in both.info
    assert told(second, out_of_service=False) == Told("Available", "PowerMeterFailure", "meter lost", "MeterLost")


def test_two_other_errors_are_told_apart() -> None:
    stop, hot_air = by("emergency_stop"), by("ventilation")
    assert told(hot_air).vendor_code == "VentilationMissing"
    assert told(hot_air, stop).vendor_code == "EmergencyStop"
    assert told(hot_air, stop).text != told(stop).text


def test_one_fault_by_two_readers_is_named_once() -> None:
    assert told(by("reader_lost#1"), by("reader_lost#2"), out_of_service=False).info == "reader lost; ReaderLost"


def test_info_has_no_more_than_fifty_characters() -> None:
    many = told(*(by(source) for source in TABLE))
    assert len(many.info) <= 50
    assert len(told(Standing(Fault.OTHER_ERROR, "", "x" * 90)).vendor_code) == 50
