"""N. Diagnostics: problem events as NotifyEvent.

Events that the station sends by itself, without monitors: HardWiredNotification. Monitors that a CSMS sets are not
built, so no event has a ``variableMonitoringId`` or a severity.

Spec: OCPP 2.0.1 part 2, N07, 1.38, 2.22, 3.31, 3.32; G05 (lock failure).
"""

from __future__ import annotations

from typing import Any, Final

from ocpp.v201 import call as messages

from station.core.device_model import Scope
from station.core.problems import Condition, Problem, ProblemQuery
from station.ocpp.dialect import OutCall, View
from station.ocpp.times import timestamp, timestamp_of
from station.ocpp.v201.vocabulary import call

_HARDWIRED: Final = "HardWiredNotification"
_CODE_LENGTH: Final = 50
_INFO_LENGTH: Final = 500


def notify_event(query: ProblemQuery, view: View) -> OutCall:
    """The NotifyEvent of events that are told together: one message, so it is the first of its kind and the last.

    Spec: OCPP 2.0.1 N07.FR.07 (seqNo 0).
    """
    events = [_event(problem, view) for problem in query.problems]
    return call(messages.NotifyEvent(generated_at=timestamp(view.now_utc()), seq_no=0, event_data=events))


def _event(problem: Problem, view: View) -> dict[str, Any]:
    """EventDataType.

    ``trigger`` is Alerting, as for all hardwired notifications (3.32), but Delta for a lock (part 6, TC_G_20).
    ``cleared`` is there only where something returned to normal.
    """
    row = problem.condition.row
    event: dict[str, Any] = {
        "eventId": problem.id,
        "timestamp": timestamp_of(view.timeline.utc_s(problem.stamp)),
        "trigger": "Delta" if row.changes else "Alerting",
        "actualValue": "true" if problem.value else "false",
        "eventNotificationType": _HARDWIRED,
        "component": _component(problem.condition),
        "variable": {"name": row.variable if problem.condition.evse else "Problem"},
        "techCode": (row.code or problem.condition.fault.value)[:_CODE_LENGTH],
    }
    if problem.info:
        event["techInfo"] = problem.info[:_INFO_LENGTH]
    if not problem.active:
        event["cleared"] = True
    if problem.transaction_id is not None:
        event["transactionId"] = problem.transaction_id
    return event


def _component(condition: Condition) -> dict[str, Any]:
    """ComponentType: the part at its EVSE or connector; of a fault of the station as a whole, the station."""
    row = condition.row
    if not condition.evse:
        return {"name": "ChargingStation"}
    place: dict[str, Any] = {"id": condition.evse}
    if row.scope is Scope.CONNECTOR and condition.connector:
        place["connectorId"] = condition.connector
    return {"name": row.component, "evse": place}
