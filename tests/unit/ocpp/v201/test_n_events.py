"""NotifyEvent as it goes over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from station.core.problems import Condition, Problem, ProblemQuery, ProblemsTold
from station.core.values import Fault, Stamp
from station.ocpp.v201 import DIALECT
from tests.support.fake_view import FakeView
from tests.support.wire201 import obeys


def event(condition: Condition, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"active": True, "value": True, "info": "", "stamp": Stamp(5.0, 1), **more}
    call = DIALECT.ask(ProblemQuery((Problem(7, condition, **values),)), FakeView())
    assert call.action == "NotifyEvent"
    payload = obeys(call)
    assert payload["seqNo"] == 0
    assert payload["generatedAt"] == "2026-01-01T00:00:00.000Z"
    (only,) = payload["eventData"]
    return dict(only)


@pytest.mark.spec("G05.FR.02")
def test_a_lock_is_told_at_its_connector() -> None:
    assert event(
        Condition(1, 2, Fault.CONNECTOR_LOCK_FAILURE, "lock_not_closed"), info="stuck", transaction_id="t1"
    ) == {
        "eventId": 7,
        "timestamp": "2026-01-01T00:00:05.000Z",
        "trigger": "Delta",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 2}},
        "variable": {"name": "Problem"},
        "techCode": "LockNotClosed",
        "techInfo": "stuck",
        "transactionId": "t1",
    }


@pytest.mark.spec("3.32 EventTriggerEnumType")
def test_others_are_alerts_at_their_evse() -> None:
    told = event(Condition(2, 0, Fault.OTHER_ERROR, "emergency_stop#pilot"))
    assert told["trigger"] == "Alerting"
    assert told["component"] == {"name": "EmergencyStopSensor", "evse": {"id": 2}}
    assert (told["variable"], told["techCode"]) == ({"name": "Active"}, "EmergencyStop")


def test_the_end_of_one_is_told_with_the_value_that_there_is_now() -> None:
    gone = event(Condition(1, 0, Fault.POWER_METER_FAILURE, "meter_lost"), active=False, value=True)
    assert (gone["cleared"], gone["actualValue"]) == (True, "true")


def test_a_fault_of_the_station_is_its_problem() -> None:
    told = event(Condition(0, 0, Fault.GROUND_FAILURE, "residual_current"))
    assert (told["component"], told["variable"]) == ({"name": "ChargingStation"}, {"name": "Problem"})
    assert told["techCode"] == "ResidualCurrent"


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_without_a_source_can_be_told(fault: Fault) -> None:
    assert event(Condition(1, 1, fault))["techCode"] == fault.value


def test_texts_of_drivers_are_cut() -> None:
    told = event(Condition(1, 0, Fault.OTHER_ERROR, "x" * 80), info="y" * 900)
    assert (len(told["techCode"]), len(told["techInfo"])) == (50, 500)


def test_the_answer_says_that_it_was_told() -> None:
    assert DIALECT.answered(ProblemQuery(()), {}, FakeView()) == ProblemsTold()
