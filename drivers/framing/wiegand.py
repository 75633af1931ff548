"""Numbers of Wiegand cards, as boxes between a Wiegand reader and a serial line write them.

| a line of | is |
|---|---|
| 26, 34 or 37 characters ``0`` and ``1`` | the bits as they came, both parities checked |
| 7, 9 or 10 hex digits | the same 26, 34 or 37 bits as one number, both parities checked |
| 6 or 8 hex digits | the 24 or 32 bits between the parities |
| ``123,45678`` (also with ``:``, ``-``, ``/`` or a space) | facility code 0 to 255 and card number 0 to 65535 |

A number that is written in decimal looks like hex: describe such a box as ``{end: [CR, LF], coding: decimal,
uid_bytes: 3}``. The first parity is even over the first half, the last odd over the second; with 37 bits (HID H10302,
H10304) the halves share the middle bit.
"""

from __future__ import annotations

import re

_BITS = re.compile(r"[01]+")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_PAIR = re.compile(r"(\d{1,3})\s?[,:/ -]\s?(\d{1,5})")
_WITH_PARITY = {7: 26, 9: 34, 10: 37}
_WITHOUT_PARITY = {6: 26, 8: 34}


def parse(text: str) -> tuple[bytes, int] | None:
    """The data bits as bytes, first byte first, and the size of the Wiegand format; None: no such number."""
    if _BITS.fullmatch(text) and len(text) in (26, 34, 37):
        return _checked([int(bit) for bit in text])
    pair = _PAIR.fullmatch(text)
    if pair:
        facility, number = int(pair[1]), int(pair[2])
        fits = facility <= 0xFF and number <= 0xFFFF
        return (bytes([facility]) + number.to_bytes(2, "big"), 26) if fits else None
    if not text.isascii() or not _HEX.fullmatch(text):
        return None
    if len(text) in _WITHOUT_PARITY:
        return bytes.fromhex(text), _WITHOUT_PARITY[len(text)]
    size = _WITH_PARITY.get(len(text))
    value = int(text, 16)
    if size is None or value >> size:
        return None
    return _checked([value >> place & 1 for place in reversed(range(size))])


def _checked(bits: list[int]) -> tuple[bytes, int] | None:
    size = len(bits)
    half = (size + 1) // 2
    if sum(bits[:half]) % 2 or not sum(bits[-half:]) % 2:
        return None
    value = 0
    for bit in bits[1:-1]:
        value = value << 1 | bit
    return value.to_bytes((size - 2 + 7) // 8, "big"), size
