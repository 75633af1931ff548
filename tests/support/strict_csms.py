"""A strict central system on the `ocpp` library's messages and schemas, for tests over real sockets.

It answers everything, checks everything (see `strict_rules`) and records each broken rule in `violations`; it hides
nothing. Independent of `station`. Not scriptable beyond cards and boot status: for misbehaviour there is
`scripted_csms`.

    async with StrictCsms() as csms:
        ...a station dials csms.url + "/CP-1"...
        await csms.wait_for("StatusNotification", lambda p: p["connectorId"] == 1)
        await csms.call("CP-1", "Reset", {"type": "Soft"})
        csms.assert_clean()
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import unquote

from ocpp.exceptions import OCPPError
from ocpp.messages import Call, CallError, CallResult, validate_payload
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.support.strict_rules import Payload, StationRules, StrictTransaction, Violation

_SCHEMAS = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1"}
# While the boot is pending, a station may send what these calls of ours ask for.
_ASKS_FOR = {
    "GetBaseReport": ("NotifyReport",),
    "GetReport": ("NotifyReport",),
    "GetMonitoringReport": ("NotifyMonitoringReport",),
    "GetLog": ("LogStatusNotification",),
    "GetDiagnostics": ("DiagnosticsStatusNotification",),
    "CertificateSigned": ("SecurityEventNotification",),
}


@dataclass(frozen=True)
class Message:
    """A request or an answer. Direction `in` is from the station; kind is `call`, `result` or `error`."""

    station: str
    direction: str
    kind: str
    action: str
    id: str
    payload: Any


@dataclass
class _Session:
    """One connection of one station."""

    rules: StationRules
    socket: ServerConnection
    inbox: asyncio.Queue[Call] = field(default_factory=asyncio.Queue)
    unanswered: int = 0
    pending: dict[str, tuple[str, asyncio.Future[Payload]]] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class StrictCsms:
    """The server; use as an async context manager.

    Args:
        versions: subprotocols to agree to, by the client's order.
        passwords: by station id; every upgrade then needs a right Basic Auth header.
        cards: status by card number; a card that is not named is Accepted.
        tls: a server context makes the URL `wss`.

    Attributes:
        boot_status, interval_s: the answer to BootNotification.
        answer_delay_s: time between request and answer, in which a second request would be a violation.
        messages: everything both ways.
        rules: what is remembered and judged, by station.
    """

    def __init__(
        self,
        versions: Sequence[str] = ("ocpp1.6", "ocpp2.0.1"),
        passwords: Mapping[str, str] | None = None,
        cards: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.boot_status = "Accepted"
        self.interval_s = 300
        self.answer_delay_s = 0.003
        self.cards = dict(cards or {})
        self.messages: list[Message] = []
        self.rules: dict[str, StationRules] = {}
        self._versions = tuple(versions)
        self._passwords = passwords
        self._tls = tls
        self._port = port
        self._sessions: dict[str, _Session] = {}
        self._refused: list[Violation] = []
        self._boot_due: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            ssl=self._tls,
            process_request=self._check,
            select_subprotocol=self._choose,
            compression=None,
            close_timeout=0.5,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    # --- what a test asks -----------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The base URL; the station appends its id."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self._port}/ocpp"

    @property
    def violations(self) -> list[Violation]:
        """Every broken rule of every station."""
        return [*self._refused, *(violation for rules in self.rules.values() for violation in rules.violations)]

    @property
    def transactions(self) -> list[StrictTransaction]:
        """The transactions of all stations, each station's in the order of their starts."""
        return [transaction for rules in self.rules.values() for transaction in rules.transactions]

    def assert_clean(self, open_transactions: int = 0) -> None:
        """AssertionError with a list if a rule was broken, or if another number of transactions is still open."""
        assert not self.violations, "\n".join(f"{v.station} {v.rule}: {v.detail}" for v in self.violations)
        still_open = [transaction.id for transaction in self.transactions if not transaction.ended]
        assert len(still_open) == open_transactions, f"transactions still open: {still_open}"

    def online(self, station_id: str) -> bool:
        """Whether the station is connected."""
        return station_id in self._sessions

    def mark(self) -> int:
        """A position in `messages`, for `wait_for(since=...)`."""
        return len(self.messages)

    def requests(self, action: str, since: int = 0) -> list[Payload]:
        """The payloads of the stations' requests of this action."""
        return [m.payload for m in self.messages[since:] if (m.direction, m.kind, m.action) == ("in", "call", action)]

    async def wait_for(
        self, action: str, predicate: Callable[[Payload], Any] | None = None, timeout_s: float = 10.0, since: int = 0
    ) -> Payload:
        """The first request of this action (from `since` on) that satisfies the predicate; waits for it.

        AssertionError after `timeout_s`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    for payload in self.requests(action, since):
                        if predicate is None or predicate(payload):
                            return payload
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            seen = [m.action for m in self.messages[since:] if m.direction == "in" and m.kind == "call"]
            raise AssertionError(f"no such {action} within {timeout_s} s; seen: {seen}") from None

    async def call(self, station_id: str, action: str, payload: Payload, timeout_s: float = 10.0) -> Payload:
        """Send a CALL (one at a time) and return the result's payload.

        Raises OCPPError for a CALLERROR, TimeoutError without an answer, ConnectionError without a connection.
        A request of ours that breaks the schema is the test's own mistake and raises OCPPError.
        """
        session = self._sessions.get(station_id)
        if session is None:
            raise ConnectionError(f"{station_id} is not connected")
        call = Call(str(uuid.uuid4()), action, payload)
        await validate_payload(call, _SCHEMAS[session.rules.version])
        wanted = (payload.get("requestedMessage"),) if "requestedMessage" in payload else _ASKS_FOR.get(action, ())
        session.rules.allowed_unaccepted.update(str(name) for name in wanted)
        async with session.lock:
            answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
            session.pending[call.unique_id] = (action, answer)
            self._log(session, "out", "call", action, call.unique_id, payload)
            await session.socket.send(call.to_json())
            try:
                async with asyncio.timeout(timeout_s):
                    return await answer
            finally:
                session.pending.pop(call.unique_id, None)

    # --- the upgrade ----------------------------------------------------------------------------------------------

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        station_id = unquote(request.path.rpartition("/")[2])
        if self._passwords is None:
            return None
        expected = base64.b64encode(f"{station_id}:{self._passwords.get(station_id, '')}".encode()).decode()
        if request.headers.get_all("Authorization") == [f"Basic {expected}"]:
            return None
        self._refused.append(Violation(station_id, "basic-auth", "wrong, missing or doubled Authorization header"))
        return connection.respond(401, "wrong password\n")

    def _choose(self, _connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return next((version for version in offered if version in self._versions), None)

    # --- the connection -------------------------------------------------------------------------------------------

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        station_id = unquote(socket.request.path.rpartition("/")[2])
        if socket.subprotocol is None:
            self._refused.append(Violation(station_id, "subprotocol", "none that is known was offered"))
            await socket.close(1002, "no subprotocol")
            return
        rules = self.rules.setdefault(station_id, StationRules(station_id, str(socket.subprotocol)))
        rules.version = str(socket.subprotocol)
        rules.connection += 1
        session = _Session(rules, socket)
        self._sessions[station_id] = session
        answering = asyncio.create_task(self._answer_all(session))
        try:
            async for message in socket:
                await self._receive(session, message)
                self._changed.set()
        except ConnectionClosed:
            pass
        finally:
            answering.cancel()
            if self._sessions.get(station_id) is session:
                del self._sessions[station_id]
            for _, waiting in session.pending.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError("the connection is gone"))
            self._changed.set()

    async def _receive(self, session: _Session, message: str | bytes) -> None:
        """Judge a frame at the moment it comes; requests are answered in order by another task."""
        frame = _parsed(message)
        match frame:
            case [2, str(message_id), str(action), dict(payload)]:
                self._log(session, "in", "call", action, message_id, payload)
                session.unanswered += 1
                if session.unanswered > 1:
                    session.rules.broken("one-call", f"{action} before the request ahead of it was answered")
                session.inbox.put_nowait(Call(message_id, action, payload))
            case [3, str(message_id), dict(payload)]:
                await self._answered(session, CallResult(message_id, payload))
            case [4, str(message_id), str(code), str(description), dict(details)]:
                await self._answered(session, CallError(message_id, code, description, details))
            case _:
                session.rules.broken("frame", f"no OCPP frame: {str(message)[:200]}")

    async def _answered(self, session: _Session, answer: CallResult | CallError) -> None:
        action, waiting = session.pending.get(answer.unique_id, (None, None))
        if action is None or waiting is None or waiting.done():
            session.rules.broken("answer", f"an answer to nothing: id {answer.unique_id!r}")
            return
        if isinstance(answer, CallError):
            self._log(session, "in", "error", action, answer.unique_id, [answer.error_code, answer.error_description])
            waiting.set_exception(_as_exception(answer))
            return
        self._log(session, "in", "result", action, answer.unique_id, answer.payload)
        original = answer.payload
        answer.action = action
        try:
            await validate_payload(answer, _SCHEMAS[session.rules.version])
        except OCPPError as error:
            session.rules.broken("schema", f"answer to {action}: {error.details.get('cause', error)}")
        if not waiting.done():
            waiting.set_result(original)

    async def _answer_all(self, session: _Session) -> None:
        schema = _SCHEMAS[session.rules.version]
        while True:
            call = await session.inbox.get()
            await asyncio.sleep(self.answer_delay_s)
            try:
                await validate_payload(call, schema)
            except OCPPError as error:
                session.rules.broken("schema", f"{call.action}: {error.details.get('cause', error)}")
                answer: CallResult | CallError = CallError(call.unique_id, error.code, "see the violations", {})
            else:
                answer = await self._judged(session, call)
            kind = "result" if isinstance(answer, CallResult) else "error"
            self._log(session, "out", kind, call.action, call.unique_id, getattr(answer, "payload", None))
            # Counted down first: the station may send its next request the moment it has this answer.
            session.unanswered -= 1
            try:
                await session.socket.send(answer.to_json())
            except ConnectionClosed:
                return
            self._changed.set()

    async def _judged(self, session: _Session, call: Call) -> CallResult | CallError:
        session.rules.request(call.unique_id, call.action, call.payload)
        payload = self._payload(session.rules, call.action, call.payload)
        if payload is None:
            session.rules.broken("direction", f"{call.action} is not for a central system")
            return CallError(call.unique_id, "NotSupported", "", {})
        result = call.create_call_result(payload)
        await validate_payload(result, _SCHEMAS[session.rules.version])
        return result

    # --- the answers ----------------------------------------------------------------------------------------------

    def _payload(self, rules: StationRules, action: str, request: Payload) -> Payload | None:
        if action == "BootNotification":
            return self._boot(rules)
        if rules.version == "ocpp1.6":
            return self._payload_16(rules, action, request)
        return self._payload_201(action, request)

    def _boot(self, rules: StationRules) -> Payload:
        now = asyncio.get_running_loop().time()
        due = self._boot_due.pop(rules.station, None)
        if due is not None and now < due - 0.05 and "BootNotification" not in rules.allowed_unaccepted:
            rules.broken("boot-interval", f"BootNotification {due - now:.2f} s before its time")
        rules.boot_status = self.boot_status
        if self.boot_status != "Accepted":
            self._boot_due[rules.station] = now + self.interval_s
        return {"status": self.boot_status, "currentTime": _now(), "interval": self.interval_s}

    def _payload_16(self, rules: StationRules, action: str, request: Payload) -> Payload | None:
        card = {"status": self.cards.get(request.get("idTag", ""), "Accepted")}
        answers: dict[str, Payload] = {
            "Authorize": {"idTagInfo": card},
            "DataTransfer": {"status": "UnknownVendorId"},
            "Heartbeat": {"currentTime": _now()},
            "SignCertificate": {"status": "Accepted"},
            "StopTransaction": {"idTagInfo": card} if "idTag" in request else {},
        }
        if action == "StartTransaction":
            return {"transactionId": rules.transaction_id_of(request), "idTagInfo": card}
        if action in ("MeterValues", "SecurityEventNotification") or action.endswith("StatusNotification"):
            return {}
        return answers.get(action)

    def _payload_201(self, action: str, request: Payload) -> Payload | None:
        token = request.get("idToken", {})
        card = {"idTokenInfo": {"status": self.cards.get(token.get("idToken", ""), "Accepted")}}
        answers: dict[str, Payload] = {
            "Authorize": card,
            "ClearedChargingLimit": {},
            "DataTransfer": {"status": "UnknownVendorId"},
            "Get15118EVCertificate": {"status": "Failed", "exiResponse": ""},
            "GetCertificateStatus": {"status": "Failed"},
            "Heartbeat": {"currentTime": _now()},
            "MeterValues": {},
            "NotifyEVChargingNeeds": {"status": "Rejected"},
            "NotifyEVChargingSchedule": {"status": "Accepted"},
            "ReportChargingProfiles": {},
            "ReservationStatusUpdate": {},
            "SecurityEventNotification": {},
            "SignCertificate": {"status": "Accepted"},
            "TransactionEvent": card if token else {},
        }
        plain = action.startswith("Notify") or action.endswith("StatusNotification")
        return answers.get(action, {} if plain else None)

    def _log(self, session: _Session, direction: str, kind: str, action: str, message_id: str, payload: Any) -> None:
        self.messages.append(Message(session.rules.station, direction, kind, action, message_id, payload))


def _parsed(message: str | bytes) -> Any:
    if isinstance(message, bytes):
        return None
    try:
        return json.loads(message, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return None


def _as_exception(answer: CallError) -> Exception:
    try:
        error: Exception = answer.to_exception()
    except Exception as unknown:
        return unknown
    return error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
