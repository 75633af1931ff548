"""Whether what a meter says can be: numbers of this world, and no more energy than could have flowed.

Pure functions. What becomes of a reading that cannot be is ``station.core.meter``'s business; the host has already
thrown away what is no answer of a meter at all.
"""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from station.core.values import Reading

_REGISTER_WH: Final = 1e12
"""No meter of a charging station reaches a terawatt hour."""
_LIMITS: Final = (
    ("power_w", -1e7, 1e7),
    ("soc_percent", 0.0, 100.0),
    ("frequency_hz", 0.0, 1e3),
    ("export_wh", 0.0, _REGISTER_WH),
    ("temperature_c", -273.15, 1e3),
)
_PHASED: Final = (("current_a", -1e5, 1e5), ("voltage_v", -1e5, 1e5))
_SINGLE_VALUES: Final = attrgetter(*(name for name, _, _ in _LIMITS))
_NUMBERS: Final = frozenset({int, float})

MAINS_V: Final = 250.0
"""Generous: 230 V and 10 % below the limit of the grid."""
_TOLERANCE: Final = 2.0
SLACK_WH: Final = 500.0
"""So much is never too much, however short the time was."""
UNKNOWN_S: Final = 3600.0
"""How long a station may have been without a reading where nobody knows."""


def is_register(energy_wh: Any) -> bool:
    """Whether a meter's register can show this; NaN is between no two numbers."""
    return type(energy_wh) in _NUMBERS and 0.0 <= energy_wh <= _REGISTER_WH


def sound(reading: Reading) -> Reading | None:
    """The reading without the values that cannot be; None where its register is one of them."""
    if not is_register(reading.energy_wh):
        return None
    bad: dict[str, Any] = {}
    for value, (name, low, high) in zip(_SINGLE_VALUES(reading), _LIMITS, strict=True):
        if value is not None and not (type(value) in _NUMBERS and low <= value <= high):
            bad[name] = None
    for name, low, high in _PHASED:
        for value in getattr(reading, name):
            if not (type(value) in _NUMBERS and low <= value <= high):
                bad[name] = ()
    return replace(reading, **bad) if bad else reading


def deliverable_wh(power_w: float, seconds: float) -> float:
    """More than this cannot have flowed through an EVSE of this power in this time, however coarse its meter counts."""
    return _TOLERANCE * power_w * max(0.0, seconds) / 3600.0 + SLACK_WH
