"""A PC/SC service in memory: the names and results of `smartcard.scard`, one reader, and cards that a test puts there.

What the real service does is shown in tests/e2e/test_pcsc_reader.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from tests.support.virtual_card import MIFARE_ATR

NAME = "ACS ACR1252 1S CL Reader PICC 00 00"


class FakeScard:
    """The constants are those of pcsc-lite."""

    SCARD_S_SUCCESS = 0
    SCARD_SCOPE_USER = 0
    SCARD_SHARE_SHARED = 2
    SCARD_LEAVE_CARD = 0
    SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1 = 1, 2
    SCARD_PCI_T0, SCARD_PCI_T1 = 1, 2
    SCARD_STATE_UNAWARE = 0x0000
    SCARD_STATE_IGNORE = 0x0001
    SCARD_STATE_UNKNOWN = 0x0004
    SCARD_STATE_UNAVAILABLE = 0x0008
    SCARD_STATE_EMPTY = 0x0010
    SCARD_STATE_PRESENT = 0x0020
    SCARD_STATE_MUTE = 0x0200
    SCARD_E_NO_SERVICE = 0x8010001D
    SCARD_E_SHARING_VIOLATION = 0x8010000B
    SCARD_E_NO_READERS_AVAILABLE = 0x8010002E
    SCARD_W_REMOVED_CARD = 0x80100069

    def __init__(self, *names: str) -> None:
        self.names = list(names or [NAME])
        self.state = self.SCARD_STATE_EMPTY
        self.atr = b""
        self.answer = b""
        self.connect_result = self.transmit_result = self.service_result = 0
        self.contexts = 0
        self.connections = 0
        self.asked = 0

    def put(self, uid: str, atr: bytes = MIFARE_ATR, status: bytes = b"\x90\x00") -> None:
        """A card is put there; each insertion is counted in the upper half of the state."""
        count = (self.state >> 16) + 1
        self.atr, self.answer = atr, bytes.fromhex(uid) + status
        self.state = count << 16 | self.SCARD_STATE_PRESENT

    def take(self) -> None:
        count = (self.state >> 16) + 1
        self.state, self.atr = count << 16 | self.SCARD_STATE_EMPTY, b""

    def SCardEstablishContext(self, scope: int) -> tuple[int, int]:
        self.contexts += not self.service_result
        return self.service_result, 7

    def SCardReleaseContext(self, context: int) -> int:
        self.contexts -= 1
        return 0

    def SCardListReaders(self, context: int, groups: list[str]) -> tuple[int, list[str]]:
        return (0, self.names) if self.names else (self.SCARD_E_NO_READERS_AVAILABLE, [])

    def SCardGetStatusChange(self, context: int, timeout_ms: int, states: list[tuple[str, int]]) -> tuple[int, Any]:
        assert timeout_ms == 0
        return self.service_result, [(name, self.state, list(self.atr)) for name, _ in states]

    def SCardConnect(self, context: int, name: str, share: int, protocols: int) -> tuple[int, int, int]:
        self.connections += not self.connect_result
        return self.connect_result, 9, self.SCARD_PROTOCOL_T1

    def SCardTransmit(self, handle: int, pci: int, command: list[int]) -> tuple[int, list[int]]:
        assert bytes(command) == b"\xff\xca\x00\x00\x00" and pci == self.SCARD_PCI_T1
        self.asked += 1
        return self.transmit_result, list(self.answer)

    def SCardDisconnect(self, handle: int, disposition: int) -> int:
        self.connections -= 1
        return 0

    def SCardGetErrorMessage(self, result: int) -> str:
        return f"error 0x{result:08X}."


@contextlib.contextmanager
def service(*names: str) -> Iterator[FakeScard]:
    """The driver finds this service."""
    scard = FakeScard(*names)
    with mock.patch("drivers.readers.pcsc.vendor", lambda module, extra: scard):
        yield scard


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    """The driver's options; a card lies there."""
    with service() as scard:
        scard.put("04A1B2C3")
        yield {"reader": "ACR1252"}
