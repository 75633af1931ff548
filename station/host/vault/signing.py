"""Key pairs of the station and requests to sign them. The key never leaves the folder, nor a log.

Spec: Security WP ed.3 A02.FR.02-05, A02.FR.13; OCPP 2.0.1 A02.FR.02-05; RFC 2986.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

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

from station.host.vault.folder import VaultFolder
from station.host.vault.reading import UNREADABLE


def make_request(folder: VaultFolder, common_name: str, organization: str) -> str:
    """Make an ECDSA key on P-256, keep it, and answer a signing request for it (PKCS #10, PEM).

    Raises:
        OSError: the key cannot be kept.
        ValueError: the names cannot stand in a certificate.
    """
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    return request_for(folder, subject)


def request_for(folder: VaultFolder, subject: x509.Name) -> str:
    """As ``make_request``, for any subject.

    Raises:
        OSError: the key cannot be kept.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    folder.keep_key(
        hashlib.sha256(public).hexdigest()[:32],
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    return request.public_bytes(Encoding.PEM).decode("ascii")


def public_of(key_file: Path) -> bytes | None:
    """The public key of a key file; None where it cannot be read."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (OSError, *UNREADABLE):
        return None
