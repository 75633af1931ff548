"""The Simple Protocol of Elatec's TWN4: commands and answers as hex digits, each ended by CR.

``Twn4`` says when to ask, and reads the answers; it does no I/O. SearchTag is ``05 00`` and the most bytes of an id.
Its answer is the error (00: none), whether a tag was found, and then the tag type, the number of bits, and the id with
its length in front (TWN4 Simple Protocol, SearchTag; TWN4 API Reference, tag types).
"""

from __future__ import annotations

import re

from drivers.api import Card
from drivers.uid import is_random

SEARCH_TAG = b"050010\r"
MAX_ID_BYTES = 0x10
ANSWER_WITHIN_S = 1.0
"""A search over all technologies takes some 300 ms; later than this, the answer is lost, and the next search begins."""
SILENT_AFTER_S = 3.0

TECHNOLOGIES = {
    0x40: "EM4100", 0x41: "HITAG1", 0x42: "HITAG2", 0x43: "EM4x50", 0x44: "T55x7", 0x45: "ISO11784",
    0x48: "EM4305", 0x49: "HIDProx", 0x4A: "TIRIS", 0x4B: "Cotag", 0x4C: "ioProx", 0x4D: "Indala", 0x4E: "NexWatch",
    0x4F: "AWID", 0x50: "GProx", 0x51: "Pyramid", 0x52: "Keri", 0x53: "Deister", 0x54: "Cardax", 0x55: "Nedap",
    0x56: "PAC", 0x57: "IDTECK", 0x58: "UltraProx", 0x59: "ICT", 0x5A: "Isonas",
    0x80: "106A", 0x81: "106B", 0x82: "ISO15693", 0x83: "LEGIC", 0x84: "iCLASS", 0x85: "212F", 0x86: "SRX",
    0x87: "NFCP2P", 0x88: "BLE", 0x89: "Topaz", 0x8A: "CTS", 0x8B: "BLELC",
}  # fmt: skip
"""Tag type -> ``Card.technology``."""

_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_LONGEST = 2 * (5 + MAX_ID_BYTES)


def parse_answer(line: bytes) -> Card | None:
    """The card of an answer. None: nothing there.

    Raises: ValueError: no answer to SearchTag.
    """
    if len(line) > _LONGEST or not _HEX.fullmatch(line):
        raise ValueError("no hex digits")
    data = bytes.fromhex(line.decode("ascii"))
    if data[0] != 0 or len(data) < 2 or data[1] > 1:
        raise ValueError("an error, or no answer to SearchTag")
    if data[1] == 0:
        if len(data) != 2:
            raise ValueError("more than an empty answer")
        return None
    if len(data) < 6:
        raise ValueError("too short")
    tag_type, bits, size, uid = data[2], data[3], data[4], data[5:]
    if size != len(uid) or (bits + 7) // 8 != size:
        raise ValueError("the lengths contradict")
    technology = TECHNOLOGIES.get(tag_type, f"TWN4-{tag_type:02X}")
    return Card(uid, technology, technology == "106A" and is_random(uid))


class Twn4:
    """Asks, and keeps what the last answer said until the next one."""

    __slots__ = ("_asked_s", "_buffer", "_cards", "_heard_s", "_overlong")

    def __init__(self, now_s: float) -> None:
        self._buffer = bytearray()
        self._overlong = False
        self._cards: list[Card] = []
        self._asked_s: float | None = None
        self._heard_s = now_s

    def ask(self, now_s: float) -> bytes:
        """What to send now; empty while an answer is awaited."""
        if self._asked_s is not None and now_s - self._asked_s < ANSWER_WITHIN_S:
            return b""
        if self._asked_s is not None:
            self._cards = []  # that answer is lost
        self._asked_s = now_s
        return SEARCH_TAG

    def silent(self, now_s: float) -> bool:
        """Whether it has not answered for so long that it is not there."""
        return now_s - self._heard_s >= SILENT_AFTER_S

    def feed(self, data: bytes, now_s: float) -> list[Card]:
        """Take bytes; returns the cards that are there now. Never raises."""
        self._buffer += data
        while (at := self._buffer.find(b"\r")) >= 0:
            line = bytes(self._buffer[:at]).lstrip(b"\n")
            del self._buffer[: at + 1]
            if self._overlong:
                self._overlong = False
            elif line:
                self._answered(line, now_s)
        if len(self._buffer) > _LONGEST + 1:
            self._overlong = True
            self._buffer.clear()
        return self._cards

    def _answered(self, line: bytes, now_s: float) -> None:
        try:
            card = parse_answer(line)
        except ValueError:
            return
        self._heard_s = now_s
        self._asked_s = None
        self._cards = [card] if card else []
