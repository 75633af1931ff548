"""Facts: what happened and has to be told to the CSMS, exactly once and in order.

A fact holds what was true when it arose; how it is worded is decided when it is sent. Facts are journalled before they
are sent and deleted when their answer is stored.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import Any

from station.core.codec import from_row, to_row
from station.core.frozen import dataclass
from station.core.meter_value import MeterValue
from station.core.records import Json
from station.core.updates import FirmwareStatus, UploadStatus
from station.core.values import (
    ChargingState,
    IdToken,
    Stamp,
    StopReason,
    TriggerReason,
)


class Phase(StrEnum):
    """OCPP 2.0.1 TransactionEventEnumType."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class TransactionFact:
    """A transaction began, went on or ended.

    ``seq_no`` counts from 0 without gaps within a transaction (OCPP 2.0.1 E01.FR.07). ``meter_wh`` is the register of
    the meter at ``stamp``. ``meter_values`` hold what the sampling variables select. ``id_token`` is present where the
    token has to be told: once after it was authorised, and when it ended the transaction.
    """

    phase: Phase
    transaction_id: str
    seq_no: int
    stamp: Stamp
    trigger: TriggerReason
    evse: int
    connector: int
    charging_state: ChargingState | None = None
    id_token: IdToken | None = None
    group: IdToken | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    meter_wh: float | None = None
    meter_values: tuple[MeterValue, ...] = ()
    stop_reason: StopReason | None = None
    time_spent_charging_s: int | None = None
    cable_limit_a: float | None = None
    phases_used: int | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class SecurityFact:
    """A security event (OCPP 2.0.1 A04, appendix 1; Security WP ed.3 §4.6). Never contains secrets."""

    type: str
    stamp: Stamp
    info: str = ""
    offline: bool = False


@dataclass(frozen=True, slots=True)
class UnpluggedFact:
    """The vehicle left after its transaction had ended: what standing there costs ends too."""

    transaction_id: str
    evse: int
    stamp: Stamp
    offline: bool = False


@dataclass(frozen=True, slots=True)
class FirmwareFact:
    """A step of a firmware update (OCPP 2.0.1 L01.FR.01). ``signed``: a secure update was asked for (L01, not L02)."""

    status: FirmwareStatus
    stamp: Stamp
    request_id: int | None = None
    signed: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True)
class LogFact:
    """A step of a log upload (OCPP 2.0.1 N01). Without ``request_id`` it was asked for as diagnostics of 1.6."""

    status: UploadStatus
    stamp: Stamp
    request_id: int | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class ReservationFact:
    """A reservation ended that nobody used or cancelled: ``status`` Expired or Removed (OCPP 2.0.1 H04, H01.FR.16)."""

    reservation_id: int
    status: str
    stamp: Stamp
    offline: bool = False


Fact = TransactionFact | SecurityFact | UnpluggedFact | FirmwareFact | LogFact | ReservationFact

_KINDS: dict[str, type[Any]] = {
    "transaction": TransactionFact,
    "security": SecurityFact,
    "unplugged": UnpluggedFact,
    "reservation": ReservationFact,
    "firmware": FirmwareFact,
    "log": LogFact,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def fact_to_row(fact: Fact) -> Json:
    """A fact as it stands in the journal."""
    return {"kind": _NAMES[type(fact)], "fact": to_row(fact)}


def fact_from_row(row: Json) -> Fact:
    """A fact from the journal.

    Raises:
        ValueError, TypeError, KeyError: the row is not a fact of this program.
    """
    fact: Fact = from_row(_KINDS[row["kind"]], row["fact"])
    return fact


@dataclass(frozen=True, slots=True)
class MeterNotice:
    """Meter values outside any transaction: told when there is a connection, never queued (OCPP 2.0.1 J01)."""

    evse: int
    connector: int
    values: tuple[MeterValue, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class FirmwareNotice:
    """How a firmware update stands, for somebody who asked; ``signed``: he asked for secure updates."""

    status: FirmwareStatus
    request_id: int | None
    signed: bool


@dataclass(frozen=True, slots=True)
class LogNotice:
    """How a log upload stands, for somebody who asked; ``numbered``: he asked for those with a request id."""

    status: UploadStatus
    request_id: int | None
    numbered: bool


Notice = MeterNotice | FirmwareNotice | LogNotice
