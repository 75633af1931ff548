from __future__ import annotations

import stat
from pathlib import Path

import pytest

from drivers.api import Card, DriverLost, DriverUnsupported, Reader
from drivers.presence import Presence
from drivers.readers.keyboard import KeyboardOptions, KeyboardReader
from drivers.readers.replay import ReplayOptions, ReplayReader
from drivers.recording import MAX_CARDS, Recorder
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
    reader = Recorder(file, clock).around(script)
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
    reader = Recorder(file, clock).around(script)
    for number in range(20):
        script.there = [EM] if number % 3 == 0 else []
        run(reader, clock, 0.1)
    reader.release()
    assert file.read_text().count("\n") == 1


def test_numbers_of_cards_are_for_the_owner_and_nothing_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "cards.jsonl"
    Recorder(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for path in (file, tmp_path / "none" / "cards.jsonl"):
        with pytest.raises(DriverUnsupported):
            Recorder(path)


def test_absurd_cards_and_crowds_are_bounded(tmp_path: Path) -> None:
    script, clock, file = Scripted(), HandClock(), tmp_path / "cards.jsonl"
    reader = Recorder(file, clock).around(script)
    script.there = [Card(b"x" * 1000), Card(b""), *(Card(bytes([1, number])) for number in range(200))]
    run(reader, clock, 0.2)
    reader.release()
    assert file.read_text().count("\n") == MAX_CARDS


def test_a_lost_reader_and_a_file_that_takes_no_more(tmp_path: Path) -> None:
    keyboard = KeyboardReader(KeyboardOptions())
    with Recorder(tmp_path / "cards.jsonl") as recorder:
        reader = recorder.around(keyboard)
        keyboard.show("04A1B2C3")
        assert len(reader.poll()) == 1
    recorder.close()
    keyboard.set_fault("lost")
    with pytest.raises(DriverLost):
        reader.poll()
    reader.release()
    reader.release()


def test_two_readers_share_a_file(tmp_path: Path) -> None:
    file, clock, scripts = tmp_path / "cards.jsonl", HandClock(), (Scripted(), Scripted())
    with Recorder(file, clock) as recorder:
        readers = [recorder.around(script) for script in scripts]
        scripts[0].there, scripts[1].there = [EM], [LINE]
        for reader in readers:
            reader.poll()
            reader.release()
    assert run(ReplayReader(ReplayOptions(file=file), clock), clock, 1) == [EM, LINE]


@pytest.mark.parametrize(
    "card",
    [
        Card(bytes.fromhex("AABBCCDD"), "106B", random=True),
        Card(bytes.fromhex("08112233"), "106A", random=True),
        Card(bytes.fromhex("08112233"), "Wiegand34"),
        Card(bytes.fromhex("01FE030405060708"), "212F", random=True),
    ],
    ids=lambda card: card.technology,
)
def test_what_is_random_stays_so(tmp_path: Path, card: Card) -> None:
    script, clock, file = Scripted(), HandClock(), tmp_path / "cards.jsonl"
    reader = Recorder(file, clock).around(script)
    script.there = [card]
    run(reader, clock, 1)
    reader.release()
    assert run(ReplayReader(ReplayOptions(file=file), clock), clock, 2) == [card]
