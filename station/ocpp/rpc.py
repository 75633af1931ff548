"""Remote procedure calls of one station, without I/O: text and time in, text and events out.

One ``Rpc`` lives as long as its station, across connections. It has at most one CALL outstanding, answers bad input by
the version's rules, and hands every good CALL to its owner under a token, whose answer may come at any later time.

Not here: sockets, retries and the order of messages (``station.ocpp.outbox``), what a message means (the dialects).
Called by the host, which writes what ``call``, ``accept``, ``refuse`` and the ``Send`` events return.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import field
from typing import Any, Literal

from station.core.frozen import dataclass
from station.errors import StationError
from station.ocpp.frames import (
    NO_ID,
    Call,
    CallError,
    CallResult,
    FrameError,
    FrameErrorKind,
    MessageType,
    SendCall,
    encode_call,
    encode_error,
    encode_result,
    parse,
)
from station.ocpp.rules import ErrorKind, WireRules
from station.ocpp.schema import check, known_actions

_log = logging.getLogger(__name__)

Cause = Literal["Timeout", "CallError", "Disconnected", "InvalidAnswer"]
"""Why a call of ours failed."""


class OutgoingInvalid(StationError):
    """A CALL of ours breaks the schema and was not sent; the text names member and rule."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A CALL to us that passed its schema; to be answered by ``accept``, ``refuse`` or ``drop``.

    Attributes:
        token: names the CALL; never used twice by one ``Rpc``.
        action: the name of the message without "Request".
        payload: what passed the schema.
        message_id: the id of the frame, for logs.
    """

    token: int
    action: str
    payload: dict[str, Any]
    message_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Our CALL was answered with a payload that passed its schema.

    Attributes:
        ref: what the owner gave to ``call``.
        action: the action of the CALL.
        payload: the answer.
    """

    ref: object
    action: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """Our CALL got no usable answer.

    Attributes:
        ref: what the owner gave to ``call``.
        action: the action of the CALL.
        cause: why.
        code: the peer's error code for cause "CallError", else empty.
        description: the peer's words for "CallError", ours for "InvalidAnswer", else empty.
        heard: whether anything came in meanwhile: then the connection is alive.
    """

    ref: object
    action: str
    cause: Cause
    code: str
    description: str
    heard: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Text to write: always a CALLERROR about bad input.

    A 1.6 station whose registration is Rejected answers nothing at all (OCPP 1.6 §4.2): its host discards these.

    Attributes:
        action: of the CALL that is refused; ``unknown`` where the version has none of this name, empty where the frame
            was no CALL.
        code: as it is written.
    """

    text: str
    action: str = ""
    code: str = ""


RpcEvent = Inbound | Answered | Failed | Send


@dataclass(slots=True)
class _Outstanding:
    message_id: str
    ref: object
    action: str
    checked: bool
    heard: bool = False


class Rpc:
    """The calls of one station, in both directions.

    Times are seconds of one monotonic clock. A new ``Rpc`` is disconnected.

    Args:
        rules: the version's rules, shared by all stations.
        new_id: makes message ids of at most 36 characters that are unique over all connections of the station.
        supported: tells whether the station has the function of a known action; default: it has them all.
    """

    __slots__ = (
        "_last_token",
        "_new_id",
        "_outstanding",
        "_pending",
        "_rules",
        "_supported",
        "barred",
        "due_s",
        "invalid",
        "is_connected",
    )

    def __init__(
        self, rules: WireRules, new_id: Callable[[], str], supported: Callable[[str], bool] | None = None
    ) -> None:
        self._rules = rules
        self._new_id = new_id
        self._supported = supported
        self._outstanding: _Outstanding | None = None
        self._pending: dict[int, tuple[str, str]] = {}
        self._last_token = 0
        self.is_connected = False
        """Whether there is a connection."""
        self.due_s: float | None = None
        """When ``tick`` has something to do: the outstanding CALL is given up. None: no CALL of ours waits."""
        self.barred = False
        """Whether every CALL to us is a SecurityError, whatever it asks for (OCPP 2.0.1 B03.FR.08)."""
        self.invalid = ""
        """What was wrong with the first message over this connection that is no valid OCPP; empty: none was."""

    @property
    def busy(self) -> bool:
        """Whether a CALL of ours waits for its answer (OCPP-J 1.6 §4.1.1, OCPP 2.0.1 part 4 §4.1.1)."""
        return self.due_s is not None

    @property
    def unanswered(self) -> int:
        """How many inbound calls wait for our answer."""
        return len(self._pending)

    def connected(self) -> None:
        """Begin a connection. Call ``disconnected`` first if there was one."""
        self.is_connected = True
        self.invalid = ""

    def disconnected(self) -> list[RpcEvent]:
        """End the connection: the outstanding CALL fails as "Disconnected", all tokens are void."""
        self.is_connected = False
        self._pending.clear()
        return self._fail("Disconnected")

    def call(
        self, ref: object, action: str, payload: dict[str, Any], now: float, timeout_s: float, *, checked: bool = True
    ) -> str:
        """Begin a CALL and return its text.

        Args:
            ref: comes back in ``Answered`` or ``Failed``.
            action: the name of the message without "Request".
            payload: wire member names, JSON values.
            now: monotonic time, seconds.
            timeout_s: how long to wait for the answer, seconds, more than 0.
            checked: False sends whatever it is, and takes whatever comes back: somebody tries the peer.

        Raises:
            RuntimeError: a CALL is outstanding, or there is no connection.
            OutgoingInvalid: the payload breaks the schema or cannot be written as JSON; nothing is outstanding then.
        """
        if self._outstanding is not None:
            raise RuntimeError("a call is outstanding")
        if not self.is_connected:
            raise RuntimeError("not connected")
        if checked:
            self._check_call(action, payload)
        message_id = self._new_id()
        try:
            text = encode_call(message_id, action, payload)
        except TypeError as error:
            raise OutgoingInvalid(f"{action}: cannot be written as JSON") from error
        self._outstanding = _Outstanding(message_id, ref, action, checked)
        self.due_s = now + timeout_s
        return text

    def _check_call(self, action: str, payload: dict[str, Any]) -> None:
        version = self._rules.version
        if action not in known_actions(version):
            raise OutgoingInvalid(f"{action} is no request of OCPP {version}")
        fault = check(version, action, "request", payload)
        if fault is not None:
            raise OutgoingInvalid(f"{action}: {fault.description}")

    def receive(self, data: str | bytes) -> list[RpcEvent]:
        """Take in one message. Total: never raises, whatever a peer sends.

        An answer counts as long as its CALL is outstanding, even after the deadline if ``tick`` has not run: the peer
        kept its time, the loop did not. Answers to nothing, doubled or late are ignored. A frame of type 3 or 4 that
        bears our id but is broken fails the CALL at once as "InvalidAnswer": nothing better will come.

        Args:
            data: one WebSocket message; bytes are a binary message.
        """
        if not self.is_connected:
            return []
        if self._outstanding is not None:
            self._outstanding.heard = True
        frame = parse(data, self._rules.limits)
        if isinstance(frame, CallResult):
            return self._on_result(frame)
        if isinstance(frame, Call):
            return self._on_call(frame)
        if isinstance(frame, CallError):
            return self._on_error(frame)
        if isinstance(frame, FrameError):
            return self._on_broken(frame)
        if isinstance(frame, SendCall):
            unknown = FrameError(FrameErrorKind.UNKNOWN_TYPE, frame.id, MessageType.SEND, "unknown message type")
            return self._answer_broken(unknown)
        return []

    def accept(self, token: int, payload: dict[str, Any]) -> str | None:
        """Answer an inbound CALL and return the text of the CALLRESULT.

        A payload that breaks the schema is our own fault: it becomes an InternalError, and is logged without values.

        Returns:
            None if the token is unknown, was answered or dropped, or came over a connection that is gone.
        """
        pending = self._pending.pop(token, None)
        if pending is None:
            return None
        message_id, action = pending
        try:
            fault = check(self._rules.version, action, "response", payload)
            if fault is None:
                return encode_result(message_id, payload)
            reason = fault.description
        except TypeError:
            reason = "cannot be written"
        _log.error("! our answer to %s is invalid: %s", action, reason)
        return self._error_text(message_id, ErrorKind.INTERNAL, "the answer could not be made")

    def refuse(self, token: int, code: ErrorKind | str, description: str = "") -> str | None:
        """Answer an inbound CALL with a CALLERROR and return its text.

        Args:
            token: of the ``Inbound``.
            code: an ``ErrorKind``, spelt as the version does; other texts are sent as they are.
            description: at most 255 characters (cut); nothing of the payload.

        Returns:
            None as for ``accept``, and if the CALL bore the id "-1".
        """
        pending = self._pending.pop(token, None)
        return None if pending is None else self._error_text(pending[0], code, description)

    def drop(self, token: int) -> None:
        """Never answer an inbound CALL; unknown tokens are no error."""
        self._pending.pop(token, None)

    def tick(self, now: float) -> list[RpcEvent]:
        """Fail the outstanding CALL as "Timeout" if its deadline has come."""
        if self.due_s is None or now < self.due_s:
            return []
        return self._fail("Timeout")

    def _on_call(self, frame: Call) -> list[RpcEvent]:
        refusal = self._refusal(frame)
        if refusal is not None:
            text = self._error_text(frame.id, *refusal)
            action = frame.action if frame.action in known_actions(self._rules.version) else "unknown"
            return [] if text is None else [Send(text, action, self._rules.code(refusal[0]))]
        self._last_token += 1
        self._pending[self._last_token] = (frame.id, frame.action)
        return [Inbound(self._last_token, frame.action, frame.payload, frame.id)]

    def _refusal(self, frame: Call) -> tuple[ErrorKind, str] | None:
        """Find why a CALL does not reach its handler."""
        rules = self._rules
        if self.barred:
            return ErrorKind.SECURITY, "the boot is not accepted"
        if frame.action not in known_actions(rules.version):
            return ErrorKind.NOT_IMPLEMENTED, "unknown action"
        if self._supported is not None and not self._supported(frame.action):
            return ErrorKind.NOT_SUPPORTED, "this station does not have the function"
        fault = check(rules.version, frame.action, "request", frame.payload)
        if fault is not None:
            self.invalid = self.invalid or f"{frame.action}: {fault.description}"
            return rules.payload_faults[fault.kind], fault.description
        if any(frame.id == message_id for message_id, _ in self._pending.values()):
            return rules.same_id, "a call with this id is being handled"
        if len(self._pending) >= rules.max_unanswered:
            return ErrorKind.GENERIC, "too many unanswered calls"
        return None

    def _on_result(self, frame: CallResult) -> list[RpcEvent]:
        call = self._outstanding
        if call is None or call.message_id != frame.id:
            return []
        payload = frame.payload
        fault = check(self._rules.version, call.action, "response", payload) if call.checked else None
        if fault is not None:
            # Serialisers of several CSMSs write members that are not there as null.
            payload = _without_nulls(payload)
            fault = check(self._rules.version, call.action, "response", payload)
        if fault is not None:
            self.invalid = self.invalid or f"the answer to {call.action}: {fault.description}"
            return self._fail("InvalidAnswer", description=fault.description)
        self._outstanding = self.due_s = None
        return [Answered(call.ref, call.action, payload)]

    def _on_error(self, frame: CallError) -> list[RpcEvent]:
        if self._is_ours(frame.id):
            return self._fail("CallError", frame.code, frame.description)
        return []

    def _on_broken(self, error: FrameError) -> list[RpcEvent]:
        self.invalid = self.invalid or error.description
        if error.message_type in (MessageType.CALL_RESULT, MessageType.CALL_ERROR) and self._is_ours(error.id):
            return self._fail("InvalidAnswer", description=error.description)
        return self._answer_broken(error)

    def _answer_broken(self, error: FrameError) -> list[RpcEvent]:
        answer = self._rules.answer_to(error)
        if answer is None:
            return []
        message_id, kind = answer
        return [Send(encode_error(message_id, self._rules.code(kind), error.description))]

    def _is_ours(self, message_id: str | None) -> bool:
        return self._outstanding is not None and self._outstanding.message_id == message_id

    def _fail(self, cause: Cause, code: str = "", description: str = "") -> list[RpcEvent]:
        call = self._outstanding
        if call is None:
            return []
        self._outstanding = self.due_s = None
        return [Failed(call.ref, call.action, cause, code, description, call.heard)]

    def _error_text(self, message_id: str, code: ErrorKind | str, description: str) -> str | None:
        """Write a CALLERROR to a CALL; the id "-1" gets none."""
        return None if message_id == NO_ID else encode_error(message_id, self._rules.code(code), description)


def _without_nulls(value: Any) -> Any:
    """The same without members that are null."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
