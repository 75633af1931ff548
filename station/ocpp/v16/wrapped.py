"""Messages of OCPP 2.0.1 that travel in DataTransfer, as the station sends them: Authorize and SignCertificate.

Only for Plug & Charge; everything else has its own message in 1.6. An answer that is none (another vendor's CSMS, text
that cannot be read) is a question that failed, with a word that says why. Called by ``outbound``; the CSMS's messages
are ``inbound.plug_and_charge``, which reads and writes the text with what stands here.

Spec: OCA "Using ISO 15118 Plug & Charge with OCPP 1.6" v1.0, 2.1, 2.2, 6.1, 6.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from ocpp.v16 import call

from station.core import names
from station.core.contract_tasks import EMAID, OcspName
from station.core.effects import AuthorizeQuery
from station.core.events import Event, QueryFailed, TokenAnswered
from station.core.v2g_tasks import V2gSigningAnswered, V2gSigningQuery
from station.core.values import TokenInfo, TokenStatus
from station.ocpp.dialect import OutCall, View
from station.ocpp.hash_data import hash_data_out
from station.ocpp.payload import encode
from station.ocpp.v16 import vocabulary as words

VENDOR_ID: Final = "org.openchargealliance.iso15118pnc"
UNREADABLE: Final = "UnreadableAnswer"
"""Why a question failed whose answer is not what the message says."""

_MOST_NAMES: Final = 4


class Unreadable(Exception):
    """The data of a DataTransfer is not what its message says."""


def enabled(view: View) -> bool:
    """ISO15118PnCEnabled."""
    return view.variables.flag(names.PNC_ENABLED)


def text(data: Mapping[str, Any]) -> str:
    """A message as the text of ``data``."""
    return orjson.dumps(data).decode()


def parsed(data: Any) -> Mapping[str, Any]:
    """The message in ``data``.

    Raises:
        Unreadable: it is no text of a JSON object.
    """
    try:
        message = orjson.loads(data) if isinstance(data, str) else None
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise Unreadable
    return message


def member(message: Mapping[str, Any], name: str, kind: type[Any], otherwise: Any = None) -> Any:
    """A member of a message; ``otherwise`` where it is missing or null.

    Raises:
        Unreadable: it is of another type, or is missing and there is no ``otherwise``.
    """
    value = message.get(name)
    if value is None and otherwise is not None:
        return otherwise
    if not isinstance(value, kind):
        raise Unreadable
    return value


def _wrap(message: str, data: Mapping[str, Any]) -> OutCall:
    return OutCall("DataTransfer", encode(call.DataTransfer(VENDOR_ID, message, text(data))))


def _unwrap(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message in an answer whose status is Accepted."""
    return parsed(payload.get("data"))


# Authorize


def of_contract(query: AuthorizeQuery, view: View) -> bool:
    """Whether a question is about a contract: Authorize itself shall not be used for those."""
    return query.token.type == EMAID and enabled(view)


def authorize(query: AuthorizeQuery) -> OutCall:
    """Authorize (6.1.1): the eMAID, and what the contract is verified with."""
    data: dict[str, Any] = {"idToken": {"idToken": words.id_tag(query.token)}}
    if query.contract is not None:
        if query.contract.certificate:
            data["certificate"] = query.contract.certificate
        if query.contract.names:
            data["iso15118CertificateHashData"] = [_ocsp(one) for one in query.contract.names[:_MOST_NAMES]]
    return _wrap("Authorize", data)


def _ocsp(one: OcspName) -> dict[str, str]:
    return {**hash_data_out(one.name), "responderURL": one.responder}


def authorized(query: AuthorizeQuery, payload: Mapping[str, Any], view: View) -> Event:
    """The answer to a wrapped Authorize (6.1.2)."""
    if payload["status"] != "Accepted":
        return QueryFailed(query, payload["status"], description="the CSMS does not take Plug & Charge messages")
    try:
        return TokenAnswered(query.token, _token_info(_unwrap(payload), view))
    except Unreadable:
        return QueryFailed(query, UNREADABLE, description="the answer to Authorize cannot be read")


def _token_info(message: Mapping[str, Any], view: View) -> TokenInfo:
    """What is said of a contract; one whose certificate is not Accepted is refused, whatever is said of its token."""
    said = member(message, "idTokenInfo", dict)
    group = member(said, "groupIdToken", dict, {})
    info = words.token_info(
        {
            "status": member(said, "status", str),
            "expiryDate": member(said, "cacheExpiryDateTime", str, "") or None,
            "parentIdTag": member(group, "idToken", str, "")[: words.TOKEN_LENGTH] or None,
        },
        view,
    )
    certificate = member(message, "certificateStatus", str, "Accepted")
    if certificate == "Accepted":
        return info
    status = info.status if info.status is not TokenStatus.ACCEPTED else TokenStatus.INVALID
    return TokenInfo(status, info.group, info.expires, raw=certificate)


# SignCertificate


def sign_certificate(query: V2gSigningQuery) -> OutCall:
    """SignCertificate (6.8.1), with the type of certificate as in the example of 2.2."""
    return _wrap("SignCertificate", {"csr": query.request, "certificateType": "V2GCertificate"})


def signing_answered(payload: Mapping[str, Any]) -> Event:
    """The answer to a wrapped SignCertificate (6.8.2); one that is none counts as Rejected (2.1)."""
    try:
        accepted = payload["status"] == "Accepted" and member(_unwrap(payload), "status", str) == "Accepted"
    except Unreadable:
        accepted = False
    return V2gSigningAnswered(accepted)
