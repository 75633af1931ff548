"""The store and the power: what happens when either fails, and what becomes of what was running.

Functions on the station, called for the events of ``station.core.dispatch``.

Spec: OCPP 2.0.1 B12, E; OCPP 1.6 §4.10 (PowerLoss).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from station.core import events
from station.core.charging import Grant
from station.core.effects import Publish
from station.core.transactions import POWER_TRIGGERS
from station.core.turn import NOTHING_FOLLOWS
from station.core.values import StopReason, TriggerReason

if TYPE_CHECKING:
    from station.core.station import Station

RETRY: Final = "retry"
_RETRY_S: Final = 5.0


def recorded(station: Station, event: events.Recorded) -> object:
    """A batch is durable: what waited for it goes on."""
    station.security.store_works()
    return None if station.ctx.ledger.recorded(event.seq) else NOTHING_FOLLOWS


def record_failed(station: Station, event: events.RecordFailed) -> None:
    """Refuse and undo what was asked for; keep what happened and try it again until it is stored."""
    ctx = station.ctx
    known = ctx.ledger.failing
    lost = ctx.ledger.failed(event.seq)
    for evse in station.evses:
        if evse.transaction is not None and evse.transaction.id in lost:
            evse.desk.abandon()
            if evse.grant is not None:
                evse.end_session(StopReason.OTHER, TriggerReason.ABNORMAL_CONDITION)
        evse.settle(TriggerReason.CHARGING_STATE_CHANGED)
    if not known:
        ctx.ledger.emit(Publish("error", {"message": f"the store failed: {event.problem or 'unknown reason'}"}))
    station.security.store_failed(event.problem)
    if ctx.ledger.failing and (RETRY, 0) not in ctx.deadlines:
        ctx.at(RETRY, 0, _RETRY_S)


def retry(station: Station) -> None:
    """Try again to store what could not be stored."""
    station.ctx.ledger.retry()


def hardware_ready(station: Station, event: events.HardwareReady) -> None:
    """Decide what becomes of transactions that were open when the power went."""
    station.restored = True
    for evse in station.evses:
        transaction = evse.transaction
        if transaction is not None and evse.desk.undecided:
            resume = station.ctx.plan.resume_after_power_loss if event.resume is None else event.resume
            if resume and evse.ev and transaction.token is not None:
                evse.resume(Grant(transaction.token, transaction.group, transaction.remote_start_id))
            else:
                evse.desk.power_lost(transaction.stop_reason or event.reason)
        if evse.grant is None:
            evse.unlock()  # A bolt stays where it was while the power is gone.
    station.firmware.woken()
    station.problems.began()


def power_failing(station: Station, event: events.PowerFailing) -> None:
    """Open first; then end what runs (its last reading may follow), or leave it open to be resumed."""
    station.ctx.closing_down = True
    station.auth.close(event.reason)
    for evse in station.evses:
        evse.contactor.open()
        if evse.transaction is not None and not event.resume:
            evse.stop(event.reason, POWER_TRIGGERS.get(event.reason, TriggerReason.ABNORMAL_CONDITION))
