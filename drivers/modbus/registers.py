"""Registers as a map describes them: where, which type, which scale.

What meter and pilot maps have in common. Reads no bus; called by `meter_map` and `pilot_map`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from drivers.modbus.blocks import BITS, Span, Table
from drivers.modbus.decoding import FORMATS, WIDTHS, RegisterType, WordOrder, decode, encode, step, times
from drivers.modbus.yaml_file import Block, Place
from drivers.options import boolean, quantity, suggestion

MAPS: Final = Path(__file__).parent / "maps"
"""The maps that come along."""

MOST_REGISTERS: Final = 125
"""What one request can carry (Modbus Application Protocol V1.1b3, 6.3 and 6.4)."""

LAST_ADDRESS: Final = 0xFFFF
_TABLES: Final[tuple[Table, ...]] = ("input", "holding", "coil", "discrete")
_ORDERS: Final[tuple[WordOrder, ...]] = ("big", "little")
_WHOLE = re.compile(r"\d{1,20}|0x[0-9A-Fa-f]{1,16}")

Image = Mapping[Span, Sequence[int]]
"""What was read: blocks of registers (or bits, 0 or 1)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Register:
    """A number in one or more registers, or a bit.

    Attributes:
        scale: what the raw number is multiplied with.
        mask: of a one-register type: these bits only, moved down to bit 0; 0: all of it.
    """

    span: Span
    kind: RegisterType = "u16"
    order: WordOrder = "big"
    scale: float = 1.0
    mask: int = 0

    def value(self, image: Image) -> float | None:
        """The number in what was read; None: NaN, infinite, or not read."""
        words = slice_of(image, self.span)
        if words is None:
            return None
        if self.span.table in BITS:
            return float(bool(words[0]))
        if self.mask:
            return times(float((words[0] & self.mask) >> lowest_bit(self.mask)), self.scale)
        raw = decode(words, self.kind, self.order)
        scaled = times(raw, self.scale) if raw is not None else math.nan
        return scaled if math.isfinite(scaled) else None

    def words(self, value: float) -> list[int]:
        """The registers that say `value`, rounded down. Raises: ValueError: it does not fit."""
        return encode(round(value / self.scale, 6), self.kind, self.order)

    def step(self, value: float) -> float:
        """The smallest change that the register can show at this value."""
        return abs(self.scale) * step(value / self.scale, self.kind)


def slice_of(image: Image, span: Span) -> Sequence[int] | None:
    """The registers of a span out of the blocks that were read."""
    for block, words in image.items():
        if block.table == span.table and block.address <= span.address and span.end <= block.end:
            first = span.address - block.address
            return words[first : first + span.count]
    return None


def lowest_bit(mask: int) -> int:
    """The number of the lowest bit that is set."""
    return (mask & -mask).bit_length() - 1


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a map says once for all its registers."""

    table: Table
    order: WordOrder
    odd_addresses: bool
    most: int
    gap_s: float

    @classmethod
    def take(cls, block: Block) -> Defaults:
        """From the top of a map."""
        return cls(
            table=block.get("table", among(_TABLES), "input"),
            order=block.get("word_order", among(_ORDERS), "big"),
            odd_addresses=block.get("odd_addresses", boolean, False),
            most=block.get("max_registers", whole(1, MOST_REGISTERS), MOST_REGISTERS),
            gap_s=block.get("gap", seconds, 0.0),
        )


def take_register(place: Place, defaults: Defaults) -> Register:
    """A register from its block in a map. Raises: OptionError."""
    block = place.mapping()
    table = block.get("table", among(_TABLES), defaults.table)
    address_at = block.need("address")
    address = address_at.convert(whole(0, LAST_ADDRESS))
    if table in BITS:
        block.finish()
        return Register(Span(table, address, 1))
    kind = block.need("type").convert(among(tuple(FORMATS)))
    order = block.get("word_order", among(_ORDERS), defaults.order)
    scale = block.get("scale", number, 1.0)
    mask = block.get("mask", whole(1, 0xFFFF), 0)
    block.finish()
    width = WIDTHS[kind]
    if width > 1 and address % 2 and not defaults.odd_addresses:
        raise address_at.fault(
            f"{address} is odd, and {kind} takes {width} registers",
            "documents often count from 1: subtract 1; if it is meant, write odd_addresses: yes at the top",
        )
    if address + width - 1 > LAST_ADDRESS:
        raise address_at.fault(f"{kind} at {address} ends behind the last register")
    if mask and width > 1:
        raise place.fault(f"a mask is for types of one register, not for {kind}")
    return Register(Span(table, address, width), kind, order, scale, mask)


def refuse_overlaps(taken: Sequence[tuple[Place, Register]]) -> None:
    """Two values in the same register are a mistake, unless each has its own bits. Raises: OptionError."""
    seen: dict[tuple[Table, int], int] = {}
    for place, register in taken:
        mask = register.mask or 0xFFFF
        for address in range(register.span.address, register.span.end):
            key = (register.span.table, address)
            if seen.get(key, 0) & mask:
                raise place.fault(f"{register.span.table} {address} is used twice")
            seen[key] = seen.get(key, 0) | mask


def among(words: tuple[T, ...]) -> Callable[[str], T]:
    """A converter: one of these words."""

    def convert(text: str) -> T:
        for word in words:
            if word == text:
                return word
        raise ValueError(f"{text!r} is unknown; {suggestion(text, [str(word) for word in words])}")

    return convert


def whole(low: int, high: int) -> Callable[[str], int]:
    """A converter: a whole number, decimal or 0x…, within bounds."""

    def convert(text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise ValueError(f"{text!r} is no whole number")
        value = int(text, 16 if text.startswith("0x") else 10)
        if not low <= value <= high:
            raise ValueError(f"{text} is out of range ({low} to {high})")
        return value

    return convert


def number(text: str) -> float:
    """A converter: a finite number other than 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value == 0 or abs(value) < 1e-12 or abs(value) > 1e12:
        raise ValueError(f"{text!r} is no number that values could be multiplied with")
    return value


def seconds(text: str) -> float:
    """A converter: a time such as 200ms, up to half a second."""
    value = quantity(text, "s")
    if not 0 <= value <= 0.5:
        raise ValueError(f"{text} is out of range (0s to 500ms)")
    return value
