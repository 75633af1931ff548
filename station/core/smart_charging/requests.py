"""What the CSMS asks of smart charging: events for ``desk``, each answered with one ``Reply``."""

from __future__ import annotations

from station.core.frozen import dataclass
from station.core.smart_charging.profile import ChargingProfile, Purpose, RateUnit


@dataclass(frozen=True, slots=True)
class SetChargingProfile:
    """Install a profile. A TxProfile without a transaction is for the one that runs at its EVSE.

    ``replaces``: it takes the place of one of the same purpose, EVSE and stack level (1.6); else that one refuses it.
    ``binding_phases``: refuse it where more phases might be used than its periods say (2.x K01.FR.43).
    """

    reply: int
    profile: ChargingProfile
    replaces: bool = False
    binding_phases: bool = False


@dataclass(frozen=True, slots=True)
class ClearChargingProfile:
    """Remove profiles: the one with this id, or all that match what is given. ``connector`` 0 means any."""

    reply: int
    id: int | None = None
    evse: int | None = None
    connector: int = 0
    purpose: Purpose | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class GetChargingProfiles:
    """Report the installed profiles that match all that is given; ``Outcome.data`` is a tuple of them."""

    reply: int
    evse: int | None = None
    ids: tuple[int, ...] = ()
    purpose: Purpose | None = None
    stack_level: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    """What an EVSE, or (0) the station, may take from now on; ``Outcome.data`` is a ``CompositeSchedule``.

    ``connector`` 0 means the one in use. Without ``unit`` the station's first.
    """

    reply: int
    evse: int
    duration_s: int
    unit: RateUnit | None = None
    connector: int = 0
