"""Answers to what an OCPP 2.0.1 station sends, in the order of the functional blocks. The link looks them up."""

from __future__ import annotations

from functools import partial
from typing import Any

from ocpp.v201 import call_result
from ocpp.v201.datatypes import IdTokenInfoType, IdTokenType

from station.csms.cards import Card
from station.csms.desk import Desk, moment, register_wh
from station.csms.link import Handler
from station.csms.records import CsmsTransaction, StationHandle

# Answered with a fixed payload. There is no certificate authority, no 15118 back end and no charging planner here:
# the refusals say so at once instead of promising what never comes.
_FIXED: dict[str, dict[str, Any]] = {
    "ClearedChargingLimit": {},
    "DataTransfer": {"status": "UnknownVendorId"},
    "FirmwareStatusNotification": {},
    "Get15118EVCertificate": {"status": "Failed", "exi_response": ""},
    "GetCertificateStatus": {"status": "Failed"},
    "LogStatusNotification": {},
    "NotifyChargingLimit": {},
    "NotifyCustomerInformation": {},
    "NotifyDisplayMessages": {},
    "NotifyEVChargingNeeds": {"status": "Rejected"},
    "NotifyEVChargingSchedule": {"status": "Accepted"},
    "NotifyEvent": {},
    "NotifyMonitoringReport": {},
    "NotifyReport": {},
    "PublishFirmwareStatusNotification": {},
    "ReportChargingProfiles": {},
    "ReservationStatusUpdate": {},
    "SecurityEventNotification": {},
    "SignCertificate": {"status": "Rejected"},
}


def routes(desk: Desk, station: StationHandle) -> dict[str, Handler]:
    """The handlers of one station by action; each takes the payload's members in snake_case."""
    answers = _Answers(desk, station)
    table: dict[str, Handler] = {
        "Authorize": answers.authorize,
        "BootNotification": answers.boot_notification,
        "Heartbeat": answers.heartbeat,
        "MeterValues": answers.meter_values,
        "StatusNotification": answers.status_notification,
        "TransactionEvent": answers.transaction_event,
    }
    table.update({action: partial(answers.fixed, action) for action in _FIXED})
    return table


class _Answers:
    def __init__(self, desk: Desk, station: StationHandle) -> None:
        self._desk = desk
        self._station = station

    def boot_notification(self, **payload: Any) -> Any:
        self._station.boot = payload
        self._desk.acknowledge(self._station, "BootNotification", payload)
        self._desk.tell("boot", self._station.id, {"status": self._desk.boot_status, "payload": payload})
        return call_result.BootNotification(
            current_time=self._desk.timestamp(),
            interval=self._desk.heartbeat_interval_s,
            status=self._desk.boot_status,
        )

    def heartbeat(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "Heartbeat", payload)
        return call_result.Heartbeat(current_time=self._desk.timestamp())

    def authorize(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "Authorize", payload)
        info = self._card(payload["id_token"])
        number = payload["id_token"]["id_token"]
        self._desk.tell("authorize", self._station.id, {"token": number, "status": info.status})
        return call_result.Authorize(id_token_info=info)

    def transaction_event(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "TransactionEvent", payload)
        info = payload["transaction_info"]
        transaction = self._station.transaction(info["transaction_id"])
        known = transaction is not None
        if transaction is None:
            transaction = CsmsTransaction(
                id=info["transaction_id"], evse=0, connector=0, token=None, started=moment(payload["timestamp"])
            )
            self._station.transactions.append(transaction)
        self._learn(transaction, payload)
        kind = "transaction_updated" if known else "transaction_started"
        if payload["event_type"] == "Ended" and not transaction.ended:
            transaction.ended = True
            transaction.stopped = moment(payload["timestamp"])
            transaction.reason = info.get("stopped_reason", "Local")
            kind = "transaction_ended"
        self._desk.tell(kind, self._station.id, transaction.summary())
        token = payload.get("id_token")
        return call_result.TransactionEvent(id_token_info=None if token is None else self._card(token))

    def meter_values(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "MeterValues", payload)
        return call_result.MeterValues()

    def status_notification(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "StatusNotification", payload)
        place = (payload["evse_id"], payload["connector_id"])
        self._station.statuses[place] = payload["connector_status"]
        detail = {"evse": place[0], "connector": place[1], "status": payload["connector_status"]}
        self._desk.tell("status", self._station.id, detail)
        return call_result.StatusNotification()

    def fixed(self, action: str, /, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, action, payload)
        return getattr(call_result, action)(**_FIXED[action])

    def _learn(self, transaction: CsmsTransaction, payload: dict[str, Any]) -> None:
        """Take what an event tells; EVSE and token may come with any event of the transaction (E01, E02)."""
        evse = payload.get("evse")
        if evse is not None:
            transaction.evse = evse["id"]
            transaction.connector = evse.get("connector_id", transaction.connector)
        token = payload.get("id_token")
        if token is not None and transaction.token is None:
            transaction.token = token["id_token"]
        transaction.read(register_wh(payload.get("meter_value", [])[:1]))
        transaction.read(register_wh(payload.get("meter_value", [])))

    def _card(self, token: dict[str, Any]) -> Any:
        free = token["type"] == "NoAuthorization"
        card = Card() if free else self._desk.cards.look_up(token["id_token"])
        group = None if card.group is None else IdTokenType(id_token=card.group, type="Central")
        return IdTokenInfoType(status=card.status, group_id_token=group)
