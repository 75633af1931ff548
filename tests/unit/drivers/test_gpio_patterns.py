"""Patterns of lamps and sounds as frames."""

from __future__ import annotations

from itertools import islice

import pytest

from drivers.gpio.patterns import DARK, Frame, frames, parse

RED = frozenset({"red"})
BLUE = frozenset({"blue"})
NONE: frozenset[str] = frozenset()


def test_steady_is_one_frame_for_good() -> None:
    assert list(frames(parse("blue"))) == [Frame(BLUE, False, None)]
    assert list(frames(DARK)) == [Frame(NONE, False, None)]


def test_blinking_goes_on() -> None:
    assert list(islice(frames(parse("blue slow")), 4)) == [
        Frame(BLUE, False, 1000),
        Frame(NONE, False, 1000),
        Frame(BLUE, False, 1000),
        Frame(NONE, False, 1000),
    ]


def test_a_sound_comes_once_and_a_steady_lamp_stays() -> None:
    assert list(frames(parse("red beep"))) == [Frame(RED, True, 100), Frame(RED, False, None)]


def test_sound_and_rhythm_run_beside_each_other() -> None:
    shown = list(islice(frames(parse("beeps RED blink")), 7))
    assert [(frame.lamps == RED, frame.sound, frame.for_ms) for frame in shown] == [
        (True, True, 100),
        (True, False, 100),
        (True, True, 100),
        (True, False, 100),
        (True, True, 100),
        (False, False, 500),
        (True, False, 500),
    ]


@pytest.mark.parametrize("text", ["", "slow", "pink", "red blue", "red slow fast", "blue beep buzz", "red 5"])
def test_bad_patterns(text: str) -> None:
    with pytest.raises(ValueError, match=r"colour|word|rhythm|sound"):
        parse(text)
