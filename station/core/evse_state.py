"""What an EVSE is at this moment: its parts, and everything that is derived from them.

Reading only; what changes it is ``station.core.evse``. Dialects see it through ``station.ocpp.dialect.EvseView``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from station.core import names
from station.core.charging import Grant
from station.core.contactor import Contactor
from station.core.context import Context
from station.core.energy import GRACE
from station.core.faults import Faults, FaultSet, Standing, by_name
from station.core.locks import Connector, Locks
from station.core.meter import Meter
from station.core.pilot import ASKING, MINIMUM_CURRENT_A
from station.core.transaction import Condition, Transaction
from station.core.transactions import TransactionDesk
from station.core.values import ChargingState, Fault, IdToken, Pilot, StopReason

if TYPE_CHECKING:
    from station.core.evse import Evse
    from station.core.serving import MeterService


_PLACE: Final = Condition.PARKING_BAY_OCCUPANCY.value
_EV: Final = Condition.EV_CONNECTED.value
_AUTHORIZED: Final = Condition.AUTHORIZED.value
_SIGNED: Final = Condition.DATA_SIGNED.value
_PATH: Final = Condition.POWER_PATH_CLOSED.value
_ENERGY: Final = Condition.ENERGY_TRANSFER.value


class Hooks(Protocol):
    """What the EVSE tells the station, and asks of it."""

    fault_set: FaultSet

    @property
    def hindered(self) -> bool: ...
    def ev_plugged(self, evse: Evse) -> None: ...
    def ev_gone(self, evse: Evse) -> None: ...
    def session_began(self, evse: Evse) -> None: ...
    def session_over(self, evse: Evse, grant: Grant, reason: StopReason) -> None: ...
    def serviceable_again(self, evse: Evse) -> None: ...
    def operative(self, evse: int, connector: int) -> bool: ...
    def admits(self, evse: int, connector: int) -> bool: ...
    def offering(self) -> bool: ...
    def problem(self, evse: int, fault: Standing, active: bool) -> None: ...


class EvseState:
    """The parts of an EVSE. ``state`` is the charging machine's (``station.core.charging``).

    ``connector`` is the one in use, or used last.
    """

    __slots__ = (
        "_told_state",
        "_was_serviceable",
        "bay",
        "bay_over",
        "connector",
        "contactor",
        "ctx",
        "desk",
        "ev",
        "ev_left",
        "fault_table",
        "grant",
        "hooks",
        "id",
        "kept",
        "lapsed",
        "limit_a",
        "locks",
        "meter",
        "offered_a",
        "pilot",
        "plugged_at",
        "reserved",
        "service",
        "signs",
        "state",
    )

    id: int
    ctx: Context
    hooks: Hooks
    state: str
    locks: Locks
    connector: Connector
    pilot: Pilot
    ev: bool
    ev_left: bool
    bay: bool
    bay_over: bool
    plugged_at: int
    grant: Grant | None
    kept: Grant | None
    lapsed: bool
    reserved: bool
    signs: bool
    limit_a: float
    offered_a: float | None
    fault_table: Faults
    contactor: Contactor
    meter: Meter
    desk: TransactionDesk
    service: MeterService
    _told_state: ChargingState
    _was_serviceable: bool

    # What others see

    @property
    def connectors(self) -> Sequence[Connector]:
        """The connectors' moving parts."""
        return self.locks.connectors

    @property
    def connector_ids(self) -> Sequence[int]:
        """The connectors, from 1."""
        return [connector.id for connector in self.connectors]

    @property
    def active_connector(self) -> int:
        """The number of the connector in use, or used last."""
        return self.connector.id

    @property
    def transaction(self) -> Transaction | None:
        """The running transaction, recorded or not."""
        return self.desk.transaction

    @property
    def token(self) -> IdToken | None:
        """The token that may charge here now."""
        return self.grant.token if self.grant is not None else None

    @property
    def occupied(self) -> bool:
        """Whether something is plugged in at either end of the cable."""
        return self.ev or (self.connector.cable and not self.connector.fixed)

    @property
    def in_use(self) -> bool:
        """Whether the connector counts as occupied: a cable, a vehicle, or something in its bay."""
        return self.occupied or self.bay

    @property
    def faults(self) -> Mapping[Fault, str]:
        """The faults that stand, the station's first, each with its text."""
        return by_name(self.fault_table.standing)

    @property
    def standing_faults(self) -> Sequence[Standing]:
        """The same with those who report them: one fault may stand by several."""
        faults = self.fault_table
        return faults.standing if faults.own.stands or faults.shared.stands else ()

    def faulted(self) -> bool:
        """Whether a fault stands that takes it out of service."""
        faults = self.fault_table
        return faults.own.serious or faults.shared.serious

    def operative(self, connector: int) -> bool:
        """Whether commands let it be used; a running transaction is finished first (OCPP 2.0.1 G03.FR.05).

        One that only waits for its last reading, at a connector that is free, finishes nothing for anybody any more.
        """
        desk = self.desk
        lasts = desk.transaction is not None and (desk.ending is None or self.state != "idle")
        if lasts and connector == self.connector.id:
            return True
        hooks = self.hooks
        if hooks.hindered and not hooks.admits(self.id, connector):
            return False
        return self.ctx.plan.charges_unmetered or self.metered

    @property
    def metered(self) -> bool:
        """Whether the meter allows a session to begin: it works, or the plan does not ask for that."""
        return self.ctx.plan.charges_unmetered or Fault.POWER_METER_FAILURE not in self.faults

    @property
    def serviceable(self) -> bool:
        """Whether a session may begin."""
        faults = self.fault_table
        if faults.own.serious or faults.shared.serious or self.desk.undecided:
            return False
        if self.hooks.hindered and not self.hooks.admits(self.id, self.connector.id):
            return False
        return self.ctx.plan.charges_unmetered or self.metered

    @property
    def charging_state(self) -> ChargingState:
        """OCPP 2.0.1 ChargingStateEnumType, derived.

        While a car has not yet answered its first offer, or the contactor is on its way, the state before stays.
        """
        if not self.ev:
            return ChargingState.IDLE
        if self.grant is None or self.state != "active":
            return ChargingState.EV_CONNECTED
        asks = self.pilot in ASKING
        if asks and self.contactor.state == "closed":
            return ChargingState.CHARGING
        transaction, faults = self.desk.transaction, self.fault_table
        limit_a, cable_a = self.limit_a, self.connector.limit_a
        suspended = transaction is not None and transaction.suspended
        starved = limit_a < MINIMUM_CURRENT_A or (cable_a is not None and cable_a < MINIMUM_CURRENT_A)
        if suspended or starved or faults.own.serious or faults.shared.serious:
            return ChargingState.SUSPENDED_EVSE
        if asks or self.offered_a is None or (GRACE, self.id) in self.ctx.deadlines:
            before = self._told_state
            return ChargingState.EV_CONNECTED if before is ChargingState.IDLE else before
        return ChargingState.SUSPENDED_EV

    def conditions(self) -> int:
        """The conditions of TxStartPoint and TxStopPoint that hold now, as bits."""
        ev = self.ev
        held = _PLACE | _EV if ev else _PLACE if self.bay else 0
        if self.grant is not None:
            held |= _AUTHORIZED
            if ev and self.signs and self.ctx.flag(names.SAMPLED_SIGN):
                held |= _SIGNED
            if ev and self.connector.secured:
                held |= _PATH
                if self.offered_a is not None and self.pilot in ASKING:
                    held |= _ENERGY
        return held
