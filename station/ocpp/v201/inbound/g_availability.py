"""Block G, availability: ChangeAvailability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import ChangeAvailability
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.numbers import whole
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, find_evse, status_info, worded


def change_availability(payload: Payload, reply: int, view: View) -> Inbound:
    """Make a connector, an EVSE or, without ``evse``, the station operative or inoperative (G03, G04.FR.01)."""
    operative = payload["operationalStatus"] == "Operative"
    place = payload.get("evse")
    if place is None:
        return Defer(ChangeAvailability(reply, 0, 0, operative))
    evse = find_evse(view, place["id"])
    if evse is None:
        return _refused("UnknownEvse")
    connector = whole(place.get("connectorId"))
    if connector is not None and connector not in evse.connector_ids:
        return _refused("UnknownConnectorId")
    return Defer(ChangeAvailability(reply, evse.id, connector or 0, operative))


def _refused(reason: str) -> Answer:
    return answer(call_result.ChangeAvailability(status="Rejected", status_info=status_info(reason)))


def availability_changed(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, Scheduled or Rejected (G03.FR.02 to G03.FR.05, G04.FR.03 to G04.FR.06)."""
    return worded(call_result.ChangeAvailability, outcome)


HANDLERS: Final[Mapping[str, Handler]] = {"ChangeAvailability": change_availability}
WORDINGS: Final[Mapping[str, Wording]] = {"ChangeAvailability": availability_changed}
