"""What a profile says about variables: three spellings, one place, every mistake with its position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from station.config import ConfigError, from_mapping
from station.core.variables import Variables
from station.host.kind import DIALECTS, Kind


def kind(**blocks: Any) -> Kind:
    profile = from_mapping({"station": {"id": "A"}, "store": "memory", **blocks}, Path("/nonexistent"), env={}).profile
    return Kind(profile)


def variables(version: str = "ocpp1.6", **blocks: Any) -> Variables:
    return Variables(kind(**blocks).model(DIALECTS[version]))


def test_a_key_an_address_and_a_short_name_are_the_same_thing() -> None:
    for blocks in (
        {"variables": {"WebSocketPingInterval": 45}},
        {"variables": {"OCPPCommCtrlr.WebSocketPingInterval": 45}},
        {"csms": {"ping": "45s"}},
    ):
        assert variables(**blocks).integer("OCPPCommCtrlr.WebSocketPingInterval") == 45


def test_the_same_thing_twice_and_differently_is_an_error() -> None:
    with pytest.raises(ConfigError, match="given twice and differently"):
        kind(csms={"ping": "45s"}, variables={"WebSocketPingInterval": 60}).check()
    kind(csms={"ping": "60s"}, variables={"WebSocketPingInterval": 60}).check()


def test_a_fraction_of_a_second_is_kept() -> None:
    found = variables(metering={"sample": "500ms"}, csms={"reconnect": {"wait": "1.5s"}})
    assert found.number("SampledDataCtrlr.TxUpdatedInterval") == 0.5
    assert found.number("OCPPCommCtrlr.RetryBackOffWaitMinimum") == 1.5


@pytest.mark.spec("OCPP 1.6 §9.1.27")
def test_in_1_6_the_values_of_the_end_are_taken_as_often_as_those_in_between() -> None:
    end = "SampledDataCtrlr.TxEndedInterval"
    assert variables("ocpp1.6", metering={"sample": "10s"}).integer(end) == 10
    assert variables("ocpp2.0.1", metering={"sample": "10s"}).integer(end) == 0


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        kind(variables={"HeartbeatIntervall": 1, "MeterValueSampleInterval": "x", "Acme": "soft"}).check()
    text = str(caught.value)
    assert "did you mean HeartbeatInterval?" in text
    assert "'x' is not an integer" in text
    assert "Acme: no standard knows this name" in text


def test_a_vendors_variable_needs_a_type_and_then_exists() -> None:
    setting = {"value": "soft", "type": "string", "values": ["soft", "bright"]}
    assert variables(variables={"AcmeLightMode": setting}).text("CustomizationCtrlr.AcmeLightMode") == "soft"


def test_on_and_off_are_booleans() -> None:
    found = variables(variables={"StopTransactionOnInvalidId": "off", "AuthCtrlr.LocalPreAuthorize": "yes"})
    assert not found.flag("TxCtrlr.StopTxOnInvalidId")
    assert found.flag("AuthCtrlr.LocalPreAuthorize")


def test_what_an_evse_cannot_carry_is_refused_where_it_is_written() -> None:
    power = {"EVSE@1.Power#MaxSet": 22000}
    with pytest.raises(ConfigError, match="22000 is above 11040"):
        kind(evses=[{"id": 1, "max_current": "16A", "phases": 3}], variables=power).check()
    kind(evses=[{"id": 1, "max_current": "32A", "phases": 3}], variables=power).check()
