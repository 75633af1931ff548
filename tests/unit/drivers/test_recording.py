from __future__ import annotations

import stat
from pathlib import Path

import pytest

from drivers.api import Card, DriverLost, DriverUnsupported, Reader
from drivers.presence import Presence
from drivers.readers.keyboard import KeyboardOptions, KeyboardReader
from drivers.readers.replay import ReplayOptions, ReplayReader
from drivers.recording import MAX_CARDS, Recording
from tests.support.driver_clock import HandClock

EM, LINE = Card(bytes.fromhex("0600123456"), "EM4100"), Card(b"", "", text="CARD ü")


class Scripted:
    """A reader that sees what it is told to see."""

    def __init__(self) -> None:
        self.there: list[Card] = []
        self.released = 0

    def poll(self) -> list[Card]:
        return list(self.there)

    def release(self) -> None:
        self.released += 1


def run(reader: Reader, clock: HandClock, seconds: float) -> list[Card]:
    """Presentations in so many seconds, polled ten times a second."""
    presence, fresh = Presence(0.5), []
    for _ in range(round(seconds * 10)):
        fresh += presence.seen(reader.poll(), clock.now())
        clock.advance(0.1)
    return fresh


def test_what_was_recorded_is_played_again(tmp_path: Path) -> None:
    script, clock, file = Scripted(), HandClock(), tmp_path / "cards.jsonl"
    reader = Recording(script, file, clock=clock)
    assert isinstance(reader, Reader)
    for there, seconds in (([], 1), ([EM], 2), ([EM, LINE], 1), ([], 1), ([EM], 1)):
        script.there = list(there)
        run(reader, clock, seconds)
    reader.release()
    reader.release()
    assert script.released >= 1
    assert file.read_text().splitlines() == [
        '{"at": "1.000s", "for": "2.900s", "uid": "0600123456", "technology": "EM4100"}',
        '{"at": "3.000s", "for": "0.900s", "text": "CARD \\u00fc", "technology": ""}',
        '{"at": "5.000s", "for": "0.900s", "uid": "0600123456", "technology": "EM4100"}',
    ]
    replay = ReplayReader(ReplayOptions(file=file), clock)
    assert run(replay, clock, 7) == [EM, LINE, EM]


def test_a_reader_that_repeats_is_one_stay(tmp_path: Path) -> None:
    script, clock, file = Scripted(), HandClock(), tmp_path / "cards.jsonl"
    reader = Recording(script, file, clock=clock)
    for number in range(20):
        script.there = [EM] if number % 3 == 0 else []
        run(reader, clock, 0.1)
    reader.release()
    assert file.read_text().count("\n") == 1


def test_numbers_of_cards_are_for_the_owner_and_nothing_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "cards.jsonl"
    Recording(Scripted(), file).release()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for path in (file, tmp_path / "none" / "cards.jsonl"):
        with pytest.raises(DriverUnsupported):
            Recording(Scripted(), path)


def test_absurd_cards_and_crowds_are_bounded(tmp_path: Path) -> None:
    script, clock, file = Scripted(), HandClock(), tmp_path / "cards.jsonl"
    reader = Recording(script, file, clock=clock)
    script.there = [Card(b"x" * 1000), Card(b""), *(Card(bytes([1, number])) for number in range(200))]
    run(reader, clock, 0.2)
    reader.release()
    assert file.read_text().count("\n") == MAX_CARDS


def test_a_lost_reader_and_a_full_disk(tmp_path: Path) -> None:
    keyboard = KeyboardReader(KeyboardOptions())
    reader = Recording(keyboard, Path(tmp_path / "cards.jsonl"))
    reader.note([EM])
    reader._file.close()
    keyboard.set_fault("lost")
    with pytest.raises(DriverLost):
        reader.poll()
    reader.release()
