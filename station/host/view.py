"""What the dialects see of a station, and what a station's engine needs done.

``StationView`` satisfies ``station.ocpp.dialect.View``; the engine is one. ``Port`` is what the engine calls: the
runner in a real process, anything else in a virtual one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from station.core import effects
from station.core.evse import Evse
from station.core.faults import Standing
from station.core.names import FIRMWARE_VERSION
from station.core.records import Batch
from station.core.station import Station
from station.core.values import Fault, RegistrationStatus
from station.core.variables import Variables
from station.host.hardware import EvseHardware
from station.ocpp.dialect import Dialect, Identity
from station.ocpp.outbox import Outbox
from station.store.api import Store


class Port(Protocol):
    """What the engine needs done. No method raises; none calls back into the engine but by ``Engine.feed``.

    ``sampled``: somebody wants to be told every reading that the CSMS is told. ``store`` keeps the rows; one that is
    immediate is given them without ``commit``. ``hardware`` carries out physical effects, by EVSE.
    """

    sampled: bool
    store: Store
    hardware: dict[int, EvseHardware]

    def station_now(self) -> float:
        """Monotonic station time in seconds."""
        ...

    def wire_now(self) -> float:
        """Monotonic wire time in seconds."""
        ...

    def send(self, text: str) -> None:
        """Write a frame to the connection."""
        ...

    def commit(self, batch: Batch) -> None:
        """Make a batch durable; feed ``Recorded`` or ``RecordFailed`` afterwards."""
        ...

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Tell observers an event of docs/control.md."""
        ...

    def token_ended(self, effect: effects.TokenEnded) -> None:
        """A presented token reached a result."""
        ...

    def query_ended(self, asked: int, answer: Any, problem: str) -> None:
        """A question of the owner was answered, or not."""
        ...

    def reboot(self, effect: effects.Reboot) -> None:
        """Start anew."""
        ...

    def work(self, effect: effects.Work) -> None:
        """Begin a job; feed ``JobReported``."""
        ...

    def abandon(self, job: int) -> None:
        """Stop a job."""
        ...

    def reconnect(self, reason: str) -> None:
        """What the connection is secured with has changed: close it and dial again, once the answer has left."""
        ...

    def redial(self, reason: str) -> None:
        """The connection is of no use any more: cut it and dial again."""
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What is fixed for all stations of a kind. ``central`` False: there is no CSMS, nothing is ever told.

    ``features`` are the functions present, by version.
    """

    identity: Identity
    features: Mapping[str, frozenset[str]]
    central: bool = True


@lru_cache(maxsize=256)
def _numbers(places: tuple[tuple[int, int], ...]) -> Mapping[tuple[int, int], int]:
    """Connector numbers: one table for all stations that are built alike."""
    return {place: number for number, place in enumerate(places, 1)}


class StationView:
    """A station as a dialect sees it. The methods are documented at the Protocol."""

    __slots__ = ("dialect", "local_list", "numbers", "outbox", "port", "station", "timeline", "wire_ids", "wiring")

    def __init__(self, station: Station, dialect: Dialect, port: Port, wiring: Wiring) -> None:
        self.station = station
        self.timeline = station.ctx.timeline
        self.local_list = station.tokens.local_list
        self.wire_ids: Mapping[str, str] = station.bindings
        self.numbers = _numbers(tuple((evse.id, one.id) for evse in station.evses for one in evse.locks.connectors))
        self.dialect = dialect
        self.port = port
        self.wiring = wiring
        self.outbox = Outbox()

    @property
    def variables(self) -> Variables:
        return self.station.ctx.variables

    @property
    def identity(self) -> Identity:
        version = self.variables.text(FIRMWARE_VERSION)
        return replace(self.wiring.identity, firmware=version) if version else self.wiring.identity

    @property
    def evses(self) -> Sequence[Evse]:
        return self.station.evses

    @property
    def faults(self) -> Mapping[Fault, str]:
        return self.station.faults

    @property
    def standing_faults(self) -> Sequence[Standing]:
        faults = self.station.fault_set
        return faults.standing if faults.stands else ()

    @property
    def registration(self) -> RegistrationStatus | None:
        return self.station.ctx.boot_status

    @property
    def features(self) -> frozenset[str]:
        return self.wiring.features[self.dialect.version]

    def now_utc(self) -> datetime:
        return self.station.ctx.timeline.now_utc(self.port.station_now())

    def turn_utc_s(self) -> float:
        return (self.timeline.offset or 0.0) + self.station.ctx.now

    def station_operative(self) -> bool:
        availability = self.station.availability
        return not availability.inoperative or availability.station_operative

    def place(self, number: int) -> tuple[int, int] | None:
        return next((place for place, one in self.numbers.items() if one == number), None)

    def wire_id(self, transaction_id: str) -> str | None:
        """A transaction's id on the wire; None while unknown."""
        bound = self.wire_ids.get(transaction_id)
        return bound if bound is not None or self.dialect.csms_numbers_transactions else transaction_id

    def transaction_of(self, wire_id: str) -> str | None:
        for evse in self.station.evses:
            if evse.transaction is not None and self.wire_id(evse.transaction.id) == wire_id:
                return evse.transaction.id
        return None

    def queued(self, transaction_id: str | None) -> bool:
        """Whether messages of a transaction (None: of any) are not yet answered (OCPP 2.0.1 E14)."""
        return self.outbox.awaits(transaction_id)
