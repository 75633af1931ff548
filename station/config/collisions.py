"""What two parts of a profile cannot both have: a pin, a serial line, an address on a Modbus line.

Such a part would never open, however long the station waited for it. Paths are compared by where they lead. Called by
``station.config.build``.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from station.config.context import Context
from station.config.nodes import Path, spell
from station.config.profile import EvseConfig, PartConfig, ReaderConfig

_LINES: Final = ("port", "device")
_SPEED: Final = ("baud", "parity")


def check(context: Context, evses: Sequence[EvseConfig], readers: Sequence[ReaderConfig]) -> None:
    """Faults for what is named twice, at the second place."""
    parts = [*_parts(context, evses), *((("auth", "readers", n), one.part) for n, one in enumerate(readers))]
    pins: dict[tuple[str, int], Path] = {}
    lines: dict[str, tuple[Path, PartConfig]] = {}
    units: dict[tuple[str, str, int], Path] = {}
    for steps, part in parts:
        if part.simulated or part.parsed is None:
            continue
        for where, pin in _pins(steps, part):
            first = pins.setdefault(pin, where)
            if first != where:
                context.fault(where, f"GPIO{pin[1]} is {spell(first)} already", "give each part pins of its own")
        for key in _LINES:
            line = _line(getattr(part.parsed, key, None))
            if line:
                _check_line(context, (*steps, key), part, lines.setdefault(line, ((*steps, key), part)))
                _check_unit(context, steps, part, line, units)


def _parts(context: Context, evses: Sequence[EvseConfig]) -> Iterator[tuple[Path, PartConfig]]:
    places = {block.id or index + 1: index for index, block in enumerate(context.model.evses)}
    for evse in evses:
        for part in evse.hardware.parts:
            yield ("evses", places.get(evse.id, 0), "hardware", part.part), part


def _pins(steps: Path, part: PartConfig) -> Iterator[tuple[Path, tuple[str, int]]]:
    if dataclasses.is_dataclass(part.parsed) and hasattr(part.parsed, "factory"):
        for field in dataclasses.fields(part.parsed):
            number = getattr(part.parsed, field.name)
            if (field.name == "pin" or field.name.endswith("_pin")) and isinstance(number, int):
                yield (*steps, field.name), (str(part.parsed.factory), number)


def _line(value: Any) -> str:
    """Where a path leads; empty for what is none."""
    return os.path.realpath(value) if isinstance(value, (str, os.PathLike)) and str(value).startswith("/") else ""


def _check_line(context: Context, where: Path, part: PartConfig, first: tuple[Path, PartConfig]) -> None:
    there, other = first
    if there == where:
        return
    if not (hasattr(part.parsed, "unit") and hasattr(other.parsed, "unit")):
        context.fault(where, f"this line is {spell(there)} already", "give each part a line of its own")
        return
    for key in _SPEED:
        mine, others = getattr(part.parsed, key, None), getattr(other.parsed, key, None)
        if mine is not None and others is not None and mine != others:
            said = f"{spell(there)} is on the same line with {key} {others}, this one with {mine}"
            context.fault(where, said, "all devices on a line speak at the same speed")


def _check_unit(
    context: Context, steps: Path, part: PartConfig, line: str, units: dict[tuple[str, str, int], Path]
) -> None:
    """A controller may have a meter at its own address; two meters, or two controllers, at one address are one."""
    unit = getattr(part.parsed, "unit", None)
    if isinstance(unit, int):
        first = units.setdefault((line, part.part, unit), steps)
        if first != steps:
            context.fault(
                steps, f"unit {unit} on this line is {spell(first)} already", "give each an address of its own"
            )
