"""A central system in memory for virtual fleets: answers both versions, keeps books, needs no network.

It shares no code with the stations: frames are read with ``orjson`` alone. Its answers come after a latency drawn by
seed, so that a virtual fleet has percentiles at all; they say nothing about a real CSMS. It accepts every station, and
every card but those that it was told to refuse. What a station repeats because its answer was lost stands in the books
once, and is answered as before.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import unquote

import orjson

from station.net import CloseReason, Target
from station.net.loopback import LoopbackConnection

EPOCH: Final = datetime(2026, 1, 5, tzinfo=UTC)
"""The day on which every virtual fleet begins: a Monday."""
_MEDIAN_S: Final = 0.020
_SPREAD: Final = 0.5
_SLOWEST_S: Final = 1.0
_SUBPROTOCOLS: Final = ("ocpp2.0.1", "ocpp1.6")

Told = Callable[[float, str, str, str], None]
"""Hears every frame: virtual seconds, station, direction as the station sees it ('>' sent, '<' received), text."""


@dataclass(slots=True)
class Entry:
    """A transaction in the books."""

    station: str
    begun_wh: float | None = None
    last_wh: float | None = None
    begun: int = 0
    ended: int = 0
    seq: int = -1


@dataclass(slots=True)
class Books:
    """The transactions that run, how many have ended, and what was wrong with any.

    What has ended leaves the books: whatever is told of it later makes an entry that never adds up.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    finished: int = 0
    wrong: list[str] = field(default_factory=list)

    def entry(self, station: str, key: str) -> Entry:
        """The entry of a transaction; a new one where there is none."""
        found = self.entries.get(key)
        if found is None:
            found = self.entries[key] = Entry(station)
        return found

    def energy(self, entry: Entry, key: str, wh: float) -> None:
        """A register was told of."""
        if entry.last_wh is not None and wh < entry.last_wh:
            self.wrong.append(f"{entry.station} {key}: {wh} Wh after {entry.last_wh} Wh")
        entry.last_wh = wh
        if entry.begun_wh is None:
            entry.begun_wh = wh

    def close(self, key: str) -> None:
        """A transaction may have ended."""
        entry = self.entries[key]
        if (entry.begun, entry.ended) == (1, 1):
            del self.entries[key]
            self.finished += 1

    def check(self) -> list[str]:
        """What is wrong: energy that fell, events twice or missing, transactions without an end."""
        return self.wrong + [
            f"{entry.station} {key}: begun {entry.begun} times, ended {entry.ended} times"
            for key, entry in self.entries.items()
        ]


class Digest:
    """A fingerprint of the log of a run: the same plan and seed give the same."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def __call__(self, at_s: float, station: str, direction: str, text: str) -> None:
        """Take a frame in."""
        self._sha.update(f"{at_s:.6f} {station} {direction} {text}\n".encode("utf-8", "replace"))

    def hex(self) -> str:
        """The fingerprint so far."""
        return self._sha.hexdigest()


class Double:
    """See the module.

    Args:
        loop: whose time it lives in.
        seed: of the latencies.
        told: hears every frame.
        begins_s: time of the day at the beginning, in seconds.
        refused: cards that it refuses.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        seed: int = 1,
        told: Told | None = None,
        begins_s: float = 0.0,
        refused: frozenset[str] = frozenset(),
    ) -> None:
        self.loop = loop
        self.books = Books()
        self.told = told
        self.refused = refused
        self.connected: dict[str, Peer] = {}
        self.last: dict[str, Last] = {}
        self._seed = seed
        self._origin_s = loop.time()
        self._origin = EPOCH + timedelta(seconds=begins_s)
        self._transactions = 0

    def accept(self, target: Target, end: LoopbackConnection) -> tuple[str | None, Peer]:
        """A station dials (``station.net.loopback.Accept``)."""
        station = unquote(target.url.split("?")[0].rstrip("/").rsplit("/", 1)[-1])
        chosen = next((name for name in target.subprotocols if name in _SUBPROTOCOLS), None)
        peer = self.connected[station] = Peer(self, station, end, Random(f"{self._seed}/{station}/csms"))  # noqa: S311
        return chosen, peer

    def elapsed_s(self) -> float:
        """Virtual seconds since the beginning."""
        return self.loop.time() - self._origin_s

    def now(self) -> str:
        """The date, as messages have it."""
        when = self._origin + timedelta(seconds=self.elapsed_s())
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def next_transaction(self) -> int:
        """An id of OCPP 1.6."""
        self._transactions += 1
        return self._transactions


@dataclass(frozen=True, slots=True)
class Last:
    """The last message of a station that began or ended a transaction, or told an event of one.

    It comes again where its answer was lost: over another connection, or after the station's time-out. At once and over
    the same one it is a second message, and wrong.
    """

    said: tuple[Any, ...]
    peer: Peer
    at_s: float
    answer: dict[str, Any]


class Peer:
    """The double's end of one station's connection (``station.net.api.Listener``)."""

    __slots__ = ("_double", "_end", "_random", "_station")

    def __init__(self, double: Double, station: str, end: LoopbackConnection, random: Random) -> None:
        self._double, self._station, self._end, self._random = double, station, end, random

    def text(self, data: str) -> None:
        """A frame of the station: a call is answered, anything else is an answer to ours."""
        double = self._double
        if double.told is not None:
            double.told(double.elapsed_s(), self._station, ">", data)
        frame = orjson.loads(data)
        if frame[0] != 2:
            return
        _, message_id, action, payload = frame
        answer = orjson.dumps([3, message_id, self._answered(action, payload)]).decode()
        latency_s = min(_SLOWEST_S, _MEDIAN_S * self._random.lognormvariate(0.0, _SPREAD))
        double.loop.call_later(latency_s, self._send, answer)

    def _send(self, text: str) -> None:
        if self._end.is_open:
            if self._double.told is not None:
                self._double.told(self._double.elapsed_s(), self._station, "<", text)
            self._end.send(text)

    def call(self, action: str, payload: Mapping[str, Any]) -> None:
        """Call the station; its answer is of no interest."""
        self._send(orjson.dumps([2, f"{self._random.getrandbits(64):016x}", action, dict(payload)]).decode())

    def binary(self, data: bytes) -> None:
        """OCPP-J has none."""

    def pong(self) -> None:
        """Never asked for."""

    def closed(self, reason: CloseReason) -> None:
        """The station is gone."""
        if self._double.connected.get(self._station) is self:
            del self._double.connected[self._station]

    # Answers

    def _answered(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The answer; the one before to what is merely repeated."""
        double, said = self._double, _said(action, payload)
        if said is None:
            return self._answer(action, payload)
        now_s, last = double.loop.time(), double.last.get(self._station)
        if last is not None and last.said == said and (last.peer is not self or now_s - last.at_s > _SLOWEST_S):
            return last.answer
        answer = self._answer(action, payload)
        double.last[self._station] = Last(said, self, now_s, answer)
        return answer

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        if action == "BootNotification":
            return {"currentTime": self._double.now(), "interval": 0, "status": "Accepted"}
        if action == "Heartbeat":
            return {"currentTime": self._double.now()}
        if action == "Authorize":
            return self._authorize(payload)
        if action == "StartTransaction":
            return self._start(payload)
        if action == "MeterValues" and payload.get("transactionId") is not None:
            self._values(str(payload["transactionId"]), payload["meterValue"])
        elif action == "StopTransaction":
            self._ended(str(payload["transactionId"]), float(payload["meterStop"]))
        elif action == "TransactionEvent":
            self._event(payload)
        return {"status": "Accepted"} if action == "DataTransfer" else {}

    def _authorize(self, payload: dict[str, Any]) -> dict[str, Any]:
        if "idToken" in payload:
            return {"idTokenInfo": {"status": self._word(payload["idToken"]["idToken"])}}
        return {"idTagInfo": {"status": self._word(payload["idTag"])}}

    def _word(self, card: str) -> str:
        return "Invalid" if card in self._double.refused else "Accepted"

    def _start(self, payload: dict[str, Any]) -> dict[str, Any]:
        number = self._double.next_transaction()
        books = self._double.books
        entry = books.entry(self._station, str(number))
        entry.begun += 1
        books.energy(entry, str(number), float(payload["meterStart"]))
        return {"transactionId": number, "idTagInfo": {"status": self._word(payload["idTag"])}}

    def _ended(self, key: str, wh: float) -> None:
        entry = self._double.books.entry(self._station, key)
        entry.ended += 1
        self._double.books.energy(entry, key, wh)
        self._double.books.close(key)

    def _event(self, payload: dict[str, Any]) -> None:
        key, books = payload["transactionInfo"]["transactionId"], self._double.books
        entry = books.entry(self._station, key)
        if payload["seqNo"] != entry.seq + 1:
            books.wrong.append(f"{self._station} {key}: seqNo {payload['seqNo']} after {entry.seq}")
        entry.seq = payload["seqNo"]
        entry.begun += payload["eventType"] == "Started"
        entry.ended += payload["eventType"] == "Ended"
        self._values(key, payload.get("meterValue", ()), began=payload["eventType"] == "Started")
        books.close(key)

    def _values(self, key: str, values: Any, *, began: bool = False) -> None:
        """Registers in their order; the value of the beginning is repeated at the end, and is no news there."""
        books = self._double.books
        entry = books.entry(self._station, key)
        for value in values:
            for sample in value["sampledValue"]:
                register = sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register"
                old = sample.get("context") == "Transaction.Begin" and not began
                if register and not old and "phase" not in sample:
                    books.energy(entry, key, _wh(sample))


def _said(action: str, payload: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What a message about a transaction has in common with its repetition; None: coming twice does no harm."""
    if action == "StartTransaction":
        return action, payload["connectorId"], payload["timestamp"]
    if action == "StopTransaction":
        return action, payload["transactionId"]
    if action == "TransactionEvent":
        return action, payload["transactionInfo"]["transactionId"], payload["seqNo"]
    return None


def _wh(sample: Mapping[str, Any]) -> float:
    """The energy of a sampled value, in watt-hours."""
    value = float(sample["value"])
    unit = sample.get("unit") or sample.get("unitOfMeasure", {}).get("unit") or "Wh"
    value *= math.pow(10.0, float(sample.get("unitOfMeasure", {}).get("multiplier", 0)))
    return value * 1000.0 if unit == "kWh" else value
