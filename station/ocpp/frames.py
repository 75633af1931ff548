"""OCPP-J frames: any text becomes a ``Frame`` or a ``FrameError``, and frames become text.

Not here: schemas (``station.ocpp.schema``), what is answered to a bad frame (``station.ocpp.rules``), who waits for
what (``station.ocpp.rpc``). ``station.ocpp.rpc`` is the only caller.

Limits stand before parsing: size, nesting and the length of numbers are checked on the text. Nothing that a peer
sends raises an exception here.
"""

from __future__ import annotations

import json
import re
from enum import IntEnum, StrEnum
from typing import Any, Final

import orjson

from station.core.frozen import dataclass

MAX_ID_LENGTH: Final = 36
"""Longest message id of a valid frame, in characters (OCPP-J 1.6 §4.1.4, OCPP 2.0.1 part 4 §4.1.4)."""

MAX_READABLE_ID_LENGTH: Final = 255
"""Longest message id that is still read, so that the CALL can be answered under it."""

MAX_DESCRIPTION_LENGTH: Final = 255
"""Longest errorDescription, in characters (OCPP 2.0.1 part 4 §4.2.3)."""

NO_ID: Final = "-1"
"""The id of a CALLERROR about a message whose own id cannot be read. Never answered itself."""


class MessageType(IntEnum):
    """The message type numbers of OCPP-J; 5 and 6 came with OCPP 2.1."""

    CALL = 2
    CALL_RESULT = 3
    CALL_ERROR = 4
    CALL_RESULT_ERROR = 5
    SEND = 6


class FrameErrorKind(StrEnum):
    """What is wrong with a frame."""

    NOT_TEXT = "not_text"
    """A binary message."""
    TOO_LARGE = "too_large"
    """More bytes than the limit."""
    NOT_JSON = "not_json"
    """No JSON text."""
    NOT_ARRAY = "not_array"
    """JSON, but no array."""
    UNREADABLE_ID = "unreadable_id"
    """The second element is no string of 1 to 255 characters that can be written back."""
    UNKNOWN_TYPE = "unknown_type"
    """The first element is no message type number that we know."""
    BAD_CALL = "bad_call"
    """A CALL or SEND with too few or too many elements, an action that is no string, a payload that is no object, or
    an id of more than 36 characters."""
    BAD_RESULT = "bad_result"
    """A CALLRESULT with too few or too many elements, or a payload that is no object."""
    BAD_ERROR = "bad_error"
    """A CALLERROR or CALLRESULTERROR whose error code is missing or no string."""
    LIMITS = "limits"
    """JSON but for NaN, Infinity or half a surrogate pair; or numbers or nesting beyond the limits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a frame may cost before it is parsed.

    Attributes:
        size_bytes: longest text, in bytes of UTF-8.
        depth: deepest nesting of arrays and objects; the frame's own array counts as 1.
        number_length: longest number, in characters with sign, point and exponent.
    """

    size_bytes: int = 256 * 1024
    depth: int = 32
    number_length: int = 40


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Call:
    """A request that wants an answer."""

    id: str
    action: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallResult:
    """The answer to a CALL."""

    id: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallError:
    """The refusal of a CALL."""

    id: str
    code: str
    description: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallResultError:
    """The complaint about a CALLRESULT (OCPP 2.1)."""

    id: str
    code: str
    description: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SendCall:
    """A request that wants no answer (OCPP 2.1)."""

    id: str
    action: str
    payload: dict[str, Any]


Frame = Call | CallResult | CallError | CallResultError | SendCall


@dataclass(frozen=True, slots=True)
class FrameError:
    """A message that is no frame, with what could still be read of it.

    Attributes:
        kind: what is wrong.
        id: the message id, if one could be read (1 to 255 characters).
        message_type: the message type number, if one could be read; it need not be a known one.
        description: what is wrong in words, without anything of the message.
    """

    kind: FrameErrorKind
    id: str | None
    message_type: int | None
    description: str


_HEAD = re.compile(
    r'[ \t\r\n]*+\[[ \t\r\n]*+(\d{1,9})(?![\d.eE])(?:[ \t\r\n]*+,[ \t\r\n]*+("(?:[^"\\]|\\.){0,1600}+"))?', re.ASCII
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]|[0-9+\-.eE]++', re.DOTALL)
_OPEN: Final = frozenset("[{")
_CLOSE: Final = frozenset("]}")


def parse(data: str | bytes, limits: Limits = DEFAULT_LIMITS) -> Frame | FrameError:
    """Read one WebSocket message. Total: never raises, whatever a peer sends.

    A message id is a string of 1 to 36 characters. A longer one (to 255) is still read, because "unique identifier
    too long" is among the reasons for a CALLERROR, which must bear "the exact same id": such a CALL is a ``BAD_CALL``
    with its id. An empty id, one that is no string, or one with half a surrogate pair is unreadable.

    A JSON null as payload of a CALLRESULT is read as an empty object; in a CALL it is a fault.

    Args:
        data: the message; bytes are a binary message and thus no frame.
        limits: what the text may cost.

    Spec: OCPP-J 1.6 §4.1, §4.2; OCPP 2.0.1 part 4 §4.1.4, §4.2; OCPP 2.1 part 4 §4.2.
    """
    if not isinstance(data, str):
        return FrameError(FrameErrorKind.NOT_TEXT, None, None, "binary message")
    if len(data) > limits.size_bytes or (len(data) * 4 > limits.size_bytes and _size_bytes(data) > limits.size_bytes):
        return _from_head(FrameErrorKind.TOO_LARGE, data, "message too large")
    if len(data) > limits.number_length or data.count("[") + data.count("{") > limits.depth:
        beyond = _beyond_limits(data, limits)
        if beyond is not None:
            return _from_head(FrameErrorKind.LIMITS, data, beyond)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _odd_json(data)
    if type(value) is list and len(value) == 3:  # nearly always the answer to a call
        kind, message_id, payload = value
        plain = type(message_id) is str and 0 < len(message_id) <= MAX_ID_LENGTH and message_id.isascii()
        if plain and kind == _RESULT and type(kind) is int and type(payload) is dict:
            return CallResult(message_id, payload)
    return _frame(value)


def _size_bytes(data: str) -> int:
    return len(data) if data.isascii() else len(data.encode("utf-8", "surrogatepass"))


def _beyond_limits(data: str, limits: Limits) -> str | None:
    """Say which limit the text breaks; the common frame is cleared by counting, without a scan."""
    longest = limits.number_length
    if data.count("[") + data.count("{") > limits.depth or _long_run(longest).match(data):
        return _scan(data, limits)
    return None


_long_runs: dict[int, re.Pattern[str]] = {}


def _long_run(number_length: int) -> re.Pattern[str]:
    """Match, from the beginning, a text with what may be a number of more characters than allowed.

    Possessive throughout, so that the time is linear: whole runs of the characters of numbers, each short enough, up to
    one that is not.
    """
    pattern = _long_runs.get(number_length)
    if pattern is None:
        one, other = r"[0-9+\-.eE]", r"[^0-9+\-.eE]"
        short = rf"{other}*+{one}{{1,{number_length}}}+(?!{one})"
        pattern = re.compile(rf"(?:{short})*+{other}*+{one}{{{number_length + 1}}}")
        _long_runs[number_length] = pattern
    return pattern


def _scan(data: str, limits: Limits) -> str | None:
    """Measure nesting and numbers outside of strings."""
    depth = 0
    for match in _TOKEN.finditer(data):
        first = data[match.start()]
        if first == '"':
            continue
        if first in _OPEN:
            depth += 1
            if depth > limits.depth:
                return "nested too deeply"
        elif first in _CLOSE:
            depth -= 1
        elif match.end() - match.start() > limits.number_length:
            return "number too long"
    return None


def _from_head(kind: FrameErrorKind, data: str, description: str) -> FrameError:
    """Describe a text that is not parsed, with the type and id that stand at its beginning."""
    match = _HEAD.match(data)
    if match is None:
        return FrameError(kind, None, None, description)
    return FrameError(kind, _quoted_id(match[2]), int(match[1]), description)


def _quoted_id(quoted: str | None) -> str | None:
    if quoted is None:
        return None
    try:
        value = orjson.loads(quoted)
    except orjson.JSONDecodeError:
        return None
    return value if _is_readable_id(value) else None


def _is_readable_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_READABLE_ID_LENGTH and _is_writable(value)


def _is_writable(text: str) -> bool:
    """Tell whether a text has a UTF-8 form (half of a surrogate pair has none)."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _odd_json(data: str) -> FrameError:
    """Tell text that is no JSON from JSON with NaN, Infinity, overflowing numbers or half surrogate pairs.

    The standard library's parser accepts those. It gets texts only that passed the limits, and numbers stay text.
    """
    try:
        value = json.loads(data, parse_int=_small_int, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return _from_head(FrameErrorKind.NOT_JSON, data, "no JSON")
    if not _is_writable(data):
        return _from_head(FrameErrorKind.NOT_JSON, data, "no UTF-8")
    read = _frame(value)
    if isinstance(read, FrameError) and read.kind in (FrameErrorKind.NOT_ARRAY, FrameErrorKind.UNREADABLE_ID):
        return read
    message_type = value[0] if type(value[0]) is int else None
    return FrameError(FrameErrorKind.LIMITS, read.id, message_type, "NaN, Infinity or a broken character")


def _small_int(digits: str) -> int | str:
    return int(digits) if len(digits) <= 9 else digits


def _frame(value: object) -> Frame | FrameError:
    if not isinstance(value, list):
        return FrameError(FrameErrorKind.NOT_ARRAY, None, None, "no array")
    message_type = value[0] if value and type(value[0]) is int else None
    if len(value) < 2 or not _is_readable_id(value[1]):
        return FrameError(FrameErrorKind.UNREADABLE_ID, None, message_type, "message id cannot be read")
    read = _READERS.get(message_type) if message_type is not None else None
    if read is None:
        return FrameError(FrameErrorKind.UNKNOWN_TYPE, value[1], message_type, "unknown message type")
    return read(value)


def _read_call(value: list[Any]) -> Frame | FrameError:
    fault = _call_fault(value)
    if fault is not None:
        return FrameError(FrameErrorKind.BAD_CALL, value[1], value[0], fault)
    if value[0] == MessageType.SEND:
        return SendCall(value[1], value[2], value[3])
    return Call(value[1], value[2], value[3])


def _call_fault(value: list[Any]) -> str | None:
    if len(value) != 4:
        return "a call has four elements"
    if not isinstance(value[2], str):
        return "the action is no string"
    if not isinstance(value[3], dict):
        return "the payload is no object"
    if len(value[1]) > MAX_ID_LENGTH:
        return "the message id is longer than 36 characters"
    return None


def _read_result(value: list[Any]) -> Frame | FrameError:
    if len(value) != 3:
        return FrameError(FrameErrorKind.BAD_RESULT, value[1], value[0], "a result has three elements")
    payload = {} if value[2] is None else value[2]
    if not isinstance(payload, dict):
        return FrameError(FrameErrorKind.BAD_RESULT, value[1], value[0], "the payload is no object")
    return CallResult(value[1], payload)


def _read_error(value: list[Any]) -> Frame | FrameError:
    """Read a refusal. Central systems leave out description and details; the code alone says that they refuse."""
    if len(value) < 3 or not isinstance(value[2], str):
        return FrameError(FrameErrorKind.BAD_ERROR, value[1], value[0], "the error code is missing or no string")
    description = value[3] if len(value) > 3 and isinstance(value[3], str) else ""
    details = value[4] if len(value) > 4 and isinstance(value[4], dict) else {}
    made = CallResultError if value[0] == MessageType.CALL_RESULT_ERROR else CallError
    return made(value[1], value[2], description, details)


_RESULT: Final = int(MessageType.CALL_RESULT)
_READERS: Final = {
    int(MessageType.CALL): _read_call,
    int(MessageType.CALL_RESULT): _read_result,
    int(MessageType.CALL_ERROR): _read_error,
    int(MessageType.CALL_RESULT_ERROR): _read_error,
    int(MessageType.SEND): _read_call,
}


def encode_call(message_id: str, action: str, payload: dict[str, Any]) -> str:
    """Write a CALL.

    Raises:
        TypeError: the payload holds something that JSON cannot express.
    """
    return orjson.dumps([2, message_id, action, payload]).decode()


def encode_result(message_id: str, payload: dict[str, Any]) -> str:
    """Write a CALLRESULT.

    Raises:
        TypeError: the payload holds something that JSON cannot express.
    """
    return orjson.dumps([3, message_id, payload]).decode()


def encode_error(message_id: str, code: str, description: str = "", details: dict[str, Any] | None = None) -> str:
    """Write a CALLERROR. Cannot fail: what cannot be written is replaced or left out.

    Args:
        message_id: the id of the CALL, or "-1".
        code: the error code as the version spells it.
        description: cut at 255 characters; half surrogate pairs become question marks.
        details: an object; what JSON cannot express becomes the empty object.
    """
    head = [4, _writable(message_id), _writable(code), _writable(description[:MAX_DESCRIPTION_LENGTH])]
    try:
        return orjson.dumps([*head, details or {}]).decode()
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps([*head, {}]).decode()


def _writable(text: str) -> str:
    return text if _is_writable(text) else text.encode("utf-8", "replace").decode()
