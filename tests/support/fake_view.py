"""A station as a dialect sees it, with every fact settable by hand: real variables, no core."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from station.core.catalogue import Layout, build_catalogue
from station.core.faults import Standing
from station.core.timeline import Timeline
from station.core.values import ChargingState, Fault, IdToken, RegistrationStatus
from station.core.variables import Setting, Variables
from station.ocpp.dialect import Identity

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""UTC of station time 0."""


@dataclass
class FakeTransaction:
    id: str = "9f0c2d7e"
    token: IdToken | None = None
    remote_start_id: int | None = None


@dataclass
class FakeEvse:
    id: int = 1
    connector_ids: tuple[int, ...] = (1,)
    active_connector: int = 1
    state: str = "idle"
    charging_state: ChargingState = ChargingState.IDLE
    in_use: bool = False
    ev_left: bool = False
    bay_over: bool = False
    faults: dict[Fault, str] = field(default_factory=dict)
    reserved: bool = False
    transaction: FakeTransaction | None = None
    inoperative: set[int] = field(default_factory=set)
    out_of_service: bool = False
    reported: tuple[Standing, ...] = ()

    def operative(self, connector: int) -> bool:
        lasts = self.transaction is not None and self.state != "idle" and connector == self.active_connector
        return lasts or connector not in self.inoperative

    def faulted(self) -> bool:
        return self.out_of_service

    @property
    def standing_faults(self) -> list[Standing]:
        return [*(Standing(fault, "", info) for fault, info in self.faults.items()), *self.reported]


@dataclass
class FakeLocalList:
    version: int = 0
    count: int = 0
    conflict: str = ""


class FakeView:
    """``View`` and the v201 dialect's ``QueueView``. Wire ids are kept in ``wire_ids`` (ours -> the CSMS's)."""

    def __init__(
        self,
        *evses: FakeEvse,
        features: frozenset[str] = frozenset({"auth_cache", "local_list", "remote_trigger"}),
        settings: tuple[Setting, ...] = (),
    ) -> None:
        self.evses = evses or (FakeEvse(),)
        layout = Layout(tuple((evse.id, evse.connector_ids) for evse in self.evses))
        self.variables = Variables(build_catalogue(features), settings, layout)
        self.features = features
        self.identity = Identity("Acme", "Wallbox-22", "00123456", "1.4.2")
        self.registration: RegistrationStatus | None = RegistrationStatus.ACCEPTED
        self.faults: dict[Fault, str] = {}
        self.local_list = FakeLocalList()
        self.operative = True
        self.now_s = 0.0
        self.timeline = Timeline(1, 0.0)
        self.timeline.learn(EPOCH, 0.0)
        self.wire_ids: dict[str, str] = {}
        self.queue: list[str] = []

    @property
    def standing_faults(self) -> list[Standing]:
        return [Standing(fault, "", info) for fault, info in self.faults.items()]

    def now_utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self.now_s)

    def turn_utc_s(self) -> float:
        return self.now_utc().timestamp()

    def station_operative(self) -> bool:
        return self.operative

    @property
    def numbers(self) -> dict[tuple[int, int], int]:
        return {place: number for number, place in enumerate(self._places(), 1)}

    def place(self, number: int) -> tuple[int, int] | None:
        places = self._places()
        return places[number - 1] if 1 <= number <= len(places) else None

    def transaction_of(self, wire_id: str) -> str | None:
        return next((own for own, wire in self.wire_ids.items() if wire == wire_id), None)

    def queued(self, transaction_id: str | None) -> bool:
        return bool(self.queue) if transaction_id is None else transaction_id in self.queue

    def _places(self) -> list[tuple[int, int]]:
        return [(evse.id, connector) for evse in self.evses for connector in evse.connector_ids]
