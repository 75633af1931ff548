"""The vocabulary of certificates: what they are for, how they are named, and the work on them that is not the core's.

Values, events, the query, and the tasks with their reports. Keys, X.509 and files are the host's business
(``station.host.jobs.certificates``); what is to happen is decided by ``station.core.certificates``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from station.core.frozen import dataclass


class CertificateUse(StrEnum):
    """OCPP 2.0.1 GetCertificateIdUseEnumType."""

    CSMS_ROOT = "CSMSRootCertificate"
    MANUFACTURER_ROOT = "ManufacturerRootCertificate"
    V2G_ROOT = "V2GRootCertificate"
    MO_ROOT = "MORootCertificate"
    V2G_CHAIN = "V2GCertificateChain"


ROOTS = (
    CertificateUse.CSMS_ROOT,
    CertificateUse.MANUFACTURER_ROOT,
    CertificateUse.V2G_ROOT,
    CertificateUse.MO_ROOT,
)
"""The uses of root certificates, in the order in which they are listed."""


class HashAlgorithm(StrEnum):
    """OCPP 2.0.1 HashAlgorithmEnumType."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


@dataclass(frozen=True, slots=True)
class CertificateHash:
    """How messages name a certificate (OCPP 2.0.1 CertificateHashDataType; RFC 6960 §4.1.1): all in hexadecimal."""

    algorithm: HashAlgorithm
    issuer_name: str
    issuer_key: str
    serial: str

    def names(self, other: CertificateHash) -> bool:
        """Whether both name the same certificate; case does not count, nor do zeros before a serial number."""
        return (
            self.algorithm is other.algorithm
            and self.issuer_name.lower() == other.issuer_name.lower()
            and self.issuer_key.lower() == other.issuer_key.lower()
            and self.serial.lower().lstrip("0") == other.serial.lower().lstrip("0")
        )


# Events


@dataclass(frozen=True, slots=True)
class InstallCertificate:
    """The CSMS hands out a root certificate, PEM."""

    reply: int
    use: CertificateUse
    certificate: str


@dataclass(frozen=True, slots=True)
class DeleteCertificate:
    """The CSMS wants a certificate gone. ``uses``: those that it may be of; none: any."""

    reply: int
    name: CertificateHash
    uses: tuple[CertificateUse, ...] = ()


@dataclass(frozen=True, slots=True)
class ListCertificates:
    """The CSMS asks which certificates of these uses are installed; none: all."""

    reply: int
    uses: tuple[CertificateUse, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateSigned:
    """The CSMS hands out the certificate that was asked for: leaf first, PEM.

    ``early``: whether one that is not valid yet may be taken, for later (1.6), or not (2.x A02.FR.06).
    """

    reply: int
    chain: str
    early: bool = False


@dataclass(frozen=True, slots=True)
class TriggerSigning:
    """The CSMS wants the station to have its certificate renewed."""


@dataclass(frozen=True, slots=True)
class SigningAnswered:
    """The CSMS takes the signing request, or does not."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class DialRefused:
    """An attempt to connect reached the CSMS and failed there.

    ``server_certificate``: because of its certificate; otherwise it was the CSMS that turned us away.
    """

    server_certificate: bool


# The query


@dataclass(frozen=True, slots=True)
class SigningQuery:
    """SignCertificate: a request (PKCS #10, PEM) for the certificate towards the CSMS."""

    request: str


# Tasks and what is reported of them


@dataclass(frozen=True, slots=True)
class InstallRoot:
    """Check a root certificate and keep it.

    ``limit``: how many may be installed. ``successor``: it has to be signed by the one that it replaces
    (AdditionalRootCertificateCheck).
    """

    use: CertificateUse
    certificate: str
    limit: int
    successor: bool = False


@dataclass(frozen=True, slots=True)
class RootInstalled:
    """``status`` Accepted, Rejected or Failed; ``problem`` for people. ``replaces``: fingerprints of the old ones."""

    status: str
    problem: str = ""
    fingerprint: str = ""
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteInstalled:
    """Delete the certificate of this name, where it is of one of the uses; none: any."""

    name: CertificateHash
    uses: tuple[CertificateUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Deleted:
    """``status`` Accepted, Failed or NotFound. ``marks`` are fingerprints that lie in files of the profile: those are
    not touched and have to be remembered as deleted. ``roots`` are the fingerprints of all roots that are gone."""

    status: str
    problem: str = ""
    marks: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveRoots:
    """Remove roots of the CSMS that were replaced; answered with ``Deleted``."""

    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListInstalled:
    """Name all certificates of these uses."""

    uses: tuple[CertificateUse, ...]


@dataclass(frozen=True, slots=True)
class Installed:
    """A certificate that is installed; ``children`` are the others of its chain."""

    use: CertificateUse
    name: CertificateHash
    children: tuple[CertificateHash, ...] = ()


@dataclass(frozen=True, slots=True)
class MakeRequest:
    """Make a key pair and a signing request; ``organization`` goes into its subject. Answered with the request, PEM."""

    organization: str


@dataclass(frozen=True, slots=True)
class TakeSigned:
    """Check a certificate that was signed and keep it. See ``CertificateSigned``."""

    chain: str
    organization: str
    early: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """``fingerprint`` of what was kept; empty with a ``problem``. ``begins`` where it is not valid yet."""

    problem: str = ""
    fingerprint: str = ""
    begins: datetime | None = None


@dataclass(frozen=True, slots=True)
class DropOwn:
    """Remove certificates of the station's own: this one, or all but this one; answered with ``OwnDropped``."""

    fingerprint: str
    others: bool = False


@dataclass(frozen=True, slots=True)
class OwnDropped:
    """``left`` are the fingerprints of those that are still there: files of the profile are not ours to remove."""

    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InspectOwn:
    """Look at the station's own certificates; answered with ``OwnState``. ``lost`` are used where there is no other."""

    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OwnState:
    """When the certificate in use ends, and when a newer one that is kept begins; None without one."""

    ends: datetime | None = None
    begins: datetime | None = None
    next_fingerprint: str = ""
