"""What the station tells and asks, as OCPP 2.0.1 calls, and what the answers mean.

Functions of a fact, notice or query and a ``View``; without state. What every session says is written as it is, without
the library's dataclasses in between. Called by ``Dialect2x``.

Spec: OCPP 2.0.1 part 2, blocks A, B, C, E, J.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from ocpp.v201 import call as messages

from station.core.certificate_tasks import SigningAnswered, SigningQuery
from station.core.effects import AuthorizeQuery, BootQuery, HeartbeatQuery
from station.core.events import BootAnswered, Delivered, Event, HeartbeatAnswered, TokenAnswered
from station.core.facts import (
    Fact,
    FirmwareFact,
    FirmwareNotice,
    LogFact,
    LogNotice,
    Notice,
    Phase,
    ReservationFact,
    SecurityFact,
    TransactionFact,
)
from station.core.problems import ProblemQuery, ProblemsTold
from station.core.values import ChargingState, IdToken, RegistrationStatus, StopReason, TriggerReason
from station.core.variables import Address
from station.ocpp.dialect import OutCall, View
from station.ocpp.times import moment, timestamp_of
from station.ocpp.v201.metering import meter_values
from station.ocpp.v201.n_events import notify_event
from station.ocpp.v201.vocabulary import Payload, call, running, token_info, token_out

_ATTEMPTS: Final = Address("OCPPCommCtrlr", None, None, None, "MessageAttempts", "TransactionEvent")
_INTERVAL: Final = Address("OCPPCommCtrlr", None, None, None, "MessageAttemptInterval", "TransactionEvent")
_DEFAULT_ATTEMPTS: Final = 3
_DEFAULT_INTERVAL_S: Final = 60.0

_STOP_REASONS: Final[Mapping[StopReason, str]] = {
    **{reason: reason.value for reason in StopReason},
    StopReason.HARD_RESET: "ImmediateReset",
    StopReason.SOFT_RESET: "ImmediateReset",
    StopReason.UNLOCK_COMMAND: "Other",
}
"""ReasonEnumType knows one kind of reset, and an unlock ends no transaction in this version (F05.FR.02)."""

_PHASES: Final[Mapping[Phase, str]] = {phase: phase.value for phase in Phase}
_TRIGGERS: Final[Mapping[TriggerReason, str]] = {reason: reason.value for reason in TriggerReason}
_CHARGING_STATES: Final[Mapping[ChargingState, str]] = {state: state.value for state in ChargingState}
"""What each event says of them, looked up: ``value`` of an enumeration's member is computed."""

_STATION_CERTIFICATE: Final = "ChargingStationCertificate"
_TYPE_LENGTH: Final = 50
_TECH_INFO_LENGTH: Final = 255


# Facts


def render(fact: Fact, view: View) -> OutCall | None:
    """The call that tells a fact; None for one that this version has no message for."""
    if isinstance(fact, TransactionFact):
        return _transaction_event(fact, view)
    if isinstance(fact, FirmwareFact):
        return _firmware_status(fact)
    if isinstance(fact, LogFact):
        return _log_status(fact)
    if isinstance(fact, ReservationFact):
        return _reservation_status(fact)
    return _security_event(fact, view) if isinstance(fact, SecurityFact) else None


def _firmware_status(told: FirmwareFact | FirmwareNotice) -> OutCall:
    """FirmwareStatusNotification; an update that 1.6 asked for may have no request id (L01.FR.20)."""
    return call(messages.FirmwareStatusNotification(status=told.status.value, request_id=told.request_id))


def _log_status(told: LogFact | LogNotice) -> OutCall:
    """LogStatusNotification (N01.FR.07, N01.FR.13)."""
    return call(messages.LogStatusNotification(status=told.status.value, request_id=told.request_id))


def _transaction_event(fact: TransactionFact, view: View) -> OutCall:
    """TransactionEvent.

    EVSE and connector go with every event (E01.FR.16 wants them after the plug); ``offline`` only where it is true
    (E11.FR.02, E12.FR.02); the stop reason also where it is Local (E07.FR.05).
    """
    stamp = fact.stamp
    timestamp = timestamp_of(view.timeline.utc_s(stamp))
    wire: dict[str, Any] = {
        "eventType": _PHASES[fact.phase],
        "timestamp": timestamp,
        "triggerReason": _TRIGGERS[fact.trigger],
        "seqNo": fact.seq_no,
        "transactionInfo": _transaction_info(fact),
    }
    if fact.meter_values and (values := meter_values(fact.meter_values, view, stamp, timestamp)):
        wire["meterValue"] = values
    if fact.offline:
        wire["offline"] = True
    if fact.phases_used is not None:
        wire["numberOfPhasesUsed"] = fact.phases_used
    if fact.cable_limit_a is not None:
        wire["cableMaxCurrent"] = int(fact.cable_limit_a)
    if fact.reservation_id is not None:
        wire["reservationId"] = fact.reservation_id
    if fact.evse:
        wire["evse"] = _place(fact.evse, fact.connector)
    if fact.id_token is not None:
        wire["idToken"] = token_out(fact.id_token)
    return OutCall("TransactionEvent", wire)


def _transaction_info(fact: TransactionFact) -> dict[str, Any]:
    info: dict[str, Any] = {"transactionId": fact.transaction_id}
    if fact.charging_state is not None:
        info["chargingState"] = _CHARGING_STATES[fact.charging_state]
    if fact.time_spent_charging_s is not None:
        info["timeSpentCharging"] = fact.time_spent_charging_s
    if fact.stop_reason is not None:
        info["stoppedReason"] = _STOP_REASONS[fact.stop_reason]
    if fact.remote_start_id is not None:
        info["remoteStartId"] = fact.remote_start_id
    return info


@lru_cache(maxsize=64)
def _place(evse: int, connector: int) -> Mapping[str, int]:
    """An EVSEType."""
    return {"id": evse, "connectorId": connector} if connector else {"id": evse}


def _security_event(fact: SecurityFact, view: View) -> OutCall:
    """SecurityEventNotification (A04.FR.01)."""
    return call(
        messages.SecurityEventNotification(
            type=fact.type[:_TYPE_LENGTH],
            timestamp=timestamp_of(view.timeline.utc_s(fact.stamp)),
            tech_info=fact.info[:_TECH_INFO_LENGTH] or None,
        )
    )


def _reservation_status(fact: ReservationFact) -> OutCall:
    """ReservationStatusUpdate (H01.FR.16, H01.FR.17, H04.FR.01)."""
    return call(
        messages.ReservationStatusUpdate(reservation_id=fact.reservation_id, reservation_update_status=fact.status)
    )


def delivered(key: int, fact: Fact, payload: Payload, view: View) -> Delivered:
    """What the answer to a fact's call means.

    Spec: OCPP 2.0.1 E01.FR.12, E05.FR.02, E05.FR.09, E05.FR.10: the CSMS may refuse the token only now.
    """
    info = payload.get("idTokenInfo")
    if info is None or not isinstance(fact, TransactionFact):
        return Delivered(key)
    return Delivered(key, token=fact.id_token or _token_of(fact.transaction_id, view), info=token_info(info))


def _token_of(transaction_id: str, view: View) -> IdToken | None:
    for evse, own in running(view):
        if own == transaction_id and evse.transaction is not None:
            return evse.transaction.token
    return None


def retry(fact: Fact, view: View) -> tuple[int, float]:
    """Attempts and interval in seconds for what is delivered with guarantee.

    2.0.1 has these variables for TransactionEvent only; security events, which must arrive too (A04.FR.02), follow
    them.

    Spec: OCPP 2.0.1 E13.FR.01 to E13.FR.04.
    """
    attempts = view.variables.integer(_ATTEMPTS, _DEFAULT_ATTEMPTS)
    return attempts, view.variables.number(_INTERVAL, _DEFAULT_INTERVAL_S)


# Notices


def notice(told: Notice, view: View) -> Sequence[OutCall]:
    """What is told to whoever listens, and not kept.

    MeterValues (J01.FR.02): nothing where this version has no word for any of the measurands.
    """
    if isinstance(told, FirmwareNotice):
        return (_firmware_status(told),)
    if isinstance(told, LogNotice):
        return (_log_status(told),)
    values = meter_values(told.values, view)
    return () if values is None else (call(messages.MeterValues(evse_id=told.evse, meter_value=values)),)


# Questions


def ask(query: Any, view: View) -> OutCall:
    """The call that puts a query.

    Raises:
        TypeError: no query that a dialect words.
    """
    if isinstance(query, BootQuery):
        return call(messages.BootNotification(charging_station=_charging_station(view), reason=query.reason.value))
    if isinstance(query, HeartbeatQuery):
        return call(messages.Heartbeat())
    if isinstance(query, AuthorizeQuery):
        return OutCall("Authorize", {"idToken": token_out(query.token)})
    if isinstance(query, SigningQuery):
        return call(messages.SignCertificate(csr=query.request, certificate_type=_STATION_CERTIFICATE))
    if isinstance(query, ProblemQuery):
        return notify_event(query, view)
    raise TypeError(f"{type(query).__name__} is no query of a dialect")


def _charging_station(view: View) -> dict[str, Any]:
    """ChargingStationType, each text cut to what the schema allows (B01.FR.01)."""
    identity = view.identity
    members = {
        "vendorName": identity.vendor[:50],
        "model": identity.model[:20],
        "serialNumber": identity.serial and identity.serial[:25],
        "firmwareVersion": identity.firmware and identity.firmware[:50],
    }
    modem = {"iccid": identity.iccid and identity.iccid[:20], "imsi": identity.imsi and identity.imsi[:20]}
    station: dict[str, Any] = {name: text for name, text in members.items() if text is not None}
    if any(modem.values()):
        station["modem"] = {name: text for name, text in modem.items() if text}
    return station


def answered(query: Any, payload: Payload, view: View) -> Event:
    """The event that the answer to a query is.

    Raises:
        TypeError: no query that a dialect words.
    """
    if isinstance(query, BootQuery):
        return BootAnswered(
            RegistrationStatus(payload["status"]), float(payload["interval"]), moment(payload["currentTime"])
        )
    if isinstance(query, HeartbeatQuery):
        return HeartbeatAnswered(moment(payload["currentTime"]))
    if isinstance(query, AuthorizeQuery):
        return TokenAnswered(query.token, token_info(payload["idTokenInfo"]))
    if isinstance(query, SigningQuery):
        return SigningAnswered(payload["status"] == "Accepted")
    if isinstance(query, ProblemQuery):
        return ProblemsTold()
    raise TypeError(f"{type(query).__name__} is no query of a dialect")
