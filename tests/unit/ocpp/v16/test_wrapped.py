"""station.ocpp.v16.wrapped: messages of 2.0.1 in DataTransfer, as the station sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from station.core.catalogue import Address
from station.core.certificate_tasks import CertificateHash, HashAlgorithm
from station.core.contract_tasks import EMAID, Contract, OcspName
from station.core.effects import AuthorizeQuery
from station.core.events import QueryFailed, TokenAnswered
from station.core.v2g_tasks import V2gSigningAnswered, V2gSigningQuery
from station.core.values import IdToken, TokenInfo, TokenStatus
from station.core.variables import Setting
from station.ocpp.dialect import OutCall
from station.ocpp.schema import check
from station.ocpp.v16 import DIALECT
from station.ocpp.v16.wrapped import VENDOR_ID
from tests.support.fake_view import EPOCH, FakeView

TOKEN = IdToken("DE8AA1A2B3C4D5", EMAID)
NAME = CertificateHash(HashAlgorithm.SHA256, "aa", "bb", "1f")
ENABLED = Address.parse("ISO15118Ctrlr.PnCEnabled")[0]


def view(enabled: bool = True) -> FakeView:
    settings = (Setting(ENABLED, "true" if enabled else "false"),)
    return FakeView(features=frozenset({"plug_and_charge"}), settings=settings)


def message(sent: OutCall, name: str) -> dict[str, Any]:
    """The message in a DataTransfer of this name."""
    assert sent.action == "DataTransfer"
    assert check("1.6", "DataTransfer", "request", sent.payload) is None
    assert (sent.payload["vendorId"], sent.payload["messageId"]) == (VENDOR_ID, name)
    inner: dict[str, Any] = json.loads(sent.payload["data"])
    return inner


def answered(inner: Any, query: AuthorizeQuery | None = None) -> Any:
    payload = {"status": "Accepted", "data": json.dumps(inner)}
    return DIALECT.answered(query or AuthorizeQuery(TOKEN), payload, view())


def test_authorize_tells_what_the_contract_is_verified_with() -> None:
    names = tuple(OcspName(NAME, f"http://ocsp{number}.test") for number in range(5))
    sent = DIALECT.ask(AuthorizeQuery(TOKEN, contract=Contract(names=names)), view())
    inner = message(sent, "Authorize")
    assert set(inner) == {"idToken", "iso15118CertificateHashData"}
    assert inner["idToken"] == {"idToken": TOKEN.value}
    assert len(inner["iso15118CertificateHashData"]) == 4, "0..4 (6.1.1)"
    assert inner["iso15118CertificateHashData"][0] == {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "aa",
        "issuerKeyHash": "bb",
        "serialNumber": "1f",
        "responderURL": "http://ocsp0.test",
    }


@pytest.mark.parametrize(
    ("token", "enabled"), [(TOKEN, False), (IdToken("04A1B2C3"), True), (IdToken("DE8AA1A2B3C4D5"), True)]
)
def test_all_else_is_authorised_as_ever(token: IdToken, enabled: bool) -> None:
    assert DIALECT.ask(AuthorizeQuery(token), view(enabled)) == OutCall("Authorize", {"idTag": token.value})


def test_what_an_answer_means() -> None:
    said = {"status": "Accepted", "cacheExpiryDateTime": "2027-01-01T00:00:00Z", "groupIdToken": {"idToken": "G"}}
    event = answered({"certificateStatus": "Accepted", "idTokenInfo": said})
    assert event == TokenAnswered(TOKEN, TokenInfo(TokenStatus.ACCEPTED, IdToken("G"), EPOCH.replace(year=2027)))
    event = answered({"certificateStatus": "CertificateRevoked", "idTokenInfo": said})
    assert (event.info.status, event.info.raw) == (TokenStatus.INVALID, "CertificateRevoked")
    event = answered({"certificateStatus": "ContractCancelled", "idTokenInfo": {"status": "Blocked"}})
    assert (event.info.status, event.info.raw) == (TokenStatus.BLOCKED, "ContractCancelled")


def test_an_answer_that_is_none_is_a_question_that_failed() -> None:
    query = AuthorizeQuery(TOKEN, 7)
    event = DIALECT.answered(query, {"status": "UnknownVendorId"}, view())
    assert isinstance(event, QueryFailed)
    assert (event.query, event.cause) == (query, "UnknownVendorId")
    event = answered({"idTokenInfo": []}, query)
    assert (event.query, event.cause) == (query, "UnreadableAnswer")


def test_sign_certificate() -> None:
    query = V2gSigningQuery("csr")
    assert message(DIALECT.ask(query, view()), "SignCertificate") == {"csr": "csr", "certificateType": "V2GCertificate"}
    for payload, accepted in (
        ({"status": "Accepted", "data": '{"status":"Accepted"}'}, True),
        ({"status": "Accepted", "data": '{"status":"Rejected"}'}, False),
        ({"status": "Accepted"}, False),
        ({"status": "Rejected", "data": '{"status":"Accepted"}'}, False),
    ):
        assert DIALECT.answered(query, payload, view()) == V2gSigningAnswered(accepted)
