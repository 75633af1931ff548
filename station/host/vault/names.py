"""Hash data: how messages name certificates.

``cryptography`` computes it for OCSP requests, to which the specification refers.

Spec: Security WP ed.3 §6.1; OCPP 2.0.1 CertificateHashDataType; RFC 6960 §4.1.1.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from station.core.certificate_tasks import CertificateHash, HashAlgorithm

_ALGORITHMS: Final[dict[HashAlgorithm, hashes.HashAlgorithm]] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}


def name_of(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> CertificateHash:
    """The hash data of a certificate; a root is its own issuer.

    ``issuer_name`` is over the DER of the issuer's name, ``issuer_key`` over the issuer's public key without tag and
    length, ``serial`` without leading zeros.
    """
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, _ALGORITHMS[algorithm]).build()
    return CertificateHash(
        algorithm, asked.issuer_name_hash.hex(), asked.issuer_key_hash.hex(), f"{asked.serial_number:x}"
    )
