"""One EVSE: what is plugged in, who may charge, and when energy may flow.

Physics is never an error: every pilot, lock, meter and contactor event is legal in every state. What follows from an
event is derived anew each time: ``reconcile`` decides offer and contactor, ``TransactionDesk.evaluate`` decides the
transaction. Opening the contactor comes first, always.

Spec: IEC 61851-1; OCPP 1.6 §4.9 (status transitions); OCPP 2.0.1 E01-E10.
"""

from __future__ import annotations

from functools import lru_cache

from station.core import energy
from station.core.charging import BLUEPRINT, Grant
from station.core.contactor import CONTRADICTING, HELD, OFF, Contactor
from station.core.context import Context, EvsePlan
from station.core.effects import OfferCurrent
from station.core.energy import GRACE
from station.core.evse_state import EvseState, Hooks
from station.core.faults import Faults, clear_fault, doubt_meter, lock_moves, raise_fault, recovered
from station.core.hardware_faults import (
    CONTACTOR_LOST,
    CONTACTOR_STUCK,
    CONTACTOR_WELDED,
    LOCK_NOT_CLOSED,
    LOCK_NOT_OPENED,
    PILOT_ERROR,
)
from station.core.locks import LOCK, Connector, Locks
from station.core.meter import Meter
from station.core.pilot import ASKING, FAULTY, ev_connected
from station.core.serving import MeterService
from station.core.transaction import Condition
from station.core.transactions import TransactionDesk
from station.core.values import ChargingState, Fault, IdToken, Pilot, StopReason, TriggerReason

__all__ = ["GRACE", "LOCK", "PLUG", "Connector", "Evse", "Grant", "Hooks"]

PLUG = "plug"
_GRACE_S = 5.0

_offer = lru_cache(maxsize=256)(OfferCurrent)


class Evse(EvseState):
    """An EVSE's state. ``state`` is the charging machine's; everything shown is derived.

    ``kept`` is whose card lets the cable go after a session that ended without unlocking (E09.FR.03, E05.FR.11);
    ``ev_left`` whether the vehicle's end was pulled during a transaction: it ended with that and the cable is still
    there, or it goes on and a vehicle is back; ``bay_over`` whether the usage is over and only the bay is to be left;
    ``lapsed`` whether the connection time-out passed without a token and the vehicle has to be plugged in anew.
    """

    __slots__ = ()

    def __init__(self, ctx: Context, plan: EvsePlan, hooks: Hooks) -> None:
        self.ctx = ctx
        self.id = plan.id
        self.hooks = hooks
        self.state = BLUEPRINT.initial
        self.locks = Locks(ctx, plan.id, plan.connectors)
        self.connector = self.locks.connectors[0]
        self.pilot = Pilot.A
        self.ev = self.ev_left = self.lapsed = False
        self.bay = self.bay_over = False
        self.plugged_at = 0
        self.grant: Grant | None = None
        self.kept: Grant | None = None
        self.reserved = False
        self.signs = plan.signing_meter
        self.limit_a: float = plan.max_current_a
        self.offered_a: float | None = None
        self.fault_table = Faults(hooks.fault_set)
        self.contactor = Contactor(ctx, plan.id)
        self.meter = Meter(ctx, plan)
        self.desk = TransactionDesk(ctx, self, self.meter)
        self.service = MeterService(self)
        self._told_state = ChargingState.EV_CONNECTED
        self._was_serviceable = True

    def conclude(self, hindered: bool) -> None:
        """The end of a turn: tell what the turn came to, and keep the state that the next one starts from.

        ``hindered``: something other than the EVSE may keep sessions from beginning (``Hooks.hindered``).
        """
        grant, desk = self.grant, self.desk
        waits = grant is not None and grant.case is not None
        if waits and self.state == "active" and desk.starting is None and self.connector.secured:
            self.hooks.session_began(self)
        state = self.charging_state
        if state is not desk.told_state and desk.transaction is not None and desk.ending is None:
            desk.check_state()
        self._told_state = state
        faults = self.fault_table
        troubled = hindered or faults.own.stands or faults.shared.stands or desk.undecided
        if troubled or not self._was_serviceable:
            self._review_service()

    def _review_service(self) -> None:
        serviceable = self.serviceable
        if serviceable != self._was_serviceable:
            self._was_serviceable = serviceable
            if serviceable:
                self.desk.evaluate(TriggerReason.CHARGING_STATE_CHANGED)
                self.hooks.serviceable_again(self)

    # Energy

    def reconcile(self) -> None:
        """Offer current and close the contactor exactly while everything allows it; else withdraw, opening first."""
        wanted = energy.offer_a(self) if self.grant is not None else None
        if wanted is not None and self.offered_a is None and self.hooks.offering():
            wanted = energy.offer_a(self)
        closes = wanted is not None and energy.may_close(self)
        contactor = self.contactor
        if not closes and contactor.state in HELD:
            contactor.open()
        if wanted != self.offered_a:
            first = self.offered_a is None
            self.offered_a = wanted
            self.ctx.ledger.out.append(_offer(self.id, wanted))
            if first and self.pilot not in ASKING:
                self.ctx.at(GRACE, self.id, _GRACE_S)
            elif wanted is None:
                self.ctx.cancel(GRACE, self.id)
        if closes and contactor.state == "open":
            contactor.close()

    def energy_begins(self) -> None:
        """A transaction that starts with nothing but the energy is told as Charging: the contacts wait for it only."""
        self._told_state = ChargingState.CHARGING

    def limit(self, current_a: float) -> None:
        """The current that may be offered changed."""
        if current_a != self.limit_a:
            self.limit_a = current_a
            self.settle(TriggerReason.CHARGING_RATE_CHANGED, StopReason.OTHER)

    # Physics

    def settle(
        self,
        trigger: TriggerReason,
        reason: StopReason = StopReason.LOCAL,
        token: IdToken | None = None,
        *,
        reconciled: bool = False,
    ) -> None:
        """Draw the consequences of whatever changed: energy first, then the transaction.

        ``reconciled``: the first was done, and nothing has changed since.
        """
        if not reconciled:
            self.reconcile()
        if self.desk.evaluate(trigger, reason, token):
            self.reconcile()
        if self.meter.polled:
            self.service.serve_if_fresh()

    def pilot_changed(self, pilot: Pilot) -> None:
        """The control pilot moved."""
        was, self.pilot = self.ev, pilot
        self.ev = ev_connected(pilot, was)
        self.reconcile()
        if pilot in ASKING:
            self.ctx.deadlines.pop((GRACE, self.id), None)
        troubled = pilot in FAULTY
        if troubled:
            self.raise_fault(Fault.EV_COMMUNICATION_ERROR, f"pilot state {pilot}", PILOT_ERROR)
        elif self.fault_table.own.stands:
            troubled = True
            recovered(self, Fault.EV_COMMUNICATION_ERROR, PILOT_ERROR)
        if self.ev and not was:
            self._plugged()
        elif was and not self.ev:
            self._unplugged()
        else:
            self.settle(TriggerReason.CHARGING_STATE_CHANGED, StopReason.STOPPED_BY_EV, reconciled=not troubled)

    def _plugged(self) -> None:
        self.ev_left = self.state == "interrupted"
        self.lapsed = False
        self.bay_over = False
        self._told_state = ChargingState.EV_CONNECTED
        self.kept = None
        began = self.state in ("awaiting", "interrupted")
        fresh = BLUEPRINT.fire(self, "occupied")
        BLUEPRINT.fire(self, "plug")
        self.ctx.cancel(PLUG, self.id)
        if began:
            if self.grant is not None and self.grant.trigger is TriggerReason.AUTHORIZED:
                # What the closing of the lock completes was brought about by the cable, not by the card before it.
                self.grant.trigger = TriggerReason.CABLE_PLUGGED_IN
            self.locks.secure(self.connector)
        elif fresh or self.state == "plugged":
            self._expect()
        self.settle(TriggerReason.CABLE_PLUGGED_IN)
        if not began:
            self.hooks.ev_plugged(self)

    def _unplugged(self) -> None:
        self.hooks.ev_gone(self)
        rules = self.ctx.rules
        ends = rules.unplug_stops or bool(rules.stop & (Condition.EV_CONNECTED | Condition.POWER_PATH_CLOSED))
        if self.state == "active" and not ends and self.transaction is not None:
            BLUEPRINT.fire(self, "interrupt")
            if self.connector.fixed:
                self._expect()
            self.settle(TriggerReason.EV_COMMUNICATION_LOST, StopReason.EV_DISCONNECTED)
        elif self.state == "active":
            in_transaction = self.transaction is not None
            reason, trigger = StopReason.EV_DISCONNECTED, TriggerReason.EV_COMMUNICATION_LOST
            self.end_session(reason, trigger, unlock=rules.unplug_unlocks)
            self.ev_left = in_transaction
        else:
            self.settle(TriggerReason.EV_COMMUNICATION_LOST, StopReason.EV_DISCONNECTED)
        self._clear_if_free()

    def cable_changed(self, connector: int, present: bool, limit_a: float | None) -> None:
        """The station's end of the cable moved."""
        moved = self.locks.find(connector)
        if moved is None:
            return
        transaction = self.desk.transaction
        free = self.state == "awaiting" or (self.state == "idle" and transaction is None)
        if present and free and not self.occupied:
            self.connector = moved
            if transaction is not None:
                transaction.connector = connector  # It began with the card, before anybody knew where.
                self.desk.store()
        if moved.fixed:
            return
        moved.cable, moved.limit_a = present, limit_a if present else None
        if not present:
            moved.bolt(locked=False, wanted=None)
        if present and moved is self.connector and BLUEPRINT.fire(self, "occupied"):
            self._expect()
        self.settle(TriggerReason.CHARGING_STATE_CHANGED)
        self._clear_if_free()

    def _expect(self) -> None:
        """What is missing, the token or the vehicle, has to come within the connection time-out."""
        timeout_s = self.ctx.rules.plug_timeout_s
        if timeout_s > 0:
            self.ctx.at(PLUG, self.id, timeout_s)

    def _clear_if_free(self) -> None:
        if self.state not in ("plugged", "finishing") or self.occupied:
            return
        self.bay_over = self.bay and self.state == "finishing"
        BLUEPRINT.fire(self, "cleared")
        self.ev_left = self.lapsed = False
        self.ctx.cancel(PLUG, self.id)
        self.kept = None
        if self.fault_table.own.has(Fault.CONNECTOR_LOCK_FAILURE, LOCK_NOT_CLOSED):
            # Nobody else would find out that the lock works again.
            self.locks.force(self.connector, live=self.contactor.passes)

    def bay_changed(self, occupied: bool) -> None:
        """Something came to, or left, the parking bay."""
        if occupied != self.bay:
            self.bay, self.bay_over = occupied, False
            if self.state == "idle":
                self.ctx.cancel(PLUG, self.id)
                if occupied:
                    self._expect()
            self.settle(
                TriggerReason.EV_DETECTED if occupied else TriggerReason.EV_DEPARTED, StopReason.EV_DISCONNECTED
            )

    def contactor_moved(self, closed: bool) -> None:
        """The main contacts were seen."""
        self.contactor.moved(closed)
        self._contacts_changed(TriggerReason.CHARGING_STATE_CHANGED)

    def contactor_overdue(self) -> None:
        """The contacts did not follow their command in time; of a contactor that does not answer nobody knows that."""
        if self.fault_table.own.has(Fault.POWER_SWITCH_FAILURE, CONTACTOR_LOST):
            self.contactor.supervise()
            return
        self.contactor.overdue()
        self._contacts_changed(TriggerReason.ABNORMAL_CONDITION)

    def _contacts_changed(self, trigger: TriggerReason) -> None:
        contactor = self.contactor
        if contactor.state in CONTRADICTING:
            source = CONTACTOR_WELDED if contactor.state == "welded" else CONTACTOR_STUCK
            if not self.fault_table.own.has(Fault.POWER_SWITCH_FAILURE, source):
                self.raise_fault(Fault.POWER_SWITCH_FAILURE, "", source)
        self.settle(trigger, StopReason.OTHER)
        if contactor.state in OFF:
            self.locks.opened()
            self.desk.opened()
            if self.meter.polled:
                self.service.serve_if_fresh()

    # The lock

    def let_go(self) -> None:
        """Unlock a cable that was kept locked after its session."""
        self.kept = None
        self.unlock()

    def unlock(self) -> None:
        """Let the cable go, once the contacts are open."""
        self.locks.release(self.connector, live=self.contactor.passes)

    def lock_moved(self, connector: int, locked: bool, failed: bool) -> None:
        """The lock reached a position, or failed to."""
        moved = self.locks.find(connector)
        if moved is None:
            return
        if self.locks.moved(moved, locked, failed):
            self.lock_failed()
            return
        if failed and locked:
            self.raise_fault(Fault.CONNECTOR_LOCK_FAILURE, "", LOCK_NOT_OPENED)
        elif self.fault_table.own.stands:
            lock_moves(self, locked, failed)
        self.settle(self.grant.trigger if self.grant is not None else TriggerReason.CHARGING_STATE_CHANGED)

    def lock_failed(self) -> None:
        """The cable could not be locked: no session without it (1.6 TC_024: no transaction, ConnectorLockFailure)."""
        self.ctx.cancel(LOCK, self.id)
        if self.grant is not None:
            self.raise_fault(Fault.CONNECTOR_LOCK_FAILURE, "", LOCK_NOT_CLOSED)

    # Authorization

    def grant_to(self, grant: Grant, trigger: TriggerReason) -> bool:
        """Let a token charge here. True when the session began at once, False when a plug is awaited."""
        self.grant, self.kept = grant, None
        self.bay_over = False
        self._told_state = ChargingState.EV_CONNECTED
        if self.desk.transaction is not None:
            self.desk.assign(grant)
        BLUEPRINT.fire(self, "authorised")
        active = self.state == "active"
        if active:
            self.ctx.cancel(PLUG, self.id)
            self.locks.secure(self.connector)
        else:
            self._expect()
        self.settle(trigger)
        return active

    def resume(self, grant: Grant) -> None:
        """Go on with a restored transaction: its token is still good and its vehicle still there."""
        self.grant = grant
        BLUEPRINT.fire(self, "authorised")
        self.ctx.cancel(PLUG, self.id)
        self.locks.secure(self.connector)
        self.desk.resumed()
        self.reconcile()

    def end_session(
        self,
        reason: StopReason,
        trigger: TriggerReason,
        token: IdToken | None = None,
        *,
        unlock: bool = True,
    ) -> None:
        """Take the authorization back: contactor open, transaction ended by its stop points, cable let go."""
        grant, self.grant = self.grant, None
        self.ev_left = False
        BLUEPRINT.fire(self, "deauthorised")
        self.ctx.cancel(PLUG, self.id)
        self.settle(trigger, reason, token)
        if unlock:
            self.unlock()
        elif self.connector.locked:
            self.kept = grant
        if grant is not None:
            self.hooks.session_over(self, grant, reason)
        self.bay_over = self.bay and self.state == "idle"
        self._clear_if_free()

    def plug_overdue(self) -> None:
        """The connection time-out is over (1.6 §4.9 B1, B6; OCPP 2.0.1 E03.FR.05, E03.FR.15, E10.FR.02)."""
        if self.state in ("awaiting", "interrupted"):
            self.abandon(StopReason.TIMEOUT, TriggerReason.EV_CONNECT_TIMEOUT)
        self.bay_over = self.bay and self.state == "idle"
        self.lapsed = BLUEPRINT.fire(self, "lapsed") and self.ev and self.ctx.plan.replug_after_timeout

    def abandon(self, reason: StopReason, trigger: TriggerReason, token: IdToken | None = None) -> None:
        """No vehicle comes for the token: what began with the token alone ends, unless the bay decides that."""
        if not self.ctx.rules.stop & Condition.PARKING_BAY_OCCUPANCY:
            self.desk.end(reason, trigger, token)
        self.end_session(reason, trigger, token)

    def stop(self, reason: StopReason, trigger: TriggerReason, token: IdToken | None = None) -> None:
        """End the transaction and the session whatever the stop points say."""
        self.desk.end(reason, trigger, token)
        if self.grant is not None:
            self.end_session(reason, trigger, token)
        else:
            self.unlock()

    def transaction_ending(self, reason: StopReason, trigger: TriggerReason) -> None:
        """The transaction ends by its stop points: a session that lived only for it ends too."""
        if self.grant is not None:
            self.end_session(reason, trigger)

    # Faults

    def raise_fault(self, fault: Fault, info: str = "", source: str = "") -> None:
        """A fault stands; one that takes the connector out of service ends what runs."""
        raise_fault(self, fault, info, source)

    def clear_fault(self, fault: Fault | None, source: str | None = None) -> None:
        """A fault is gone, or all are; what the hardware still shows stays."""
        clear_fault(self, fault, source)

    def meter_doubted(self, doubt: str | None) -> None:
        """Why the last reading is not believed, in a word of ``hardware_faults``; None: it is."""
        doubt_meter(self, doubt)

    def suspend(self, trigger: TriggerReason) -> None:
        """Deliver no more energy in this transaction, and tell so (E05.FR.02)."""
        transaction = self.transaction
        if transaction is not None:
            transaction.suspended = True
            self.settle(trigger)
            if self.charging_state is not self.desk.told_state:
                self.desk.update(trigger)
            self.desk.store()
