"""The words of file transfers that the CSMS asks for: firmware updates and log uploads. Values only.

Their course is ``station.core.firmware`` and ``station.core.log_upload``; who carries out the tasks is
``station.host.jobs``. Statuses are spelled as in OCPP 2.0.1 part 2, chapter 3.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final

from station.core.frozen import dataclass

RETRIES: Final = 2
"""How often a transfer is tried again where the CSMS does not say (OCPP 1.6 §6.25, §6.55: left to the station)."""

RETRY_INTERVAL_S: Final = 10.0
"""How long to wait before each of these."""

_LEAST_INTERVAL_S: Final = 1.0
_MOST_INTERVAL_S: Final = 7 * 86400.0


class FirmwareStatus(StrEnum):
    """OCPP 2.0.1 FirmwareStatusEnumType."""

    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOADING = "Downloading"
    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    SIGNATURE_VERIFIED = "SignatureVerified"
    INVALID_SIGNATURE = "InvalidSignature"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALLING = "Installing"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALLED = "Installed"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"
    IDLE = "Idle"


class UploadStatus(StrEnum):
    """OCPP 2.0.1 UploadLogStatusEnumType."""

    IDLE = "Idle"
    UPLOADING = "Uploading"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    BAD_MESSAGE = "BadMessage"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class LogKind(StrEnum):
    """OCPP 2.0.1 LogEnumType, the two that Core and 1.6 know."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a transfer is tried again, and after how many seconds. ``asked``: the CSMS has said how often.

    Then it is tried so often even where that cannot help (OCPP 2.0.1 TC_N_26, errata 2025-01).
    """

    retries: int = RETRIES
    interval_s: float = RETRY_INTERVAL_S
    asked: bool = False

    def over(self, attempts: int, last: object) -> bool:
        """Whether it is given up after so many attempts, the last of which was reported so."""
        lasting = isinstance(last, TransferEnded) and last.lasting
        return attempts > self.retries or (lasting and not self.asked)

    @staticmethod
    def of(retries: int | None, interval_s: float | None) -> Patience:
        """What the CSMS asks for; what it leaves out, or what cannot be, is ours."""
        return Patience(
            RETRIES if retries is None else max(0, retries),
            RETRY_INTERVAL_S if interval_s is None else min(max(_LEAST_INTERVAL_S, interval_s), _MOST_INTERVAL_S),
            retries is not None,
        )


def are_texts(*values: object) -> bool:
    """Whether these, read from a row, are texts."""
    return all(isinstance(value, str) for value in values)


def is_course(patience: Patience, attempts: object, request_id: object) -> bool:
    """Whether these, read from a row, are numbers to go on with."""
    whole = all(isinstance(value, int) for value in (patience.retries, attempts))
    return whole and isinstance(patience.interval_s, (int, float)) and isinstance(request_id, (int, type(None)))


@dataclass(frozen=True, slots=True)
class FirmwareRequest:
    """What the CSMS wants installed.

    ``certificate`` (PEM) and ``signature`` (base64) are None in an unsigned request; ``location`` may hold credentials.
    """

    location: str = field(repr=False)
    retrieve: datetime
    install: datetime | None = None
    patience: Patience = Patience()
    request_id: int | None = None
    certificate: str | None = field(default=None, repr=False)
    signature: str | None = field(default=None, repr=False)

    @property
    def signed(self) -> bool:
        """Whether it is a secure update (L01) rather than a plain one (L02)."""
        return self.certificate is not None or self.signature is not None


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What the CSMS wants uploaded, and where to. ``oldest`` and ``latest`` bound what stands in it."""

    kind: LogKind
    location: str = field(repr=False)
    patience: Patience = Patience()
    request_id: int | None = None
    oldest: datetime | None = None
    latest: datetime | None = None


# Tasks, and the reports that end them


@dataclass(frozen=True, slots=True)
class CheckSigner:
    """Is this a certificate of the manufacturer for signing firmware? Ends in ``SignerChecked``."""

    certificate: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignerChecked:
    """``status``: Accepted, InvalidCertificate or RevokedCertificate (OCPP 2.0.1 UpdateFirmwareStatusEnumType)."""

    status: str
    info: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """Fetch the firmware to a file called ``name``, going on from what is there. ``Arrived`` or ``TransferEnded``."""

    name: str
    location: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """The file is there; ``file`` is its name."""

    file: str


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """A transfer did not come about. ``lasting``: trying again cannot help."""

    problem: str
    lasting: bool = False
    status: UploadStatus = UploadStatus.UPLOAD_FAILURE


@dataclass(frozen=True, slots=True)
class VerifySignature:
    """Is this the manufacturer's file? Ends in ``SignatureChecked``."""

    file: str
    certificate: str = field(repr=False)
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignatureChecked:
    """Whether the signature is that of the file. ``info`` says why it is not."""

    valid: bool
    info: str = ""


@dataclass(frozen=True, slots=True)
class Install:
    """Install a file that has arrived and, where it is signed, was verified. ``Installed`` or ``NotInstalled``."""

    file: str


@dataclass(frozen=True, slots=True)
class Installed:
    """The firmware is installed; ``version`` is empty where nobody knows it."""

    version: str = ""


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """The firmware was not installed. ``unfit``: the file itself is no firmware for this station."""

    problem: str
    unfit: bool = False


@dataclass(frozen=True, slots=True)
class CollectLog:
    """Write a log to a file. Ends in ``Collected``."""

    kind: LogKind
    oldest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """The log stands in ``file``; empty where there is nothing to tell."""

    file: str


@dataclass(frozen=True, slots=True)
class SendLog:
    """Upload a collected file. Ends in ``Sent`` or ``TransferEnded``."""

    file: str
    location: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """The server has the file."""
