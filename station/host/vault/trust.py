"""The roots that a station trusts: files of the profile, read where they lie, and what was installed.

Files of the profile are never written; a certificate in them that was deleted over OCPP is left out by its
fingerprint, which the core remembers.

Spec: Security WP ed.3 M03-M05; OCPP 2.0.1 M03-M05.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from cryptography import x509

from station.config import Profile
from station.core.certificate_tasks import ROOTS, CertificateUse
from station.host.vault.checks import roots_among
from station.host.vault.folder import Kept, VaultFolder
from station.host.vault.reading import fingerprint, in_file


def profile_files(profile: Profile, use: CertificateUse) -> tuple[Path, ...]:
    """The files in which the profile names roots of a use; they may be missing."""
    named = profile.certificates
    if use is CertificateUse.CSMS_ROOT:
        own = profile.csms.security.ca
        return (*((own,) if own is not None else ()), *named.csms)
    others = {
        CertificateUse.MANUFACTURER_ROOT: named.manufacturer,
        CertificateUse.V2G_ROOT: named.v2g,
        CertificateUse.MO_ROOT: named.mo,
    }
    return others.get(use, ())


class Trust:
    """The roots of one station at this moment.

    Args:
        profile: names files.
        folder: what was installed.
        deleted: fingerprints of certificates in files of the profile that count as deleted.
    """

    __slots__ = ("_deleted", "_folder", "_profile")

    def __init__(self, profile: Profile, folder: VaultFolder, deleted: Collection[str] = ()) -> None:
        self._profile = profile
        self._folder = folder
        self._deleted = deleted

    def roots(self, use: CertificateUse) -> list[Kept]:
        """The installed roots of a use, each once; what was installed counts before the profile's file."""
        found = {root.fingerprint: root for root in self.named(use)}
        found.update((root.fingerprint, root) for root in self._folder.roots(use))
        return list(found.values())

    def named(self, use: CertificateUse) -> Iterator[Kept]:
        """Those in files of the profile that do not count as deleted."""
        for file in profile_files(self._profile, use):
            for root in roots_among(in_file(file)):
                if not self._deleted or fingerprint(root) not in self._deleted:
                    yield Kept(use, root, root)

    def all(self, uses: Iterable[CertificateUse] = ROOTS) -> list[Kept]:
        """The installed roots of several uses."""
        return [root for use in uses if use in ROOTS for root in self.roots(use)]

    def certificates(self, use: CertificateUse) -> tuple[x509.Certificate, ...]:
        """The installed roots of a use, to verify something with."""
        return tuple(root.certificate for root in self.roots(use))
