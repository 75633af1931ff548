"""Card readers, and QR scanners, on a serial line.

| function | support | remarks |
|---|---|---|
| ``rdm6300`` | yes | EM4100, ten hex digits and XOR; repeats while held, so a held card is one presentation |
| ``id12la`` | yes | the same, once for each card: a second tap within ``gap`` is not seen |
| ``line`` | yes | 1 to 128 ASCII characters, ended by CR, LF or both, are the token: desk readers, QR scanners |
| ``twn4`` | yes | Elatec Simple Protocol: the reader is asked; lost when it does not answer for 3 s |
| ``wiegand`` | yes | Wiegand-to-serial boxes, 26, 34 and 37 bits (``drivers.framing.wiegand``) |
| a mapping | yes | any other framed reader (``drivers.framing.format``), also one that has to be asked |
| noise | yes | finds its way back; a wrong checksum makes no card; a stalled frame ends after ``timeout`` |
| floods | yes | 4,096 bytes and 4 cards a poll, 10 different cards a second; more is dropped |
| loss | yes | adapters on USB at once; a bare UART cannot tell that its reader is gone |
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from drivers.api import Card, Clock, DriverLost
from drivers.clock import SYSTEM
from drivers.framing.flood import Flood
from drivers.framing.format import FrameFormat, serial_format
from drivers.framing.frames import FrameParser
from drivers.framing.twn4 import SILENT_AFTER_S, Twn4
from drivers.options import option
from drivers.registry import Driver
from drivers.serial_port import SerialPort

log = logging.getLogger(__name__)

NOISE_BYTES = 256
"""So many bytes without one card since the opening are told, once: another speed, or another format."""
WAIT_S = 0.1
"""How long a poll waits for the first byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialOptions:
    """Options of the driver."""

    port: str = option(about="path, symlink or by-id link of the line")
    format: FrameFormat | Literal["twn4"] = option(  # noqa: RUF009
        convert=serial_format, about="rdm6300, id12la, line, twn4, wiegand, or a mapping that describes a frame"
    )
    baud: int = option(9600, between=(300, 1_000_000), about="speed of the line, 8 data bits, no parity")
    gap_s: float = option(0.5, key="gap", unit="s", between=(0, 60), about="gone that long is a new presentation")
    random_uid: Literal["refuse", "accept"] = option(
        "refuse", about="a UID that a phone makes up anew each time is no identity; accept is for demonstrations"
    )


class _Listener:
    """A reader that speaks by itself, or after a fixed command."""

    __slots__ = ("_asked_s", "_format", "_parser")

    def __init__(self, described: FrameFormat) -> None:
        self._format = described
        self._parser = FrameParser(described)
        self._asked_s: float | None = None

    def ask(self, now_s: float) -> bytes:
        due = self._asked_s is None or now_s - self._asked_s >= self._format.poll_every_s
        if not self._format.poll or not due:
            return b""
        self._asked_s = now_s
        return self._format.poll

    def silent(self, now_s: float) -> bool:
        del now_s
        return False  # with no card in front of it, it has nothing to say

    def feed(self, data: bytes, now_s: float) -> list[Card]:
        return self._parser.feed(data, now_s)


class SerialReader:
    """See the module."""

    __slots__ = ("_clock", "_flood", "_line", "_noise_bytes", "_port", "_talk")

    def __init__(self, options: SerialOptions, clock: Clock | None = None) -> None:
        """Raises: DriverMissing, DriverBusy, DriverUnsupported: as ``SerialPort`` says."""
        self._clock = clock or SYSTEM
        self._flood = Flood()
        asked = options.format == "twn4" or bool(options.format.poll)
        self._noise_bytes: int | None = None if asked else 0  # what is asked answers, card or not
        self._port = options.port
        self._line = SerialPort(options.port, options.baud)
        self._talk: _Listener | Twn4 = (
            Twn4(self._clock.now()) if options.format == "twn4" else _Listener(options.format)
        )

    def poll(self) -> list[Card]:
        """The cards whose frames have arrived since the last poll (``twn4``: that lie there). Raises: DriverLost."""
        question = self._talk.ask(self._clock.now())
        if question:
            self._line.write(question)
        data = self._line.read(WAIT_S)
        now_s = self._clock.now()
        cards = self._talk.feed(data, now_s)
        self._note(len(data), bool(cards))
        if self._talk.silent(now_s):
            raise DriverLost(
                f"{self._port}: no answer for {SILENT_AFTER_S:g} s",
                "does the TWN4 run its Simple Protocol firmware, and is the speed right?",
            )
        return self._flood.limit(cards, now_s)

    def _note(self, size: int, good: bool) -> None:
        """Tell of a line on which nothing makes sense. Never of one that has worked."""
        if good or self._noise_bytes is None:
            self._noise_bytes = None
            return
        self._noise_bytes += size
        if self._noise_bytes >= NOISE_BYTES:
            log.warning("%s: %d bytes and no card: are speed and format right?", self._port, self._noise_bytes)
            self._noise_bytes = None

    def release(self) -> None:
        """Give the line back."""
        self._line.release()


DRIVER = Driver(
    part="reader",
    name="serial",
    options=SerialOptions,
    open=SerialReader,
    example={"port": "/dev/ttyUSB0", "format": "rdm6300"},
)
