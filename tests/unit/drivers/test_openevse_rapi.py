"""RAPI lines, byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.openevse.rapi import MAX_LINE, Line, Lines, encode, number, parse


@pytest.mark.parametrize(
    ("command", "bytes_"),
    [("GS", b"$GS^30\r"), ("GV", b"$GV^35\r"), ("F0 1", b"$F0 1^43\r"), ("GU", b"$GU^36\r")],
)
def test_commands_have_the_checksums_of_the_firmwares_description(command: str, bytes_: bytes) -> None:
    assert encode(command) == bytes_


def test_a_sequence_number_stands_before_the_checksum() -> None:
    line = encode("GS", 0x0A)
    assert line.startswith(b"$GS :0A^")
    assert parse(line.rstrip(b"\r")) == Line("GS", (), 0x0A)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"$OK^20", Line("OK")),
        (b"$OK 8.2.1 5.2.1", Line("OK", ("8.2.1", "5.2.1"))),  # before protocol 2: no checksum
        (b"$FD*AE", Line("FD")),  # the additive one
        (b"$FB 7*03", Line("FB", ("7",))),
        (b"$OK^21", None),
        (b"$OK*21", None),
        (b"$OK^2", None),
        (b"OK^20", None),
        (b"$ok", None),
        (b"$", None),
        (b"", None),
        (b"$OK \xff", None),
    ],
)
def test_lines_of_the_controller(text: bytes, line: Line | None) -> None:
    assert parse(text) == line


def test_a_line_after_noise_and_one_cut_off_is_found() -> None:
    lines = Lines()
    assert lines.feed(b"\x00\xff$OK 1 2$A") == []
    assert lines.feed(b"T 03 03 16 0140\r\n") == [Line("AT", ("03", "03", "16", "0140"))]


def test_a_line_without_end_is_bounded() -> None:
    lines = Lines()
    for _ in range(1000):
        assert lines.feed(b"$" + b"9" * 500) == []
    assert len(lines._pending) <= MAX_LINE
    assert lines.feed(b"\r" + encode("OK")) == [Line("OK")]


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_in_any_pieces_are_lines_or_nothing(pieces: list[bytes]) -> None:
    lines = Lines()
    for piece in pieces:
        for line in lines.feed(piece):
            assert len(line.word) == 2
    assert lines.feed(b"\r\r" + encode("OK 16", 7))[-1:] == [Line("OK", ("16",), 7)]


def test_numbers_that_are_none() -> None:
    assert number(("0a", "x"), 0, 16) == 10
    assert number(("0a", "x"), 0) is None
    assert number(("0a",), 3) is None
