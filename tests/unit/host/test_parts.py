"""What a profile's hardware becomes before anything is opened, and what the first attempts mean for a start."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drivers import registry
from drivers.api import DeviceMissing, DriverBusy, DriverLost, DriverMissing, DriverUnsupported, OptionError
from station.config import from_mapping
from station.host.kind import Kind
from station.host.parts import kind_for, mends_itself, slots_of, sorted_out


def part(name: str, driver: str = "real") -> SimpleNamespace:
    return SimpleNamespace(part=name, driver=driver, simulated=driver == "sim", parsed={"of": name})


def profile(*parts: SimpleNamespace, contactor: Any = None) -> Any:
    hardware = SimpleNamespace(parts=parts, contactor=contactor)
    return SimpleNamespace(auth=SimpleNamespace(readers=()), evses=[SimpleNamespace(id=1, hardware=hardware)])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []
    driver = SimpleNamespace(open=lambda options: made.append(options) or options)
    monkeypatch.setattr(registry, "find", lambda kind, name: driver)
    return made


def test_every_real_part_has_a_slot_and_nothing_is_opened(opened: list[Any]) -> None:
    given = profile(part("pilot"), part("contactor"), part("meter", "sim"), contactor=part("contactor"))
    slots = slots_of(given)
    assert set(slots) == {(1, "pilot"), (1, "contactor")}
    assert opened == []
    assert slots[1, "pilot"].device() == {"of": "pilot"}
    assert slots[1, "pilot"] is not slots[1, "contactor"]


def test_a_pilot_alone_stands_for_the_contactor_too(opened: list[Any]) -> None:
    slots = slots_of(profile(part("pilot")))
    assert slots[1, "contactor"] is slots[1, "pilot"]


def test_a_simulated_station_has_none() -> None:
    assert slots_of(from_mapping({}, Path("/nonexistent"), env={}).profile) == {}


def test_what_the_devices_are_changes_what_the_station_is() -> None:
    loaded = from_mapping({"csms": {"url": "ws://csms.test"}, "evses": [{"id": 1}, {"id": 2}]}, Path("/none"), env={})
    simulated = Kind(loaded.profile)
    signing = SimpleNamespace(public_key="oca:base16:asn1:00", read=None)
    kind = kind_for(loaded.profile, {(1, "meter"): signing, (2, "contactor"): SimpleNamespace()})
    first, second = kind.plan(kind.dialects[0]).evses
    assert (first.signing_meter, second.signing_meter) == (True, False)
    assert (first.polled_meter, second.polled_meter) == (True, False)
    # A thread sees a movement a look later than it happened.
    assert kind.plan(kind.dialects[0]).settle_s > simulated.plan(simulated.dialects[0]).settle_s
    assert not any(evse.signing_meter for evse in simulated.plan(simulated.dialects[0]).evses)


def test_waiting_mends_a_device_that_is_not_there_yet_and_no_missing_library() -> None:
    for error in (DeviceMissing("unplugged"), DriverBusy("held"), DriverLost("silent"), OSError("whatever")):
        assert mends_itself(error)
    for error in (DriverMissing("no library"), DriverUnsupported("no such model"), OptionError("pin", "none")):
        assert not mends_itself(error)


def test_what_is_not_there_yet_is_said_once_with_the_hint() -> None:
    errors = [
        ("EVSE 1 meter", DeviceMissing("/dev/ttyUSB1 is not there", "is it plugged in?")),
        ("EVSE 1 meter", DeviceMissing("/dev/ttyUSB1 is not there", "is it plugged in?")),
        ("EVSE 2 contactor", DriverBusy("the pin is held by 42")),
    ]
    assert sorted_out(errors) == [
        "EVSE 1 meter: /dev/ttyUSB1 is not there (is it plugged in?)",
        "EVSE 2 contactor: the pin is held by 42",
    ]
    with pytest.raises(DriverMissing, match="no library"):
        sorted_out([*errors, ("EVSE 1 pilot", DriverMissing("no library"))])
