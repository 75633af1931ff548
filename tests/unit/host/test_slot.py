"""Where a device is: opened, lost, opened anew with patience; brought devices stay."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.api import DeviceMissing, DriverError, DriverLost, DriverUnsupported, NoReading
from station.host import slot as slot_module
from station.host.slot import Slot


class Time:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(slot_module, "time", clock)
    return clock


class Device:
    def __init__(self) -> None:
        self.released = 0

    def release(self) -> None:
        self.released += 1


class Maker:
    """Opens devices, or fails with what ``error`` is."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.made: list[Device] = []
        self.attempts = 0

    def __call__(self) -> Device:
        self.attempts += 1
        if self.error is not None:
            raise self.error
        self.made.append(Device())
        return self.made[-1]


def test_it_is_opened_at_the_first_use_and_kept(clock: Time) -> None:
    maker = Maker()
    slot = Slot(maker)
    assert maker.attempts == 0
    assert slot.device() is slot.device() is maker.made[0]


def test_what_cannot_be_opened_is_tried_again_ever_more_patiently(clock: Time) -> None:
    maker = Maker()
    maker.error = DeviceMissing("not there", "plug it in")
    slot = Slot(maker)
    waits = []
    for _ in range(6):
        with pytest.raises(DeviceMissing):
            slot.device()
        assert not slot.due
        with pytest.raises(DeviceMissing):  # the reason of the last attempt, without another one
            slot.device()
        began_s = clock.now_s
        while not slot.due:
            clock.now_s += 0.125
        waits.append(clock.now_s - began_s)
    assert maker.attempts == 6
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    maker.error = None
    assert slot.device() is maker.made[0]


def test_a_lost_device_is_given_back_and_opened_anew_half_a_second_later(clock: Time) -> None:
    maker = Maker()
    slot = Slot(maker)
    for loss in (DriverLost("gone"), ValueError("a mistake of the driver")):
        slot.device()
        slot.answered()
        slot.failed(loss)
        assert maker.made[-1].released == 1
        with pytest.raises(DriverError):
            slot.device()
        clock.now_s += 0.5
    assert slot.device() is maker.made[2]


def test_no_reading_and_what_it_cannot_do_are_no_losses(clock: Time) -> None:
    maker = Maker()
    slot = Slot(maker)
    slot.device()
    for error in (NoReading("silent"), DriverUnsupported("no")):
        slot.failed(error)
    assert slot.device() is maker.made[0]
    assert not maker.made[0].released


def test_a_brought_device_is_asked_again_and_prepared_once(clock: Time) -> None:
    device = Device()
    slot = Slot(None, device)
    prepared: list[Any] = []
    slot.prepare = prepared.append
    slot.failed(DriverLost("gone"))
    assert slot.device() is slot.device() is device
    assert prepared == [device]
    assert not device.released


def test_a_device_that_cannot_be_prepared_is_given_back(clock: Time) -> None:
    maker = Maker()
    slot = Slot(maker)

    def prepare(device: Device) -> None:
        raise DriverLost("gone at once")

    slot.prepare = prepare
    with pytest.raises(DriverLost):
        slot.device()
    assert maker.made[0].released == 1


def test_release_is_for_good(clock: Time) -> None:
    maker = Maker()
    slot = Slot(maker)
    device = slot.device()
    slot.release()
    slot.release()
    assert device.released == 1
    with pytest.raises(DriverLost):
        slot.device()


def test_what_opens_after_its_slot_was_released_is_given_back(clock: Time) -> None:
    """An opening that hung while the process ended."""
    made = Device()

    def opener() -> Device:
        slot.release()
        return made

    slot = Slot(opener)
    with pytest.raises(DriverLost):
        slot.device()
    assert made.released == 1
    with pytest.raises(DriverLost):
        slot.device()


def test_a_device_that_cannot_be_given_back_ends_nothing(clock: Time) -> None:
    class Stubborn:
        def release(self) -> None:
            raise OSError("no")

    slot = Slot(None, Stubborn())
    slot.rescue(lambda device: device.release())
    slot.release()


def test_a_rescue_gives_back_what_can_be_opened_anew_and_calms_what_was_brought(clock: Time) -> None:
    maker = Maker()
    slot = Slot(maker)
    calmed: list[Any] = []
    slot.rescue(calmed.append)
    opened = slot.device()
    slot.rescue(calmed.append)
    assert opened.released == 1
    assert calmed == []
    brought = Device()
    Slot(None, brought).rescue(calmed.append)
    assert calmed == [brought]
    assert not brought.released
