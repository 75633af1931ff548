"""Any byte stream, in any pieces: cards only for valid frames, no exception, bounded memory, valid frames found."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Card
from drivers.framing.flood import A_POLL, Flood
from drivers.framing.format import READY_MADE, FrameFormat, byte_string
from drivers.framing.frames import FrameParser
from drivers.framing.keys import KeyLine
from drivers.framing.twn4 import Twn4, parse_answer
from drivers.framing.wiegand import parse as parse_wiegand
from drivers.presence import Presence

ALPHABET = b"\x02\x03\r\n0123456789ABCDEFabcdef:, \xff\x00$xr"
bytes_like_frames = st.one_of(
    st.binary(max_size=200), st.lists(st.sampled_from(list(ALPHABET)), max_size=200).map(bytes)
)
numbers = st.binary(min_size=5, max_size=5)

OTHERS = {
    "binary": FrameFormat(coding="binary", start=b"\x02", end=(b"\x03",), length=4, checksum="xor"),
    "no end": FrameFormat(coding="hex", start=b"$$", length=8),
    "sum": FrameFormat(coding="hex", start=b"\x02", end=(b"\x03", b"\r"), checksum="sum", max_length=20, strip=": "),
    "decimal": FrameFormat(coding="decimal", end=(b"\r\n", b"\n"), uid_bytes=3),
    "long end": FrameFormat(coding="ascii", start=b"\x02\x02", end=(b"\r\n\x03",), max_length=10),
}
formats = st.sampled_from([*READY_MADE.values(), *OTHERS.values()])


def em_frame(number: bytes, end: bytes = b"\x03") -> bytes:
    checksum = 0
    for byte in number:
        checksum ^= byte
    return b"\x02" + number.hex().upper().encode() + b"%02X" % checksum + end


@st.composite
def pieces(draw: Any, stream: Any) -> list[bytes]:
    """A stream cut anywhere."""
    data: bytes = draw(stream)
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


streams = st.lists(st.one_of(bytes_like_frames, numbers.map(em_frame), st.just(b"\x02")), max_size=8).map(b"".join)


@given(formats, pieces(streams))
def test_any_pieces_give_the_same_cards_and_keep_one_frame(described: FrameFormat, parts: list[bytes]) -> None:
    whole, cut = FrameParser(described), FrameParser(described)
    once = whole.feed(b"".join(parts), 0.0)
    pieced = [card for part in parts for card in cut.feed(part, 0.0)]
    assert pieced == once
    assert whole.pending == cut.pending <= described.most + len(described.start) + 2 * 4
    for card in once:
        assert 1 <= len(card.uid) <= 32 or (card.text and card.text.isprintable() and len(card.text) <= 128)
    whole.feed(b"", 1000.0)
    assert whole.pending == 0


@given(pieces(streams), st.lists(st.floats(0, 2), min_size=9, max_size=9))
def test_an_em4100_card_was_sent_whole_and_right(parts: list[bytes], pauses: list[float]) -> None:
    parser, now_s, stream = FrameParser(READY_MADE["rdm6300"]), 0.0, b"".join(parts).upper()
    for part, pause_s in zip(parts, pauses, strict=False):
        now_s += pause_s
        for card in parser.feed(part, now_s):
            assert em_frame(card.uid) in stream


@given(pieces(st.tuples(streams, numbers).map(lambda pair: pair[0] + em_frame(pair[1]))))
def test_a_frame_behind_any_noise_is_found(parts: list[bytes]) -> None:
    parser = FrameParser(READY_MADE["rdm6300"])
    cards = [card for part in parts for card in parser.feed(part, 0.0)]
    number = bytes.fromhex(b"".join(parts)[-13:-3].decode())
    assert cards and cards[-1] == Card(number, "EM4100")


@given(bytes_like_frames, st.binary(min_size=4, max_size=4))
def test_a_binary_frame_behind_any_noise_is_found_after_the_time_out_at_latest(noise: bytes, uid: bytes) -> None:
    parser = FrameParser(OTHERS["binary"])
    frame = b"\x02" + uid + bytes([uid[0] ^ uid[1] ^ uid[2] ^ uid[3]]) + b"\x03"
    parser.feed(noise, 0.0)
    parser.feed(b"", 1.0)
    assert Card(uid) in parser.feed(frame, 1.1) + parser.feed(b"", 3.0)


@given(
    pieces(st.lists(st.one_of(bytes_like_frames, st.just(b"0000\r"), st.just(b"00018020046B3D12D6\r"))).map(b"".join))
)
def test_twn4_takes_anything(parts: list[bytes]) -> None:
    reader, stream = Twn4(0.0), b"".join(parts).upper()
    for number, part in enumerate(parts):
        reader.ask(number * 0.4)
        for card in reader.feed(part, number * 0.4):
            assert card.uid.hex().upper().encode() + b"\r" in stream


@given(st.binary(max_size=60))
def test_a_twn4_answer_is_read_or_refused(line: bytes) -> None:
    for given_line in (line, line.hex().encode()):
        try:
            card = parse_answer(given_line)
        except ValueError:
            continue
        assert card is None or 1 <= len(card.uid) <= 16


@given(st.text(max_size=60))
def test_any_wiegand_text(text: str) -> None:
    number = parse_wiegand(text)
    assert number is None or (len(number[0]), number[1]) in ((3, 26), (4, 34), (5, 37))


@given(st.integers(0, 2**35 - 1), st.integers(0, 36))
def test_one_wrong_wiegand_bit_is_seen(data: int, place: int) -> None:
    bits = [data >> position & 1 for position in reversed(range(35))]
    line = [sum(bits[:18]) % 2, *bits, 1 - sum(bits[17:]) % 2]
    assert parse_wiegand("".join(map(str, line))) == (data.to_bytes(5, "big"), 37)
    line[place] ^= 1
    assert parse_wiegand("".join(map(str, line))) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300), st.integers(-1, 3), st.floats(0, 2)), max_size=300))
def test_any_keys(events: list[tuple[int, int, int, float]]) -> None:
    keys, now_s = KeyLine(), 0.0
    for kind, code, value, pause_s in events:
        now_s += pause_s
        text = keys.event(kind, code, value, now_s)
        assert text is None or (1 <= len(text) <= 128 and text.isprintable())
        assert keys.pending <= 128


@given(st.text(max_size=80))
def test_any_byte_string_of_a_profile(text: str) -> None:
    try:
        assert isinstance(byte_string(text), bytes)
    except ValueError as error:
        assert str(error)


@given(st.lists(st.tuples(st.lists(st.binary(min_size=1, max_size=2), max_size=20), st.floats(0, 0.3)), max_size=40))
@settings(max_examples=50)
def test_floods_are_bounded(polls: list[tuple[list[bytes], float]]) -> None:
    flood, presence, now_s = Flood(), Presence(0.5), 0.0
    for uids, pause_s in polls:
        now_s += pause_s
        kept = flood.limit([Card(uid) for uid in uids], now_s)
        assert len(kept) <= A_POLL
        assert len(presence.seen(kept, now_s)) <= len(kept)
