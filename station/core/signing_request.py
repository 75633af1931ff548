"""A certificate signing request (CSR) on its way to the CSMS: sent, repeated, and made again when the time has come.

The same for every certificate that the CSMS has signed for a station. What the certificate is for, how its key is made
and what becomes of it is its owner's, ``own_certificate`` or ``v2g_certificate``, who call this.

Spec: OCPP 2.0.1 A02, A03 with the errata of 2025-01; Security WP ed.3 A02, A03.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from station.core.context import Context
from station.core.device_model import Address
from station.core.frozen import dataclass

PENDING: Final = "pending"
"""The key of the request's row in its owner's table."""

MONTH_S: Final = 30 * 86400.0
"""How long before its end a certificate is renewed (A03.FR.02)."""

_DAY_S: Final = 86400.0
_LARGEST_CHAIN: Final = 10000
_UNTOLD: Final = frozenset({"Disconnected", "Timeout"})
"""The causes that say nothing about what the CSMS thinks of the request."""


def _variable(name: str) -> Address:
    return Address("SecurityCtrlr", None, None, None, name)


_CHAIN_SIZE: Final = _variable("MaxCertificateChainSize")
_WAIT_S: Final = _variable("CertSigningWaitMinimum")
_REPEATS: Final = _variable("CertSigningRepeatTimes")


@dataclass(frozen=True, slots=True)
class Signing:
    """What differs between certificates: the table and the timers' names, the query that carries the PEM.

    ``least_wait_s``: the shortest wait for a certificate. With 0, a configured wait of 0 switches repetitions off.
    """

    table: str
    repeat_timer: str
    renewal_timer: str
    query: Callable[[str], Any]
    least_wait_s: float = 0.0


class SigningRequest:
    """See the module. ``pending`` is the request (PEM) that the CSMS has not answered yet."""

    __slots__ = ("_attempt", "_ctx", "_signing", "_taken_up", "_told", "pending")

    def __init__(self, ctx: Context, signing: Signing) -> None:
        self._ctx = ctx
        self._signing = signing
        self.pending: str | None = None
        self._told = False
        self._taken_up: str | None = None  # the request that the CSMS has taken, until its certificate comes
        self._attempt = 0

    @property
    def under_way(self) -> bool:
        """Whether an answer or a certificate may still come."""
        return self.pending is not None or self._taken_up is not None

    def begin(self, request: str) -> None:
        """A new request (PEM) takes the place of the one before."""
        self._set_pending(request)
        self._taken_up = None
        self._attempt = 0
        self._ask(request)

    def registered(self) -> None:
        """The CSMS has accepted this boot and is there: ask what could not be asked."""
        if self.pending is not None and not self._told:
            self._ask(self.pending)

    def _ask(self, request: str) -> None:
        if self._ctx.online:
            self._told = True
            self._ctx.ask(self._signing.query(request))

    def answered(self, accepted: bool) -> None:
        """SignCertificate was answered. Its certificate comes when it comes; how often to ask again is configured."""
        request = self.pending or self._taken_up
        self._set_pending(None)
        self._taken_up = request if accepted else None
        if accepted:
            self._ask_later()

    def unanswered(self, cause: str) -> bool:
        """SignCertificate was not answered: the next connection is another chance. True: it counts as refused."""
        if cause in _UNTOLD:
            self._told = False
            return False
        self.answered(False)
        return True

    def _ask_later(self) -> None:
        """A02.FR.17-19: each wait is twice the one before, until the repetitions are used up."""
        ctx = self._ctx
        wait_s = max(ctx.number(_WAIT_S) * 2.0**self._attempt, self._signing.least_wait_s)
        if wait_s > 0 and self._attempt < ctx.variables.integer(_REPEATS):
            self._attempt += 1
            ctx.at(self._signing.repeat_timer, 0, min(wait_s, _DAY_S))

    def repeat(self) -> None:
        """No certificate has come for the request: ask again."""
        request = self._taken_up
        if request is not None:
            self._set_pending(request)
            if self._ctx.registered:
                self._ask(request)

    def silence(self) -> None:
        """What has come is no good: the request is not sent again by ourselves (A02.FR.20)."""
        self._ctx.cancel(self._signing.repeat_timer, 0)

    def forget(self) -> None:
        """Expect no certificate any more for a request that the CSMS has taken."""
        self._taken_up = None

    def settled(self) -> None:
        """Its certificate has come."""
        self._set_pending(None)
        self._taken_up = None

    def fits(self, chain: str) -> bool:
        """Whether a chain (PEM) is no longer than MaxCertificateChainSize (A02.FR.16)."""
        return len(chain) <= self._ctx.variables.integer(_CHAIN_SIZE, _LARGEST_CHAIN)

    # Renewal

    def renew_before(self, ends: datetime | None) -> None:
        """The certificate in use ends then: a new one is due a month ahead (A03.FR.02). None: nothing is known."""
        ctx = self._ctx
        if ends is not None and ctx.timeline.known:
            left_s = (ends - ctx.timeline.now_utc(ctx.now)).total_seconds()
            ctx.at(self._signing.renewal_timer, 0, max(0.0, left_s - MONTH_S))

    def renew_later(self) -> None:
        """Look again in a day, for the request may fail."""
        self._ctx.at(self._signing.renewal_timer, 0, _DAY_S)

    # Row

    def _set_pending(self, request: str | None) -> None:
        if request != self.pending:
            self.pending = request
            self._told = False
            ledger, table = self._ctx.ledger, self._signing.table
            if request is None:
                ledger.delete(table, PENDING)
            else:
                ledger.put(table, PENDING, request)
        self.silence()
