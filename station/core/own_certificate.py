"""The station's own certificate towards the CSMS: asked for, taken, on trial, renewed in time.

A new one is on trial until it has connected; the one before is kept so long and used where the CSMS does not take the
new. Keys, requests and X.509 are jobs (``certificate_tasks``); how a request is sent and repeated is
``signing_request``'s. Called by ``station.core.dispatch`` and ``station.core.certificates``, which keeps the roots.

Spec: Security WP ed.3 A02, A03; OCPP 2.0.1 A02, A03 with the errata of 2025-01.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from station.core.certificate_tasks import (
    CertificateSigned,
    DropOwn,
    InspectOwn,
    MakeRequest,
    OwnDropped,
    OwnState,
    SigningAnswered,
    SigningQuery,
    Taken,
    TakeSigned,
)
from station.core.context import Context
from station.core.device_model import Address
from station.core.effects import Outcome, Reconnect, Reply
from station.core.jobs import JobFailed, Jobs
from station.core.security_events import SecurityEventType, SecurityLog
from station.core.signing_request import PENDING, Signing, SigningRequest

if TYPE_CHECKING:
    from station.core.records import Json

OWN: Final = "own_certificate"
RENEWAL: Final = "certificate renewal"
SWITCH: Final = "certificate switch"
SIGNING: Final = "certificate signing"

DISCARDED: Final = "DiscardedRenewedClientCertificate"
"""The event of OCPP 2.0.1 errata 2025-01, A02.FR.29."""

_TRIAL: Final = "trial"
_LOST: Final = "lost"
_NONE: Final[frozenset[str]] = frozenset()
"""One for all stations."""
_SHOWN_FROM: Final = 3
"""The security profile whose connections are secured with the station's certificate."""


def _variable(name: str) -> Address:
    return Address("SecurityCtrlr", None, None, None, name)


_LEVEL: Final = _variable("SecurityProfile")
_ORGANIZATION: Final = _variable("OrganizationName")

_SIGNING: Final = Signing(OWN, SIGNING, RENEWAL, SigningQuery, least_wait_s=1.0)


class OwnCertificate:
    """See the module. ``trial`` is the fingerprint of the new certificate that has not connected yet.

    ``lost`` are fingerprints of certificates that lost against another one and could not be removed: they come after
    all others that are valid, though they may be newer (A02.FR.09, .10: another one has been shown to work).
    """

    __slots__ = ("_doubted", "_ends", "_jobs", "_log", "_request", "_waits", "ctx", "lost", "trial")

    def __init__(self, ctx: Context, jobs: Jobs, log: SecurityLog) -> None:
        self.ctx = ctx
        self._jobs = jobs
        self._log = log
        self._request: SigningRequest | None = None
        self.trial: str | None = None
        self.lost = _NONE
        self._ends: datetime | None = None
        self._waits: tuple[datetime, str] | None = None
        self._doubted = False

    @property
    def request(self) -> SigningRequest:
        """The request for a new one. Made when first needed, as few stations ever do."""
        if self._request is None:
            self._request = SigningRequest(self.ctx, _SIGNING)
        return self._request

    @property
    def _shown(self) -> bool:
        return self.ctx.variables.integer(_LEVEL) >= _SHOWN_FROM

    # The link

    @property
    def avoided(self) -> str | None:
        """The new certificate, where the CSMS has turned it away in the attempt before."""
        return self.trial if self._doubted else None

    def refused(self) -> None:
        """The CSMS has turned us away: the next attempt shows the other certificate (A02.FR.28)."""
        self._doubted = self.trial is not None and not self._doubted

    def connected(self) -> None:
        """A connection stands: the certificate that is not in use is discarded (A02.FR.10)."""
        if self.trial is not None and self._shown:
            if self._doubted:
                self._log.raised(DISCARDED, "the CSMS did not take it")
            won = not self._doubted
            self._jobs.start(DropOwn(self.trial, others=won), lambda report: self._dropped(report, all_others=won))
            self._set_trial(None)
        if self.ctx.registered:
            self.registered()

    def _dropped(self, report: Any, *, all_others: bool) -> None:
        """What is left of those that lost the trial; ``all_others``: against this new one, so no other has lost."""
        if isinstance(report, OwnDropped):
            lost = report.left if all_others else self.lost | report.left
            if lost != self.lost:
                self.lost = lost or _NONE
                if lost:
                    self.ctx.ledger.put(OWN, _LOST, sorted(lost))
                else:
                    self.ctx.ledger.delete(OWN, _LOST)
        self._inspect()

    def registered(self) -> None:
        """The CSMS has accepted this boot and is there: ask what could not be asked, and look when to renew."""
        if self._request is not None:
            self._request.registered()
        if self._ends is None:
            self._inspect()

    # Asking

    def sign(self) -> None:
        """Make a key and ask the CSMS to have it signed (A02, A03). Without an organization there is no request."""
        organization = self.ctx.variables.text(_ORGANIZATION)
        if organization:
            self._jobs.start(MakeRequest(organization), self._made)

    def _made(self, report: Any) -> None:
        if isinstance(report, JobFailed):
            self.ctx.publish("error", message=f"no certificate can be asked for: {report.problem}")
            return
        self.request.begin(report)

    def signing_answered(self, event: SigningAnswered) -> None:
        """SignCertificate was answered."""
        self.request.answered(event.accepted)

    def signing_due(self) -> None:
        """No certificate has come for the request."""
        self.request.repeat()

    def unanswered(self, cause: str) -> None:
        """SignCertificate was not answered."""
        self.request.unanswered(cause)

    def signed(self, event: CertificateSigned) -> None:
        """CertificateSigned (A02.FR.06, .16)."""
        if not self.request.fits(event.chain):
            self._reject(event, "the chain is longer than MaxCertificateChainSize")
            return
        task = TakeSigned(event.chain, self.ctx.variables.text(_ORGANIZATION) or "", event.early)
        self._jobs.start(task, lambda report: self._taken(event, report), asked=True)

    def _reject(self, event: CertificateSigned, problem: str) -> None:
        """A02.FR.07, .20: told as a security event, and not asked for again by ourselves."""
        self.request.silence()
        self._log.raised(SecurityEventType.INVALID_CHARGING_STATION_CERTIFICATE, problem)
        self._reply(event.reply, "Rejected", problem)

    def _taken(self, event: CertificateSigned, report: Any) -> None:
        if isinstance(report, JobFailed):
            self._reply(event.reply, "Rejected", report.problem)
            return
        taken: Taken = report
        if taken.problem:
            self._reject(event, taken.problem)
            return
        self._log.raised(SecurityEventType.RECONFIGURATION_OF_SECURITY_PARAMETERS, "the station's certificate")
        self.request.settled()
        if taken.begins is None:
            self._switch(taken.fingerprint)
        else:
            self._waits = taken.begins, taken.fingerprint
            self._arm()
        self.ctx.ledger.undo(lambda: self._untaken(taken.fingerprint), OWN, _TRIAL)
        self._reply(event.reply, "Accepted")
        if taken.begins is None:
            self._reconnect()

    def _untaken(self, fingerprint: str) -> None:
        """It could not be recorded that it was taken: it was refused."""
        self.trial = None
        self._waits = None
        self._jobs.start(DropOwn(fingerprint), lambda report: None)

    def _reply(self, reply: int, status: str, problem: str = "") -> None:
        self.ctx.ledger.promise(Reply(reply, Outcome(status, info=problem)))

    def _switch(self, fingerprint: str) -> None:
        """Use a new certificate from now on (A02.FR.08)."""
        self._ends = self._waits = None
        self.ctx.cancel(SWITCH, 0)
        if self._shown:
            self._set_trial(fingerprint)
        self._inspect()

    def _reconnect(self) -> None:
        if self._shown and self.ctx.online:
            self.ctx.ledger.promise(Reconnect("the station's certificate was changed"))

    # Time

    def _inspect(self) -> None:
        if self._shown:
            self._jobs.start(InspectOwn(self.lost), self._inspected)

    def _inspected(self, report: Any) -> None:
        if isinstance(report, JobFailed):
            return
        state: OwnState = report
        self._ends = state.ends
        self._waits = (state.begins, state.next_fingerprint) if state.begins is not None else None
        self._arm()

    def clock_changed(self) -> None:
        """UTC is another than it was: so are the distances to what is due at a date."""
        self._arm()

    def _arm(self) -> None:
        ctx = self.ctx
        if not ctx.timeline.known:
            return
        self.request.renew_before(self._ends)
        if self._waits is not None:
            now = ctx.timeline.now_utc(ctx.now)
            # Validity counts in whole seconds.
            ctx.at(SWITCH, 0, max(0.0, (self._waits[0] - now).total_seconds() + 1.0))

    def renewal_due(self) -> None:
        """The certificate in use ends within a month (A03.FR.02). A request that is under way is enough."""
        if not self.request.under_way:
            self.sign()
        self.request.renew_later()

    def switch_due(self) -> None:
        """A certificate that was taken early has become valid (Security WP ed.3 A02.FR.08)."""
        if self._waits is not None:
            self._switch(self._waits[1])
            self._reconnect()

    # Rows

    def _set_trial(self, fingerprint: str | None) -> None:
        self.trial = fingerprint
        self._doubted = False
        if fingerprint is None:
            self.ctx.ledger.delete(OWN, _TRIAL)
        else:
            self.ctx.ledger.put(OWN, _TRIAL, fingerprint)

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        kept = ((PENDING, self.request.pending), (_TRIAL, self.trial), (_LOST, sorted(self.lost) or None))
        return {key: value for key, value in kept if value is not None}

    def restore(self, key: str, row: Json) -> None:
        """Begin a boot with a stored row.

        Raises:
            ValueError: the row was not written for this program.
        """
        if key == PENDING and isinstance(row, str):
            self.request.pending = row
        elif key == _TRIAL and isinstance(row, str):
            self.trial = row
        elif key == _LOST and isinstance(row, list) and all(isinstance(one, str) for one in row):
            self.lost = frozenset(row)
        else:
            raise ValueError("no row of a certificate")
