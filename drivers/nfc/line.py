"""The transports that nfcpy's chipsets talk through: a serial line of any path, and USB, both with a time limit.

nfcpy's own serial transport takes fixed numbers of bytes, so one lost byte makes it read across frames (and raise
IndexError); its USB transport waits for ever to write. These have the same methods, so that its chipsets do not notice.
"""

from __future__ import annotations

import errno
import os
from typing import Any, Protocol

from drivers.api import Clock
from drivers.clock import SYSTEM
from drivers.nfc.frames import FrameReader

MIN_WAIT_MS = 10
READ_S = 0.02
"""How long one read of a serial line waits; always the same, for pyserial sets up the whole line to change it."""


class Line(Protocol):
    """What is needed of a serial line; ``drivers.serial_port.SerialPort`` is one."""

    def read(self, timeout_s: float = 0.0) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def discard(self) -> None: ...
    def set_baud(self, baud: int) -> None: ...
    def release(self) -> None: ...


class Limit:
    """By when a piece of work has to be done; whoever waits asks how long it still may."""

    __slots__ = ("_clock", "_until_s")

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SYSTEM
        self._until_s = float("inf")

    def now(self) -> float:
        """Seconds of the clock behind it."""
        return self._clock.now()

    def start(self, seconds: float) -> None:
        """The work begins now and has that long."""
        self._until_s = self._clock.now() + seconds

    def left_s(self, wanted_s: float) -> float:
        """How long to wait at most; 0 when the time is up."""
        return max(0.0, min(wanted_s, self._until_s - self._clock.now()))

    def left_ms(self, wanted_ms: float) -> int:
        """The same in milliseconds. Raises: OSError (ETIMEDOUT): the time is up (to libusb 0 means for ever)."""
        left = int(self.left_s(wanted_ms / 1000) * 1000)
        if left <= 0:
            raise timed_out()
        return left


def timed_out() -> OSError:
    """What nfcpy expects of a transport that heard nothing."""
    return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


class SerialTransport:
    """``nfc.clf.transport.TTY`` for nfcpy's PN532 chipset, over a line of ours. Finds its way back after noise."""

    TYPE = "TTY"

    def __init__(self, line: Line, path: str, baud: int, limit: Limit) -> None:
        self.port = path
        self.limit = limit
        self.heard = False
        """Whether anything has arrived at all."""
        self._line = line
        self._baud = baud
        self._frames = FrameReader()
        self._waiting: list[bytes] = []

    @property
    def baudrate(self) -> int:
        """Of our end. Setting raises: DriverLost, DriverUnsupported."""
        return self._baud

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        if baud != self._baud:
            self._line.set_baud(baud)
            self._baud = baud

    def write(self, frame: bytes) -> None:
        """Send; what arrived before is an answer to something else and forgotten. Raises: DriverLost."""
        self._line.discard()
        self._frames.clear()
        self._waiting.clear()
        self._line.write(bytes(frame))

    def read(self, timeout: float) -> bytearray:
        """The next frame; waits for ``timeout`` ms at most. Raises: OSError (ETIMEDOUT), DriverLost."""
        end_s = self.limit.now() + self.limit.left_s(max(timeout, MIN_WAIT_MS) / 1000)
        while not self._waiting:
            late = self.limit.now() >= end_s
            # What came while a busy machine left this thread waiting is there, however late it is.
            data = self._line.read(0.0 if late else READ_S)
            self.heard = self.heard or bool(data)
            self._waiting += self._frames.feed(data)
            if late and not self._waiting:
                raise timed_out()
        return bytearray(self._waiting.pop(0))

    def close(self) -> None:
        """Give the line back; may be called twice."""
        self._line.release()


class UsbTransport:
    """``nfc.clf.transport.USB`` with a limit on every transfer.

    Args:
        usb: nfcpy's transport, open.
        limit: of the work in hand.
    """

    TYPE = "USB"

    def __init__(self, usb: Any, limit: Limit) -> None:
        self.limit = limit
        self._usb = usb

    def write(self, frame: bytes) -> None:
        """Send. Raises: OSError."""
        self._usb.write(frame, self.limit.left_ms(500))

    def read(self, timeout: float = 500) -> bytearray:
        """One transfer; waits for ``timeout`` ms at most. Raises: OSError."""
        frame: bytearray | None = self._usb.read(self.limit.left_ms(max(timeout, MIN_WAIT_MS)))
        if frame is None:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return frame

    def drain(self) -> None:
        """Fetch answers that an earlier user has left behind."""
        for _ in range(8):
            try:
                self.read(MIN_WAIT_MS)
            except OSError:
                return

    def close(self) -> None:
        """Give the device back; may be called twice."""
        self._usb.close()
