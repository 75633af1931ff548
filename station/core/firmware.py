"""A firmware update: from the request of the CSMS to the status that ends it, over reboots and power cuts.

The part decides and tells; fetching, verifying and installing are jobs (``station.host.jobs.firmware``). One update at
a time. What is stored of it is one row, written in the turn that changes it, so that an update goes on after a power
cut where it was, or ends with the status that says so; each status is told once.

Spec: OCPP 2.0.1 L01, L02; OCPP 1.6 §4.5, §5.19; Security WP ed.3 L01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from station.core import names
from station.core.attempts import Attempts
from station.core.codec import from_row, to_row
from station.core.context import Context
from station.core.effects import Outcome, Reply
from station.core.events import ResetRequested, TriggerFirmwareStatus, UpdateFirmware
from station.core.evse import Evse
from station.core.facts import FirmwareFact, FirmwareNotice
from station.core.firmware_state import BLUEPRINT, COMMITTED, Update
from station.core.jobs import JobFailed, Jobs
from station.core.records import Json
from station.core.reset import Reset
from station.core.security_events import SecurityEventType, SecurityLog
from station.core.updates import (
    Arrived,
    CheckSigner,
    Download,
    FirmwareStatus,
    Install,
    Installed,
    NotInstalled,
    SignatureChecked,
    SignerChecked,
    TransferEnded,
    VerifySignature,
    are_texts,
    is_course,
)
from station.core.values import BootReason, StopReason

TABLE: Final = "firmware"
DEADLINE: Final = "firmware"
_KEY: Final = "update"

_Status = FirmwareStatus


class Firmware:
    """The update of one station, None where none was asked for since the last one succeeded.

    Args:
        ctx: the station's.
        evses: those that must be free for an installation.
        jobs: carries out tasks.
        raised: takes a security event and its details.
        reset: takes up a reset of the station.
    """

    __slots__ = ("_count", "_log", "_reset", "_tries", "ctx", "evses", "jobs", "update")

    def __init__(
        self,
        ctx: Context,
        evses: Sequence[Evse],
        jobs: Jobs,
        log: SecurityLog,
        reset: Reset,
    ) -> None:
        self.ctx = ctx
        self.evses = evses
        self.jobs = jobs
        self.update: Update | None = None
        self._log = log
        self._reset = reset
        self._tries: Attempts | None = None
        self._count = 0

    @property
    def _attempts(self) -> Attempts:
        """Made when first needed, as few stations ever do."""
        if self._tries is None:
            self._tries = Attempts(self.ctx, self.jobs, DEADLINE)
        return self._tries

    # Requests

    def request(self, event: UpdateFirmware) -> None:
        """OCPP 2.0.1 L01, L02; Security WP L01.FR.20, .23-.27. A signer is checked before anything is promised."""
        request = event.request
        if request.signed:
            task = CheckSigner(request.certificate or "")
            self.jobs.start(task, lambda report: self._signer_checked(event, report), asked=True)
        elif self.ctx.plan.firmware.signed_required:
            self._reply(event, Outcome("Rejected", "SignedOnly", "only signed firmware is installed"))
        else:
            self._accept(event)

    def _signer_checked(self, event: UpdateFirmware, report: SignerChecked | JobFailed) -> None:
        if isinstance(report, JobFailed):
            self._reply(event, Outcome("Rejected", "InternalError", report.problem))
        elif report.status != "Accepted":
            self._reply(event, Outcome(report.status, info=report.info))
            self._log.raised(SecurityEventType.INVALID_FIRMWARE_SIGNING_CERTIFICATE, report.info)
        else:
            self._accept(event)

    def _accept(self, event: UpdateFirmware) -> None:
        known = self.update
        going_on = known is not None and known.state != "ended"
        if known is not None and known.state in COMMITTED:
            self._reply(event, Outcome("Rejected", "InstallationOngoing", "firmware is being installed"))
            return
        self._count += 1
        self._attempts.stop()
        self.update = update = Update(event.request, f"{self.ctx.timeline.boot}-{self._count}")
        self._store()
        self._reply(event, Outcome("AcceptedCanceled" if going_on else "Accepted"))
        self.ctx.ledger.undo(lambda: self._take_back(known), TABLE, _KEY)
        self.ctx.ledger.then(lambda: self._begin(update))

    def _take_back(self, known: Update | None) -> None:
        self.update = known
        self.woken()
        self.registered()

    def _reply(self, event: UpdateFirmware, outcome: Outcome) -> None:
        self.ctx.ledger.promise(Reply(event.reply, outcome))

    def trigger(self, event: TriggerFirmwareStatus) -> None:
        """OCPP 2.0.1 L01.FR.25, .26; Security WP L01.FR.28, .29; OCPP 1.6 §4.5 (Idle while there is no update)."""
        update = self.update
        if update is not None and event.signed is not None:
            unfit = not update.request.signed if event.signed else update.state == "ended"
            update = None if unfit else update
        if update is None or update.told is None:
            notice = FirmwareNotice(FirmwareStatus.IDLE, None, bool(event.signed))
        else:
            notice = FirmwareNotice(update.told, update.request.request_id, bool(event.signed))
        self.ctx.notify(notice)

    # What it means for the EVSEs

    def blocks(self) -> bool:
        """Whether no session may begin: firmware is being installed, or waits for the sessions to end (L01.FR.07)."""
        update = self.update
        if update is None or update.state not in ("waiting", *COMMITTED):
            return False
        return update.state != "waiting" or not self.ctx.flag(names.ALLOW_NEW_SESSIONS)

    @property
    def installing(self) -> bool:
        """Whether the installer is at work: cut off now, it may leave a station that does not start any more."""
        return self.update is not None and self.update.state == "installing"

    @property
    def activating(self) -> bool:
        """Whether this boot is the one that an installation asked for."""
        return self.update is not None and self.update.state == "activating"

    def check(self) -> None:
        """Install as soon as nobody is being served (L01.FR.05, .06); those who are are told of (L01.FR.34)."""
        update = self.update
        if update is None or update.state != "waiting" or self.ctx.closing_down:
            return
        if any(evse.transaction is not None or evse.grant is not None for evse in self.evses):
            self._tell(_Status.INSTALL_SCHEDULED)
            return
        update.before = self._version()
        BLUEPRINT.fire(update, "install")
        self._tell(_Status.INSTALLING)
        self._attempts.begin(Install(update.file), self._installed)

    # Its course

    def _begin(self, update: Update) -> None:
        """The request is stored: fetch at the moment that was asked for, else at once."""
        if self.update is not update or update.state != "scheduled":
            return
        if self._arm(update.request.retrieve):
            self._tell(_Status.DOWNLOAD_SCHEDULED)
        else:
            self._fetch()

    def _arm(self, when: datetime | None) -> bool:
        """Set the deadline for a moment. False where it is past, or nobody knows what time it is."""
        ctx = self.ctx
        if when is None or not ctx.timeline.known:
            return False
        delay_s = (when - ctx.timeline.now_utc(ctx.now)).total_seconds()
        if delay_s > 0:
            self._attempts.rest(delay_s)
        return delay_s > 0

    def _fetch(self) -> None:
        update = self.update
        if update is not None:
            BLUEPRINT.fire(update, "fetch")
            self._tell(_Status.DOWNLOADING)
            self._attempts.begin(Download(update.name, update.request.location), self._fetched)

    def _fetched(self, report: Arrived | TransferEnded | JobFailed) -> None:
        update = self.update
        if update is None:
            return
        if isinstance(report, Arrived):
            update.file = report.file
            self._tell(_Status.DOWNLOADED)
            if update.request.signed:
                BLUEPRINT.fire(update, "verify")
                self._store()
                self._verify(update)
            else:
                self._downloaded(update)
            return
        update.attempts += 1
        if update.request.patience.over(update.attempts, report):
            self._end(_Status.DOWNLOAD_FAILED, report.problem)
        else:
            self._store()
            self._attempts.rest(update.request.patience.interval_s)

    def _verify(self, update: Update) -> None:
        request = update.request
        task = VerifySignature(update.file, request.certificate or "", request.signature or "")
        self._attempts.begin(task, self._verified)

    def _verified(self, report: SignatureChecked | JobFailed) -> None:
        update = self.update
        if update is None:
            return
        if isinstance(report, JobFailed):
            self._end(_Status.INSTALL_VERIFICATION_FAILED, report.problem)
        elif report.valid:
            self._tell(_Status.SIGNATURE_VERIFIED)
            self._downloaded(update)
        else:
            self._end(_Status.INVALID_SIGNATURE, report.info)
            self._log.raised(SecurityEventType.INVALID_FIRMWARE_SIGNATURE, report.info)

    def _downloaded(self, update: Update) -> None:
        """Install at the moment that was asked for (L01.FR.16), else as soon as possible.

        Where nobody knows yet what time it is, that moment is waited for too: the clock is learnt with the CSMS.
        """
        unknown = update.request.install is not None and not self.ctx.timeline.known
        if unknown or self._arm(update.request.install):
            BLUEPRINT.fire(update, "postpone")
            self._tell(_Status.INSTALL_SCHEDULED)
        else:
            BLUEPRINT.fire(update, "wait")
            self._store()
        # Whether anybody is being served is looked at when the turn is over (``check``).

    def _installed(self, report: Installed | NotInstalled | JobFailed) -> None:
        update = self.update
        if update is None:
            return
        if not isinstance(report, Installed):
            unfit = isinstance(report, NotInstalled) and report.unfit
            self._end(_Status.INSTALL_VERIFICATION_FAILED if unfit else _Status.INSTALLATION_FAILED, report.problem)
            return
        update.version = report.version
        if not self.ctx.plan.firmware.reboots:
            self._succeed(update)
            return
        BLUEPRINT.fire(update, "activate")
        self._tell(_Status.INSTALL_REBOOTING)
        restart = ResetRequested(None, False, StopReason.REBOOT, boot_reason=BootReason.FIRMWARE_UPDATE)
        self._reset.request(restart)

    def _succeed(self, update: Update) -> None:
        """The new firmware runs (L01.FR.28, .31)."""
        ledger = self.ctx.ledger
        if update.version:
            changed = self.ctx.variables.set(names.FIRMWARE_VERSION, update.version, hand="manufacturer")
            ledger.add(changed.records)
        self._tell(_Status.INSTALLED)
        self._log.raised(SecurityEventType.FIRMWARE_UPDATED, self._version())
        self.update = None
        ledger.delete(TABLE, _KEY)

    def _end(self, status: FirmwareStatus, problem: str = "") -> None:
        """The update failed. Its status stays for whoever asks; the address, which may hold a password, does not."""
        update = self.update
        if update is None:
            return
        self._attempts.stop()
        BLUEPRINT.fire(update, "end")
        self._tell(status)
        update.request = replace(
            update.request,
            location="",
            certificate="" if update.request.signed else None,
            signature=None,
        )
        self._store()
        if problem:
            self.ctx.publish("error", message=f"the firmware update failed ({status}): {problem}")

    def _tell(self, status: FirmwareStatus) -> None:
        """Tell a status, unless it is what was told last."""
        update, ctx = self.update, self.ctx
        if update is not None and update.told is not status:
            update.told = status
            self._store()
            request = update.request
            ctx.ledger.tell(
                FirmwareFact(status, ctx.stamp(), request.request_id, request.signed, offline=not ctx.online)
            )

    def _version(self) -> str:
        return self.ctx.variables.text(names.FIRMWARE_VERSION) or ""

    # Time, boots and rows

    def due(self) -> None:
        """A moment that was waited for has come, or the pause before the next attempt is over."""
        update = self.update
        if update is None:
            return
        if update.state in ("scheduled", "postponed"):
            self._look_at_the_clock(update)
        elif update.state == "downloading" and not self._attempts.under_way:
            self._fetch()

    def clock_changed(self) -> None:
        """What time it is was learnt, or corrected."""
        update = self.update
        if update is not None and update.state in ("scheduled", "postponed"):
            self._look_at_the_clock(update)

    def _look_at_the_clock(self, update: Update) -> None:
        scheduled = update.state == "scheduled"
        self._attempts.wake()
        if not self.ctx.timeline.known or self._arm(update.request.retrieve if scheduled else update.request.install):
            return
        if scheduled:
            self._fetch()
        else:
            BLUEPRINT.fire(update, "wait")
            self._store()
            self._attempts.rest(0.0)  # no EVSE has changed: have them looked at

    def woken(self) -> None:
        """A boot: go on, or say how it ended.

        An installation that a power cut interrupted has failed, unless another version runs now: then the installer
        itself has started the machine anew.
        """
        update = self.update
        if update is None:
            return
        if update.state == "activating" or (update.state == "installing" and self._version() != update.before):
            self._succeed(update)
        elif update.state == "installing":
            self._end(_Status.INSTALLATION_FAILED, "the installation was interrupted")
        elif update.state == "verifying" and not self._attempts.under_way:
            self._verify(update)

    def registered(self) -> None:
        """The CSMS is there: what was being downloaded is gone on with."""
        update = self.update
        if update is None or self._attempts.under_way:
            return
        if update.state == "downloading" and not self._attempts.resting:
            self._fetch()
        elif update.state == "postponed":
            self._look_at_the_clock(update)
        else:
            self._begin(update)

    def _store(self) -> None:
        if self.update is not None:
            self.ctx.ledger.put(TABLE, _KEY, to_row(self.update))

    def restore(self, key: str, row: Json) -> None:
        """Read the row back.

        Raises:
            ValueError, TypeError, KeyError: it is none of this program.
        """
        update = from_row(Update, row)
        request = update.request
        texts = are_texts(request.location, request.certificate or "", request.signature or "", update.name)
        texts = texts and are_texts(update.file, update.before, update.version)
        numbers = is_course(request.patience, update.attempts, request.request_id)
        if key != _KEY or update.state not in BLUEPRINT.states or not (texts and numbers):
            raise ValueError(key)
        self.update = update

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        return {} if self.update is None else {_KEY: to_row(self.update)}
