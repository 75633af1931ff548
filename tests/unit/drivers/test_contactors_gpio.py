"""The contactor on GPIO pins: never a blip, what the mirror contact tells, alarms, pins that fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.api import ContactorState, DriverBusy, DriverLost, OptionError
from drivers.contactors.gpio import DRIVER, GpioContactor
from drivers.gpio import factory
from tests.support import gpio_physics
from tests.support.driver_clock import HandClock
from tests.support.gpio_physics import Contactor

SETTLED_S = 0.6


OPENED: list[GpioContactor] = []


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().release()
    gpio_physics.fresh()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def rig(clock: HandClock) -> Contactor:
    return Contactor(clock)


def opened(clock: HandClock, **options: Any) -> GpioContactor:
    written = {"pin": 17, "feedback_pin": 27, "emergency_stop_pin": 22, "rcd_pin": 23, "tamper_pin": 24} | options
    mapping = {key: value for key, value in written.items() if value} | {"factory": "mock"}
    device = DRIVER.open(DRIVER.parse(mapping), clock)
    OPENED.append(device)
    return device


def wait(device: GpioContactor, clock: HandClock, seconds: float) -> ContactorState:
    """As a host does it: a look each 0.2 s."""
    until = clock.now() + seconds
    while clock.now() < until:
        clock.advance(0.2)
        state = device.read()
    return state


@pytest.mark.parametrize(("active", "off"), [("high", False), ("low", True)])
def test_the_coil_never_blips(clock: HandClock, active: str, off: bool) -> None:
    rig = Contactor(clock, active_high=active == "high")
    device = opened(clock, active=active)
    assert rig.coil.history == [off]
    device.set_power(True)
    device.set_power(False)
    device.set_power(False)
    device.release()
    assert rig.coil.history == [off, not off, off, None]


def test_the_contacts_are_where_the_mirror_contact_says(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    device.set_power(True)
    assert device.read() == ContactorState(commanded=True, closed=False)
    clock.advance(0.05)
    assert device.read() == ContactorState(commanded=True, closed=True)
    device.set_power(False)
    assert device.read() == ContactorState(commanded=False, closed=True)
    clock.advance(0.05)
    assert device.read() == ContactorState(commanded=False, closed=False)


def test_a_normally_open_auxiliary_contact(clock: HandClock) -> None:
    Contactor(clock, normally_closed=False)
    device = opened(clock, feedback_closed="low")
    device.set_power(True)
    clock.advance(0.05)
    assert device.read().closed


def test_without_a_mirror_contact_the_command_counts(clock: HandClock, rig: Contactor) -> None:
    rig.welded = True
    device = opened(clock, feedback_pin=None)
    device.set_power(True)
    assert device.read() == ContactorState(commanded=True, closed=True)
    device.set_power(False)
    assert wait(device, clock, 2) == ContactorState(commanded=False, closed=False)


def test_a_weld_is_told_once_it_lasts_and_ends_with_the_weld(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    device.set_power(True)
    clock.advance(0.2)
    rig.welded = True
    device.set_power(False)
    clock.advance(0.45)
    assert device.read().fault is None
    clock.advance(0.05)
    assert device.read() == ContactorState(commanded=False, closed=True, fault="weld")
    rig.welded = False
    clock.advance(0.2)
    assert device.read() == ContactorState(commanded=False, closed=False)


def test_a_weld_at_the_start_is_seen_before_any_command_and_never_hidden_by_one(
    clock: HandClock, rig: Contactor
) -> None:
    rig.welded = True
    device = opened(clock)
    assert device.read().closed
    device.set_power(True)
    assert not rig.ever_energised
    assert wait(device, clock, SETTLED_S) == ContactorState(commanded=False, closed=True, fault="weld")
    device.set_power(True)
    assert wait(device, clock, 5).fault == "weld"
    assert not rig.ever_energised


def test_closing_again_waits_until_the_contacts_were_seen_open(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    device.set_power(True)
    clock.advance(0.2)
    device.set_power(False)
    device.set_power(True)
    assert not rig.energised
    clock.advance(0.2)
    device.read()
    assert rig.energised
    assert wait(device, clock, SETTLED_S) == ContactorState(commanded=True, closed=True)


def test_a_contactor_that_does_not_close(clock: HandClock, rig: Contactor) -> None:
    rig.stuck = True
    device = opened(clock)
    device.set_power(True)
    assert wait(device, clock, 0.4).fault is None
    assert wait(device, clock, 0.2) == ContactorState(commanded=True, closed=False, fault="stuck_open")
    device.set_power(False)
    assert device.read() == ContactorState(commanded=False, closed=False)


def test_contacts_that_bounce_are_no_fault(clock: HandClock) -> None:
    Contactor(clock, bounce_s=0.1)
    device = opened(clock)
    device.set_power(True)
    faults = set()
    for _ in range(400):
        clock.advance(0.003)
        faults.add(device.read().fault)
    assert faults == {None}
    assert device.read().closed


def test_a_cut_wire_of_the_mirror_contact_reads_as_a_weld(clock: HandClock, rig: Contactor) -> None:
    rig.cut.add(27)
    device = opened(clock)
    assert wait(device, clock, SETTLED_S).fault == "weld"


@pytest.mark.parametrize(("pin", "alarm"), [(22, "emergency_stop"), (23, "residual_current")])
def test_an_alarm_lets_the_coil_go_until_a_new_command(clock: HandClock, rig: Contactor, pin: int, alarm: str) -> None:
    device = opened(clock)
    device.set_power(True)
    assert wait(device, clock, 0.2).closed
    rig.pressed.add(pin)
    clock.advance(0.2)
    state = device.read()
    assert state.alarms == (alarm,) and not state.commanded and not rig.energised
    device.set_power(True)
    assert not rig.energised and not device.read().commanded
    rig.pressed.clear()
    assert wait(device, clock, 5) == ContactorState(commanded=False, closed=False)
    assert not rig.energised
    device.set_power(True)
    assert wait(device, clock, SETTLED_S) == ContactorState(commanded=True, closed=True)


def test_an_alarm_that_arises_between_two_looks_is_seen_by_the_command(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    rig.pressed.add(22)
    device.set_power(True)
    assert not rig.ever_energised


def test_a_cut_wire_is_an_emergency_stop(clock: HandClock, rig: Contactor) -> None:
    rig.cut.add(22)
    device = opened(clock)
    device.set_power(True)
    assert device.read().alarms == ("emergency_stop",)
    assert not rig.ever_energised


def test_contacts_that_close_on_alarm_are_low(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock, emergency_stop_active="low", rcd_pin=None, tamper_pin=None)
    assert device.read().alarms == ("emergency_stop",)
    rig.pressed.add(22)
    assert wait(device, clock, SETTLED_S).alarms == ()


def test_a_contact_that_bounces_is_one_alarm(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    seen = []
    for step in range(10):
        rig.pressed ^= {22}
        if step == 5:
            rig.pressed = {22}
        clock.advance(0.2)
        seen.append(device.read().alarms)
    assert set(seen) == {("emergency_stop",)}


def test_an_open_housing_is_told_and_nothing_more(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    rig.pressed.add(24)
    device.set_power(True)
    assert wait(device, clock, 0.4) == ContactorState(commanded=True, closed=True, alarms=("tamper",))


def test_an_input_that_fails_opens_the_contactor(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    device.set_power(True)
    clock.advance(0.2)

    def broken() -> bool:
        raise OSError("no such line")

    rig.mirror.level = broken
    with pytest.raises(DriverLost, match="GPIO27"):
        device.read()
    assert not rig.energised
    with pytest.raises(DriverLost):
        device.set_power(True)
    assert not rig.energised
    device.release()
    rig.mirror.level = lambda: False
    again = opened(clock)
    again.set_power(True)
    assert rig.energised


def test_opening_is_tried_though_a_pin_is_lost(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    device.set_power(True)
    real, rig.coil._set_state = rig.coil._set_state, _refuse
    with pytest.raises(DriverLost, match="GPIO17"):
        device.set_power(False)
    rig.coil._set_state = real
    with pytest.raises(DriverLost):
        device.set_power(False)
    assert not rig.energised


def _refuse(value: object) -> None:
    raise OSError("bad handle")


def test_release_opens_and_ends_all_use(clock: HandClock, rig: Contactor) -> None:
    device = opened(clock)
    device.set_power(True)
    device.release()
    device.release()
    assert not rig.energised
    for act in (device.read, lambda: device.set_power(False), lambda: device.set_power(True)):
        with pytest.raises(DriverLost):
            act()
    assert not rig.energised


def test_two_contactors_do_not_share_a_pin(clock: HandClock, rig: Contactor) -> None:
    opened(clock)
    with pytest.raises(DriverBusy, match="GPIO17 is in use by the contactor"):
        opened(clock)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feedback_pin": 17}, "pin and feedback_pin are both GPIO17"),
        ({"pin": 99}, "out of range"),
        ({"active": "up"}, "none of high, low"),
        ({"settle": "0s"}, "out of range"),
        ({"factory": "gpiod"}, "none of lgpio"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        DRIVER.parse({"pin": 17} | options)


def test_options_speak_the_words_of_the_profile() -> None:
    parsed = DRIVER.parse({"pin": "17", "active": "low", "feedback_closed": "low", "settle": "800ms", "rcd_pin": "23"})
    assert (parsed.pin, parsed.active, parsed.settle_s, parsed.rcd_pin) == (17, "low", 0.8, 23)
    assert parsed.factory == "lgpio"


def test_it_is_said_when_the_kernel_leaves_outputs_driven(
    clock: HandClock, rig: Contactor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(factory, "outputs_survive", lambda: True)
    with caplog.at_level(logging.WARNING):
        opened(clock)
    assert "strict_gpiod" in caplog.text
