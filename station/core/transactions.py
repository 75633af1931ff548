"""The transactions of one EVSE: when they start and stop, and what is told of them.

Of the hardware it knows only the meter. The EVSE tells it when one of the conditions changes; it answers with facts. A
start waits, bounded, for a reading of the meter; an end waits for one after the contactor has opened.

Spec: OCPP 2.0.1 E01-E12 (TxStartPoint, TxStopPoint, sequence numbers); OCPP 1.6 §4.8, §4.10.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

from station.core.charging import Grant
from station.core.codec import from_row, to_row
from station.core.contactor import Contactor
from station.core.context import Context
from station.core.effects import MeterSession
from station.core.facts import MeterNotice, Phase, TransactionFact
from station.core.meter import Meter, Purpose
from station.core.meter_value import MeterValue
from station.core.records import Json
from station.core.sampling import Sampler
from station.core.transaction import TRANSACTIONS, Condition, Ending, Transaction
from station.core.values import (
    ChargingState,
    IdToken,
    Reading,
    Stamp,
    StopReason,
    TriggerReason,
)

ENDING: Final = "ending"
_END_READING_S: Final = 2.0
_AUTHORIZED: Final = Condition.AUTHORIZED.value
_PATH: Final = Condition.POWER_PATH_CLOSED.value
_DATA_SIGNED: Final = Condition.DATA_SIGNED.value
_ENERGY: Final = Condition.ENERGY_TRANSFER.value
_ALIVE: Final = (Condition.EV_CONNECTED | Condition.AUTHORIZED | Condition.PARKING_BAY_OCCUPANCY).value
POWER_TRIGGERS: Final = {StopReason.REBOOT: TriggerReason.RESET_COMMAND}
"""What brings about an end for these reasons; for others it is an abnormal condition."""


class Surroundings(Protocol):
    """What the desk asks of its EVSE."""

    id: int
    contactor: Contactor

    @property
    def active_connector(self) -> int: ...
    @property
    def charging_state(self) -> ChargingState: ...
    @property
    def token(self) -> IdToken | None: ...
    @property
    def serviceable(self) -> bool: ...
    def conditions(self) -> int: ...
    def energy_begins(self) -> None: ...
    def reconcile(self) -> None: ...
    def transaction_ending(self, reason: StopReason, trigger: TriggerReason) -> None: ...


class TransactionDesk:
    """The running transaction of an EVSE, and the one about to start.

    ``starting`` is why one is about to start; ``ending`` why one is about to end; ``recorded`` whether what the
    running one rests on is durable; ``undecided`` whether it was restored and nobody knows yet what becomes of it.
    """

    __slots__ = (
        "_kept",
        "_missed",
        "_rests_on",
        "before",
        "ctx",
        "ending",
        "evse",
        "meter",
        "recorded",
        "sampler",
        "starting",
        "told_at_s",
        "told_state",
        "transaction",
        "undecided",
    )

    def __init__(self, ctx: Context, evse: Surroundings, meter: Meter) -> None:
        self.ctx = ctx
        self.evse = evse
        self.meter = meter
        self.sampler = Sampler(ctx, evse.id, signs=meter.signs)
        self.transaction: Transaction | None = None
        self.starting: TriggerReason | None = None
        self.ending: Ending | None = None
        self.before = 0
        self.recorded = False
        self.undecided = False
        self.told_state = ChargingState.IDLE
        self.told_at_s = 0.0
        self._missed = 0
        self._rests_on = 0
        self._kept: Transaction | None = None

    # When one starts and stops

    @property
    def running(self) -> bool:
        """Whether a transaction runs that is not about to end."""
        return self.transaction is not None and self.ending is None

    @property
    def register_told_s(self) -> float:
        """When the register was told, and so recorded, as it was read in that moment; minus infinity: not lately."""
        return self.told_at_s if self.meter.read_at_s == self.told_at_s else -math.inf

    def evaluate(
        self, trigger: TriggerReason, reason: StopReason = StopReason.LOCAL, token: IdToken | None = None
    ) -> bool:
        """Conditions may have changed for ``trigger``: start, tell or end what follows from it.

        A condition counts when it changes (a stop point that was never true cannot become false). A transaction for
        which nothing holds any more ends, whatever its stop points say.

        Answers whether anything came of it.
        """
        now, before = self.evse.conditions(), self.before
        self.before = now
        if self.undecided:
            return False
        transaction = self.transaction
        if transaction is None or self.ending is not None:
            if self.starting is None and not (now & ~before or self._missed):
                return False
            return self._evaluate_start(now, before, trigger)
        if transaction.ready is None and now & _PATH:
            transaction.ready = self.ctx.stamp()
            self.store()
        fallen = before & ~now
        if not now & _ALIVE or (fallen and fallen & self.ctx.rules.stop):
            why = transaction.stop_reason or reason
            self.end(why, trigger, token)
            self.evse.transaction_ending(why, trigger)
            return True
        if not (now ^ before) & _ALIVE:
            return False
        self._note_cause(transaction, fallen, before, reason)
        self.update(trigger, token=transaction.token if now & ~before & _AUTHORIZED else token)
        return True

    @staticmethod
    def _note_cause(transaction: Transaction, fallen: int, before: int, reason: StopReason) -> None:
        """A transaction that outlives its authorization ends, later, for the reason for which that was taken back."""
        if fallen & _AUTHORIZED:
            transaction.stop_reason = transaction.stop_reason or reason
        elif before & _AUTHORIZED:
            transaction.stop_reason = None

    def _evaluate_start(self, now: int, before: int, trigger: TriggerReason) -> bool:
        """A start point came to hold, or a driver was authorised while one does.

        What rises while no session may begin counts once one may; it is forgotten when it falls.
        """
        wanted = self.ctx.rules.start
        risen = (now & ~before) | (self._missed & now)
        self._missed = 0 if not risen or self.evse.serviceable else risen
        starts = risen & wanted or (risen & _AUTHORIZED and now & wanted)
        if starts and not self._missed:
            if self.ending is not None:
                self.finish(self.meter.last)
            if self.starting is None:
                self.starting = TriggerReason.SIGNED_DATA_RECEIVED if starts == _DATA_SIGNED else trigger
                if self.meter.plan.told_sessions:
                    self.ctx.ledger.emit(MeterSession(self.evse.id, True, "", self.evse.token))
                self.meter.want(Purpose.BEGIN)
            return True
        if self.starting is None or now & wanted:
            return False
        self.starting = None
        return True

    def assign(self, grant: Grant) -> None:
        """The running transaction belongs to this token from now on; no energy before that is recorded."""
        transaction = self.transaction
        if transaction is not None and self.ending is None:
            transaction.token, transaction.group = grant.token, grant.group
            transaction.remote_start_id = grant.remote_start_id
            transaction.reservation_id = grant.reservation_id
            transaction.token_told = False
            transaction.suspended, transaction.limit_wh = False, None
            self._await_record()

    def _await_record(self) -> None:
        """From now on the transaction rests on this turn's batch."""
        self.recorded = False
        self._rests_on += 1
        transaction, held = self.transaction, self._rests_on

        def recorded() -> None:
            if self.transaction is transaction and self._rests_on == held:
                self.recorded = True
                self.evse.reconcile()

        self.ctx.ledger.then(recorded)

    def begin(self, reading: Reading, owner: Transaction) -> None:
        """Start the transaction that was wanted; ``owner`` carries who it is for."""
        trigger, self.starting = self.starting, None
        if trigger is None or not self.evse.serviceable:
            return
        held = self.evse.conditions()
        starts = held & self.ctx.rules.start
        if not starts:
            return
        if starts == _ENERGY:
            self.evse.energy_begins()
        transaction = owner
        transaction.begin_wh = transaction.last_wh = reading.energy_wh
        transaction.last = transaction.started
        transaction.ready = transaction.started if held & _PATH else None
        self.transaction = transaction
        self.told_state = ChargingState.IDLE
        self._await_record()
        first = self.sampler.begin(transaction.id, reading, transaction.started)
        self._tell(Phase.STARTED, trigger, values=(first,) if first else (), token=transaction.token)
        self._publish_started(transaction)
        self.sampler.schedule()

    def _publish_started(self, transaction: Transaction) -> None:
        """Observers hear of a transaction when it starts, and again when it is known whose it is."""
        self.ctx.publish(
            "transaction_started",
            evse=self.evse.id,
            connector=transaction.connector,
            id=transaction.id,
            token=transaction.token,
        )

    def reschedule(self) -> None:
        """The sampling variables changed."""
        if self.running and not self.undecided:
            self.sampler.schedule()

    # What is told

    def update(self, trigger: TriggerReason, values: tuple[MeterValue, ...] = (), token: IdToken | None = None) -> None:
        """Tell that the transaction goes on, and why that is told."""
        if self.running:
            self._tell(Phase.UPDATED, trigger, values, token)

    def check_state(self) -> None:
        """Tell a charging state that changed and was not told with something else."""
        if not self.undecided:
            self._tell(Phase.UPDATED, TriggerReason.CHARGING_STATE_CHANGED)

    def _tell(
        self,
        phase: Phase,
        trigger: TriggerReason,
        values: tuple[MeterValue, ...] = (),
        token: IdToken | None = None,
        ending: Ending | None = None,
        reading: Reading | None = None,
    ) -> None:
        ctx, transaction = self.ctx, self.transaction
        if transaction is None:
            return
        meter = self.meter
        if meter.last is not None and meter.last.energy_wh != meter.kept_wh:
            # What a fact says of the register may be shown from then on: it is recorded with the fact.
            meter.record()
        state, now = self.evse.charging_state, ctx.now
        if self.told_state is ChargingState.CHARGING and now > self.told_at_s:
            transaction.charging_s += now - self.told_at_s
        self.told_state, self.told_at_s = state, now
        introduces = not transaction.token_told and transaction.token is not None
        if introduces:
            token = token or transaction.token
            if transaction.remote_start_id is not None and phase is not Phase.ENDED:
                trigger = TriggerReason.REMOTE_START  # whatever else brought it about (2.0.1 F01.FR.19, F02.FR.21)
        if values or token is not None or phase is not Phase.UPDATED or ctx.plan.tells_states:
            # An end that is told after a power cut must not lie before this.
            transaction.last = stamp = values[0].stamp if reading is not None else ctx.stamp()
            # In the order of the members: naming nineteen of them takes longer than all else that is done here.
            fact = TransactionFact(
                phase,
                transaction.id,
                transaction.seq_no,
                ctx.timeline.in_order(stamp if ending is None else ending.stamp),
                trigger,
                transaction.evse,
                transaction.connector,
                state,
                token,
                transaction.group,
                transaction.remote_start_id if introduces else None,
                transaction.reservation_id if introduces else None,
                transaction.last_wh,
                values,
                ending.reason if ending is not None else None,
                int(transaction.charging_s) if phase is not Phase.STARTED else None,
                offline=not ctx.online,
            )
            ctx.ledger.tell(fact, reading)
            transaction.seq_no += 1
            if introduces:
                self._introduced(transaction, phase)
        if phase is not Phase.ENDED and self._kept is not transaction:
            self.store()

    def _introduced(self, transaction: Transaction, phase: Phase) -> None:
        transaction.token_told = True
        if phase is Phase.UPDATED:
            self._publish_started(transaction)

    def store(self) -> None:
        """Write the transaction's row with this turn's batch."""
        transaction, ledger = self.transaction, self.ctx.ledger
        if transaction is None or self.undecided:
            return
        if not ledger.late:
            ledger.put(TRANSACTIONS, transaction.id, transaction.copy(), to_row)
        elif self._kept is not transaction:
            self._kept = transaction  # Such a store reads it as it is then.
            ledger.put(TRANSACTIONS, transaction.id, transaction, to_row)

    # Readings

    def took(self, reading: Reading, stamp: Stamp) -> None:
        """A reading was accepted, at this moment: the transaction's register follows it, and never falls."""
        transaction = self.transaction
        if transaction is not None and self.ending is None and not self.undecided:
            if reading.energy_wh > transaction.last_wh:
                transaction.last_wh = reading.energy_wh
            transaction.last = stamp
            if reading.signed_begin is not None:
                self.sampler.begin_signed(transaction.id, reading.signed_begin)

    def sample(self, reading: Reading, purpose: Purpose, stamp: Stamp) -> None:
        """Tell what the variables select from a reading that was taken for ``purpose``; it is of this moment."""
        value, transaction = self.sampler.value(reading, stamp, purpose), self.transaction
        if transaction is None or self.ending is not None or purpose is Purpose.TRIGGER_OUTSIDE:
            if value is not None and purpose in (_TOLD_OUTSIDE if self.ctx.registered else _ASKED_FOR):
                self.ctx.notify(MeterNotice(self.evse.id, self.evse.active_connector, (value,)))
        elif purpose in (Purpose.PERIODIC_END, Purpose.CLOCK_END):
            self.sampler.keep(transaction.id, value)
        elif value is not None:
            self._tell(Phase.UPDATED, _SAMPLED[purpose], (value,), reading=reading)

    # The end

    def end(self, reason: StopReason, trigger: TriggerReason, token: IdToken | None = None) -> None:
        """End the transaction: the contactor opens first, then the last reading, then the fact."""
        self.starting = None
        if self.transaction is None or self.ending is not None or self.undecided:
            return
        self.ending = Ending(self.ctx.stamp(), reason, trigger, token)
        self.sampler.cancel()
        self.evse.reconcile()
        self.ctx.at(ENDING, self.evse.id, _END_READING_S)
        self.opened()

    def opened(self) -> None:
        """The contactor may have opened: the last reading can be taken."""
        transaction = self.transaction
        if self.ending is None or transaction is None or self.evse.contactor.passes or self.meter.wanted(Purpose.END):
            return
        self._metered_session_ends(transaction)
        self.meter.want(Purpose.END)

    def _metered_session_ends(self, transaction: Transaction) -> None:
        if self.meter.plan.told_sessions:
            self.ctx.ledger.emit(MeterSession(self.evse.id, False, transaction.id, transaction.token))

    def finish(self, reading: Reading | None) -> None:
        """Tell the end, with the last reading or, where none came, the last known one."""
        ending, transaction, ctx = self.ending, self.transaction, self.ctx
        if ending is None or transaction is None:
            return
        values = self.sampler.kept
        if reading is not None:
            if reading.signed_begin is not None:
                self.sampler.begin_signed(transaction.id, reading.signed_begin)
            transaction.last_wh = max(transaction.last_wh, reading.energy_wh)
            if reading.energy_wh < transaction.last_wh:
                reading = Reading(transaction.last_wh)
            values = self.sampler.last(reading, ending.stamp)
        self._tell(Phase.ENDED, ending.trigger, values, ending.token, ending)
        ctx.publish(
            "transaction_stopped",
            evse=self.evse.id,
            connector=transaction.connector,
            id=transaction.id,
            reason=str(ending.reason),
            energy_wh=transaction.last_wh - transaction.begin_wh,
        )
        self._close(transaction)
        self.evse.reconcile()  # what came meanwhile may have waited for the end

    def _close(self, transaction: Transaction) -> None:
        """The transaction is over, or never was: nothing of it is kept."""
        self.ctx.ledger.delete(TRANSACTIONS, transaction.id)
        self.sampler.drop(transaction.id)
        self.sampler.cancel()
        self.ctx.cancel(ENDING, self.evse.id)
        self.transaction = self.ending = self._kept = None
        self.recorded = self.undecided = False
        self.meter.restart()

    def abandon(self) -> None:
        """The start could not be recorded: this transaction never was."""
        transaction = self.transaction
        if transaction is not None:
            self._close(transaction)
            self._metered_session_ends(transaction)

    # After a reboot

    def restore(self, row: Json, samples: dict[str, Json]) -> None:
        """Take over a transaction that was running when the power went."""
        transaction = from_row(Transaction, row)
        self.transaction = transaction
        self.recorded = self.undecided = True
        for stamp in (transaction.started, transaction.last):
            if stamp is not None:
                self.ctx.timeline.remember(stamp)
        self.sampler.restore(transaction.id, samples)

    def resumed(self) -> None:
        """A restored transaction goes on: it is sampled again, and its register goes on from where it was."""
        self.undecided = False
        self.before = self.evse.conditions()
        self.told_at_s = self.ctx.now
        self.told_state = ChargingState.IDLE
        if self.transaction is not None:
            self.meter.resume(self.transaction.last_wh)
            if self.meter.last is not None:
                # Read, and shown, before it was decided that the transaction goes on.
                self.took(self.meter.last, self.ctx.stamp())
                self.store()
        self.sampler.schedule()

    def power_lost(self, reason: StopReason) -> None:
        """End what was running when the power went: with the last known reading, at the last known moment of that boot.

        It lived at least as long as anything else that is told of then, and is told to have ended after that.
        """
        transaction = self.transaction
        if transaction is None:
            return
        self.undecided = False
        known = transaction.last or transaction.started
        stamp = Stamp(max(known.at_s, self.ctx.timeline.ends.get(known.boot, known.at_s)), known.boot)
        trigger = POWER_TRIGGERS.get(reason, TriggerReason.ABNORMAL_CONDITION)
        self.ending = Ending(stamp, reason, trigger)
        last = self.meter.last
        if last is not None and not self.meter.plan.session_meter and not self.meter.signs:
            # The register was read again since. What it has counted after the last record flowed before the power
            # went, or before whatever holds the contactor let go: nobody else has had it.
            transaction.last_wh = max(transaction.last_wh, last.energy_wh)
        self.finish(Reading(transaction.last_wh))


_ASKED_FOR: Final = (Purpose.TRIGGER, Purpose.TRIGGER_OUTSIDE)
_TOLD_OUTSIDE: Final = (*_ASKED_FOR, Purpose.CLOCK, Purpose.OTHER)
"""What is told without a transaction; nothing but what was asked for before the boot is accepted (B02.FR.02)."""
_SAMPLED: Final = {
    Purpose.PERIODIC: TriggerReason.METER_VALUE_PERIODIC,
    Purpose.CLOCK: TriggerReason.METER_VALUE_CLOCK,
    Purpose.TRIGGER: TriggerReason.TRIGGER,
    Purpose.OTHER: TriggerReason.TRIGGER,
}
