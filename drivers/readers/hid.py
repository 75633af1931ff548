"""Desk readers and scanners that pretend to be a keyboard, through Linux's input events (``evdev``).

| function | support | remarks |
|---|---|---|
| text token | yes | 1 to 128 characters up to Enter, as a US keyboard types them; the keypad types digits |
| shift, caps lock | yes | |
| exclusive use | yes | the device is grabbed: what is typed goes to no console or desktop |
| loss of the reader | yes | unplugged |
| key repeat | ignored | a reader presses a key for each character |
| removal of the card | no | a line is a card for one poll |
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.api import Card, Clock, DeviceMissing, DriverBusy, DriverError, DriverLost, DriverUnsupported, vendor
from drivers.clock import SYSTEM
from drivers.framing.flood import Flood
from drivers.framing.keys import KeyLine
from drivers.holders import held_by
from drivers.options import option
from drivers.registry import Driver

EVENTS_A_POLL = 1024
GROUP = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class HidOptions:
    """Options of the driver."""

    device: str = option(about="/dev/input/by-id/…-event-kbd, another path, or the keyboard's name or a part of it")
    gap_s: float = option(0.5, key="gap", unit="s", between=(0, 60), about="gone that long is a new presentation")


class HidReader:
    """See the module."""

    __slots__ = ("_clock", "_device", "_flood", "_keys", "_path")

    def __init__(self, options: HidOptions, clock: Clock | None = None) -> None:
        """
        Raises:
            DriverMissing: the library is not installed.
            DeviceMissing: there is no such keyboard, or no permission.
            DriverBusy: another program has grabbed it.
            DriverUnsupported: the name fits several keyboards, or that is none.
        """
        evdev = vendor("evdev", extra="hid")
        self._clock = clock or SYSTEM
        self._keys = KeyLine()
        self._flood = Flood()
        self._device: Any = None
        self._path = options.device if "/" in options.device else _named(evdev, options.device)
        try:
            self._device = evdev.InputDevice(os.path.realpath(self._path))
            self._device.grab()
            self._forget()
        except Exception as error:
            self.release()
            raise _explain(self._path, error) from error

    def poll(self) -> list[Card]:
        """The cards whose lines were ended since the last poll. Raises: DriverLost."""
        if self._device is None:
            raise DriverLost(f"{self._path}: released")
        now_s = self._clock.now()
        try:
            lines = [self._keys.event(event.type, event.code, event.value, now_s) for event in self._events()]
        except Exception as error:  # ENODEV: unplugged
            self.release()
            raise DriverLost(f"{self._path}: {error}", "is the reader plugged in? station readers") from error
        return self._flood.limit([Card(b"", text=text) for text in lines if text], now_s)

    def release(self) -> None:
        """Give the keyboard back."""
        device, self._device = self._device, None
        if device is not None:
            for give_back in (device.ungrab, device.close):
                with contextlib.suppress(Exception):  # it may be unplugged
                    give_back()

    def _events(self) -> Iterator[Any]:
        for _ in range(EVENTS_A_POLL):
            event = self._device.read_one()
            if event is None:
                return
            yield event

    def _forget(self) -> None:
        """What was typed before the opening is no card."""
        for _ in self._events():
            pass


def _named(evdev: Any, name: str) -> str:
    """The device of a keyboard by its name, or a part of it that fits one only."""
    wanted, fitting, exact = name.casefold(), [], []
    for path in sorted(evdev.list_devices()):
        try:
            with contextlib.closing(evdev.InputDevice(path)) as device:
                called = device.name.casefold()
        except OSError:  # unplugged meanwhile
            continue
        if wanted == called:
            exact.append(path)
        elif wanted in called:
            fitting.append(path)
    found = exact or fitting
    if len(found) > 1:
        raise DriverUnsupported(f"{len(found)} keyboards are called {name!r}: {', '.join(found)}", "give the path")
    if not found:
        raise DeviceMissing(f"no keyboard is called {name!r}", f"is it plugged in, and is this user in group {GROUP}?")
    return str(found[0])


def _explain(path: str, error: Exception) -> DriverError:
    number = getattr(error, "errno", None)
    if number in (errno.EBUSY, errno.EAGAIN):
        return DriverBusy(f"{path} is {held_by(path)}", "stop it, or name another reader")
    if number in (errno.EACCES, errno.EPERM):
        return DeviceMissing(f"{path}: no permission", f"sudo usermod -aG {GROUP} $USER, then log in again")
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or not Path(path.replace("\0", "")).exists():
        return DeviceMissing(f"{path} is not there", "is it plugged in? station readers lists the keyboards")
    return DriverUnsupported(f"{path} cannot be opened: {error}", "is it /dev/input/event… or a link to it?")


DRIVER = Driver(
    part="reader",
    name="hid",
    options=HidOptions,
    open=HidReader,
    example={"device": "/dev/input/by-id/usb-Sycreader_RFID-event-kbd"},
)
