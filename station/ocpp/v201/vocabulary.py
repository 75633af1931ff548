"""The words that all parts of the 2.0.1 dialect share: times, id tokens, status info, and the shape of the tables.

Not here: what a message means. Used by the other modules of this package and by dialects that build on it.

Spec: OCPP 2.0.1 part 2, chapters 2 and 3; appendix 5 (reason codes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from station.core.effects import Outcome
from station.core.values import IdToken, TokenInfo, TokenStatus
from station.ocpp.dialect import Answer, EvseView, Inbound, OutCall, Refuse, View
from station.ocpp.payload import encode
from station.ocpp.times import moment

Payload = Mapping[str, Any]
"""A message's JSON object that has passed its schema."""

Handler = Callable[[Payload, int, View], Inbound]
"""Answers a call of the CSMS: payload, reply token, station."""

Wording = Callable[[Payload, Outcome, View], Answer | Refuse]
"""Words the answer to a deferred call: its payload, the core's outcome, station."""

TOKEN_LIMIT: Final = 36
"""Characters of an id token (IdTokenType.idToken)."""

_TOKEN_TYPES: Final = frozenset(
    {"Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization"}
)
_REASONS: Final = frozenset(
    {
        "CSNotAccepted",
        "DuplicateProfile",
        "DuplicateRequestId",
        "FixedCable",
        "FwUpdateInProgress",
        "InternalError",
        "InvalidCertificate",
        "InvalidCSR",
        "InvalidIdToken",
        "InvalidMessageSeq",
        "InvalidProfile",
        "InvalidSchedule",
        "InvalidStackLevel",
        "InvalidURL",
        "InvalidValue",
        "MissingDevModelInfo",
        "MissingParam",
        "NoCable",
        "NoError",
        "NotEnabled",
        "NotFound",
        "OutOfMemory",
        "OutOfStorage",
        "ReadOnly",
        "TooLargeElement",
        "TooManyElements",
        "TxInProgress",
        "TxNotFound",
        "TxStarted",
        "UnknownConnectorId",
        "UnknownConnectorType",
        "UnknownEvse",
        "UnknownTxId",
        "Unspecified",
        "UnsupportedParam",
        "UnsupportedRateUnit",
        "UnsupportedRequest",
        "ValueOutOfRange",
        "ValuePositiveOnly",
        "ValueTooHigh",
        "ValueTooLow",
        "ValueZeroNotAllowed",
        "WriteOnly",
    }
)
"""The predefined reason codes (appendix 5)."""
_INFO_LENGTH: Final = 512


class QueueView(Protocol):
    """What E14 needs of a station beyond ``View``; whoever implements ``View`` for this dialect implements it too."""

    def queued(self, transaction_id: str | None) -> bool:
        """Whether messages of the transaction (None: of any transaction) still wait for their answer."""
        ...


def token_out(token: IdToken) -> dict[str, Any]:
    """An IdTokenType. A type that this version does not know goes as Central, the one that says least."""
    return {"idToken": token.value, "type": token.type if token.type in _TOKEN_TYPES else "Central"}


def token_in(wire: Payload) -> IdToken:
    """The token of an IdTokenType. Additional information belongs to ISO 15118 and is not kept."""
    return IdToken(wire["idToken"], wire["type"])


def token_info(wire: Payload) -> TokenInfo:
    """What an IdTokenInfoType says of a token."""
    group = wire.get("groupIdToken")
    return TokenInfo(
        status=TokenStatus(wire["status"]),
        group=None if group is None else token_in(group),
        expires=moment(wire.get("cacheExpiryDateTime")),
        evses=tuple(int(evse) for evse in wire.get("evseId", ())),
    )


def status_info(reason: str, info: str = "") -> dict[str, Any] | None:
    """A StatusInfoType, None where there is nothing to say.

    A reason that is no predefined code goes as text with the code Unspecified; a text longer than the schema allows is
    cut.
    """
    if not reason and not info:
        return None
    if reason in _REASONS:
        wire: dict[str, Any] = {"reasonCode": reason}
    else:
        wire = {"reasonCode": "Unspecified"}
        info = ": ".join(part for part in (reason, info) if part)
    if info:
        wire["additionalInfo"] = info[:_INFO_LENGTH]
    return wire


def call(message: Any) -> OutCall:
    """The call that a request dataclass of the ``ocpp`` package is."""
    return OutCall(type(message).__name__, encode(message))


def answer(result: Any, calls: tuple[OutCall, ...] = (), events: tuple[Any, ...] = ()) -> Answer:
    """The answer that a result dataclass of the ``ocpp`` package is."""
    return Answer(encode(result), calls, events)


def worded(result: Any, outcome: Outcome) -> Answer:
    """The answer of a message whose status the core spells as the wire does."""
    return answer(result(status=outcome.status, status_info=status_info(outcome.reason, outcome.info)))


def find_evse(view: View, evse: int) -> EvseView | None:
    """The EVSE of this number."""
    return next((one for one in view.evses if one.id == evse), None)


def running(view: View) -> Iterator[tuple[EvseView, str]]:
    """The EVSEs on which a transaction runs, with its id."""
    for evse in view.evses:
        if evse.transaction is not None:
            yield evse, evse.transaction.id


def running_id(view: View, wire_id: str) -> str | None:
    """Our id of the running transaction that the CSMS names; identifiers are compared without case."""
    asked = wire_id.casefold()
    return next((own for _, own in running(view) if own.casefold() == asked), None)
