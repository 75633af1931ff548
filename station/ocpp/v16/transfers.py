"""Statuses of firmware updates and log uploads in OCPP 1.6. Called by ``outbound``.

1.6 has two families of messages: its own, without request ids, and those of the Security Whitepaper, which number
their requests. An update or upload is told in the family in which it was asked for.

Spec: OCPP 1.6 §4.4, §4.5, §7.24, §7.25; Security WP ed.3 §5.13, §5.19, §6.8, §6.19.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v16 import call
from ocpp.v16.enums import DiagnosticsStatus, FirmwareStatus, UploadLogStatus

from station.core.facts import FirmwareFact, FirmwareNotice, LogFact, LogNotice
from station.core.updates import FirmwareStatus as Step
from station.core.updates import UploadStatus
from station.ocpp.dialect import OutCall
from station.ocpp.payload import encode

_PLAIN: Final[Mapping[Step, FirmwareStatus]] = {
    Step.DOWNLOADING: FirmwareStatus.downloading,
    Step.DOWNLOADED: FirmwareStatus.downloaded,
    Step.DOWNLOAD_FAILED: FirmwareStatus.download_failed,
    Step.INSTALLING: FirmwareStatus.installing,
    Step.INSTALLED: FirmwareStatus.installed,
    Step.INSTALLATION_FAILED: FirmwareStatus.installation_failed,
    Step.INSTALL_VERIFICATION_FAILED: FirmwareStatus.installation_failed,
}
"""§7.25; steps that it has no word for are not told."""

_STANDS: Final[Mapping[Step, FirmwareStatus]] = {
    **_PLAIN,
    Step.DOWNLOAD_SCHEDULED: FirmwareStatus.idle,
    Step.SIGNATURE_VERIFIED: FirmwareStatus.downloaded,
    Step.INVALID_SIGNATURE: FirmwareStatus.installation_failed,
    Step.INSTALL_SCHEDULED: FirmwareStatus.downloaded,
    Step.INSTALL_REBOOTING: FirmwareStatus.installing,
    Step.IDLE: FirmwareStatus.idle,
}
"""How an update stands, in the words of §7.25, for somebody who asks."""

_DIAGNOSTICS: Final[Mapping[UploadStatus, DiagnosticsStatus]] = {
    UploadStatus.IDLE: DiagnosticsStatus.idle,
    UploadStatus.UPLOADING: DiagnosticsStatus.uploading,
    UploadStatus.UPLOADED: DiagnosticsStatus.uploaded,
    UploadStatus.UPLOAD_FAILURE: DiagnosticsStatus.upload_failed,
    UploadStatus.BAD_MESSAGE: DiagnosticsStatus.upload_failed,
    UploadStatus.NOT_SUPPORTED_OPERATION: DiagnosticsStatus.upload_failed,
    UploadStatus.PERMISSION_DENIED: DiagnosticsStatus.upload_failed,
}


def firmware_fact(fact: FirmwareFact) -> OutCall | None:
    """The message of a step; None where 1.6 has no word for it."""
    if fact.signed:
        return _signed(fact.status, fact.request_id)
    status = _PLAIN.get(fact.status)
    return _firmware(status) if status is not None else None


def firmware_notice(notice: FirmwareNotice) -> OutCall:
    """How an update stands, for a TriggerMessage or an ExtendedTriggerMessage."""
    if notice.signed:
        return _signed(notice.status, notice.request_id)
    return _firmware(_STANDS[notice.status])


def log_fact(fact: LogFact) -> OutCall | None:
    """The message of a step; that an upload was cancelled, 1.6 tells by the answer to the next request alone."""
    if fact.status is UploadStatus.ACCEPTED_CANCELED:
        return None
    return _log(fact.status, fact.request_id) if fact.request_id is not None else _diagnostics(fact.status)


def log_notice(notice: LogNotice) -> OutCall:
    """How an upload stands, for a TriggerMessage or an ExtendedTriggerMessage."""
    return _log(notice.status, notice.request_id) if notice.numbered else _diagnostics(notice.status)


def _firmware(status: FirmwareStatus) -> OutCall:
    return OutCall("FirmwareStatusNotification", encode(call.FirmwareStatusNotification(status)))


def _signed(status: Step, request_id: int | None) -> OutCall:
    # The package takes requestId for required; the Whitepaper leaves it out with Idle (L01.FR.21).
    request = call.SignedFirmwareStatusNotification(FirmwareStatus(status.value), request_id)
    return OutCall("SignedFirmwareStatusNotification", encode(request))


def _diagnostics(status: UploadStatus) -> OutCall:
    return OutCall("DiagnosticsStatusNotification", encode(call.DiagnosticsStatusNotification(_DIAGNOSTICS[status])))


def _log(status: UploadStatus, request_id: int | None) -> OutCall:
    request = call.LogStatusNotification(UploadLogStatus(status.value), request_id)
    return OutCall("LogStatusNotification", encode(request))
