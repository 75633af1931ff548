"""GetDiagnostics and GetLog (OCPP 1.6 §5.9; Security WP ed.3 §5.9, N01)."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import LogStatus

from station.core.effects import Outcome
from station.core.events import UploadLog
from station.core.updates import LogKind, LogRequest, Patience
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.payload import decode
from station.ocpp.times import moment
from station.ocpp.v16.inbound.request import Payload, Request, answer

_PROMISED: Final = {"Accepted": LogStatus.accepted, "AcceptedCanceled": LogStatus.accepted_canceled}


def _get_diagnostics(payload: Payload, reply: int, _view: View) -> Inbound:
    asked = decode(call.GetDiagnostics, payload)
    request = LogRequest(
        LogKind.DIAGNOSTICS,
        asked.location,
        Patience.of(asked.retries, asked.retry_interval),
        oldest=moment(asked.start_time),
        latest=moment(asked.stop_time),
    )
    return Defer(UploadLog(reply, request))


def _diagnostics(_payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    """Without a file name there are no diagnostics (§5.9)."""
    return answer(call_result.GetDiagnostics(outcome.data if outcome.status in _PROMISED else None))


def _get_log(payload: Payload, reply: int, _view: View) -> Inbound:
    asked = decode(call.GetLog, payload)
    request = LogRequest(
        LogKind(asked.log_type),
        asked.log["remoteLocation"],
        Patience.of(asked.retries, asked.retry_interval),
        asked.request_id,
        moment(asked.log.get("oldestTimestamp")),
        moment(asked.log.get("latestTimestamp")),
    )
    return Defer(UploadLog(reply, request))


def _log(_payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    status = _PROMISED.get(outcome.status)
    if status is None:
        return answer(call_result.GetLog(LogStatus.rejected))
    return answer(call_result.GetLog(status, outcome.data))


REQUESTS: Final = {
    "GetDiagnostics": Request(_get_diagnostics, _diagnostics),
    "GetLog": Request(_get_log, _log),
}
