"""Lamps (single LEDs or an RGB one) and a buzzer on GPIO pins.

| function | support | remarks |
|---|---|---|
| states | yes | a pattern each, see ``DEFAULTS``; `patterns` replaces some |
| answers to a card | `accepted`, `refused` | until the host shows the state again |
| unknown words | dark | |
| brightness, colours between | no | on or off: software PWM flickers |

A pattern is a colour (off red green blue yellow cyan magenta white), a rhythm (steady slow blink fast flash) and a
sound (silent beep beeps buzz), such as `blue slow` or `red fast beeps`. A colour whose lamps are not wired is dark;
whoever has one green lamp says so: `patterns: {faulted: green fast}`. The sound comes once, when the pattern begins.

A thread exists only while something blinks or sounds.

Wiring: `active: high` for LEDs to ground and buzzers behind a transistor, `low` for a common anode. A pin gives 8 mA;
more goes through a transistor.
"""

# ruff: noqa: RUF009 - `option` makes a field, of an alias of Literal too

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from drivers.api import Clock, DriverLost
from drivers.gpio import factory as factories
from drivers.gpio.factory import FactoryName
from drivers.gpio.options import distinct
from drivers.gpio.patterns import DARK, Frame, Pattern, frames, parse
from drivers.gpio.pins import Level, Output, Pins
from drivers.options import option, suggestion
from drivers.registry import Driver

DEFAULTS: Final[Mapping[str, str]] = {
    "available": "green",
    "preparing": "green blink",
    "charging": "blue slow",
    "suspended": "blue",
    "finishing": "cyan blink",
    "reserved": "yellow",
    "unavailable": "red",
    "faulted": "red fast",
    "accepted": "green fast beep",
    "refused": "red fast beeps",
}

Patterns = tuple[tuple[str, Pattern], ...]


def _patterns(value: Any) -> Patterns:
    """The option ``patterns``: words and texts. Raises: ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError("is no mapping of states to patterns, such as {charging: blue slow}")
    for word, text in value.items():
        if word not in DEFAULTS:
            raise ValueError(f"there is no state {str(word)[:40]!r}; {suggestion(str(word), DEFAULTS)}")
        if not isinstance(text, str):
            raise ValueError(f"{word}: is no text")
    return tuple((word, parse(text)) for word, text in value.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioIndicatorOptions:
    """See the module for the wiring."""

    red_pin: int | None = option(None, between=(0, 53), about="BCM number of the red lamp's pin")
    green_pin: int | None = option(None, between=(0, 53), about="pin of the green lamp")
    blue_pin: int | None = option(None, between=(0, 53), about="pin of the blue lamp")
    buzzer_pin: int | None = option(None, between=(0, 53), about="pin of the buzzer")
    active: Level = option("high", about="level that lights the lamps")
    buzzer_active: Level = option("high", about="level that sounds the buzzer")
    patterns: Patterns = option((), convert=_patterns, about="other patterns by state, such as {charging: blue slow}")
    factory: FactoryName = option("lgpio", about="gpiozero's pin factory")

    def __post_init__(self) -> None:
        distinct(self)
        if all(pin is None for pin in (self.red_pin, self.green_pin, self.blue_pin, self.buzzer_pin)):
            raise ValueError("names no pin: red_pin, green_pin, blue_pin, buzzer_pin")


class GpioIndicator:
    """See the module."""

    __slots__ = ("_buzzer", "_lamps", "_patterns", "_pins", "_stop", "_thread", "_word", "instant")

    def __init__(self, options: GpioIndicatorOptions, clock: Clock | None = None) -> None:
        del clock  # a lamp blinks in real time, however fast the host's clock runs
        self.instant = factories.instant(options.factory)
        self._patterns = {word: parse(text) for word, text in DEFAULTS.items()} | dict(options.patterns)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._word = ""
        self._pins = Pins(options.factory, "indicator")
        lamps = {"red": options.red_pin, "green": options.green_pin, "blue": options.blue_pin}
        with self._pins.opening():
            self._lamps: dict[str, Output] = {
                colour: self._pins.output(pin, options.active) for colour, pin in lamps.items() if pin is not None
            }
            pin = options.buzzer_pin
            self._buzzer = None if pin is None else self._pins.output(pin, options.buzzer_active)

    def show(self, state: str) -> None:
        """Show a state; the same again goes on as it was. Raises: DriverLost."""
        self._pins.check()
        if state != self._word:
            self._end()
            self._word = state
            self._begin(frames(self._patterns.get(state, DARK)))

    def release(self) -> None:
        """Dark and silent, and give the pins back."""
        self._end()
        self._pins.release()

    def _begin(self, sequence: Iterator[Frame]) -> None:
        """The first frame at once; what follows needs a thread."""
        first = next(sequence)
        self._apply(first)
        if first.for_ms is not None:
            self._stop = threading.Event()
            # A daemon: lamps must not keep the process from ending.
            self._thread = threading.Thread(
                target=self._play, args=(first.for_ms, sequence, self._stop), name="indicator", daemon=True
            )
            self._thread.start()

    def _end(self) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _play(self, first_ms: int, sequence: Iterator[Frame], stop: threading.Event) -> None:
        wait_ms: int | None = first_ms
        with contextlib.suppress(DriverLost):  # the next ``show`` says so
            while wait_ms is not None and not stop.wait(wait_ms / 1000):
                frame = next(sequence)
                self._apply(frame)
                wait_ms = frame.for_ms

    def _apply(self, frame: Frame) -> None:
        for colour, lamp in self._lamps.items():
            lit = colour in frame.lamps
            if lamp.on != lit:
                lamp.set(lit)
        if self._buzzer is not None and self._buzzer.on != frame.sound:
            self._buzzer.set(frame.sound)


DRIVER = Driver(
    part="indicator",
    name="gpio",
    options=GpioIndicatorOptions,
    open=GpioIndicator,
    example={"red_pin": 19, "green_pin": 20, "blue_pin": 21, "buzzer_pin": 26, "patterns": {"charging": "blue slow"}},
)
