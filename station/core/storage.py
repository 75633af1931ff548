"""The rows of a station: what it holds as they are stored, and back at a boot.

Which rows change when is each part's own business (``Ledger``); here they are gathered and handed out. Called by
``station.core.station``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from station.core.availability import AVAILABILITY
from station.core.codec import to_row
from station.core.facts import fact_to_row
from station.core.journal import JOURNAL, journal_key
from station.core.meter import METER
from station.core.records import Json, Rows
from station.core.sampling import SAMPLES
from station.core.token_store import CACHE, LOCAL_LIST
from station.core.transaction import TRANSACTIONS
from station.core.variables import TABLE as VARIABLES

if TYPE_CHECKING:
    from station.core.station import Station

META: Final = "meta"
BINDINGS: Final = "bindings"
TOLD: Final = "told"
CLOCKS: Final = "clocks"


def snapshot(station: Station) -> Rows:
    """Exactly what the store holds once everything is recorded."""
    running = [(evse, evse.transaction) for evse in station.evses if evse.transaction is not None]
    samples: dict[str, Json] = {}
    for evse, transaction in running:
        samples.update(evse.desk.sampler.rows(transaction.id))
    timeline = station.ctx.timeline
    clocks = {**timeline.offsets, **({timeline.boot: timeline.offset} if timeline.offset is not None else {})}
    tables: Rows = {
        META: {"boot": station.boot},
        JOURNAL: {journal_key(key): fact_to_row(fact) for key, fact in station.ctx.ledger.facts.items()},
        TRANSACTIONS: {transaction.id: to_row(transaction) for _, transaction in running},
        SAMPLES: samples,
        VARIABLES: dict(station.ctx.variables.rows()),
        CACHE: {key: to_row(info) for key, info in station.tokens.cache.items()},
        LOCAL_LIST: {key: to_row(info) for key, info in station.tokens.local_list.items()},
        AVAILABILITY: {f"{e}.{c}": "Inoperative" for e, c in station.availability.inoperative},
        BINDINGS: dict(station.bindings),
        TOLD: {f"{e}.{c}": text for (e, c), text in station.statuses.items()},
        METER: {str(evse.id): evse.meter.shown_wh for evse in station.evses if evse.meter.shown_wh is not None},
        CLOCKS: {str(boot): offset for boot, offset in clocks.items()},
    }
    return {name: rows for name, rows in tables.items() if rows}


def restore(station: Station, rows: Rows) -> None:
    """Begin a boot with what is stored. Called before anything else happens."""
    ctx = station.ctx
    ctx.variables.restore(rows.get(VARIABLES, {}))
    ctx.timeline.offsets = {int(boot): float(offset) for boot, offset in rows.get(CLOCKS, {}).items()}
    station.damaged = ctx.ledger.restore(rows.get(JOURNAL, {}))
    for fact in ctx.ledger.facts.values():
        ctx.timeline.remember(fact.stamp)
    station.bindings = dict(rows.get(BINDINGS, {}))
    station.availability.restore(rows.get(AVAILABILITY, {}))
    station.tokens.restore(rows.get(CACHE, {}), rows.get(LOCAL_LIST, {}))
    for key, text in rows.get(TOLD, {}).items():
        evse, _, connector = key.partition(".")
        station.statuses[int(evse), int(connector)] = text
    for one in station.evses:
        if (register := rows.get(METER, {}).get(str(one.id))) is not None:
            one.meter.restore(register)
    for row in rows.get(TRANSACTIONS, {}).values():
        at = station.evse(row.get("evse"))
        if at is not None and at.transaction is None:
            at.desk.restore(row, rows.get(SAMPLES, {}))
