"""Any text in the data of a Plug & Charge message has an answer, and any answer to one is an event."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from station.core.catalogue import Address
from station.core.contract_tasks import EMAID
from station.core.effects import AuthorizeQuery
from station.core.events import QueryFailed, TokenAnswered
from station.core.v2g_tasks import V2gSigningAnswered, V2gSigningQuery
from station.core.values import IdToken
from station.core.variables import Setting
from station.ocpp.dialect import Answer, Defer
from station.ocpp.schema import check
from station.ocpp.v16 import DIALECT
from station.ocpp.v16.wrapped import VENDOR_ID
from tests.support.fake_view import FakeView

ENABLED = Address.parse("ISO15118Ctrlr.PnCEnabled")[0]
VIEW = FakeView(features=frozenset({"plug_and_charge"}), settings=(Setting(ENABLED, "true"),))

MEMBERS = st.sampled_from(
    [
        "certificateType",
        "certificate",
        "certificateChain",
        "certificateHashData",
        "hashAlgorithm",
        "issuerNameHash",
        "requestedMessage",
        "idTokenInfo",
        "certificateStatus",
        "status",
        "groupIdToken",
        "cacheExpiryDateTime",
    ]
)
WORDS = st.sampled_from(["V2GRootCertificate", "V2GCertificateChain", "SHA256", "Accepted", "Rejected", "SHA1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS | st.text(max_size=5), inner, max_size=5),
    max_leaves=15,
)
DATA = st.text() | st.builds(json.dumps, VALUES) | st.builds(json.dumps, st.dictionaries(MEMBERS, VALUES))
NAMES = st.sampled_from(
    ["CertificateSigned", "DeleteCertificate", "GetInstalledCertificateIds", "InstallCertificate", "TriggerMessage"]
)


@given(NAMES | st.text(max_size=50), st.none() | DATA)
def test_any_data_has_an_answer(message: str, data: str | None) -> None:
    payload: dict[str, Any] = {"vendorId": VENDOR_ID, "messageId": message}
    if data is not None:
        payload["data"] = data
    verdict = DIALECT.inbound("DataTransfer", payload, 1, VIEW)
    assert isinstance(verdict, (Answer, Defer))
    if isinstance(verdict, Answer):
        assert check("1.6", "DataTransfer", "response", verdict.payload) is None


@given(DATA)
def test_any_answer_is_an_event(data: str) -> None:
    payload = {"status": "Accepted", "data": data}
    query = AuthorizeQuery(IdToken("DE8AA1A2B3C4D5", EMAID))
    assert isinstance(DIALECT.answered(query, payload, VIEW), (TokenAnswered, QueryFailed))
    assert isinstance(DIALECT.answered(V2gSigningQuery("csr"), payload, VIEW), V2gSigningAnswered)
