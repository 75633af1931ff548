"""Who gets a meter's reading at an EVSE: a transaction that begins or ends, its samples, or nobody.

What a reading is worth is the ``Meter``'s business, what is told of it the ``TransactionDesk``'s; here one is brought
to the other. Called by ``station.core.evse`` and for the sampling deadlines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core.hardware_faults import METER_SILENT
from station.core.meter import TAKEN, UNSURE, Purpose
from station.core.transaction import Transaction
from station.core.values import Fault, Reading, Stamp, TriggerReason

if TYPE_CHECKING:
    from station.core.evse import Evse

_STALE_TOO = (Purpose.TRIGGER, Purpose.TRIGGER_OUTSIDE, Purpose.OTHER)


class MeterService:
    """The readings of one EVSE."""

    __slots__ = ("evse",)

    def __init__(self, evse: Evse) -> None:
        self.evse = evse

    def want(self, purpose: Purpose) -> None:
        """Have a reading taken for ``purpose``, or use the last one where it is fresh."""
        meter = self.evse.meter
        meter.want(purpose, signed=meter.signs and self.evse.desk.sampler.signed(purpose))
        if meter.polled:
            self.serve_if_fresh()

    def due(self, purpose: Purpose) -> bool:
        """A sample is due: take it, where the meter is read within the turn, or have it taken. Answers as ``read``."""
        meter = self.evse.meter
        reading = meter.gauge.reading() if meter.gauge is not None else None
        if reading is not None:
            return self.read(reading, purpose)
        self.want(purpose)
        return meter.polled

    def read(self, reading: Reading | None, purpose: Purpose | None = None) -> bool:
        """A reading came, or did not come in time (None); besides for those who wait, it was taken for ``purpose``.

        Answers whether more may follow from it than what is told and kept of it: a transaction began or ended, the
        meter's word is worth less or more than before, no more energy may flow.
        """
        evse, meter = self.evse, self.evse.meter
        verdict = meter.accept(reading) if reading is not None else None
        if verdict == UNSURE:
            if purpose is None:
                meter.ask_again()
            else:
                self.want(purpose)
            return False
        follows = verdict != TAKEN or evse.fault_table.own.stands
        accepted, stamp = verdict == TAKEN, evse.ctx.stamp()
        if accepted and meter.last is not None:
            evse.desk.took(meter.last, stamp)
        if verdict is not None:
            if follows:
                evse.meter_doubted(verdict or None)
        elif meter.missed() and Fault.POWER_METER_FAILURE not in evse.faults:
            evse.meter_doubted(METER_SILENT)
        follows |= self._serve(accepted, reading, stamp, purpose)
        transaction = evse.desk.transaction
        if transaction is not None and transaction.limit_wh is not None:
            follows |= self._limited(transaction)
        return follows

    def _limited(self, transaction: Transaction) -> bool:
        """A token that was refused late gets no more than it may (OCPP 2.0.1 E05, MaxEnergyOnInvalidId)."""
        if transaction.suspended or transaction.limit_wh is None or transaction.last_wh < transaction.limit_wh:
            return False
        self.evse.suspend(TriggerReason.ENERGY_LIMIT_REACHED)
        return True

    def serve_if_fresh(self) -> None:
        """Serve those who wait with the last reading of a polled meter."""
        if self.evse.meter.servable:
            self._serve(True, self.evse.meter.last, self.evse.ctx.stamp())

    def _serve(self, current: bool, reading: Reading | None, stamp: Stamp, also: Purpose | None = None) -> bool:
        """Serve those who wait, and ``also`` this.

        A reading that is not ``current`` begins and ends transactions, but is no sample. Answers whether a transaction
        waited for it, to begin or to end.
        """
        desk, meter = self.evse.desk, self.evse.meter
        served = meter.serve(reading)
        if also is not None and also not in served:
            served = (*served, also)
        last = meter.last
        known = last or Reading(meter.known_wh)
        records = (served or meter.shown_wh is None) and meter.record()
        transaction = desk.transaction
        told = transaction.seq_no if transaction is not None else 0
        for purpose in served:
            if purpose is Purpose.BEGIN:
                self._begin(known, stamp)
            elif purpose is Purpose.RECORD:
                if not records:
                    desk.store()
            elif purpose is Purpose.END:
                desk.finish(known)
            elif last is not None and (current or purpose in _STALE_TOO):
                desk.sample(last, purpose, stamp)
        transaction = desk.transaction
        # Whatever was told of the transaction has stored it too.
        if records and transaction is not None and transaction.seq_no == told and desk.ending is None:
            desk.store()
        return Purpose.BEGIN in served or Purpose.END in served

    def _begin(self, reading: Reading, stamp: Stamp) -> None:
        evse = self.evse
        grant = evse.grant
        transaction = Transaction(id=evse.ctx.new_id(), evse=evse.id, connector=evse.connector.id, started=stamp)
        if grant is not None:
            transaction.token, transaction.group = grant.token, grant.group
            transaction.remote_start_id = grant.remote_start_id
            transaction.reservation_id = grant.reservation_id
        evse.desk.begin(reading, transaction)
        evse.reconcile()
