from __future__ import annotations

import pytest

from drivers.api import Card
from drivers.framing.flood import A_POLL, A_SECOND, Flood
from drivers.framing.format import ID12LA, LINE, RDM6300, WIEGAND, FrameFormat
from drivers.framing.frames import FrameParser

# A frame as an RDM6300 sends it: version 06, number 00123456, and 06 ^ 00 ^ 12 ^ 34 ^ 56 = 76.
EM_FRAME = b"\x02060012345676\x03"
EM_CARD = Card(bytes.fromhex("0600123456"), "EM4100")
ID12_FRAME = b"\x02060012345676\r\n\x03"


def read(described: FrameFormat, *pieces: bytes, step_s: float = 0.0) -> list[Card]:
    parser, cards = FrameParser(described), []
    for number, piece in enumerate(pieces):
        cards += parser.feed(piece, 100 + number * step_s)
    return cards


def test_rdm6300() -> None:
    assert read(RDM6300, EM_FRAME) == [EM_CARD]
    assert read(RDM6300, EM_FRAME * 3) == [EM_CARD] * 3
    assert read(RDM6300, *[bytes([byte]) for byte in EM_FRAME]) == [EM_CARD]


def test_id12la_has_a_line_end_before_its_end() -> None:
    assert read(ID12LA, ID12_FRAME) == [EM_CARD]
    assert read(ID12LA, ID12_FRAME[:14], ID12_FRAME[14:15], ID12_FRAME[15:]) == [EM_CARD]
    assert read(ID12LA, EM_FRAME) == []


@pytest.mark.parametrize(
    "noise",
    [b"\x00\xff\x55", b"\x02", b"\x02\x02\x02", EM_FRAME[:5], EM_FRAME[:-1], b"\x03", b"\x0206001234", b"0600123456"],
)
def test_a_frame_behind_noise_is_found(noise: bytes) -> None:
    assert read(RDM6300, noise + EM_FRAME) == [EM_CARD]
    assert read(RDM6300, noise, EM_FRAME) == [EM_CARD]


@pytest.mark.parametrize(
    "frame",
    [
        b"\x02060012345677\x03",
        b"\x02060012345776\x03",
        b"\x020600123456 6\x03",
        b"\x02060012345676\x04",
        b"\x0206001234567\x03",
        b"\x0206001234567676\x03",
        b"060012345676\x03",
        b"\x02\x03",
        b"\x02ZZZZZZZZZZ00\x03",
    ],
)
def test_what_is_no_frame_makes_no_card(frame: bytes) -> None:
    assert read(RDM6300, frame, b"", step_s=10) == []


def test_a_stalled_frame_ends_and_a_later_one_is_read() -> None:
    parser = FrameParser(RDM6300)
    assert parser.feed(EM_FRAME[:8], 0.0) == []
    assert parser.feed(b"", 0.4) == [] and parser.pending == 8
    assert parser.feed(b"", 0.5) == [] and parser.pending == 0
    assert parser.feed(EM_FRAME[8:], 0.6) == []
    assert parser.feed(EM_FRAME, 0.7) == [EM_CARD]


def test_a_frame_that_waits_behind_a_false_start_comes_with_the_time_out() -> None:
    described = FrameFormat(coding="binary", start=b"\x02", length=4, checksum="xor", end=(b"\x03",))
    good = b"\x02\x01\x02\x03\x04\x04\x03"
    parser = FrameParser(described)
    assert parser.feed(b"\x02" + good[:6], 0.0) == []
    assert parser.feed(good[6:], 0.1) == [Card(b"\x01\x02\x03\x04")]
    assert parser.feed(good[:6] + b"\x02", 1.0) == []
    assert parser.feed(good, 1.1) == [Card(b"\x01\x02\x03\x04")]
    assert parser.feed(b"\x02\x02\x02" + good[:5], 2.0) == []
    assert parser.feed(b"", 3.0) == [] and parser.pending == 0


def test_lines_end_with_cr_lf_or_both() -> None:
    lines = b"04A1B2C3\r\nCARD 7\n\r\n  \r00123456\rhttp"
    texts = ["04A1B2C3", "CARD 7", "00123456"]
    assert read(LINE, lines) == [Card(b"", text=text) for text in texts]


def test_a_qr_code_is_left_as_it_is() -> None:
    assert read(LINE, b"ocpp://CP%20001?connector=1\r\n")[0].text == "ocpp://CP%20001?connector=1"


@pytest.mark.parametrize("line", [b"CARD\x00", b"\xc3\xbc", b"\x1b[31m", b"x" * 129, b"", b"   ", b"a\tb"])
def test_lines_that_are_no_token(line: bytes) -> None:
    assert read(LINE, line + b"\r\nGOOD\r\n") == [Card(b"", text="GOOD")]


def test_the_tail_of_an_endless_line_is_no_token() -> None:
    parser = FrameParser(LINE)
    for _ in range(50):
        assert parser.feed(b"x" * 4096, 0.0) == []
        assert parser.pending < 200
    assert parser.feed(b"tail\nGOOD\n", 0.0) == [Card(b"", text="GOOD")]


def test_longest_line() -> None:
    assert read(LINE, b"x" * 128 + b"\r")[0].text == "x" * 128


def test_other_framed_readers() -> None:
    """7941E modules: 02 length type number XOR 03; the XOR covers all but start, itself and end."""
    gwiot = FrameFormat(
        coding="binary", start=b"\x02", end=(b"\x03",), length=6, checksum="xor", skip=2, technology="106A"
    )
    body = bytes.fromhex("09016B3D12D6")
    checksum = body[0] ^ body[1] ^ body[2] ^ body[3] ^ body[4] ^ body[5]
    assert read(gwiot, b"\x02" + body + bytes([checksum]) + b"\x03") == [Card(bytes.fromhex("6B3D12D6"), "106A")]
    random = bytes.fromhex("090108000000")
    frame = b"\x02" + random + bytes([0x09 ^ 0x01 ^ 0x08]) + b"\x03"
    assert read(gwiot, frame) == [Card(b"\x08\0\0\0", "106A", random=True)]


def test_decimal_numbers_become_bytes() -> None:
    decimal = FrameFormat(coding="decimal", end=(b"\r",), uid_bytes=4)
    assert read(decimal, b"0077705923\r") == [Card(bytes.fromhex("04A1B2C3"))]
    assert read(decimal, b"4294967296\r" + b"9" * 30 + b"\r" + b"12A\r" + b"-1\r") == []


def test_separators_and_sums() -> None:
    spaced = FrameFormat(coding="hex", end=(b"\r",), strip=": ")
    assert read(spaced, b"04:A1 b2:c3\r04:A\r") == [Card(bytes.fromhex("04A1B2C3"))]
    summed = FrameFormat(coding="hex", start=b"$", end=(b"\n",), checksum="sum", drop=1)
    assert read(summed, b"$04A1B2FF56\n$04A1B2FF57\n") == [Card(bytes.fromhex("04A1B2"))]
    text = FrameFormat(coding="ascii", start=b"<", end=(b">",), checksum="xor")
    assert read(text, b"<AB03><AB04>") == [Card(b"", text="AB")]


def test_a_start_and_a_length_without_an_end() -> None:
    bare = FrameFormat(coding="hex", start=b"##", length=8)
    assert read(bare, b"###", b"#04A1B2C304A1B2C3##04A1B2C3") == [Card(bytes.fromhex("04A1B2C3"))] * 2


def test_a_line_of_exact_length() -> None:
    exact = FrameFormat(coding="hex", end=(b"\r",), length=8)
    assert read(exact, b"B2C3\r04A1B2C3\r0004A1B2C3\r") == [Card(bytes.fromhex("04A1B2C3"))]


@pytest.mark.parametrize(
    ("line", "uid", "technology"),
    [
        # Facility 123, number 45678: data 0x7BB26E; even parity in front, odd behind (the standard 26-bit format).
        ("123,45678", "7BB26E", "Wiegand26"),
        ("123:45678", "7BB26E", "Wiegand26"),
        ("7BB26E", "7BB26E", "Wiegand26"),
        ("10111101110110010011011101", "7BB26E", "Wiegand26"),
        ("2F764DD", "7BB26E", "Wiegand26"),
        ("00011110100010010110101101", "3D12D6", "Wiegand26"),
        ("00111101110110010011011101", "", ""),
        ("2F764DC", "", ""),
        ("6B3D12D6", "6B3D12D6", "Wiegand34"),
        ("0011010110011110100010010110101100", "6B3D12D6", "Wiegand34"),
        ("256,1", "", ""),
        ("1,65536", "", ""),
        ("7BB26", "", ""),
        ("FFFFFFF", "", ""),
        ("hello", "", ""),
    ],
)
def test_wiegand_boxes(line: str, uid: str, technology: str) -> None:
    expected = [Card(bytes.fromhex(uid), technology)] if uid else []
    assert read(WIEGAND, line.encode() + b"\r\n") == expected


def test_wiegand_37_shares_the_middle_bit() -> None:
    data = 0x1_2345_6789  # 35 bits
    bits = [data >> place & 1 for place in reversed(range(35))]
    first, last = sum(bits[:18]) % 2, 1 - sum(bits[17:]) % 2
    line = "".join(map(str, [first, *bits, last]))
    assert read(WIEGAND, line.encode() + b"\n") == [Card(data.to_bytes(5, "big"), "Wiegand37")]
    number = f"{int(line, 2):010X}"
    assert read(WIEGAND, number.encode() + b"\n") == [Card(data.to_bytes(5, "big"), "Wiegand37")]
    wrong = line[:-1] + str(1 - last)
    assert read(WIEGAND, wrong.encode() + b"\n") == []


def test_a_flood_of_cards_is_cut() -> None:
    flood, cards = Flood(), [Card(bytes([number])) for number in range(100)]
    passed = [flood.limit(cards[start : start + 10], 5.0) for start in range(0, 100, 10)]
    assert [len(part) for part in passed] == [A_POLL, A_POLL, A_SECOND - 2 * A_POLL, *[0] * 7]
    assert flood.limit([cards[0]] * 20, 5.5) == [cards[0]]
    assert flood.limit(cards[50:51], 6.0) == cards[50:51]


def test_wiegand_digits_that_hold_more_than_the_bits_are_no_number() -> None:
    good = next(value for value in range(2, 64) if read(WIEGAND, f"{value:07X}\r\n".encode()))
    for excess in (1 << 26, 1 << 27):
        assert read(WIEGAND, f"{good | excess:07X}\r\n".encode()) == []


def test_a_start_of_several_bytes_may_come_in_pieces() -> None:
    bare = FrameFormat(coding="hex", start=b"#*", length=8)
    card = [Card(bytes.fromhex("04A1B2C3"))]
    assert read(bare, b"x#", b"*04A1B2C3") == card
    assert read(bare, *[bytes([byte]) for byte in b"##*04A1B2C3"]) == card
