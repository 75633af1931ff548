"""Where and how a station dials: URL, subprotocols, Basic Auth and TLS, as profile and variables have them now."""

from __future__ import annotations

import ssl

from station.config import Profile
from station.core.variables import Variables
from station.host import security_profile
from station.net import BasicAuth, DialFailed, Target
from station.net.errors import FailureKind
from station.net.tls import TlsSettings, TlsSettingsError, Verify, client_context


def dial_target(
    profile: Profile, variables: Variables, url: str, subprotocols: tuple[str, ...], open_timeout_s: float
) -> Target:
    """What the next attempt to connect takes.

    Args:
        profile: the station's.
        variables: security profile and password, which the CSMS may have changed.
        url: with the station's identity in it; its scheme follows the security profile.
        subprotocols: offered in this order.
        open_timeout_s: bound of the whole attempt.

    Raises:
        DialFailed: the TLS files of the profile cannot be used.

    Spec: OCPP 2.0.1 A00 (security profiles); Security WP ed.3 §2.
    """
    level = variables.integer(security_profile.LEVEL, profile.csms.security.profile)
    password = variables.text(security_profile.PASSWORD) if security_profile.has_password(level) else None
    address = security_profile.url_at(profile, level, url)
    return Target(
        url=address,
        subprotocols=subprotocols,
        basic_auth=BasicAuth(profile.station.id, password) if password else None,
        ssl_context=_tls(profile) if address.startswith("wss:") else None,
        open_timeout_s=open_timeout_s,
        compression=profile.csms.compression,
    )


def _tls(profile: Profile) -> ssl.SSLContext:
    security = profile.csms.security
    verify = Verify.FULL if security.check_host_name else Verify.CHAIN
    own = (security.ca,) if security.ca is not None else ()
    settings = TlsSettings(
        ca_files=(*own, *(path for path in profile.certificates.csms if path.exists())),
        cert_file=security.cert,
        key_file=security.key,
        verify=verify if security.check_chain else Verify.NOTHING,
    )
    try:
        return client_context(settings)
    except TlsSettingsError as problem:
        raise DialFailed(FailureKind.TLS, problem.message, problem.hint or "") from problem
