"""Block N, diagnostics: GetLog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import UploadLog
from station.core.updates import LogKind, LogRequest, Patience
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.numbers import whole
from station.ocpp.times import moment
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, status_info


def get_log(payload: Payload, reply: int, _view: View) -> Inbound:
    """Upload the diagnostics or the security log (N01.FR.03, .04)."""
    log = payload["log"]
    request = LogRequest(
        LogKind(payload["logType"]),
        log["remoteLocation"],
        Patience.of(whole(payload.get("retries")), whole(payload.get("retryInterval"))),
        whole(payload["requestId"]),
        moment(log.get("oldestTimestamp")),
        moment(log.get("latestTimestamp")),
    )
    return Defer(UploadLog(reply, request))


def log_answered(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """With the name of the file where one is uploaded (N01.FR.01, .05, .12)."""
    info = status_info(outcome.reason, outcome.info)
    return answer(call_result.GetLog(status=outcome.status, status_info=info, filename=outcome.data))


HANDLERS: Final[Mapping[str, Handler]] = {"GetLog": get_log}
WORDINGS: Final[Mapping[str, Wording]] = {"GetLog": log_answered}
