"""The security profile towards the CSMS: what a higher one needs, and how the address follows.

Not the dialling itself (``link``) nor TLS (``station.net.tls``). Called by the runner.

Spec: Security WP ed.3 A05; OCPP 2.0.1 A05.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from station.config import Profile
from station.core.device_model import Address
from station.core.variables import Hand, Refusal, Variables

LEVEL: Final = Address.parse("SecurityCtrlr.SecurityProfile")[0]
PASSWORD: Final = Address.parse("SecurityCtrlr.BasicAuthPassword")[0]


def has_password(level: int) -> bool:
    """Whether the upgrade request carries Basic authentication (A00.FR.202, A00.FR.302)."""
    return level in (1, 2)


def url_at(profile: Profile, level: int, url: str) -> str:
    """The address for a security profile: where the CSMS changed it, the scheme follows; host, port and path stay."""
    if level == profile.csms.security.profile:
        return url
    scheme, separator, rest = url.partition("://")
    return f"{'wss' if level >= 2 else 'ws'}{separator}{rest}" if scheme in ("ws", "wss") else url


def missing(profile: Profile, level: int, password: str | None) -> str:
    """What a security profile needs and is not there; empty where nothing is missing (A05.FR.02-04)."""
    security = profile.csms.security
    if has_password(level) and not password:
        return "a password"
    roots = security.ca is not None or any(path.exists() for path in profile.certificates.csms)
    if level >= 2 and security.check_chain and not roots:
        return "a root certificate of the CSMS"
    if level >= 3 and (security.cert is None or security.key is None):
        return "a certificate of the station"
    return ""


def guard(profile: Profile, variables: Variables) -> Callable[[str, Hand], Refusal | None]:
    """Refuses a security profile whose needs are not met. The manufacturer's hand is free, as for the way back."""

    def check(text: str, hand: Hand) -> Refusal | None:
        if hand == "manufacturer" or not text.isdecimal():
            return None
        lack = missing(profile, int(text), variables.text(PASSWORD))
        return Refusal("InvalidValue", f"{lack} is missing") if lack else None

    return check
