"""Which profiles a station takes, and which of those it has are meant by a request. Pure functions, for ``desk``.

Spec: OCPP 2.0.1 part 2, K01.FR.05-06, .26, .39, .52-53, K09.FR.03-06, K10.FR.01-09, 2.9.4 ff.; OCPP 1.6 §3.13.2,
§5.5, §5.16, §9.4 with errata 3.25-3.26.
"""

from __future__ import annotations

from collections.abc import Sequence

from station.core import names
from station.core.smart_charging.profile import ChargingProfile, Purpose, fault
from station.core.smart_charging.requests import ClearChargingProfile, GetChargingProfiles
from station.core.variables import Variables


def source(profile: ChargingProfile) -> str:
    """OCPP 2.0.1 ChargingLimitSourceEnumType: what is not from the CSMS is from an energy management system."""
    return "EMS" if profile.purpose is Purpose.EXTERNAL else "CSO"


def refusal(profile: ChargingProfile, kept: Sequence[ChargingProfile], variables: Variables) -> str | None:
    """Why a profile is not taken beside those that are kept: a reason code of OCPP 2.0.1; None where it may be."""
    problem = fault(profile)
    if problem is not None:
        return problem
    if profile.purpose is Purpose.EXTERNAL:
        return "InvalidProfile"  # K01.FR.22: only external systems set those.
    if profile.schedule.unit not in variables.items(names.RATE_UNIT):
        return "UnsupportedRateUnit"
    if profile.stack_level > variables.integer(names.PROFILE_STACK_LEVEL):
        return "InvalidStackLevel"
    if len(profile.schedule.periods) > variables.integer(names.PERIODS_PER_SCHEDULE):
        return "TooManyElements"
    return "OutOfStorage" if len(kept) >= _most(variables) else None


def _most(variables: Variables) -> float:
    definition = variables.definition(names.CHARGING_PROFILE_ENTRIES)
    return definition.maximum if definition is not None and definition.maximum is not None else 0.0


def replaced(profile: ChargingProfile, installed: Sequence[ChargingProfile]) -> tuple[ChargingProfile, ...]:
    """Others of the same purpose, stack level and place: by 1.6 there is room for one of them (§3.13.2)."""
    return tuple(one for one in installed if one.id != profile.id and _same_place(profile, one))


def _same_place(profile: ChargingProfile, other: ChargingProfile) -> bool:
    if (profile.purpose, profile.stack_level, profile.evse) != (other.purpose, other.stack_level, other.evse):
        return False
    if profile.purpose is Purpose.TX:
        return profile.transaction_id in (None, other.transaction_id)
    return profile.connector == other.connector


def clash(profile: ChargingProfile, installed: Sequence[ChargingProfile]) -> bool:
    """Whether another profile of that purpose and stack level could be valid at the same time (K01.FR.06, .39, .52-53).

    A default profile of the station has effect on all EVSEs.
    """
    return any(_excludes(profile, other) for other in installed if other.id != profile.id)


def _excludes(profile: ChargingProfile, other: ChargingProfile) -> bool:
    if (profile.purpose, profile.stack_level) != (other.purpose, other.stack_level):
        return False
    of_station = profile.purpose is Purpose.TX_DEFAULT and 0 in (profile.evse, other.evse)
    if of_station and profile.evse != other.evse:
        return True
    if profile.evse != other.evse or profile.transaction_id not in (None, other.transaction_id):
        return False
    return _overlap(profile, other)


def _overlap(one: ChargingProfile, two: ChargingProfile) -> bool:
    def before(first: ChargingProfile, second: ChargingProfile) -> bool:
        ends, begins = first.valid_to, second.valid_from
        return ends is not None and begins is not None and ends <= begins

    return not (before(one, two) or before(two, one))


def cleared(profile: ChargingProfile, asked: ClearChargingProfile) -> bool:
    """Whether a request to clear means this profile; those of external systems are never meant (K10.FR.08-09)."""
    if profile.purpose is Purpose.EXTERNAL:
        return False
    if asked.id is not None:
        return profile.id == asked.id
    return (
        asked.evse in (None, profile.evse)
        and (asked.connector == 0 or profile.connector in (0, asked.connector))
        and asked.purpose in (None, profile.purpose)
        and asked.stack_level in (None, profile.stack_level)
    )


def wanted(profile: ChargingProfile, asked: GetChargingProfiles) -> bool:
    """Whether a request to report means this profile."""
    return (
        asked.evse in (None, profile.evse)
        and (not asked.ids or profile.id in asked.ids)
        and (not asked.sources or source(profile) in asked.sources)
        and asked.purpose in (None, profile.purpose)
        and asked.stack_level in (None, profile.stack_level)
    )
