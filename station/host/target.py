"""Where and how a station dials: URL, subprotocols, Basic Auth and TLS, as profile and variables have them now."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from station.config import Profile
from station.host import security_profile
from station.host.credentials import Credentials
from station.net import BasicAuth, DialFailed, Target
from station.net.errors import FailureKind
from station.net.tls import TlsSettingsError, client_context


def dial_target(
    profile: Profile,
    credentials: Callable[[], Credentials],
    level: int,
    url: str,
    subprotocols: tuple[str, ...],
    open_timeout_s: float,
    password: str | bytes | None,
) -> Target:
    """What the next attempt to connect takes.

    Args:
        profile: the station's.
        credentials: the station's; asked where there is TLS.
        level: the security profile.
        url: with the station's identity in it; its scheme follows the security profile.
        subprotocols: offered in this order.
        open_timeout_s: bound of the whole attempt.
        password: of Basic Auth, where the security profile has any.

    Raises:
        DialFailed: the TLS files cannot be used.

    Spec: OCPP 2.0.1 A00 (security profiles); Security WP ed.3 §2.
    """
    address = security_profile.url_at(profile, level, url)
    return Target(
        url=address,
        subprotocols=subprotocols,
        basic_auth=BasicAuth(profile.station.id, password) if password else None,
        ssl_context=_tls(credentials(), level) if address.startswith("wss:") else None,
        open_timeout_s=open_timeout_s,
        compression=profile.csms.compression,
    )


def _tls(credentials: Credentials, level: int) -> ssl.SSLContext:
    try:
        return client_context(credentials.tls_settings(level))
    except TlsSettingsError as problem:
        raise DialFailed(FailureKind.TLS, problem.message, problem.hint or "") from problem
