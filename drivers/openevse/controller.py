"""An OpenEVSE controller behind its serial line: state, permission, current, heartbeat.

The controller makes the pilot and switches its relay by itself as soon as a vehicle asks. What a station decides is
whether it may (``$FE``, else ``$FS``: asleep, a steady +12 V that offers nothing) and how much (``$SC``). At every
moment ``_wanted_a`` is what the station wants; what is found otherwise (a press of its button, its Wi-Fi module on the
same line, a restart) is set right again.

``drivers.pilots.openevse`` makes devices of it. One thread.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from drivers.api import Alarm, Clock, ContactorState, DriverLost, DriverUnsupported, PilotLetter
from drivers.claim import Claim
from drivers.openevse.rapi import Line, Lines, encode, number

log = logging.getLogger(__name__)

ANSWER_S: Final = 0.4
"""An answer takes some 20 ms. A relay that waits for a current of zero holds one up to a second: hence the repeat."""

ATTEMPTS: Final = 2
REASSERT_S: Final = 1.0
LEAST_A: Final = 6
ACKNOWLEDGE: Final = 165
"""The parameter of ``$SY`` by which a client says that it knows of missed heartbeats."""

VEHICLE: Final[Mapping[int, PilotLetter]] = {1: "A", 2: "B", 3: "C", 4: "D"}
ALARMS: Final[Mapping[int, tuple[Alarm, ...]]] = {
    0x04: ("ventilation",),
    0x05: ("diode",),
    0x06: ("residual_current",),
    0x07: ("ground",),
    0x08: ("relay",),
    0x09: ("self_test",),
    0x0A: ("over_temperature",),
    0x0B: ("over_current",),
}
STUCK_RELAY: Final = 0x08
SLEEPING: Final = 0xFE
DISABLED: Final = 0xFF
_BYTE: Final = 0xFF
_RELAY_CLOSED: Final = 0x40
_EV_CONNECTED: Final = 0x100


class LineToController(Protocol):
    """What a controller is spoken to through; ``drivers.serial_port.SerialPort`` is one."""

    def read(self, timeout_s: float = 0.0) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What the controller shows: its state, the vehicle's, whether the relay is closed."""

    state: int = 0
    vehicle: PilotLetter = "A"
    relay_closed: bool = False

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What is wrong; an unknown fault of newer firmware is ``internal``."""
        if self.state in ALARMS:
            return ALARMS[self.state]
        return ("internal",) if 0x0B < self.state < SLEEPING else ()

    @property
    def awake(self) -> bool:
        """Whether it makes a pilot signal, or would but for the fault that it reports."""
        return 0 < self.state < SLEEPING


class Controller:
    """See the module. It is asleep once it was opened, and after ``release``."""

    def __init__(self, line: LineToController, clock: Clock, *, heartbeat_s: float, fallback_a: float) -> None:
        """
        Args:
            line: to the controller, at 115,200 baud.
            clock: for heartbeats and deadlines.
            heartbeat_s: the controller falls back when it hears nothing for so long; 0: it does not watch.
            fallback_a: the current that it falls back to, A per phase.

        Raises:
            DriverLost: nothing answers.
            DriverUnsupported: what answers is no OpenEVSE.
        """
        self._line = line
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._fallback_a = fallback_a
        self._lines = Lines()
        self._sequence: int | None = None
        self._wanted_a: int | None = None
        self._restarted = False
        self._beat_due_s = 0.0
        self._asserted_s = float("-inf")
        self._claim = Claim()
        self.shown = Shown()
        self._meet()
        self._command("FS")
        self._set_heartbeat()
        self.look()

    # What the station wants

    def offer(self, current_a: float | None) -> None:
        """Offer a current a phase, rounded down to whole ampere; None or below 6 A: sleep. Raises: DriverLost."""
        wanted = int(current_a) if current_a is not None and current_a >= LEAST_A else None
        if wanted is None:
            self._wanted_a = None
            self._command("FS")
        else:
            self._set_current(wanted)
            self._wanted_a = wanted
            self._command("FE")

    def claim(self, on: bool) -> None:
        """The station closes or opens its contactor. Raises: DriverLost.

        The relay follows vehicle and offer. To open it while the vehicle asks means to sleep; the pilot comes back
        with the next look that finds it open, where an offer still stands.
        """
        self._claim.claimed = on
        if not on:
            self.look()
            if self.shown.relay_closed:
                self._command("FS")
                self._asserted_s = self._clock.now()

    @property
    def relay(self) -> ContactorState:
        """What the relay was told, and where it counts as being."""
        shown_closed, offered = self.shown.relay_closed, self._wanted_a is not None
        closed = self._claim.counts_as_closed(shown_closed, self._clock.now(), offered=offered)
        return ContactorState(self._claim.claimed, closed)

    # What the controller shows

    def look(self) -> Shown:
        """Ask for the state, keep the heartbeat, and set right what is not as wanted. Raises: DriverLost."""
        self._see(self._command("GS"))
        now_s = self._clock.now()
        if self._restarted:
            self._restarted = False
            self._begin_anew()
        elif self._heartbeat_s and now_s >= self._beat_due_s:
            self._beat()
        self._assert(now_s)
        return self.shown

    def release(self) -> None:
        """Sleep, and give the line back. Never raises."""
        try:
            self._wanted_a = None
            self._line.write(encode("FS"))
        except DriverLost:
            log.debug("the controller could not be put to sleep: its line is gone")
        self._line.release()

    def _see(self, answer: Line) -> None:
        state = _state(answer)
        if state is None:
            raise DriverLost("the controller does not tell its state")
        pilot, flags = number(answer.arguments, 2, 16), number(answer.arguments, 3, 16)
        self._take(state, pilot, flags)

    def _take(self, state: int, pilot: int | None, flags: int | None) -> None:
        vehicle = VEHICLE.get(state) or VEHICLE.get(pilot or 0)
        if vehicle is None and flags is not None and state in (0, SLEEPING):
            vehicle = "B" if flags & _EV_CONNECTED else "A"
        # At -12 V (a fault, disabled) nobody can see the vehicle: it is where it was.
        closed = bool(flags & _RELAY_CLOSED) if flags is not None else state == 3
        closed = closed or state == STUCK_RELAY
        self._claim.saw(closed, self._clock.now())
        self.shown = Shown(state, vehicle or self.shown.vehicle, closed)

    def _assert(self, now_s: float) -> None:
        if now_s - self._asserted_s < REASSERT_S or self.shown.alarms:
            return
        if self._wanted_a is None:
            wrong = self.shown.awake or self.shown.state == DISABLED
        else:
            wrong = not self.shown.awake and not self.shown.relay_closed
        if wrong:
            self._asserted_s = now_s
            self.offer(self._wanted_a)

    # The protocol

    def _meet(self) -> None:
        """Find out whether a controller is there, and whether it repeats sequence numbers."""
        self._sequence = 0
        for _ in range(ATTEMPTS):
            self._send("GV")
            answers = self._answers()
            if any(answer.sequence == self._sequence for answer in answers):
                return
            if answers:
                break
        # One of before protocol 3 takes the number for a parameter, whatever it says to that.
        self._sequence = None
        if _state(self._command("GS")) is None:
            raise DriverUnsupported("what answers on this line is no OpenEVSE", "is this the controller's port?")

    def _begin_anew(self) -> None:
        log.warning("the OpenEVSE controller has restarted")
        self._set_heartbeat()
        self.offer(self._wanted_a)

    def _set_current(self, current_a: int) -> None:
        answer = self._command(f"SC {current_a} V")
        given = number(answer.arguments, 0)
        # NK with less is its own or the cable's maximum; more than was allowed must not be offered.
        if given is None or given > current_a:
            self._command("FS")
            raise DriverUnsupported(f"the controller does not offer {current_a} A")

    def _set_heartbeat(self) -> None:
        if not self._heartbeat_s:
            return
        answer = self._command(f"SY {max(1, round(self._heartbeat_s))} {int(self._fallback_a)}")
        if answer.word != "OK":
            log.warning("this OpenEVSE firmware supervises no heartbeat: it goes on alone if the station stops")
            self._heartbeat_s = 0.0
        self._beat_due_s = self._clock.now() + self._heartbeat_s / 2

    def _beat(self) -> None:
        self._beat_due_s = self._clock.now() + self._heartbeat_s / 2
        if self._command("SY").word != "OK":
            log.warning("the OpenEVSE controller has missed a heartbeat")
            self._command(f"SY {ACKNOWLEDGE}")
        if self._wanted_a is not None:
            # Its limit is volatile, and a missed heartbeat or a restart that nobody saw has changed it.
            self._set_current(self._wanted_a)

    def _command(self, command: str) -> Line:
        """Send a command and wait for its answer; twice, for a line may be lost. Raises: DriverLost."""
        for _ in range(ATTEMPTS):
            self._send(command)
            # The Wi-Fi module's answers come over the same line: they have another number, or none.
            for answer in self._answers(self._sequence):
                return answer
        raise DriverLost("the OpenEVSE controller does not answer", "is its line connected, and its RAPI switched on?")

    def _send(self, command: str) -> None:
        if self._sequence is not None:
            self._sequence = self._sequence % 255 + 1
        self._hear(self._line.read())
        self._line.write(encode(command, self._sequence))

    def _answers(self, *wanted: int | None) -> list[Line]:
        """The answers that arrived, with these sequence numbers where some are wanted; none after ``ANSWER_S``."""
        until_s = self._clock.now() + ANSWER_S
        while (left_s := until_s - self._clock.now()) > 0:
            data = self._line.read(left_s)
            found = [answer for answer in self._hear(data) if not wanted or answer.sequence in wanted]
            if found or not data:
                return found
        return []

    def _hear(self, data: bytes) -> list[Line]:
        """What arrived: answers; what the controller tells by itself is taken in."""
        answers = []
        for line in self._lines.feed(data):
            if line.answers:
                answers.append(line)
            elif line.word == "AB":
                self._restarted = True
            elif line.word == "AT":
                state, pilot = number(line.arguments, 0, 16), number(line.arguments, 1, 16)
                if state is not None:
                    self._take(state, pilot, number(line.arguments, 3, 16))
        return answers


def _state(answer: Line) -> int | None:
    """The state in an answer to ``$GS``; None: it is none."""
    state = number(answer.arguments, 0, 16) if answer.word == "OK" else None
    if state is None or state <= _BYTE:
        return state
    return number(answer.arguments, 0)  # Old firmware tells it in decimal: 254 is asleep.
