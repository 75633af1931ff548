"""Whether the TLS files of a profile can be used, before anything is dialled: what is wrong, and how to mend it.

A dial would say the same, again and again. Called by the verbs `check` and `run`; the CSMS's wishes for a higher
security profile are judged by ``security_profile``.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from station.config import Profile
from station.host.security_profile import CLIENT_CERTIFICATE
from station.host.state_folder import StateFolder
from station.net.tls import TlsSettings, TlsSettingsError, client_context

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something about a file. ``key`` is the member of ``csms.security`` that names it."""

    key: str
    message: str
    hint: str


def unusable(profile: Profile) -> Iterator[FileProblem]:
    """What keeps the station from its first connection. What waits for a higher security profile is not looked at."""
    csms, security = profile.csms, profile.csms.security
    url = profile.station_url or ""
    if csms.mode in ("none", "embedded") or not url.startswith("wss:"):
        return
    if security.ca is not None and security.check_chain:
        yield from _tried("ca", TlsSettings((security.ca,)))
    if security.profile >= CLIENT_CERTIFICATE and not _signed(profile):
        for key, file in (("cert", security.cert), ("key", security.key)):
            if file is None:
                yield FileProblem(key, f"security profile {security.profile} needs it", "name a PEM file")
        if security.cert is not None and security.key is not None:
            missing = not security.cert.is_file()
            yield from _tried("cert" if missing else "key", TlsSettings((), security.cert, security.key))


def _tried(key: str, settings: TlsSettings) -> Iterator[FileProblem]:
    try:
        client_context(settings)
    except TlsSettingsError as problem:
        yield FileProblem(key, problem.message, problem.hint or "")


def _signed(profile: Profile) -> bool:
    """Whether a certificate that the CSMS has signed is kept: then the profile's may be gone."""
    if profile.state is None or not profile.state.is_dir():
        return False
    from station.host.vault.folder import VaultFolder

    return any(True for _ in VaultFolder(StateFolder(profile.state)).chains())


def exposed(profile: Profile) -> Iterator[FileProblem]:
    """Private keys that more than their owner can read."""
    file = profile.csms.security.key
    if file is not None and _open_to_others(file):
        yield FileProblem("key", f"others can read {file}", f"chmod 600 {file}")


def doubtful(profile: Profile) -> Iterator[FileProblem]:
    """What can be read and is of no use as it is. Only a warning: what the CSMS installed may stand in for it."""
    security = profile.csms.security
    if not (profile.station_url or "").startswith("wss:"):
        return
    from station.host.vault.checks import lapse
    from station.host.vault.reading import in_file, self_signed

    if security.ca is not None and security.check_chain and not any(map(self_signed, in_file(security.ca))):
        yield FileProblem("ca", f"{security.ca} holds no root", "name a PEM file with a self-signed certificate")
    if security.cert is not None and security.profile >= CLIENT_CERTIFICATE:
        problem = next((lapse(leaf, datetime.now(UTC)) for leaf in in_file(security.cert)), "")
        if problem:
            yield FileProblem("cert", f"{security.cert}: {problem}", "have a new one signed; check this device's clock")


def _open_to_others(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & _OTHERS)
    except OSError:
        return False
