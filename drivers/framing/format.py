"""How a serial reader frames a card's number: a description, and the ready-made ones.

Data only; ``drivers.framing.frames`` reads bytes by it. A profile writes ``format: rdm6300`` or a mapping of the
fields below::

    format: {start: STX, end: ETX, length: 10, coding: hex, checksum: xor, technology: EM4100}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from drivers.options import option, parse, suggestion

Coding = Literal["hex", "decimal", "ascii", "binary", "wiegand"]

MAX_BODY = 255
_NAMES = {"STX": b"\x02", "ETX": b"\x03", "ENQ": b"\x05", "CR": b"\r", "LF": b"\n", "ESC": b"\x1b", "NUL": b"\0"}
_WORD = re.compile(r"\s*(?:'([\x20-\x26\x28-\x7e]{1,64})'|((?:[0-9A-Fa-f]{2})+)(?=\s|$)|([A-Z]{2,3})(?=\s|$))")


def byte_string(value: object) -> bytes:
    """Bytes from words: ``STX``, ``0D 0A``, ``CR LF``, ``'050010' CR`` (quoted: ASCII).

    Raises: ValueError: none of these.
    """
    text = value if isinstance(value, str) else f"{value:02d}" if type(value) is int and value >= 0 else None
    if text is None or len(text) > 200:
        raise ValueError("is no text of bytes, such as STX or '02'")
    data, place = b"", 0
    while text[place:].strip():
        match = _WORD.match(text, place)
        name = match[3] if match else None
        if match is None or (name and name not in _NAMES):
            raise ValueError(f"{text[:60]!r} is neither hex bytes nor of {', '.join(_NAMES)} nor quoted text")
        data += match[1].encode() if match[1] else bytes.fromhex(match[2]) if match[2] else _NAMES[match[3]]
        place = match.end()
    return data


def byte_strings(value: object) -> tuple[bytes, ...]:
    """One or several byte strings, each of at least one byte. Raises: ValueError."""
    items = value if isinstance(value, (list, tuple)) else [value]
    found = tuple(item if isinstance(item, bytes) else byte_string(item) for item in items)
    if not all(found) or len(found) > 4:
        raise ValueError("one to four ends of one byte or more")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFormat:
    """A frame: start, body, checksum, end.

    ``hex``, ``decimal`` and ``wiegand`` bodies and ``binary`` ones become a UID, to which the reader's ``uid`` block
    applies; an ``ascii`` body is the token itself.
    """

    coding: Coding = option(about="how the body writes the number")  # noqa: RUF009 - makes a field
    start: bytes = option(b"", convert=byte_string, about="bytes in front, such as STX or '02'; empty: none")
    end: tuple[bytes, ...] = option((), convert=byte_strings, about="bytes behind, such as ETX, or a list: [CR, LF]")
    length: int | None = option(None, between=(1, 128), about="characters of the body, without the checksum")
    max_length: int = option(64, between=(1, 128), about="longest body where the length varies")
    checksum: Literal["none", "xor", "sum"] = option("none", about="behind the body, of its bytes (8 bits)")
    strip: str = option("", about="characters in the body that mean nothing, such as ': '")
    skip: int = option(0, between=(0, 32), about="bytes of the body in front of the UID")
    drop: int = option(0, between=(0, 32), about="bytes of the body behind the UID")
    uid_bytes: int = option(4, between=(1, 10), about="bytes of the UID that a decimal number stands for")
    technology: str = option("", about="of the cards: EM4100, 106A, or a token type of OCPP")
    timeout_s: float = option(0.5, key="timeout", unit="s", between=(0.05, 5), about="a frame stalled so long is none")
    poll: bytes = option(b"", convert=byte_string, about="sent to a reader that has to be asked: '050010' CR")
    poll_every_s: float = option(0.2, key="poll_every", unit="s", between=(0.05, 5), about="time between two askings")

    def __post_init__(self) -> None:
        """Raises: ValueError: a frame whose ends cannot be seen."""
        if not self.end and not (self.start and self.length):
            raise ValueError("a frame needs an end, or a start and a length")
        if self.coding == "binary" and not (self.start and self.length):
            raise ValueError("binary frames need a start and a length: their bytes may look like an end")
        if self.coding == "hex" and self.length and self.length % 2 and not self.strip:
            raise ValueError("hex digits come in pairs: the length is odd")
        if self.coding in ("ascii", "wiegand") and (self.skip or self.drop):
            raise ValueError("skip and drop count bytes of a UID; this coding has none")

    @property
    def checksum_size(self) -> int:
        """Characters of the checksum: two hex digits, or one byte in binary frames."""
        return 0 if self.checksum == "none" else 1 if self.coding == "binary" else 2

    @property
    def body_size(self) -> int | None:
        """Characters between start and end, the checksum included; None where that varies."""
        return None if self.length is None else self.length + self.checksum_size

    @property
    def most(self) -> int:
        """The longest such body."""
        return self.body_size or self.max_length + self.checksum_size


RDM6300 = FrameFormat(start=b"\x02", end=(b"\x03",), length=10, coding="hex", checksum="xor", technology="EM4100")
"""STX, version byte and 32-bit number as ten hex digits, XOR of the five bytes as two, ETX (RDM6300 datasheet)."""
ID12LA = FrameFormat(start=b"\x02", end=(b"\r\n\x03",), length=10, coding="hex", checksum="xor", technology="EM4100")
"""As RDM6300 with CR LF before ETX, once for each card (ID Innovations, ID-12LA datasheet, ASCII output)."""
LINE = FrameFormat(end=(b"\r", b"\n"), coding="ascii", max_length=128)
"""Text lines: desk readers, QR scanners. CR, LF and CR LF end one; an empty line is nothing."""
WIEGAND = FrameFormat(end=(b"\r", b"\n"), coding="wiegand")
"""Wiegand-to-serial boxes that send lines; see ``drivers.framing.wiegand`` for what they may write."""

READY_MADE: Mapping[str, FrameFormat] = {"rdm6300": RDM6300, "id12la": ID12LA, "line": LINE, "wiegand": WIEGAND}
TWN4: Literal["twn4"] = "twn4"
"""The one that is no frame but a conversation: ``drivers.framing.twn4``."""


def serial_format(value: Any) -> FrameFormat | Literal["twn4"]:
    """What a profile writes as ``format``. Raises: ValueError, OptionError."""
    if isinstance(value, FrameFormat) or value == TWN4:
        return value  # type: ignore[no-any-return]
    if isinstance(value, Mapping):
        return parse(FrameFormat, value, "format.")
    if isinstance(value, str) and value in READY_MADE:
        return READY_MADE[value]
    raise ValueError(f"{str(value)[:60]!r} is no format; {suggestion(str(value)[:60], [*READY_MADE, TWN4])}")
