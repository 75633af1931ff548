"""Frames of the PN532, compared with the examples of UM0701-02 and with what nfcpy makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nfc.frames import ACK, NACK, FrameReader, frame, payload

FIRMWARE = bytes.fromhex("0000FF02FED4022A00")


def test_a_command_is_framed_as_the_manual_shows() -> None:
    assert frame(b"\xd4\x02") == FIRMWARE
    assert frame(b"\xd4\x10\x04") == bytes.fromhex("0000FF03FDD410041800")


def test_a_long_one_is_an_extended_frame() -> None:
    data = b"\xd4\x00" + bytes(262)
    assert frame(data)[:8] == bytes.fromhex("0000FFFFFF0108F7")
    assert FrameReader().feed(frame(data)) == [frame(data)]


def test_what_is_whole_comes_out_however_it_arrives() -> None:
    sent = ACK + frame(b"\xd5\x03\x32\x01\x06\x07") + NACK
    whole = [ACK, frame(b"\xd5\x03\x32\x01\x06\x07"), NACK]
    assert FrameReader().feed(sent) == whole
    reader = FrameReader()
    assert [found for byte in sent for found in reader.feed(bytes([byte]))] == whole
    assert [payload(found) for found in whole] == [b"", b"\xd5\x03\x32\x01\x06\x07", b""]


@pytest.mark.parametrize("noise", ["", "00", "FF", "00FF", "0000FF0203", "0000FF05FBD5", "55AA00FF00"])
def test_noise_in_front_costs_no_frame(noise: str) -> None:
    answer = frame(b"\xd5\x03\x32\x01\x06\x07")
    assert FrameReader().feed(bytes.fromhex(noise) + answer)[-1:] == [answer]


@pytest.mark.parametrize("at", range(3, 12))
def test_a_spoilt_frame_is_dropped(at: int) -> None:
    spoilt = bytearray(frame(b"\xd5\x03\x32\x01\x06\x07"))
    spoilt[at] ^= 0x40
    reader = FrameReader()
    good = frame(b"\xd5\x15")
    assert reader.feed(bytes(spoilt) + good + bytes(300) + good)[-1:] == [good]


@given(st.lists(st.binary(max_size=700), max_size=12))
def test_any_bytes_give_checked_frames_only_and_little_is_kept(chunks: list[bytes]) -> None:
    reader = FrameReader()
    for chunk in chunks:
        for found in reader.feed(chunk):
            assert found in (ACK, NACK) or frame(payload(found)) == found or found[3:5] == b"\xff\xff"
        assert len(reader._buffer) <= 600


@given(st.lists(st.binary(min_size=1, max_size=265), max_size=5), st.integers(1, 64))
def test_frames_survive_any_cutting(datas: list[bytes], size: int) -> None:
    sent = b"".join(frame(data) for data in datas)
    reader = FrameReader()
    found = [each for at in range(0, len(sent), size) for each in reader.feed(sent[at : at + size])]
    assert [payload(each) for each in found] == datas
