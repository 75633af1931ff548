"""ISO 15118 certificates by DataTransfer: messages of OCPP 2.0.1 as text in ``data``, answered in the same way.

Only for certificates of ISO 15118; those towards the CSMS and of the manufacturer have messages of their own. With
ISO15118PnCEnabled off the vendor is unknown. What cannot be read is Rejected; an outcome of the message itself is
always Accepted with the message's answer in ``data``. Called by ``data_transfer`` for its vendorId; what the station
sends is ``station.ocpp.v16.wrapped``.

Spec: OCA "Using ISO 15118 Plug & Charge with OCPP 1.6" v1.0, 2-4, 6-8; OCPP 2.0.1 A02, M03-M05.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ocpp.v16 import call_result
from ocpp.v16.enums import DataTransferStatus

from station.core.certificate_tasks import (
    CertificateHash,
    CertificateUse,
    DeleteCertificate,
    HashAlgorithm,
    InstallCertificate,
    ListCertificates,
)
from station.core.effects import Outcome
from station.core.v2g_tasks import TriggerV2gSigning, V2gSigned
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.hash_data import chain_out
from station.ocpp.payload import encode
from station.ocpp.v16.inbound.request import Payload, Request, answer
from station.ocpp.v16.wrapped import Unreadable, enabled, member, parsed, text

_Message = Mapping[str, Any]
_Reader = Callable[[_Message, int], Inbound]

_ROOTS: Final = {use.value: use for use in (CertificateUse.V2G_ROOT, CertificateUse.MO_ROOT)}
_USES: Final = {**_ROOTS, CertificateUse.V2G_CHAIN.value: CertificateUse.V2G_CHAIN}
_ALGORITHMS: Final = {algorithm.value: algorithm for algorithm in HashAlgorithm}
_V2G: Final = ("V2GCertificate", "SignV2GCertificate")
"""How OCPP 2.0.1 names what is meant where it has to be named; here it need not be."""

_LONGEST_CERTIFICATE: Final = 5500
_LONGEST_HASH: Final = 128
_LONGEST_SERIAL: Final = 40
_MOST_CHILDREN: Final = 4


def _receive(payload: Payload, reply: int, view: View) -> Inbound:
    if not enabled(view):
        return answer(call_result.DataTransfer(DataTransferStatus.unknown_vendor_id))
    reader = _READERS.get(payload.get("messageId", ""))
    if reader is None:
        return answer(call_result.DataTransfer(DataTransferStatus.unknown_message_id))
    try:
        return reader(_message(payload), reply)
    except Unreadable:
        return answer(call_result.DataTransfer(DataTransferStatus.rejected))


def _message(payload: Payload) -> _Message:
    """The message; messages without any member may be left out."""
    data = payload.get("data")
    return parsed(data) if data else {}


def _wrapped(message: _Message) -> Answer:
    return answer(call_result.DataTransfer(DataTransferStatus.accepted, text(message)))


def _one_of(message: _Message, name: str, words: Mapping[str, Any]) -> Any:
    word = member(message, name, str)
    if word not in words:
        raise Unreadable
    return words[word]


def _string(message: _Message, name: str, longest: int) -> str:
    value: str = member(message, name, str)
    if not value or len(value) > longest:
        raise Unreadable
    return value


# The messages


def _install(message: _Message, reply: int) -> Inbound:
    """InstallCertificate (6.7; M05)."""
    use = _one_of(message, "certificateType", _ROOTS)
    return Defer(InstallCertificate(reply, use, _string(message, "certificate", _LONGEST_CERTIFICATE)))


def _delete(message: _Message, reply: int) -> Inbound:
    """DeleteCertificate (6.3; M04)."""
    named = member(message, "certificateHashData", dict)
    name = CertificateHash(
        _one_of(named, "hashAlgorithm", _ALGORITHMS),
        _string(named, "issuerNameHash", _LONGEST_HASH),
        _string(named, "issuerKeyHash", _LONGEST_HASH),
        _string(named, "serialNumber", _LONGEST_SERIAL),
    )
    return Defer(DeleteCertificate(reply, name, tuple(_USES.values())))


def _list(message: _Message, reply: int) -> Inbound:
    """GetInstalledCertificateIds (6.6; M03); without types all of ISO 15118 are meant."""
    asked = member(message, "certificateType", list, list(_USES))
    if not all(isinstance(one, str) and one in _USES for one in asked):
        raise Unreadable
    return Defer(ListCertificates(reply, tuple(_USES[one] for one in dict.fromkeys(asked)) or tuple(_USES.values())))


def _signed(message: _Message, reply: int) -> Inbound:
    """CertificateSigned (6.2; A02). A chain that is too long is the core's business: it is an answer too."""
    if member(message, "certificateType", str, _V2G[0]) not in _V2G:
        raise Unreadable
    return Defer(V2gSigned(reply, member(message, "certificateChain", str)))


def _trigger(message: _Message, _reply: int) -> Inbound:
    """TriggerMessage (6.9): without members; whoever names a message as in 2.0.1 can mean only this one."""
    if member(message, "requestedMessage", str, _V2G[1]) not in _V2G:
        return _wrapped({"status": "NotImplemented"})
    accepted = call_result.DataTransfer(DataTransferStatus.accepted, text({"status": "Accepted"}))
    return Answer(encode(accepted), events=(TriggerV2gSigning(),))


_READERS: Final[Mapping[str, _Reader]] = {
    "CertificateSigned": _signed,
    "DeleteCertificate": _delete,
    "GetInstalledCertificateIds": _list,
    "InstallCertificate": _install,
    "TriggerMessage": _trigger,
}


# Their answers


def _word(payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    return _wrapped(_ANSWERS[payload["messageId"]](outcome))


def _status(*others: str, otherwise: str) -> Callable[[Outcome], _Message]:
    """Accepted, one of these statuses, or what stands for everything else (a refusal, a full disk)."""
    return lambda outcome: {"status": outcome.status if outcome.status in ("Accepted", *others) else otherwise}


def _listed(outcome: Outcome) -> _Message:
    found = [chain_out(one, _MOST_CHILDREN) for one in outcome.data or ()]
    return {"status": "Accepted", "certificateHashDataChain": found} if found else {"status": "NotFound"}


_ANSWERS: Final[Mapping[str, Callable[[Outcome], _Message]]] = {
    "CertificateSigned": _status(otherwise="Rejected"),
    "DeleteCertificate": _status("NotFound", otherwise="Failed"),
    "GetInstalledCertificateIds": _listed,
    "InstallCertificate": _status("Rejected", otherwise="Failed"),
}

VENDOR: Final = Request(_receive, _word)
