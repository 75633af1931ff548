"""What the CSMS has answered: facts that were told, ids of transactions, statuses. Kept, so that nothing is told twice.

Functions on the station, called for the events of ``station.core.dispatch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core import events
from station.core.facts import TransactionFact, UnpluggedFact
from station.core.late_word import judged
from station.core.own_word import learn
from station.core.storage import BINDINGS, TOLD
from station.core.turn import NOTHING_FOLLOWS

if TYPE_CHECKING:
    from station.core.station import Station


def delivered(station: Station, event: events.Delivered) -> object:
    """A fact was answered or given up: bindings and what is said of tokens are kept, its row goes."""
    fact = station.ctx.ledger.forget(event.key)
    if isinstance(fact, UnpluggedFact):
        _let_go(station, fact.transaction_id, fact.evse)
    if not isinstance(fact, TransactionFact):
        return NOTHING_FOLLOWS
    identity = fact.transaction_id
    evse = None
    for one in station.evses:
        transaction = one.desk.transaction
        if transaction is not None and transaction.id == identity:
            evse = one
    if event.wire_id is not None:
        station.bindings[identity] = event.wire_id
        station.ctx.ledger.put(BINDINGS, identity, event.wire_id)
        station.ctx.publish(
            "transaction_started", evse=fact.evse, connector=fact.connector, id=identity, token=fact.id_token
        )
    if event.info is not None and event.token is not None:
        learn(station.ctx, station.tokens, event.token, event.info)
        if evse is not None and event.token.same(evse.transaction.token if evse.transaction else None):
            judged(station.ctx, evse, event.info)
    if evse is None:
        _let_go(station, identity, fact.evse)
    return None if event.info is not None else NOTHING_FOLLOWS


def _let_go(station: Station, identity: str, evse: int) -> None:
    """A transaction that is over: its id on the wire goes once nothing of it is to be told any more."""
    if not _awaits(station, identity):
        wire_id = station.bindings.pop(identity, None)
        station.pricing.ended(evse, identity, wire_id or identity)
        if wire_id is not None:
            station.ctx.ledger.delete(BINDINGS, identity)


def bound(station: Station, event: events.Bound) -> None:
    """A transaction is known to the CSMS under this id."""
    station.bindings[event.transaction_id] = event.wire_id
    station.ctx.ledger.put(BINDINGS, event.transaction_id, event.wire_id)


def _awaits(station: Station, identity: str) -> bool:
    facts = station.ctx.ledger.facts.values()
    told = any(isinstance(fact, (TransactionFact, UnpluggedFact)) and fact.transaction_id == identity for fact in facts)
    return told or station.pricing.awaits(identity)


def status_told(station: Station, event: events.StatusTold) -> object:
    """A status was told; it is kept to know what changed while offline."""
    place = (event.evse, event.connector)
    if station.statuses.get(place) != event.told:
        station.statuses[place] = event.told
        station.ctx.ledger.put(TOLD, f"{event.evse}.{event.connector}", event.told)
    return NOTHING_FOLLOWS
