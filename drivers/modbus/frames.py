"""Modbus requests as bytes, for those who send without a library and wait for nothing. Pure.

What reads answers is pymodbus's (``drivers.modbus.wire``). Source: Modbus Application Protocol V1.1b3, 6.5, 6.6, 6.12;
Modbus over Serial Line V1.02, 6.2.2 (checksum).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from drivers.modbus.blocks import Span
from drivers.modbus.wire import Line
from drivers.parting import Parting

Write = tuple[Span, Sequence[int], bool]
"""Where, what, and whether with the function for a single register."""

TIMES = 2
"""How often a parting word is said: a line may just be busy with the answer to somebody who is gone."""


def parting(line: Line, unit: int, writes: Sequence[Write], gap_s: float) -> Parting:
    """The writes as a parting word."""
    around = _tcp if line.endpoint is not None else _rtu
    frames = tuple(around(unit, request(*write)) for write in writes)
    return Parting(line.port, line.baud, line.parity, frames * TIMES, gap_s)


def request(span: Span, values: Sequence[int], single: bool) -> bytes:
    """The request that writes a coil (function 5), a register (6), or registers (16)."""
    if span.table == "coil":
        return struct.pack(">BHH", 5, span.address, 0xFF00 if values[0] else 0)
    if single:
        return struct.pack(">BHH", 6, span.address, values[0])
    count = len(values)
    return struct.pack(f">BHHB{count}H", 16, span.address, count, 2 * count, *values)


def crc16(data: bytes) -> int:
    """The checksum of a serial line; its low byte is sent first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _rtu(unit: int, pdu: bytes) -> bytes:
    body = bytes([unit]) + pdu
    return body + struct.pack("<H", crc16(body))


def _tcp(unit: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", 1, 0, len(pdu) + 1, unit) + pdu
