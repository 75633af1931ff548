from __future__ import annotations

from pathlib import Path

import pytest

from drivers.api import DriverMissing, DriverUnsupported
from drivers.readers.replay import ReplayOptions, ReplayReader
from tests.support.driver_clock import HandClock

YAML = """
- {at: 2s, uid: 04A1B2C3, for: 1s}
- {at: 1s, uid: 00123456}
- {at: 2500ms, text: CARD, for: 1s}
"""
LINES = '{"at": "1s", "uid": "00123456"}\n\n{"at": "2s", "uid": "04A1B2C3", "for": "1s"}\n'


def _reader(tmp_path: Path, text: str) -> tuple[ReplayReader, HandClock]:
    file, clock = tmp_path / "cards", HandClock()
    file.write_text(text)
    return ReplayReader(ReplayOptions(file=file), clock), clock


def test_cards_come_and_go_by_the_clock(tmp_path: Path) -> None:
    reader, clock = _reader(tmp_path, YAML)
    seen = []
    for _ in range(9):
        seen.append([card.text or card.uid.hex() for card in reader.poll()])
        clock.advance(0.5)
    assert seen == [[], [], ["00123456"], [], ["04a1b2c3"], ["04a1b2c3", "CARD"], ["CARD"], [], []]


def test_a_card_between_two_polls_is_not_missed(tmp_path: Path) -> None:
    reader, clock = _reader(tmp_path, LINES)
    reader.poll()
    clock.advance(60)
    assert len(reader.poll()) == 2
    assert reader.poll() == []


@pytest.mark.parametrize(
    "text",
    [
        "- {at: 2s}",
        "- {at: 2, uid: 04}",
        "- {uid: 04}",
        "- {at: 2s, uid: XY}",
        "- {at: 2s, uid: 04, wo: 1}",
        "- at",
        "- {at: 1s, uid: " + "04" * 33 + "}",
        "at: 2s",
        "{",
        '{"at": ',
        "[" * 10,
        "[" * 100_000,
        '{"at": ' + "[" * 100_000,
        "\0",
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(DriverUnsupported):
        _reader(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DriverMissing):
        ReplayReader(ReplayOptions(file=tmp_path / "none"))


def test_a_long_recording_costs_no_more_than_a_short_one(tmp_path: Path) -> None:
    reader, clock = _reader(
        tmp_path, "".join(f'{{"at": "{number}s", "uid": "{number:08X}"}}\n' for number in range(5000))
    )
    seen = 0
    for _ in range(50):
        clock.advance(100)
        seen += len(reader.poll())
    assert seen == 5000
