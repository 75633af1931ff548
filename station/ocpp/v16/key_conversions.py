"""Conversions between texts of OCPP 1.6 configuration keys and variables, where the two differ.

Used by ``station.ocpp.v16.keys`` alone.
"""

from __future__ import annotations

import re
from typing import Final

from station.core.catalogue import Address, Layout
from station.core.variables import Variables

RATE_UNITS: Final = {"Current": "A", "Power": "W"}
"""Names of charging rate units in configuration keys (OCPP 1.6 9.4.2, errata 3.88)."""

_PROFILES: Final = (
    ("FirmwareManagement", "firmware"),
    ("LocalAuthListManagement", "local_list"),
    ("Reservation", "reservation"),
    ("SmartCharging", "smart_charging"),
    ("RemoteTrigger", "remote_trigger"),
)
_ROTATIONS: Final = ("RST", "RTS", "SRT", "STR", "TRS", "TSR")
_ITEM: Final = re.compile(r"([0-9]{1,4})\.([A-Za-z]+)")
_STATION: Final = Address("ChargingStation", None, None, None, "PhaseRotation")
_SINGLE_PHASE: Final = "Rxx"


def supported_profiles(features: frozenset[str]) -> str:
    """SupportedFeatureProfiles: what the station really does (OCPP 1.6 9.1.29)."""
    return ",".join(("Core", *(name for name, feature in _PROFILES if feature in features)))


def to_current_power(variables: Variables) -> str:
    """ChargingScheduleAllowedChargingRateUnit: ``A,W`` as ``Current,Power``."""
    names = {unit: name for name, unit in RATE_UNITS.items()}
    return ",".join(names[unit] for unit in variables.items("SmartChargingCtrlr.RateUnit"))


def count_items(variables: Variables, address: Address) -> str:
    """How many items a list can have: each of its allowed ones."""
    definition = variables.definition(address)
    return str(len(definition.values)) if definition is not None else "0"


def phase_rotation(variables: Variables) -> str:
    """ConnectorPhaseRotation: the grid side as connector 0, then every connector (OCPP 1.6 9.1.7)."""
    places = (_STATION, *_connectors(variables.model.layout))
    return ",".join(f"{number}.{_shown(variables.text(place))}" for number, place in enumerate(places))


def rotate(layout: Layout | None, text: str) -> tuple[tuple[Address, str], ...] | None:
    """The variables that a ConnectorPhaseRotation sets, or None where it is illegal.

    Args:
        layout: the station's; None, in a profile, takes connector n for EVSE n with one connector.
        text: ``0.RST,1.RST``; blanks after a comma are allowed.
    """
    pairs: dict[Address, str] = {}
    for item in text.split(","):
        match = _ITEM.fullmatch(item.strip())
        place = _place(layout, int(match[1])) if match else None
        kept = _kept(match[2]) if match else None
        if place is None or kept is None or place in pairs:
            return None
        pairs[place] = kept
    return tuple(pairs.items())


def _connectors(layout: Layout) -> tuple[Address, ...]:
    return tuple(Address("Connector", None, evse, one, "PhaseRotation") for evse, one in layout.connectors)


def _place(layout: Layout | None, number: int) -> Address | None:
    if number == 0:
        return _STATION
    if layout is None:
        return Address("Connector", None, number, 1, "PhaseRotation")
    places = _connectors(layout)
    return places[number - 1] if number <= len(places) else None


def _shown(rotation: str | None) -> str:
    if rotation in _ROTATIONS:
        return str(rotation)
    return "NotApplicable" if rotation and "x" in rotation else "Unknown"


def _kept(word: str) -> str | None:
    if word in _ROTATIONS:
        return word
    return {"NotApplicable": _SINGLE_PHASE, "Unknown": ""}.get(word)
