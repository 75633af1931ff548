"""What charging costs the driver, as the CSMS tells it, and how it goes on between two of its messages.

Values and pure functions; whom to show them and when to ask for a meter value is ``station.core.pricing``'s business.
Amounts are decimals in the CSMS's currency, never floats. The CSMS's figures are final; what is worked out here only
bridges the time until its next message.

Spec: OCA "OCPP & California Pricing Requirements" v3, chapter 3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from station.core.frozen import dataclass

_SECONDS_PER_HOUR = Decimal(3600)
_WH_PER_KWH = Decimal(1000)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class PriceText:
    """A text for the driver; ``language`` as in RFC 5646, empty for the station's own."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class ChargingPrice:
    """The price while energy flows: per kWh, per hour, and once."""

    kwh: Decimal = _NOTHING
    hour: Decimal = _NOTHING
    flat: Decimal = _NOTHING


@dataclass(frozen=True, slots=True)
class IdlePrice:
    """The price of standing without charging, per hour, after ``grace_s``."""

    hour: Decimal = _NOTHING
    grace_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NextPeriod:
    """The prices from a moment on."""

    at: datetime
    charging: ChargingPrice
    idle: IdlePrice | None = None


@dataclass(frozen=True, slots=True)
class MeterTriggers:
    """When the CSMS wants a meter value besides the regular ones.

    ``energy_wh`` counts from the begin of the transaction; ``power_w`` is crossed upwards or downwards; ``phases`` are
    those of ``station.core.pricing.phase``.
    """

    at: datetime | None = None
    energy_wh: float | None = None
    power_w: float | None = None
    phases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RunningCost:
    """What a transaction has cost up to a meter value, and the prices from there on."""

    at: datetime
    meter_wh: float
    cost: Decimal
    idle: bool
    charging: ChargingPrice = ChargingPrice()
    idling: IdlePrice | None = None
    following: NextPeriod | None = None
    triggers: MeterTriggers | None = None


@dataclass(frozen=True, slots=True)
class FinalCost:
    """What a transaction has cost in the end."""

    cost: Decimal
    texts: tuple[PriceText, ...] = ()
    qr_code: str = ""


def accrued(running: RunningCost, idle_since: datetime, register_wh: float, now: datetime) -> Decimal:
    """The cost at ``now`` by the prices of ``running``; never below what the CSMS told.

    Args:
        running: the CSMS's last word.
        idle_since: when the state became idle; the grace time counts from there.
        register_wh: the meter's register at ``now``.
        now: UTC.
    """
    if running.idle:
        if running.idling is None:
            return running.cost
        grace_left_s = max(0.0, running.idling.grace_s - (running.at - idle_since).total_seconds())
        return running.cost + running.idling.hour * _hours((now - running.at).total_seconds() - grace_left_s)
    used = max(_NOTHING, Decimal(repr(register_wh)) - Decimal(repr(running.meter_wh)))
    energy = running.charging.kwh * used / _WH_PER_KWH
    return running.cost + energy + running.charging.hour * _hours((now - running.at).total_seconds())


def turned(running: RunningCost, idle_since: datetime, register_wh: float) -> RunningCost:
    """``running`` as it is at the moment at which the following prices begin."""
    following = running.following
    if following is None:
        return running
    cost = accrued(running, idle_since, register_wh, following.at)
    return replace(
        running,
        at=following.at,
        meter_wh=register_wh,
        cost=cost if running.idle else cost + following.charging.flat,
        charging=following.charging,
        idling=following.idle,
        following=None,
    )


def _hours(seconds: float) -> Decimal:
    return max(_NOTHING, Decimal(repr(seconds))) / _SECONDS_PER_HOUR
