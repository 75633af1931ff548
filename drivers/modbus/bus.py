"""A line that several devices share: one request at a time, in turn, whoever asks.

Two meters, or a meter and a controller, hang on one RS-485 line and are read by threads of their own. `attach` gives
each device its `Unit`; the line is opened by the first and given back by the last. A unit that does not answer delays
the others by its time-out and is then asked more rarely. A line that is gone is gone for all of them; who opens it
next gets a new one. Called by the Modbus drivers.

After a lost answer the next one may be the old one, late: RTU answers carry no number. The unit is then asked for
another count of registers first; only an answer of that size shows that question and answer belong together again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from drivers.api import DriverLost, DriverUnsupported
from drivers.modbus.blocks import BITS, Span
from drivers.modbus.wire import Line, NoAnswer, Refused, Wire

FIRST_PAUSE_S: Final = 0.5
LAST_PAUSE_S: Final = 3.0
FRAME_CHARACTERS: Final = 13
"""Request and answer of an RTU read, without the registers."""

T = TypeVar("T")


@dataclass(slots=True)
class _Health:
    """What is known of a unit's answers, shared by all who ask it."""

    in_step: bool = False
    failures: int = 0
    paused_until_s: float = 0.0
    rests_until_s: float = 0.0

    def answered(self, rest_s: float, in_step: bool) -> None:
        self.failures = 0
        self.paused_until_s = 0.0
        self.in_step = in_step
        self.rests_until_s = time.monotonic() + rest_s

    def failed(self, rest_s: float) -> None:
        """The first loss may be an accident; from the second on the unit is asked more rarely."""
        now_s = time.monotonic()
        self.failures += 1
        self.in_step = False
        self.rests_until_s = now_s + rest_s
        if self.failures > 1:
            self.paused_until_s = now_s + min(FIRST_PAUSE_S * 2 ** min(self.failures - 2, 8), LAST_PAUSE_S)


class _Turn:
    """Who may speak: one at a time; what is urgent goes before what only reads."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._taken = False
        self._urgent = 0

    @contextlib.contextmanager
    def take(self, until_s: float, urgent: bool) -> Iterator[None]:
        """Wait for the turn. Raises: NoAnswer: it did not come in time."""
        with self._free:
            self._urgent += urgent
            mine = self._free.wait_for(
                lambda: not self._taken and (urgent or not self._urgent), max(0.0, until_s - time.monotonic())
            )
            self._urgent -= urgent
            if not mine:
                self._free.notify_all()
                raise NoAnswer("the line is busy with other devices")
            self._taken = True
        try:
            yield
        finally:
            with self._free:
                self._taken = False
                self._free.notify_all()


class Bus:
    """A line and those who use it; made by `attach` only."""

    def __init__(self, key: str, line: Line) -> None:
        self.key = key
        self.line = line
        self.users = 0
        self.gone: str | None = None
        self._wire = Wire(line)
        self._turn = _Turn()
        self._health: dict[int, _Health] = {}

    def health(self, unit: int) -> _Health:
        """What is known of a unit."""
        return self._health.setdefault(unit, _Health())

    def close(self, reason: str) -> None:
        """The line is not used any more; further requests say why."""
        self.gone = self.gone or reason
        self._wire.close()

    def speak(self, act: Callable[[Wire], T], until_s: float, urgent: bool) -> T:
        """Do something with the line alone, beginning by ``until_s``.

        Raises: NoAnswer: it was busy; DriverLost: it is gone; what ``act`` raises.
        """
        with self._turn.take(until_s, urgent):
            if self.gone is not None:
                raise DriverLost(self.gone, "is the cable in?")
            try:
                return act(self._wire)
            except DriverLost as error:
                _forget(self, error.message)
                raise


class Unit:
    """A device on a shared line; used by one thread at a time."""

    def __init__(self, bus: Bus, address: int, rest_s: float) -> None:
        self._bus: Bus | None = bus
        self.address = address
        self.line = bus.line
        self._rest_s = rest_s

    def read(self, span: Span, until_s: float, *, urgent: bool = False) -> list[int]:
        """Registers or bits.

        Args:
            until_s: on the monotonic clock; the call is over by then.
            urgent: now, although the unit has not answered lately, and before others.

        Raises: NoAnswer, Refused, DriverLost.
        """
        if not self._health().in_step:
            self._step_in(span, until_s, urgent)
        return self._read(span, until_s, urgent)

    def write(self, span: Span, values: Sequence[int], until_s: float, *, single: bool = False) -> None:
        """Holding registers or a coil; goes before what others read. Raises: NoAnswer, Refused, DriverLost.

        An answer says which register was written, not what: it may be that of an earlier write and proves no step.
        """
        in_step = self._health().in_step
        self._ask(
            lambda wire, left_s: wire.write(self.address, span, values, left_s, single=single),
            span,
            until_s,
            urgent=True,
            in_step=in_step,
        )

    def retry_at_once(self) -> bool:
        """Whether a second attempt makes sense now: the unit is not one that has been silent for long."""
        return self._health().failures <= 1

    def release(self) -> None:
        """Leave the line; may be called twice."""
        bus, self._bus = self._bus, None
        if bus is not None:
            _leave(bus)

    def _health(self) -> _Health:
        return self._open().health(self.address)

    def _open(self) -> Bus:
        if self._bus is None:
            raise DriverLost("the device was released")
        return self._bus

    def _step_in(self, span: Span, until_s: float, urgent: bool) -> None:
        """Ask for another count than the last answer that may be late had."""
        if span.table in BITS:
            count = 1 if span.count > 8 else 9
        else:
            count = 2 if span.count != 2 else 4
        other = Span(span.table, min(span.address, 0x10000 - count), count)
        with contextlib.suppress(Refused):  # a refusal, too, is no late answer to something that was not refused
            self._read(other, until_s, urgent)

    def _read(self, span: Span, until_s: float, urgent: bool) -> list[int]:
        return self._ask(
            lambda wire, left_s: wire.read(self.address, span, left_s), span, until_s, urgent=urgent, in_step=True
        )

    def _ask(self, act: Callable[[Wire, float], T], span: Span, until_s: float, *, urgent: bool, in_step: bool) -> T:
        bus, health = self._open(), self._health()
        now_s = time.monotonic()
        if not urgent and now_s < health.paused_until_s:
            raise NoAnswer(f"unit {self.address} at {self.line.port} has not answered lately")
        size = span.count * 2 if span.table not in BITS else span.count // 8
        answer_s = self.line.answer_s(FRAME_CHARACTERS + size)
        begin_until_s = until_s - answer_s / 2
        if health.rests_until_s > now_s:
            if health.rests_until_s > begin_until_s:
                raise NoAnswer(f"there is no time left for unit {self.address}")
            time.sleep(health.rests_until_s - now_s)

        def attempt(wire: Wire) -> T:
            try:
                result = act(wire, min(answer_s, until_s - time.monotonic()))
            except NoAnswer:
                health.failed(self._rest_s)
                raise
            except Refused:
                health.answered(self._rest_s, in_step)
                raise
            health.answered(self._rest_s, in_step)
            return result

        return bus.speak(attempt, begin_until_s, urgent)


_lock = threading.Lock()
_buses: dict[str, Bus] = {}


def attach(line: Line, unit: int, rest_s: float = 0.0) -> Unit:
    """A device on a line, which is opened where nobody has it open.

    Args:
        unit: Modbus address, 1 to 247.
        rest_s: time that the unit needs between two requests.

    Raises:
        DriverMissing, DeviceMissing, DriverBusy: the line cannot be opened.
        DriverUnsupported: it is in use with another speed or parity.
    """
    endpoint = line.endpoint
    key = f"tcp://{endpoint[0]}:{endpoint[1]}" if endpoint else os.path.realpath(line.port)
    with _lock:
        bus = _buses.get(key)
        if bus is None:
            bus = _buses[key] = Bus(key, line)
        elif endpoint is None and (bus.line.baud, bus.line.parity) != (line.baud, line.parity):
            raise DriverUnsupported(
                f"{line.port} is in use with {bus.line.baud} baud, parity {bus.line.parity}",
                "all devices on a line speak at the same speed",
            )
        bus.users += 1
    return Unit(bus, unit, rest_s)


def _leave(bus: Bus) -> None:
    with _lock:
        bus.users -= 1
        last = bus.users == 0
        if last and _buses.get(bus.key) is bus:
            del _buses[bus.key]
    if last:
        bus.close(f"{bus.line.port} was released")


def _forget(bus: Bus, reason: str) -> None:
    """The line is gone: whoever opens it next gets a new one."""
    with _lock:
        if _buses.get(bus.key) is bus:
            del _buses[bus.key]
    bus.close(reason)
