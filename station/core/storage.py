"""The rows of a station: what it holds as they are stored, and back at a boot.

Which rows change when is each part's own business (``Ledger``); here they are gathered and handed out. Called by
``station.core.station``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from station.core.availability import AVAILABILITY
from station.core.certificates import CERTIFICATES
from station.core.codec import from_row, to_row
from station.core.firmware import TABLE as FIRMWARE
from station.core.journal import JOURNAL, journal_rows
from station.core.local_list import LOCAL_LIST
from station.core.log_upload import TABLE as LOG_UPLOAD
from station.core.meter import METER
from station.core.meter_value import MeterValue
from station.core.own_certificate import OWN
from station.core.plausibility import is_register
from station.core.pricing import UNPLUGS
from station.core.problems import TABLE as PROBLEMS
from station.core.records import Json, Rows
from station.core.reservation import RESERVATIONS
from station.core.reset import REASON, REBOOT
from station.core.sampling import SAMPLES
from station.core.security_events import TABLE as SECURITY_LOG
from station.core.security_trial import TABLE as TRIAL
from station.core.smart_charging.desk import CHARGING_PROFILES
from station.core.token_store import CACHE, heard_at
from station.core.transaction import TRANSACTIONS, Transaction
from station.core.v2g_certificate import V2G
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
        JOURNAL: journal_rows(station.ctx.ledger.facts),
        TRANSACTIONS: {transaction.id: to_row(transaction) for _, transaction in running},
        SAMPLES: samples,
        VARIABLES: dict(station.ctx.variables.rows()),
        CACHE: station.tokens.rows(),
        LOCAL_LIST: station.tokens.local_list.rows(),
        AVAILABILITY: {f"{e}.{c}": "Inoperative" for e, c in station.availability.inoperative},
        RESERVATIONS: station.reservations.rows(),
        BINDINGS: dict(station.bindings),
        TOLD: {f"{e}.{c}": text for (e, c), text in station.statuses.items()},
        METER: {str(evse.id): evse.meter.shown_wh for evse in station.evses if evse.meter.shown_wh is not None},
        CLOCKS: {str(boot): offset for boot, offset in clocks.items()},
        UNPLUGS: dict(station.pricing.rows()),
        REBOOT: {REASON: station.reset.ordered.value} if station.reset.ordered is not None else {},
        SECURITY_LOG: station.security.rows(),
        FIRMWARE: station.firmware.rows(),
        LOG_UPLOAD: station.log_upload.rows(),
        TRIAL: station.trial.rows(),
        PROBLEMS: station.problems.rows(),
        CERTIFICATES: station.certificates.rows(),
        OWN: station.certificates.own.rows(),
        V2G: station.v2g.rows(),
        CHARGING_PROFILES: station.smart_charging.rows(),
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

    def read(self, table: str, take: Callable[[str, Json], None], order: Callable[[Json], int] | None = None) -> None:
        """Have every row of a table taken, in this order of theirs; one that cannot be read is left out."""
        rows = self.rows.get(table, {}).items()
        for key, row in rows if order is None else sorted(rows, key=lambda item: order(item[1])):
            try:
                take(key, row)
            except _UNREADABLE:
                self.station.damaged.append(f"{table}/{key}")

    def clock(self, key: str, row: Json) -> None:
        self.station.ctx.timeline.fix(int(key), float(row))

    def binding(self, key: str, row: Json) -> None:
        self.station.bindings[key] = str(row)

    def told(self, key: str, row: Json) -> None:
        evse, _, connector = key.partition(".")
        self.station.statuses[int(evse), int(connector)] = str(row)

    def register(self, key: str, row: Json) -> None:
        evse = self.station.evse(int(key))
        if not is_register(row):
            raise ValueError("no register of a meter")  # as a floor, it would keep every reading out
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
    if not rows:
        return  # the first boot of all
    ctx, restorer = station.ctx, _Restorer(station, rows)
    ctx.variables.restore(rows.get(VARIABLES, {}))
    restorer.read(CLOCKS, restorer.clock)
    station.damaged += [f"{JOURNAL}/{key}" for key in ctx.ledger.restore(rows.get(JOURNAL, {}))]
    for fact in ctx.ledger.facts.values():
        ctx.timeline.remember(fact.stamp)
    station.damaged += [f"{SECURITY_LOG}/{key}" for key in station.security.restore(rows.get(SECURITY_LOG, {}))]
    station.trial.restore(rows.get(TRIAL, {}))
    station.availability.restore(rows.get(AVAILABILITY, {}))
    restorer.read(BINDINGS, restorer.binding)
    restorer.read(CACHE, station.tokens.restore, order=heard_at)
    station.damaged += [f"{LOCAL_LIST}/{key}" for key in station.tokens.local_list.restore(rows.get(LOCAL_LIST, {}))]
    restorer.read(TOLD, restorer.told)
    restorer.read(CERTIFICATES, station.certificates.restore)
    restorer.read(OWN, station.certificates.own.restore)
    restorer.read(V2G, station.v2g.restore)
    restorer.read(METER, restorer.register)
    restorer.read(SAMPLES, restorer.sample)
    restorer.read(TRANSACTIONS, restorer.transaction)
    restorer.read(CHARGING_PROFILES, station.smart_charging.restore)
    restorer.read(RESERVATIONS, station.reservations.restore)
    restorer.read(FIRMWARE, station.firmware.restore)
    restorer.read(LOG_UPLOAD, station.log_upload.restore)
    restorer.read(UNPLUGS, station.pricing.restore)
    restorer.read(REBOOT, station.reset.restore)
    restorer.read(PROBLEMS, station.problems.restore)


def boot_number(rows: Rows) -> int:
    """The number of the boot that begins: one above the last, or above any boot that a stored clock is of."""
    known = [rows.get(META, {}).get("boot", 0), *rows.get(CLOCKS, {})]
    return 1 + max((int(one) for one in known if str(one).isdecimal()), default=0)
