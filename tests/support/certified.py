"""Stations with certificates on a rig: their profile, and what they show to the CSMS."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.fake_ca import Authority
from tests.support.rig import SUBPROTOCOLS, Rig
from tests.support.tls_memory import handshake

_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""OpenSSL's: the CSMS's clock is the rig's, the one of this machine says nothing."""


def secured(version: str, folder: Path, root: Authority, *, client: bool = True, **security: Any) -> dict[str, Any]:
    """A profile that trusts ``root``; with ``client`` it has security profile 3 and a certificate of that root."""
    if client:
        cert, key = root.pair(folder, "delivered")
        security = {"cert": str(cert), "key": str(key), **security}
    return {
        "csms": {
            "url": "wss://csms.test/ocpp",
            "versions": [SUBPROTOCOLS[version]],
            "ping": "0s",
            "security": {
                "ca": str(root.write(folder / "root.pem")),
                "password": "0123456789abcdef0123",
                **security,
            },
        },
        "state": str(folder / "state"),
    }


def shown(rig: Rig, root: Authority, folder: Path) -> bytes | None:
    """The public key of the certificate that the station shows in its last dial; None without one."""
    server = _serving(root, folder)
    server.load_verify_locations(cadata=root.pem)
    server.verify_mode = ssl.CERT_OPTIONAL
    server.verify_flags |= _NO_CHECK_TIME
    data = handshake(_dialled(rig), server).getpeercert(binary_form=True)
    return bits(x509.load_der_x509_certificate(data).public_key()) if data else None


def trusts(rig: Rig, root: Authority, folder: Path) -> bool:
    """Whether the station's last dial takes a CSMS with a certificate of this root."""
    try:
        handshake(_dialled(rig), _serving(root, folder))
    except ssl.SSLCertVerificationError:
        return False
    return True


def _dialled(rig: Rig) -> ssl.SSLContext:
    context: ssl.SSLContext | None = rig.targets[-1].ssl_context
    assert context is not None
    return context


def _serving(root: Authority, folder: Path) -> ssl.SSLContext:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*root.pair(folder, "server", "csms.test", hosts=["csms.test"]))
    return server


def bits(public_key: Any) -> bytes:
    """A public key, to compare."""
    data: bytes = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def request_bits(request: str) -> bytes:
    """The public key of a signing request."""
    return bits(x509.load_pem_x509_csr(request.encode()).public_key())
