"""Certificates over real TLS: a new root, a new certificate of the station, and what is in use is not deleted."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from station.config import from_mapping
from station.host.host import Host
from tests.support.fake_ca import Authority
from tests.support.scripted_csms import ScriptedCsms
from tests.support.ws_peer import WsPeer

CSMS = "CentralSystemRootCertificate"


def serving(root: Authority, folder: Path, *trusted: Authority) -> ssl.SSLContext:
    """A server's context; with authorities that it trusts it asks for certificates of theirs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serve_with(context, root, folder)
    for authority in trusted:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.pem)
    return context


def serve_with(context: ssl.SSLContext, root: Authority, folder: Path) -> None:
    """Show a certificate of this root from now on."""
    context.load_cert_chain(*root.pair(folder, f"server-{id(root)}", "localhost", hosts=["localhost"]))


@asynccontextmanager
async def station(peer: WsPeer, folder: Path, security: dict[str, Any], **variables: Any) -> AsyncIterator[Host]:
    """A station that is accepted by the peer."""
    content = {
        "station": {"id": "CP-1", "vendor": "Acme", "model": "Wallbox"},
        "csms": {
            "url": peer.url.replace("127.0.0.1", "localhost"),
            "versions": ["ocpp1.6"],
            "ping": "0s",
            "reconnect": {"wait": "0s", "random": "0s", "doubles": 0},
            "security": security,
        },
        "store": "memory",
        "state": str(folder / "state"),
        "control": "off",
        "variables": {"CpoName": "Acme Charging", **variables},
    }
    host = Host(from_mapping(content, folder, env={}).profile)
    host.start()
    try:
        await host.execute("connect", {}).done
        yield host
    finally:
        await host.stop()


async def installed(peer: WsPeer) -> list[dict[str, str]]:
    """The CSMS's roots."""
    answer = await peer.call("GetInstalledCertificateIds", {"certificateType": CSMS})
    found: list[dict[str, str]] = answer.get("certificateHashData", [])
    return found


async def reconnected(peer: WsPeer, times: int) -> None:
    """Wait for the upgrade of this number, and for the connection to be served."""
    await peer.until(lambda: len(peer.upgrades) >= times and peer.connections, 15)


@pytest.mark.spec("Security WP M05.FR.02", "Security WP M04.FR.06")
def test_the_csms_moves_to_a_new_root(tmp_path: Path) -> None:
    async def scenario() -> None:
        old, new = Authority("Old"), Authority("New")
        context = serving(old, tmp_path)
        security = {"ca": str(old.write(tmp_path / "old.pem")), "password": "0123456789abcdef"}
        async with WsPeer(ScriptedCsms(), tls=context) as peer, station(peer, tmp_path, security):
            (first,) = await installed(peer)
            assert await peer.call("DeleteCertificate", {"certificateHashData": first}) == {"status": "Failed"}
            wanted = {"certificateType": CSMS, "certificate": new.pem}
            assert await peer.call("InstallCertificate", wanted) == {"status": "Accepted"}
            serve_with(context, new, tmp_path)
            peer.abort()
            await reconnected(peer, 2)
            (second,) = [one for one in await installed(peer) if one != first]
            assert await peer.call("DeleteCertificate", {"certificateHashData": second}) == {"status": "Failed"}
            assert await peer.call("DeleteCertificate", {"certificateHashData": first}) == {"status": "Accepted"}
            assert await installed(peer) == [second]
            peer.abort()
            await reconnected(peer, 3)

    asyncio.run(scenario())


@pytest.mark.spec("Security WP M05.FR.11", "Security WP M05.FR.12", "Security WP M05.FR.13")
def test_a_root_that_the_old_one_signed_takes_over_when_the_csms_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        old = Authority("Old")
        new = Authority("New", old)
        context = serving(old, tmp_path)
        security = {"ca": str(old.write(tmp_path / "old.pem")), "password": "0123456789abcdef"}
        checked = {"AdditionalRootCertificateCheck": {"value": "true"}}
        async with WsPeer(ScriptedCsms(), tls=context) as peer, station(peer, tmp_path, security, **checked):
            wanted = {"certificateType": CSMS, "certificate": new.pem}
            assert await peer.call("InstallCertificate", wanted) == {"status": "Accepted"}
            peer.abort()
            await reconnected(peer, 2)
            assert len(await installed(peer)) == 2, "the CSMS still shows a certificate of the old root"
            serve_with(context, new, tmp_path)
            peer.abort()
            await reconnected(peer, 3)
            await asyncio.sleep(0.2)
            (left,) = await installed(peer)
            assert left["serialNumber"] == f"{new.certificate.serial_number:x}"

    asyncio.run(scenario())


@pytest.mark.case("TC_074_CS", "1.6")
@pytest.mark.spec("Security WP A02.FR.08")
def test_a_new_certificate_of_the_station_is_shown_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        root = Authority("Root")
        cert, key = (str(file) for file in root.pair(tmp_path, "station"))
        security = {"ca": str(root.write(tmp_path / "root.pem")), "cert": cert, "key": key}
        context = serving(root, tmp_path, root)
        async with WsPeer(ScriptedCsms(), tls=context) as peer, station(peer, tmp_path, security):
            await peer.call("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
            request = (await peer.wait_for("SignCertificate"))["csr"]
            answer = await peer.call("CertificateSigned", {"certificateChain": root.sign(request)})
            assert answer == {"status": "Accepted"}
            await reconnected(peer, 2)
            assert shown(peer) == public_bits(x509.load_pem_x509_csr(request.encode()))

    asyncio.run(scenario())


@pytest.mark.spec("Security WP A02.FR.10")
def test_a_new_certificate_that_the_csms_refuses_gives_way_to_the_old_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        root, stranger = Authority("Root"), Authority("Stranger")
        cert, key = root.pair(tmp_path, "station")
        roots = tmp_path / "roots.pem"
        roots.write_text(root.pem + stranger.pem, encoding="ascii")
        security = {"ca": str(roots), "cert": str(cert), "key": str(key)}
        context = serving(root, tmp_path, root)
        async with WsPeer(ScriptedCsms(), tls=context) as peer, station(peer, tmp_path, security):
            before = shown(peer)
            await peer.call("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
            request = (await peer.wait_for("SignCertificate"))["csr"]
            answer = await peer.call("CertificateSigned", {"certificateChain": stranger.sign(request)})
            assert answer == {"status": "Accepted"}
            await reconnected(peer, 2)
            assert shown(peer) == before

    asyncio.run(scenario())


def shown(peer: WsPeer) -> bytes:
    """The public key of the certificate that the station shows."""
    connection = peer.connection.transport.get_extra_info("ssl_object")
    return public_bits(x509.load_der_x509_certificate(connection.getpeercert(binary_form=True)))


def public_bits(holder: Any) -> bytes:
    """The public key of a certificate or a request, to compare."""
    bits: bytes = holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return bits
