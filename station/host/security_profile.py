"""The security profile towards the CSMS: what a higher one needs, and how the address follows.

Not the dialling itself (``link``) nor TLS (``station.net.tls``). Called by the runner.

Spec: Security WP ed.3 A05; OCPP 2.0.1 A05.
"""

from __future__ import annotations

from typing import Final

from station.config import Profile
from station.core.device_model import Address
from station.core.variables import Hand, Refusal, Variables
from station.host.credentials import Credentials
from station.host.settings import PASSWORD_LENGTH
from station.net.tls import TlsSettingsError, client_context

LEVEL: Final = Address.parse("SecurityCtrlr.SecurityProfile")[0]
PASSWORD: Final = Address.parse("SecurityCtrlr.BasicAuthPassword")[0]


CLIENT_CERTIFICATE: Final = 3
"""The security profile in which the station shows a certificate, and the only one (A00.FR.001)."""


def has_password(level: int) -> bool:
    """Whether the upgrade request carries Basic authentication (A00.FR.202, A00.FR.302)."""
    return level in (1, 2)


def url_at(profile: Profile, level: int, url: str) -> str:
    """The address for a security profile: where the CSMS changed it, the scheme follows; host, port and path stay."""
    if level == profile.csms.security.profile:
        return url
    scheme, separator, rest = url.partition("://")
    return f"{'wss' if level >= 2 else 'ws'}{separator}{rest}" if scheme in ("ws", "wss") else url


def missing(credentials: Credentials, level: int, password: str | None) -> str:
    """What a security profile needs and is not there; empty where nothing is missing.

    Spec: Security WP ed.3 A05.FR.02-04 (a password of 16 bytes, a valid root, a valid certificate of the station).
    """
    if has_password(level) and len((password or "").encode()) < PASSWORD_LENGTH:
        return f"a password of at least {PASSWORD_LENGTH} characters" if password else "a password"
    if level < 2:
        return ""
    if credentials.profile.csms.security.check_chain and not credentials.has_roots():
        return "a valid root certificate of the CSMS"
    if level >= CLIENT_CERTIFICATE:
        if not credentials.has_own():
            return "a valid certificate of the station"
        try:
            client_context(credentials.tls_settings(level))
        except TlsSettingsError as problem:
            return f"a usable certificate of the station ({problem.message})"
    return ""


def refusal(credentials: Credentials, variables: Variables, text: str, hand: Hand) -> Refusal | None:
    """Why a security profile cannot be set whose needs are not met. The manufacturer's hand is free: the way back."""
    if hand == "manufacturer" or not text.isdecimal():
        return None
    lack = missing(credentials, int(text), variables.text(PASSWORD))
    return Refusal("InvalidValue", f"{lack} is missing") if lack else None
