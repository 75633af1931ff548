"""What the connections of one station are secured with, and how many certificates are installed.

A thin front of ``station.host.vault``, which is imported when it is first needed: ``cryptography`` takes time and
memory that a station without TLS never needs. Called by ``target``, ``security_profile`` and ``computed``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from station.config import Profile
from station.core.certificates import Certificates
from station.host.state_folder import StateFolder
from station.net.tls import TlsSettings


class Credentials:
    """See the module.

    Args:
        profile: names files.
        state: where installed and signed certificates lie.
        choices: what the core of this moment's boot has decided about certificates.
        utc: the time.
    """

    __slots__ = ("_choices", "_state", "_utc", "profile")

    def __init__(
        self,
        profile: Profile,
        state: StateFolder,
        choices: Callable[[], Certificates],
        utc: Callable[[], datetime],
    ) -> None:
        self.profile = profile
        self._state = state
        self._choices = choices
        self._utc = utc

    def tls_settings(self, level: int) -> TlsSettings:
        """What the next attempt to connect under security profile ``level`` uses."""
        from station.host.vault import credentials
        from station.host.vault.folder import VaultFolder

        folder = VaultFolder(self._state)
        return credentials.tls_settings(self.profile, folder, self._choices(), level, self._utc())

    def has_roots(self) -> bool:
        """Whether a valid root for the CSMS's certificate is installed (Security WP ed.3 A05.FR.03)."""
        from station.host.vault import credentials
        from station.host.vault.folder import VaultFolder

        return credentials.has_roots(self.profile, VaultFolder(self._state), self._choices(), self._utc())

    def has_own(self) -> bool:
        """Whether a valid certificate of the station is there, with its key (Security WP ed.3 A05.FR.04)."""
        from station.host.vault import credentials
        from station.host.vault.folder import VaultFolder

        return credentials.has_own(self.profile, VaultFolder(self._state), self._utc())

    def entries(self) -> int:
        """How many certificates are installed (SecurityCtrlr.CertificateEntries)."""
        named = self.profile.certificates
        files = (*named.csms, *named.manufacturer, *named.v2g, *named.mo)
        if self._state.made is None and not files and self.profile.csms.security.ca is None:
            return 0
        from station.host.vault.folder import VaultFolder
        from station.host.vault.trust import Trust

        return len(Trust(self.profile, VaultFolder(self._state), self._choices().deleted).all())
