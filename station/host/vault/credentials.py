"""What a connection to the CSMS is secured with: the roots that count and the certificate that is shown.

Whole files are handed to TLS where that is the same, so that stations of a fleet share their contexts.

Spec: Security WP ed.3 §2.5, A02.FR.09, M05.FR.11-13; OCPP 2.0.1 A00.FR.401-412, M05.FR.12-14.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from station.config import Profile
from station.core.certificate_tasks import CertificateUse
from station.host.vault.checks import lapse
from station.host.vault.folder import VaultFolder
from station.host.vault.own import in_order, own_certificates
from station.host.vault.reading import in_file, pem, self_signed
from station.host.vault.trust import Trust, profile_files
from station.net.tls import TlsSettings, Verify

_CSMS = CertificateUse.CSMS_ROOT


class Choices(Protocol):
    """What the core has decided about certificates (``station.core.certificates.Certificates``)."""

    @property
    def deleted(self) -> frozenset[str]:
        """Fingerprints that count as deleted in files of the profile."""
        ...

    @property
    def trial(self) -> str | None:
        """The fingerprint of a new certificate of the station's own that has not connected yet."""
        ...

    @property
    def avoided(self) -> str | None:
        """That fingerprint, where the CSMS has turned it away in the attempt before."""
        ...

    @property
    def lost(self) -> frozenset[str]:
        """Fingerprints of certificates of the station's own that lost against another one."""
        ...

    @property
    def passed_over(self) -> frozenset[str]:
        """Fingerprints of roots that the next attempt does without."""
        ...


def has_roots(profile: Profile, folder: VaultFolder, choices: Choices, now: datetime) -> bool:
    """Whether a root for the CSMS's certificate is installed and valid (A05.FR.03)."""
    return any(not lapse(root, now) for root in Trust(profile, folder, choices.deleted).certificates(_CSMS))


def has_own(profile: Profile, folder: VaultFolder, now: datetime) -> bool:
    """Whether a certificate of the station's own is there and valid (A05.FR.04)."""
    return any(not lapse(own.leaf, now) for own in own_certificates(profile, folder))


def tls_settings(profile: Profile, folder: VaultFolder, choices: Choices, level: int, now: datetime) -> TlsSettings:
    """What the next attempt to connect uses.

    Args:
        profile: names files and says what is checked.
        folder: what was installed and signed.
        choices: what the core has decided.
        level: the security profile; only 3 shows a certificate of the station.
        now: UTC.
    """
    security = profile.csms.security
    cert, key = _shown(profile, folder, choices, now) if level >= 3 else (None, None)
    verify = Verify.FULL if security.check_host_name else Verify.CHAIN
    return replace(
        _roots(profile, folder, choices),
        cert_file=cert,
        key_file=key,
        verify=verify if security.check_chain else Verify.NOTHING,
    )


def _roots(profile: Profile, folder: VaultFolder, choices: Choices) -> TlsSettings:
    """The roots that count.

    A station whose profile names none trusts those of the system, whatever is installed besides: the CSMS's certificate
    may be of one of them. One that has lost its own roots trusts nobody.
    """
    named = profile_files(profile, _CSMS)
    installed = list(folder.roots(_CSMS))
    crossed = any(not self_signed(root.certificate) for root in installed)
    if choices.deleted or choices.passed_over or crossed:
        roots = Trust(profile, folder, choices.deleted).roots(_CSMS)
        counted = [root.certificate for root in roots if root.fingerprint not in choices.passed_over]
        return TlsSettings(ca_pem="".join(map(pem, counted)), partial_chain=crossed, system_too=not named)
    usable = [file for file in named if any(map(self_signed, in_file(file)))]
    files = (*usable, *(root.file for root in installed if root.file is not None))
    if not files and profile.csms.security.ca is not None:
        files = (profile.csms.security.ca,)  # TLS says what is wrong with it.
    return TlsSettings(files, ca_pem="" if named and not files else None, system_too=not named)


def _shown(profile: Profile, folder: VaultFolder, choices: Choices, now: datetime) -> tuple[Path | None, Path | None]:
    """The files of the certificate to show and its key."""
    security = profile.csms.security
    if not any(folder.chains()):
        return security.cert, security.key
    order = in_order(own_certificates(profile, folder), now, choices.lost)
    order.sort(key=lambda own: own.fingerprint != choices.trial)
    chosen = [own for own in order if own.fingerprint != choices.avoided] or order
    return (chosen[0].cert_file, chosen[0].key_file) if chosen else (security.cert, security.key)
