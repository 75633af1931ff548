"""A keyboard for the `hid` reader: the `evdev` library with a device that a test types on (there is no /dev/uinput)."""

from __future__ import annotations

import contextlib
import errno
import types
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import pytest

evdev = pytest.importorskip("evdev")
InputEvent, ecodes = evdev.InputEvent, evdev.ecodes

PATH = "/dev/input/event7"
_SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
_NAMES = {
    "-": "MINUS", "=": "EQUAL", "[": "LEFTBRACE", "]": "RIGHTBRACE", ";": "SEMICOLON", "'": "APOSTROPHE",
    "`": "GRAVE", "\\": "BACKSLASH", ",": "COMMA", ".": "DOT", "/": "SLASH", " ": "SPACE", "\n": "ENTER",
}  # fmt: skip


class FakeKeyboard:
    """Stands where `evdev.InputDevice` makes one; several may be opened, one can grab."""

    def __init__(self, name: str = "HXGCoLtd Keyboard") -> None:
        self.name = name
        self.plugged = True
        self.allowed = True
        self.grabbed_by: object | None = None
        self.events: deque[Any] = deque()
        self.opened = 0

    def event(self, kind: int, code: int, value: int) -> None:
        self.events.append(InputEvent(0, 0, kind, code, value))

    def press(self, name: str, *values: int) -> None:
        """One key by its name in the library, such as `KEY_KP1`; pressed and let go, or the values given."""
        for value in values or (1, 0):
            self.event(ecodes.EV_KEY, ecodes.ecodes[name], value)
            self.event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)

    def type(self, text: str) -> None:
        """Type as a US keyboard does."""
        for char in text:
            shifted = char.isupper() or char in _SHIFTED
            plain = _SHIFTED.get(char, char.lower())
            if shifted:
                self.press("KEY_LEFTSHIFT", 1)
            self.press(f"KEY_{_NAMES.get(plain, plain.upper())}")
            if shifted:
                self.press("KEY_LEFTSHIFT", 0)


class Opened:
    """An open device of a keyboard."""

    def __init__(self, keyboard: FakeKeyboard) -> None:
        if not keyboard.plugged:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if not keyboard.allowed:
            raise PermissionError(errno.EACCES, "Permission denied")
        self._keyboard = keyboard
        self.name = keyboard.name
        keyboard.opened += 1

    def grab(self) -> None:
        if self._keyboard.grabbed_by is not None:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self._keyboard.grabbed_by = self

    def ungrab(self) -> None:
        self._check()
        if self._keyboard.grabbed_by is self:
            self._keyboard.grabbed_by = None

    def read_one(self) -> Any:
        self._check()
        return self._keyboard.events.popleft() if self._keyboard.events else None

    def close(self) -> None:
        self._keyboard.opened -= 1

    def _check(self) -> None:
        if not self._keyboard.plugged:
            raise OSError(errno.ENODEV, "No such device")


@contextlib.contextmanager
def keyboards(**named: FakeKeyboard) -> Iterator[None]:
    """The library finds these, by the names of their device files."""
    paths = {f"/dev/input/{name}": keyboard for name, keyboard in named.items()}

    def open_device(path: str) -> Opened:
        if path not in paths:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return Opened(paths[path])

    library = types.SimpleNamespace(
        **{name: getattr(evdev, name) for name in ("ecodes", "InputEvent")},
        InputDevice=open_device,
        list_devices=lambda: [path for path, keyboard in paths.items() if keyboard.plugged and keyboard.allowed],
    )
    with mock.patch("drivers.readers.hid.vendor", lambda module, extra: library):
        yield


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    """The driver's options; somebody has typed a card."""
    keyboard = FakeKeyboard()
    with keyboards(event7=keyboard):
        keyboard.type("0012345678\n")
        yield {"device": PATH}
