"""What a certificate has to be: its strength, a CA, a chain to a root, the station's own.

Every function answers what is wrong in a few words for people, or an empty text. Not the TLS handshake, which OpenSSL
checks.

Spec: Security WP ed.3 A00.FR.501-512, A02.FR.06; OCPP 2.0.1 A00.FR.501-512, A02.FR.06; RFC 5280 §6.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from station.host.vault.reading import UNREADABLE, issued_by, self_signed

_RSA_BITS: Final = 2048
_EC_BITS: Final = 224
_DEEPEST: Final = 8
_BROKEN: Final = (hashes.MD5, hashes.SHA1)


def weakness(certificate: x509.Certificate) -> str:
    """Keys below 112 bits of security and broken hash algorithms (A00.FR.501-504)."""
    key = certificate.public_key()
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        if key.key_size < _RSA_BITS:
            return f"its key has {key.key_size} bits, less than {_RSA_BITS}"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.key_size < _EC_BITS:
            return f"its key has {key.key_size} bits, less than {_EC_BITS}"
    elif not isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        return "its key is of an unknown kind"
    try:
        signed_with = certificate.signature_hash_algorithm
    except UNREADABLE:
        return "its signature is of an unknown kind"
    return "it is signed with a broken hash algorithm" if isinstance(signed_with, _BROKEN) else ""


def lapse(certificate: x509.Certificate, now: datetime) -> str:
    """Whether this moment is outside its period."""
    if now > certificate.not_valid_after_utc:
        return "it has expired"
    return "it is not valid yet" if now < certificate.not_valid_before_utc else ""


def authority_problem(certificate: x509.Certificate) -> str:
    """What keeps it from signing others (RFC 5280 §4.2.1.3, §4.2.1.9)."""
    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return "it is no certificate of an authority"
    except x509.ExtensionNotFound:
        return "it is no certificate of an authority"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if usage.key_cert_sign else "it may not sign certificates"


def root_problem(certificate: x509.Certificate, now: datetime) -> str:
    """What keeps it from being installed as a root; one that is not valid yet may be, for the time to come."""
    if now > certificate.not_valid_after_utc:
        return "it has expired"
    return authority_problem(certificate) or weakness(certificate)


def chain_problem(
    leaf: x509.Certificate,
    others: Iterable[x509.Certificate],
    roots: Iterable[x509.Certificate],
    now: datetime,
) -> str:
    """What keeps a certificate from being trusted: it has to lead, over ``others`` in any order, to one of ``roots``.

    The period of ``leaf`` itself is the caller's business; that of all above it is checked.
    """
    between, anchors = tuple(others), tuple(roots)
    current, depth = leaf, 0
    while True:
        problem = weakness(current)
        if problem:
            return problem
        if current is not leaf and current in anchors:
            return ""
        anchor = next((root for root in anchors if issued_by(current, root)), None)
        if anchor is not None:
            return _above(anchor, depth, now)
        issuer = next((one for one in between if one != current and issued_by(current, one)), None)
        if issuer is None or depth >= _DEEPEST:
            return "it does not lead to a root that is installed"
        problem = _above(issuer, depth, now)
        if problem:
            return problem
        current, depth = issuer, depth + 1


def _above(authority: x509.Certificate, below: int, now: datetime) -> str:
    """What is wrong with the authority that signed the certificate with ``below`` authorities under it."""
    problem = authority_problem(authority) or lapse(authority, now) or weakness(authority)
    if problem:
        return f"of an authority above it: {problem}"
    length = authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return "the chain is longer than an authority allows" if length is not None and below > length else ""


def owner_problem(certificate: x509.Certificate, identities: Iterable[str], organization: str) -> str:
    """Whether it is this station's, and of this operator (A00.FR.509, A00.FR.511)."""
    names = {str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    if not names & set(identities):
        return "its common name is not this station's"
    owners = {str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}
    if organization and organization not in owners:
        return "its organization is not the operator's"
    return ""


def usage_problem(certificate: x509.Certificate) -> str:
    """Whether a TLS client may use it (A00.FR.402, A00.FR.512)."""
    try:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if not {x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH, x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(
            extended
        ):
            return "it is not for TLS clients"
    except x509.ExtensionNotFound:
        pass
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if usage.digital_signature else "its key may not sign"


def roots_among(found: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Those that are roots: self-signed."""
    return tuple(one for one in found if self_signed(one))
