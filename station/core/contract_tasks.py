"""The vocabulary of Plug & Charge: the contract that a vehicle shows instead of a card, and the work on it.

Values, the task and its report. Keys and X.509 are the host's business (``station.host.vault.v2g_work``); what follows
is decided by ``station.core.contracts``.
"""

from __future__ import annotations

from typing import Final

from station.core.certificate_tasks import CertificateHash
from station.core.frozen import dataclass

EMAID: Final = "eMAID"
"""The type of a token that is the contract of a vehicle (OCPP 2.0.1 IdTokenEnumType; ISO 15118-2)."""


@dataclass(frozen=True, slots=True)
class OcspName:
    """What somebody else needs to ask for a certificate's status (OCPP 2.0.1 OCSPRequestDataType)."""

    name: CertificateHash
    responder: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What a vehicle shows besides its eMAID.

    ``certificate`` is the contract certificate with the authorities above it (PEM, leaf first); empty where whoever
    talks to the vehicle has handed out none. ``names`` are those of its chain, for OCSP.
    """

    certificate: str = ""
    names: tuple[OcspName, ...] = ()


@dataclass(frozen=True, slots=True)
class ExamineContract:
    """Check the certificate of a contract against the roots that are installed; answered with ``Examined``."""

    emaid: str
    certificate: str


@dataclass(frozen=True, slots=True)
class Examined:
    """``problem`` is what is wrong, as a code; empty where nothing is.

    ``rooted``: whether a root of it is installed. Without one the station cannot say whether it is genuine.
    """

    problem: str = ""
    rooted: bool = True
    names: tuple[OcspName, ...] = ()
