"""A reader that plays a file: which card lies on it when.

The file is a YAML list, or JSON lines, of ``{at: 2s, uid: 04A1B2C3, for: 1s, technology: 106A}``; ``at`` counts from
the opening. Only ``at`` and ``uid`` are needed.

| function | support | remarks |
|---|---|---|
| UID | yes | hex digits |
| text token | yes | ``text`` instead of ``uid`` |
| random UID | yes | type A by its first byte, others with ``random: yes`` |
| several cards at once | yes | overlapping ``at`` and ``for`` |
| loss of the reader | no | |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.api import Card, Clock, DriverLost, DriverMissing, DriverUnsupported, OptionError
from drivers.clock import SYSTEM
from drivers.framing.frames import TYPE_A
from drivers.options import option, parse
from drivers.presence import plausible
from drivers.registry import Driver
from drivers.uid import is_random

MAX_FILE_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """Options of the driver."""

    file: Path = option(about="YAML list or JSON lines of {at, uid}")  # noqa: RUF009 - makes a field


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One line of the file."""

    at_s: float = option(key="at", unit="s", between=(0, None), about="when the card is put there, from the opening")
    for_s: float = option(0.0, key="for", unit="s", between=(0, None), about="how long it stays")
    uid: str = option("", about="hex digits")
    text: str | None = option(None, about="a token that is text")
    technology: str = option("106A", about="as the reader would name it")
    random: bool | None = option(None, about="made up anew at each presentation; left out: as type A UIDs tell it")

    def card(self) -> Card:
        """The card of this line. Raises: ValueError: no hex digits, or no number of a card."""
        uid = bytes.fromhex(self.uid)
        random = self.technology in TYPE_A and is_random(uid) if self.random is None else self.random
        if not uid and not self.text:
            raise ValueError("a card needs uid or text")
        card = Card(uid, self.technology, random, self.text)
        if not plausible(card):
            raise ValueError("no card has a number that long")
        return card


class ReplayReader:
    """See the module."""

    __slots__ = ("_clock", "_lying", "_next", "_opened_s", "_released", "_showings")

    def __init__(self, options: ReplayOptions, clock: Clock | None = None) -> None:
        """Raises: DriverMissing: no such file. DriverUnsupported: it cannot be understood."""
        self._showings = load(options.file)
        self._next = 0
        self._lying: list[tuple[float, Card]] = []
        self._clock = clock or SYSTEM
        self._opened_s = self._clock.now()
        self._released = False

    def poll(self) -> list[Card]:
        """The cards there now, and those that came and went since the last poll. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the reader was released")
        now_s = self._clock.now() - self._opened_s
        self._lying = [(until_s, card) for until_s, card in self._lying if now_s < until_s]
        while self._next < len(self._showings) and self._showings[self._next][0].at_s <= now_s:
            showing, card = self._showings[self._next]
            self._lying.append((showing.at_s + showing.for_s, card))
            self._next += 1
        return [card for _, card in self._lying]

    def release(self) -> None:
        """Stop playing."""
        self._released = True


def load(path: Path) -> list[tuple[Showing, Card]]:
    """Read a file of showings, in order of time.

    Raises: DriverMissing: the file cannot be read. DriverUnsupported: its content is not as described above.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DriverMissing(f"{path}: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise DriverUnsupported(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        entries = _entries(data.decode())
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError and JSONDecodeError
        raise DriverUnsupported(f"{path}: {error}", "a YAML list or JSON lines of {at: 2s, uid: 04A1B2C3}") from error
    showings = [_showing(path, number, entry) for number, entry in enumerate(entries, 1)]
    return sorted(showings, key=lambda pair: pair[0].at_s)


def _entries(text: str) -> list[Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and all(line.lstrip().startswith("{") for line in lines):
        return [json.loads(line) for line in lines]
    import yaml  # only readers of files need it

    try:
        # BaseLoader: the card number 00123456 stays text.
        entries = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes plain text, lists and mappings only
    except yaml.YAMLError as error:
        raise ValueError(f"no YAML: {error}") from error
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ValueError("is no list")
    return entries


def _showing(path: Path, number: int, entry: Any) -> tuple[Showing, Card]:
    if not isinstance(entry, Mapping):
        raise DriverUnsupported(f"{path}: card {number} is no mapping")
    try:
        showing = parse(Showing, entry)
        return showing, showing.card()
    except (OptionError, ValueError) as error:
        hint = error.hint if isinstance(error, OptionError) else "uid: hex digits"
        raise DriverUnsupported(f"{path}: card {number}: {error}", hint) from error


DRIVER = Driver(part="reader", name="replay", options=ReplayOptions, open=ReplayReader, example={"file": "/dev/null"})
