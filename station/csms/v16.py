"""Answers to what an OCPP 1.6 station sends, the security extensions included. The link looks them up by action."""

from __future__ import annotations

from functools import partial
from typing import Any

from ocpp.v16 import call_result
from ocpp.v16.datatypes import IdTagInfo

from station.csms.cards import STATUSES_16
from station.csms.desk import Desk, moment, register_wh
from station.csms.link import Handler
from station.csms.records import CsmsTransaction, StationHandle

# Answered with an empty payload.
_PLAIN = (
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SecurityEventNotification",
    "SignedFirmwareStatusNotification",
)


def routes(desk: Desk, station: StationHandle) -> dict[str, Handler]:
    """The handlers of one station by action; each takes the payload's members in snake_case."""
    answers = _Answers(desk, station)
    table: dict[str, Handler] = {
        "Authorize": answers.authorize,
        "BootNotification": answers.boot_notification,
        "DataTransfer": answers.data_transfer,
        "Heartbeat": answers.heartbeat,
        "MeterValues": answers.meter_values,
        "SignCertificate": answers.sign_certificate,
        "StartTransaction": answers.start_transaction,
        "StatusNotification": answers.status_notification,
        "StopTransaction": answers.stop_transaction,
    }
    table.update({action: partial(answers.plain, action) for action in _PLAIN})
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
        info = self._card(payload["id_tag"])
        self._desk.tell("authorize", self._station.id, {"token": payload["id_tag"], "status": info.status})
        return call_result.Authorize(id_tag_info=info)

    def start_transaction(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "StartTransaction", payload)
        info = self._card(payload["id_tag"])
        started = moment(payload["timestamp"])
        transaction = self._repeated(payload, started)
        if transaction is None:
            transaction = CsmsTransaction(
                id=str(self._desk.new_transaction_id()),
                evse=payload["connector_id"],
                connector=1,
                token=payload["id_tag"],
                started=started,
            )
            transaction.read(float(payload["meter_start"]))
            self._station.transactions.append(transaction)
            self._desk.tell("transaction_started", self._station.id, transaction.summary())
        return call_result.StartTransaction(transaction_id=int(transaction.id), id_tag_info=info)

    def stop_transaction(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "StopTransaction", payload)
        transaction = self._station.transaction(str(payload["transaction_id"]))
        if transaction is not None and not transaction.ended:
            transaction.read(float(payload["meter_stop"]))
            transaction.stopped = moment(payload["timestamp"])
            transaction.reason = payload.get("reason", "Local")
            transaction.ended = True
            self._desk.tell("transaction_ended", self._station.id, transaction.summary())
        token = payload.get("id_tag")
        return call_result.StopTransaction(id_tag_info=None if token is None else self._card(token))

    def meter_values(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "MeterValues", payload)
        transaction = self._station.transaction(str(payload.get("transaction_id")))
        if transaction is not None and not transaction.ended:
            transaction.read(register_wh(payload["meter_value"]))
            self._desk.tell("transaction_updated", self._station.id, transaction.summary())
        return call_result.MeterValues()

    def status_notification(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "StatusNotification", payload)
        connector = payload["connector_id"]
        place = (connector, 1) if connector else (0, 0)
        self._station.statuses[place] = payload["status"]
        detail = {"evse": place[0], "connector": place[1], "status": payload["status"]}
        self._desk.tell("status", self._station.id, detail | {"error_code": payload["error_code"]})
        return call_result.StatusNotification()

    def data_transfer(self, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, "DataTransfer", payload)
        return call_result.DataTransfer(status="UnknownVendorId")

    def sign_certificate(self, **payload: Any) -> Any:
        # There is no certificate authority here: Accepted would promise a CertificateSigned that never comes.
        self._desk.acknowledge(self._station, "SignCertificate", payload)
        return call_result.SignCertificate(status="Rejected")

    def plain(self, action: str, /, **payload: Any) -> Any:
        self._desk.acknowledge(self._station, action, payload)
        return getattr(call_result, action)()

    def _card(self, number: str) -> Any:
        card = self._desk.cards.look_up(number)
        status = card.status if card.status in STATUSES_16 else "Invalid"
        return IdTagInfo(status=status, parent_id_tag=card.group)

    def _repeated(self, payload: dict[str, Any], started: Any) -> CsmsTransaction | None:
        """The transaction that a station tells again because it never saw the answer."""
        same = (payload["connector_id"], payload["id_tag"], started, float(payload["meter_start"]))
        for known in self._station.transactions:
            if (known.evse, known.token, known.started, known.start_wh) == same:
                return known
        return None
