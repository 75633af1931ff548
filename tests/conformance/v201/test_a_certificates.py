"""Block A: the Charging Station's certificate, asked for, signed, taken and renewed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from station.net import DialFailed
from station.net.errors import FailureKind, TlsEvent
from tests.support.certified import request_bits, secured, shown
from tests.support.fake_ca import Authority, days
from tests.support.rig import START, Rig, virtual

OWNER = {"SecurityCtrlr.OrganizationName": "Acme Charging"}


def rig(folder: Path, root: Authority, **variables: Any) -> Rig:
    """A station with security profile 3 that may ask for certificates."""
    given = {name.replace("__", "."): value for name, value in variables.items()}
    return Rig("2.0.1", secured("2.0.1", folder, root), {**OWNER, **given})


async def triggered(rig: Rig) -> str:
    """TriggerMessage SignChargingStationCertificate; the signing request that follows."""
    before = len(rig.heard_all("SignCertificate"))
    answer = await rig.call("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    assert answer == {"status": "Accepted"}
    await rig.until(lambda: len(rig.heard_all("SignCertificate")) > before)
    told = rig.heard_all("SignCertificate")[-1]
    assert told["certificateType"] == "ChargingStationCertificate"
    request: str = told["csr"]
    return request


async def signed(rig: Rig, chain: str, **more: str) -> str:
    """CertificateSigned; the status."""
    payload = {"certificateChain": chain, "certificateType": "ChargingStationCertificate", **more}
    status: str = (await rig.call("CertificateSigned", payload))["status"]
    return status


def security_events(rig: Rig) -> list[str]:
    """The types of the security events that the CSMS was told."""
    return [told["type"] for told in rig.heard_all("SecurityEventNotification")]


@pytest.mark.case("TC_A_11_CS", "2.0.1")
@pytest.mark.spec("A02.FR.02", "A02.FR.03", "A02.FR.06", "A02.FR.08", "F06.FR.04", "F06.FR.05", "F06.FR.10")
@virtual
async def test_tc_a_11_update_of_the_certificate_by_request(tmp_path: Path) -> None:
    root = Authority()
    async with rig(tmp_path, root) as cs:
        await cs.boot()
        before = shown(cs, root, tmp_path)
        request = await triggered(cs)
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        assert isinstance(asked.public_key(), ec.EllipticCurvePublicKey)
        assert asked.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Acme Charging"
        assert await signed(cs, root.sign(request)) == "Accepted"
        await cs.until(lambda: len(cs.targets) == 2)
        assert shown(cs, root, tmp_path) == request_bits(request) != before
        await cs.wait(5)
        assert len(cs.heard_all("BootNotification")) == 1


@pytest.mark.case("TC_A_14_CS", "2.0.1")
@pytest.mark.spec("A02.FR.07", "A02.FR.20", "A03.FR.07")
@pytest.mark.parametrize(
    "wrong",
    [{"common_name": "CP-2"}, {"period": days(-9, -1, START)}, {"period": days(1, 9, START)}],
    ids=["another", "expired", "early"],
)
@virtual
async def test_tc_a_14_an_invalid_certificate(tmp_path: Path, wrong: dict[str, Any]) -> None:
    root = Authority()
    async with rig(tmp_path, root) as cs:
        await cs.boot()
        before = shown(cs, root, tmp_path)
        request = await triggered(cs)
        assert await signed(cs, root.sign(request, **wrong)) == "Rejected"
        await cs.until(lambda: "InvalidChargingStationCertificate" in security_events(cs))
        await cs.wait(600)
        assert len(cs.heard_all("SignCertificate")) == 1, "the CSMS has to ask again (A02.FR.20)"
        assert len(cs.targets) == 1
        cs.lose_connection()
        await cs.until(lambda: len(cs.targets) == 2)
        assert shown(cs, root, tmp_path) == before


@pytest.mark.case("TC_A_15_CS", "2.0.1")
@pytest.mark.spec("A02")
@virtual
async def test_tc_a_15_a_request_that_is_rejected(tmp_path: Path) -> None:
    async with rig(tmp_path, Authority()) as cs:
        await cs.boot()
        cs.csms.answer("SignCertificate", {"status": "Rejected"})
        await triggered(cs)
        await cs.wait(600)
        assert len(cs.heard_all("SignCertificate")) == 1


@pytest.mark.case("TC_A_23_CS", "2.0.1")
@pytest.mark.spec("A02.FR.17", "A02.FR.18", "A02.FR.19")
@virtual
async def test_tc_a_23_no_certificate_comes(tmp_path: Path) -> None:
    root = Authority()
    waits = {"SecurityCtrlr__CertSigningWaitMinimum": 10, "SecurityCtrlr__CertSigningRepeatTimes": 2}
    async with rig(tmp_path, root, **waits) as cs:
        await cs.boot()
        await triggered(cs)
        begun = cs.loop.time()
        times = []
        for number in (2, 3):
            await cs.until(lambda number=number: len(cs.heard_all("SignCertificate")) == number)  # type: ignore[misc]
            times.append(round(cs.loop.time() - begun))
        assert times == [10, 30]
        requests = [told["csr"] for told in cs.heard_all("SignCertificate")]
        answers = [await signed(cs, root.sign(request)) for request in requests]
        assert "Accepted" in answers
        await cs.wait(600)
        assert len(cs.heard_all("SignCertificate")) == 3


@pytest.mark.spec("A02.FR.19")
@virtual
async def test_the_repetitions_end(tmp_path: Path) -> None:
    waits = {"SecurityCtrlr__CertSigningWaitMinimum": 10, "SecurityCtrlr__CertSigningRepeatTimes": 2}
    async with rig(tmp_path, Authority(), **waits) as cs:
        await cs.boot()
        await triggered(cs)
        await cs.wait(3600)
        assert len(cs.heard_all("SignCertificate")) == 3
        await triggered(cs)
        assert len(cs.heard_all("SignCertificate")) == 4


@pytest.mark.spec("A02.FR.16")
@virtual
async def test_a_chain_that_is_too_long(tmp_path: Path) -> None:
    root = Authority()
    async with rig(tmp_path, root, SecurityCtrlr__MaxCertificateChainSize=300) as cs:
        await cs.boot()
        assert await signed(cs, root.sign(await triggered(cs))) == "Rejected"


@pytest.mark.spec("A02.FR.10", "A02.FR.28", "A02.FR.29")
@virtual
async def test_a_certificate_that_the_csms_does_not_take_is_discarded(tmp_path: Path) -> None:
    root = Authority()
    async with rig(tmp_path, root) as cs:
        await cs.boot()
        before = shown(cs, root, tmp_path)
        request = await triggered(cs)
        cs.refuse = DialFailed(FailureKind.TLS, "not taken", tls_event=TlsEvent.REFUSED)
        assert await signed(cs, root.sign(request)) == "Accepted"
        await cs.until(lambda: len(cs.targets) == 2)
        cs.refuse = None
        await cs.until(lambda: "DiscardedRenewedClientCertificate" in security_events(cs))
        assert shown(cs, root, tmp_path) == before
        assert list((tmp_path / "state" / "certificates" / "station").glob("*.pem")) == []


@pytest.mark.spec("A03.FR.02", "A03.FR.03", "A03.FR.18")
@virtual
async def test_a_certificate_that_ends_within_a_month_is_renewed(tmp_path: Path) -> None:
    root = Authority()
    made = secured("2.0.1", tmp_path, root, client=False)
    cert, key = root.pair(tmp_path, "ending", period=days(-300, 20, START))
    made["csms"]["security"].update(cert=str(cert), key=str(key))
    async with Rig("2.0.1", made, OWNER) as cs:
        await cs.boot()
        await cs.until(lambda: cs.heard_all("SignCertificate"))
        request = cs.heard_all("SignCertificate")[0]["csr"]
        assert await signed(cs, root.sign(request, period=days(-1, 900, START))) == "Accepted"
        await cs.until(lambda: len(cs.targets) == 2)
        assert shown(cs, root, tmp_path) == request_bits(request)


@pytest.mark.spec("A02")
@virtual
async def test_what_there_is_not(tmp_path: Path) -> None:
    root = Authority()
    async with Rig("2.0.1", secured("2.0.1", tmp_path, root)) as cs:
        await cs.boot()
        for wanted, status in (
            ("SignChargingStationCertificate", "Rejected"),
            ("SignV2GCertificate", "NotImplemented"),
            ("SignCombinedCertificate", "NotImplemented"),
        ):
            answer = await cs.call("TriggerMessage", {"requestedMessage": wanted})
            assert answer["status"] == status, "without OrganizationName, without ISO 15118"
        assert await signed(cs, root.pem, certificateType="V2GCertificate") == "Rejected"
        assert security_events(cs).count("InvalidChargingStationCertificate") == 0
