"""A manufacturer: a root, certificates for signing firmware, and signatures."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)


@cache
def key_of(kind: str, name: str) -> Any:
    """A key pair; the same for the same name."""
    del name
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


class Manufacturer:
    """A root, and what it signs. ``kind``: of the signing keys, ``rsa`` or ``ec``."""

    def __init__(self, name: str = "Acme", kind: str = "ec") -> None:
        self.kind = kind
        self.name = name
        self.root_key = key_of("ec", f"{name} root")
        self.key = key_of(kind, f"{name} signer")
        self.root = self._certificate(f"{name} root", f"{name} root", self.root_key, ca=True)

    def _certificate(self, subject: str, issuer: str, key: Any, *, ca: bool = False, **other: Any) -> x509.Certificate:
        usage = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        usage["key_cert_sign" if ca else other.get("usage", "digital_signature")] = True
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._x500(subject))
            .issuer_name(self._x500(issuer))
            .public_key(key.public_key())
            .serial_number(other.get("serial", x509.random_serial_number()))
            .not_valid_before(other.get("first", FIRST))
            .not_valid_after(other.get("last", LAST))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
        )
        if other.get("purpose") is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([other["purpose"]]), critical=False)
        return builder.sign(self.root_key, hashes.SHA256())

    def _x500(self, name: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.name),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )

    @property
    def root_pem(self) -> str:
        """The root, PEM."""
        return self.root.public_bytes(Encoding.PEM).decode()

    def signer(self, **other: Any) -> str:
        """A certificate for signing firmware, PEM. ``first``, ``last``, ``usage``, ``purpose``, ``serial``."""
        other.setdefault("purpose", ExtendedKeyUsageOID.CODE_SIGNING)
        made = self._certificate("firmware", f"{self.name} root", self.key, **other)
        return made.public_bytes(Encoding.PEM).decode()

    def revocation_list(self, serial: int) -> str:
        """A list that revokes one certificate, PEM."""
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(FIRST).build()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.root.subject)
        builder = builder.last_update(FIRST).next_update(LAST).add_revoked_certificate(entry)
        return builder.sign(self.root_key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def signature(self, content: bytes, scheme: str = "pss") -> str:
        """A signature over a file, base64. ``scheme``: ``pss`` or ``pkcs1``, for RSA keys."""
        if self.kind == "ec":
            return base64.b64encode(self.key.sign(content, ec.ECDSA(hashes.SHA256()))).decode()
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
        chosen = pss if scheme == "pss" else padding.PKCS1v15()
        return base64.b64encode(self.key.sign(content, chosen, hashes.SHA256())).decode()
