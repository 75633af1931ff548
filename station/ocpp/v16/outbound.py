"""Facts, notices and queries of the core as calls of OCPP 1.6, and what their answers mean.

What every session says is written as it is, without the library's dataclasses in between. Not here: statuses
(``status``), calls of the CSMS (``inbound``). Called by ``dialect`` only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from ocpp.v16 import call

from station.core.catalogue import Address
from station.core.certificate_tasks import SigningAnswered, SigningQuery
from station.core.effects import AuthorizeQuery, BootQuery, HeartbeatQuery, RawQuery
from station.core.events import BootAnswered, Delivered, Event, HeartbeatAnswered, TokenAnswered
from station.core.facts import (
    Fact,
    FirmwareFact,
    FirmwareNotice,
    LogFact,
    LogNotice,
    MeterNotice,
    Notice,
    Phase,
    ReservationFact,
    SecurityFact,
    TransactionFact,
    UnpluggedFact,
)
from station.core.v2g_tasks import V2gSigningQuery
from station.core.values import RegistrationStatus, StopReason
from station.ocpp.dialect import NOT_READY, NotReady, OutCall, View
from station.ocpp.payload import encode
from station.ocpp.times import moment, timestamp_of
from station.ocpp.v16 import transfers, wrapped
from station.ocpp.v16 import vocabulary as words
from station.ocpp.v16.metering import meter_values

COST_VENDOR: Final = "org.openchargealliance.costmsg"
"""The vendorId of prices and costs (California Pricing v3, 3.1)."""

_ATTEMPTS: Final = Address("OCPPCommCtrlr", None, None, None, "MessageAttempts", "TransactionEvent")
_INTERVAL: Final = Address("OCPPCommCtrlr", None, None, None, "MessageAttemptInterval", "TransactionEvent")
_SECURITY_ATTEMPTS: Final = 10
_SECURITY_INTERVAL_S: Final = 10.0
_STATUS_ATTEMPTS: Final = 3


def render(fact: Fact, view: View) -> OutCall | NotReady | None:
    """The call that tells a fact.

    A security event is told where the security extension is there (Security WP ed.3 A04.FR.01).
    """
    if isinstance(fact, TransactionFact):
        return _TRANSACTION[fact.phase](fact, view)
    if isinstance(fact, SecurityFact):
        return _security_event(fact, view) if "security" in view.features else None
    if isinstance(fact, UnpluggedFact):
        return _unplugged(fact, view)
    if isinstance(fact, ReservationFact):
        return None  # the connector's status says it (§5.13)
    if isinstance(fact, FirmwareFact):
        return transfers.firmware_fact(fact)
    return transfers.log_fact(fact)


def delivered(key: int, fact: Fact, payload: Mapping[str, Any], view: View) -> Delivered:
    """What StartTransaction.conf and StopTransaction.conf say (OCPP 1.6 §4.8, §4.10); other answers say nothing.

    0 and negative numbers are transactionIds like any other (errata 3.54).
    """
    if not isinstance(fact, TransactionFact) or fact.phase is Phase.UPDATED:
        return Delivered(key)
    said = payload.get("idTagInfo")
    info = words.token_info(said, view) if said is not None else None
    if fact.phase is Phase.ENDED:
        return Delivered(key, token=fact.id_token, info=info)
    return Delivered(key, token=fact.id_token, info=info, wire_id=str(int(payload["transactionId"])))


def dropped(key: int, fact: Fact) -> Delivered:
    """A StartTransaction that was given up leaves what follows with transactionId -1 (errata 3.18)."""
    started = isinstance(fact, TransactionFact) and fact.phase is Phase.STARTED
    return Delivered(key, dropped=True, wire_id=str(words.NO_ID) if started else None)


def retry(fact: Fact, view: View) -> tuple[int, float]:
    """Attempts and interval: the keys for transaction messages (OCPP 1.6 §3.7.1), persistence for security events.

    1.6 has no key for security events but guaranteed delivery (Security WP ed.3 A04.FR.02); only a CSMS that keeps
    refusing one over a living connection makes it stop.
    """
    if isinstance(fact, SecurityFact):
        return _SECURITY_ATTEMPTS, _SECURITY_INTERVAL_S
    if isinstance(fact, (FirmwareFact, LogFact)):
        return _STATUS_ATTEMPTS, _SECURITY_INTERVAL_S
    return max(1, view.variables.integer(_ATTEMPTS, 3)), view.variables.number(_INTERVAL, 60.0)


def notice(told: Notice, view: View) -> tuple[OutCall, ...]:
    """What is told to whoever listens, and not kept."""
    if isinstance(told, FirmwareNotice):
        return (transfers.firmware_notice(told),)
    if isinstance(told, LogNotice):
        return (transfers.log_notice(told),)
    return _meter_notice(told, view)


def _meter_notice(told: MeterNotice, view: View) -> tuple[OutCall, ...]:
    """MeterValues outside a transaction (OCPP 1.6 §4.7); connector 0 is the main meter."""
    values = meter_values(told.values, view)
    if not values:
        return ()
    connector = view.numbers.get((told.evse, told.connector), 0)
    return (OutCall("MeterValues", encode(call.MeterValues(connector, values))),)


def ask(query: Any, view: View) -> OutCall:
    """The call that puts a query.

    Raises:
        TypeError: 1.6 has no message for it.
    """
    if isinstance(query, AuthorizeQuery) and wrapped.of_contract(query, view):
        return wrapped.authorize(query)
    if isinstance(query, V2gSigningQuery):
        return wrapped.sign_certificate(query)
    if isinstance(query, AuthorizeQuery):
        return OutCall("Authorize", {"idTag": words.id_tag(query.token)})
    if isinstance(query, HeartbeatQuery):
        return OutCall("Heartbeat", {})
    if isinstance(query, BootQuery):
        return _boot(view)
    if isinstance(query, SigningQuery):
        return OutCall("SignCertificate", encode(call.SignCertificate(query.request)))
    if isinstance(query, RawQuery):
        return OutCall(query.action, query.payload)
    raise TypeError(f"OCPP 1.6 has no message for {type(query).__name__}")


def answered(query: Any, payload: Mapping[str, Any], view: View) -> Event:
    """The event that an answer to a query is.

    Raises:
        TypeError: no query whose answer has a meaning in 1.6.
    """
    if isinstance(query, AuthorizeQuery) and "idTagInfo" not in payload:
        return wrapped.authorized(query, payload, view)
    if isinstance(query, V2gSigningQuery):
        return wrapped.signing_answered(payload)
    if isinstance(query, AuthorizeQuery):
        return TokenAnswered(query.token, words.token_info(payload["idTagInfo"], view))
    if isinstance(query, HeartbeatQuery):
        return HeartbeatAnswered(moment(payload.get("currentTime")))
    if isinstance(query, BootQuery):
        return BootAnswered(
            RegistrationStatus(payload["status"]), float(payload["interval"]), moment(payload.get("currentTime"))
        )
    if isinstance(query, SigningQuery):
        return SigningAnswered(payload["status"] == "Accepted")
    raise TypeError(f"OCPP 1.6 knows no answer to {type(query).__name__}")


def _start(fact: TransactionFact, view: View) -> OutCall:
    """OCPP 1.6 §4.8, §6.45."""
    wire: dict[str, Any] = {
        "connectorId": view.numbers.get((fact.evse, fact.connector), 0),
        "idTag": words.id_tag(fact.id_token),
        "meterStart": words.whole_wh(fact.meter_wh),
        "timestamp": timestamp_of(view.timeline.utc_s(fact.stamp)),
    }
    if fact.reservation_id is not None:
        wire["reservationId"] = fact.reservation_id
    return OutCall("StartTransaction", wire)


def _update(fact: TransactionFact, view: View) -> OutCall | NotReady | None:
    """OCPP 1.6 §4.7, errata 3.16; what an update says besides its meter values, 1.6 tells by statuses."""
    values = meter_values(fact.meter_values, view)
    if not values:
        return None
    transaction = _transaction_id(fact, view)
    if transaction is None:
        return NOT_READY
    connector = view.numbers.get((fact.evse, fact.connector), 0)
    return OutCall("MeterValues", {"connectorId": connector, "meterValue": values, "transactionId": transaction})


def _stop(fact: TransactionFact, view: View) -> OutCall | NotReady:
    """OCPP 1.6 §4.10, §6.49: the idTag only where a token ended it."""
    transaction = _transaction_id(fact, view)
    if transaction is None:
        return NOT_READY
    wire: dict[str, Any] = {
        "meterStop": words.whole_wh(fact.meter_wh),
        "timestamp": timestamp_of(view.timeline.utc_s(fact.stamp)),
        "transactionId": transaction,
        "reason": words.REASONS[fact.stop_reason or StopReason.LOCAL],
    }
    if fact.id_token is not None and fact.id_token.value:
        wire["idTag"] = words.id_tag(fact.id_token)
    if fact.meter_values and (values := meter_values(fact.meter_values, view)):
        wire["transactionData"] = values
    return OutCall("StopTransaction", wire)


_TRANSACTION: Final[Mapping[Phase, Callable[[TransactionFact, View], OutCall | NotReady | None]]] = {
    Phase.STARTED: _start,
    Phase.UPDATED: _update,
    Phase.ENDED: _stop,
}


def _unplugged(fact: UnpluggedFact, view: View) -> OutCall | NotReady:
    """DataTransfer ConnectorUnplugged (California Pricing v3, 3.4), told as reliably as the transaction itself."""
    transaction = _transaction_id(fact, view)
    if transaction is None:
        return NOT_READY
    data = {"transactionId": transaction, "timestamp": timestamp_of(view.timeline.utc_s(fact.stamp))}
    request = call.DataTransfer(COST_VENDOR, "ConnectorUnplugged", json.dumps(data, separators=(",", ":")))
    return OutCall("DataTransfer", encode(request))


def _transaction_id(fact: TransactionFact | UnpluggedFact, view: View) -> int | None:
    """The CSMS's number; None while unknown. An id of another version is none that was given out under this one."""
    wire = view.wire_ids.get(fact.transaction_id)
    if wire is None:
        return None
    try:
        return int(wire)
    except ValueError:
        return words.NO_ID


def _security_event(fact: SecurityFact, view: View) -> OutCall:
    """Security WP ed.3 §5.15."""
    request = call.SecurityEventNotification(
        type=words.SECURITY_EVENTS.get(fact.type, fact.type)[:50],
        timestamp=timestamp_of(view.timeline.utc_s(fact.stamp)),
        tech_info=words.clip(fact.info, 255),
    )
    return OutCall("SecurityEventNotification", encode(request))


def _boot(view: View) -> OutCall:
    """OCPP 1.6 §4.2, §6.3. ``chargeBoxSerialNumber`` is deprecated and left out."""
    who = view.identity
    request = call.BootNotification(
        charge_point_model=who.model[:20],
        charge_point_vendor=who.vendor[:20],
        charge_point_serial_number=words.clip(who.serial, 25),
        firmware_version=words.clip(who.firmware, 50),
        iccid=words.clip(who.iccid, 20),
        imsi=words.clip(who.imsi, 20),
        meter_serial_number=words.clip(who.meter_serial, 25),
        meter_type=words.clip(who.meter_type, 25),
    )
    return OutCall("BootNotification", encode(request))
