"""Answers and status as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from station.cli.text import answer_lines, bar, clean, evse_line, status_lines

EVSE: dict[str, Any] = {"evse": 1, "status": "Occupied", "plugged": True, "power_w": 10900.0, "faults": []}


def test_an_evse_that_charges_says_with_which_card_and_how_much() -> None:
    line = evse_line({**EVSE, "transaction": {"id": "a", "transactionId": 7, "token": "AA12345", "energy_wh": 30.0}})
    assert line == "EVSE 1  Occupied      car: plugged in  10.9 kW  transaction 7  card AA12345  0.03 kWh"


def test_faults_stand_in_the_line() -> None:
    assert evse_line({**EVSE, "power_w": 0.0, "faults": ["ReaderFailure"]}).endswith("faults: ReaderFailure")


def test_a_station_that_was_never_connected_has_no_version_and_no_boot() -> None:
    first, *evses = status_lines(
        {"id": "CP-1", "online": False, "version": None, "boot": None, "queue": 2, "evses": []}
    )
    assert first == " CP-1  offline  OCPP -  boot -  queue 2"
    assert evses == []


def test_the_trace_of_a_card_is_shown_when_asked_for() -> None:
    data = {"result": "REJECTED", "reason": "Invalid", "trace": ["asked the CSMS", "Invalid"]}
    assert list(answer_lines("tap", data)) == [" REJECTED  Invalid"]
    assert list(answer_lines("tap", data, explain=True))[1:] == ["   asked the CSMS", "   Invalid"]


@pytest.mark.parametrize(("percent", "shown"), [(0, "----"), (50, "##--"), (100, "####"), (-5, "----"), (400, "####")])
def test_a_bar(percent: float, shown: str) -> None:
    assert bar(percent, 4) == shown


def test_a_stranger_s_text_does_not_steer_the_terminal() -> None:
    assert clean("\x1b[2Jred\n") == "?[2Jred?"
