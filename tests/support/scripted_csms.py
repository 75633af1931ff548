"""A central system that misbehaves on demand: texts in, texts out, no sockets and no clock.

It serves tests in virtual time and, behind `tests.support.ws_peer`, over real sockets. It checks nothing (that is
`strict_csms`) and knows nothing of `station`. Without a script it answers like a friendly CSMS of either version.

    csms = ScriptedCsms("ocpp1.6")
    csms.once("StartTransaction", SILENCE, CallError("InternalError"))   # then the default again
    csms.answer("Authorize", {"idTagInfo": {"status": "Blocked"}})       # from now on
    for text in csms.receive(text_from_station): ...send it...
    message_id, text = csms.call("Reset", {"type": "Soft"})
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

Payload = dict[str, Any]


@dataclass(frozen=True)
class CallError:
    """Answer with a CALLERROR."""

    code: str = "InternalError"
    description: str = ""
    details: Payload = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """Answer with this very text; `{id}` in it becomes the message id."""

    text: str


@dataclass(frozen=True)
class Frame:
    """Answer with a frame of another type: `[type, id, *parts]`."""

    type: int
    parts: tuple[Any, ...] = ({},)


@dataclass(frozen=True)
class Delay:
    """Give the answer so many seconds later: the transport collects it from `take_delayed()`."""

    seconds: float
    answer: Any = None


@dataclass(frozen=True)
class Also:
    """Send several texts in answer, in this order (an answer and its double, a CALL before the answer, ...)."""

    answers: tuple[Any, ...]


class _Marker:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


SILENCE: Final = _Marker("SILENCE")
"""Never answer."""
HOLD: Final = _Marker("HOLD")
"""Keep the answer until `release()`."""
DEFAULT: Final = _Marker("DEFAULT")
"""The friendly answer, for use in a sequence."""

Answer = Payload | CallError | Raw | Frame | Delay | Also | _Marker | Callable[[Payload], Any]


class Entry(NamedTuple):
    """A message: direction `in` (from the station) or `out`; kind `call`, `result`, `error` or `raw`.

    `action` of an answer is that of its call; `payload` of an error is `[code, description, details]`.
    """

    direction: str
    action: str
    id: str
    payload: Any
    kind: str = "call"


class OutgoingCall(NamedTuple):
    """A CALL to the station: its message id and the text to send."""

    id: str
    text: str


class Delayed(NamedTuple):
    """A text that is to be sent `seconds` after the message that caused it."""

    seconds: float
    text: str


_EMPTY_16 = [
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignedFirmwareStatusNotification",
    "StatusNotification",
    "StopTransaction",
]
_EMPTY_201 = [
    "ClearedChargingLimit",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDisplayMessages",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
    "ReservationStatusUpdate",
    "SecurityEventNotification",
    "StatusNotification",
]


class ScriptedCsms:
    """One station's central system.

    Attributes:
        version: `ocpp1.6` or `ocpp2.0.1` (also `1.6`, `2.0.1`).
        interval_s: what BootNotification answers.
        now: gives the time for `currentTime`; set it to a virtual clock's.
        log: every message both ways, see `Entry`.
        answers: the station's whole answer frames to our calls, by message id.
        unparsed: texts of the station that are no OCPP frame.
    """

    def __init__(self, version: str = "ocpp1.6", now: Callable[[], datetime] | None = None) -> None:
        self.version = version if version.startswith("ocpp") else f"ocpp{version}"
        self.interval_s = 300
        self.now: Callable[[], datetime] = now or (lambda: datetime.now(UTC))
        self.log: list[Entry] = []
        self.answers: dict[str, list[Any]] = {}
        self.unparsed: list[str] = []
        self._standing: dict[str, list[Answer]] = {}
        self._once: dict[str, list[Answer]] = {}
        self._held: list[tuple[str, str, Answer]] = []
        self._delayed: list[Delayed] = []
        self._calls: dict[str, str] = {}
        self._calls_made = 0
        self._transactions = 0

    # --- the script ---------------------------------------------------------------------------------------------

    def answer(self, action: str, *answers: Answer) -> None:
        """Answer `action` with these in turn; the last one stays. Without answers: the default again."""
        self._standing[action] = list(answers) or [DEFAULT]

    def once(self, action: str, *answers: Answer) -> None:
        """Answer the next calls of `action` with these, one each, then as before."""
        self._once.setdefault(action, []).extend(answers)

    def changed(self, action: str, **members: Any) -> None:
        """From now on the default answer with these members replaced (a member that is None is left out)."""

        def edited(payload: Payload) -> Payload:
            merged = self.default(action, payload) | members
            return {name: value for name, value in merged.items() if value is not None}

        self.answer(action, edited)

    def default(self, action: str, payload: Payload | None = None) -> Payload | CallError:
        """The friendly answer to `action`; CallError NotImplemented for what no station sends."""
        if action in (_EMPTY_16 if self.version == "ocpp1.6" else _EMPTY_201):
            return {}
        table = self._defaults_16 if self.version == "ocpp1.6" else self._defaults_201
        maker = table().get(action)
        return CallError("NotImplemented", action) if maker is None else maker(payload or {})

    # --- the wire -----------------------------------------------------------------------------------------------

    def receive(self, text: str) -> list[str]:
        """Take one text of the station; returns the texts to send back at once, in order."""
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            frame = None
        match frame:
            case [2, str(message_id), str(action), dict(payload)]:
                self.log.append(Entry("in", action, message_id, payload))
                return list(self._texts(self._next_answer(action), action, message_id, payload))
            case [3, str(message_id), dict(payload)]:
                self._answered(frame, "result", payload)
            case [4, str(message_id), *rest]:
                self._answered(frame, "error", rest)
            case _:
                self.unparsed.append(text)
        return []

    def call(self, action: str, payload: Payload | None = None, message_id: str | None = None) -> OutgoingCall:
        """A CALL to the station, as text to send; its answer will stand in `answers` under the id."""
        self._calls_made += 1
        message_id = f"csms-{self._calls_made}" if message_id is None else message_id
        self._calls[message_id] = action
        self.log.append(Entry("out", action, message_id, payload or {}))
        return OutgoingCall(message_id, _dump([2, message_id, action, payload or {}]))

    def release(self, action: str | None = None) -> list[str]:
        """The answers that HOLD keeps (of one action), now."""
        due = [held for held in self._held if action in (None, held[0])]
        self._held = [held for held in self._held if held not in due]
        texts: list[str] = []
        for held_action, message_id, payload in due:
            texts.extend(self._texts(DEFAULT, held_action, message_id, payload))
        return texts

    def take_delayed(self) -> list[Delayed]:
        """The delayed answers that arose since the last time; the transport sends each when its time has come."""
        taken, self._delayed = self._delayed, []
        return taken

    # --- what came ----------------------------------------------------------------------------------------------

    def entries(self, action: str | None = None) -> list[Entry]:
        """The station's CALLs (of one action), in order."""
        return [e for e in self.log if e.direction == "in" and e.kind == "call" and action in (None, e.action)]

    def all(self, action: str) -> list[Payload]:
        """The payloads of the station's CALLs of this action, in order."""
        return [entry.payload for entry in self.entries(action)]

    def last(self, action: str) -> Payload:
        """The payload of the latest CALL of this action; AssertionError if there was none."""
        payloads = self.all(action)
        assert payloads, f"the station sent no {action}; it sent {self.actions()}"
        return payloads[-1]

    def actions(self) -> list[str]:
        """The actions of the station's CALLs, in order."""
        return [entry.action for entry in self.entries()]

    def result(self, message_id: str) -> Payload:
        """The payload that answered our call; AssertionError if there is none or it is a CALLERROR."""
        frame = self.answers.get(message_id)
        assert frame is not None, f"the station did not answer {self._calls.get(message_id, message_id)}"
        assert frame[0] == 3, f"the station answered {self._calls.get(message_id)} with {frame}"
        payload: Payload = frame[2]
        return payload

    def error(self, message_id: str) -> str:
        """The code of the CALLERROR that answered our call; AssertionError if none did."""
        frame = self.answers.get(message_id)
        assert frame is not None and frame[0] == 4, f"no CALLERROR to {self._calls.get(message_id)}: {frame}"
        return str(frame[2])

    def clear(self) -> None:
        """Forget what came and went; the script and the transaction numbers stay."""
        self.log.clear()
        self.answers.clear()
        self.unparsed.clear()

    # --- inside -------------------------------------------------------------------------------------------------

    def _next_answer(self, action: str) -> Answer:
        if self._once.get(action):
            return self._once[action].pop(0)
        standing = self._standing.get(action, [DEFAULT])
        return standing.pop(0) if len(standing) > 1 else standing[0]

    def _texts(self, answer: Any, action: str, message_id: str, payload: Any) -> Iterable[str]:
        if answer is DEFAULT or answer is None:
            answer = self.default(action, payload)
        elif answer is HOLD:
            self._held.append((action, message_id, payload))
            return
        elif answer is SILENCE:
            return
        match answer:
            case Also(answers):
                for part in answers:
                    yield from self._texts(part, action, message_id, payload)
            case Delay(seconds, later):
                for text in self._texts(later, action, message_id, payload):
                    self._delayed.append(Delayed(seconds, text))
            case OutgoingCall(_, text):
                yield text
            case Raw(text):
                self.log.append(Entry("out", action, message_id, text, "raw"))
                yield text.replace("{id}", message_id)
            case Frame(frame_type, parts):
                self.log.append(Entry("out", action, message_id, list(parts), "raw"))
                yield _dump([frame_type, message_id, *parts])
            case CallError(code, description, details):
                self.log.append(Entry("out", action, message_id, [code, description, details], "error"))
                yield _dump([4, message_id, code, description, details])
            case dict():
                self.log.append(Entry("out", action, message_id, answer, "result"))
                yield _dump([3, message_id, answer])
            case _ if callable(answer):
                yield from self._texts(answer(payload), action, message_id, payload)
            case _:
                raise TypeError(f"no answer: {answer!r}")

    def _answered(self, frame: list[Any], kind: str, payload: Any) -> None:
        message_id = frame[1]
        self.answers[message_id] = frame
        self.log.append(Entry("in", self._calls.get(message_id, ""), message_id, payload, kind))

    def _time(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _boot(self, _payload: Payload) -> Payload:
        return {"status": "Accepted", "currentTime": self._time(), "interval": self.interval_s}

    def _start(self, _payload: Payload) -> Payload:
        self._transactions += 1
        return {"transactionId": self._transactions, "idTagInfo": {"status": "Accepted"}}

    def _defaults_16(self) -> dict[str, Callable[[Payload], Payload]]:
        return {
            "Authorize": lambda _: {"idTagInfo": {"status": "Accepted"}},
            "BootNotification": self._boot,
            "DataTransfer": lambda _: {"status": "UnknownVendorId"},
            "Heartbeat": lambda _: {"currentTime": self._time()},
            "SignCertificate": lambda _: {"status": "Accepted"},
            "StartTransaction": self._start,
        }

    def _defaults_201(self) -> dict[str, Callable[[Payload], Payload]]:
        accepted = {"idTokenInfo": {"status": "Accepted"}}
        return {
            "Authorize": lambda _: accepted,
            "BootNotification": self._boot,
            "DataTransfer": lambda _: {"status": "UnknownVendorId"},
            "Get15118EVCertificate": lambda _: {"status": "Failed", "exiResponse": ""},
            "GetCertificateStatus": lambda _: {"status": "Failed"},
            "Heartbeat": lambda _: {"currentTime": self._time()},
            "NotifyEVChargingNeeds": lambda _: {"status": "Rejected"},
            "NotifyEVChargingSchedule": lambda _: {"status": "Accepted"},
            "SignCertificate": lambda _: {"status": "Accepted"},
            "TransactionEvent": lambda payload: accepted if "idToken" in payload else {},
        }


def _dump(frame: list[Any]) -> str:
    return json.dumps(frame, separators=(",", ":"))
