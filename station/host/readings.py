"""What devices say, made safe for the core: readings in its words, and states that are states.

A driver's numbers come from a bus, and drivers come from anywhere: what is no finite number, or none that a charger on
this planet can show, goes no further than here. Called by ``host.hardware`` and ``host.outside``.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any, Final

from drivers import api
from station.core.values import Moment, Reading, SignedData

log = logging.getLogger(__name__)

_MOST_WH: Final = 1e12
_RANGES: Final = {
    "energy_wh": (0.0, _MOST_WH),
    "energy_export_wh": (0.0, _MOST_WH),
    "power_w": (-1e7, 1e7),
    "frequency_hz": (0.0, 1e3),
    "soc_percent": (0.0, 100.0),
    "temperature_c": (-100.0, 300.0),
}
"""What a charging station's meter can show: far beyond any, and far below what breaks arithmetic or messages."""
_CURRENT_A: Final = (-1e4, 1e4)
_VOLTAGE_V: Final = (0.0, 1e4)
_PHASES: Final = 4
_LETTERS: Final = frozenset("ABCDEF")
_STATES: Final = {"contactor": api.ContactorState, "pilot": api.PilotState, "lock": api.LockState, "button": bool}
_FLAGS: Final = {
    "contactor": ("commanded", "closed"),
    "pilot": ("cable_present",),
    "lock": ("commanded", "locked"),
    "button": (),
}
"""What of a state is yes or no; the levels 0 and 1 will do, a text that says "no" would be a yes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A reading, and which of the meter's session functions made it; None is a plain one."""

    reading: api.Reading
    moment: Moment | None = None


class Doubts:
    """Counts the values of one meter that cannot be, and says so once a series. ``dropped`` is how many there were."""

    __slots__ = ("_evse", "_series", "dropped")

    def __init__(self, evse: int) -> None:
        self.dropped = 0
        self._evse = evse
        self._series = False

    def judge(self, bad: list[str]) -> None:
        """A reading had these values that cannot be, or none."""
        self.dropped += len(bad)
        if bad and not self._series:
            log.warning("EVSE %d: the meter shows what cannot be: %s", self._evse, ", ".join(bad))
        self._series = bool(bad)


def core_reading(taken: Taken, offered_a: float | None, bad: list[str] | None = None) -> Reading | None:
    """A driver's reading in the core's words; None where it has no register.

    A register that cannot be is none of this world for the core, too: it says so (``station.core.plausibility``).
    ``bad`` takes the names of what was left out.
    """
    reading, wrong = taken.reading, [] if bad is None else bad
    numbers = {name: _number(getattr(reading, name), *_RANGES[name], name, wrong) for name in _RANGES}
    energy_wh = numbers["energy_wh"]
    if energy_wh is None:
        return None if reading.energy_wh is None else Reading(math.nan, moment=taken.moment)
    signed = {made.context == "begin": _signed(made) for made in _signed_ones(reading.signed, wrong)}
    return Reading(
        energy_wh=energy_wh,
        power_w=numbers["power_w"],
        current_a=_phases(reading.current_a, *_CURRENT_A, "current_a", wrong),
        voltage_v=_phases(reading.voltage_v, *_VOLTAGE_V, "voltage_v", wrong),
        soc_percent=numbers["soc_percent"],
        frequency_hz=numbers["frequency_hz"],
        export_wh=numbers["energy_export_wh"],
        temperature_c=numbers["temperature_c"],
        signed=signed.get(False),
        signed_begin=signed.get(True),
        moment=taken.moment,
        offered_a=offered_a,
    )


def _number(value: Any, least: float, most: float, name: str, bad: list[str]) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if least <= value <= most:  # NaN is between no two; an int may be too long for a float
            return value
        bad.append(f"{name} {value:g}" if isinstance(value, float) else f"{name} out of range")
    else:
        bad.append(f"{name} {type(value).__name__}")
    return None


def highest(known_wh: float | None, shown_wh: Any) -> float | None:
    """A register that was shown, where it can be one and is not below what is known."""
    register_wh = _number(shown_wh, known_wh or 0.0, _MOST_WH, "", [])
    return known_wh if register_wh is None else register_wh


def _phases(values: Any, least: float, most: float, name: str, bad: list[str]) -> tuple[float, ...]:
    """All phases or none: one that is missing would move the others to another wire."""
    if not values:
        return ()
    if not isinstance(values, tuple) or len(values) > _PHASES:
        bad.append(name)
        return ()
    numbers = tuple(_number(value, least, most, name, bad) for value in values)
    return tuple(number for number in numbers if number is not None) if None not in numbers else ()


def _signed_ones(made: Any, bad: list[str]) -> tuple[api.SignedReading, ...]:
    """All of them or none: one that is no signed value makes the others suspect."""
    if not made:
        return ()
    if isinstance(made, tuple) and all(isinstance(one, api.SignedReading) and _texts(one) for one in made):
        return made
    bad.append("signed")
    return ()


def _texts(made: api.SignedReading) -> bool:
    return all(isinstance(text, str) for text in (made.text, made.method, made.encoding, made.public_key))


def _signed(made: api.SignedReading) -> SignedData:
    return SignedData(made.text, made.method, made.encoding, made.public_key)


def checked(part: str, state: Any) -> Any:
    """A state that a device shows, where it is one.

    Raises:
        DriverLost: the device answers, but not with a state of its part.
    """
    right = isinstance(state, _STATES[part]) and all(isinstance(getattr(state, name), int) for name in _FLAGS[part])
    right = right and isinstance(getattr(state, "alarms", ()), (tuple, list))
    if right and part == "pilot":
        bad: list[str] = []
        _number(state.cable_limit_a, 0.0, 1e3, "", bad)
        right = state.state in _LETTERS and not bad
    if not right:
        raise api.DriverLost(f"the {part} answered {str(state)[:80]!r}")
    return state


def checked_reading(reading: Any) -> api.Reading:
    """A reading, where it is one. Raises: DriverLost."""
    if not isinstance(reading, api.Reading):
        raise api.DriverLost(f"the meter answered {str(reading)[:80]!r}")
    return reading
