"""Whatever comes back over a serial Modbus line: values only from a whole, right answer; else a driver's error."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.api import DriverError
from drivers.modbus.blocks import Span
from drivers.modbus.frames import crc16
from drivers.modbus.wire import Line, Refused, Wire

UNIT = 3
SPAN = Span("input", 0, 2)
INPUT, EXCEPTION = 4, 0x84


def frame(unit: int, body: bytes) -> bytes:
    whole = bytes([unit]) + body
    return whole + struct.pack("<H", crc16(whole))


def answer(unit: int, function: int, registers: Sequence[int]) -> bytes:
    return frame(unit, struct.pack(f">BB{len(registers)}H", function, 2 * len(registers), *registers))


GOOD = answer(UNIT, INPUT, [0x4365, 0x8000])

frames = st.one_of(
    st.builds(
        answer,
        st.sampled_from([UNIT, UNIT + 1, 0, 255]),
        st.sampled_from([INPUT, 3, 6]),
        st.lists(st.integers(0, 0xFFFF), max_size=6),
    ),
    st.builds(lambda code: frame(UNIT, bytes([EXCEPTION, code])), st.integers(0, 255)),
    st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)).map(
        lambda spoilt: bytes(byte ^ (spoilt[1] if place == spoilt[0] else 0) for place, byte in enumerate(GOOD))
    ),
    st.binary(max_size=300),
)


class FakePort:
    """A line on which these chunks arrive, however little was asked."""

    chunks: tuple[bytes, ...] = ()

    def __init__(self, path: str, baud: int, parity: str = "none") -> None:
        self.path = path
        self._left = list(self.chunks)
        self.written = 0

    def discard(self) -> None:
        """What came before the request is nobody's."""

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def read(self, timeout_s: float) -> bytes:
        return self._left.pop(0) if self._left else b""

    def release(self) -> None:
        """Nothing to give back."""


@given(st.lists(frames, max_size=5))
@example([GOOD])
@example([GOOD[:4], GOOD[4:]])
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_the_answer_or_an_error(chunks: list[bytes]) -> None:
    class Port(FakePort):
        pass

    Port.chunks = tuple(chunks)
    with mock.patch("drivers.modbus.wire.SerialPort", Port):
        wire = Wire(Line("/dev/ttyUSB0"))
        try:
            values = wire.read(UNIT, SPAN, 0.005)
        except Refused as error:
            assert frame(UNIT, bytes([EXCEPTION, error.code])) in b"".join(chunks)
        except DriverError:
            assert chunks != [GOOD]
        else:
            assert answer(UNIT, INPUT, values) in b"".join(chunks)
        finally:
            wire.close()
