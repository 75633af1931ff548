"""Why a dial failed, as one type with one clear line. ``explain`` makes them; hosts and fleets read them."""

from __future__ import annotations

from enum import Enum

from station.errors import StationError


class FailureKind(Enum):
    """The stage and sort of a failure; stable words for metrics and exit codes."""

    URL = "url"
    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    LOST = "lost"
    TLS = "tls"
    HTTP = "http"
    NOT_WEBSOCKET = "not_websocket"
    SUBPROTOCOL = "subprotocol"


class TlsEvent(Enum):
    """The security event that a TLS failure calls for (OCPP 2.0.1 A00.FR.310, .316, .323 and .413, .419, .426).

    The values are the names of OCPP 2.0.1, appendix 1.
    """

    INVALID_CERTIFICATE = "InvalidCsmsCertificate"
    INVALID_VERSION = "InvalidTLSVersion"
    INVALID_CIPHER_SUITE = "InvalidTLSCipherSuite"
    REFUSED = "FailedToAuthenticateAtCsms"


class DialFailed(StationError):
    """A dial that did not become a connection.

    Attributes:
        kind: what failed.
        message: one line with the URL (without credentials).
        hint: what to try, or None.
        http_status: the answer's status where there was one.
        tls_event: the security event to tell the CSMS later, once per series of failures.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        hint: str | None = None,
        *,
        http_status: int | None = None,
        tls_event: TlsEvent | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.kind = kind
        self.http_status = http_status
        self.tls_event = tls_event
