"""Certificates that a fleet makes for its stations, for security profile 3: one each, signed by an authority given.

Made when a station is about to be, in memory and in a folder that only this user can read. The stations of a process
share one key: making thousands takes time, and no CSMS minds. Not the certificates that stations ask the CSMS for.
Called by ``population``; ``plan_tls`` checks the authority.

Spec: OCPP 2.0.1 A00.FR.507-511 (P-256, SHA-256, O the operator's name, CN the station's).
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from station.config import Profile
from station.config.profile import file_stem
from station.errors import StationError
from station.fleet.plan import Issuing

LIFE: Final = timedelta(days=365)
_MOST_COMMON_NAME: Final = 64
_KEY_FILE: Final = "fleet.key"
_ORGANIZATION: Final = frozenset({"CpoName", "SecurityCtrlr.OrganizationName"})
_OWN_HASH: Final = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)
SIGNERS: Final = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, *_OWN_HASH)
"""Keys that an authority may have."""


class Issuer:
    """See the module.

    Args:
        issuing: the authority.
    """

    def __init__(self, issuing: Issuing) -> None:
        self._issuing = issuing
        chain = x509.load_pem_x509_certificates(issuing.ca_pem.encode())
        self._authority = chain[0]
        # Roots are not shown (RFC 8446 §4.4.2).
        self._above = [one for one in chain if one.issuer != one.subject]
        loaded = serialization.load_pem_private_key(issuing.key_pem.reveal().encode(), None)
        assert isinstance(loaded, SIGNERS)
        self._signs_with: CertificateIssuerPrivateKeyTypes = loaded
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def files(self, station_id: str, organization: str = "") -> tuple[Path, Path]:
        """Certificate chain and key of a station, PEM.

        Args:
            station_id: CN.
            organization: O, where the plan says none; empty: the authority's.

        Raises:
            StationError: the folder cannot be written, or its key cannot be read.
        """
        try:
            key_file = self._key_file
            path = self._folder / f"{file_stem(station_id)}.pem"
            if not self._serves(path):
                made = self._sign(station_id, self._issuing.organization or organization)
                _write(path, b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (made, *self._above)))
        except OSError as error:
            said = f"{error.filename}: {error.strerror}: no certificate can be kept"
            raise StationError(said, "name another stations.certificates.folder") from error
        return path, key_file

    @cached_property
    def _folder(self) -> Path:
        folder = self._issuing.folder
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="ocpp-station-fleet-")
            return Path(self._temporary.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @cached_property
    def _key_file(self) -> Path:
        path = self._folder / _KEY_FILE
        if not path.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            _write_once(path, made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                 serialization.NoEncryption()))  # fmt: skip
        return path

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        try:
            key = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise StationError(f"{self._key_file} is no key of a fleet", f"rm {self._key_file}")
        return key

    def _serves(self, path: Path) -> bool:
        """Whether a certificate that is kept from an earlier run will do."""
        if self._issuing.folder is None:
            return False
        try:
            kept = x509.load_pem_x509_certificate(path.read_bytes())
            kept.verify_directly_issued_by(self._authority)
        except Exception:  # whatever is wrong with it, another one is made
            return False
        return kept.public_key() == self._key.public_key() and kept.not_valid_after_utc > datetime.now(UTC)

    def _sign(self, station_id: str, organization: str) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name(station_id, organization))
            .issuer_name(self._authority.subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(now - timedelta(days=1), self._authority.not_valid_before_utc))
            .not_valid_after(min(now + LIFE, self._authority.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_USAGE, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(self._issuer_key, critical=False)
        )
        own_hash = isinstance(self._signs_with, _OWN_HASH)
        return builder.sign(self._signs_with, None if own_hash else hashes.SHA256())

    @cached_property
    def _issuer_key(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority.public_key())  # type: ignore[arg-type]

    def _name(self, station_id: str, organization: str) -> x509.Name:
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, station_id[:_MOST_COMMON_NAME])]
        if organization:
            return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization), *attributes])
        return x509.Name([*self._authority.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME), *attributes])


_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def organization_of(profile: Profile) -> str:
    """The operator's name in a profile's variables (CpoName, SecurityCtrlr.OrganizationName); empty: none."""
    return next((one.value for one in profile.variables if one.address_text in _ORGANIZATION and one.value), "")


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: another process may be reading or writing the same."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def _write_once(path: Path, content: bytes) -> None:
    """Unless another process was quicker; then that one's counts."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink(missing_ok=True)
