"""Key pairs of the station and requests to sign them. The key never leaves the folder, nor a log.

Spec: Security WP ed.3 A02.FR.02-05, A02.FR.13; OCPP 2.0.1 A02.FR.02-05; RFC 2986.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from station.errors import StationError
from station.host.vault.folder import VaultFolder
from station.host.vault.reading import UNREADABLE, public_bits

_LONGEST_NAME: Final = 64
"""ub-common-name and ub-organization-name of RFC 5280."""


def make_request(folder: VaultFolder, common_name: str, organization: str, country: str = "") -> str:
    """Make an ECDSA key on P-256, keep it, and answer a signing request for it (PKCS #10, PEM).

    What is empty is left out of the subject.

    Raises:
        OSError: the key cannot be kept.
        StationError: a name is too long for a certificate.
        ValueError: the names cannot stand in a certificate.
    """
    if max(len(common_name), len(organization)) > _LONGEST_NAME:
        raise StationError(f"a name in a certificate has at most {_LONGEST_NAME} characters")
    parts = (
        (NameOID.COUNTRY_NAME, country),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.COMMON_NAME, common_name),
    )
    subject = x509.Name([x509.NameAttribute(kind, text) for kind, text in parts if text])
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    folder.keep_key(
        hashlib.sha256(public).hexdigest()[:32],
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    return request.public_bytes(Encoding.PEM).decode("ascii")


def key_of(folder: VaultFolder, leaf: x509.Certificate) -> Path | None:
    """The file of the key that a certificate is for; None where it is for no key of the folder."""
    return next((file for file in folder.key_files() if public_of(file) == public_bits(leaf)), None)


def public_of(key_file: Path) -> bytes | None:
    """The public key of a key file; None where it cannot be read."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (OSError, *UNREADABLE):
        return None
