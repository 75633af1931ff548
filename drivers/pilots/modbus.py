"""Charging controllers over Modbus RTU or TCP, by register map: pilot and contactor in one.

Maps that come along: `phoenix_ev_cc` and `phoenix_em_cp` (drivers/modbus/maps, with their sources; not tried on a
device by us). Others are a YAML file of your own (docs/register-maps.md). Name it once, under ``pilot``. Where a
contactor of its own is named too, that one switches and the controller's relay only follows the pilot.

| function | support | remarks |
|---|---|---|
| states A to F | yes | as the map gives them |
| current | yes | rounded down to what its register can say, at most the map's maximum |
| permission | yes | `enable`; else a set point of `off` |
| relay | where mapped | else it counts as closed while a vehicle in C or D is permitted |
| proximity, faults | where mapped | |
| lost line | no | set the controller's own supervision, or feed the coil through a relay of your own |
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from drivers.api import Clock
from drivers.clock import SYSTEM
from drivers.modbus import frames, pilot_map
from drivers.modbus.blocks import group
from drivers.modbus.bus import Unit, attach
from drivers.modbus.controller import ModbusController, Seen
from drivers.modbus.options import MAP_ABOUT, PORT_ABOUT, chosen, map_file, model, port
from drivers.modbus.pilot_map import PilotMap
from drivers.modbus.wire import Line, NoAnswer
from drivers.options import option
from drivers.parting import Parting
from drivers.registry import Driver
from drivers.serial_port import Parity

_SILENCE_S = 0.05
"""Between two parting words; every device is ready again by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusPilotOptions:
    """The ``pilot`` block of a profile."""

    port: str = option(convert=port, about=PORT_ABOUT)
    baud: int = option(9600, between=(2400, 115_200), about="speed of a serial line")
    parity: Parity = option("none", about="parity of a serial line: none, even or odd")  # noqa: RUF009 - makes a field
    unit: int = option(1, between=(1, 247), about="Modbus address of the controller")
    model: str | None = option(None, convert=model(pilot_map.KIND), about="a controller that is known")
    map: Path | None = option(None, convert=map_file(pilot_map.load), about=MAP_ABOUT)  # noqa: RUF009 - makes a field

    def __post_init__(self) -> None:
        chosen(self.model, self.map, pilot_map.KIND)


class MapFace:
    """The registers that a map describes."""

    def __init__(self, options: ModbusPilotOptions, registers: PilotMap) -> None:
        line = Line(options.port, options.baud, options.parity)
        self._map = registers
        self._blocks = group(registers.spans(), line.most(registers.most))
        self._unit: Unit = attach(line, options.unit, registers.gap_s)

    def meet(self, until_s: float) -> None:
        """Nothing is offered."""
        self.withdraw(until_s)

    def look(self, until_s: float) -> Seen:
        """Everything that is mapped, in as few requests as there are tables and gaps."""
        image = {block: self._unit.read(block, until_s) for block in self._blocks}
        registers = self._map
        state = registers.letter(image)
        if state is None:
            value = registers.state.value(image)
            raise NoAnswer(f"{registers.name} shows an unknown state, {value}", "is the map right?")
        enabled = registers.enable.shown(image) if registers.enable is not None else None
        return Seen(
            state=state,
            cable_limit_a=registers.cable_a(image),
            alarms=registers.alarms(image),
            relay_closed=registers.contactor.shown(image) if registers.contactor is not None else None,
            enabled=enabled,
        )

    def settable(self, current_a: float) -> float:
        """Rounded down to what the register can say."""
        register, maximum_a = self._map.current.register, self._map.current.maximum_a
        return math.floor(round(min(current_a, maximum_a) / register.scale, 6)) * register.scale

    def offer(self, current_a: float, until_s: float) -> None:
        """The current first, then the release."""
        self._write(self._map.current.write(current_a), until_s)
        switch = self._map.enable
        if switch is not None:
            self._write((switch.register.span, [switch.on], True), until_s)

    def withdraw(self, until_s: float) -> None:
        """As the map says."""
        for write in self._map.withdrawal():
            self._write(write, until_s)

    def insist(self, until_s: float) -> None:
        """Once more: there is nothing else."""
        self.withdraw(until_s)

    def release(self) -> None:
        """Leave the line."""
        self._unit.release()

    def _write(self, write: frames.Write, until_s: float) -> None:
        span, words, single = write
        self._unit.write(span, words, until_s, single=single)


def open_modbus(options: ModbusPilotOptions, clock: Clock | None = None) -> ModbusController:
    """The controller, with nothing offered. Raises: DeviceMissing, DriverBusy, DriverUnsupported, OptionError."""
    registers = pilot_map.load(chosen(options.model, options.map, pilot_map.KIND))
    return ModbusController(MapFace(options, registers), clock or SYSTEM)


def parting(options: ModbusPilotOptions) -> Parting:
    """What withdraws an offer by the map."""
    registers = pilot_map.load(chosen(options.model, options.map, pilot_map.KIND))
    line = Line(options.port, options.baud, options.parity)
    return frames.parting(line, options.unit, registers.withdrawal(), max(registers.gap_s, _SILENCE_S))


DRIVER = Driver(
    part="pilot",
    name="modbus",
    options=ModbusPilotOptions,
    open=open_modbus,
    example={"port": "/dev/ttyUSB0", "unit": 1, "model": "phoenix_ev_cc"},
    parting=parting,
)
