"""Block M: root certificates, installed, retrieved and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from station.host.vault.names import name_of
from station.net import DialFailed
from station.net.errors import FailureKind, TlsEvent
from tests.support.certified import secured, trusts
from tests.support.fake_ca import Authority, days
from tests.support.rig import START, Rig, virtual

CSMS, MANUFACTURER = "CSMSRootCertificate", "ManufacturerRootCertificate"
V2G, MO = "V2GRootCertificate", "MORootCertificate"
CHECKED = {"SecurityCtrlr.AdditionalRootCertificateCheck": {"value": "true"}}


async def install(rig: Rig, use: str, certificate: str) -> str:
    """InstallCertificate; the status."""
    answer = await rig.call("InstallCertificate", {"certificateType": use, "certificate": certificate})
    status: str = answer["status"]
    return status


async def installed(rig: Rig, *uses: str) -> list[dict[str, Any]]:
    """GetInstalledCertificateIds; the chains."""
    answer = await rig.call("GetInstalledCertificateIds", {"certificateType": list(uses)} if uses else {})
    found: list[dict[str, Any]] = answer.get("certificateHashDataChain", [])
    assert answer["status"] == ("Accepted" if found else "NotFound")
    return found


async def delete(rig: Rig, hash_data: dict[str, str]) -> str:
    """DeleteCertificate; the status."""
    status: str = (await rig.call("DeleteCertificate", {"certificateHashData": hash_data}))["status"]
    return status


def hash_data(certificate: x509.Certificate, issuer: x509.Certificate) -> dict[str, str]:
    """CertificateHashDataType of a certificate."""
    name = name_of(certificate, issuer)
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": name.issuer_name,
        "issuerKeyHash": name.issuer_key,
        "serialNumber": name.serial,
    }


def rig(folder: Path, root: Authority, variables: dict[str, Any] | None = None, *, client: bool = False) -> Rig:
    """A station with TLS that trusts ``root``."""
    return Rig("2.0.1", secured("2.0.1", folder, root, client=client), variables or {})


@pytest.mark.case("TC_M_01_CS", "2.0.1")
@pytest.mark.case("TC_M_02_CS", "2.0.1")
@pytest.mark.case("TC_M_03_CS", "2.0.1")
@pytest.mark.case("TC_M_04_CS", "2.0.1")
@pytest.mark.case("TC_M_12_CS", "2.0.1")
@pytest.mark.case("TC_M_13_CS", "2.0.1")
@pytest.mark.case("TC_M_14_CS", "2.0.1")
@pytest.mark.case("TC_M_16_CS", "2.0.1")
@pytest.mark.spec("M05.FR.01", "M05.FR.02", "M03.FR.01", "M03.FR.03", "M03.FR.04")
@pytest.mark.parametrize("use", [CSMS, MANUFACTURER, V2G, MO])
@virtual
async def test_tc_m_01_a_root_is_installed_and_retrieved(tmp_path: Path, use: str) -> None:
    new = Authority("New")
    async with rig(tmp_path, Authority()) as cs:
        await cs.boot()
        assert await install(cs, use, new.pem) == "Accepted"
        told = await installed(cs, use)
        wanted = {"certificateType": use, "certificateHashData": hash_data(new.certificate, new.certificate)}
        assert wanted in told
        assert all(one["certificateType"] == use for one in told)


@pytest.mark.case("TC_M_07_CS", "2.0.1")
@pytest.mark.spec("M05.FR.01", "M05.FR.07")
@virtual
async def test_tc_m_07_an_invalid_root(tmp_path: Path) -> None:
    expired = Authority("Expired", period=days(-9, -1, START))
    async with rig(tmp_path, Authority()) as cs:
        await cs.boot()
        assert await install(cs, CSMS, expired.pem) == "Rejected"
        assert await install(cs, CSMS, "garbage") == "Rejected"
        assert len(await installed(cs, CSMS)) == 1


@pytest.mark.spec("M05.FR.06", "M05.FR.17")
@virtual
async def test_a_full_store(tmp_path: Path) -> None:
    limits = {"SecurityCtrlr.CertificateEntries": {"max": 2}}
    async with rig(tmp_path, Authority(), limits) as cs:
        await cs.boot()
        second = Authority("Second")
        assert await install(cs, CSMS, second.pem) == "Accepted"
        assert await install(cs, CSMS, Authority("Third").pem) == "Rejected"
        assert await install(cs, CSMS, second.pem) == "Accepted"
        read = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "CertificateEntries"}}
        answer = await cs.call("GetVariables", {"getVariableData": [read]})
        assert answer["getVariableResult"][0]["attributeValue"] == "2"


@pytest.mark.case("TC_M_09_CS", "2.0.1")
@pytest.mark.spec("M05.FR.10", "M05.FR.11")
@virtual
async def test_tc_m_09_a_root_that_the_old_one_did_not_sign(tmp_path: Path) -> None:
    root = Authority()
    async with rig(tmp_path, root, CHECKED) as cs:
        await cs.boot()
        assert await install(cs, CSMS, Authority("New").pem) == "Rejected"
        (told,) = await installed(cs, CSMS)
        assert told["certificateHashData"] == hash_data(root.certificate, root.certificate)


@pytest.mark.case("TC_M_30_CS", "2.0.1")
@pytest.mark.spec("M05.FR.09", "M05.FR.12", "M05.FR.13")
@virtual
async def test_tc_m_30_the_new_root_replaces_the_old_one(tmp_path: Path) -> None:
    root = Authority()
    new = Authority("New", root)
    async with rig(tmp_path, root, CHECKED) as cs:
        await cs.boot()
        assert await install(cs, CSMS, new.pem) == "Accepted"
        cs.lose_connection()
        await cs.until(lambda: len(cs.targets) == 2)
        await cs.quiet()
        (told,) = await installed(cs, CSMS)
        assert told["certificateHashData"] == hash_data(new.certificate, root.certificate)


@pytest.mark.case("TC_M_31_CS", "2.0.1")
@pytest.mark.spec("M05.FR.14")
@virtual
async def test_tc_m_31_the_old_root_is_the_fallback(tmp_path: Path) -> None:
    root = Authority()
    async with rig(tmp_path, root, CHECKED) as cs:
        await cs.boot()
        assert await install(cs, CSMS, Authority("New", root).pem) == "Accepted"
        cs.refuse = DialFailed(FailureKind.TLS, "not verified", tls_event=TlsEvent.INVALID_CERTIFICATE)
        cs.lose_connection()
        await cs.until(lambda: len(cs.targets) == 2)
        cs.refuse = None
        await cs.until(lambda: len(cs.targets) == 3)
        assert trusts(cs, root, tmp_path)
        await cs.quiet()
        assert len(await installed(cs, CSMS)) == 2


@pytest.mark.case("TC_M_17_CS", "2.0.1")
@pytest.mark.case("TC_M_18_CS", "2.0.1")
@pytest.mark.spec("M03.FR.01", "M03.FR.03", "M03.FR.04")
@virtual
async def test_tc_m_17_several_uses_and_all(tmp_path: Path) -> None:
    async with rig(tmp_path, Authority()) as cs:
        await cs.boot()
        await install(cs, MANUFACTURER, Authority("Manufacturer").pem)
        await install(cs, MO, Authority("MO").pem)
        both = await installed(cs, CSMS, MANUFACTURER)
        assert [one["certificateType"] for one in both] == [CSMS, MANUFACTURER]
        assert [one["certificateType"] for one in await installed(cs)] == [CSMS, MANUFACTURER, MO]


@pytest.mark.case("TC_M_19_CS", "2.0.1")
@pytest.mark.spec("M03.FR.02")
@virtual
async def test_tc_m_19_nothing_of_that_use(tmp_path: Path) -> None:
    async with rig(tmp_path, Authority()) as cs:
        await cs.boot()
        assert await installed(cs, MO) == []
        assert await installed(cs, "V2GCertificateChain") == []


@pytest.mark.case("TC_M_20_CS", "2.0.1")
@pytest.mark.spec("M04.FR.01", "M04.FR.02")
@virtual
async def test_tc_m_20_delete(tmp_path: Path) -> None:
    async with rig(tmp_path, Authority()) as cs:
        await cs.boot()
        (told,) = await installed(cs, CSMS)
        assert await delete(cs, told["certificateHashData"]) == "Accepted"
        assert await installed(cs, CSMS) == []


@pytest.mark.case("TC_M_22_CS", "2.0.1")
@pytest.mark.spec("M04.FR.04")
@virtual
async def test_tc_m_22_delete_what_is_not_there(tmp_path: Path) -> None:
    stranger = Authority("Stranger").certificate
    async with rig(tmp_path, Authority()) as cs:
        await cs.boot()
        assert await delete(cs, hash_data(stranger, stranger)) == "NotFound"


@pytest.mark.case("TC_M_23_CS", "2.0.1")
@pytest.mark.spec("M04.FR.06")
@virtual
async def test_tc_m_23_the_stations_own_certificate_stays(tmp_path: Path) -> None:
    root = Authority()
    async with rig(tmp_path, root, client=True) as cs:
        await cs.boot()
        own = x509.load_pem_x509_certificate((tmp_path / "delivered.pem").read_bytes())
        assert await delete(cs, hash_data(own, root.certificate)) == "Failed"
