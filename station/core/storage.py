"""The rows of a station: what it holds as they are stored, and back at a boot.

Which rows change when is each part's own business (``Ledger``); here they are gathered and handed out. Called by
``station.core.station``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from station.core.availability import AVAILABILITY
from station.core.codec import from_row, to_row
from station.core.facts import fact_to_row
from station.core.journal import JOURNAL, journal_key
from station.core.meter import METER
from station.core.records import Json, Rows
from station.core.sampling import SAMPLES
from station.core.token_store import CACHE, LOCAL_LIST
from station.core.transaction import TRANSACTIONS, Transaction
from station.core.values import MeterValue, TokenInfo
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


_UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What reading a row that was not written for this program raises."""


class _Restorer:
    """Hands the rows of each table to their owners, one by one."""

    __slots__ = ("rows", "samples", "station")

    def __init__(self, station: Station, rows: Rows) -> None:
        self.station = station
        self.rows = rows
        self.samples: dict[str, Json] = {}

    def read(self, table: str, take: Callable[[str, Json], None]) -> None:
        """Have every row of a table taken; one that cannot be read is left out."""
        for key, row in self.rows.get(table, {}).items():
            try:
                take(key, row)
            except _UNREADABLE:
                self.station.damaged.append(f"{table}/{key}")

    def clock(self, key: str, row: Json) -> None:
        self.station.ctx.timeline.offsets[int(key)] = float(row)

    def binding(self, key: str, row: Json) -> None:
        self.station.bindings[key] = str(row)

    def cached(self, key: str, row: Json) -> None:
        self.station.tokens.cache[key] = from_row(TokenInfo, row)

    def listed(self, key: str, row: Json) -> None:
        self.station.tokens.local_list[key] = from_row(TokenInfo, row)

    def told(self, key: str, row: Json) -> None:
        evse, _, connector = key.partition(".")
        self.station.statuses[int(evse), int(connector)] = str(row)

    def register(self, key: str, row: Json) -> None:
        evse = self.station.evse(int(key))
        if evse is not None:
            evse.meter.restore(float(row))

    def sample(self, key: str, row: Json) -> None:
        from_row(MeterValue, row)
        self.samples[key] = row

    def transaction(self, key: str, row: Json) -> None:
        del key
        evse = self.station.evse(from_row(Transaction, row).evse)
        if evse is not None and evse.transaction is None:
            evse.desk.restore(row, self.samples)


def restore(station: Station, rows: Rows) -> None:
    """Begin a boot with what is stored. Called before anything else happens.

    A row that cannot be read is left out and named in ``station.damaged``; it never keeps a station from booting.
    """
    ctx, restorer = station.ctx, _Restorer(station, rows)
    ctx.variables.restore(rows.get(VARIABLES, {}))
    restorer.read(CLOCKS, restorer.clock)
    station.damaged += [f"{JOURNAL}/{key}" for key in ctx.ledger.restore(rows.get(JOURNAL, {}))]
    for fact in ctx.ledger.facts.values():
        ctx.timeline.remember(fact.stamp)
    station.availability.restore(rows.get(AVAILABILITY, {}))
    restorer.read(BINDINGS, restorer.binding)
    restorer.read(CACHE, restorer.cached)
    restorer.read(LOCAL_LIST, restorer.listed)
    restorer.read(TOLD, restorer.told)
    restorer.read(METER, restorer.register)
    restorer.read(SAMPLES, restorer.sample)
    restorer.read(TRANSACTIONS, restorer.transaction)


def boot_number(rows: Rows) -> int:
    """The number of the boot that begins: one above the last, or above any boot that a stored clock is of."""
    known = [rows.get(META, {}).get("boot", 0), *rows.get(CLOCKS, {})]
    return 1 + max((int(one) for one in known if str(one).isdecimal()), default=0)
