"""Variables that a station computes when they are read (OCPP 2.0.1 part 2, referenced components)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from station.clock import utc_text
from station.core.device_model import Address
from station.core.evse import Evse
from station.core.hardware_faults import VARIABLES
from station.host.engine import Engine

if TYPE_CHECKING:
    from station.host.runner import Runner

_ENTRIES: Final = Address.parse("SecurityCtrlr.CertificateEntries")[0]
_PLACES: Final = frozenset({"ChargingStation", "EVSE", "Connector"})
_OF_PARTS: Final = frozenset({"Active", "Problem", "Tripped"})
_IDENTITY: Final = Address.parse("SecurityCtrlr.Identity")[0]


class Computed:
    """Answers for one boot of a station.

    Args:
        engine: of the boot.
        runner: of the station.
    """

    __slots__ = ("_engine", "_runner")

    def __init__(self, engine: Engine, runner: Runner) -> None:
        self._engine = engine
        self._runner = runner

    def value(self, address: Address) -> str | None:
        """The value of a computed variable; None leaves the delivered one."""
        if address.component == "SecurityCtrlr":
            if address == _IDENTITY:
                return self._runner.profile.station.id
            return str(self._runner.credentials.entries()) if address == _ENTRIES else None
        if address.component == "FiscalMetering" and address.variable == "PublicKey":
            devices = self._runner.around.hardware.get(address.evse or 0)
            return devices.public_key if devices is not None else None
        return self._of_core(address)

    def _of_core(self, address: Address) -> str | None:
        if address.variable == "AvailabilityState":
            return self._availability(address)
        if address.variable in _OF_PARTS and address.component not in _PLACES:
            return self._part_fails(address)
        if address.variable == "Problem":
            return "true" if any(evse.faults for evse in self._evses(address)) else "false"
        if address.variable == "DateTime":
            return utc_text(self._engine.now_utc())
        if address.variable in ("Entries", "Storage") and address.component in ("LocalAuthListCtrlr", "AuthCacheCtrlr"):
            return str(self._tokens(address))
        if address.component == "SmartChargingCtrlr" and address.variable == "Entries":
            return str(len(self._engine.station.smart_charging.profiles))
        if address.component == "EVSE" and address.variable == "Power":
            return str(sum(self._power_w(evse) for evse in self._evses(address)))
        return None

    def _part_fails(self, address: Address) -> str | None:
        """Whether a fault stands whose variable this is; None for a variable that no fault has."""
        part = (address.component, address.variable)
        if part not in VARIABLES:
            return None
        rows = (one.row for evse in self._evses(address) for one in evse.standing_faults)
        return "true" if any((row.component, row.variable) == part for row in rows) else "false"

    def _tokens(self, address: Address) -> int:
        """How many entries the local list has; how many bytes list or cache take as they are stored."""
        tokens = self._engine.station.tokens
        listed = address.component == "LocalAuthListCtrlr"
        if address.variable == "Entries":
            return tokens.local_list.count
        rows = tokens.local_list.rows() if listed else tokens.rows()
        return sum(len(key) + len(json.dumps(row)) for key, row in rows.items())

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
