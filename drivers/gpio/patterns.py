"""How lamps blink and a buzzer sounds: from words such as ``blue slow beep`` to a sequence of frames.

Pure: no pins, no time. ``drivers.indicators.gpio`` plays the frames. All times are whole milliseconds, so that a
pattern that blinks for a week keeps its rhythm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Channel = str
"""``red``, ``green`` or ``blue``."""

COLOURS: Final[dict[str, frozenset[Channel]]] = {
    "off": frozenset(),
    "red": frozenset({"red"}),
    "green": frozenset({"green"}),
    "blue": frozenset({"blue"}),
    "yellow": frozenset({"red", "green"}),
    "cyan": frozenset({"green", "blue"}),
    "magenta": frozenset({"red", "blue"}),
    "white": frozenset({"red", "green", "blue"}),
}
RHYTHMS: Final[dict[str, tuple[int, int] | None]] = {
    "steady": None,
    "slow": (1000, 1000),
    "blink": (500, 500),
    "fast": (125, 125),
    "flash": (100, 1900),
}
"""Milliseconds on and off."""
SOUNDS: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    "silent": (),
    "beep": ((0, 100),),
    "beeps": ((0, 100), (200, 300), (400, 500)),
    "buzz": ((0, 700),),
}
"""From and to, in milliseconds after the beginning; once."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which lamps, in which rhythm, with which sound."""

    lamps: frozenset[Channel] = frozenset()
    rhythm: tuple[int, int] | None = None
    sound: tuple[tuple[int, int], ...] = ()


DARK: Final = Pattern()


@dataclass(frozen=True, slots=True)
class Frame:
    """What is on, and for how long; None: for good."""

    lamps: frozenset[Channel]
    sound: bool
    for_ms: int | None


def parse(text: str) -> Pattern:
    """A pattern from its words, in any order: one colour, at most one rhythm and one sound.

    Raises: ValueError: unknown or doubled word, no colour.
    """
    found: dict[str, str] = {}
    for word in text.lower().split():
        for kind, words in (("colour", COLOURS), ("rhythm", RHYTHMS), ("sound", SOUNDS)):
            if word in words:
                if kind in found:
                    raise ValueError(f"{text[:60]!r} has two words for the {kind}")
                found[kind] = word
                break
        else:
            known = ", ".join((*COLOURS, *RHYTHMS, *SOUNDS))
            raise ValueError(f"{word[:30]!r} is no word of a pattern: {known}")
    if "colour" not in found:
        raise ValueError(f"{text[:60]!r} names no colour: {', '.join(COLOURS)}")
    return Pattern(
        COLOURS[found["colour"]], RHYTHMS[found.get("rhythm", "steady")], SOUNDS[found.get("sound", "silent")]
    )


def frames(pattern: Pattern) -> Iterator[Frame]:
    """The frames of a pattern, from its beginning; without end where it blinks."""
    now = 0
    while True:
        lit, lamp_ms = _lamps(pattern, now)
        sound, sound_ms = _sound(pattern, now)
        until = min((end for end in (lamp_ms, sound_ms) if end is not None), default=None)
        yield Frame(pattern.lamps if lit else frozenset(), sound, None if until is None else until - now)
        if until is None:
            return
        now = until


def _lamps(pattern: Pattern, now: int) -> tuple[bool, int | None]:
    """Whether the lamps are lit, and when that changes."""
    if pattern.rhythm is None or not pattern.lamps:
        return True, None
    on, off = pattern.rhythm
    begun = now - now % (on + off)
    return (True, begun + on) if now < begun + on else (False, begun + on + off)


def _sound(pattern: Pattern, now: int) -> tuple[bool, int | None]:
    """Whether it sounds, and when that changes."""
    for start, end in pattern.sound:
        if now < start:
            return False, start
        if now < end:
            return True, end
    return False, None
