"""The register map of a meter: which register is which field of a `Reading`.

Read from YAML (docs/register-maps.md describes the file); the maps of `drivers/modbus/maps` come along and have names.
Called by `drivers.meters.modbus`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.api import OptionError, Reading
from drivers.modbus import yaml_file
from drivers.modbus.blocks import BITS, Span
from drivers.modbus.registers import MAPS, Defaults, Image, Register, refuse_overlaps, take_register
from drivers.modbus.yaml_file import Block, Place
from drivers.options import quantity, suggestion

KIND: Final = "meter"

BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "energy_wh": (0.0, 1e10),
    "energy_export_wh": (0.0, 1e10),
    "power_w": (-1e6, 1e6),
    "current_a": (-2000.0, 2000.0),
    "voltage_v": (0.0, 1000.0),
    "frequency_hz": (0.0, 500.0),
    "soc_percent": (0.0, 100.0),
    "temperature_c": (-60.0, 200.0),
}
"""The fields of a reading that a map may name, and what can be true of them; anything else is no value."""

PHASES: Final = frozenset({"current_a", "voltage_v"})
DEFAULT_POWER_W: Final = 100_000.0


@dataclass(frozen=True, slots=True)
class MeterMap:
    """A meter's registers.

    Attributes:
        name: of the meter, for people.
        max_power_w: the most that it can measure.
        most: registers in one request.
        gap_s: rest between two requests.
        fields: registers by field of `Reading`; several only for the phases.
    """

    name: str
    max_power_w: float
    most: int
    gap_s: float
    fields: Mapping[str, tuple[Register, ...]]

    @property
    def energy(self) -> Register:
        """The register of imported energy."""
        return self.fields["energy_wh"][0]

    def spans(self) -> list[Span]:
        """Everything that a reading needs."""
        return [register.span for registers in self.fields.values() for register in registers]

    def reading(self, image: Image) -> Reading:
        """The reading in what was read; what is no number or cannot be is None."""
        found = {name: _values(name, registers, image) for name, registers in self.fields.items()}

        def single(name: str) -> float | None:
            values = found.get(name)
            return values[0] if values else None

        return Reading(
            energy_wh=single("energy_wh"),
            energy_export_wh=single("energy_export_wh"),
            power_w=single("power_w"),
            current_a=found.get("current_a"),
            voltage_v=found.get("voltage_v"),
            frequency_hz=single("frequency_hz"),
            soc_percent=single("soc_percent"),
            temperature_c=single("temperature_c"),
        )


def _values(name: str, registers: tuple[Register, ...], image: Image) -> tuple[float, ...] | None:
    low, high = BOUNDS[name]
    values = []
    for register in registers:
        value = register.value(image)
        if value is None or not low <= value <= high:
            return None
        values.append(value)
    return tuple(values)


def load(path: Path) -> MeterMap:
    """The map in a file. Raises: OptionError: with file, line and column."""
    block = yaml_file.read(path)
    kind_at = block.need("kind")
    if kind_at.text() != KIND:
        raise kind_at.fault(f"this is a map for a {kind_at.text()}, not for a meter")
    name = block.need("name").text()
    max_power_w = block.get("max_power", _power, DEFAULT_POWER_W)
    defaults = Defaults.take(block)
    registers = block.need("registers").mapping()
    block.finish()
    return MeterMap(name, max_power_w, defaults.most, defaults.gap_s, _fields(registers, defaults))


def _fields(block: Block, defaults: Defaults) -> dict[str, tuple[Register, ...]]:
    fields: dict[str, tuple[Register, ...]] = {}
    taken: list[tuple[Place, Register]] = []
    block.need("energy_wh")
    for name in BOUNDS:
        place = block.take(name)
        if place is None:
            continue
        entries = place.items()
        if len(entries) not in ((1, 3) if name in PHASES else (1,)):
            raise place.fault("one register belongs here, or three (L1, L2, L3)" if name in PHASES else "one register")
        found = [(entry, take_register(entry, defaults)) for entry in entries]
        for entry, register in found:
            if register.span.table in BITS:
                raise entry.fault("a measured value is no bit")
        taken.extend(found)
        fields[name] = tuple(register for _, register in found)
    block.finish()
    refuse_overlaps(taken)
    return fields


def _power(text: str) -> float:
    value = quantity(text, "W")
    if not 100 <= value <= 1e7:
        raise ValueError(f"{text} is out of range (100W to 10000kW)")
    return value


def models(kind: str = KIND) -> dict[str, Path]:
    """The maps of a kind that come along, by name."""
    found = {}
    for path in sorted(MAPS.glob("*.yaml")):
        if yaml_file.read(path).need("kind").text() == kind:
            found[path.stem] = path
    return found


def model_file(name: str, kind: str = KIND) -> Path:
    """The file of a map that comes along. Raises: OptionError: there is none of that name and kind."""
    known = models(kind)
    if name not in known:
        raise OptionError("model", f"no {kind} map is called {name!r}", suggestion(name, known))
    return known[name]
