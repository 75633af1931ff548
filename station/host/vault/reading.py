"""Certificates from PEM texts and files. Damaged ones are left out; nothing here judges what a certificate is worth."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_BLOCK: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_CACHED_FILES: Final = 256

UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    InvalidSignature,
    x509.InvalidVersion,
    x509.DuplicateExtension,
)
"""What ``cryptography`` raises over certificates that are none."""


def certificates(data: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM text, in its order; those that cannot be read are left out."""
    found = []
    for block in _BLOCK.findall(data):
        certificate = _parsed(block)
        if certificate is not None:
            found.append(certificate)
    return tuple(found)


def strictly(text: str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM text that has to be whole.

    Raises:
        ValueError: there is none, one cannot be read, or there is something else between them.
    """
    data = text.encode("ascii", "replace")
    found = certificates(data)
    if not found or len(found) != len(_BLOCK.findall(data)) or _BLOCK.sub(b"", data).strip():
        raise ValueError("no certificates in PEM form")
    return found


def _parsed(block: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_pem_x509_certificate(block)
        # Parsing is lazy: what is broken inside shows only when it is read.
        certificate.public_key()
        _ = certificate.extensions, certificate.subject, certificate.issuer, certificate.serial_number
    except UNREADABLE:
        return None
    return certificate


def in_file(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a file as it is now; none where it is gone or cannot be read."""
    try:
        state = path.stat()
        return _in_file(path, state.st_ino, state.st_size, state.st_mtime_ns)
    except OSError:
        return ()


@lru_cache(maxsize=_CACHED_FILES)
def _in_file(path: Path, _inode: int, _size: int, _changed_ns: int) -> tuple[x509.Certificate, ...]:
    return certificates(path.read_bytes())


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the certificate, hexadecimal: its name within this program."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def public_bits(certificate: x509.Certificate) -> bytes:
    """The public key, to compare it with others."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` signed it: by name and by signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except UNREADABLE:
        return False
    return True


@lru_cache(maxsize=_CACHED_FILES)
def self_signed(certificate: x509.Certificate) -> bool:
    """Whether it is signed with its own key: only such a one is a root. Looking costs 0.1 ms, and every dial looks."""
    return certificate.subject == certificate.issuer and issued_by(certificate, certificate)
