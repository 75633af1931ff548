"""Real parts on the desk, one each where the environment names it; without that these tests are skipped.

    STATION_TEST_READER='{driver: pn532, device: /dev/ttyUSB0}'
    STATION_TEST_METER='{driver: modbus, model: sdm630, port: /dev/ttyUSB1}'
    STATION_TEST_CONTACTOR='{driver: gpio, pin: 17, feedback_pin: 27}'   # closes for a moment: no mains behind it
    STATION_TEST_PILOT='{driver: openevse, port: /dev/ttyAMA1}'          # offers nothing

Each is a line of a profile.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from drivers import registry
from drivers.api import Controller, DriverLost

CALL_S = 1.0
"""What a call may take (docs/drivers.md)."""


@contextlib.contextmanager
def named(part: str) -> Iterator[Any]:
    """The part that the environment names, opened."""
    written = os.environ.get(f"STATION_TEST_{part.upper()}")
    if written is None:
        pytest.skip(f"STATION_TEST_{part.upper()} names no {part}")
    mapping = yaml.load(written, yaml.BaseLoader)  # texts, as a profile gives them
    driver = registry.find(part, mapping["driver"])
    device = driver.open(driver.parse(mapping))
    try:
        yield device
    finally:
        device.release()
        device.release()


def timed(call: Any, *arguments: Any) -> Any:
    began_s = time.monotonic()
    result = call(*arguments)
    assert time.monotonic() - began_s < CALL_S
    return result


def test_a_reader_is_polled_in_time_and_opens_again() -> None:
    for _ in range(2):
        with named("reader") as reader:
            for _ in range(20):
                assert isinstance(timed(reader.poll), list)
    with pytest.raises(DriverLost):
        reader.poll()


def test_a_meter_has_a_register_that_does_not_fall() -> None:
    with named("meter") as meter:
        shown = []
        for _ in range(3):
            shown.append(timed(meter.read).energy_wh)
            time.sleep(1.1)
    assert None not in shown
    assert shown == sorted(shown)


def test_a_contactor_is_open_and_follows() -> None:
    with named("contactor") as contactor:
        assert not timed(contactor.read).closed
        for wanted in (True, False):
            timed(contactor.set_power, wanted)
            time.sleep(1)
            state = timed(contactor.read)
            assert (state.closed, state.fault, state.alarms) == (wanted, None, ())


def test_a_controller_shows_its_vehicle_and_gives_no_power() -> None:
    with named("pilot") as pilot:
        for _ in range(5):
            assert timed(pilot.read).state in "ABCDEF"
            if isinstance(pilot, Controller):
                assert not timed(pilot.contactor.read).closed
            time.sleep(0.3)
