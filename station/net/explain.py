"""Failed dials in words: one line of what happened, and the next thing to try. Called by ``dial`` and ``websocket``."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from urllib.parse import urlsplit

from station.net.errors import DialFailed, FailureKind
from station.net.tls import classify

_PASSWORD = "station run --csms … --password-file secret.txt"  # noqa: S105 - a command line, no secret
_STATUS: dict[int, tuple[str, str | None]] = {
    400: (
        "The CSMS does not like the request",
        "check the path: most want …/<station id>, and an OCPP version they know",
    ),
    403: ("The CSMS does not let this station in", "register the station's id at the CSMS, or check its allow list"),
    404: ("Nothing there, or the CSMS does not know this station", "check the path and the station's id"),
    405: ("No WebSocket at this path", "check the path of the URL"),
    407: ("A proxy wants a login", "reach the CSMS without a proxy"),
    426: ("The CSMS wants another protocol version", "check the path, and --ocpp 1.6|2.0.1"),
    429: ("The CSMS sees too many dials", "wait, or use a longer ramp"),
}
_FORBIDDEN = re.compile(r"[^\x20-\x7e]")


def plain_url(url: str) -> str:
    """The URL as it may be shown: without credentials, query (tokens live there) and control characters."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        shown = parts._replace(netloc=host, query="", fragment="").geturl()
    except ValueError:
        shown = url.rpartition("@")[2]
    return shown_text(shown, 300)


def shown_text(text: str, length: int = 120) -> str:
    """Somebody else's text, fit for one line of a terminal."""
    clean = _FORBIDDEN.sub("?", text)
    return clean if len(clean) <= length else clean[:length] + "…"


def bad_url(url: str, why: str) -> DialFailed:
    """The URL cannot be dialled at all."""
    return DialFailed(FailureKind.URL, f"{plain_url(url)}: {why}", "ws://host:port/path/STATION-ID or wss://…")


def timed_out(url: str, stage: str, after_s: float) -> DialFailed:
    """Nothing came in time; ``stage`` is what was waited for."""
    hint = "check host and port, and whether a firewall swallows the packets"
    return DialFailed(FailureKind.TIMEOUT, f"{plain_url(url)}: no answer to the {stage} within {after_s:g} s.", hint)


def not_connected(url: str, error: OSError) -> DialFailed:
    """The host's name or its port did not answer."""
    shown, host = plain_url(url), shown_text(urlsplit(url).hostname or "")
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            message = f"{shown}: no name server answers."
            return DialFailed(FailureKind.DNS, message, "check this device's network and DNS")
        return DialFailed(
            FailureKind.DNS, f"{shown}: no such host: {host}.", "check the spelling of the host in the URL"
        )
    if isinstance(error, ConnectionRefusedError):
        message = f"{shown}: connection refused. Nothing listens on that port."
        return DialFailed(FailureKind.REFUSED, message, "check the port, and that the CSMS is running")
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL):
        return DialFailed(FailureKind.UNREACHABLE, f"{shown}: no route to the host.", "check this device's network")
    if error.errno == errno.ETIMEDOUT:
        return DialFailed(FailureKind.TIMEOUT, f"{shown}: the host does not answer.", "check host, port and firewall")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        message = f"{shown}: this process has too many open files."
        return DialFailed(FailureKind.UNREACHABLE, message, "ulimit -n 65536")
    return DialFailed(FailureKind.UNREACHABLE, f"{shown}: {error.strerror or type(error).__name__}.")


def tls_failed(url: str, error: Exception) -> DialFailed:
    """The TLS handshake failed; no HTTP request was sent."""
    failure = classify(error)
    message = f"{plain_url(url)}: TLS: {failure.sentence}."
    return DialFailed(FailureKind.TLS, message, failure.hint, tls_event=failure.event)


def broken_off(url: str, error: Exception | None) -> DialFailed:
    """The connection ended before the upgrade was answered."""
    if isinstance(error, ssl.SSLError):
        # With TLS 1.3 the server judges our certificate after our side of the handshake is complete.
        return tls_failed(url, error)
    message = f"{plain_url(url)}: the server closed the connection without an answer."
    hint = "check scheme and port (ws or wss), and the server's log"
    if url.startswith("wss"):
        hint = "security profile 3 needs --cert and --key; else look into the server's log"
    return DialFailed(FailureKind.LOST, message, hint)


def http_answer(url: str, status: int, location: str | None, *, has_password: bool) -> DialFailed:
    """The upgrade was refused by an HTTP status. Redirects are told, never followed."""
    text: str
    hint: str | None
    if status == 401 and has_password:
        text, hint = "The CSMS does not accept this id and password", "check both at the CSMS: --id, --password-file"
    elif status == 401:
        text, hint = "The CSMS wants Basic Auth (security profile 1)", _PASSWORD
    elif 300 <= status < 400:
        text = (
            "The CSMS redirects" + (f" to {plain_url(location)}" if location else "") + "; redirects are not followed"
        )
        hint = "name the final URL with --csms"
    elif status >= 500:
        text, hint = (
            "The CSMS or a proxy before it has a problem",
            "look into the server's log; the station tries again",
        )
    elif status == 200:
        text, hint = "A web server, but no WebSocket at this path", "check the path of the URL"
    else:
        text, hint = _STATUS.get(status, ("The CSMS refuses the connection", None))
    message = f"{plain_url(url)}: HTTP {status}. {text}."
    return DialFailed(FailureKind.HTTP, message, hint, http_status=status)


def not_http(url: str, start: bytes) -> DialFailed:
    """Something answered, but not in HTTP."""
    if start[:2] in (b"\x15\x03", b"\x16\x03"):
        message, hint = f"{plain_url(url)}: the server speaks TLS on this port.", "use wss://"
    else:
        message, hint = f"{plain_url(url)}: the answer is no HTTP.", "check the port: something else listens there"
    return DialFailed(FailureKind.NOT_WEBSOCKET, message, hint)


def bad_upgrade(url: str, why: str) -> DialFailed:
    """HTTP 101, but no WebSocket as RFC 6455 §4 wants it."""
    message = f"{plain_url(url)}: a broken WebSocket upgrade: {shown_text(why)}."
    return DialFailed(FailureKind.NOT_WEBSOCKET, message, "check the CSMS, and any proxy before it")


def wrong_subprotocol(url: str, offered: tuple[str, ...], chosen: str | None) -> DialFailed:
    """The server chose no subprotocol, or one that was not offered."""
    picked = "none of them" if chosen is None else f"{shown_text(chosen, 40)!r} instead"
    message = f"{plain_url(url)}: offered {', '.join(offered)}, the CSMS chose {picked}."
    return DialFailed(FailureKind.SUBPROTOCOL, message, "use a version that the CSMS speaks: --ocpp 1.6|2.0.1|2.1")
