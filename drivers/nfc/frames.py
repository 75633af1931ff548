"""Frames of the PN532 on a serial line: bytes in any order and amount to whole, checked frames. Pure.

It knows nothing of commands. ``drivers.nfc.line`` feeds it. Source: NXP UM0701-02, 6.2.1.
"""

from __future__ import annotations

ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
MAX_DATA = 265
"""Bytes of the longest frame, from TFI to the last before the checksum."""

_START = b"\x00\xff"
_LONGEST = MAX_DATA + 16


def frame(data: bytes) -> bytes:
    """The frame around ``data`` (TFI, command, parameters; 1 to 265 bytes), with preamble and postamble."""
    length = len(data)
    if length < 256:
        head = bytes([length, -length & 0xFF])
    else:
        size = length.to_bytes(2, "big")
        head = b"\xff\xff" + size + bytes([-sum(size) & 0xFF])
    return b"\x00\x00\xff" + head + data + bytes([-sum(data) & 0xFF, 0])


def payload(whole: bytes) -> bytes:
    """What a whole frame carries, from TFI on; empty for ACK and NACK."""
    if whole in (ACK, NACK):
        return b""
    return bytes(whole[8:-2] if whole[3:5] == b"\xff\xff" else whole[5:-2])


class FrameReader:
    """Finds frames in what a chip sends; noise before, between and inside of them is skipped."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def clear(self) -> None:
        """Forget what is not a whole frame yet."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; returns the frames that are whole by now, from preamble to postamble."""
        found = []
        for offset in range(0, len(data), _LONGEST):
            self._buffer += data[offset : offset + _LONGEST]
            while (whole := self._take()) is not None:
                found.append(whole)
        return found

    def _take(self) -> bytes | None:
        buffer = self._buffer
        while True:
            start = buffer.find(_START)
            if start < 0:
                del buffer[: len(buffer) - (1 if buffer.endswith(b"\x00") else 0)]
                return None
            del buffer[:start]
            if len(buffer) < 4:
                return None
            if bytes(buffer[2:4]) in (b"\x00\xff", b"\xff\x00"):
                short = ACK if buffer[2] == 0 else NACK
                del buffer[:4]
                return short
            size = self._size()
            if size is None:
                return None
            head, length = size
            if 0 < length <= MAX_DATA:
                end = head + length + 1
                if len(buffer) < end:
                    return None
                if sum(buffer[head:end]) & 0xFF == 0:
                    whole = b"\x00" + bytes(buffer[:end]) + b"\x00"
                    del buffer[:end]
                    return whole
            # A start that was none, or a frame that noise has spoilt: look for the next one behind it.
            del buffer[:2]

    def _size(self) -> tuple[int, int] | None:
        """Bytes before the data, and of the data (0: no frame can begin like this); None: too early to tell."""
        buffer = self._buffer
        if buffer[2:4] != b"\xff\xff":
            return 4, buffer[2] if (buffer[2] + buffer[3]) & 0xFF == 0 else 0
        if len(buffer) < 7:
            return None
        return 7, int.from_bytes(buffer[4:6], "big") if sum(buffer[4:7]) & 0xFF == 0 else 0
