"""Finds the frames of a ``FrameFormat`` in a stream of bytes.

``FrameParser`` is told bytes and the time and gives cards. It finds its way back after noise: whatever is no frame is
passed over one byte at a time, so that a good frame behind, or inside, a bad one is found. A wrong checksum never makes
a card.
"""

from __future__ import annotations

import re

from drivers.api import Card
from drivers.framing import wiegand
from drivers.framing.format import FrameFormat
from drivers.uid import is_random

TYPE_A = frozenset({"106A", "ISO14443"})
_PRINTABLE = re.compile(rb"[\x20-\x7e]*")
_BODIES = {"hex": re.compile(rb"[0-9A-Fa-f]*"), "decimal": re.compile(rb"[0-9]*")}
_ANY = re.compile(rb"(?s).*")


class FrameParser:
    """The frames of one line. Keeps at most one frame and the piece it is being fed."""

    __slots__ = ("_allowed", "_buffer", "_format", "_heard_s", "_overlong")

    def __init__(self, described: FrameFormat) -> None:
        self._format = described
        self._allowed = _allowed(described)
        self._buffer = bytearray()
        self._heard_s = 0.0
        self._overlong = False

    @property
    def pending(self) -> int:
        """Bytes kept for a frame that is not complete."""
        return len(self._buffer)

    def feed(self, data: bytes, now_s: float) -> list[Card]:
        """Take bytes; returns the cards of the frames that they complete, in order. Never raises.

        Args:
            data: what has arrived, any number of bytes; call it with none, too, so that stalled frames end.
            now_s: monotonic seconds.
        """
        cards = self._expire() if now_s - self._heard_s >= self._format.timeout_s else []
        if data:
            self._heard_s = now_s
            self._buffer += data
            cards += self._scan()
        return cards

    def _expire(self) -> list[Card]:
        """Give up what stalled; a complete frame may stand behind what looked like a beginning."""
        cards: list[Card] = []
        self._overlong = False
        if not self._format.start:
            self._buffer.clear()
        while self._buffer:
            del self._buffer[0]
            cards += self._scan()
        return cards

    def _scan(self) -> list[Card]:
        step = self._framed if self._format.start else self._line
        cards: list[Card] = []
        place: int | None = 0
        done = 0
        while place is not None:
            done = place
            place, card = step(done)
            if card is not None:
                cards.append(card)
        del self._buffer[: max(done, self._useless_until(done))]
        return cards

    def _useless_until(self, place: int) -> int:
        """Where what may become a frame begins, once nothing more can be read from ``place`` on."""
        start, size = self._format.start, len(self._buffer)
        if start:
            begun = self._buffer.find(start, place)
            return begun if begun >= 0 else size - _overlap(self._buffer, start, place)
        if self._overlong:
            return max(place, size - max(map(len, self._format.end)) + 1)
        return place

    # Each step looks for one frame from ``place`` on and returns where to go on (None: more bytes are needed) and the
    # card, if it was one.

    def _framed(self, place: int) -> tuple[int | None, Card | None]:
        described, buffer = self._format, self._buffer
        begun = buffer.find(described.start, place)
        if begun < 0:
            return None, None
        body_at = begun + len(described.start)
        size = described.body_size
        allowed = self._allowed.match(buffer, body_at, body_at + described.most)
        body_end = allowed.end() if allowed else body_at
        if size is not None and body_end - body_at < size:
            return (None, None) if body_end == len(buffer) else (begun + 1, None)
        end = _first_end(buffer, body_at if size is None else body_end, body_end, described.end or (b"",))
        if end is None:
            rest = bytes(buffer[body_end : body_end + 64])
            begins = any(len(rest) < len(text) and text.startswith(rest) for text in described.end)
            return (None, None) if begins else (begun + 1, None)
        card = decode(bytes(buffer[body_at : end[0]]), described)
        return (sum(end), card) if card else (begun + 1, None)

    def _line(self, place: int) -> tuple[int | None, Card | None]:
        described, buffer = self._format, self._buffer
        found = [(at, len(end)) for end in described.end if (at := buffer.find(end, place)) >= 0]
        if not found:
            self._overlong = self._overlong or len(buffer) - place > described.most + max(map(len, described.end))
            return None, None
        at, size = min(found)
        whole = not self._overlong and at - place <= described.most
        self._overlong = False
        fits = whole and described.body_size in (None, at - place)
        return at + size, decode(bytes(buffer[place:at]), described) if fits else None


def decode(body: bytes, described: FrameFormat) -> Card | None:
    """The card of a frame's body, the checksum included; None: it is none."""
    content = body.translate(None, described.strip.encode("ascii", "ignore")) if described.coding != "binary" else body
    checked = _checked(content, described)
    if checked is None:
        return None
    if described.coding in ("ascii", "wiegand"):
        return _text_card(checked, described)
    uid = _uid(checked, described)
    if uid is None:
        return None
    uid = uid[described.skip : len(uid) - described.drop]
    random = described.technology in TYPE_A and is_random(uid)
    return Card(uid, described.technology, random) if 0 < len(uid) <= 32 else None


def _text_card(body: bytes, described: FrameFormat) -> Card | None:
    if not _PRINTABLE.fullmatch(body):
        return None
    text = body.decode("ascii").strip()
    if not text:
        return None
    if described.coding == "ascii":
        return Card(b"", described.technology, text=text)
    number = wiegand.parse(text)
    return Card(number[0], described.technology or f"Wiegand{number[1]}") if number else None


def _uid(body: bytes, described: FrameFormat) -> bytes | None:
    if described.coding == "binary":
        return body
    if described.coding == "hex":
        return _unhexed(body)
    if not body.isdigit() or len(body) > 25:
        return None
    number = int(body)
    return None if number >> (8 * described.uid_bytes) else number.to_bytes(described.uid_bytes, "big")


def _checked(body: bytes, described: FrameFormat) -> bytes | None:
    """The body without its checksum; None where that is wrong."""
    size = described.checksum_size
    if not size:
        return body
    content, written = body[:-size], body[-size:]
    told = written if described.coding == "binary" else _unhexed(written)
    covered = _unhexed(content) if described.coding == "hex" else content
    if not covered or not told or len(told) != 1:
        return None
    value = 0
    for byte in covered:
        value = value ^ byte if described.checksum == "xor" else (value + byte) & 0xFF
    return content if value == told[0] else None


def _unhexed(digits: bytes) -> bytes | None:
    if len(digits) % 2 or not _BODIES["hex"].fullmatch(digits):
        return None
    return bytes.fromhex(digits.decode("ascii"))


def _allowed(described: FrameFormat) -> re.Pattern[bytes]:
    """What a body may hold; with characters to strip, or a checksum of hex digits, any printable one."""
    if described.coding == "binary":
        return _ANY
    if described.strip or (described.checksum != "none" and described.coding != "hex"):
        return _PRINTABLE
    return _BODIES.get(described.coding, _PRINTABLE)


def _first_end(buffer: bytearray, first: int, last: int, ends: tuple[bytes, ...]) -> tuple[int, int] | None:
    """Where the first end stands that begins between two places, and its length."""
    found = [(at, len(end)) for end in ends if (at := buffer.find(end, first, last + len(end))) >= 0]
    return min(found) if found else None


def _overlap(buffer: bytearray, start: bytes, place: int) -> int:
    """How many of the last bytes may be the beginning of ``start``."""
    for size in range(min(len(start) - 1, len(buffer) - place), 0, -1):
        if buffer.endswith(start[:size]):
            return size
    return 0
