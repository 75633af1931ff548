"""A transaction as it is stored, and when one starts and stops.

Spec: OCPP 2.0.1 part 2, E01/E06 (TxStartPoint, TxStopPoint); errata 2025-09.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntFlag
from functools import lru_cache
from operator import attrgetter

from station.core import names
from station.core.values import IdToken, Stamp, StopReason, TriggerReason
from station.core.variables import Variables

TRANSACTIONS = "transactions"


class Condition(IntFlag):
    """What TxStartPoint and TxStopPoint may name; each is true or false at any moment."""

    NONE = 0
    PARKING_BAY_OCCUPANCY = 1
    EV_CONNECTED = 2
    AUTHORIZED = 4
    DATA_SIGNED = 8
    POWER_PATH_CLOSED = 16
    ENERGY_TRANSFER = 32


_NAMES = {
    "ParkingBayOccupancy": Condition.PARKING_BAY_OCCUPANCY,
    "EVConnected": Condition.EV_CONNECTED,
    "Authorized": Condition.AUTHORIZED,
    "DataSigned": Condition.DATA_SIGNED,
    "PowerPathClosed": Condition.POWER_PATH_CLOSED,
    "EnergyTransfer": Condition.ENERGY_TRANSFER,
}


@lru_cache(maxsize=64)
def points(names: tuple[str, ...]) -> int:
    """The conditions that a TxStartPoint or TxStopPoint names, as bits."""
    mask = 0
    for name in names:
        mask |= _NAMES.get(name, Condition.NONE).value
    return mask


@dataclass(frozen=True, slots=True)
class TransactionRules:
    """What the variables say of when transactions start and stop.

    Attributes:
        start: the conditions of which any starts one, as bits (TxStartPoint).
        stop: the conditions of which any that falls stops one, as bits (TxStopPoint).
        plug_timeout_s: how long a card waits for a vehicle, or a vehicle for a card (EVConnectionTimeOut); 0: for ever.
        unplug_stops: pulling the vehicle's end stops one, whatever the stop points say.
        unplug_unlocks: the station's end is let go then, too.
    """

    start: int
    stop: int
    plug_timeout_s: float
    unplug_stops: bool
    unplug_unlocks: bool


def transaction_rules(variables: Variables) -> TransactionRules:
    """Read them from the variables."""
    return TransactionRules(
        points(variables.items(names.TX_START_POINT)),
        points(variables.items(names.TX_STOP_POINT)),
        variables.number(names.EV_CONNECTION_TIMEOUT),
        variables.flag(names.STOP_ON_EV_SIDE_DISCONNECT),
        variables.flag(names.UNLOCK_ON_EV_SIDE_DISCONNECT),
    )


@dataclass(slots=True)
class Transaction:
    """A running transaction. Everything here is stored, in one row.

    ``seq_no`` is the next number. ``token_told`` says whether the token stands in a fact already. ``limit_wh`` is the
    register at which energy stops for a token that was refused late (OCPP 2.0.1 E05.FR.10, MaxEnergyOnInvalidId).
    ``ready`` is when the power path closed first: relative charging schedules count from there (K01.FR.42).
    """

    id: str
    evse: int
    connector: int
    started: Stamp
    seq_no: int = 0
    token: IdToken | None = None
    group: IdToken | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    token_told: bool = False
    begin_wh: float = 0.0
    last_wh: float = 0.0
    last: Stamp | None = None
    charging_s: float = 0.0
    stop_reason: StopReason | None = None
    suspended: bool = False
    limit_wh: float | None = None
    ready: Stamp | None = None

    def copy(self) -> Transaction:
        """The same, as it is now."""
        return Transaction(*_MEMBERS(self))


_MEMBERS = attrgetter(*(member.name for member in fields(Transaction)))


@dataclass(frozen=True, slots=True)
class Ending:
    """Why and when a transaction ends, while its last reading is awaited."""

    stamp: Stamp
    reason: StopReason
    trigger: TriggerReason
    token: IdToken | None = None
