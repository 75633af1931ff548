from __future__ import annotations

import pytest

from drivers.api import Card, DriverLost, Pushes, ReaderState
from drivers.readers.keyboard import WAITING_CARDS, KeyboardOptions, KeyboardReader


@pytest.fixture
def reader() -> KeyboardReader:
    return KeyboardReader(KeyboardOptions())


def test_shown_cards_are_polled_once(reader: KeyboardReader) -> None:
    reader.show("04A1B2C3")
    reader.show("00123456", "KeyCode")
    assert reader.poll() == [
        Card(bytes.fromhex("04A1B2C3"), "ISO14443", False, "04A1B2C3"),
        Card(bytes.fromhex("00123456"), "KeyCode", False, "00123456"),
    ]
    assert reader.poll() == []


def test_text_that_is_no_hex_is_kept(reader: KeyboardReader) -> None:
    reader.show("CARD-ü")
    assert reader.poll()[0].text == "CARD-ü"


def test_subscribers_get_cards_at_once(reader: KeyboardReader) -> None:
    heard: list[object] = []
    assert isinstance(reader, Pushes)
    end = reader.subscribe(heard.append)
    reader.show("04A1B2C3")
    reader.show("04A1B2C3")
    end()
    reader.show("04A1B2C4")
    assert [card.text for card in heard if isinstance(card, Card)] == ["04A1B2C3", "04A1B2C3"]


def test_loss_and_return(reader: KeyboardReader) -> None:
    heard: list[object] = []
    reader.subscribe(heard.append)
    reader.set_fault("lost")
    reader.set_fault("lost")
    with pytest.raises(DriverLost):
        reader.poll()
    with pytest.raises(DriverLost):
        reader.show("04A1B2C3")
    reader.set_fault("none")
    assert heard == [ReaderState(False, "unplugged"), ReaderState(True)]
    assert reader.poll() == []


def test_what_nobody_fetches_is_bounded(reader: KeyboardReader) -> None:
    for number in range(WAITING_CARDS + 10):
        reader.show(f"{number:08X}")
    assert len(reader.poll()) == WAITING_CARDS
