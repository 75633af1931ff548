"""The register map of a charging controller: state, current, release, faults, contacts, proximity.

Read from YAML (docs/register-maps.md describes the file). Called by `drivers.pilots.modbus`.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.api import Alarm, PilotLetter
from drivers.modbus import yaml_file
from drivers.modbus.blocks import BITS, Span
from drivers.modbus.decoding import FORMATS, WIDTHS, RegisterType
from drivers.modbus.frames import Write
from drivers.modbus.registers import (
    LAST_ADDRESS,
    Defaults,
    Image,
    Register,
    among,
    number,
    take_register,
    whole,
)
from drivers.modbus.yaml_file import Block, Place
from drivers.options import quantity

KIND: Final = "pilot"
LETTERS: Final[tuple[PilotLetter, ...]] = ("A", "B", "C", "D", "E", "F")
ALARMS: Final[tuple[Alarm, ...]] = typing.get_args(Alarm)
LEAST_A: Final = 6.0
MOST_A: Final = 500.0


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that is on or off: a bit, or a register with a value for each."""

    register: Register
    on: int = 1
    off: int = 0

    def shown(self, image: Image) -> bool | None:
        """Whether it is on; None: neither of the two values, or not read."""
        value = self.register.value(image)
        return None if value is None or value not in (self.on, self.off) else value == self.on


@dataclass(frozen=True, slots=True)
class Current:
    """Where the offered current is written.

    Attributes:
        maximum_a: the controller gets no more.
        off_a: what is written to withdraw an offer; None: nothing, the release alone withdraws it.
    """

    register: Register
    maximum_a: float
    off_a: float | None

    def write(self, current_a: float) -> Write:
        """What says this current."""
        words = self.register.words(current_a)
        return self.register.span, words, len(words) == 1


@dataclass(frozen=True, slots=True)
class PilotMap:
    """A charging controller's registers; `most` and `gap_s` as for meters."""

    name: str
    most: int
    gap_s: float
    state: Register
    letters: Mapping[int, PilotLetter]
    current: Current
    enable: Switch | None
    faults: tuple[tuple[Register, int, Alarm], ...]
    contactor: Switch | None
    proximity: Register | None
    cables: Mapping[int, float]

    def spans(self) -> list[Span]:
        """Everything that is looked at."""
        found = [self.state.span, *(register.span for register, _, _ in self.faults)]
        for switch in (self.enable, self.contactor):
            if switch is not None:
                found.append(switch.register.span)
        if self.proximity is not None:
            found.append(self.proximity.span)
        return found

    def withdrawal(self) -> list[Write]:
        """What withdraws an offer: the release first, then the current where that can be none."""
        writes: list[Write] = []
        if self.enable is not None:
            writes.append((self.enable.register.span, [self.enable.off], True))
        if self.current.off_a is not None:
            writes.append(self.current.write(self.current.off_a))
        return writes

    def letter(self, image: Image) -> PilotLetter | None:
        """The pilot state; None: the register has a value that the map does not know."""
        value = self.state.value(image)
        return None if value is None or value != int(value) else self.letters.get(int(value))

    def alarms(self, image: Image) -> tuple[Alarm, ...]:
        """What the controller reports beside the state."""
        found = [alarm for register, wanted, alarm in self.faults if register.value(image) == wanted]
        return tuple(dict.fromkeys(found))

    def cable_a(self, image: Image) -> float | None:
        """What the proximity resistor allows; None: unknown, or no cable."""
        value = self.proximity.value(image) if self.proximity is not None else None
        if value is None:
            return None
        limit_a = self.cables.get(int(value)) if self.cables else value
        return limit_a if limit_a is not None and LEAST_A <= limit_a <= MOST_A else None


def load(path: Path) -> PilotMap:
    """The map in a file. Raises: OptionError: with file, line and column."""
    block = yaml_file.read(path)
    kind_at = block.need("kind")
    if kind_at.text() != KIND:
        raise kind_at.fault(f"this is a map for a {kind_at.text()}, not for a pilot")
    name = block.need("name").text()
    defaults = Defaults.take(block)
    state, letters = _state(block.need("state"), defaults)
    current = _current(block.need("current"), defaults)
    enable_at, contactor_at = block.take("enable"), block.take("contactor")
    proximity_at, faults_at = block.take("proximity"), block.take("faults")
    block.finish()
    enable = None if enable_at is None else _switch(enable_at, defaults)
    if enable is None and current.off_a is None:
        raise block.fault("nothing withdraws an offer: give enable, or off below current")
    if enable is not None and enable.register.span.table not in ("coil", "holding"):
        raise block.fault("enable has to be a coil or a holding register")
    if enable is not None and enable.register.mask:
        raise block.fault("enable is written as a whole: no mask")
    proximity, cables = (None, {}) if proximity_at is None else _proximity(proximity_at, defaults)
    return PilotMap(
        name=name,
        most=defaults.most,
        gap_s=defaults.gap_s,
        state=state,
        letters=letters,
        current=current,
        enable=enable,
        faults=() if faults_at is None else tuple(_fault(entry, defaults) for entry in faults_at.items()),
        contactor=None if contactor_at is None else _switch(contactor_at, defaults),
        proximity=proximity,
        cables=cables,
    )


def _register(block: Block, defaults: Defaults) -> Register:
    """The register among other keys of a block; those are left for the caller to take."""
    own = yaml_file.only(block, ("table", "address", "type", "word_order", "scale", "mask"))
    return take_register(own, defaults)


def _state(place: Place, defaults: Defaults) -> tuple[Register, dict[int, PilotLetter]]:
    block = place.mapping()
    register = _register(block, defaults)
    values_at = block.need("values").mapping()
    block.finish()
    if register.kind == "float32" or register.scale != 1:
        raise place.fault("a state is a whole number, without scale")
    letters: dict[int, PilotLetter] = {}
    for letter in LETTERS:
        entries = values_at.take(letter)
        for entry in [] if entries is None else entries.items():
            value = entry.convert(whole(0, 0xFFFF_FFFF))
            if value in letters:
                raise entry.fault(f"{value} is {letters[value]} already")
            letters[value] = letter
    values_at.finish()
    if not {"A", "B", "C"} <= set(letters.values()):
        raise values_at.fault("the states A, B and C are needed")
    return register, letters


def _current(place: Place, defaults: Defaults) -> Current:
    block = place.mapping()
    table = block.take("table")
    address = block.need("address").convert(whole(0, LAST_ADDRESS))
    kind: RegisterType = block.need("type").convert(among(tuple(FORMATS)))
    scale = block.get("scale", number, 1.0)
    maximum_a = block.get("maximum", _amps, 80.0)
    off_a = block.get("off", _off, None)
    block.finish()
    if table is not None and table.text() != "holding":
        raise table.fault("a current is written: table: holding")
    register = Register(Span("holding", address, WIDTHS[kind]), kind, defaults.order, scale)
    try:
        register.words(maximum_a)
    except ValueError as error:
        raise place.fault(str(error)) from error
    return Current(register, maximum_a, off_a)


def _switch(place: Place, defaults: Defaults) -> Switch:
    block = place.mapping()
    register = _register(block, defaults)
    on, off = block.get("on", whole(0, 0xFFFF), 1), block.get("off", whole(0, 0xFFFF), 0)
    block.finish()
    if on == off:
        raise place.fault("on and off are the same")
    if register.span.table in BITS and {on, off} != {0, 1}:
        raise place.fault("a bit is 0 or 1")
    if register.span.count > 1:
        raise place.fault("on or off takes one register")
    return Switch(register, on, off)


def _fault(place: Place, defaults: Defaults) -> tuple[Register, int, Alarm]:
    block = place.mapping()
    register = _register(block, defaults)
    value = block.get("value", whole(0, 0xFFFF_FFFF), 1)
    alarm: Alarm = block.need("alarm").convert(among(ALARMS))
    block.finish()
    return register, value, alarm


def _proximity(place: Place, defaults: Defaults) -> tuple[Register, dict[int, float]]:
    block = place.mapping()
    register = _register(block, defaults)
    values_at = block.take("values")
    block.finish()
    cables: dict[int, float] = {}
    if values_at is not None:
        values = values_at.mapping()
        for name in values.names():
            limit_at = values.need(name)
            cables[_raw(name, limit_at)] = limit_at.convert(_amps)
    return register, cables


def _raw(name: str, place: Place) -> int:
    try:
        return whole(0, 0xFFFF)(name)
    except ValueError as error:
        raise place.fault(str(error)) from error


def _amps(text: str) -> float:
    value = quantity(text, "A")
    if not LEAST_A <= value <= MOST_A:
        raise ValueError(f"{text} is out of range ({LEAST_A:g}A to {MOST_A:g}A)")
    return value


def _off(text: str) -> float | None:
    value = quantity(text, "A")
    if not 0 <= value < LEAST_A:
        raise ValueError(f"{text} would be an offer; off is below {LEAST_A:g}A")
    return value
