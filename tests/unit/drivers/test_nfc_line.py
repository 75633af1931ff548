"""The serial transport below nfcpy: when it gives up, and when it must not."""

from __future__ import annotations

import pytest

from drivers.nfc.frames import ACK
from drivers.nfc.line import Limit, SerialTransport
from tests.support.driver_clock import HandClock


class Starved:
    """A line of a machine so busy that a read comes back late, and without what has arrived meanwhile."""

    def __init__(self, clock: HandClock, answer: bytes) -> None:
        self.clock, self.answer = clock, answer
        self.reads: list[float] = []

    def read(self, timeout_s: float = 0.0) -> bytes:
        self.reads.append(timeout_s)
        if len(self.reads) == 1:
            self.clock.advance(0.5)
            return b""
        return self.answer

    def write(self, data: bytes) -> None: ...
    def discard(self) -> None: ...
    def set_baud(self, baud: int) -> None: ...
    def release(self) -> None: ...


def test_an_answer_that_came_in_time_counts_however_late_it_is_read() -> None:
    clock = HandClock()
    line = Starved(clock, ACK)
    assert SerialTransport(line, "/dev/x", 115_200, Limit(clock)).read(100) == ACK
    assert line.reads[1:] == [0.0]


def test_silence_ends_with_the_time() -> None:
    clock = HandClock()
    line = Starved(clock, b"")
    with pytest.raises(TimeoutError):
        SerialTransport(line, "/dev/x", 115_200, Limit(clock)).read(100)
    assert len(line.reads) == 2
