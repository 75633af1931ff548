"""What observers are told, in the shapes of docs/control.md. Words only; the host delivers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from station.core.effects import Tell
from station.core.facts import TransactionFact
from station.core.faults import HARMLESS
from station.core.values import Fault, IdToken
from station.ocpp.dialect import FAULTED, NO_ERROR, Told
from station.ocpp.statuses import Change

if TYPE_CHECKING:
    from station.host.engine import Engine


def tag(token: IdToken | None) -> str | None:
    """A token's text for the control face, where nothing is masked; None where no card was needed."""
    return (token.value or None) if token is not None else None


class Notices:
    """Turns the core's publications into events of the control face."""

    __slots__ = ("engine",)

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """An event of the core: EVSE and connector become the connector's number, ids those of the wire.

        ``wire_id`` is the id on the wire where the transaction may be over and nothing else knows it any more.
        """
        out: dict[str, Any] = {}
        if "evse" in data:
            out["connector"] = self.engine.numbers.get((data["evse"], data["connector"]), 0)
        for name, value in data.items():
            if name == "id":
                out["id"] = value
                out["transactionId"] = wire_number(data.get("wire_id") or self.engine.wire_id(value))
            elif name == "token":
                out["tagId"] = tag(value)
            elif name not in ("evse", "connector", "wire_id"):
                out[name] = value
        self.engine.port.publish(event, out)

    def sampled(self, effect: Tell) -> None:
        """A sample of a running transaction is told: this is what it was selected from."""
        fact, reading = effect.fact, effect.reading
        if reading is None or not isinstance(fact, TransactionFact):
            return
        self.engine.port.publish(
            "meter_value",
            {
                "connector": self.engine.numbers.get((fact.evse, fact.connector), 0),
                "energy_wh": reading.energy_wh,
                "power_w": reading.power_w,
                "current_a": max(reading.current_a, default=None),
                "soc": reading.soc_percent,
            },
        )

    def status_changed(self, change: Change) -> None:
        """A connector's status is another one; that of the station as a whole is no connector's."""
        evse = change.place[0]
        if evse == 0:
            return
        self.engine.port.publish(
            "connector_status",
            {
                "connector": self.engine.numbers.get(change.place, 0),
                "status": change.told.status,
                "previousStatus": change.previous.status if change.previous else None,
                "errorCode": self._error_code(evse, change.told),
            },
        )

    def _error_code(self, evse: int, told: Told) -> str:
        """The fault behind a status. OCPP 2.x tells it elsewhere; observers want it with the status all the same."""
        if told.error_code != NO_ERROR or told.status != FAULTED:
            return told.error_code
        at = self.engine.station.evse(evse)
        faults = at.faults if at is not None else ()
        return next((fault.value for fault in faults if fault not in HARMLESS), Fault.OTHER_ERROR.value)


def wire_number(wire_id: str | None) -> int | str | None:
    """A transaction's id as it is on the wire: OCPP 1.6 has integers."""
    if wire_id is not None and wire_id.removeprefix("-").isdecimal():
        return int(wire_id)
    return wire_id
