"""What real parts report beside their state: faults by source, a security event for a housing that was opened."""

from __future__ import annotations

from typing import Any

from drivers.api import ContactorState, LockState, PilotState
from station.core.events import SecurityEvent
from station.core.hardware_faults import cleared, raised
from station.core.security_events import SecurityEventType
from station.host.troubles import Troubles, words_of


def contactor(*alarms: Any, fault: Any = None) -> ContactorState:
    return ContactorState(False, False, fault, alarms)


def pilot(*alarms: Any) -> PilotState:
    return PilotState("A", alarms=alarms)


class Heard:
    def __init__(self) -> None:
        self.events: list[Any] = []
        self.troubles = Troubles(2, self.events.append)

    def report(self, part: str, state: Any) -> list[Any]:
        self.events.clear()
        self.troubles.report(part, state)
        return list(self.events)


def test_an_alarm_is_a_fault_as_long_as_it_stands() -> None:
    heard = Heard()
    assert heard.report("contactor", contactor()) == []
    both = contactor("emergency_stop", "residual_current")
    assert heard.report("contactor", both) == [raised(2, "emergency_stop"), raised(2, "residual_current")]
    assert heard.report("contactor", both) == []
    assert heard.report("contactor", contactor("residual_current")) == [cleared(2, "emergency_stop")]
    assert heard.report("contactor", contactor()) == [cleared(2, "residual_current")]


def test_two_parts_that_report_the_same_are_two_sources() -> None:
    heard = Heard()
    assert heard.report("contactor", contactor("relay")) == [raised(2, "relay")]
    assert heard.report("pilot", pilot("relay")) == [raised(2, "relay#pilot")]
    assert heard.report("contactor", contactor()) == [cleared(2, "relay")]
    assert heard.report("pilot", pilot()) == [cleared(2, "relay#pilot")]


def test_a_contradiction_of_the_contactor_is_not_over_when_its_driver_says_so() -> None:
    heard = Heard()
    assert heard.report("contactor", contactor(fault="weld")) == [raised(2, "contactor_weld")]
    assert heard.report("contactor", contactor()) == []
    assert heard.report("contactor", contactor(fault="stuck_open")) == [raised(2, "contactor_stuck_open")]
    assert heard.report("contactor", contactor(fault="coil_current")) == [raised(2, "contactor_coil_current")]
    assert heard.report("contactor", contactor()) == [cleared(2, "contactor_coil_current")]


def test_a_housing_that_was_opened_is_a_security_event_and_no_fault() -> None:
    heard = Heard()
    (event,) = heard.report("pilot", pilot("tamper"))
    assert isinstance(event, SecurityEvent)
    assert event.type == SecurityEventType.TAMPER_DETECTION_ACTIVATED
    assert heard.report("pilot", pilot()) == []


def test_what_is_no_word_says_nothing_more() -> None:
    assert words_of("contactor", contactor(fault="Not A Word!")) == {"contactor_fault"}
    assert words_of("pilot", pilot("", 7, "x" * 100)) == {"fault#pilot"}
    assert len(words_of("pilot", pilot(*(f"a{n}" for n in range(100))))) == 16
    assert words_of("lock", LockState(False, False, "stuck")) == frozenset()


def test_another_core_hears_of_what_stands() -> None:
    heard = Heard()
    heard.report("contactor", contactor("relay"))
    heard.troubles.forget()
    assert heard.report("contactor", contactor("relay")) == [raised(2, "relay")]
