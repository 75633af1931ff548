"""Plug & Charge by DataTransfer (OCA "Using ISO 15118 Plug & Charge with OCPP 1.6" v1.0)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.conformance.v16.flows import charging, configure, online, rebooted
from tests.support.fake_ca import Authority, days
from tests.support.rig import CARD, START, Rig, virtual
from tests.support.scripted_csms import SILENCE, CallError

VENDOR = "org.openchargealliance.iso15118pnc"
EMAID = "DE8AA1A2B3C4D5"
ON = {"ISO15118PnCEnabled": True}
V2G, MO, CHAIN = "V2GRootCertificate", "MORootCertificate", "V2GCertificateChain"
CSMS = "CentralSystemRootCertificate"
ROOT_NAME = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "1f",
}

Answers = Mapping[str, Any]


def central_system(rig: Rig, **answers: Any) -> None:
    """Answer wrapped messages by name; a text is a status of DataTransfer.conf itself."""
    said: dict[str, Any] = {
        "Authorize": {"certificateStatus": "Accepted", "idTokenInfo": {"status": "Accepted"}},
        "SignCertificate": {"status": "Accepted"},
        **answers,
    }

    def answer(payload: Mapping[str, Any]) -> Any:
        assert payload["vendorId"] == VENDOR
        inner = said[payload["messageId"]]
        if isinstance(inner, str):
            return {"status": inner}
        return inner if not isinstance(inner, dict) else {"status": "Accepted", "data": json.dumps(inner)}

    rig.csms.answer("DataTransfer", answer)


def sent(rig: Rig, message: str) -> list[dict[str, Any]]:
    """The wrapped messages of this name that the station sent."""
    return [json.loads(one["data"]) for one in rig.heard_all("DataTransfer") if one["messageId"] == message]


async def tell(rig: Rig, message: str, data: Any = None) -> Any:
    """Send a wrapped message; the station's answer in ``data``, or the status of one without."""
    payload: dict[str, Any] = {"vendorId": VENDOR, "messageId": message}
    if data is not None:
        payload["data"] = data if isinstance(data, str) else json.dumps(data)
    answer = await rig.call("DataTransfer", payload)
    if "data" not in answer:
        return answer["status"]
    assert answer["status"] == "Accepted"
    return json.loads(answer["data"])


async def show(rig: Rig, **more: Any) -> dict[str, Any]:
    """The vehicle shows its contract."""
    return await rig.do("tap", tagId=EMAID, tokenType="eMAID", **more)


async def refused(rig: Rig, reason: str, **more: Any) -> dict[str, Any]:
    """The vehicle's contract is refused for this reason, which the trace tells too."""
    answer = await show(rig, **more)
    assert (answer["result"], answer["reason"]) == ("REJECTED", reason)
    assert reason in json.dumps(answer["trace"])
    await rig.quiet()
    assert rig.heard_all("StartTransaction") == []
    return answer


# The keys


@virtual
async def test_plug_and_charge_is_off_as_delivered() -> None:
    async with Rig() as rig:
        await rig.boot()
        keys = ["ISO15118PnCEnabled", "ContractValidationOffline", "CentralContractValidationAllowed"]
        answer = await rig.call("GetConfiguration", {"key": keys})
        assert "unknownKey" not in answer
        assert [(one["value"], one["readonly"]) for one in answer["configurationKey"]] == [
            ("false", False),
            ("true", False),
            ("false", False),
        ]
        for message in ("TriggerMessage", "InstallCertificate", "Nonsense"):
            assert await tell(rig, message, {}) == "UnknownVendorId"


@virtual
async def test_keys_of_plug_and_charge() -> None:
    async with Rig() as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {})
        keys = {one["key"]: one["readonly"] for one in answer["configurationKey"]}
        assert not keys["CertSigningWaitMinimum"]
        assert not keys["CertSigningRepeatTimes"]
        assert keys["CertificateSignedMaxChainSize"]
        assert keys["CertificateStoreMaxLength"]
        assert not [key for key in keys if "15118" in key and key != "ISO15118PnCEnabled"]
        for key in ("CertSigningWaitMinimum", "CertSigningRepeatTimes"):
            answer = await rig.call("ChangeConfiguration", {"key": key, "value": "-1"})
            assert answer["status"] == "Rejected", "9.3, 9.4: negative values must be rejected"


@virtual
async def test_switched_on_it_is_there_at_once() -> None:
    async with Rig() as rig:
        await rig.boot()
        await configure(rig, ISO15118PnCEnabled="true")
        assert await tell(rig, "GetInstalledCertificateIds", {}) == {"status": "NotFound"}
        await rig.do("reboot")
        await rebooted(rig)
        assert await tell(rig, "GetInstalledCertificateIds", {}) == {"status": "NotFound"}


@virtual
async def test_while_it_is_off_a_contract_is_a_card_like_others() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        assert (await show(rig))["result"] == "USED_TO_START"
        assert rig.heard_all("Authorize") == [{"idTag": EMAID}]
        assert rig.heard_all("DataTransfer") == []


# Authorization


@pytest.mark.spec("OCPP 2.0.1 C07.FR.01")
@virtual
async def test_a_contract_is_authorised_by_data_transfer() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await rig.do("plug_in")
        answer = await show(rig)
        assert answer["result"] == "USED_TO_START"
        await charging(rig)
        assert sent(rig, "Authorize") == [{"idToken": {"idToken": EMAID}}]
        assert rig.heard_all("Authorize") == []
        (start,) = rig.heard_all("StartTransaction")
        assert start["idTag"] == EMAID
        await show(rig)
        await rig.quiet()
        (stop,) = rig.heard_all("StopTransaction")
        assert stop["idTag"] == EMAID


@virtual
async def test_the_command_start_transaction_shows_a_contract_too() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        first = await rig.do("start_transaction", tagId=EMAID, tokenType="eMAID")
        again = await rig.do("start_transaction", tagId=EMAID, tokenType="eMAID")
        assert first == again
        assert len(sent(rig, "Authorize")) == 1


@virtual
async def test_cards_go_on_with_authorize() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await charging(rig)
        assert rig.heard_all("Authorize") == [{"idTag": CARD}]
        assert rig.heard_all("DataTransfer") == []


@virtual
async def test_a_contract_may_be_stopped_by_a_card_of_its_group() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig, Authorize={"idTokenInfo": {"status": "Accepted", "groupIdToken": {"idToken": "FLEET"}}})
        rig.csms.answer("Authorize", {"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}})
        rig.csms.answer(
            "StartTransaction", {"transactionId": 7, "idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}}
        )
        await rig.boot()
        await rig.do("plug_in")
        await show(rig)
        await charging(rig)
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_STOP"


@pytest.mark.parametrize(
    ("certificate", "token", "reason"),
    [
        ("CertificateRevoked", "Invalid", "CertificateRevoked"),
        ("CertificateExpired", "Expired", "CertificateExpired"),
        ("ContractCancelled", "Accepted", "ContractCancelled"),
        ("SignatureError", "Accepted", "SignatureError"),
        ("Accepted", "Blocked", "Blocked"),
        ("Accepted", "ConcurrentTx", "ConcurrentTx"),
        (None, "Invalid", "Invalid"),
        (None, "NoSuchStatus", "NoSuchStatus"),
    ],
)
@virtual
async def test_a_contract_is_refused(certificate: str | None, token: str, reason: str) -> None:
    said: dict[str, Any] = {"idTokenInfo": {"status": token}}
    if certificate is not None:
        said["certificateStatus"] = certificate
    async with Rig(variables=ON) as rig:
        central_system(rig, Authorize=said)
        await rig.boot()
        await rig.do("plug_in")
        await refused(rig, reason)


@virtual
async def test_what_was_accepted_until_a_moment_that_is_past_has_expired() -> None:
    said = {"certificateStatus": "Accepted", "idTokenInfo": {"status": "Accepted"}}
    async with Rig(variables=ON) as rig:
        said["idTokenInfo"]["cacheExpiryDateTime"] = "2020-01-01T00:00:00Z"  # type: ignore[index]
        central_system(rig, Authorize=said)
        await rig.boot()
        await rig.do("plug_in")
        answer = await show(rig)
        assert answer["result"] == "REJECTED"


@pytest.mark.parametrize("status", ["Rejected", "UnknownVendorId", "UnknownMessageId"])
@pytest.mark.spec("OCPP 1.6 PnC 2.1")
@virtual
async def test_a_central_system_without_plug_and_charge_refuses(status: str) -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig, Authorize=status)
        await rig.boot()
        await rig.do("plug_in")
        await refused(rig, status)
        await rig.do("tap", tagId=CARD)
        await charging(rig)


@pytest.mark.parametrize(
    "data",
    [
        None,
        "",
        "no JSON",
        "[]",
        "null",
        "{}",
        '{"idTokenInfo":"Accepted"}',
        '{"idTokenInfo":{}}',
        '{"idTokenInfo":{"status":1}}',
        '{"idTokenInfo":{"status":"Accepted"},"certificateStatus":5}',
        '{"idTokenInfo":{"status":"Accepted","cacheExpiryDateTime":7}}',
        '{"idTokenInfo":{"status":"Accepted","groupIdToken":"x"}}',
        '{"idTokenInfo":{"status":"Accepted","groupIdToken":{"idToken":"\\ud800"}}}',
        "[" * 100_000,
    ],
    ids=range(14),
)
@virtual
async def test_an_answer_that_cannot_be_read_refuses(data: str | None) -> None:
    async with Rig(variables=ON) as rig:
        answer = {"status": "Accepted"} if data is None else {"status": "Accepted", "data": data}
        rig.csms.answer("DataTransfer", answer)
        await rig.boot()
        await rig.do("plug_in")
        await refused(rig, "UnreadableAnswer")
        assert rig.connected


@virtual
async def test_a_call_error_refuses_and_silence_does_too() -> None:
    async with Rig(variables=ON) as rig:
        rig.csms.answer("DataTransfer", CallError("NotSupported"))
        await rig.boot()
        await rig.do("plug_in")
        await refused(rig, "CallError")
        rig.csms.answer("DataTransfer", SILENCE)
        answer = await rig.do("tap", timeout_s=60, tagId=EMAID, tokenType="eMAID")
        assert (answer["result"], answer["reason"]) == ("REJECTED", "Timeout")


@virtual
async def test_the_command_authorize_asks_in_the_same_way() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig, Authorize={"certificateStatus": "Accepted", "idTokenInfo": {"status": "Blocked"}})
        await rig.boot()
        answer = await rig.do("authorize", tagId=EMAID, tokenType="eMAID")
        assert answer["status"] == "Blocked"
        assert rig.heard_all("Authorize") == []


@virtual
async def test_an_emaid_is_no_longer_than_an_id_tag() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await rig.do("plug_in")
        answer = await rig.do("tap", tagId="DE8AA1A2B3C4D5E6F7A8B", tokenType="eMAID")
        assert (answer["result"], answer["reason"]) == ("REJECTED", "TokenTooLong")


@virtual
async def test_a_reservation_for_the_emaid_is_the_contracts() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        answer = await rig.call(
            "ReserveNow",
            {"connectorId": 1, "idTag": EMAID, "expiryDate": "2026-01-02T00:00:00Z", "reservationId": 5},
        )
        assert answer["status"] == "Accepted"
        await rig.do("plug_in")
        await show(rig)
        await charging(rig)
        (start,) = rig.heard_all("StartTransaction")
        assert (start["idTag"], start["reservationId"]) == (EMAID, 5)


# Offline


async def offline_tap(rig: Rig, **more: Any) -> str:
    """Plug in and show the contract without connection; the result."""
    await rig.do("go_offline")
    await rig.do("plug_in")
    result: str = (await show(rig, **more))["result"]
    return result


@pytest.mark.spec("OCPP 2.0.1 C07.FR.07")
@virtual
async def test_offline_without_validation_no_contract_charges() -> None:
    off = {**ON, "ContractValidationOffline": False, "AllowOfflineTxForUnknownId": True}
    async with Rig(variables=off) as rig:
        central_system(rig)
        await rig.boot()
        await listed(rig, EMAID)
        assert await offline_tap(rig) == "REJECTED"
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"


async def listed(rig: Rig, *tags: str) -> None:
    """Put tags into the local list."""
    entries = [{"idTag": tag, "idTagInfo": {"status": "Accepted"}} for tag in tags]
    answer = await rig.call(
        "SendLocalList", {"listVersion": 1, "updateType": "Full", "localAuthorizationList": entries}
    )
    assert answer == {"status": "Accepted"}


@pytest.mark.spec("OCPP 2.0.1 C07.FR.09", "OCPP 2.0.1 C07.FR.10")
@virtual
async def test_offline_a_contract_of_the_local_list_charges() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await listed(rig, EMAID)
        assert await offline_tap(rig) == "USED_TO_START"
        await online(rig)
        (start,) = rig.heard_all("StartTransaction")
        assert start["idTag"] == EMAID


@pytest.mark.spec("OCPP 2.0.1 C07.FR.11")
@virtual
async def test_offline_a_contract_of_the_cache_charges() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await rig.do("plug_in")
        await show(rig)
        await charging(rig)
        await show(rig)
        await rig.do("unplug")
        assert await offline_tap(rig) == "USED_TO_START"


@pytest.mark.spec("OCPP 2.0.1 C07.FR.12")
@pytest.mark.parametrize("allowed", [False, True])
@virtual
async def test_offline_an_unknown_contract(allowed: bool) -> None:
    async with Rig(variables={**ON, "AllowOfflineTxForUnknownId": allowed}) as rig:
        central_system(rig)
        await rig.boot()
        assert await offline_tap(rig) == ("USED_TO_START" if allowed else "REJECTED")


@virtual
async def test_online_the_central_system_is_asked_whatever_the_lists_say() -> None:
    async with Rig(variables={**ON, "LocalPreAuthorize": True}) as rig:
        central_system(rig, Authorize={"certificateStatus": "CertificateRevoked", "idTokenInfo": {"status": "Invalid"}})
        await rig.boot()
        await listed(rig, EMAID)
        await rig.do("plug_in")
        await refused(rig, "CertificateRevoked")


@virtual
async def test_a_connection_lost_while_asking_leaves_it_to_the_offline_rules() -> None:
    async with Rig(variables={**ON, "ContractValidationOffline": False}) as rig:
        rig.csms.answer("DataTransfer", SILENCE)
        await rig.boot()
        await rig.do("plug_in")
        rig.loop.call_later(1, rig.lose_connection)
        await refused(rig, "ContractNotValidatedOffline")


# Contract certificates


class Mobility:
    """A mobility operator: a root, an authority below it, and contracts."""

    def __init__(self, period: Any = None) -> None:
        self.root = Authority("MO root")
        self.sub = Authority("MO sub", self.root)
        self.pair: Callable[..., Any] = self.sub.pair
        self.period = period

    def contract(self, folder: Any, emaid: str = EMAID) -> str:
        """The chain of a contract."""
        more = {"period": self.period} if self.period else {}
        cert_file, _ = self.sub.pair(folder, "contract", emaid, **more)
        text: str = cert_file.read_text()
        return text


@pytest.mark.spec("OCPP 2.0.1 C07.FR.06")
@virtual
async def test_a_certificate_that_cannot_be_validated_goes_to_the_central_system(tmp_path: Any) -> None:
    chain = Mobility().contract(tmp_path)
    async with Rig(variables={**ON, "CentralContractValidationAllowed": True}) as rig:
        central_system(rig)
        await rig.boot()
        await rig.do("plug_in")
        assert (await show(rig, certificate=chain))["result"] == "USED_TO_START"
        assert sent(rig, "Authorize") == [{"idToken": {"idToken": EMAID}, "certificate": chain}]


@virtual
async def test_a_certificate_that_nobody_validates_is_refused(tmp_path: Any) -> None:
    chain = Mobility().contract(tmp_path)
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await rig.do("plug_in")
        await refused(rig, "CertChainError", certificate=chain)
        assert sent(rig, "Authorize") == []


@pytest.mark.spec("OCPP 2.0.1 C07.FR.08")
@virtual
async def test_a_certificate_is_validated_against_the_roots_that_are_installed(tmp_path: Any) -> None:
    operator = Mobility()
    async with Rig(variables={**ON, "CentralContractValidationAllowed": True}) as rig:
        central_system(rig)
        await rig.boot()
        assert await tell(rig, "InstallCertificate", {"certificateType": MO, "certificate": operator.root.pem}) == {
            "status": "Accepted"
        }
        await listed(rig, EMAID)
        await rig.do("plug_in")
        assert (await show(rig, certificate=operator.contract(tmp_path)))["result"] == "USED_TO_START"
        assert sent(rig, "Authorize") == [{"idToken": {"idToken": EMAID}}], "neither certificate nor OCSP responder"
        await show(rig)
        await rig.do("unplug")
        await rig.do("go_offline")
        await rig.do("plug_in")
        forged = Mobility().contract(tmp_path)
        assert (await show(rig, certificate=forged))["reason"] == "CertChainError"
        assert (await show(rig, certificate="no certificate"))["reason"] == "CertChainError"
        other = operator.contract(tmp_path, "DE8AA9Z9Z9Z9Z9")
        assert (await show(rig, certificate=other))["reason"] == "CertChainError"
        assert (await show(rig, certificate=operator.contract(tmp_path)))["result"] == "USED_TO_START"


@virtual
async def test_a_contract_that_has_expired_is_refused(tmp_path: Any) -> None:
    operator = Mobility(days(-20, -10, START))
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await tell(rig, "InstallCertificate", {"certificateType": MO, "certificate": operator.root.pem})
        await rig.do("plug_in")
        await refused(rig, "CertificateExpired", certificate=operator.contract(tmp_path))


# Roots


async def install(rig: Rig, use: str, certificate: str) -> str:
    """InstallCertificate; the status."""
    answer = await tell(rig, "InstallCertificate", {"certificateType": use, "certificate": certificate})
    return answer if isinstance(answer, str) else str(answer["status"])


async def installed(rig: Rig, *uses: str) -> list[dict[str, Any]]:
    """GetInstalledCertificateIds; what is found."""
    answer = await tell(rig, "GetInstalledCertificateIds", {"certificateType": list(uses)} if uses else {})
    found: list[dict[str, Any]] = answer.get("certificateHashDataChain", [])
    assert answer["status"] == ("Accepted" if found else "NotFound")
    return found


async def delete(rig: Rig, hash_data: Mapping[str, str]) -> str:
    """DeleteCertificate; the status."""
    return str((await tell(rig, "DeleteCertificate", {"certificateHashData": hash_data}))["status"])


@pytest.mark.spec("OCPP 2.0.1 M03", "OCPP 2.0.1 M04", "OCPP 2.0.1 M05")
@virtual
async def test_roots_are_installed_listed_and_deleted() -> None:
    async with Rig(variables=ON) as rig:
        await rig.boot()
        assert await install(rig, V2G, Authority("V2G").pem) == "Accepted"
        assert await install(rig, MO, Authority("MO").pem) == "Accepted"
        assert [one["certificateType"] for one in await installed(rig)] == [V2G, MO]
        (found,) = await installed(rig, MO)
        assert set(found["certificateHashData"]) == set(ROOT_NAME)
        assert "childCertificateHashData" not in found
        await rig.do("reboot")
        await rebooted(rig)
        assert len(await installed(rig)) == 2
        assert await delete(rig, ROOT_NAME) == "NotFound"
        assert await delete(rig, found["certificateHashData"]) == "Accepted"
        assert await installed(rig, MO) == []
        assert len(await installed(rig, V2G, MO)) == 1


@pytest.mark.spec("OCPP 1.6 PnC 2.3")
@virtual
async def test_each_kind_of_certificate_has_its_own_messages() -> None:
    async with Rig(variables=ON) as rig:
        await rig.boot()
        assert await install(rig, CSMS, Authority().pem) == "Rejected"
        plain = {"certificateType": CSMS, "certificate": Authority("CSMS").pem}
        assert (await rig.call("InstallCertificate", plain))["status"] == "Accepted"
        assert await install(rig, V2G, Authority("V2G").pem) == "Accepted"
        (found,) = await installed(rig)
        assert found["certificateType"] == V2G
        answer = await rig.call("DeleteCertificate", {"certificateHashData": found["certificateHashData"]})
        assert answer["status"] == "NotFound"
        answer = await rig.call("GetInstalledCertificateIds", {"certificateType": CSMS})
        assert await delete(rig, answer["certificateHashData"][0]) == "NotFound"


@virtual
async def test_invalid_roots_and_too_many_are_rejected() -> None:
    async with Rig(variables={**ON, "CertificateStoreMaxLength": 1}) as rig:
        await rig.boot()
        assert await install(rig, V2G, "no certificate") == "Rejected"
        assert await install(rig, V2G, Authority("Expired", period=days(-20, -10, START)).pem) == "Rejected"
        assert await install(rig, V2G, Authority("V2G").pem) == "Accepted"
        assert await install(rig, MO, Authority("MO").pem) == "Rejected"


# The V2G certificate


def security_events(rig: Rig) -> list[str]:
    """The types of the security events that the CSMS was told."""
    return [told["type"] for told in rig.heard_all("SecurityEventNotification")]


async def triggered(rig: Rig) -> str:
    """TriggerMessage; the signing request that follows."""
    before = len(sent(rig, "SignCertificate"))
    assert await tell(rig, "TriggerMessage") == {"status": "Accepted"}
    await rig.until(lambda: len(sent(rig, "SignCertificate")) > before)
    request = sent(rig, "SignCertificate")[-1]
    assert request["certificateType"] == "V2GCertificate"
    return str(request["csr"])


async def signed(rig: Rig, chain: str) -> str:
    """CertificateSigned; the status."""
    return str((await tell(rig, "CertificateSigned", {"certificateChain": chain}))["status"])


@pytest.mark.spec("OCPP 2.0.1 A02.FR.02", "OCPP 2.0.1 A02.FR.03", "OCPP 1.6 PnC 3.1.1")
@virtual
async def test_a_v2g_certificate_is_signed_on_request() -> None:
    root = Authority("V2G root")
    sub = Authority("CPO sub", root)
    async with Rig(variables={**ON, "CpoName": "Acme Charging"}) as rig:
        central_system(rig)
        await rig.boot()
        assert await install(rig, V2G, root.pem) == "Accepted"
        request = await triggered(rig)
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        names = {one.oid: one.value for one in asked.subject}
        assert names == {NameOID.ORGANIZATION_NAME: "Acme Charging", NameOID.COMMON_NAME: "CP-1"}
        assert await installed(rig, CHAIN) == []
        assert await signed(rig, sub.sign(request)) == "Accepted"
        (found,) = await installed(rig, CHAIN)
        assert found["certificateType"] == CHAIN
        (child,) = found["childCertificateHashData"]
        assert child["serialNumber"] == f"{sub.certificate.serial_number:x}"
        await rig.do("reboot")
        await rebooted(rig)
        assert await installed(rig, CHAIN) == [found]
        assert len(await installed(rig)) == 2
        assert rig.heard_all("SignCertificate") == []
        again = sub.sign(await triggered(rig))
        assert await signed(rig, again) == "Accepted"
        newest, before = await installed(rig, CHAIN)
        assert before == found or newest == found
        assert await delete(rig, child) == "Accepted", "the authority takes its chains along"
        assert await installed(rig, CHAIN) == []
        assert security_events(rig).count("InvalidChargePointCertificate") == 0


@pytest.mark.spec("OCPP 2.0.1 A02.FR.06", "OCPP 2.0.1 A02.FR.07", "OCPP 2.0.1 A02.FR.16", "OCPP 2.0.1 A02.FR.20")
@virtual
async def test_an_invalid_v2g_certificate_is_rejected_and_told() -> None:
    root, other = Authority("V2G root"), Authority("V2G root")
    variables = {**ON, "CertificateSignedMaxChainSize": {"value": 5600}, "CertSigningRepeatTimes": 3}
    async with Rig(variables=variables) as rig:
        central_system(rig)
        await rig.boot()
        await install(rig, V2G, root.pem)
        request = await triggered(rig)
        foreign = root.issue(other.key.public_key()).public_bytes(Encoding.PEM).decode()
        names = {"common_name": "CP-1", "organization": "Acme"}
        for chain in (
            "",
            "no certificate",
            other.sign(request, **names),
            root.sign(request, period=days(-20, -10, START), **names),
            root.sign(request, period=days(10, 20, START), **names),
            foreign,
            "x" * 5601,
            "x" * 20000,
        ):
            told = len(security_events(rig))
            assert await signed(rig, chain) == "Rejected"
            await rig.quiet()
            assert security_events(rig)[told:] == ["InvalidChargePointCertificate"]
        assert await installed(rig, CHAIN) == []
        await rig.wait(4 * 86400)
        assert len(sent(rig, "SignCertificate")) == 1, "not again until it is triggered"
        assert await signed(rig, root.sign(request, **names)) == "Accepted"


@pytest.mark.parametrize("status", ["Rejected", "UnknownVendorId", "UnknownMessageId", {"status": "Rejected"}, {}])
@pytest.mark.spec("OCPP 1.6 PnC 2.1")
@virtual
async def test_a_refused_request_is_not_sent_again_unless_triggered(status: Any) -> None:
    async with Rig(variables={**ON, "CertSigningRepeatTimes": 5}) as rig:
        central_system(rig, SignCertificate=status)
        await rig.boot()
        await triggered(rig)
        await rig.wait(86400)
        await rig.do("reboot")
        await rebooted(rig)
        await rig.wait(86400)
        assert len(sent(rig, "SignCertificate")) == 1
        await triggered(rig)
        assert len(sent(rig, "SignCertificate")) == 2


@pytest.mark.spec("OCPP 2.0.1 A02.FR.17", "OCPP 2.0.1 A02.FR.18", "OCPP 2.0.1 A02.FR.19", "OCPP 1.6 PnC 9.3, 9.4")
@virtual
async def test_a_certificate_that_does_not_come_is_asked_for_again() -> None:
    async with Rig(variables={**ON, "CertSigningWaitMinimum": 100, "CertSigningRepeatTimes": 2}) as rig:
        central_system(rig)
        await rig.boot()
        await triggered(rig)
        began = rig.loop.time()
        times = []
        for count in (2, 3):
            await rig.until(lambda count=count: len(sent(rig, "SignCertificate")) == count, 1000)  # type: ignore[misc]
            times.append(round(rig.loop.time() - began))
        assert times == [100, 300]
        await rig.wait(86400)
        assert len(sent(rig, "SignCertificate")) == 3


@virtual
async def test_a_wait_of_zero_leaves_it_to_the_central_system() -> None:
    async with Rig(variables={**ON, "CertSigningWaitMinimum": 0, "CertSigningRepeatTimes": 5}) as rig:
        central_system(rig)
        await rig.boot()
        await triggered(rig)
        await rig.wait(86400)
        assert len(sent(rig, "SignCertificate")) == 1


@virtual
async def test_a_request_that_was_not_answered_is_sent_after_the_reboot() -> None:
    async with Rig(variables=ON) as rig:
        rig.csms.answer("DataTransfer", SILENCE)
        await rig.boot()
        first = await triggered(rig)
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.until(lambda: len(sent(rig, "SignCertificate")) == 2)
        assert sent(rig, "SignCertificate")[1]["csr"] == first


@pytest.mark.spec("OCPP 2.0.1 A03.FR.02", "OCPP 1.6 PnC 3.1.2")
@virtual
async def test_a_v2g_certificate_is_renewed_before_it_ends() -> None:
    root = Authority("V2G root")
    names = {"common_name": "CP-1", "organization": "Acme"}
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        await install(rig, V2G, root.pem)
        chain = root.sign(await triggered(rig), period=days(-1, 40, START), **names)
        assert await signed(rig, chain) == "Accepted"
        await rig.wait(9 * 86400)
        await rig.do("reboot")
        await rebooted(rig)
        assert len(sent(rig, "SignCertificate")) == 1
        await rig.wait(2 * 86400)
        assert len(sent(rig, "SignCertificate")) == 2
        renewed = root.sign(sent(rig, "SignCertificate")[1]["csr"], period=days(9, 400, START), **names)
        assert await signed(rig, renewed) == "Accepted"
        await rig.wait(5 * 86400)
        assert len(sent(rig, "SignCertificate")) == 2


@virtual
async def test_the_v2g_certificate_of_the_profile_is_listed(tmp_path: Any) -> None:
    root = Authority("V2G root")
    cert, key = root.pair(tmp_path, "secc")
    named = {"v2g": [str(root.write(tmp_path / "v2g.pem"))], "v2g_leaf": {"chain": [str(cert)], "key": str(key)}}
    async with Rig(profile={"certificates": named}, variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        assert [one["certificateType"] for one in await installed(rig)] == [V2G, CHAIN]
        (found,) = await installed(rig, CHAIN)
        assert await delete(rig, found["certificateHashData"]) == "Accepted"
        assert await installed(rig, CHAIN) == []
        assert cert.exists()
        await rig.do("reboot")
        await rebooted(rig)
        assert await installed(rig, CHAIN) == []


# Bad input


@pytest.mark.parametrize("message", ["Authorize", "SignCertificate", "Get15118EVCertificate", "Nonsense", ""])
@virtual
async def test_unknown_messages(message: str) -> None:
    async with Rig(variables=ON) as rig:
        await rig.boot()
        assert await tell(rig, message, {}) == "UnknownMessageId"
        assert (await rig.call("DataTransfer", {"vendorId": VENDOR}))["status"] == "UnknownMessageId"
        assert (await rig.call("DataTransfer", {"vendorId": VENDOR + "x"}))["status"] == "UnknownVendorId"


_READ = ("CertificateSigned", "DeleteCertificate", "InstallCertificate")
_NAMED = {"certificateHashData": ROOT_NAME}


@pytest.mark.parametrize(
    ("message", "data"),
    [
        *((message, data) for message in _READ for data in ("", "{}", "[]", "null", "no JSON", "[" * 100_000, "1")),
        ("TriggerMessage", "no JSON"),
        ("TriggerMessage", {"requestedMessage": 5}),
        ("GetInstalledCertificateIds", "no JSON"),
        ("GetInstalledCertificateIds", {"certificateType": V2G}),
        ("GetInstalledCertificateIds", {"certificateType": [CSMS]}),
        ("GetInstalledCertificateIds", {"certificateType": [[]]}),
        ("InstallCertificate", {"certificateType": CHAIN, "certificate": "x"}),
        ("InstallCertificate", {"certificateType": [], "certificate": "x"}),
        ("InstallCertificate", {"certificateType": V2G, "certificate": 5}),
        ("InstallCertificate", {"certificateType": V2G, "certificate": ""}),
        ("InstallCertificate", {"certificateType": V2G, "certificate": "x" * 5501}),
        ("CertificateSigned", {"certificateChain": ["x"]}),
        ("CertificateSigned", {"certificateChain": "x", "certificateType": "ChargingStationCertificate"}),
        ("DeleteCertificate", {"certificateHashData": "x"}),
        *(("DeleteCertificate", {"certificateHashData": {**ROOT_NAME, name: 5}}) for name in ROOT_NAME),
        *(("DeleteCertificate", {"certificateHashData": {**ROOT_NAME, name: "x" * 200}}) for name in ROOT_NAME),
        ("DeleteCertificate", '{"certificateHashData":{"hashAlgorithm":"\\ud800"}}'),
    ],
    ids=lambda value: str(value)[:40],
)
@virtual
async def test_what_cannot_be_read_is_rejected(message: str, data: Any) -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        assert await tell(rig, message, data) == "Rejected"
        assert await tell(rig, "DeleteCertificate", _NAMED) == {"status": "NotFound"}


@virtual
async def test_a_trigger_may_name_its_message_as_in_2_0_1() -> None:
    async with Rig(variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        assert await tell(rig, "TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "NotImplemented"}
        assert await tell(rig, "TriggerMessage", {"requestedMessage": "SignV2GCertificate"}) == {"status": "Accepted"}
        await rig.until(lambda: sent(rig, "SignCertificate"))


@virtual
async def test_a_folder_that_cannot_be_written_fails(tmp_path: Any) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    async with Rig(profile={"state": str(tmp_path / "state")}, variables=ON) as rig:
        central_system(rig)
        await rig.boot()
        assert await install(rig, V2G, Authority().pem) == "Failed"
        assert await tell(rig, "TriggerMessage", "{}") == {"status": "Accepted"}
        await rig.quiet()
        assert sent(rig, "SignCertificate") == []
        assert rig.connected
