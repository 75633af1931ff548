"""Lines typed by a reader that pretends to be a keyboard: key events of Linux, US layout.

Pure; the codes are those of ``linux/input-event-codes.h``, which never change. ``drivers.readers.hid`` brings the
events. What a reader for another layout types comes out as a US keyboard would print it: digits are the same on most.
"""

from __future__ import annotations

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
RELEASED, PRESSED = 0, 1
LONGEST = 128
STALE_S = 1.0
"""A reader types a line in some 100 ms; what stands longer was typed by somebody else."""

_ENTER = frozenset({28, 96})
_SHIFTS = frozenset({42, 54})
_CAPS_LOCK = 58


def _row(first: int, plain: str, shifted: str) -> dict[int, str]:
    return {first + place: plain[place] + shifted[place] for place in range(len(plain))}


KEYS: dict[int, str] = {
    **_row(2, "1234567890-=", "!@#$%^&*()_+"),
    **_row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
    **_row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    **_row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    57: "  ",
    **_row(71, "789-456+1230.", "789-456+1230."),
    55: "**",
    98: "//",
}
"""Key code -> the character without and with shift. The keypad types digits: its lock is on."""


class KeyLine:
    """Collects what is typed until Enter."""

    __slots__ = ("_caps", "_pressed_s", "_shifts", "_spoilt", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._shifts: set[int] = set()
        self._caps = False
        self._spoilt = False
        self._pressed_s = 0.0

    @property
    def pending(self) -> int:
        """Characters of the line that is not complete."""
        return len(self._text)

    def event(self, kind: int, code: int, value: int, now_s: float) -> str | None:
        """Take one event; returns the line that it completes: 1 to 128 printable characters. Never raises.

        Args:
            kind: ``EV_KEY`` counts; ``EV_SYN`` with ``SYN_DROPPED`` says that events were lost.
            code: of the key.
            value: 1 pressed, 0 released, 2 repeated (which a reader does not mean).
            now_s: monotonic seconds.
        """
        if kind == EV_SYN and code == SYN_DROPPED:
            self._spoilt = True
            self._shifts.clear()
        if kind != EV_KEY:
            return None
        if code in _SHIFTS:
            self._shift(code, value)
        elif value == PRESSED:
            return self._press(code, now_s)
        return None

    def _shift(self, code: int, value: int) -> None:
        if value == RELEASED:
            self._shifts.discard(code)
        else:
            self._shifts.add(code)

    def _press(self, code: int, now_s: float) -> str | None:
        if now_s - self._pressed_s >= STALE_S:
            self._text, self._spoilt = "", False
        self._pressed_s = now_s
        if code in _ENTER:
            text, spoilt = self._text.strip(), self._spoilt
            self._text, self._spoilt = "", False
            return text if text and not spoilt else None
        if code == _CAPS_LOCK:
            self._caps = not self._caps
        elif code in KEYS:
            self._text += self._character(code)
            if len(self._text) > LONGEST:
                self._text, self._spoilt = "", True
        return None

    def _character(self, code: int) -> str:
        plain, shifted = KEYS[code][0], KEYS[code][1]
        upper = bool(self._shifts) != (self._caps and plain.isalpha())
        return shifted if upper else plain
