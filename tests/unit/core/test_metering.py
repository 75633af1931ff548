"""What of a reading is told."""

from __future__ import annotations

import pytest

from station.core.metering import ENERGY, INTERVAL, selection
from station.core.values import Context, Reading, Stamp

STAMP = Stamp(0.0, 1)
READING = Reading(100.0, power_w=11000.0, current_a=(16.0, 15.0, 14.0), voltage_v=(230.0, 231.0, 232.0))


def told(*measurands: str, since_wh: float | None = None) -> list[tuple[str, str | None, float]]:
    """Measurand, phase and value of every sample."""
    value = selection(measurands, Context.PERIODIC).of(READING, STAMP, since_wh=since_wh)
    return [] if value is None else [(one.measurand, one.phase, one.value) for one in value.samples]


@pytest.mark.parametrize(
    ("asked", "samples"),
    [
        ("Current.Import.L2", [("Current.Import", "L2", 15.0)]),
        ("Voltage.L3", [("Voltage", "L3-N", 232.0)]),
        ("Voltage.L1-N", [("Voltage", "L1-N", 230.0)]),
        ("Voltage.L9", []),
        ("Power.Active.Import.L1", []),
        ("SoC", []),
    ],
)
def test_a_phase_alone(asked: str, samples: list[tuple[str, str | None, float]]) -> None:
    """OCPP 1.6 §9.1.17."""
    assert told(asked) == samples


def test_an_interval_needs_its_begin() -> None:
    assert told(INTERVAL) == []
    assert told(ENERGY, INTERVAL, since_wh=40.0) == [(ENERGY, None, 100.0), (INTERVAL, None, 60.0)]
    assert told(INTERVAL, since_wh=140.0) == [(INTERVAL, None, 0.0)]
