"""Numbers in registers.

A register has 16 bits, the first byte is the high one. Values of several registers have the high word first (`big`)
or last (`little`). Nothing here does I/O.
"""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Final, Literal

RegisterType = Literal["u16", "s16", "u32", "s32", "u64", "float32"]
WordOrder = Literal["big", "little"]

FORMATS: Final[Mapping[RegisterType, str]] = {
    "u16": ">H",
    "s16": ">h",
    "u32": ">I",
    "s32": ">i",
    "u64": ">Q",
    "float32": ">f",
}
WIDTHS: Final[Mapping[RegisterType, int]] = {kind: struct.calcsize(text) // 2 for kind, text in FORMATS.items()}
"""How many registers a value takes."""

FLOAT32_DIGITS: Final = 24
"""Bits of a float32's mantissa: at 16,777,216 and above it counts in steps of two."""


def decode(words: Sequence[int], kind: RegisterType, order: WordOrder = "big") -> float | None:
    """The number in the registers; None: it is none (NaN or infinite).

    A float32 is the shortest decimal that it stands for: a meter that shows 1234.55 means that, not 1234.550048828125.

    Args:
        words: as many registers as the type takes, each 0 to 65,535.
    """
    ordered = words if order == "big" else words[::-1]
    data = b"".join((word & 0xFFFF).to_bytes(2, "big") for word in ordered)
    value = float(struct.unpack(FORMATS[kind], data)[0])
    if not math.isfinite(value):
        return None
    return _shortest(value, data) if kind == "float32" else value


def _shortest(value: float, data: bytes) -> float:
    for digits in range(6, 9):
        rounded = float(f"{value:.{digits}g}")
        with contextlib.suppress(OverflowError):
            if struct.pack(">f", rounded) == data:
                return rounded
    return value


def times(value: float, scale: float) -> float:
    """A product without the dust of binary fractions: 1234.55 times 1000 is 1234550."""
    return value if scale == 1 else float(f"{value * scale:.14g}")


def encode(value: float, kind: RegisterType, order: WordOrder = "big") -> list[int]:
    """The registers of a number; whole types round it down. Raises: ValueError: it does not fit."""
    try:
        data = struct.pack(FORMATS[kind], value if kind == "float32" else math.floor(value))
    except (struct.error, OverflowError, ValueError) as error:
        raise ValueError(f"{value:g} does not fit into {kind}") from error
    words = [int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2)]
    return words if order == "big" else words[::-1]


def step(value: float, kind: RegisterType) -> float:
    """The smallest change that the type can show at this value (float32: 2 at 16,777,216)."""
    if kind != "float32" or value == 0:
        return 1.0
    return math.ldexp(1.0, math.frexp(value)[1] - FLOAT32_DIGITS)
