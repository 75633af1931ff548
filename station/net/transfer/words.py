"""Failed transfers in words: one line of what happened, the next thing to try, and whether trying again can help.

``shown`` is always a URL without its secrets (``Location.shown``).
"""

from __future__ import annotations

import ssl

from station.net import explain
from station.net.errors import TlsEvent
from station.net.tls import TlsSettingsError, classify
from station.net.transfer.api import TransferCause, TransferFailed

_TRANSIENT = (408, 425, 429)
_CAUSES = {
    400: TransferCause.GARBLED,
    401: TransferCause.DENIED,
    403: TransferCause.DENIED,
    405: TransferCause.UNSUPPORTED,
    407: TransferCause.DENIED,
    501: TransferCause.UNSUPPORTED,
}
_NOT_YET_VALID = 9
"""X509_V_ERR_CERT_NOT_YET_VALID: a device that has just booted may not know the time."""

_HTTP: dict[int, tuple[str, str | None]] = {
    401: ("The server wants a login, or does not accept this one", "https://user:password@host/…"),
    403: ("The server does not allow it", "check the permissions, and whether a signed URL has expired"),
    404: ("The server has no such file or folder", "check the path"),
    405: ("The server takes no PUT here", "uploads are one PUT"),
    407: ("A proxy wants a login", "reach the server without a proxy"),
    411: ("The server does not like the request", None),
    413: ("The file is too long for the server", "raise the server's limit for uploads"),
    416: ("The server does not continue the file", None),
    507: ("The server's disk is full", None),
}


def http_status(shown: str, status: int, location: str | None) -> TransferFailed:
    """The server's answer is no success. Redirects are told, never followed."""
    hint: str | None
    if 300 <= status < 400:
        target = f" to {explain.plain_url(location)}" if location else ""
        return TransferFailed(
            f"{shown}: HTTP {status}. The server redirects{target}; redirects are not followed.",
            "name the final URL",
            lasting=True,
        )
    if status >= 500:
        text, hint = _HTTP.get(status, ("The server or a proxy before it has a problem", "look into the server's log"))
    else:
        text, hint = _HTTP.get(status, ("The server refuses the request", None))
    lasting = 400 <= status < 500 and status not in _TRANSIENT
    cause = _CAUSES.get(status, TransferCause.OTHER)
    return TransferFailed(f"{shown}: HTTP {status}. {text}.", hint, lasting=lasting, cause=cause)


def wrong_login(shown: str) -> TransferFailed:
    """User and password are refused."""
    message = f"{shown}: The server does not accept this login."
    return TransferFailed(message, "check user and password", lasting=True, cause=TransferCause.DENIED)


def no_file(
    shown: str, said: str, *, lasting: bool = True, cause: TransferCause = TransferCause.OTHER
) -> TransferFailed:
    """The server has no such file, or does not give or take it; ``said`` are its own words."""
    message = f"{shown}: The server does not hand the file over: {explain.shown_text(said)}."
    return TransferFailed(message, "check path and permissions", lasting=lasting, cause=cause)


def not_taken(
    shown: str, said: str, *, lasting: bool = True, cause: TransferCause = TransferCause.OTHER
) -> TransferFailed:
    """The server does not store the file; ``said`` are its own words."""
    message = f"{shown}: The server does not take the file: {explain.shown_text(said)}."
    return TransferFailed(message, "check path and permissions", lasting=lasting, cause=cause)


def silent(shown: str, idle_s: float) -> TransferFailed:
    """Nothing moved for too long."""
    hint = "check host and port, and whether a firewall swallows the packets"
    return TransferFailed(f"{shown}: Nothing came or went for {idle_s:g} s.", hint)


def too_long(shown: str, longest_s: float) -> TransferFailed:
    """An attempt's time is over."""
    return TransferFailed(f"{shown}: Not done within {longest_s:g} s.", "check the speed of the connection")


def network(shown: str, error: OSError) -> TransferFailed:
    """The server cannot be reached, or the connection went."""
    if isinstance(error, (ssl.SSLError, ssl.CertificateError)):
        return tls(shown, error)
    if isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return broke_off(shown)
    failure = explain.not_connected(shown, error)
    return TransferFailed(failure.message, _for_any_server(failure.hint))


def tls(shown: str, error: Exception) -> TransferFailed:
    """No TLS with this server; nothing of ours was sent."""
    failure = classify(error)
    early = isinstance(error, ssl.SSLCertVerificationError) and error.verify_code == _NOT_YET_VALID
    certificate = failure.event is TlsEvent.INVALID_CERTIFICATE
    known = certificate or failure.event in (TlsEvent.INVALID_VERSION, TlsEvent.INVALID_CIPHER_SUITE)
    message = f"{shown}: TLS: {_for_any_server(failure.sentence)}."
    hint = _for_any_server(failure.hint) if known else "check scheme and port"
    return TransferFailed(message, hint, lasting=certificate and not early)


def own_roots(problem: TlsSettingsError) -> TransferFailed:
    """The file of roots cannot be used. Its path is the profile's, and stays there."""
    return TransferFailed("The roots of csms.security.ca cannot be read.", problem.hint, lasting=True)


def broke_off(shown: str) -> TransferFailed:
    """The connection went."""
    return TransferFailed(f"{shown}: The server closed the connection.", "look into the server's log")


def garbled(shown: str) -> TransferFailed:
    """The server speaks, but not the protocol of the URL."""
    message = f"{shown}: The server's answer cannot be understood."
    return TransferFailed(message, "check scheme and port", cause=TransferCause.GARBLED)


def _for_any_server(text: str | None) -> str:
    # The words for failed dials speak of the one server that a station otherwise knows.
    return (text or "check the server").replace("the CSMS", "the server")
