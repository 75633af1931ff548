"""Energy meters over Modbus RTU or TCP, by register map.

Maps that come along: `sdm630`, `sdm120`, `sdm72`, `sdm72_v2` (drivers/modbus/maps, with their sources). Others are a
YAML file of your own (docs/register-maps.md).

| function | support | remarks |
|---|---|---|
| energy, export, power | yes | of one request, where the device allows as many registers |
| current, voltage, frequency | yes | as the map names them |
| registers that the device has not | yes | are left out; without energy it is no meter |
| several devices on a line | yes | they share a port; a silent one delays the others by its time-out |
| lost answers | yes | no reading until `silent_after` has passed, then the meter is lost |
| NaN, infinity, what cannot be | yes | no value; without a believable energy there is no reading |
| jumps, zero after a value | yes | ten times the maximum power has to be seen twice; such a zero is never believed |
| signed values | no | |
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.api import Clock, DeviceMissing, DriverError, DriverLost, NoReading, Reading
from drivers.clock import SYSTEM
from drivers.modbus import meter_map
from drivers.modbus.blocks import Span, finer, group
from drivers.modbus.bus import Unit, attach
from drivers.modbus.options import MAP_ABOUT, PORT_ABOUT, chosen, map_file, model, port
from drivers.modbus.plausible import Guard
from drivers.modbus.wire import Line, NoAnswer, Refused
from drivers.options import option
from drivers.registry import Driver
from drivers.serial_port import Parity

log = logging.getLogger(__name__)

CALL_S: Final = 0.9
OPEN_S: Final = 1.5
RETRY_S: Final = 0.3
"""A second attempt is made where so much of the call's time is left."""

EARLY: Final = 0.9
"""A host that reads once a `poll` comes now a little earlier, now a little later; it gets a new reading each time."""

_ADDRESS, _VALUE = 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusMeterOptions:
    """The ``meter`` block of a profile."""

    port: str = option(convert=port, about=PORT_ABOUT)
    baud: int = option(9600, between=(2400, 115_200), about="speed of a serial line")
    parity: Parity = option("none", about="parity of a serial line: none, even or odd")  # noqa: RUF009
    unit: int = option(1, between=(1, 247), about="Modbus address of the meter")
    model: str | None = option(None, convert=model(meter_map.KIND), about="a meter that is known, such as sdm630")
    map: Path | None = option(None, convert=map_file(meter_map.load), about=MAP_ABOUT)  # noqa: RUF009
    poll_s: float = option(1.0, key="poll", unit="s", between=(0.2, 60), about="time between two requests")
    silent_after_s: float = option(
        10.0, key="silent_after", unit="s", between=(1, 600), about="a meter that was silent for so long is lost"
    )

    def __post_init__(self) -> None:
        chosen(self.model, self.map, meter_map.KIND)
        if self.silent_after_s < self.poll_s:
            raise ValueError("silent_after is shorter than poll")


class ModbusMeter:
    """See the module."""

    def __init__(self, options: ModbusMeterOptions, clock: Clock | None = None) -> None:
        """Raises: DeviceMissing: the line is not there, or nothing answers as such a meter does; DriverBusy, ..."""
        self._clock = clock or SYSTEM
        self._poll_s = options.poll_s
        self._silent_after_s = options.silent_after_s
        self._map = meter_map.load(chosen(options.model, options.map, meter_map.KIND))
        self._guard = Guard(self._map.max_power_w, self._map.energy.step)
        line = Line(options.port, options.baud, options.parity)
        self._blocks = group(self._map.spans(), line.most(self._map.most))
        self._lost: str | None = None
        self._last: Reading | None = None
        self._trouble = ""
        self._asked_at_s = self._heard_at_s = self._clock.now()
        self._unit: Unit = attach(line, options.unit, self._map.gap_s)
        try:
            self._last = self._attempts(OPEN_S)
        except DriverLost:
            self._unit.release()
            raise
        except DriverError as error:
            self._unit.release()
            raise DeviceMissing(f"{self._map.name}: {error.message}", error.hint) from error
        self._asked_at_s = self._heard_at_s = self._clock.now()

    def read(self) -> Reading:
        """A reading, at most one request a ``poll``.

        Raises:
            NoReading: nothing that can be believed came this time.
            DriverLost: that has been so for ``silent_after``, the line is gone, or the meter was released.
        """
        if self._lost is not None:
            raise DriverLost(self._lost)
        now_s = self._clock.now()
        if now_s - self._asked_at_s < self._poll_s * EARLY:
            if self._last is not None:
                return self._last
            raise NoReading(self._trouble)
        self._asked_at_s, self._last = now_s, None
        try:
            reading = self._attempts()
        except DriverLost as error:
            self._lost = error.message
            raise
        except DriverError as error:
            self._trouble = error.message
            raise self._silence(error) from error
        self._last, self._heard_at_s = reading, self._clock.now()
        return reading

    def refresh(self) -> None:
        """The next ``read`` asks anew, whatever ``poll`` says."""
        self._asked_at_s = float("-inf")

    def release(self) -> None:
        """Leave the line."""
        self._lost = self._lost or "the meter was released"
        self._unit.release()

    def _silence(self, error: DriverError) -> DriverError:
        silent_s = self._clock.now() - self._heard_at_s
        if silent_s < self._silent_after_s:
            return NoReading(error.message, error.hint)
        self._lost = f"no reading for {silent_s:.0f} s: {error.message}"
        return DriverLost(self._lost, error.hint)

    def _attempts(self, seconds: float = CALL_S) -> Reading:
        """A reading that is believed, from one request or two. Raises: NoAnswer, Refused, NoReading, DriverLost."""
        until_s = time.monotonic() + seconds
        try:
            return self._attempt(until_s)
        except (NoAnswer, NoReading):
            if until_s - time.monotonic() < RETRY_S or not self._unit.retry_at_once():
                raise
        return self._attempt(until_s)

    def _attempt(self, until_s: float) -> Reading:
        reading = self._map.reading(self._image(until_s))
        if reading.energy_wh is None:
            raise NoReading(f"{self._map.name}: the register of energy holds no energy", "is it this model of meter?")
        if not self._guard.believes(reading.energy_wh, self._clock.now()):
            raise NoReading(f"{self._map.name}: a register of {reading.energy_wh:.0f} Wh is not believed")
        return reading

    def _image(self, until_s: float) -> dict[Span, list[int]]:
        image: dict[Span, list[int]] = {}
        for block in self._blocks:
            self._read_block(block, image, until_s)
        return image

    def _read_block(self, block: Span, image: dict[Span, list[int]], until_s: float) -> None:
        """Read a block; what this meter refuses of it is from now on read in parts, or not at all."""
        try:
            image[block] = self._unit.read(block, until_s)
        except Refused as error:
            if error.code not in (_ADDRESS, _VALUE):
                raise
            parts = finer(self._map.spans(), block)
            if not parts and block == self._map.energy.span:
                raise
            if not parts:
                log.info("%s has no registers %d to %d", self._map.name, block.address, block.end - 1)
            self._blocks = tuple(kept for kept in self._blocks if kept != block) + parts
            for part in parts:
                self._read_block(part, image, until_s)


DRIVER = Driver(
    part="meter",
    name="modbus",
    options=ModbusMeterOptions,
    open=ModbusMeter,
    example={"port": "/dev/ttyUSB1", "unit": 1, "model": "sdm630"},
)
