"""Whatever happens to a GPIO contactor, its coil is driven only when it may be, and nothing is told but what is so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import DriverLost
from drivers.contactors.gpio import DRIVER
from tests.support import gpio_physics
from tests.support.driver_clock import HandClock
from tests.support.gpio_physics import Contactor

EMERGENCY_STOP, RCD, TAMPER = 22, 23, 24
SETTLE_S = 0.5

STEPS = st.one_of(
    st.sampled_from(["on", "off", "read", "weld", "unweld", "stick", "unstick", "cut", "mend"]),
    st.tuples(st.sampled_from(["press", "let go"]), st.sampled_from([EMERGENCY_STOP, RCD, TAMPER])),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.05, 0.2, 0.6])),
)


class Bench:
    """A contactor, its physics, and what the coil may do by the rules alone."""

    def __init__(self, active_high: bool, feedback: bool) -> None:
        self.clock = HandClock()
        self.rig = Contactor(self.clock, active_high=active_high)
        self.feedback = feedback
        written = {"pin": 17, "emergency_stop_pin": 22, "rcd_pin": 23, "tamper_pin": 24, "factory": "mock"}
        written |= {"active": "high" if active_high else "low"} | ({"feedback_pin": 27} if feedback else {})
        self.device = DRIVER.open(DRIVER.parse(written), self.clock)
        self.permitted = False
        self.contradicted_s: float | None = None

    def do(self, step: str | tuple[str, float]) -> None:
        if isinstance(step, tuple):
            self._tuple(*step)
        elif step in ("on", "off", "read"):
            self._call(step)
        else:
            rig = self.rig
            rig.welded = {"weld": True, "unweld": False}.get(step, rig.welded)
            rig.stuck = {"stick": True, "unstick": False}.get(step, rig.stuck)
            if step in ("cut", "mend"):
                rig.cut = {27} if step == "cut" else set()

    def _tuple(self, what: str, value: float) -> None:
        if what == "wait":
            self.clock.advance(value)
        elif what == "press":
            self.rig.pressed.add(int(value))
        else:
            self.rig.pressed.discard(int(value))

    def _call(self, step: str) -> None:
        shown_closed = self.rig.mirror.state
        energised = self.rig.energised
        if step != "read":
            self.permitted = step == "on"
            self.device.set_power(step == "on")
        if self.rig.pressed & {EMERGENCY_STOP, RCD}:
            self.permitted = False
        if self.feedback and not energised and shown_closed:
            assert not self.rig.energised, "driven before the contacts were seen open"
        state = self.device.read()
        assert self.permitted or not self.rig.energised
        assert self.permitted or not state.commanded
        if self.rig.pressed & {EMERGENCY_STOP, RCD}:
            assert set(state.alarms) & {"emergency_stop", "residual_current"}
        if self.feedback:
            assert state.closed == self.rig.mirror.state
            assert state.fault != "weld" or (state.closed and not self.rig.energised)
            assert state.fault != "stuck_open" or (not state.closed and self.rig.energised)
        else:
            assert state.closed == self.rig.energised
            assert state.fault is None


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40), st.booleans(), st.booleans())
def test_the_coil_is_driven_only_when_it_may_be(
    steps: list[str | tuple[str, float]], high: bool, feedback: bool
) -> None:
    bench = Bench(high, feedback)
    try:
        for step in steps:
            bench.do(step)
    finally:
        bench.device.release()
        gpio_physics.fresh()
    levels = bench.rig.coil.history
    assert levels[0] is not high, "a blip at the start"
    assert levels[-2:] == [not high, None], "given back while driven"
    if "on" not in steps:
        assert not bench.rig.ever_energised


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=20), st.sampled_from([EMERGENCY_STOP, 27]), st.lists(STEPS, max_size=20))
def test_a_pin_that_fails_at_any_moment_leaves_the_coil_off(
    before: list[str | tuple[str, float]], number: int, after: list[str | tuple[str, float]]
) -> None:
    bench = Bench(True, True)
    for step in before:
        bench.do(step)
    pin = bench.rig.mirror if number == 27 else bench.rig.alarms[number]

    def broken() -> bool:
        raise OSError("no such line")

    pin.level = broken
    for step in ("read", *after):
        if step not in ("on", "off", "read"):
            continue
        with pytest.raises(DriverLost):
            bench.device.read() if step == "read" else bench.device.set_power(step == "on")
        assert not bench.rig.energised
    pin.level = lambda: False
    bench.device.release()
    assert not bench.rig.energised
    gpio_physics.fresh()
