"""The V2G certificate (SECC leaf), which the station shows to vehicles: asked for, taken, renewed in time.

Only with Plug & Charge switched on. Keys, requests and X.509 are jobs (``v2g_tasks``); how a request is sent and
repeated is ``signing_request``'s. The certificate towards the CSMS is ``own_certificate``, from which this differs in
that no connection depends on it: nothing is tried out, and what is refused is simply not there. Called by
``station.core.station``.

Spec: OCPP 2.0.1 A02, A03 with the errata; OCA "Using ISO 15118 Plug & Charge with OCPP 1.6" v1.0, 2.1, 3.1, 9.3, 9.4.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from station.core import names
from station.core.certificate_tasks import OwnState, Taken
from station.core.context import Context
from station.core.device_model import Address
from station.core.effects import Outcome, Reply
from station.core.jobs import JobFailed, Jobs
from station.core.security_events import SecurityEventType, SecurityLog
from station.core.signing_request import PENDING, Signing, SigningRequest
from station.core.v2g_tasks import (
    DropV2g,
    InspectV2g,
    MakeV2gRequest,
    TakeV2gSigned,
    V2gSigned,
    V2gSigningAnswered,
    V2gSigningQuery,
)

if TYPE_CHECKING:
    from station.core.records import Json

V2G: Final = "v2g_certificate"
RENEWAL: Final = "v2g renewal"
SIGNING: Final = "v2g signing"

_HALTED: Final = "halted"


def _variable(text: str) -> Address:
    return Address.parse(text)[0]


_NAME: Final = _variable("ISO15118Ctrlr.SeccId")
_ORGANIZATION: Final = _variable("ISO15118Ctrlr.OrganizationName")
_OPERATOR: Final = _variable("SecurityCtrlr.OrganizationName")
_COUNTRY: Final = _variable("ISO15118Ctrlr.CountryName")

_SIGNING: Final = Signing(V2G, SIGNING, RENEWAL, V2gSigningQuery)


class V2gCertificate:
    """See the module.

    ``halted``: the CSMS has refused a request, or sent a certificate that is none; only a trigger of the CSMS makes the
    station ask again.
    """

    __slots__ = ("_ends", "_jobs", "_log", "_request", "ctx", "halted")

    def __init__(self, ctx: Context, jobs: Jobs, log: SecurityLog) -> None:
        self.ctx = ctx
        self._jobs = jobs
        self._log = log
        self._request: SigningRequest | None = None
        self.halted = False
        self._ends: datetime | None = None

    @property
    def request(self) -> SigningRequest:
        """The request for a new one. Made when first needed, as few stations ever do."""
        if self._request is None:
            self._request = SigningRequest(self.ctx, _SIGNING)
        return self._request

    @property
    def _enabled(self) -> bool:
        return self.ctx.flag(names.PNC_ENABLED)

    def registered(self) -> None:
        """The CSMS has accepted this boot and is there: ask what could not be asked, and look when to renew."""
        if not self._enabled:
            return
        if self._request is not None:
            self._request.registered()
        if self._ends is None:
            self._inspect()

    def variable_changed(self, address: Address) -> None:
        """Plug & Charge may have been switched on."""
        if address == names.PNC_ENABLED and self.ctx.registered:
            self.registered()

    # Asking

    def trigger(self) -> None:
        """The CSMS wants a request (3.1.1)."""
        self._halt(False)
        self.sign()

    def sign(self) -> None:
        """Make a key and ask the CSMS to have it signed (A02, A03)."""
        variables = self.ctx.variables
        task = MakeV2gRequest(
            variables.text(_NAME) or "",
            variables.text(_ORGANIZATION) or variables.text(_OPERATOR) or "",
            variables.text(_COUNTRY) or "",
        )
        self._jobs.start(task, self._made)

    def _made(self, report: Any) -> None:
        if isinstance(report, JobFailed):
            self.ctx.publish("error", message=f"no V2G certificate can be asked for: {report.problem}")
            return
        self.request.begin(report)

    def answered(self, event: V2gSigningAnswered) -> None:
        """SignCertificate was answered. One that is refused is not sent again by ourselves (2.1)."""
        self.request.answered(event.accepted)
        self._halt(not event.accepted)

    def signing_due(self) -> None:
        """No certificate has come for the request (9.3, 9.4)."""
        if self._enabled:
            self.request.repeat()

    def unanswered(self, cause: str) -> None:
        """SignCertificate was not answered."""
        if self.request.unanswered(cause):
            self._halt(True)

    # Taking

    def signed(self, event: V2gSigned) -> None:
        """CertificateSigned (A02.FR.06-07, .16)."""
        if not self.request.fits(event.chain):
            self._reject(event, "the V2G chain is longer than MaxCertificateChainSize")
        else:
            self._jobs.start(TakeV2gSigned(event.chain), lambda report: self._taken(event, report), asked=True)

    def _reject(self, event: V2gSigned, problem: str) -> None:
        """A02.FR.07, .20: told as a security event, and not asked for again by ourselves."""
        self.request.silence()
        self.request.forget()
        self._halt(True)
        self._log.raised(SecurityEventType.INVALID_CHARGING_STATION_CERTIFICATE, problem)
        self._reply(event.reply, "Rejected", problem)

    def _taken(self, event: V2gSigned, report: Any) -> None:
        if isinstance(report, JobFailed):
            self._reply(event.reply, "Rejected", report.problem)
            return
        taken: Taken = report
        if taken.problem:
            self._reject(event, f"V2G: {taken.problem}")
            return
        self._log.raised(SecurityEventType.RECONFIGURATION_OF_SECURITY_PARAMETERS, "the V2G certificate")
        self.request.settled()
        self._halt(False)
        self.ctx.ledger.undo(lambda: self._untaken(taken.fingerprint))
        self._reply(event.reply, "Accepted")
        self._inspect()

    def _untaken(self, fingerprint: str) -> None:
        """It could not be recorded that it was taken: it was refused."""
        self._jobs.start(DropV2g(fingerprint), lambda report: self._inspect())

    def _reply(self, reply: int, status: str, problem: str = "") -> None:
        self.ctx.ledger.promise(Reply(reply, Outcome(status, info=problem)))

    # Time

    def _inspect(self) -> None:
        self._jobs.start(InspectV2g(), self._inspected)

    def _inspected(self, report: Any) -> None:
        if not isinstance(report, JobFailed):
            state: OwnState = report
            self._ends = state.ends
            self.clock_changed()

    def clock_changed(self) -> None:
        """UTC, or when the certificate ends, is another than it was."""
        self.request.renew_before(self._ends)

    def renewal_due(self) -> None:
        """The certificate ends within a month (A03.FR.02). A request that is under way is enough."""
        if self._enabled and not self.halted and not self.request.under_way:
            self.sign()
        self.request.renew_later()

    # Rows

    def _halt(self, halted: bool) -> None:
        if halted is not self.halted:
            self.halted = halted
            if halted:
                self.ctx.ledger.put(V2G, _HALTED, True)
            else:
                self.ctx.ledger.delete(V2G, _HALTED)

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        kept: dict[str, Json] = {PENDING: self.request.pending, _HALTED: self.halted or None}
        return {key: value for key, value in kept.items() if value is not None}

    def restore(self, key: str, row: Json) -> None:
        """Begin a boot with a stored row.

        Raises:
            ValueError: the row was not written for this program.
        """
        if key == PENDING and isinstance(row, str):
            self.request.pending = row
        elif key == _HALTED and row is True:
            self.halted = True
        else:
            raise ValueError("no row of a V2G certificate")
