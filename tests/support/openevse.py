"""An OpenEVSE controller for tests: answers RAPI as its firmware does, with a vehicle that obeys IEC 61851.

`FakeOpenEvse.respond` takes what was sent and gives what is answered; `MemoryLine` puts it behind a driver without a
line, `tests.support.serial_line` behind one on a pseudo-terminal.
"""

from __future__ import annotations

from functools import reduce
from operator import xor

from tests.support.driver_clock import HandClock

SLEEPING, DISABLED = 0xFE, 0xFF


def framed(body: str) -> bytes:
    """A line of the controller with checksum and end."""
    return f"{body}^{reduce(xor, body.encode(), 0):02X}\r".encode()


class FakeOpenEvse:
    """What is inside the box. `sequences`: it is of protocol 3 or later."""

    def __init__(self, *, sequences: bool = True, supervises: bool = True, most_a: int = 48) -> None:
        self.sequences = sequences
        self.supervises = supervises
        self.most_a = most_a
        self.commands: list[str] = []
        self.mode = "awake"  # a controller that was just powered on charges whoever comes
        self.vehicle = "A"
        self.wants = True
        self.fault: int | None = None
        self.limit_a = most_a
        self.supervision: tuple[int, int] | None = None
        self.missed = False
        self.mute = False
        self.extra = b""
        self._buffer = b""

    @property
    def offers(self) -> bool:
        return self.mode == "awake" and self.fault is None

    @property
    def relay_closed(self) -> bool:
        return self.offers and self.vehicle == "C"

    @property
    def state(self) -> int:
        if self.fault is not None:
            return self.fault
        if self.mode == "asleep":
            return SLEEPING
        return {"A": 1, "B": 2, "C": 3, "D": 4}[self.vehicle]

    def plug_in(self) -> None:
        self.vehicle = "B"
        self._settle()

    def ask(self, wants: bool) -> None:
        """The vehicle asks for energy, or pauses."""
        self.wants = wants
        self._settle()

    def unplug(self) -> None:
        self.vehicle = "A"

    def restart(self) -> bytes:
        """The power was away: awake, its own limit, no supervision. Returns what it says."""
        self.mode, self.limit_a, self.supervision = "awake", self.most_a, None
        self._settle()
        return framed("$AB 00 8.2.1")

    def transition(self) -> bytes:
        """What it says when its state changes."""
        return framed(f"$AT {self.state:02X} {self._pilot():02X} {self.limit_a} {self._flags():04X}")

    def respond(self, data: bytes) -> bytes:
        if self.mute:
            return b""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\r")
        answer, self.extra = self.extra, b""
        return answer + b"".join(self._answer(line.decode()) for line in lines if line.startswith(b"$"))

    def _answer(self, line: str) -> bytes:
        body, _, checksum = line.partition("^")
        assert checksum == f"{reduce(xor, body.encode(), 0):02X}", line
        words = body.removeprefix("$").split()
        echo = ""
        if words[-1].startswith(":"):
            if not self.sequences:
                return framed("$NK")
            echo = f" {words.pop()}"
        self.commands.append(" ".join(words))
        answer = self._do(words[0], [*words[1:]])
        self._settle()
        return framed(f"${answer}{echo}")

    def _do(self, command: str, arguments: list[str]) -> str:
        if command == "GV":
            return "OK 8.2.1 5.2.1"
        if command == "GS":
            return f"OK {self.state:02x} 0 {self._pilot():02x} {self._flags():04x}"
        if command == "FE":
            self.mode = "awake"
        elif command == "FS":
            self.mode = "asleep"
        elif command == "SC":
            assert arguments[1:] == ["V"], "only the volatile limit spares the EEPROM"
            asked = int(arguments[0])
            self.limit_a = max(6, min(asked, self.most_a))
            return f"{'OK' if self.limit_a == asked else 'NK'} {self.limit_a}"
        elif command == "SY":
            return self._supervise(arguments)
        else:
            return "NK"
        return "OK"

    def _supervise(self, arguments: list[str]) -> str:
        if not self.supervises:
            return "NK"
        if len(arguments) == 2:
            self.supervision = (int(arguments[0]), int(arguments[1]))
        elif arguments == ["165"]:
            self.missed = False
        return "NK 5 6 2" if self.missed else "OK 5 6 0"

    def _settle(self) -> None:
        if self.vehicle in ("B", "C"):
            self.vehicle = "C" if self.offers and self.wants else "B"

    def _pilot(self) -> int:
        return self.fault if self.fault is not None else {"A": 1, "B": 2, "C": 3, "D": 4}[self.vehicle]

    def _flags(self) -> int:
        return (0x40 if self.relay_closed else 0) | (0x100 if self.vehicle != "A" and self.fault is None else 0)


class MemoryLine:
    """The controller behind a driver, without a line: waiting in vain takes the clock's time."""

    def __init__(self, box: FakeOpenEvse, clock: HandClock) -> None:
        self.box = box
        self.clock = clock
        self.pending = b""
        self.released = False

    def write(self, data: bytes) -> None:
        self.pending += self.box.respond(data)

    def read(self, timeout_s: float = 0.0) -> bytes:
        if not self.pending:
            self.clock.advance(timeout_s)
        data, self.pending = self.pending, b""
        return data

    def release(self) -> None:
        self.released = True
