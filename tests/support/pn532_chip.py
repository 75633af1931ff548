"""A PN532 on a serial line, byte-exact as NXP UM0701-02 says, with cards that a test puts on it.

    chip = Chip()
    chip.put(TypeA("04A1B2C3D4E5F6"))
    answer = chip.receive(data, baud)          # pure: what the line carries back

    with pn532_line() as (chip, line):         # the same at the far end of a pseudo-terminal
        reader = Pn532(DRIVER.parse({"device": line.path}))

Modelled: HSU frames (normal, extended, ACK, NACK), sleep and wake-up, the speed that our end of the line has, the RF
field, two type A cards, type B, FeliCa, and what can go wrong: `silent`, `stalls` (an ACK and
nothing more), `noise` before each answer, `spoils` (each n-th answer arrives with a wrong bit).
"""

from __future__ import annotations

import contextlib
import os
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from drivers.api import DriverLost
from tests.support.driver_clock import HandClock
from tests.support.serial_line import SerialLine, serial_line

ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
ERROR = bytes.fromhex("0000FF01FF7F8100")
SPEEDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
TERMIOS = {getattr(termios, f"B{speed}"): speed for speed in SPEEDS[:-1]}

FIFO_DATA, TX_CONTROL = 0x6339, 0x6314
SENS_REQ = 0x26


@dataclass(frozen=True)
class TypeA:
    """A type A card or phone; a phone's `uid` changes with each field when it is in `more`."""

    uid: str
    sak: int = 0x08
    more: tuple[str, ...] = ()

    def entry(self, number: int, field_number: int) -> bytes:
        uids = (self.uid, *self.more)
        uid = bytes.fromhex(uids[field_number % len(uids)])
        atqa = {4: b"\x00\x04", 7: b"\x00\x44", 10: b"\x00\x84"}.get(len(uid), b"\x00\x04")
        return bytes([number]) + atqa + bytes([self.sak, len(uid)]) + uid


@dataclass(frozen=True)
class TypeB:
    """A type B card; `more` as above, for a PUPI made up at each activation."""

    pupi: str
    more: tuple[str, ...] = ()

    def sensb_res(self, field_number: int) -> bytes:
        pupis = (self.pupi, *self.more)
        return (
            b"\x50"
            + bytes.fromhex(pupis[field_number % len(pupis)])
            + bytes.fromhex("00000000 33 81 71".replace(" ", ""))
        )


@dataclass(frozen=True)
class FeliCa:
    idm: str

    def pol_res(self) -> bytes:
        body = b"\x01" + bytes.fromhex(self.idm) + bytes.fromhex("0120220427674EFF")
        return bytes([len(body) + 1]) + body


@dataclass
class Chip:
    """See the module. `commands` is what it was told, without the frames."""

    baud: int = 115200
    asleep: bool = False
    silent: bool = False
    stalls: bool = False
    noise: bytes = b""
    spoils: int = 0
    ic: int = 0x32
    two_targets: bool = True
    cards: list[TypeA | TypeB | FeliCa] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    field_on: bool = False
    power_ups: int = 0
    unheard: int = 0

    def __post_init__(self) -> None:
        self._buffer = bytearray()
        self._next_baud: int | None = None
        self._last = b""
        self._registers: dict[int, int] = {}
        self._answers = 0
        self._b_card: TypeB | None = None

    # The world

    def put(self, *cards: TypeA | TypeB | FeliCa) -> None:
        """These lie in the field, and no others."""
        self.cards = list(cards)

    def lift(self) -> None:
        self.cards = []

    # The line

    def receive(self, data: bytes, baud: int) -> bytes:
        """What it sends upon `data` that came at `baud`."""
        if baud != self.baud or self.silent:
            self.unheard += len(data)  # at another speed it is noise
            return b""
        if self.asleep:
            start = data.find(b"\x55\x55")
            if start < 0:
                return b""
            self.asleep, data = False, data[start + 2 :]
        self._buffer += data
        out = b""
        while (found := self._frame()) is not None:
            out += self._handle(found)
        del self._buffer[:-300]
        return out

    def _frame(self) -> bytes | None:
        """The next whole frame's data; ACK and NACK as they are."""
        while (start := self._buffer.find(b"\x00\xff")) >= 0:
            del self._buffer[:start]
            buffer = self._buffer
            if len(buffer) < 4:
                return None
            if bytes(buffer[2:4]) in (b"\x00\xff", b"\xff\x00"):
                short = ACK if buffer[2] == 0 else NACK
                del buffer[:4]
                return short
            if bytes(buffer[2:4]) == b"\xff\xff":
                if len(buffer) < 7:
                    return None
                head, length, good = 7, int.from_bytes(buffer[4:6], "big"), sum(buffer[4:7]) & 0xFF == 0
            else:
                head, length, good = 4, buffer[2], sum(buffer[2:4]) & 0xFF == 0
            if good and len(buffer) < head + length + 1:
                return None
            data = bytes(buffer[head : head + length])
            if good and (sum(data) + buffer[head + length]) & 0xFF == 0:
                del buffer[: head + length + 1]
                return data
            del buffer[:2]
        return None

    def _handle(self, data: bytes) -> bytes:
        if data == ACK:
            if self._next_baud is not None:
                self.baud, self._next_baud = self._next_baud, None
            return b""
        if data == NACK:
            return self._last
        self._next_baud = None
        if data[:1] != b"\xd4" or len(data) < 2:
            return ACK + ERROR
        self.commands.append(data[1:])
        if self.stalls:
            return ACK
        command = COMMANDS.get(data[1])
        body = command(self, data[2:]) if command else None
        if body is None:
            return ACK + ERROR
        self._last = self._framed(bytes([0xD5, data[1] + 1]) + body)
        self._answers += 1
        answer = self._last
        if self.spoils and self._answers % self.spoils == 0:
            answer = answer[:-2] + bytes([answer[-2] ^ 0x01]) + answer[-1:]
        return ACK + self.noise + answer

    @staticmethod
    def _framed(data: bytes) -> bytes:
        if len(data) < 256:
            head = bytes([len(data), (256 - len(data)) & 0xFF])
        else:
            head = b"\xff\xff" + len(data).to_bytes(2, "big")
            head += bytes([(256 - sum(head[2:4])) & 0xFF])
        return b"\x00\x00\xff" + head + data + bytes([(256 - sum(data)) & 0xFF, 0])

    # The commands, UM0701-02 7.2 and 7.3

    def _diagnose(self, data: bytes) -> bytes | None:
        if data[:1] == b"\x00":
            return data
        return b"\x00"

    def _firmware(self, data: bytes) -> bytes:
        return bytes([self.ic, 0x01, 0x06, 0x07])

    def _status(self, data: bytes) -> bytes:
        return bytes([0, int(self.field_on), 0, 0x80])

    def _read_register(self, data: bytes) -> bytes:
        registers = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        own = {TX_CONTROL: 0x03 if self.field_on else 0x00}
        return bytes(own.get(register, self._registers.get(register, 0)) for register in registers)

    def _write_register(self, data: bytes) -> bytes:
        for at in range(0, len(data), 3):
            self._registers[int.from_bytes(data[at : at + 2], "big")] = data[at + 2]
        return b""

    def _nothing(self, data: bytes) -> bytes:
        return b""

    def _serial_baud_rate(self, data: bytes) -> bytes | None:
        if len(data) != 1 or data[0] >= len(SPEEDS):
            return None
        self._next_baud = SPEEDS[data[0]]
        return b""

    def _power_down(self, data: bytes) -> bytes:
        self._set_field(False)
        self.asleep = bool(data[0] & 0x10)
        return b"\x00"

    def _rf_configuration(self, data: bytes) -> bytes:
        if data[:1] == b"\x01":
            self._set_field(bool(data[1] & 0x01))
        return b""

    def _set_field(self, on: bool) -> None:
        self.power_ups += on and not self.field_on
        self.field_on = on

    def _list_passive_target(self, data: bytes) -> bytes | None:
        if len(data) < 2 or not 1 <= data[0] <= (2 if self.two_targets else 1):
            return None
        self._set_field(True)
        if data[1] == 0:
            near = [card for card in self.cards if isinstance(card, TypeA)][: data[0]]
            self._registers[FIFO_DATA] = SENS_REQ
            entries = [card.entry(number, self.power_ups) for number, card in enumerate(near, 1)]
            return bytes([len(entries)]) + b"".join(entries)
        if data[1] == 3:
            self._b_card = next((card for card in self.cards if isinstance(card, TypeB)), None)
            if self._b_card is None:
                return b"\x00"
            return b"\x01\x01" + self._b_card.sensb_res(self.power_ups) + b"\x01\x01"
        if data[1] in (1, 2):
            felica = next((card for card in self.cards if isinstance(card, FeliCa)), None)
            return b"\x00" if felica is None else b"\x01\x01" + felica.pol_res()
        return b"\x00"

    def _communicate_thru(self, data: bytes) -> bytes:
        if data[:1] == b"\xca":  # S(DESELECT)
            return b"\x00" + data[:1] + b"\x01"
        if data[:1] == b"\x05" and self._b_card is not None and self._b_card in self.cards:
            return b"\x00" + self._b_card.sensb_res(self.power_ups)
        return b"\x01"  # time-out

    def _in_release(self, data: bytes) -> bytes:
        return b"\x00"


COMMANDS = {
    0x00: Chip._diagnose,
    0x02: Chip._firmware,
    0x04: Chip._status,
    0x06: Chip._read_register,
    0x08: Chip._write_register,
    0x10: Chip._serial_baud_rate,
    0x12: Chip._nothing,
    0x14: Chip._nothing,
    0x16: Chip._power_down,
    0x32: Chip._rf_configuration,
    0x42: Chip._communicate_thru,
    0x44: Chip._in_release,
    0x4A: Chip._list_passive_target,
    0x52: Chip._in_release,
}


def speed_of(line: SerialLine) -> int:
    """The speed that the driver has set; 0 for one that termios has no name for."""
    descriptor = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    try:
        return TERMIOS.get(termios.tcgetattr(descriptor)[5], 0)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def pn532_line(chip: Chip | None = None, where: Path | None = None) -> Iterator[tuple[Chip, SerialLine]]:
    """A chip at the far end of a pseudo-terminal; `line.unplug()` and `line.plug_in()` as in `serial_line`."""
    chip = chip or Chip()
    with serial_line(where, "pn532") as line:
        line.serve(lambda data: chip.receive(data, speed_of(line)))
        yield chip, line


class ChipLine:
    """A `drivers.nfc.line.Line` straight into a chip, in virtual time: a wait for nothing takes no time.

    `fuzz` comes instead of the chip's next answers. `gone` makes every call fail as an unplugged adapter does.
    """

    def __init__(self, chip: Chip, clock: HandClock, baud: int = 115200) -> None:
        self.chip, self.clock, self.baud = chip, clock, baud
        self.fuzz: list[bytes] = []
        self.sent: list[bytes] = []
        self.gone = False
        self.released = 0
        self._waiting = b""

    def read(self, timeout_s: float = 0.0) -> bytes:
        self._check()
        data, self._waiting = self._waiting, b""
        if not data:
            self.clock.advance(max(timeout_s, 0.001))
        return data

    def write(self, data: bytes) -> None:
        self._check()
        self.sent.append(data)
        answer = self.chip.receive(data, self.baud)
        self._waiting += self.fuzz.pop(0) if self.fuzz else answer

    def discard(self) -> None:
        self._check()
        self._waiting = b""

    def set_baud(self, baud: int) -> None:
        self._check()
        self.baud = baud

    def release(self) -> None:
        self.released += 1

    def _check(self) -> None:
        if self.gone:
            raise DriverLost("the line is gone")
