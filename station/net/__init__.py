"""The network: WebSocket connections to a CSMS, TLS, back-off, and what to say when a dial fails.

Bytes in, callbacks out: no task and no thread per station. Nothing here knows OCPP beyond its subprotocol names and its
rules for TLS and reconnecting. Hosts and fleets call ``dial``; virtual ones use ``loopback``.
"""

from __future__ import annotations

from station.net.api import BasicAuth, Closer, CloseReason, Connection, Listener, Target
from station.net.backoff import BackOff, BackOffSettings
from station.net.dial import dial
from station.net.errors import DialFailed, FailureKind, TlsEvent

__all__ = [
    "BackOff",
    "BackOffSettings",
    "BasicAuth",
    "CloseReason",
    "Closer",
    "Connection",
    "DialFailed",
    "FailureKind",
    "Listener",
    "Target",
    "TlsEvent",
    "dial",
]
