"""Firmware signatures: whether a certificate may sign firmware, and whether a signature is that of a file.

Pure checks over ``cryptography``; where roots come from is the caller's business (``station.host.jobs.firmware``).

Spec: Security WP ed.3 §2.6, L01.FR.04, .12, .23-.25; OCPP 2.0.1 L01.FR.04, .12, .21, .22; RFC 5280 §6.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID

from station.host.vault.checks import chain_problem, lapse
from station.host.vault.reading import UNREADABLE, issued_by, strictly

_CRL: Final = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
_CHUNK: Final = 1 << 20
_SHA256: Final = hashes.SHA256()


def signer_problem(pem: str, roots: Iterable[x509.Certificate], now: datetime) -> str:
    """What keeps a certificate from signing firmware; empty: nothing.

    Its own root has to have signed it: a manufacturer uses no intermediate certificates (L01, remarks).

    Args:
        pem: the certificate.
        roots: the manufacturer's.
        now: UTC.
    """
    try:
        leaf = strictly(pem)[0]
    except (ValueError, IndexError):
        return "it is no certificate in PEM form"
    known = tuple(roots)
    if not known:
        return "no root certificate of the manufacturer is installed"
    return lapse(leaf, now) or _usage_problem(leaf) or chain_problem(leaf, (), known, now)


def _usage_problem(certificate: x509.Certificate) -> str:
    """Key usage restricts a key to what it is for (A00.FR.512); one without it may do everything."""
    found = certificate.extensions
    try:
        if not found.get_extension_for_class(x509.KeyUsage).value.digital_signature:
            return "its key may not sign files"
    except x509.ExtensionNotFound:
        pass
    try:
        purposes = set(found.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return ""
    signing = {ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    return "" if purposes & signing else "it is not for signing code"


def revoked(pem: str, roots: Iterable[x509.Certificate], files: Iterable[Path]) -> bool:
    """Whether a revocation list in ``files`` (PEM, beside the roots), signed by one of ``roots``, names a certificate.

    Online verification is the CSMS's (A00.FR.706); a list is what works without a way to the authority.
    """
    try:
        leaf = strictly(pem)[0]
    except (ValueError, IndexError):
        return False
    issuers = [root for root in roots if issued_by(leaf, root)]
    for file in files:
        try:
            blocks = _CRL.findall(file.read_bytes())
        except OSError:
            continue
        for block in blocks:
            try:
                crl = x509.load_pem_x509_crl(block)
                signed = any(crl.is_signature_valid(root.public_key()) for root in issuers)  # type: ignore[arg-type]
                if signed and crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None:
                    return True
            except UNREADABLE:
                continue
    return False


def signature_problem(file: Path, pem: str, signature: str) -> str:
    """What is wrong with the signature over a file; empty: nothing. Reads the whole file: call it in a thread.

    RSA signatures may be PSS, as the Whitepaper wants them, or PKCS #1 v1.5, as many manufacturers' tools make them
    (``openssl dgst -sha256 -sign``); ECDSA stands for the ECSchnorr that no library offers.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        key = strictly(pem)[0].public_key()
        signed = base64.b64decode("".join(signature.split()), validate=True)
    except (ValueError, IndexError, binascii.Error):
        return "certificate or signature cannot be read"
    if not signed:
        return "there is no signature"
    digest = _digest(file)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            return "" if _is_rsa(key, signed, digest) else "the signature is not that of the file"
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signed, digest, ec.ECDSA(Prehashed(_SHA256)))
            return ""
    except UNREADABLE:
        return "the signature is not that of the file"
    return "signatures of this kind are not known here"


def _is_rsa(key: rsa.RSAPublicKey, signed: bytes, digest: bytes) -> bool:
    pss = padding.PSS(padding.MGF1(_SHA256), padding.PSS.AUTO)
    for scheme in (pss, padding.PKCS1v15()):
        try:
            key.verify(signed, digest, scheme, Prehashed(_SHA256))
        except InvalidSignature:
            continue
        return True
    return False


def _digest(file: Path) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()
