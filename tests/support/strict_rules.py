"""The rules that a strict central system asserts of one station's requests: state and judgement, no I/O.

`StrictCsms` feeds it every request after schema validation; each broken rule becomes a `Violation`. Two readings of
the texts: ours is the stricter one. Independent of `station`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]

REGISTER = "Energy.Active.Import.Register"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TIME_KEYS = {"timestamp", "generatedAt", "startSchedule", "validFrom", "validTo", "timeBase", "expiryDate"}
_TRANSACTIONAL = {"StartTransaction", "StopTransaction", "TransactionEvent"}


@dataclass(frozen=True)
class Violation:
    """A broken rule: `rule` is a short name, `detail` what came."""

    station: str
    rule: str
    detail: str


@dataclass
class StrictTransaction:
    """A transaction as told. `id` is the one on the wire; `seq_nos` only in 2.0.1; `readings_wh` as they came."""

    id: str
    place: int
    token: str | None
    start: Payload
    events: list[Payload] = field(default_factory=list)
    seq_nos: list[int] = field(default_factory=list)
    readings_wh: list[float] = field(default_factory=list)
    stop: Payload | None = None
    reason: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the end was told."""
        return self.stop is not None

    @property
    def energy_wh(self) -> float:
        """Last reading less the first, Wh; 0 without readings."""
        return self.readings_wh[-1] - self.readings_wh[0] if self.readings_wh else 0.0


class StationRules:
    """Everything remembered of one station over all its connections.

    Set `registers_restart` for a meter that counts from zero in each transaction.
    """

    def __init__(self, station: str, version: str) -> None:
        self.station = station
        self.version = version
        self.violations: list[Violation] = []
        self.transactions: list[StrictTransaction] = []
        self.retries: list[Payload] = []
        self.registers_restart = False
        self.boot_status: str | None = None
        self.allowed_unaccepted: set[str] = set()
        self.connection = 0
        self._ids: dict[str, tuple[str, Payload]] = {}
        self._told: dict[str, tuple[Payload, int]] = {}
        self._registers: dict[int, float] = {}
        self._next_id = 1

    def broken(self, rule: str, detail: str) -> None:
        """Record a violation."""
        self.violations.append(Violation(self.station, rule, detail))

    def restarted(self) -> None:
        """The test restarted the station: the next request has to be a BootNotification."""
        self.boot_status = None

    def request(self, message_id: str, action: str, payload: Payload) -> None:
        """Judge a request that obeys its schema, before it is answered."""
        retry = action in _TRANSACTIONAL and self._is_retry(action, payload)
        self._judge_id(message_id, action, payload, may_repeat=retry and self.version == "ocpp1.6")
        if action != "BootNotification" and self.boot_status != "Accepted" and action not in self.allowed_unaccepted:
            self.broken("boot-first", f"{action} while the boot is {self.boot_status or 'not told'}")
        for key, text in _times(payload):
            if not _TIME.fullmatch(text):
                self.broken("timestamp", f"{action}.{key} is {text!r}")
        if retry:
            self.retries.append(payload)
            return
        match action:
            case "StartTransaction":
                self._start_16(payload)
            case "StopTransaction":
                self._stop_16(payload)
            case "MeterValues" if "transactionId" in payload:
                self._values_16(payload)
            case "TransactionEvent":
                self._event_201(payload)

    def transaction(self, wire_id: Any) -> StrictTransaction | None:
        """The transaction with this id on the wire."""
        return next((known for known in self.transactions if known.id == str(wire_id)), None)

    def transaction_id_of(self, start: Payload) -> int:
        """The 1.6 transactionId given for this StartTransaction; a retry gets the same one."""
        found = next((known for known in self.transactions if known.start == start), None)
        return int(found.id) if found is not None else -1

    def _judge_id(self, message_id: str, action: str, payload: Payload, may_repeat: bool) -> None:
        if not 0 < len(message_id) <= 36:
            self.broken("message-id", f"{action}: an id of {len(message_id)} characters")
        earlier = self._ids.setdefault(message_id, (action, payload))
        if earlier[1] is not payload and not may_repeat:
            self.broken("message-id", f"{message_id!r} was used for {earlier[0]} and again for {action}")

    def _is_retry(self, action: str, payload: Payload) -> bool:
        """The same content again. Legal only if the connection broke, for every message here is answered."""
        told = self._told.setdefault(f"{action} {_fact(payload)}", (payload, self.connection))
        if told[0] is payload:
            return False
        # An event still queued when the connection went becomes an offline one (OCPP 2.0.1 E): no change of the fact.
        if _without(told[0], "offline") != _without(payload, "offline"):
            self.broken("retry", f"{action} {_fact(payload)} again with another content")
        elif told[1] == self.connection:
            self.broken("retry", f"{action} {_fact(payload)} again although it was answered")
        return True

    def _start_16(self, payload: Payload) -> None:
        place = payload["connectorId"]
        for known in self.transactions:
            if known.place == place and not known.ended:
                self.broken("one-transaction", f"connector {place} starts another before {known.id} stopped")
        transaction = StrictTransaction(str(self._next_id), place, payload["idTag"], payload)
        self._next_id += 1
        self.transactions.append(transaction)
        self._reading(transaction, float(payload["meterStart"]), first=True)

    def _stop_16(self, payload: Payload) -> None:
        transaction = self.transaction(payload["transactionId"])
        if transaction is None:
            self.broken("transaction", f"StopTransaction of {payload['transactionId']}, which was never given out")
            return
        if transaction.ended:
            self.broken("transaction", f"a second StopTransaction of {transaction.id}")
            return
        transaction.stop = payload
        transaction.reason = payload.get("reason", "Local")
        if payload["timestamp"] < transaction.start["timestamp"]:
            self.broken("chronology", f"{transaction.id} stops before it starts")
        previous: float | None = None
        for reading in readings_wh(payload.get("transactionData", [])):
            if previous is not None and reading < previous:
                self.broken("energy", f"transactionData falls from {previous} to {reading} Wh")
            previous = reading
        self._reading(transaction, float(payload["meterStop"]))

    def _values_16(self, payload: Payload) -> None:
        transaction = self.transaction(payload["transactionId"])
        if transaction is None:
            self.broken("transaction", f"MeterValues of {payload['transactionId']}, which was never given out")
            return
        if transaction.ended:
            self.broken("chronology", f"MeterValues of {transaction.id} after its StopTransaction")
        transaction.events.append(payload)
        for reading in readings_wh(payload["meterValue"]):
            self._reading(transaction, reading)

    def _event_201(self, payload: Payload) -> None:
        wire_id = payload["transactionInfo"]["transactionId"]
        transaction = self.transaction(wire_id)
        first = transaction is None
        if transaction is None:
            transaction = StrictTransaction(wire_id, payload.get("evse", {}).get("id", 0), None, payload)
            self.transactions.append(transaction)
        elif payload["timestamp"] < transaction.events[-1]["timestamp"]:
            self.broken("chronology", f"{wire_id}: seqNo {payload['seqNo']} is earlier than the event before it")
        if first != (payload["eventType"] == "Started"):
            self.broken("transaction", f"{wire_id}: {payload['eventType']} as event number {len(transaction.events)}")
        if transaction.ended:
            self.broken("transaction", f"{wire_id}: {payload['eventType']} after Ended")
        expected = transaction.seq_nos[-1] + 1 if transaction.seq_nos else 0
        if payload["seqNo"] != expected:
            self.broken("seq-no", f"{wire_id}: {payload['seqNo']} follows {transaction.seq_nos}")
        transaction.seq_nos.append(payload["seqNo"])
        transaction.events.append(payload)
        transaction.place = payload.get("evse", {}).get("id", transaction.place)
        if transaction.token is None and "idToken" in payload:
            transaction.token = payload["idToken"]["idToken"]
        readings = list(readings_wh(payload.get("meterValue", [])))
        if payload["eventType"] == "Ended":
            # The samples of the whole transaction stand in its last event again (SampledDataTxEndedInterval).
            if readings != sorted(readings):
                self.broken("energy", f"{wire_id}: the readings of the last event fall: {readings}")
            readings = readings[-1:]
        for reading in readings:
            self._reading(transaction, reading, first=not transaction.readings_wh)
        if payload["eventType"] == "Ended":
            transaction.stop = payload
            transaction.reason = payload["transactionInfo"].get("stoppedReason", "Local")

    def _reading(self, transaction: StrictTransaction, reading_wh: float, first: bool = False) -> None:
        floor = transaction.readings_wh[-1] if transaction.readings_wh else None
        if first and not self.registers_restart:
            floor = self._registers.get(transaction.place)
        if floor is not None and reading_wh < floor:
            self.broken("energy", f"transaction {transaction.id}: the register falls from {floor} to {reading_wh} Wh")
        transaction.readings_wh.append(reading_wh)
        self._registers[transaction.place] = reading_wh


def readings_wh(meter_values: list[Payload]) -> Iterator[float]:
    """The readings of the total energy register in Wh, in either version's spelling."""
    for meter_value in meter_values:
        for sample in meter_value["sampledValue"]:
            if sample.get("measurand", REGISTER) != REGISTER or "phase" in sample:
                continue
            if sample.get("format") == "SignedData" or sample.get("location", "Outlet") != "Outlet":
                continue
            scale = sample.get("unitOfMeasure", {})
            factor = 1000.0 if scale.get("unit", sample.get("unit", "Wh")) == "kWh" else 1.0
            yield float(sample["value"]) * factor * 10 ** scale.get("multiplier", 0)


def _times(payload: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(payload, dict):
        for name, value in payload.items():
            yield from _times(value, name)
    elif isinstance(payload, list):
        for value in payload:
            yield from _times(value, key)
    elif isinstance(payload, str) and key in _TIME_KEYS:
        yield key, payload


def _fact(payload: Payload) -> str:
    """What makes a transaction message the same fact as an earlier one."""
    if "transactionInfo" in payload:
        return f"{payload['transactionInfo']['transactionId']} seqNo {payload['seqNo']}"
    if "transactionId" in payload:
        return str(payload["transactionId"])
    return f"{payload['connectorId']} {payload['timestamp']}"


def _without(payload: Payload, member: str) -> Payload:
    return {name: value for name, value in payload.items() if name != member}
