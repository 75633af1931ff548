"""Variables that a station computes when they are read (OCPP 2.0.1 part 2, referenced components)."""

from __future__ import annotations

from station.clock import utc_text
from station.core.device_model import Address
from station.core.evse import Evse
from station.host.engine import Engine


class Computed:
    """Answers for one boot of one station."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def value(self, address: Address) -> str | None:
        """The value of a computed variable; None leaves the delivered one."""
        if address.variable == "AvailabilityState":
            return self._availability(address)
        if address.variable == "Problem":
            return "true" if any(evse.faults for evse in self._evses(address)) else "false"
        if address.variable == "DateTime":
            return utc_text(self._engine.now_utc())
        if address.component == "EVSE" and address.variable == "Power":
            return str(sum(self._power_w(evse) for evse in self._evses(address)))
        return None

    def _evses(self, address: Address) -> list[Evse]:
        return [evse for evse in self._engine.evses if address.evse in (None, evse.id)]

    @staticmethod
    def _power_w(evse: Evse) -> float:
        reading = evse.meter.last
        return reading.power_w or 0.0 if reading is not None and evse.contactor.passes else 0.0

    def _availability(self, address: Address) -> str:
        if address.evse is None:
            return "Available" if self._engine.station_operative() else "Unavailable"
        evse = self._evses(address)[0]
        if evse.faulted():
            return "Faulted"
        connector = address.connector or evse.active_connector
        if evse.transaction is None and not evse.operative(connector):
            return "Unavailable"
        if evse.reserved:
            return "Reserved"
        return "Occupied" if evse.in_use else "Available"
