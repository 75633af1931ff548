"""A charging profile: its data in the words of OCPP 2.x, and what can be wrong with it by itself.

Whether a station takes it (limits of the device model, other profiles, transactions) is ``desk``'s business; what it
comes to, ``composite``'s. Dialects make these from their messages: 1.6's ChargePointMaxProfile is
``Purpose.STATION_MAX``, and a schedule without a start is a relative one.

Spec: OCPP 2.0.1 part 2, K01 and 2.11-2.14 (ChargingProfileType, ChargingScheduleType, ChargingSchedulePeriodType);
OCPP 1.6 §3.13, §7.8-7.14 with errata 3.38-3.45, 3.56, 3.69-3.71, 3.79.
"""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from station.core.codec import from_row
from station.core.frozen import dataclass
from station.core.records import Json

MAX_PHASES: Final = 3
"""The phases of a mains connection, and those assumed where a period names none (OCPP 1.6 §7.14; K01.FR.49)."""


class Purpose(StrEnum):
    """OCPP 2.0.1 ChargingProfilePurposeEnumType."""

    STATION_MAX = "ChargingStationMaxProfile"
    EXTERNAL = "ChargingStationExternalConstraints"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class Kind(StrEnum):
    """OCPP 2.0.1 ChargingProfileKindEnumType."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class Recurrency(StrEnum):
    """OCPP 2.0.1 RecurrencyKindEnumType: every 24 hours or every 7 days, from startSchedule (1.6 errata 3.79)."""

    DAILY = "Daily"
    WEEKLY = "Weekly"

    @property
    def every_s(self) -> int:
        """The distance between two repetitions."""
        return 86_400 if self is Recurrency.DAILY else 604_800


class RateUnit(StrEnum):
    """OCPP 2.0.1 ChargingRateUnitEnumType: ampere per phase, or watt in total (1.6 errata 3.69)."""

    AMPERE = "A"
    WATT = "W"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start_s`` after the start of the schedule until the next period. ``limit`` in the schedule's unit."""

    start_s: int
    limit: float
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Periods in order. Without ``duration_s`` the last one goes on; ``start`` None: relative to the transaction."""

    unit: RateUnit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration_s: int | None = None
    min_rate: float | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class ChargingProfile:
    """A profile as it is installed: with the EVSE (0: the station) and, where that has several, the connector.

    ``connector`` 0 means any of the EVSE's. ``transaction_id`` is ours. ``installed`` is when it was taken, where that
    is known.
    """

    id: int
    evse: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    recurrency: Recurrency | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: str | None = None
    connector: int = 0
    installed: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether it was in its last period when it was taken, and stays there for good: then no clock is needed."""
        schedule, known = self.schedule, self.installed
        if known is None or schedule.start is None or self.recurrency is not None:
            return False
        if schedule.duration_s is not None or self.valid_to is not None:
            return False
        in_last = (known - schedule.start).total_seconds() >= schedule.periods[-1].start_s
        return in_last and (self.valid_from is None or self.valid_from <= known)


@dataclass(frozen=True, slots=True)
class CompositeSchedule:
    """What an EVSE, or (0) the station, may take from ``start`` on (OCPP 2.0.1 CompositeScheduleType)."""

    evse: int
    start: datetime
    duration_s: int
    unit: RateUnit
    periods: tuple[Period, ...]


def fault(profile: ChargingProfile) -> str | None:
    """What is wrong with a profile whatever the station: a reason code of OCPP 2.0.1, None where nothing is.

    A Recurring one says when and how often; one that is not Relative has a start, one that is has none (K01.FR.40-41).
    The first period starts at 0, the others later in order (K01.FR.31, .35). TxProfiles belong to an EVSE (K01.FR.16),
    limits of the whole station to the station (K04.FR.03).
    """
    schedule = profile.schedule
    if (profile.kind is Kind.RECURRING) is not (profile.recurrency is not None):
        return "InvalidProfile"
    if (schedule.start is None) is not (profile.kind is Kind.RELATIVE):
        return "InvalidSchedule"
    if profile.valid_from is not None and profile.valid_to is not None and profile.valid_to <= profile.valid_from:
        return "InvalidProfile"
    if profile.stack_level < 0:
        return "InvalidStackLevel"
    of_station = profile.evse == 0
    if (profile.purpose is Purpose.TX and of_station) or (profile.purpose is Purpose.STATION_MAX and not of_station):
        return "InvalidProfile"
    if profile.purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE:
        return "InvalidProfile"  # K01.FR.38: there is nothing that it could be relative to.
    if profile.purpose is not Purpose.TX and profile.transaction_id is not None:
        return "InvalidProfile"
    return None if _orderly(schedule) else "InvalidSchedule"


def _orderly(schedule: Schedule) -> bool:
    starts = [period.start_s for period in schedule.periods]
    if not starts or starts[0] != 0 or any(late <= early for early, late in pairwise(starts)):
        return False
    if schedule.duration_s is not None and schedule.duration_s < 0:
        return False
    numbers = [period.limit for period in schedule.periods]
    if schedule.min_rate is not None:
        numbers.append(schedule.min_rate)
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        return False
    return all(period.phases is None or 1 <= period.phases <= MAX_PHASES for period in schedule.periods)


def profile_from_row(row: Json) -> ChargingProfile:
    """A stored profile.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: the row is no profile that this program would take.
    """
    profile = from_row(ChargingProfile, row)
    moments = (profile.valid_from, profile.valid_to, profile.schedule.start, profile.installed)
    whole = [profile.id, profile.evse, profile.connector, profile.stack_level, profile.schedule.id]
    whole += [period.start_s for period in profile.schedule.periods]
    known = profile.transaction_id is None or isinstance(profile.transaction_id, str)
    if not known or not all(type(number) is int for number in whole):
        raise ValueError("a profile with members of the wrong kind")
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise ValueError("a profile with a moment in no time zone")
    if fault(profile) is not None:
        raise ValueError(f"a profile that is not sound: {fault(profile)}")
    return profile
