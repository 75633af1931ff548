"""Readings and states of drivers that come from anywhere."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import ContactorState, DriverLost, LockState, PilotState, Reading, SignedReading
from station.core.plausibility import sound
from station.core.values import Moment
from station.host.readings import Doubts, Taken, checked, checked_reading, core_reading, highest


def test_a_whole_reading() -> None:
    taken = Taken(
        Reading(
            1000.0, 5.0, 3600.0, (16.0, 15.5, 0.0), (230.0, 231.0, 229.0), 50.01, 80.0, 21.0,
            (SignedReading("OCMF|{}|{}", "end", public_key="oca:base16:asn1:00"),),
        ),
        Moment.END,
    )  # fmt: skip
    reading = core_reading(taken, 16.0)
    assert reading is not None
    assert (reading.energy_wh, reading.export_wh, reading.power_w) == (1000.0, 5.0, 3600.0)
    assert (reading.current_a, reading.voltage_v) == ((16.0, 15.5, 0.0), (230.0, 231.0, 229.0))
    assert (reading.frequency_hz, reading.soc_percent, reading.temperature_c) == (50.01, 80.0, 21.0)
    assert reading.signed is not None and reading.signed_begin is None
    assert (reading.moment, reading.offered_a) == (Moment.END, 16.0)


@pytest.mark.parametrize("energy", [math.nan, math.inf, -math.inf, -0.1, 1e13, 10**400, "1000", True, [1], 1j])
def test_a_register_that_cannot_be_is_one_that_the_core_throws_away(energy: Any) -> None:
    bad: list[str] = []
    reading = core_reading(Taken(Reading(energy_wh=energy, power_w=1.0), Moment.END), None, bad)
    assert reading is not None and math.isnan(reading.energy_wh) and reading.moment is Moment.END
    assert sound(reading) is None
    assert len(bad) == 1


def test_no_register_is_no_reading() -> None:
    bad: list[str] = []
    assert core_reading(Taken(Reading(power_w=1.0)), None, bad) is None
    assert not bad


@pytest.mark.parametrize(
    "signed",
    [5, "OCMF", [SignedReading("x", "end")], (None,), (SignedReading(5, "end"),)],  # type: ignore[arg-type]
)
def test_signed_values_that_are_none_are_left_out(signed: Any) -> None:
    bad: list[str] = []
    reading = core_reading(Taken(Reading(energy_wh=1.0, signed=signed)), None, bad)
    assert reading is not None and reading.signed is None and reading.signed_begin is None
    assert bad == ["signed"]


def test_other_values_that_cannot_be_are_left_out() -> None:
    bad: list[str] = []
    reading = core_reading(
        Taken(
            Reading(
                1000.0, math.nan, math.inf, (16.0, math.nan), ("230",), -1.0, 101.0, 1e9  # type: ignore[arg-type]
            )
        ),
        None,
        bad,
    )  # fmt: skip
    assert reading is not None
    assert reading.energy_wh == 1000.0
    assert (reading.power_w, reading.export_wh, reading.soc_percent, reading.frequency_hz) == (None,) * 4
    assert reading.temperature_c is None
    assert (reading.current_a, reading.voltage_v) == ((), ())
    assert len(bad) == 7


numbers = st.none() | st.floats() | st.integers() | st.text(max_size=3) | st.booleans()


@given(st.builds(Reading, numbers, numbers, numbers, st.none() | st.tuples(numbers, numbers), st.none(), numbers))
def test_whatever_a_driver_says_the_core_gets_finite_numbers(made: Any) -> None:
    reading = core_reading(Taken(made), None)
    if reading is not None and not math.isnan(reading.energy_wh):
        shown = (reading.energy_wh, reading.export_wh, reading.power_w, reading.frequency_hz, *reading.current_a)
        assert all(math.isfinite(number) for number in shown if number is not None)
        assert reading.energy_wh >= 0


def test_doubts_are_counted_and_said_once_a_series(caplog: pytest.LogCaptureFixture) -> None:
    doubts = Doubts(1)
    for bad in (["energy_wh nan"], ["energy_wh nan", "power_w inf"], [], ["energy_wh nan"]):
        doubts.judge(bad)
    assert doubts.dropped == 4
    assert len(caplog.records) == 2
    assert "energy_wh nan" in caplog.text


@pytest.mark.parametrize(
    ("part", "state"),
    [
        ("contactor", None),
        ("contactor", PilotState("A")),
        ("pilot", PilotState("X")),  # type: ignore[arg-type]
        ("pilot", PilotState(["A"])),  # type: ignore[arg-type]
        ("pilot", PilotState("B", math.nan)),
        ("contactor", ContactorState(False, "no")),  # type: ignore[arg-type]
        ("contactor", ContactorState(False, None)),  # type: ignore[arg-type]
        ("contactor", ContactorState(False, False, None, 5)),  # type: ignore[arg-type]
        ("pilot", PilotState("B", None, "no")),  # type: ignore[arg-type]
        ("pilot", PilotState("B", None, True, {"ground": 1})),  # type: ignore[arg-type]
        ("lock", LockState(True, None)),  # type: ignore[arg-type]
        ("lock", "locked"),
        ("button", 1),
    ],
)
def test_what_is_no_state_is_a_loss(part: str, state: Any) -> None:
    with pytest.raises((DriverLost, TypeError)):
        checked(part, state)


def test_states_pass() -> None:
    for part, state in (
        ("contactor", ContactorState(False, False)), ("pilot", PilotState("B", 20.0, True)),
        ("lock", LockState(False, False)), ("button", True),
        ("contactor", ContactorState(0, 1)),  # type: ignore[arg-type]
    ):  # fmt: skip
        assert checked(part, state) is state
    with pytest.raises(DriverLost):
        checked_reading({"energy_wh": 1.0})


def test_a_register_is_kept_where_it_rises() -> None:
    assert highest(None, 5.0) == 5.0
    assert highest(5.0, 4.0) == 5.0
    assert highest(5.0, 6.0) == 6.0
    for nonsense in (math.nan, None, "7"):
        assert highest(5.0, nonsense) == 5.0
