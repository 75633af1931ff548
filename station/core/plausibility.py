"""Whether what a meter says can be: numbers of this world, and no more energy than could have flowed.

Pure functions. What becomes of a reading that cannot be is ``station.core.meter``'s business; the host has already
thrown away what is no answer of a meter at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from station.core.values import Reading

_REGISTER_WH: Final = 1e12
"""No meter of a charging station reaches a terawatt hour."""
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
    energy_wh, power_w, soc_percent = reading.energy_wh, reading.power_w, reading.soc_percent
    frequency_hz, export_wh, temperature_c = reading.frequency_hz, reading.export_wh, reading.temperature_c
    if not (type(energy_wh) in _NUMBERS and 0.0 <= energy_wh <= _REGISTER_WH):
        return None
    bad: dict[str, Any] = {}
    if power_w is not None and not (type(power_w) in _NUMBERS and -1e7 <= power_w <= 1e7):
        bad["power_w"] = None
    if soc_percent is not None and not (type(soc_percent) in _NUMBERS and 0.0 <= soc_percent <= 100.0):
        bad["soc_percent"] = None
    if frequency_hz is not None and not (type(frequency_hz) in _NUMBERS and 0.0 <= frequency_hz <= 1e3):
        bad["frequency_hz"] = None
    if export_wh is not None and not (type(export_wh) in _NUMBERS and 0.0 <= export_wh <= _REGISTER_WH):
        bad["export_wh"] = None
    if temperature_c is not None and not (type(temperature_c) in _NUMBERS and -273.15 <= temperature_c <= 1e3):
        bad["temperature_c"] = None
    for name, values in (("current_a", reading.current_a), ("voltage_v", reading.voltage_v)):
        for value in values:
            if not (type(value) in _NUMBERS and -1e5 <= value <= 1e5):
                bad[name] = ()
    return replace(reading, **bad) if bad else reading


def deliverable_wh(power_w: float, seconds: float) -> float:
    """More than this cannot have flowed through an EVSE of this power in this time, however coarse its meter counts."""
    return _TOLERANCE * power_w * max(0.0, seconds) / 3600.0 + SLACK_WH
