"""What both versions' handlers share: the answers' settings, the clock, transaction ids and the event callback."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from station.csms.cards import CardBook
from station.csms.records import StationHandle

EventCallback = Callable[[str, str, dict[str, Any]], None]

_LOG = logging.getLogger(__name__)
_REGISTER = "Energy.Active.Import.Register"


class Desk:
    """Settings and counters of one central system. `boot_status` may be changed while it runs."""

    def __init__(self, cards: CardBook, heartbeat_interval_s: int, boot_status: str) -> None:
        self.cards = cards
        self.heartbeat_interval_s = heartbeat_interval_s
        self.boot_status = boot_status
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.on_event: EventCallback | None = None
        self._transaction_ids = count(1)

    def timestamp(self) -> str:
        """The time now as OCPP writes it: UTC, milliseconds, Z."""
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def new_transaction_id(self) -> int:
        """A 1.6 transactionId, never given out before by this central system."""
        return next(self._transaction_ids)

    def tell(self, kind: str, station_id: str, detail: dict[str, Any]) -> None:
        """Call `on_event`; what it raises is logged and goes no further."""
        if self.on_event is None:
            return
        try:
            self.on_event(kind, station_id, detail)
        except Exception:
            _LOG.exception("%s ! the event callback failed on %s", station_id, kind)

    def acknowledge(self, station: StationHandle, action: str, payload: dict[str, Any]) -> None:
        """Count a message that needs no more than an answer, and tell it as event `message`."""
        station.received[action] = station.received.get(action, 0) + 1
        self.tell("message", station.id, {"action": action, "payload": payload})


def moment(text: str) -> datetime | None:
    """A station's timestamp as an aware datetime; None where it is none (validation does not check formats)."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def register_wh(meter_values: Iterable[Mapping[str, Any]]) -> float | None:
    """The last reading of the total energy register in Wh in a list of meter values of either version."""
    latest: float | None = None
    for meter_value in meter_values:
        for sample in meter_value.get("sampled_value", []):
            reading = _reading_wh(sample)
            latest = reading if reading is not None else latest
    return latest


def _reading_wh(sample: Mapping[str, Any]) -> float | None:
    if sample.get("measurand", _REGISTER) != _REGISTER or sample.get("location", "Outlet") != "Outlet":
        return None
    if sample.get("phase") or sample.get("format") == "SignedData":
        return None
    scale = sample.get("unit_of_measure", {})
    unit = scale.get("unit", sample.get("unit", "Wh"))
    try:
        value = float(sample["value"]) * math.pow(10.0, scale.get("multiplier", 0))
    except (ValueError, OverflowError):
        return None
    return value * 1000.0 if unit == "kWh" else value
