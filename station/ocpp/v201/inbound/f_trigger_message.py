"""Block F, remote control: TriggerMessage.

A table from the message that is asked for to what is done about it; a later version adds rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.certificate_tasks import TriggerSigning
from station.core.events import (
    Event,
    TriggerBoot,
    TriggerFirmwareStatus,
    TriggerHeartbeat,
    TriggerLogStatus,
    TriggerMeter,
)
from station.core.values import RegistrationStatus
from station.core.variables import Address
from station.ocpp.dialect import Answer, Inbound, OutCall, View
from station.ocpp.numbers import whole
from station.ocpp.v201 import status
from station.ocpp.v201.vocabulary import Handler, Payload, answer, find_evse, status_info

_ORGANIZATION: Final = Address("SecurityCtrlr", None, None, None, "OrganizationName")

Trigger = Callable[[Payload, View], Answer]
"""Decides on one triggered message: the request and the station."""


def trigger_message(payload: Payload, _reply: int, view: View) -> Inbound:
    """Accept, and send after the answer (F06.FR.04); a message without a trigger is NotImplemented (F06.FR.08)."""
    trigger = TRIGGERS.get(payload["requestedMessage"])
    return _not_implemented() if trigger is None else trigger(payload, view)


def _accepted(*events: Event, calls: tuple[OutCall, ...] = ()) -> Answer:
    return answer(call_result.TriggerMessage(status="Accepted"), calls, events)


def _rejected(reason: str) -> Answer:
    return answer(call_result.TriggerMessage(status="Rejected", status_info=status_info(reason)))


def _not_implemented() -> Answer:
    return answer(call_result.TriggerMessage(status="NotImplemented"))


def _boot(_payload: Payload, view: View) -> Answer:
    """Only while the last BootNotification was not accepted (F06.FR.17)."""
    if view.registration is RegistrationStatus.ACCEPTED:
        return _rejected("InvalidMessageSeq")
    return _accepted(TriggerBoot())


def _heartbeat(_payload: Payload, _view: View) -> Answer:
    return _accepted(TriggerHeartbeat())


def _meter_values(payload: Payload, view: View) -> Answer:
    """MeterValues of an EVSE, or of all (F06.FR.06, F06.FR.11)."""
    evse = int((payload.get("evse") or {}).get("id", 0))
    if evse and find_evse(view, evse) is None:
        return _rejected("UnknownEvse")
    return _accepted(TriggerMeter(evse, in_transaction=False))


def _transaction_event(payload: Payload, view: View) -> Answer:
    """TransactionEvent of the transaction on an EVSE, or of all that run (F06.FR.07, F06.FR.11)."""
    asked = int((payload.get("evse") or {}).get("id", 0))
    evse = find_evse(view, asked) if asked else None
    if asked and evse is None:
        return _rejected("UnknownEvse")
    evses = view.evses if evse is None else (evse,)
    if all(one.transaction is None for one in evses):
        return _rejected("TxNotFound")
    return _accepted(TriggerMeter(asked, in_transaction=True))


def _status_notification(payload: Payload, view: View) -> Answer:
    """The status of one connector, which has to be named (F06.FR.12, F06.FR.13)."""
    place = payload.get("evse") or {}
    connector = whole(place.get("connectorId"))
    if connector is None:
        return _rejected("MissingParam")
    evse = find_evse(view, place["id"])
    if evse is None:
        return _rejected("UnknownEvse")
    if connector not in evse.connector_ids:
        return _rejected("UnknownConnectorId")
    return _accepted(calls=(status.status_call(evse.id, connector, status.told(evse, connector, view), view),))


def _log_status(_payload: Payload, view: View) -> Answer:
    """How the upload stands, Idle without one (F06.FR.15, N01.FR.13)."""
    if "firmware" not in view.features:
        return _not_implemented()
    return _accepted(TriggerLogStatus())


def _firmware_status(_payload: Payload, view: View) -> Answer:
    """How the update stands, Idle without one (F06.FR.16, L01.FR.25, L01.FR.26)."""
    if "firmware" not in view.features:
        return _not_implemented()
    return _accepted(TriggerFirmwareStatus())


def _signing(_payload: Payload, view: View) -> Answer:
    """SignCertificate for the Charging Station's certificate; without OrganizationName there is none (A02)."""
    if "security" not in view.features:
        return _not_implemented()
    return _accepted(TriggerSigning()) if view.variables.text(_ORGANIZATION) else _rejected("MissingDevModelInfo")


TRIGGERS: Final[Mapping[str, Trigger]] = {
    "BootNotification": _boot,
    "Heartbeat": _heartbeat,
    "MeterValues": _meter_values,
    "TransactionEvent": _transaction_event,
    "StatusNotification": _status_notification,
    "LogStatusNotification": _log_status,
    "FirmwareStatusNotification": _firmware_status,
    "SignChargingStationCertificate": _signing,
}

HANDLERS: Final[Mapping[str, Handler]] = {"TriggerMessage": trigger_message}
