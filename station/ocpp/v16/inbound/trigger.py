"""TriggerMessage and ExtendedTriggerMessage (OCPP 1.6 §5.17; Security WP ed.3 §5.5).

The answer goes first, what was asked for follows. A message without a function behind it is NotImplemented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import MessageTrigger, TriggerMessageStatus

from station.core.catalogue import Address
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
from station.ocpp.dialect import Answer, Inbound, OutCall, View
from station.ocpp.payload import decode, encode
from station.ocpp.v16 import status
from station.ocpp.v16.inbound.request import Payload, Request

_CPO_NAME: Final = Address("SecurityCtrlr", None, None, None, "OrganizationName")


@dataclass(frozen=True, slots=True)
class _Follows:
    """What comes after an Accepted."""

    calls: tuple[OutCall, ...] = ()
    events: tuple[Event, ...] = ()


_Trigger = Callable[[int | None, View], _Follows | None]
"""What follows for a connectorId, or None for Rejected."""


def _boot(_connector: int | None, view: View) -> _Follows | None:
    """Once accepted, a BootNotification is not repeated until the next boot (errata 3.35, 3.40)."""
    if view.registration is RegistrationStatus.ACCEPTED:
        return None
    return _Follows(events=(TriggerBoot(),))


def _heartbeat(_connector: int | None, _view: View) -> _Follows | None:
    return _Follows(events=(TriggerHeartbeat(),))


def _meter_values(connector: int | None, view: View) -> _Follows | None:
    """Without a connector all are read; there is no main meter at connector 0.

    What is told are the measurands of MeterValuesSampledData, in a transaction or not (errata 3.46).
    """
    if connector is None:
        return _Follows(events=tuple(TriggerMeter(evse.id, in_transaction=True) for evse in view.evses))
    place = view.place(connector)
    return _Follows(events=(TriggerMeter(place[0], in_transaction=True),)) if place is not None else None


def _statuses(connector: int | None, view: View) -> _Follows | None:
    """Without a connector the station's status and those of all connectors; 0 is the station's."""
    if connector is None:
        wanted = status.targets(view)
    elif connector == 0:
        wanted = ((0, 0),)
    else:
        place = view.place(connector)
        if place is None:
            return None
        wanted = (place,)
    return _Follows(calls=tuple(status.current(*target, view) for target in wanted))


def _events(*follow: Event) -> _Trigger:
    """Triggers that are the core's business, whatever the connector."""
    return lambda _connector, _view: _Follows(events=follow)


def _signing(_connector: int | None, view: View) -> _Follows | None:
    """Without CpoName no certificate can be asked for (Security WP ed.3 A02, prerequisite)."""
    return _Follows(events=(TriggerSigning(),)) if view.variables.text(_CPO_NAME) else None


_TRIGGERS: Final[Mapping[str, _Trigger]] = {
    MessageTrigger.boot_notification: _boot,
    MessageTrigger.heartbeat: _heartbeat,
    MessageTrigger.meter_values: _meter_values,
    MessageTrigger.status_notification: _statuses,
}


_PLAIN: Final[Mapping[str, _Trigger]] = {
    **_TRIGGERS,
    MessageTrigger.diagnostics_status_notification: _events(TriggerLogStatus(numbered=False)),
    MessageTrigger.firmware_status_notification: _events(TriggerFirmwareStatus(signed=False)),
}
_EXTENDED: Final[Mapping[str, _Trigger]] = {
    **_TRIGGERS,
    MessageTrigger.log_status_notification: _events(TriggerLogStatus(numbered=True)),
    MessageTrigger.firmware_status_notification: _events(TriggerFirmwareStatus(signed=True)),
    MessageTrigger.sign_charge_point_certificate: _signing,
}


_TRANSFERS: Final = frozenset(
    {
        MessageTrigger.diagnostics_status_notification,
        MessageTrigger.firmware_status_notification,
        MessageTrigger.log_status_notification,
    }
)
"""Of functions that a station may lack."""


def _receive(request: type[Any], conf: Callable[[Any], object], triggers: Mapping[str, _Trigger]) -> Request:
    def receive(payload: Payload, _reply: int, view: View) -> Inbound:
        asked = decode(request, payload)
        trigger = triggers.get(asked.requested_message)
        if trigger is None or (asked.requested_message in _TRANSFERS and "firmware" not in view.features):
            return Answer(encode(conf(TriggerMessageStatus.not_implemented)))
        follows = trigger(asked.connector_id, view)
        if follows is None:
            return Answer(encode(conf(TriggerMessageStatus.rejected)))
        return Answer(encode(conf(TriggerMessageStatus.accepted)), follows.calls, follows.events)

    return Request(receive)


TRIGGER_MESSAGE: Final = _receive(call.TriggerMessage, call_result.TriggerMessage, _PLAIN)
EXTENDED_TRIGGER_MESSAGE: Final = _receive(call.ExtendedTriggerMessage, call_result.ExtendedTriggerMessage, _EXTENDED)
