"""What goes back on bad input: one frozen table per OCPP version, shared by all stations.

The error codes of OCPP-J 1.6 §4.2.3 and OCPP 2.0.1 part 4 §4.3, and which of them answers which fault, as data.
Not here: how a fault is found (``station.ocpp.frames``, ``station.ocpp.schema``), who is told (``station.ocpp.rpc``).
Called by ``station.ocpp.rpc``, the dialects and the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from station.ocpp.frames import DEFAULT_LIMITS, NO_ID, FrameError, FrameErrorKind, Limits, MessageType
from station.ocpp.schema import FaultKind, Version


class ErrorKind(StrEnum):
    """Why a CALL is refused, in words of no version. The value is the code of OCPP 2.x."""

    NOT_IMPLEMENTED = "NotImplemented"
    """The version does not know the action."""
    NOT_SUPPORTED = "NotSupported"
    """The action is known; this station does not have the function."""
    INTERNAL = "InternalError"
    """Our handler fell over."""
    PROTOCOL = "ProtocolError"
    """The payload is incomplete."""
    SECURITY = "SecurityError"
    """A security reason, such as a call while the registration is Rejected (2.x)."""
    FORMAT = "FormatViolation"
    """The payload is syntactically wrong or not built as the action demands."""
    PROPERTY = "PropertyConstraintViolation"
    """A member has an invalid value."""
    OCCURRENCE = "OccurrenceConstraintViolation"
    """A required member is missing, or a member occurs too rarely or too often."""
    TYPE = "TypeConstraintViolation"
    """A member has the wrong type."""
    GENERIC = "GenericError"
    """Anything else, such as more calls than can be handled at once."""
    MESSAGE_TYPE = "MessageTypeNotSupported"
    """The message type number is not known (2.x)."""
    RPC_FRAMEWORK = "RpcFrameworkError"
    """No valid request at all (2.x)."""


@dataclass(frozen=True, slots=True)
class WireRules:
    """How one version answers.

    Attributes:
        version: the OCPP version.
        message_types: the message types it knows.
        codes: how it spells each kind of error.
        bad_call: for a CALL with a readable id and a broken structure.
        unreadable: for no JSON or no readable id, told under the id "-1"; None ignores it.
        unknown_type: for an unknown message type with a readable id; None ignores it.
        same_id: for a CALL with the id of one that is still being handled.
        payload_faults: for each fault of a payload.
        limits: what a message may cost before it is parsed.
        max_unanswered: how many inbound calls may wait for their answer at once.
    """

    version: Version
    message_types: frozenset[int]
    codes: Mapping[ErrorKind, str]
    bad_call: ErrorKind
    unreadable: ErrorKind | None
    unknown_type: ErrorKind | None
    same_id: ErrorKind
    payload_faults: Mapping[FaultKind, ErrorKind]
    limits: Limits = DEFAULT_LIMITS
    max_unanswered: int = 64

    def code(self, kind: ErrorKind | str) -> str:
        """Spell an error code; a text that is no ``ErrorKind`` is taken as it is."""
        return self.codes[kind] if isinstance(kind, ErrorKind) else kind

    def answer_to(self, error: FrameError) -> tuple[str, ErrorKind] | None:
        """Say under which id and with what a message that is no frame is answered; None: not at all.

        Types 3, 4 and 5, a SEND where the version knows it, and the id "-1" are never answered.
        """
        if error.id == NO_ID or self._is_never_answered(error.message_type):
            return None
        if error.id is None or error.kind in _UNREADABLE:
            return None if self.unreadable is None else (NO_ID, self.unreadable)
        if error.message_type != MessageType.CALL:
            return None if self.unknown_type is None else (error.id, self.unknown_type)
        if error.kind in _SYNTAX:
            return error.id, self.payload_faults[FaultKind.SYNTAX]
        return error.id, self.bad_call

    def _is_never_answered(self, message_type: int | None) -> bool:
        if message_type == MessageType.SEND:
            return message_type in self.message_types
        return message_type in _ANSWERS


_ANSWERS: Final = frozenset({MessageType.CALL_RESULT, MessageType.CALL_ERROR, MessageType.CALL_RESULT_ERROR})
_UNREADABLE: Final = frozenset(
    {FrameErrorKind.NOT_TEXT, FrameErrorKind.NOT_JSON, FrameErrorKind.NOT_ARRAY, FrameErrorKind.UNREADABLE_ID}
)
_SYNTAX: Final = frozenset({FrameErrorKind.TOO_LARGE, FrameErrorKind.LIMITS})

_PAYLOAD_FAULTS: Final[Mapping[FaultKind, ErrorKind]] = MappingProxyType(
    {
        FaultKind.SYNTAX: ErrorKind.FORMAT,
        FaultKind.MISSING: ErrorKind.OCCURRENCE,
        FaultKind.EXTRA: ErrorKind.FORMAT,
        FaultKind.TYPE: ErrorKind.TYPE,
        FaultKind.VALUE: ErrorKind.PROPERTY,
    }
)

_CODES_2X: Final[Mapping[ErrorKind, str]] = MappingProxyType({kind: kind.value for kind in ErrorKind})

# 1.6 has no code for the last two; they are spelt with the nearest one, so that a refusal can always be written.
_CODES_16: Final[Mapping[ErrorKind, str]] = MappingProxyType(
    {
        **_CODES_2X,
        ErrorKind.FORMAT: "FormationViolation",
        ErrorKind.OCCURRENCE: "OccurenceConstraintViolation",
        ErrorKind.MESSAGE_TYPE: "GenericError",
        ErrorKind.RPC_FRAMEWORK: "FormationViolation",
    }
)

RULES_16: Final = WireRules(
    version="1.6",
    message_types=frozenset({2, 3, 4}),
    codes=_CODES_16,
    bad_call=ErrorKind.FORMAT,
    unreadable=None,
    unknown_type=None,
    same_id=ErrorKind.GENERIC,
    payload_faults=_PAYLOAD_FAULTS,
)

RULES_201: Final = WireRules(
    version="2.0.1",
    message_types=frozenset({2, 3, 4}),
    codes=_CODES_2X,
    bad_call=ErrorKind.RPC_FRAMEWORK,
    unreadable=ErrorKind.RPC_FRAMEWORK,
    unknown_type=ErrorKind.MESSAGE_TYPE,
    same_id=ErrorKind.RPC_FRAMEWORK,
    payload_faults=_PAYLOAD_FAULTS,
)

RULES_21: Final = WireRules(
    version="2.1",
    message_types=frozenset({2, 3, 4, 5, 6}),
    codes=_CODES_2X,
    bad_call=ErrorKind.RPC_FRAMEWORK,
    unreadable=ErrorKind.RPC_FRAMEWORK,
    unknown_type=ErrorKind.MESSAGE_TYPE,
    same_id=ErrorKind.RPC_FRAMEWORK,
    payload_faults=_PAYLOAD_FAULTS,
)

RULES: Final[Mapping[Version, WireRules]] = MappingProxyType({"1.6": RULES_16, "2.0.1": RULES_201, "2.1": RULES_21})
"""The rules by version."""
