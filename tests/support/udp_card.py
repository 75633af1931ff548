"""Plays cards at the far end of nfcpy's card over UDP, datagram by datagram, as `nfc.clf.udp` listens.

    with udp_card() as field:
        field.put(TypeA("04A1B2C3"))
        reader = UdpReader(DRIVER.parse({"device": field.address}))

A datagram is `106A 26`: bit rate and technology, and the bytes in hex. `answers` replaces what the next questions get.
"""

from __future__ import annotations

import contextlib
import functools
import operator
import socket
import threading
from collections.abc import Iterator

from tests.support.pn532_chip import FeliCa, TypeA, TypeB


class UdpField:
    """The cards near the reader; of each technology one can be seen."""

    def __init__(self, port: int = 0) -> None:
        self.cards: list[TypeA | TypeB | FeliCa] = []
        self.answers: list[bytes] = []
        self.heard = 0
        self._fields = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What a profile names as `device`."""
        return f"127.0.0.1:{self.port}"

    def put(self, *cards: TypeA | TypeB | FeliCa) -> None:
        self.cards = list(cards)

    def lift(self) -> None:
        self.cards = []

    def close(self) -> None:
        with contextlib.suppress(OSError):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"END", ("127.0.0.1", self.port))
            self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(1024)
            if data == b"END":
                return
            self.heard += 1
            if self.answers:
                self._socket.sendto(self.answers.pop(0), sender)
                continue
            words = data.split()
            if len(words) != 2:  # RFOFF: the field is gone
                self._fields += data.startswith(b"RFOFF")
                continue
            answer = self._answer(words[0].decode(), bytes.fromhex(words[1].decode()))
            if answer is not None:
                self._socket.sendto(words[0] + b" " + answer.hex().encode(), sender)

    def _answer(self, technology: str, data: bytes) -> bytes | None:
        for card in self.cards:
            if isinstance(card, TypeA) and technology == "106A":
                return self._type_a(card, data)
            if isinstance(card, TypeB) and technology == "106B" and data[:1] == b"\x05":
                return card.sensb_res(self._fields)
            if isinstance(card, FeliCa) and technology in ("212F", "424F") and data[1:2] == b"\x00":
                return card.pol_res()
        return None

    def _type_a(self, card: TypeA, data: bytes) -> bytes | None:
        if data == b"\x26":
            return b"\x44\x00"
        entry = card.entry(1, self._fields)
        rest, levels = entry[5:], []
        while len(rest) > 4:
            levels.append(b"\x88" + rest[:3])
            rest = rest[3:]
        levels.append(rest)
        for number, (level, select) in enumerate(zip(levels, (0x93, 0x95, 0x97), strict=False), 1):
            whole = level + bytes([functools.reduce(operator.xor, level)])
            if data == bytes([select, 0x20]):
                return whole
            if data == bytes([select, 0x70]) + whole:
                return bytes([card.sak | 0x04 if number < len(levels) else card.sak & ~0x04])
        return None


@contextlib.contextmanager
def udp_card(port: int = 0) -> Iterator[UdpField]:
    """A field on a free port of this machine."""
    field = UdpField(port)
    try:
        yield field
    finally:
        field.close()
