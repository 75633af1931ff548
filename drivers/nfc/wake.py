"""Wakes a PN532 on a serial line, whatever speed it was left at, and brings it to 115,200 baud.

A program that was killed leaves the chip asleep, at another speed (nfcpy raises it to 921,600), or both; until it loses
power it answers at that speed only. Called at opening, and by those who look for a chip on a line.
Source: NXP UM0701-02, 7.2.8 (SetSerialBaudRate), 7.2.11 (PowerDown), 7.2.2 (GetFirmwareVersion).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from drivers.api import DeviceMissing, DriverUnsupported
from drivers.nfc.frames import ACK, frame, payload
from drivers.nfc.line import SerialTransport

log = logging.getLogger(__name__)

BAUD = 115_200
TRIES = (115_200, 115_200, 921_600, 921_600, 460_800, 230_400, 57_600, 38_400, 19_200, 9_600, 1_288_000, 115_200)
"""The likeliest first: at power-up, after nfcpy, what else the chip knows. Those twice, for the first bytes may have
been lost in waking up; and the usual speed once more, for the first data of some USB adapters come late."""
ANSWER_MS = 100
WAKE_UP = b"\x55\x55" + bytes(14)
"""Wakes a sleeping chip and gives it time; an awake one skips it."""
PN532 = 0x32

_CODE_OF_BAUD = 0x04
_SETTLES_S = 0.01


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip that answered: the speed it was found at, and its firmware such as ``1.6``."""

    found_at_baud: int
    firmware: str


def wake(transport: SerialTransport) -> Chip:
    """Find the chip and leave it awake, at 115,200 baud, in normal mode.

    Raises:
        DeviceMissing: nothing answers at any speed; takes about a second.
        DriverUnsupported: it is another chip.
        DriverLost: the line is gone.
    """
    found_at = None
    for baud in TRIES:
        version = _ask(transport, baud)
        if version is None:
            continue
        found_at = found_at or baud
        if baud != BAUD:
            _lower(transport)
            version = _ask(transport, BAUD) or _retry(transport, baud)
        if version is not None:
            return _ready(transport, found_at, version)
    if found_at:
        raise DeviceMissing(f"the PN532 on {transport.port} stays at {found_at} baud", "take its power away once")
    raise _nothing(transport)


def _retry(transport: SerialTransport, baud: int) -> bytes | None:
    """Once more at the speed where it was: it has not changed."""
    if _ask(transport, baud) is None:
        return None
    _lower(transport)
    return _ask(transport, BAUD)


def _ready(transport: SerialTransport, found_at: int, version: bytes) -> Chip:
    if len(version) < 3 or version[0] != PN532:
        raise DriverUnsupported(f"{transport.port}: the chip is a PN5{version[:1].hex()}, no PN532")
    if found_at != BAUD:
        log.info("the PN532 on %s was left at %d baud; it is back at %d", transport.port, found_at, BAUD)
    # Normal mode, no SAM: after power-up the chip serves its antenna only once this was said.
    if _command(transport, b"\xd4\x14\x01\x00\x00") is None:
        raise DeviceMissing(
            f"the PN532 on {transport.port} does not leave its start-up mode", "take its power away once"
        )
    return Chip(found_at, f"{version[1]}.{version[2]}")


def _ask(transport: SerialTransport, baud: int) -> bytes | None:
    """GetFirmwareVersion at a speed; None: no answer."""
    try:
        transport.baudrate = baud
    except DriverUnsupported:
        return None
    return _command(transport, b"\xd4\x02")


def _lower(transport: SerialTransport) -> None:
    """SetSerialBaudRate(115,200); the chip changes when it has seen our ACK to its answer, which must be out first."""
    if _command(transport, bytes([0xD4, 0x10, _CODE_OF_BAUD])) is not None:
        transport.write(ACK)
        time.sleep(_SETTLES_S + len(ACK) * 10 / transport.baudrate)


def _command(transport: SerialTransport, command: bytes) -> bytes | None:
    """What the chip answers to a command (after the response code); None: nothing, or not to this."""
    transport.write(WAKE_UP + frame(command))
    try:
        if transport.read(ANSWER_MS) != ACK:
            return None
        answer = payload(bytes(transport.read(ANSWER_MS)))
    except TimeoutError:
        return None
    return answer[2:] if answer[:2] == bytes([0xD5, command[1] + 1]) else None


def _nothing(transport: SerialTransport) -> DeviceMissing:
    if transport.heard:
        return DeviceMissing(
            f"something answers on {transport.port}, but no PN532",
            "wrong line? a login console on it (raspi-config)? RX and TX crossed, ground connected?",
        )
    return DeviceMissing(
        f"no PN532 answers on {transport.port}",
        "power? RX and TX crossed? its switches set to HSU? enable_uart=1? station doctor",
    )
