"""Whatever a lock is told: its motor is never driven both ways, never longer than a pulse, never after the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import DriverLost
from drivers.locks.gpio import DRIVER, GpioLock
from tests.support import gpio_physics
from tests.support.driver_clock import HandClock
from tests.support.gpio_physics import Lock

PULSE_MS = 400


class Waiting:
    """One timer at a time is all a lock needs; it rings when the clock passes it."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.rings: dict[int, tuple[float, Callable[[], None]]] = {}

    def make(self, wait_s: float, ring: Callable[[], None]) -> Any:
        return Timer(self, wait_s, ring)

    def advance(self, seconds: float) -> None:
        until = self.clock.now() + seconds
        while due := min((entry for entry in self.rings.items() if entry[1][0] <= until), default=None):
            self.clock.at_s = max(self.clock.at_s, due[1][0])
            del self.rings[due[0]]
            due[1][1]()
        self.clock.at_s = until


class Timer:
    def __init__(self, waiting: Waiting, wait_s: float, ring: Callable[[], None]) -> None:
        self.waiting, self.wait_s, self.ring = waiting, wait_s, ring

    def start(self) -> None:
        self.waiting.rings[id(self)] = (self.waiting.clock.now() + self.wait_s, self.ring)

    def cancel(self) -> None:
        self.waiting.rings.pop(id(self), None)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(["lock", "unlock", "read", "jam", "free"]), st.integers(1, 900)), max_size=40)
)
def test_the_motor(steps: list[str | int]) -> None:
    clock = HandClock()
    rig, waiting = Lock(clock), Waiting(clock)
    options = {"lock_pin": 5, "unlock_pin": 6, "feedback_pin": 13, "factory": "mock"}
    lock = GpioLock(DRIVER.parse(options), clock, timer=waiting.make)
    told_s, told = float("-inf"), False
    for step in steps:
        if isinstance(step, int):
            waiting.advance(step / 1000)
        elif step in ("lock", "unlock"):
            lock.set_locked(step == "lock")
            told, told_s = step == "lock", clock.now()
        elif step == "read":
            state = lock.read()
            assert (state.commanded, state.locked) == (told, rig.locked)
            assert state.fault is None or (state.locked != told and clock.now() - told_s >= 1.5)
        else:
            rig.jammed = step == "jam"
        assert not rig.both
        assert len(waiting.rings) <= 1
        if clock.now() - told_s > PULSE_MS / 1000 + 1e-9:
            assert rig.driving is None
    lock.release()
    assert rig.driving != "lock"
    waiting.advance(1)
    assert rig.driving is None
    assert rig.lock.history[-1] is None and rig.unlock.history[-1] is None
    try:
        lock.set_locked(True)
        raise AssertionError("obeyed after its release")
    except DriverLost:
        assert rig.driving is None
    gpio_physics.fresh()
