"""Log uploads: a log is collected, then sent to where the CSMS wants it; each step is told.

One upload at a time; a new request takes the place of the one before. What is in a log, and the transfer itself, are
jobs (``station.host.jobs.logs``). An upload that was promised is stored and goes on after a power cut.

Spec: OCPP 2.0.1 N01; OCPP 1.6 §4.4, §5.9; Security WP ed.3 N01.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from station.core.attempts import Attempts
from station.core.blueprint import Blueprint
from station.core.codec import from_row, to_row
from station.core.context import Context
from station.core.effects import Outcome, Reply
from station.core.events import TriggerLogStatus, UploadLog
from station.core.facts import LogFact, LogNotice
from station.core.jobs import JobFailed, Jobs
from station.core.records import Json
from station.core.updates import (
    Collected,
    CollectLog,
    LogRequest,
    SendLog,
    Sent,
    TransferEnded,
    UploadStatus,
    are_texts,
    is_course,
)

TABLE: Final = "log_upload"
DEADLINE: Final = "log_upload"
_KEY: Final = "upload"

BLUEPRINT: Final = Blueprint(
    "log upload",
    ["accepted", "uploading", "pausing"],
    [
        {"trigger": "send", "source": ["accepted", "pausing"], "dest": "uploading"},
        {"trigger": "pause", "source": "uploading", "dest": "pausing"},
    ],
)
"""``pausing`` waits for the next attempt. One that is over leaves nothing behind."""


@dataclass(slots=True, eq=False)
class Upload:
    """What is stored of an upload. ``state`` is the machine's."""

    request: LogRequest
    file: str
    state: str = BLUEPRINT.initial
    told: UploadStatus | None = None
    attempts: int = 0


class LogUpload:
    """The upload of one station: the one under way, and the request whose log is still being collected."""

    __slots__ = ("_collecting", "_tries", "ctx", "jobs", "upload")

    def __init__(self, ctx: Context, jobs: Jobs) -> None:
        self.ctx = ctx
        self.jobs = jobs
        self.upload: Upload | None = None
        self._collecting: tuple[int, UploadLog] | None = None
        self._tries: Attempts | None = None

    @property
    def _attempts(self) -> Attempts:
        """Made when first needed, as few stations ever do."""
        if self._tries is None:
            self._tries = Attempts(self.ctx, self.jobs, DEADLINE)
        return self._tries

    # Requests

    def request(self, event: UploadLog) -> None:
        """OCPP 2.0.1 N01.FR.01, .05, .12: answered when it is known what can be uploaded, and under which name."""
        if self._collecting is not None:
            job, before = self._collecting
            self.jobs.abandon(job)
            self._reply(before, Outcome("Rejected", "Canceled", "another log was asked for"))
        request = event.request
        task = CollectLog(request.kind, request.oldest, request.latest)
        self._collecting = self.jobs.start(task, lambda report: self._collected(event, report), asked=True), event

    def _collected(self, event: UploadLog, report: Collected | JobFailed) -> None:
        self._collecting = None
        if isinstance(report, JobFailed) or not report.file:
            self._reply(event, Outcome("Rejected", "NotAvailable", "there is no such log"))
            return
        before = self.upload
        self._attempts.stop()
        self.upload = upload = Upload(event.request, report.file)
        self._store()
        self._reply(event, Outcome("AcceptedCanceled" if before else "Accepted", data=report.file))
        self.ctx.ledger.undo(lambda: self._take_back(before), TABLE, _KEY)
        self.ctx.ledger.then(lambda: self._begin(upload, before))

    def _take_back(self, before: Upload | None) -> None:
        self.upload = before
        self.registered()

    def _reply(self, event: UploadLog, outcome: Outcome) -> None:
        self.ctx.ledger.promise(Reply(event.reply, outcome))

    def trigger(self, event: TriggerLogStatus) -> None:
        """Idle unless a log is being uploaded (N01.FR.13); 1.6 has a message for each of two kinds of request."""
        upload = self.upload
        numbered = event.numbered
        if upload is not None and numbered is not None and numbered is (upload.request.request_id is None):
            upload = None
        if upload is None:
            self.ctx.notify(LogNotice(UploadStatus.IDLE, None, numbered is not False))
        else:
            self.ctx.notify(LogNotice(UploadStatus.UPLOADING, upload.request.request_id, numbered is not False))

    # Its course

    def _begin(self, upload: Upload, before: Upload | None) -> None:
        """The request is stored. The one before it is told to be over (N01.FR.20).

        A request without a number has an answer that cannot say so: then a numbered one before it has failed
        (Security WP N01.FR.10).
        """
        if self.upload is upload:
            if before is not None:
                unsaid = upload.request.request_id is None and before.request.request_id is not None
                self._tell(before, UploadStatus.UPLOAD_FAILURE if unsaid else UploadStatus.ACCEPTED_CANCELED)
            self._send(upload)

    def _send(self, upload: Upload) -> None:
        BLUEPRINT.fire(upload, "send")
        self._tell(upload, UploadStatus.UPLOADING)
        self._attempts.begin(SendLog(upload.file, upload.request.location), self._sent)

    def _sent(self, report: Sent | TransferEnded | JobFailed) -> None:
        upload = self.upload
        if upload is None:
            return
        if isinstance(report, Sent):
            self._end(upload, UploadStatus.UPLOADED)
            return
        upload.attempts += 1
        if not upload.request.patience.over(upload.attempts, report):
            BLUEPRINT.fire(upload, "pause")
            self._store()
            self._attempts.rest(upload.request.patience.interval_s)
            return
        failed = report.status if isinstance(report, TransferEnded) else UploadStatus.UPLOAD_FAILURE
        self._end(upload, failed)
        self.ctx.publish("error", message=f"the log was not uploaded ({failed}): {report.problem}")

    def _end(self, upload: Upload, status: UploadStatus) -> None:
        self._tell(upload, status)
        self.upload = None
        self.ctx.ledger.delete(TABLE, _KEY)

    def _tell(self, upload: Upload, status: UploadStatus) -> None:
        """Tell a status, unless it is what was told last."""
        ctx = self.ctx
        if upload.told is not status:
            upload.told = status
            self._store()
            ctx.ledger.tell(LogFact(status, ctx.stamp(), upload.request.request_id, offline=not ctx.online))

    # Time, boots and rows

    def due(self) -> None:
        """The pause before the next attempt is over."""
        if self.upload is not None and not self._attempts.under_way:
            self._send(self.upload)

    def registered(self) -> None:
        """The CSMS is there: what a power cut interrupted goes on."""
        if self.upload is not None and not (self._attempts.under_way or self._attempts.resting):
            self._send(self.upload)

    def _store(self) -> None:
        if self.upload is not None:
            self.ctx.ledger.put(TABLE, _KEY, to_row(self.upload))

    def restore(self, key: str, row: Json) -> None:
        """Read the row back.

        Raises:
            ValueError, TypeError, KeyError: it is none of this program.
        """
        upload = from_row(Upload, row)
        request = upload.request
        sound = are_texts(request.location, upload.file)
        sound = sound and is_course(request.patience, upload.attempts, request.request_id)
        if key != _KEY or upload.state not in BLUEPRINT.states or not sound:
            raise ValueError(key)
        self.upload = upload

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        return {} if self.upload is None else {_KEY: to_row(self.upload)}
