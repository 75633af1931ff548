"""An RDM6300 on a pseudo-terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.serial_line import serial_line


def rdm6300(number: str) -> bytes:
    """The frame of a card: ten hex digits."""
    checksum = 0
    for byte in bytes.fromhex(number):
        checksum ^= byte
    return b"\x02" + number.encode() + b"%02X\x03" % checksum


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    """The driver's options; a card lies there."""
    with serial_line() as line:
        line.write(rdm6300("0600123456"))
        yield {"port": line.path, "format": "rdm6300"}
