"""The lock on GPIO pins: pulses end by themselves, never both ways at once, what the end switch tells."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers.api import DriverLost, LockState, OptionError
from drivers.locks.gpio import DRIVER, GpioLock
from tests.support import gpio_physics
from tests.support.driver_clock import HandClock
from tests.support.gpio_physics import Lock

WIRED = {"lock_pin": 5, "unlock_pin": 6, "feedback_pin": 13, "factory": "mock"}


class Timers:
    """Timers that ring when the test's clock passes them."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.waiting: list[tuple[float, Any]] = []
        self.refuse = False

    def make(self, wait_s: float, ring: Callable[[], None]) -> Any:
        return _Timer(self, wait_s, ring)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for entry in [entry for entry in self.waiting if entry[0] <= self.clock.now()]:
            self.waiting.remove(entry)
            entry[1]()


class _Timer:
    def __init__(self, timers: Timers, wait_s: float, ring: Callable[[], None]) -> None:
        self.timers, self.wait_s, self.ring = timers, wait_s, ring

    def start(self) -> None:
        if self.timers.refuse:
            raise RuntimeError("can't start new thread")
        self.timers.waiting.append((self.timers.clock.now() + self.wait_s, self.ring))

    def cancel(self) -> None:
        self.timers.waiting = [entry for entry in self.timers.waiting if entry[1] is not self.ring]


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    gpio_physics.fresh()


@pytest.fixture
def timers() -> Timers:
    return Timers(HandClock())


@pytest.fixture
def rig(timers: Timers) -> Lock:
    return Lock(timers.clock)


@pytest.fixture
def lock(timers: Timers, rig: Lock) -> Iterator[GpioLock]:
    device = GpioLock(DRIVER.parse(WIRED), timers.clock, timer=timers.make)
    yield device
    device.release()


def test_a_command_is_one_pulse_and_the_end_switch_tells(timers: Timers, rig: Lock, lock: GpioLock) -> None:
    lock.set_locked(True)
    assert rig.driving == "lock"
    assert lock.read() == LockState(commanded=True, locked=False)
    timers.advance(0.4)
    assert rig.driving is None
    assert lock.read() == LockState(commanded=True, locked=True)
    lock.set_locked(False)
    timers.advance(0.4)
    assert lock.read() == LockState(commanded=False, locked=False)
    assert rig.lock.history == [False, True, False]
    assert rig.unlock.history == [False, True, False]


def test_a_pulse_ends_though_nobody_looks() -> None:
    rig = Lock()
    ended = threading.Event()

    def timer(wait_s: float, ring: Callable[[], None]) -> threading.Timer:
        def ring_and_tell() -> None:
            ring()
            ended.set()

        made = threading.Timer(wait_s, ring_and_tell)
        assert not made.daemon
        return made

    lock = GpioLock(DRIVER.parse(WIRED | {"pulse": "20ms"}), timer=timer)
    lock.set_locked(True)
    assert ended.wait(5)
    assert rig.driving is None
    lock.release()


def test_the_other_way_breaks_a_pulse_off(timers: Timers, rig: Lock, lock: GpioLock) -> None:
    lock.set_locked(True)
    timers.advance(0.05)
    lock.set_locked(False)
    assert rig.driving == "unlock"
    timers.advance(0.39)
    assert rig.driving == "unlock"
    timers.advance(0.02)
    assert rig.driving is None
    assert not rig.both


def test_the_same_command_again_drives_no_longer(timers: Timers, rig: Lock, lock: GpioLock) -> None:
    lock.set_locked(True)
    timers.advance(0.3)
    lock.set_locked(True)
    timers.advance(0.15)
    assert rig.driving is None


def test_a_jammed_bolt_is_stuck_and_a_new_command_tries_again(timers: Timers, rig: Lock, lock: GpioLock) -> None:
    rig.jammed = True
    lock.set_locked(True)
    timers.advance(1.4)
    assert lock.read().fault is None
    timers.advance(0.2)
    assert lock.read() == LockState(commanded=True, locked=False, fault="stuck")
    rig.jammed = False
    lock.set_locked(True)
    timers.advance(0.4)
    assert lock.read() == LockState(commanded=True, locked=True)


def test_a_bolt_that_was_locked_by_somebody_before_is_told_and_not_moved(timers: Timers, rig: Lock) -> None:
    rig._locked = True
    lock = GpioLock(DRIVER.parse(WIRED), timers.clock, timer=timers.make)
    timers.advance(10)
    assert lock.read() == LockState(commanded=False, locked=True)
    assert rig.unlock.history == [False]
    lock.release()


def test_without_an_end_switch_it_is_where_it_was_driven(timers: Timers, rig: Lock) -> None:
    written = {key: value for key, value in WIRED.items() if key != "feedback_pin"}
    lock = GpioLock(DRIVER.parse(written), timers.clock, timer=timers.make)
    lock.set_locked(True)
    assert lock.read() == LockState(commanded=True, locked=False)
    timers.advance(0.4)
    assert lock.read() == LockState(commanded=True, locked=True)
    lock.release()


@pytest.mark.parametrize("active", ["high", "low"])
def test_a_solenoid_is_driven_while_locked(timers: Timers, active: str) -> None:
    rig = Lock(timers.clock, active_high=active == "high")
    options = {"lock_pin": 5, "mode": "hold", "active": active, "feedback_pin": 13, "factory": "mock"}
    lock = GpioLock(DRIVER.parse(options), timers.clock, timer=timers.make)
    assert rig.driving is None
    lock.set_locked(True)
    timers.advance(60)
    assert rig.driving == "lock"
    assert lock.read() == LockState(commanded=True, locked=True)
    lock.release()
    on = active == "high"
    assert rig.lock.history == [not on, on, not on, None]


def test_release_while_locking_stops_the_motor(timers: Timers, rig: Lock, lock: GpioLock) -> None:
    lock.set_locked(True)
    lock.release()
    assert rig.driving is None
    assert rig.lock.history == [False, True, False, None]
    assert timers.waiting == []


def test_release_while_unlocking_lets_the_cable_go_first(timers: Timers, rig: Lock, lock: GpioLock) -> None:
    lock.set_locked(True)
    timers.advance(0.5)
    lock.set_locked(False)
    lock.release()
    lock.release()
    assert rig.driving == "unlock"
    with pytest.raises(DriverLost):
        lock.read()
    timers.advance(0.4)
    assert rig.unlock.history == [False, True, False, None]
    assert not rig.locked


def test_without_a_thread_to_end_it_there_is_no_pulse(timers: Timers, rig: Lock, lock: GpioLock) -> None:
    timers.refuse = True
    with pytest.raises(DriverLost):
        lock.set_locked(True)
    assert rig.lock.history == [False]


def test_a_pin_that_fails_is_lost(rig: Lock, lock: GpioLock, timers: Timers) -> None:
    def broken() -> bool:
        raise OSError("no such line")

    rig.switch.level = broken
    with pytest.raises(DriverLost, match="the lock's GPIO13"):
        lock.read()
    with pytest.raises(DriverLost):
        lock.set_locked(True)
    assert rig.lock.history == [False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lock_pin": 5}, "mode pulse needs unlock_pin"),
        ({"lock_pin": 5, "unlock_pin": 6, "mode": "hold"}, "has no unlock_pin"),
        ({"lock_pin": 5, "unlock_pin": 5}, "both GPIO5"),
        ({"lock_pin": 5, "unlock_pin": 6, "pulse": "2s", "settle": "1s"}, "shorter than pulse"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        DRIVER.parse(options)
