"""Names of variables as commands take them: keys of 1.6, addresses of 2.x, names of the vendor."""

from __future__ import annotations

import pytest

from station.host.configuration import delete_items, set_items
from station.host.execution import CommandRefused


def named(name: str, value: str) -> list[tuple[str, str, str]]:
    return [(str(address), attribute, text) for address, attribute, text in set_items(name, value)]


@pytest.mark.parametrize(
    "name", ["WebSocketPingInterval", "websocketpinginterval", "OCPPCommCtrlr.WebSocketPingInterval"]
)
def test_a_key_and_an_address_are_the_same_variable(name: str) -> None:
    assert named(name, "45") == [("OCPPCommCtrlr.WebSocketPingInterval", "Actual", "45")]
    assert [str(address) for address in delete_items(name)] == ["OCPPCommCtrlr.WebSocketPingInterval"]


def test_a_key_that_is_two_variables_sets_both() -> None:
    assert ("SampledDataCtrlr.TxEndedInterval", "Actual", "30") in named("MeterValueSampleInterval", "30")
    assert ("SampledDataCtrlr.TxUpdatedInterval", "Actual", "30") in named("MeterValueSampleInterval", "30")


def test_an_address_names_an_attribute() -> None:
    ((_, attribute, value),) = named("EVSE@1.Power#MaxSet", "11000")
    assert (attribute, value) == ("MaxSet", "11000")


def test_a_name_without_a_dot_that_no_standard_knows_is_the_vendor_s() -> None:
    ((address, _, _),) = named("AcmeLightMode", "soft")
    assert address.endswith(".AcmeLightMode")


@pytest.mark.parametrize(("name", "value"), [("a..b", "1"), ("[.x", "1"), ("NumberOfConnectors", "2")])
def test_what_is_no_name_or_is_computed_is_refused(name: str, value: str) -> None:
    with pytest.raises(CommandRefused):
        set_items(name, value)
