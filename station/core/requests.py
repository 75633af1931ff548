"""What the CSMS or the owner asks of a running station, and what it answers.

Each request gets one ``Reply``: at once, or when the lock's motor has moved. Spec references stand at each handler.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from station.core import names
from station.core.effects import Outcome, Reply
from station.core.events import (
    ChangeAvailability,
    ClearCache,
    DeleteVariable,
    PutToken,
    RemoteStart,
    RemoteStop,
    SetVariables,
    StopRequested,
    TriggerMeter,
    UnlockRequested,
)
from station.core.evse import Evse
from station.core.meter import Purpose
from station.core.nothing import NOTHING
from station.core.values import StopReason, TriggerReason
from station.core.variables import SetOutcome

if TYPE_CHECKING:
    from station.core.station import Station

UNLOCK = "unlock"
_UNLOCK_S = 10.0

_ACCEPTED = Outcome("Accepted")

_STOP_TRIGGERS = {
    StopReason.LOCAL: TriggerReason.STOP_AUTHORIZED,
    StopReason.REMOTE: TriggerReason.REMOTE_STOP,
    StopReason.DEAUTHORIZED: TriggerReason.DEAUTHORIZED,
    StopReason.EV_DISCONNECTED: TriggerReason.EV_COMMUNICATION_LOST,
    StopReason.ENERGY_LIMIT_REACHED: TriggerReason.ENERGY_LIMIT_REACHED,
    StopReason.TIME_LIMIT_REACHED: TriggerReason.TIME_LIMIT_REACHED,
    StopReason.TIMEOUT: TriggerReason.EV_CONNECT_TIMEOUT,
    StopReason.UNLOCK_COMMAND: TriggerReason.UNLOCK_COMMAND,
}


class Requests:
    """The handlers of requests; their state is the unlocks whose motor still runs: connector -> who asked."""

    __slots__ = ("_unlocking", "station")

    def __init__(self, station: Station) -> None:
        self.station = station
        self._unlocking: Mapping[tuple[int, int], tuple[int, ...]] = NOTHING

    def _reply(self, token: int | None, outcome: Outcome) -> None:
        if token is not None:
            self.station.ctx.ledger.promise(Reply(token, outcome))

    def remote_start(self, event: RemoteStart) -> None:
        """OCPP 2.0.1 F01, F02; OCPP 1.6 §5.11."""
        desk = self.station.auth
        problem = desk.remote_start(event) or self.station.smart_charging.unfit(event.profile)
        if problem is not None:
            self._reply(event.reply, Outcome("Rejected", problem))
            return
        evse = self.station.evse(event.evse) if event.evse is not None else None
        running = evse.transaction.id if evse is not None and evse.desk.running and evse.transaction else None
        self._reply(event.reply, Outcome("Accepted", data=running))
        desk.take_remote(event)

    def remote_stop(self, event: RemoteStop) -> None:
        """OCPP 2.0.1 F03: what ends the authorization ends the transaction by its stop points; OCPP 1.6 §5.12."""
        evse = next((e for e in self.station.evses if e.transaction and e.transaction.id == event.transaction_id), None)
        if evse is None or not evse.desk.running:
            self._reply(event.reply, Outcome("Rejected", "TxNotFound"))
            return
        self._reply(event.reply, _ACCEPTED)
        if evse.grant is not None:
            evse.end_session(StopReason.REMOTE, TriggerReason.REMOTE_STOP)
        else:
            evse.desk.update(TriggerReason.REMOTE_STOP)

    def stop(self, event: StopRequested) -> None:
        """The owner ends a transaction; with reason Local its own card is shown again."""
        evse = self.station.evse(event.evse)
        transaction = evse.transaction if evse is not None else None
        if evse is not None and transaction is not None:
            local = event.reason is StopReason.LOCAL
            trigger = _STOP_TRIGGERS.get(event.reason, TriggerReason.ABNORMAL_CONDITION)
            evse.stop(event.reason, trigger, transaction.token if local else None)

    def change_availability(self, event: ChangeAvailability) -> None:
        """OCPP 2.0.1 G03, G04; OCPP 1.6 §5.2. A running transaction is finished first: Scheduled."""
        station = self.station
        touched: Sequence[Evse] = station.evses
        if event.evse:
            one = station.evse(event.evse)
            if one is None or (event.connector and event.connector not in one.connector_ids):
                self._reply(event.reply, Outcome("Rejected", "UnknownEvse"))
                return
            touched = [one]
        touched = [evse for evse in touched if event.connector in (0, evse.active_connector)]
        busy = not event.operative and any(evse.transaction is not None for evse in touched)
        self._reply(event.reply, Outcome("Scheduled") if busy else _ACCEPTED)
        if event.level:
            places = [(evse.id, connector) for evse in station.evses for connector in evse.connector_ids]
            station.availability.level(places, event.evse, event.connector, event.operative)
        else:
            station.availability.set(event.evse, event.connector, event.operative, undoable=True)
        for evse in touched:
            if not event.operative and evse.grant is not None and evse.transaction is None:
                evse.end_session(StopReason.OTHER, TriggerReason.ABNORMAL_CONDITION)
            evse.settle(TriggerReason.CHARGING_STATE_CHANGED)

    def unlock(self, event: UnlockRequested) -> None:
        """OCPP 2.0.1 F05; OCPP 1.6 §5.18. Answers when the lock has moved, which it does not under current."""
        evse = self.station.evse(event.evse)
        connector = evse.locks.find(event.connector) if evse is not None else None
        if evse is None or connector is None:
            self._reply(event.reply, Outcome("UnknownConnector"))
            return
        if evse.transaction is not None and connector is evse.connector:
            if not event.ends_transaction:
                self._reply(event.reply, Outcome("OngoingAuthorizedTransaction"))
                return
            if not connector.fixed:
                evse.stop(StopReason.UNLOCK_COMMAND, TriggerReason.UNLOCK_COMMAND)
        if not connector.lockable:
            self._reply(event.reply, Outcome("NotSupported" if connector.fixed else "Unlocked"))
            return
        place = (evse.id, connector.id)
        self._unlocking = {**self._unlocking, place: (*self._unlocking.get(place, ()), event.reply)}
        evse.locks.force(connector, live=connector is evse.connector and evse.contactor.passes)
        self.station.ctx.at(UNLOCK, evse.id, _UNLOCK_S)

    def lock_moved(self, evse: int, connector: int, locked: bool, failed: bool) -> None:
        """The lock's motor has come to rest."""
        if self._unlocking and (not locked or failed):
            self._unlocked((evse, connector), Outcome("UnlockFailed" if failed else "Unlocked"))

    def unlock_due(self, evse: int) -> None:
        """The lock did not answer."""
        for place in [place for place in self._unlocking if place[0] == evse]:
            self._unlocked(place, Outcome("UnlockFailed"))

    def _unlocked(self, place: tuple[int, int], outcome: Outcome) -> None:
        replies = self._unlocking.get(place, ())
        self._unlocking = {other: asked for other, asked in self._unlocking.items() if other != place}
        for reply in replies:
            self._reply(reply, outcome)
        if not any(one[0] == place[0] for one in self._unlocking):
            self.station.ctx.cancel(UNLOCK, place[0])

    def set_variables(self, event: SetVariables) -> None:
        """OCPP 2.0.1 B05; OCPP 1.6 §5.3. The values hold at once; the reply waits for the record."""
        variables = self.station.ctx.variables
        outcomes = []
        for address, attribute, value in event.items:
            outcome = variables.set(address, value, attribute, hand=event.hand)
            self._changed(outcome, event.reply)
            outcomes.append(outcome)
        self._reply(event.reply, Outcome("Accepted", data=tuple(outcomes)))

    def delete_variable(self, event: DeleteVariable) -> None:
        """Back to the value of the profile or the catalogue."""
        outcome = self.station.ctx.variables.delete(event.address)
        self._changed(outcome, event.reply)
        self._reply(event.reply, Outcome("Accepted", data=(outcome,)))

    def _changed(self, outcome: SetOutcome, reply: int | None) -> None:
        ctx = self.station.ctx
        ctx.ledger.add(outcome.records)
        if reply is not None:
            for record in outcome.records:
                ctx.ledger.undo(lambda: ctx.variables.undo(outcome), record.table, record.key)

    def clear_cache(self, event: ClearCache) -> None:
        """OCPP 2.0.1 C11 (C11.FR.04: Rejected where the cache is off); OCPP 1.6 §5.4."""
        if not self.station.ctx.flag(names.CACHE_ENABLED):
            self._reply(event.reply, Outcome("Rejected", "NotEnabled"))
            return
        self.station.tokens.clear_cache()
        self._reply(event.reply, _ACCEPTED)

    def put_token(self, event: PutToken) -> None:
        """The owner writes the cache or the local list."""
        tokens, ctx = self.station.tokens, self.station.ctx
        undoable = event.reply is not None
        if event.local_list:
            tokens.local_list.put(event.token, event.info, undoable=undoable)
        else:
            tokens.remember(event.token, event.info, ctx.timeline.now_utc(ctx.now), undoable=undoable)
        self._reply(event.reply, _ACCEPTED)

    def trigger_meter(self, event: TriggerMeter) -> None:
        """OCPP 2.0.1 F06.FR.06-07; OCPP 1.6 §5.17."""
        for evse in self.station.evses:
            if event.evse in (0, evse.id):
                evse.service.want(Purpose.TRIGGER if event.in_transaction else Purpose.TRIGGER_OUTSIDE)
