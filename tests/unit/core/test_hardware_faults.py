"""The table from hardware words to faults: complete, within the limits of the messages, and found by every spelling."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from drivers.api import Alarm
from station.core.catalogue import build_catalogue
from station.core.device_model import Address, Scope
from station.core.faults import HARMLESS
from station.core.hardware_faults import ALARMS, TABLE, cleared, hardware_fault, raised
from station.core.values import Fault, StopReason

CATALOGUE = build_catalogue(frozenset({"core"}))


def test_every_alarm_of_a_driver_is_a_fault_but_for_an_opened_housing() -> None:
    assert set(ALARMS) == set(get_args(Alarm)) - {"tamper"}


@pytest.mark.spec("OCPP 1.6 §6.47", "2.22 EventDataType")
@pytest.mark.parametrize("word", list(TABLE))
def test_texts_fit_into_the_messages(word: str) -> None:
    row = TABLE[word]
    assert 0 < len(row.code) <= 50
    assert " " not in row.code
    assert 0 < len(row.info) <= 50


@pytest.mark.parametrize("row", [*TABLE.values(), *(hardware_fault("", fault) for fault in Fault)])
def test_every_variable_is_in_the_device_model(row) -> None:
    place = (1, 1) if row.scope is Scope.CONNECTOR else (1, None)
    definition = CATALOGUE.find(Address(row.component, None, *place, row.variable))
    assert definition is not None
    assert definition.computed


@pytest.mark.parametrize(
    ("word", "fault", "stop"),
    [
        ("emergency_stop", Fault.OTHER_ERROR, StopReason.EMERGENCY_STOP),
        ("residual_current#pilot", Fault.GROUND_FAILURE, None),
        ("over_current", Fault.OVER_CURRENT_FAILURE, None),
        ("contactor_weld", Fault.POWER_SWITCH_FAILURE, None),
        ("meter_lost", Fault.POWER_METER_FAILURE, None),
        ("reader_lost#2", Fault.READER_FAILURE, None),
    ],
)
def test_words_become_events(word: str, fault: Fault, stop: StopReason | None) -> None:
    event, gone = raised(1, word), cleared(1, word)
    assert (event.fault, event.source, gone.fault, gone.source) == (fault, word, fault, word)
    assert hardware_fault(word, fault).info
    assert hardware_fault(word, fault).stop is stop


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("contactor_coil_open", Fault.POWER_SWITCH_FAILURE),
        ("lock_jammed", Fault.CONNECTOR_LOCK_FAILURE),
        ("meter_frozen", Fault.POWER_METER_FAILURE),
        ("gremlins", Fault.OTHER_ERROR),
        ("", Fault.OTHER_ERROR),
    ],
)
def test_an_unknown_word_is_a_fault_of_its_part_and_its_own_code(word: str, fault: Fault) -> None:
    assert raised(1, word).fault is fault
    assert hardware_fault(word, fault).code == word


def test_parts_without_which_a_car_charges_are_harmless() -> None:
    harmless = {word for word, row in TABLE.items() if row.fault in HARMLESS}
    assert {word.partition("_")[0] for word in harmless} == {"meter", "reader"}


@pytest.mark.parametrize("word", list(TABLE))
def test_the_page_for_people_says_the_same(word: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "faults.md").read_text()
    row = TABLE[word]
    cells = next(line.split(" | ") for line in page.splitlines() if line.startswith(f"| {word} | "))
    assert cells[1:4] == [row.fault.value, row.code, f"{row.component}.{row.variable}"]
