"""EVSE-WB-DIN, EVSE-DIN, EVSE-WB ("Simple EVSE") over Modbus RTU: pilot and contactor in one.

Name it once, under ``pilot``. Where a contactor of its own is named too, that one switches and the controller's relay
only follows the pilot; that is advised: **the device has no fail-safe for a lost line** that we know of. A station
that dies leaves the set point as it is, and the car goes on charging until somebody says otherwise: the stop script of
``station install`` does. Feed the coil through a relay of your own or a watchdog (docs/register-maps.md).

| register | function | use |
|---|---|---|
| 1000 | current set point, A | written; 0 withdraws the offer; with 2005 bit 7, from firmware 17 on, in 1/100 A |
| 1002 | vehicle state 1 to 5 | A, B, C, D, E |
| 1003 | cable limit, A | below 6 A (it shows 5 without a cable): unknown |
| 1004 | commands | bit 0 "turn off charging now": where the relay stays closed at 0 A; taken back with the next offer |
| 1005 | firmware | |
| 1007 | bit 0 relay, bit 1 diode, bit 2 ventilation, bit 5 (in state 5 also bit 4) residual current | read |
| 2000 | current after power-up | set to 0 when opened, where it is not |
| 2005 | bit 7 | read |

Sources: "EVSE Wallbox, DIN, W16 datasheet" (2019, 2020), kortas87/evse-scripts, hhoefling/openWB_lite docs/infos.md,
evcc's evsedin (200 ms between requests, function 16 to write).

| function | support | remarks |
|---|---|---|
| states A to E | yes | F does not occur |
| current | yes | whole ampere or 1/100 A as the device is set |
| proximity | yes | where its detection is on (2007) |
| relay, diode, ventilation, residual current | yes | 1007, from firmware 16 |
| energy | no | a meter of its own; it may share the line |
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.api import Alarm, Clock, PilotLetter
from drivers.clock import SYSTEM
from drivers.modbus import frames
from drivers.modbus.blocks import Span
from drivers.modbus.bus import Unit, attach
from drivers.modbus.controller import LEAST_A, ModbusController, Seen
from drivers.modbus.options import PORT_ABOUT, port
from drivers.modbus.wire import Line, NoAnswer, Refused
from drivers.options import option
from drivers.parting import Parting
from drivers.registry import Driver

log = logging.getLogger(__name__)

REST_S: Final = 0.2
STATES: Final[Mapping[int, PilotLetter]] = {1: "A", 2: "B", 3: "C", 4: "D", 5: "E"}
MOST_A: Final = 80.0
HUNDREDTHS_FIRMWARE: Final = 17

_RUN = Span("holding", 1000, 8)
_RUN_OLD = Span("holding", 1000, 7)
_SET_POINT = Span("holding", 1000, 1)
_COMMANDS = Span("holding", 1004, 1)
_BOOT = Span("holding", 2000, 6)
_AT_BOOT = Span("holding", 2000, 1)
_BITS = Span("holding", 2005, 1)
_TURN_OFF = 0x01
_HUNDREDTHS = 0x80
_RELAY, _DIODE, _VENTILATION, _RESIDUAL_OLD, _RESIDUAL = 0x01, 0x02, 0x04, 0x10, 0x20
_ADDRESS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseDinOptions:
    """The ``pilot`` block of a profile."""

    port: str = option(convert=port, about=PORT_ABOUT)
    unit: int = option(1, between=(1, 247), about="Modbus address of the controller")
    baud: int = option(9600, between=(2400, 115_200), about="speed of the line")


class EvseDinFace:
    """The registers of the device, see the module."""

    def __init__(self, options: EvseDinOptions) -> None:
        self._unit: Unit = attach(Line(options.port, options.baud), options.unit, REST_S)
        self._run = _RUN
        self._hundredths = False
        self._per_a = 1
        self._turned_off = False

    def meet(self, until_s: float) -> None:
        """No current, now and after a power cut of the controller; its settings."""
        self.withdraw(until_s)
        try:
            at_boot, settings = self._settings(until_s)
            if at_boot:
                self._unit.write(_AT_BOOT, [0], until_s)
        except Refused as error:
            log.warning("the current after power-up stays as it is: %s", error)
        else:
            self._hundredths = bool(settings & _HUNDREDTHS)

    def _settings(self, until_s: float) -> tuple[int, int]:
        """The current after power-up, and the bits of 2005; each for itself where a relative has not all between."""
        try:
            block = self._unit.read(_BOOT, until_s, urgent=True)
        except Refused as error:
            if error.code != _ADDRESS:
                raise
            return self._unit.read(_AT_BOOT, until_s)[0], self._unit.read(_BITS, until_s)[0]
        return block[0], block[5]

    def look(self, until_s: float) -> Seen:
        """Everything in one request; a firmware without 1007 is asked without it."""
        try:
            words = self._unit.read(self._run, until_s)
        except Refused as error:
            if error.code != _ADDRESS or self._run == _RUN_OLD:
                raise
            self._run = _RUN_OLD
            words = self._unit.read(self._run, until_s)
        state = STATES.get(words[2])
        if state is None:
            raise NoAnswer(f"the controller shows the vehicle state {words[2]}", "is this an EVSE-WB-DIN?")
        self._turned_off = bool(words[4] & _TURN_OFF)
        self._per_a = 100 if self._hundredths and words[5] >= HUNDREDTHS_FIRMWARE else 1
        flags = words[7] if len(words) > 7 else None
        return Seen(
            state=state,
            cable_limit_a=_cable_a(words[3]),
            alarms=() if flags is None else _alarms(flags, state),
            relay_closed=None if flags is None else bool(flags & _RELAY),
            offers_a=0.0 if self._turned_off else words[0] / self._per_a,
        )

    def settable(self, current_a: float) -> float:
        """Rounded down to what a register can say."""
        return math.floor(round(min(current_a, MOST_A) * self._per_a, 6)) / self._per_a

    def offer(self, current_a: float, until_s: float) -> None:
        """The set point; a "turn off" of before is taken back first."""
        if self._turned_off:
            self._unit.write(_COMMANDS, [0], until_s)
            self._turned_off = False
        self._unit.write(_SET_POINT, [round(current_a * self._per_a)], until_s)

    def withdraw(self, until_s: float) -> None:
        """A set point of 0: steady +12 V, and the relay opens."""
        self._unit.write(_SET_POINT, [0], until_s)

    def insist(self, until_s: float) -> None:
        """Turn off charging now."""
        self._unit.write(_COMMANDS, [_TURN_OFF], until_s)
        self._turned_off = True

    def release(self) -> None:
        """Leave the line."""
        self._unit.release()


def _alarms(flags: int, state: PilotLetter) -> tuple[Alarm, ...]:
    found: list[Alarm] = []
    if flags & _DIODE:
        found.append("diode")
    if flags & _VENTILATION:
        found.append("ventilation")
    # Bit 4 is the residual current in older datasheets, a test that runs in newer ones.
    if flags & _RESIDUAL or (state == "E" and flags & _RESIDUAL_OLD):
        found.append("residual_current")
    return tuple(found)


def _cable_a(shown: int) -> float | None:
    """The limit by the proximity resistor; in hundredths where it is too large for ampere."""
    limit_a = shown / 100 if shown > MOST_A else float(shown)
    return limit_a if LEAST_A <= limit_a <= MOST_A else None


def open_evse_din(options: EvseDinOptions, clock: Clock | None = None) -> ModbusController:
    """The controller, with nothing offered. Raises: DeviceMissing, DriverBusy, DriverUnsupported."""
    return ModbusController(EvseDinFace(options), clock or SYSTEM)


def parting(options: EvseDinOptions) -> Parting:
    """A set point of 0."""
    return frames.parting(Line(options.port, options.baud), options.unit, [(_SET_POINT, [0], False)], REST_S)


DRIVER = Driver(
    part="pilot",
    name="evse_din",
    options=EvseDinOptions,
    open=open_evse_din,
    example={"port": "/dev/ttyUSB0"},
    parting=parting,
)
