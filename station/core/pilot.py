"""The control pilot as IEC 61851-1 reads it, as functions of its state.

States A to F are table A.4; what a state means for the vehicle is A.5. Nothing here remembers anything.
"""

from __future__ import annotations

from station.core.values import Pilot

MINIMUM_CURRENT_A = 6.0
"""The least current that a duty cycle can offer (IEC 61851-1 table A.7)."""

_CONNECTED = frozenset({Pilot.B, Pilot.C, Pilot.D})
ASKING = frozenset({Pilot.C, Pilot.D})
"""The vehicle has closed its switch S2 and wants the contactor closed."""
FAULTY = frozenset({Pilot.E, Pilot.F})
"""The pilot reports an error: E (short) or F (the station cannot serve)."""


def ev_connected(pilot: Pilot, before: bool) -> bool:
    """Whether a vehicle is connected. E and F say nothing about it: what was so before stays so."""
    return before if pilot in FAULTY else pilot in _CONNECTED
