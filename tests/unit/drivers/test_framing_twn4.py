from __future__ import annotations

import pytest

from drivers.api import Card
from drivers.framing.twn4 import ANSWER_WITHIN_S, SEARCH_TAG, SILENT_AFTER_S, Twn4, parse_answer

NOTHING = b"0000\r"
MIFARE = b"000180380704A1B2C3D4E5F6\r"
EM = b"00014028050600123456\r"


@pytest.mark.parametrize(
    ("line", "card"),
    [
        (b"0000", None),
        (b"000180380704A1B2C3D4E5F6", Card(bytes.fromhex("04A1B2C3D4E5F6"), "106A")),
        (b"00018020046b3d12d6", Card(bytes.fromhex("6B3D12D6"), "106A")),
        (b"000180200408123456", Card(bytes.fromhex("08123456"), "106A", random=True)),
        (b"00014028050600123456", Card(bytes.fromhex("0600123456"), "EM4100")),
        (b"0001491A0480800100", Card(bytes.fromhex("80800100"), "HIDProx")),
        (b"0001824008E004010012345678", Card(bytes.fromhex("E004010012345678"), "ISO15693")),
        (b"0001852004" + b"00" * 4, Card(bytes(4), "212F")),
        (b"0001EE0801AA", Card(b"\xaa", "TWN4-EE")),
    ],
)
def test_answers(line: bytes, card: Card | None) -> None:
    assert parse_answer(line) == card


@pytest.mark.parametrize(
    "line",
    [b"", b"0", b"00", b"01", b"0100", b"0002", b"0001", b"000180", b"00018020", b"0001802004", b"000180200404A1B2",
     b"000180200404A1B2C3FF", b"000180380404A1B2C3", b"000000", b"ZZ", b"00" * 40, b"0001800000", b"\xff\x00"],
)  # fmt: skip
def test_what_is_no_answer(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_answer(line)


def test_it_asks_again_when_the_answer_is_there_or_late() -> None:
    reader = Twn4(0.0)
    assert reader.ask(0.0) == SEARCH_TAG == b"050010\r"
    assert reader.ask(0.5) == b""
    reader.feed(NOTHING, 0.6)
    assert reader.ask(0.6) == SEARCH_TAG
    assert reader.ask(0.6 + ANSWER_WITHIN_S) == SEARCH_TAG


def test_a_card_is_there_until_the_next_answer_says_otherwise() -> None:
    reader, card = Twn4(0.0), Card(bytes.fromhex("04A1B2C3D4E5F6"), "106A")
    reader.ask(0.0)
    assert reader.feed(MIFARE[:9], 0.1) == []
    assert reader.feed(MIFARE[9:], 0.1) == [card]
    assert reader.feed(b"", 0.2) == [card]
    reader.ask(0.2)
    assert reader.feed(NOTHING + EM, 0.3) == [Card(bytes.fromhex("0600123456"), "EM4100")]
    reader.ask(0.3)
    reader.ask(0.3 + ANSWER_WITHIN_S)
    assert reader.feed(b"", 1.4) == []


def test_noise_makes_no_card_and_a_reader_that_only_makes_noise_is_silent() -> None:
    reader = Twn4(0.0)
    reader.ask(0.0)
    assert reader.feed(b"\xff" * 5000, 1.0) == []
    assert reader.feed(b"\r" + EM, 2.0) == [Card(bytes.fromhex("0600123456"), "EM4100")]
    assert not reader.silent(2.0 + SILENT_AFTER_S - 0.1)
    reader.feed(b"junk\r0102\r", 4.0)
    assert reader.silent(2.0 + SILENT_AFTER_S)
