"""The Charge Point's certificate over OCPP 1.6: asked for, signed, taken, renewed, with an authority in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from station.net import DialFailed
from station.net.errors import FailureKind, TlsEvent
from tests.conformance.v16.certificate_flows import (
    CPO,
    CSMS,
    delete,
    installed,
    profile,
    security_events,
    signed,
    triggered,
)
from tests.conformance.v16.flows import rebooted
from tests.support.certified import request_bits, shown
from tests.support.fake_ca import Authority, days
from tests.support.rig import START, Rig, virtual
from tests.support.scripted_csms import SILENCE, CallError


@pytest.mark.case("TC_074_CS", "1.6")
@pytest.mark.spec("Security WP A02.FR.02", "Security WP A02.FR.03", "Security WP A02.FR.08", "Security WP A02.FR.13")
@virtual
async def test_tc_074_update_of_the_certificate_by_request(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        before = shown(rig, root, tmp_path)
        request = await triggered(rig)
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        assert asked.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Acme Charging"
        assert asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "CP-1"
        assert isinstance(asked.public_key(), ec.EllipticCurvePublicKey)
        chain = root.sign(request, period=days(-1, 9000, START))
        assert await signed(rig, chain) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        assert shown(rig, root, tmp_path) == request_bits(request) != before
        await rig.wait(5)
        assert len(rig.heard_all("BootNotification")) == 1
        assert "InvalidChargePointCertificate" not in security_events(rig)
        await rig.do("power_cycle")
        await rebooted(rig)
        assert shown(rig, root, tmp_path) == request_bits(request)


@pytest.mark.spec("Security WP A00.FR.806", "Security WP A02", "OCPP 1.6 §4.2")
@virtual
async def test_the_certificate_can_be_updated_while_the_boot_is_pending(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        pending = {"status": "Pending", "interval": 300, "currentTime": START.isoformat().replace("+00:00", "Z")}
        rig.csms.answer("BootNotification", pending)
        rig.host.start()
        await rig.until(lambda: rig.heard_all("BootNotification"))
        request = await triggered(rig)
        assert rig.csms.actions() == ["BootNotification", "SignCertificate"]
        assert await signed(rig, root.sign(request, period=days(-1, 9000, START))) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        assert shown(rig, root, tmp_path) == request_bits(request)


@pytest.mark.spec("Security WP A00.FR.511")
@virtual
async def test_the_serial_number_goes_into_the_request(tmp_path: Path) -> None:
    root = Authority()
    station = {"id": "CP-1", "vendor": "Acme", "model": "Wallbox", "serial": "SN-0042"}
    async with Rig(profile={**profile(tmp_path, root), "station": station}, variables=CPO) as rig:
        await rig.boot()
        request = await triggered(rig)
        subject = x509.load_pem_x509_csr(request.encode()).subject
        assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "SN-0042"
        assert await signed(rig, root.sign(request)) == "Accepted"


@pytest.mark.spec("Security WP A02.FR.06")
@virtual
async def test_a_chain_over_a_sub_ca_is_taken(tmp_path: Path) -> None:
    root = Authority()
    below = Authority("Sub CA", root)
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        request = await triggered(rig)
        assert await signed(rig, below.sign(request)) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        assert shown(rig, root, tmp_path) == request_bits(request)


@pytest.mark.case("TC_077_CS", "1.6")
@pytest.mark.spec("Security WP A02.FR.06", "Security WP A02.FR.07")
@pytest.mark.parametrize(
    ("authority", "wrong"),
    [
        ("root", {"period": days(-20, -10, START)}),
        ("root", {"common_name": "CP-2"}),
        ("root", {"organization": "Somebody Else"}),
        ("root", {"usages": [ExtendedKeyUsageOID.SERVER_AUTH]}),
        ("stranger", {}),
        ("no ca", {}),
        ("expired", {}),
    ],
    ids=["expired", "common-name", "organization", "usage", "unknown-root", "no-ca", "expired-sub-ca"],
)
@virtual
async def test_tc_077_an_invalid_certificate_is_rejected(tmp_path: Path, authority: str, wrong: dict[str, Any]) -> None:
    root = Authority()
    issuers = {
        "root": root,
        "stranger": Authority(),
        "no ca": Authority("No CA", root, ca=False),
        "expired": Authority("Sub CA", root, period=days(-20, -10, START)),
    }
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        before = shown(rig, root, tmp_path)
        chain = issuers[authority].sign(await triggered(rig), **wrong)
        assert await signed(rig, chain) == "Rejected"
        await rig.until(lambda: "InvalidChargePointCertificate" in security_events(rig))
        await rig.wait(10)
        assert len(rig.targets) == 1
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        assert shown(rig, root, tmp_path) == before


@pytest.mark.case("TC_077_CS", "1.6")
@pytest.mark.spec("Security WP A02.FR.07")
@pytest.mark.parametrize("chain", ["garbage", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
@virtual
async def test_tc_077_garbage_is_rejected(tmp_path: Path, chain: str) -> None:
    async with Rig(profile=profile(tmp_path, Authority()), variables=CPO) as rig:
        await rig.boot()
        await triggered(rig)
        assert await signed(rig, chain) == "Rejected"
        await rig.until(lambda: "InvalidChargePointCertificate" in security_events(rig))


@pytest.mark.spec("Security WP A02.FR.06")
@virtual
async def test_a_certificate_for_another_key_or_without_a_request_is_rejected(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        other = root.pair(tmp_path, "other")[0].read_text(encoding="ascii")
        assert await signed(rig, other) == "Rejected"
        await triggered(rig)
        assert await signed(rig, other) == "Rejected"


@pytest.mark.spec("Security WP §7.3")
@virtual
async def test_a_chain_that_is_too_long_is_rejected(tmp_path: Path) -> None:
    root = Authority()
    limits = {"CertificateSignedMaxChainSize": 400, **CPO}
    async with Rig(profile=profile(tmp_path, root), variables=limits) as rig:
        await rig.boot()
        assert await signed(rig, root.sign(await triggered(rig))) == "Rejected"


@pytest.mark.spec("Security WP A02")
@virtual
async def test_without_the_operators_name_nothing_is_asked_for(tmp_path: Path) -> None:
    async with Rig(profile=profile(tmp_path, Authority())) as rig:
        await rig.boot()
        wanted = {"requestedMessage": "SignChargePointCertificate"}
        assert await rig.call("ExtendedTriggerMessage", wanted) == {"status": "Rejected"}
        assert (await rig.call("ChangeConfiguration", {"key": "CpoName", "value": "Acme Charging"}))[
            "status"
        ] == "Accepted"
        await triggered(rig)


@pytest.mark.spec("Security WP A02.FR.08")
@virtual
async def test_a_certificate_for_the_future_is_used_when_it_has_become_valid(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        before = shown(rig, root, tmp_path)
        request = await triggered(rig)
        assert await signed(rig, root.sign(request, period=days(1, 9000, START))) == "Accepted"
        await rig.wait(12 * 3600)
        assert len(rig.targets) == 1
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        assert shown(rig, root, tmp_path) == before
        await rig.wait(12 * 3600 + 60)
        assert len(rig.targets) == 3
        assert shown(rig, root, tmp_path) == request_bits(request)


@pytest.mark.spec("Security WP A02.FR.10")
@virtual
async def test_a_certificate_that_the_csms_does_not_take_gives_way_to_the_old_one(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        before = shown(rig, root, tmp_path)
        request = await triggered(rig)
        rig.refuse = DialFailed(FailureKind.TLS, "not taken", tls_event=TlsEvent.REFUSED)
        assert await signed(rig, root.sign(request)) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        assert shown(rig, root, tmp_path) == request_bits(request)
        rig.refuse = None
        await rig.until(lambda: len(rig.targets) == 3)
        assert shown(rig, root, tmp_path) == before
        await rig.until(lambda: "DiscardedRenewedClientCertificate" in security_events(rig))
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 4)
        assert shown(rig, root, tmp_path) == before


@pytest.mark.spec("Security WP A02.FR.10")
@pytest.mark.parametrize(
    ("failure", "dials"),
    [
        (DialFailed(FailureKind.UNREACHABLE, "gone"), 4),
        (DialFailed(FailureKind.TIMEOUT, "gone"), 4),
        (DialFailed(FailureKind.HTTP, "HTTP 503", http_status=503), 4),
        (DialFailed(FailureKind.LOST, "broken off"), 2),
    ],
    ids=["unreachable", "timeout", "busy", "broken off once"],
)
@virtual
async def test_a_network_that_is_gone_is_not_the_certificates_fault(
    tmp_path: Path, failure: DialFailed, dials: int
) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        request = await triggered(rig)
        rig.refuse = failure
        assert await signed(rig, root.sign(request)) == "Accepted"
        await rig.until(lambda: len(rig.targets) == dials, 600)
        rig.refuse = None
        await rig.until(lambda: rig.connected)
        assert shown(rig, root, tmp_path) == request_bits(request)


@pytest.mark.spec("Security WP A03.FR.02", "Security WP A03.FR.03", "Security WP A03.FR.13")
@virtual
async def test_a_certificate_that_ends_within_a_month_is_renewed(tmp_path: Path) -> None:
    root = Authority()
    made = profile(tmp_path, root, client=False)
    cert, key = root.pair(tmp_path, "ending", period=days(-300, 31, START))
    made["csms"]["security"].update(cert=str(cert), key=str(key))
    async with Rig(profile=made, variables=CPO) as rig:
        await rig.boot()
        await rig.wait(0.9 * 86400)
        assert rig.heard_all("SignCertificate") == []
        await rig.wait(0.2 * 86400)
        request = rig.heard_all("SignCertificate")[0]["csr"]
        chain = root.sign(request, period=days(0, 365, START))
        assert await signed(rig, chain) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        assert shown(rig, root, tmp_path) == request_bits(request)
        await rig.wait(3 * 86400)
        assert len(rig.heard_all("SignCertificate")) == 1


@pytest.mark.spec("Security WP M04.FR.05")
@virtual
async def test_the_stations_own_certificate_cannot_be_deleted(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        chain = root.sign(await triggered(rig))
        assert await signed(rig, chain) == "Accepted"
        own = x509.load_pem_x509_certificate(chain.encode())
        (told,) = await installed(rig, CSMS)
        assert await delete(rig, {**told, "serialNumber": f"{own.serial_number:x}"}) == "Failed"


@pytest.mark.spec("Security WP A03.FR.02")
@virtual
async def test_a_request_that_was_not_answered_is_put_again_after_a_reconnect(tmp_path: Path) -> None:
    async with Rig(profile=profile(tmp_path, Authority()), variables=CPO) as rig:
        await rig.boot()
        rig.csms.once("SignCertificate", SILENCE)
        request = await triggered(rig)
        rig.lose_connection()
        await rig.until(lambda: len(rig.heard_all("SignCertificate")) == 2)
        assert rig.heard_all("SignCertificate")[1]["csr"] == request
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 3)
        await rig.wait(60)
        assert len(rig.heard_all("SignCertificate")) == 2


@pytest.mark.spec("Security WP A02")
@pytest.mark.parametrize("answer", [{"status": "Rejected"}, {"status": "Accepted"}, CallError("InternalError")])
@virtual
async def test_nothing_is_asked_for_again_by_itself(tmp_path: Path, answer: Any) -> None:
    async with Rig(profile=profile(tmp_path, Authority()), variables=CPO) as rig:
        await rig.boot()
        rig.csms.answer("SignCertificate", answer)
        await triggered(rig)
        await rig.wait(7200)
        await rig.do("power_cycle")
        await rebooted(rig)
        await rig.wait(7200)
        assert len(rig.heard_all("SignCertificate")) == 1


@pytest.mark.spec("Security WP A02.FR.05")
@virtual
async def test_the_key_is_never_told(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        assert await signed(rig, root.sign(await triggered(rig))) == "Accepted"
        await rig.quiet()
        (file,) = (tmp_path / "state" / "certificates" / "station").glob("*.key")
        secret = "".join(file.read_text(encoding="ascii").splitlines()[1:-1])
        everything = f"{rig.log()} {rig.events} {rig.host.status()} {rig.store.load()}"
        assert secret[20:60] not in everything
        assert "PRIVATE KEY" not in everything
