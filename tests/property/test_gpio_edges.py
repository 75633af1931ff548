"""Any sequence of edges: what the debouncing counts, and a pulse meter that never falls."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.gpio.debounce import Debounce
from drivers.meters.pulse import DRIVER
from tests.support import gpio_physics
from tests.support.driver_clock import HandClock
from tests.support.gpio_physics import TimedPin

LASTS_MS = 10
GAPS_MS = st.lists(st.integers(1, 40), max_size=60)


def reference(gaps_ms: list[int]) -> int:
    """The same by looking each millisecond: how often a level that lasted was an active one after an inactive one."""
    level, steady, counted, held = True, False, 0, 0
    for gap_ms in gaps_ms:
        for _ in range(gap_ms):
            held += 1
            if held >= LASTS_MS and steady != level:
                steady = level
                counted += level
        level, held = not level, 0
    return counted


@settings(max_examples=200, deadline=None)
@given(GAPS_MS)
def test_counts_what_lasted(gaps_ms: list[int]) -> None:
    """Edges alternate; the first makes the contact active. The gap after the last edge is ended by one more."""
    debounce = Debounce(LASTS_MS)
    at_ms, level, counted = 0, True, 0
    for gap_ms in [0, *gaps_ms]:
        at_ms += gap_ms
        counted += debounce.edge(at_ms, level) is not None
        level = not level
    assert counted == reference(gaps_ms)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=60), st.lists(st.floats(0, 1e9), max_size=3))
def test_a_register_never_falls_and_never_runs_ahead(edges: list[tuple[bool, int]], presets: list[float]) -> None:
    clock = HandClock()
    pin = gpio_physics.fresh().pin(18, pin_class=TimedPin, clock=clock)
    meter = DRIVER.open(DRIVER.parse({"pin": 18, "pulses_per_kwh": 1000, "factory": "mock"}), clock)
    shown, rising, base = 0.0, 0, 0.0
    for number, (high, wait_ms) in enumerate(edges):
        (pin.drive_high if high else pin.drive_low)()
        rising += not high
        clock.advance(wait_ms / 1000)
        if number < len(presets):
            meter.preset(presets[number])
            base = max(base, presets[number])
        reading = meter.read()
        assert reading.energy_wh is not None and shown <= reading.energy_wh <= base + rising
        assert reading.power_w is None or 0 <= reading.power_w <= 3.6e6 / 0.02
        shown = reading.energy_wh
    meter.release()
    gpio_physics.fresh()
