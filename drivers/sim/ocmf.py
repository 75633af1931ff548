"""Open Charge Metering Format: signed meter values of a simulated meter.

A document is ``OCMF|{payload}|{signature}``; the signature covers the payload's bytes as they stand. The key is made
from the meter's serial number, so that it is the same in every run: it proves nothing and is no secret.

Spec: OCMF 1.0 (SAFE); OCA "Signed Meter Values in OCPP" v1.0, 2.2.2 and 3.2.2.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from drivers.api import vendor

IDENTIFICATION_TYPES = frozenset(
    {"NONE", "DENIED", "UNDEFINED", "ISO14443", "ISO15693", "EMAID", "EVCCID", "EVCOID", "ISO7812", "CARD_TXN_NR"}
    | {"CENTRAL", "CENTRAL_1", "CENTRAL_2", "LOCAL", "LOCAL_1", "LOCAL_2", "PHONE_NUMBER", "KEY_CODE"}
)
MAX_IDENTIFICATION = 255
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

Moment = Literal["B", "C", "E", ""]
"""OCMF ``TX``: begin, during, end of a transaction; empty: none."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value in a document: when (aware UTC), which moment of the transaction, register in Wh."""

    at: datetime
    moment: Moment
    energy_wh: float


@dataclass(frozen=True, slots=True)
class Identification:
    """Whose energy it is: a token, and its kind in OCMF words (others become UNDEFINED)."""

    token: str = ""
    kind: str = "NONE"


def document(serial: str, page: str, who: Identification, points: Sequence[Point]) -> str:
    """A signed document.

    Args:
        serial: of the meter.
        page: ``T1``, ``T2``, ... within a transaction, ``F1``, ... without.
        who: the identification of the transaction.
        points: the values, oldest first.

    Raises: DriverMissing: the library ``cryptography`` is not installed.
    """
    payload = _json(_payload(serial, page, who, points))
    signature = _json({"SA": "ECDSA-secp256r1-SHA256", "SD": _sign(serial, payload.encode()).hex()})
    return f"OCMF|{payload}|{signature}"


@functools.lru_cache(maxsize=1024)
def public_key(serial: str) -> str:
    """The public key of a meter: ``oca:base16:asn1:<hex of the DER SubjectPublicKeyInfo>``."""
    serialization = vendor("cryptography.hazmat.primitives.serialization")
    der: bytes = (
        _private_key(serial)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return f"oca:base16:asn1:{der.hex()}"


def _payload(serial: str, page: str, who: Identification, points: Sequence[Point]) -> dict[str, Any]:
    kind = who.kind if who.kind in IDENTIFICATION_TYPES else "UNDEFINED"
    return {
        "FV": "1.0",
        "GI": "ocpp-station simulated meter",
        "GS": serial,
        "GV": "1.0",
        "PG": page,
        "MV": "ocpp-station",
        "MM": "SIM",
        "MS": serial,
        "MF": "1.0",
        "IS": bool(who.token),
        "IL": "HEARSAY" if who.token else "NONE",
        "IF": [],
        "IT": kind if who.token else "NONE",
        "ID": who.token[:MAX_IDENTIFICATION],
        "CT": "EVSEID",
        "CI": "",
        "RD": [_point(point) for point in points],
    }


def _point(point: Point) -> dict[str, Any]:
    stamp = point.at.strftime("%Y-%m-%dT%H:%M:%S,") + f"{point.at.microsecond // 1000:03d}" + point.at.strftime("%z")
    value: dict[str, Any] = {"TM": f"{stamp} I"}
    if point.moment:
        value["TX"] = point.moment
    energy_kwh = round(point.energy_wh / 1000, 4)
    return value | {"RV": energy_kwh, "RI": "1-b:1.8.0", "RU": "kWh", "RT": "AC", "EF": "", "ST": "G"}


def _json(value: dict[str, Any]) -> str:
    # The bar separates the sections of a document and must not stand in one.
    return json.dumps(value, separators=(",", ":")).replace("|", "\\u007c")


@functools.lru_cache(maxsize=1024)
def _private_key(serial: str) -> Any:
    ec = vendor("cryptography.hazmat.primitives.asymmetric.ec")
    digest = hashlib.sha512(b"ocpp-station simulated meter:" + serial.encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big") % (P256_ORDER - 1) + 1, ec.SECP256R1())


def _sign(serial: str, data: bytes) -> bytes:
    ec = vendor("cryptography.hazmat.primitives.asymmetric.ec")
    hashes = vendor("cryptography.hazmat.primitives.hashes")
    try:
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    except Exception:  # an older library, or an older OpenSSL below it: valid too, but another one in each run
        algorithm = ec.ECDSA(hashes.SHA256())
    signature: bytes = _private_key(serial).sign(data, algorithm)
    return signature
