from __future__ import annotations

import string

import pytest

from drivers.framing.keys import EV_KEY, EV_SYN, KEYS, LONGEST, STALE_S, SYN_DROPPED, KeyLine
from tests.support.doubles.reader_hid import FakeKeyboard

ecodes = pytest.importorskip("evdev").ecodes
PRINTABLE = "".join(char for char in string.printable if char.isprintable())


def typed(keyboard: FakeKeyboard, keys: KeyLine | None = None) -> list[str]:
    line = keys or KeyLine()
    texts = [line.event(event.type, event.code, event.value, 10.0) for event in keyboard.events]
    keyboard.events.clear()
    return [text for text in texts if text is not None]


def test_the_codes_are_those_of_the_library() -> None:
    assert (EV_SYN, EV_KEY, SYN_DROPPED) == (ecodes.EV_SYN, ecodes.EV_KEY, ecodes.SYN_DROPPED)
    names = {code: ecodes.KEY[code] for code in KEYS}
    for code, characters in KEYS.items():
        name = names[code] if isinstance(names[code], str) else names[code][0]
        if characters[0].isalnum():
            assert name in (f"KEY_{characters[0].upper()}", f"KEY_KP{characters[0]}")


def test_everything_that_a_us_keyboard_types() -> None:
    keyboard = FakeKeyboard()
    keyboard.type(f"x{PRINTABLE}x\n".replace(" ", " y"))
    assert typed(keyboard) == [f"x{PRINTABLE}x".replace(" ", " y")]


def test_keypad_and_its_enter() -> None:
    keyboard = FakeKeyboard()
    for digit in "0123456789":
        keyboard.press(f"KEY_KP{digit}")
    keyboard.press("KEY_KPENTER")
    assert typed(keyboard) == ["0123456789"]


def test_repeats_and_other_keys_mean_nothing() -> None:
    keyboard = FakeKeyboard()
    keyboard.press("KEY_1", 1, 2, 2, 2, 0)
    keyboard.press("KEY_F1")
    keyboard.press("KEY_TAB")
    keyboard.type("2\n\n\n")
    assert typed(keyboard) == ["12"]


def test_shift_and_caps_lock() -> None:
    keyboard = FakeKeyboard()
    keyboard.press("KEY_CAPSLOCK")
    keyboard.type("aB1")
    keyboard.press("KEY_CAPSLOCK")
    keyboard.press("KEY_RIGHTSHIFT", 1)
    keyboard.press("KEY_A")
    keyboard.press("KEY_RIGHTSHIFT", 0)
    keyboard.type("a\n")
    assert typed(keyboard) == ["Ab1Aa"]


def test_a_line_too_long_is_no_card() -> None:
    keyboard = FakeKeyboard()
    keyboard.type("1" * (LONGEST + 1) + "\n" + "2" * LONGEST + "\n")
    assert typed(keyboard) == ["2" * LONGEST]


def test_a_line_of_which_events_were_lost_is_no_card() -> None:
    keyboard = FakeKeyboard()
    keyboard.type("123")
    keyboard.event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0)
    keyboard.type("456\n789\n")
    assert typed(keyboard) == ["789"]


def test_what_stands_too_long_is_forgotten() -> None:
    keys = KeyLine()
    keys.event(EV_KEY, ecodes.KEY_9, 1, 0.0)
    keys.event(EV_KEY, ecodes.KEY_1, 1, STALE_S)
    assert keys.event(EV_KEY, ecodes.KEY_ENTER, 1, STALE_S + 0.1) == "1"
