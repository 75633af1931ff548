"""The roots that a station trusts, as messages manage them: installed, listed, deleted, replaced.

Not the certificates themselves: X.509 and files are jobs (``certificate_tasks``); the station's own certificate is
``own_certificate``. A root that replaces another is on trial until it has verified the CSMS; the one before is kept so
long and used where the new one does not fit.

Spec: Security WP ed.3 M03-M05; OCPP 2.0.1 M03-M05.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from station.core.certificate_tasks import (
    ROOTS,
    CertificateUse,
    DeleteCertificate,
    Deleted,
    DeleteInstalled,
    DialRefused,
    InstallCertificate,
    InstallRoot,
    ListCertificates,
    ListInstalled,
    RemoveRoots,
    RootInstalled,
)
from station.core.context import Context
from station.core.device_model import Address
from station.core.effects import Outcome, Reply
from station.core.jobs import JobFailed, Jobs
from station.core.own_certificate import OwnCertificate
from station.core.security_events import SecurityEventType, SecurityLog

if TYPE_CHECKING:
    from station.core.records import Json

CERTIFICATES: Final = "certificates"

_ROOT: Final = "root"
_DELETED: Final = "deleted/"
_NONE: Final[frozenset[str]] = frozenset()
"""One for all stations."""

_CHECKED_FROM: Final = 2
"""The least security profile whose connections are secured with the CSMS's certificate."""
_STORE_SIZE: Final = 30
_LEVEL: Final = Address("SecurityCtrlr", None, None, None, "SecurityProfile")
_ENTRIES: Final = Address("SecurityCtrlr", None, None, None, "CertificateEntries")
_SUCCESSOR_ONLY: Final = Address("SecurityCtrlr", None, None, None, "AdditionalRootCertificateCheck")


class Certificates:
    """See the module. ``own`` is the station's own certificate.

    ``deleted`` are fingerprints of certificates in files of the profile that count as deleted. ``successor`` is the
    fingerprint of the CSMS's root that replaces ``predecessors`` and has not verified a connection yet.
    """

    __slots__ = ("_doubted", "_jobs", "_log", "ctx", "deleted", "own", "predecessors", "successor")

    def __init__(self, ctx: Context, jobs: Jobs, log: SecurityLog) -> None:
        self.ctx = ctx
        self._jobs = jobs
        self._log = log
        self.own = OwnCertificate(ctx, jobs, log)
        self.deleted = _NONE
        self.successor: str | None = None
        self.predecessors = _NONE
        self._doubted = False

    # The link (``station.host.vault.credentials.Choices``)

    @property
    def trial(self) -> str | None:
        """The fingerprint of a new certificate of the station's own that has not connected yet."""
        return self.own.trial

    @property
    def avoided(self) -> str | None:
        """That fingerprint, where the CSMS has turned it away in the attempt before."""
        return self.own.avoided

    @property
    def lost(self) -> frozenset[str]:
        """Fingerprints of certificates of the station's own that another one has proved better than."""
        return self.own.lost

    @property
    def passed_over(self) -> frozenset[str]:
        """Roots that the next attempt does without: the old ones while the new one is tried, and the other way."""
        if self.successor is None:
            return _NONE
        return frozenset((self.successor,)) if self._doubted else self.predecessors

    @property
    def on_trial(self) -> bool:
        """Whether it matters why an attempt to connect fails."""
        return self.successor is not None or self.own.trial is not None

    def refused(self, event: DialRefused) -> None:
        """An attempt failed at the CSMS: the next one takes another root (M05.FR.13), or another certificate."""
        if not event.server_certificate:
            self.own.refused()
        elif self.successor is not None:
            self._doubted = not self._doubted

    def connected(self) -> None:
        """A connection stands: what it was made with has proved itself.

        With the new root the old ones go (M05.FR.12); with an old one the new one is tried again the next time.
        """
        self.own.connected()
        if self.successor is None or self.ctx.variables.integer(_LEVEL) < _CHECKED_FROM:
            return
        if not self._doubted:
            self._jobs.start(RemoveRoots(tuple(sorted(self.predecessors))), self._removed)
        self._doubted = False

    def _removed(self, report: Any) -> None:
        if not isinstance(report, JobFailed):
            self._mark(report.marks)
            self._set_successor(None, _NONE)

    # Roots

    def install(self, event: InstallCertificate) -> None:
        """InstallCertificate (M05)."""
        variables = self.ctx.variables
        entries = variables.definition(_ENTRIES)
        limit = entries.maximum if entries is not None else None
        task = InstallRoot(
            event.use,
            event.certificate,
            int(limit) if limit is not None else _STORE_SIZE,
            event.use is CertificateUse.CSMS_ROOT and variables.flag(_SUCCESSOR_ONLY),
        )
        self._jobs.start(task, lambda report: self._installed(event, report), asked=True)

    def _installed(self, event: InstallCertificate, report: Any) -> None:
        done = RootInstalled("Failed", report.problem) if isinstance(report, JobFailed) else report
        self._reply(event.reply, done.status, done.problem)
        if done.status != "Accepted":
            return
        self._log.raised(SecurityEventType.RECONFIGURATION_OF_SECURITY_PARAMETERS, f"{event.use.value} installed")
        if done.replaces:
            before = self.successor, self.predecessors
            self._set_successor(done.fingerprint, frozenset(done.replaces))
            self.ctx.ledger.undo(lambda: self._take_back(*before), CERTIFICATES, _ROOT)

    def _take_back(self, successor: str | None, predecessors: frozenset[str]) -> None:
        self.successor, self.predecessors = successor, predecessors

    def delete(self, event: DeleteCertificate) -> None:
        """DeleteCertificate (M04)."""
        task = DeleteInstalled(event.name, event.uses)
        self._jobs.start(task, lambda report: self._deleted(event, report), asked=True)

    def _deleted(self, event: DeleteCertificate, report: Any) -> None:
        done = Deleted("Failed", report.problem) if isinstance(report, JobFailed) else report
        self._reply(event.reply, done.status, done.problem)
        if done.status == "Accepted":
            self._log.raised(SecurityEventType.RECONFIGURATION_OF_SECURITY_PARAMETERS, "certificate deleted")
            for mark in self._mark(done.marks):
                self.ctx.ledger.undo(partial(self._unmark, mark), CERTIFICATES, _DELETED + mark)
            if self.successor in done.roots:
                # Without it the old ones count again; nothing is on trial that could replace them.
                before = self.successor, self.predecessors
                self._set_successor(None, _NONE)
                self.ctx.ledger.undo(lambda: self._take_back(*before), CERTIFICATES, _ROOT)

    def _mark(self, marks: tuple[str, ...]) -> list[str]:
        new = [mark for mark in marks if mark not in self.deleted]
        for mark in new:
            self.deleted |= {mark}
            self.ctx.ledger.put(CERTIFICATES, _DELETED + mark, True)
        return new

    def _unmark(self, mark: str) -> None:
        self.deleted -= {mark}

    def list(self, event: ListCertificates) -> None:
        """GetInstalledCertificateIds (M03)."""
        uses = event.uses or (*ROOTS, CertificateUse.V2G_CHAIN)
        self._jobs.start(ListInstalled(uses), lambda report: self._listed(event, report), asked=True)

    def _listed(self, event: ListCertificates, report: Any) -> None:
        found = () if isinstance(report, JobFailed) else report
        self.ctx.ledger.promise(Reply(event.reply, Outcome("Accepted" if found else "NotFound", data=found)))

    def _reply(self, reply: int, status: str, problem: str = "") -> None:
        self.ctx.ledger.promise(Reply(reply, Outcome(status, info=problem)))

    # Rows

    def _set_successor(self, fingerprint: str | None, predecessors: frozenset[str]) -> None:
        self.successor, self.predecessors = fingerprint, predecessors
        self._doubted = False
        if fingerprint is None:
            self.ctx.ledger.delete(CERTIFICATES, _ROOT)
        else:
            self.ctx.ledger.put(CERTIFICATES, _ROOT, {"new": fingerprint, "old": sorted(predecessors)})

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        rows: dict[str, Json] = {_DELETED + mark: True for mark in self.deleted}
        if self.successor is not None:
            rows[_ROOT] = {"new": self.successor, "old": sorted(self.predecessors)}
        return rows

    def restore(self, key: str, row: Json) -> None:
        """Begin a boot with a stored row.

        Raises:
            KeyError, TypeError, ValueError: the row was not written for this program.
        """
        if key.startswith(_DELETED):
            self.deleted |= {key.removeprefix(_DELETED)}
        elif key == _ROOT:
            self.successor, self.predecessors = str(row["new"]), frozenset(map(str, row["old"]))
        else:
            raise ValueError("no row of certificates")
