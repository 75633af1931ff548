"""Certificate authorities that sign what a test wants, good or bad, in memory.

root = Authority("CSMS root")
chain = root.sign(request_pem)                       # as a CA does with a signing request
bad = root.sign(request_pem, common_name="other")    # ... that was not careful
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGINS = datetime(2025, 1, 1, tzinfo=UTC)
ENDS = datetime(2045, 1, 1, tzinfo=UTC)


def name(common_name: str, organization: str | None = "Acme Charging") -> x509.Name:
    """A distinguished name."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def pem(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM).decode()


class Authority:
    """A certificate authority, self-signed or signed by ``issuer``."""

    def __init__(
        self,
        common_name: str = "Root",
        issuer: Authority | None = None,
        *,
        key: Any = None,
        period: tuple[datetime, datetime] = (BEGINS, ENDS),
        ca: bool = True,
        path_length: int | None = None,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer
        subject = name(common_name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(period[0])
            .not_valid_after(period[1])
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length if ca else None), critical=True)
        )
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return pem(self.certificate)

    def write(self, path: Path) -> Path:
        """The certificate as a file."""
        path.write_text(self.pem, encoding="ascii")
        return path

    def issue(
        self,
        public_key: Any,
        common_name: str = "CP-1",
        organization: str | None = "Acme Charging",
        *,
        period: tuple[datetime, datetime] = (BEGINS, ENDS),
        hosts: Sequence[str] = (),
        usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH),
    ) -> x509.Certificate:
        """A certificate of an end entity."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(common_name, organization))
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(period[0])
            .not_valid_after(period[1])
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def sign(self, request: str, common_name: str | None = None, organization: str | None = None, **more: Any) -> str:
        """The chain for a signing request: the names in it unless others are given, this authority's own behind."""
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        common_name = common_name or _first(asked.subject, NameOID.COMMON_NAME)
        organization = organization or _first(asked.subject, NameOID.ORGANIZATION_NAME)
        leaf = self.issue(asked.public_key(), common_name, organization, **more)
        return pem(leaf) + (self.pem if self.issuer is not None else "")

    def pair(self, folder: Path, stem: str, common_name: str = "CP-1", **more: Any) -> tuple[Path, Path]:
        """Files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert_file, key_file = folder / f"{stem}.pem", folder / f"{stem}.key"
        leaf = self.issue(key.public_key(), common_name, **more)
        cert_file.write_text(pem(leaf) + (self.pem if self.issuer is not None else ""), encoding="ascii")
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return cert_file, key_file


def _first(subject: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return str(subject.get_attributes_for_oid(oid)[0].value)


def days(begins: float, ends: float, now: datetime) -> tuple[datetime, datetime]:
    """A period by days from ``now``."""
    return now + timedelta(days=begins), now + timedelta(days=ends)
