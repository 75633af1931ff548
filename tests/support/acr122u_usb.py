"""An ACR122U behind a USB transport that is none, byte-exact as ACS's API description and CCID 1.1 say.

    with acr122u() as reader:            # stands for nfc.clf.transport.USB
        reader.chip.put(TypeA("04A1B2C3"))
        device = Acr122u(DRIVER.parse({}))

`reader.frames` is what came over USB, `reader.leds` the pseudo APDUs for lamp and buzzer.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections.abc import Iterator
from typing import Any
from unittest import mock

from tests.support.pn532_chip import COMMANDS, Chip


class Acr122uUsb:
    """The device: bulk transfers in, bulk transfers out."""

    def __init__(self) -> None:
        self.chip = Chip()
        self.firmware = b"ACR122U207"
        self.frames: list[bytes] = []
        self.leds: list[bytes] = []
        self.replies: list[bytes] = []
        self.found: list[tuple[int, int, int, int]] = [(0x072F, 0x2200, 1, 4)]
        self.refuses: Exception | None = None
        self.refuses_once = False
        self.fails: int | None = None
        self.silent = False
        self.open = 0

    def out(self, frame: bytes) -> None:
        """A bulk OUT transfer."""
        self.frames.append(bytes(frame))
        if self.silent:
            return
        kind, length = frame[0], struct.unpack("<I", frame[1:5])[0]
        assert len(frame) == 10 + length, "the length in a CCID header is that of the data"
        if kind == 0x62:
            self._reply(bytes.fromhex("3B8F8001804F0CA000000306030001000000006A"))
        elif kind == 0x6F:
            self._reply(self._apdu(frame[10:]))

    def _apdu(self, apdu: bytes) -> bytes:
        if apdu == bytes.fromhex("FF00480000"):
            return self.firmware
        if apdu[:3] == bytes.fromhex("FF0040"):
            self.leds.append(apdu)
            return b"\x90\x02"
        if apdu[:3] == bytes.fromhex("FF0051"):
            return b"\x90" + apdu[3:4]
        if apdu[:4] == bytes.fromhex("FF000000") and apdu[4] == len(apdu) - 5 and apdu[5] == 0xD4:
            self.chip.commands.append(apdu[6:])
            command = COMMANDS.get(apdu[6])
            body = command(self.chip, apdu[7:]) if command else None
            return b"\x63\x27" if body is None else bytes([0xD5, apdu[6] + 1]) + body + b"\x90\x00"
        return b"\x63\x00"

    def _reply(self, data: bytes) -> None:
        self.replies.append(struct.pack("<BI5B", 0x80, len(data), 0, 0, 0, 0x81, 0) + data)


def _transport(device: Acr122uUsb) -> type[Any]:
    class FakeUsb:
        TYPE = "USB"
        manufacturer_name = "ACS"
        product_name = "ACR122U PICC Interface"

        @classmethod
        def find(cls, path: str) -> list[tuple[int, int, int, int]] | None:
            return device.found if path.startswith("usb") else None

        def __init__(self, bus: int, address: int) -> None:
            if device.refuses is not None:
                refuses, device.refuses = device.refuses, None if device.refuses_once else device.refuses
                raise refuses
            device.open += 1
            self._open = True

        def write(self, frame: bytes, timeout: int = 0) -> None:
            self._check(timeout)
            device.out(bytes(frame))

        def read(self, timeout: int = 0) -> bytearray:
            self._check(timeout)
            if not device.replies:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            return bytearray(device.replies.pop(0))

        def _check(self, timeout: int) -> None:
            assert timeout > 0, "0 waits for ever"
            if device.fails is not None:
                raise OSError(device.fails, os.strerror(device.fails))

        def close(self) -> None:
            device.open -= self._open
            self._open = False

    return FakeUsb


@contextlib.contextmanager
def acr122u() -> Iterator[Acr122uUsb]:
    """One such reader at this machine's USB, and nothing else."""
    device = Acr122uUsb()
    with mock.patch("nfc.clf.transport.USB", _transport(device)):
        yield device
