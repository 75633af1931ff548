"""CertificateHashDataType, in which all versions name a certificate, and the chains that a station lists.

Called by the dialects; what the words stand for is ``station.core.certificate_tasks``.

Spec: Security WP ed.3 §6.1; OCPP 2.0.1 part 2, 2.5, 2.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from station.core.certificate_tasks import CertificateHash, HashAlgorithm, Installed


def hash_data_in(wire: Mapping[str, Any]) -> CertificateHash:
    """The certificate that is meant. Only for what passed its schema."""
    return CertificateHash(
        HashAlgorithm(wire["hashAlgorithm"]), wire["issuerNameHash"], wire["issuerKeyHash"], wire["serialNumber"]
    )


def hash_data_out(name: CertificateHash) -> dict[str, str]:
    """CertificateHashDataType."""
    return {
        "hashAlgorithm": name.algorithm.value,
        "issuerNameHash": name.issuer_name,
        "issuerKeyHash": name.issuer_key,
        "serialNumber": name.serial,
    }


def chain_out(one: Installed, most_children: int | None = None) -> dict[str, Any]:
    """CertificateHashDataChainType: a certificate and its sub CAs, at most so many of them (None: all)."""
    wire: dict[str, Any] = {"certificateType": one.use.value, "certificateHashData": hash_data_out(one.name)}
    if one.children:
        wire["childCertificateHashData"] = [hash_data_out(child) for child in one.children[:most_children]]
    return wire
