"""Numbers in registers: types, word order, limits."""

from __future__ import annotations

import math
import struct

import pytest

from drivers.modbus.decoding import WIDTHS, decode, encode, step, times


def words_of(kind: str, value: float) -> list[int]:
    data = struct.pack(kind, value)
    return [int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2)]


@pytest.mark.parametrize(
    ("words", "kind", "value"),
    [
        ([65535], "u16", 65535),
        ([65535], "s16", -1),
        ([0x0001, 0x0000], "u32", 65536),
        ([0xFFFF, 0xFFFE], "s32", -2),
        ([0, 0, 1, 0], "u64", 65536),
        ([0x4366, 0x3334], "float32", 230.2),  # Eastron's own example
    ],
)
def test_types(words: list[int], kind: str, value: float) -> None:
    assert decode(words, kind) == pytest.approx(value)  # type: ignore[arg-type]
    assert decode(words[::-1], kind, "little") == pytest.approx(value)  # type: ignore[arg-type]
    assert WIDTHS[kind] == len(words)  # type: ignore[index]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_none(value: float) -> None:
    assert decode(words_of(">f", value), "float32") is None


def test_writing_rounds_down_and_refuses_what_does_not_fit() -> None:
    assert encode(16.9, "u16") == [16]
    assert encode(65536, "u32") == [1, 0]
    assert encode(65536, "u32", "little") == [0, 1]
    assert encode(16.5, "float32") == words_of(">f", 16.5)
    for value in (-1.0, 65536.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="does not fit"):
            encode(value, "u16")


def test_a_float_is_the_decimal_that_it_stands_for() -> None:
    assert decode(words_of(">f", 1234.55), "float32") == 1234.55
    assert times(1234.55, 1000) == 1_234_550
    for value in (0.0, 1.0, -2.5, 1e-30, 3.4e38, 16_777_216.0, 0.1, 1 / 3):
        found = decode(words_of(">f", value), "float32")
        assert found is not None and words_of(">f", found) == words_of(">f", value)


def test_a_float_register_counts_in_steps_that_grow() -> None:
    """float32 has 24 bits: at 16,777,216 the next value is two further."""
    assert step(16_777_216.0, "float32") == 2
    assert step(1.0, "float32") < 1e-6
    assert step(123.0, "u32") == 1
