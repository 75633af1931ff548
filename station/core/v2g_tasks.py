"""The vocabulary of the V2G certificate, which the station shows to vehicles: events, the query, tasks and a report.

Called by ``station.core.v2g_certificate``; the tasks are carried out by ``station.host.vault.v2g_work``. Certificates
towards the CSMS and roots are ``certificate_tasks``, whose ``Taken`` and ``OwnState`` are reported here too.
"""

from __future__ import annotations

from station.core.frozen import dataclass

# Events


@dataclass(frozen=True, slots=True)
class TriggerV2gSigning:
    """The CSMS wants the station to have its V2G certificate renewed."""


@dataclass(frozen=True, slots=True)
class V2gSigned:
    """The CSMS hands out the V2G certificate that was asked for: leaf first, PEM."""

    reply: int
    chain: str


@dataclass(frozen=True, slots=True)
class V2gSigningAnswered:
    """The CSMS takes the signing request, or does not."""

    accepted: bool


# The query


@dataclass(frozen=True, slots=True)
class V2gSigningQuery:
    """SignCertificate for the V2G certificate: a request (PKCS #10, PEM)."""

    request: str


# Tasks


@dataclass(frozen=True, slots=True)
class MakeV2gRequest:
    """Make a key pair and a signing request; answered with the request, PEM.

    ``name`` becomes its common name (empty: the station's serial number or identity); empty parts are left out.
    """

    name: str
    organization: str
    country: str


@dataclass(frozen=True, slots=True)
class TakeV2gSigned:
    """Check a certificate that was signed and keep it; answered with ``Taken``."""

    chain: str


@dataclass(frozen=True, slots=True)
class DropV2g:
    """Remove the V2G certificate of this fingerprint, with its key."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class InspectV2g:
    """Look at the V2G certificates; answered with ``OwnState``, of which only ``ends`` is told."""
