"""Register maps in YAML: what they say, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.api import OptionError, Reading
from drivers.modbus import meter_map, pilot_map, registers
from drivers.modbus.blocks import Span, group
from drivers.registry import find
from tests.support.modbus_servers import floats, sdm

METER = """kind: meter
name: A meter
registers:
  energy_wh: {address: 0x10, type: u32, scale: 10}
"""
PILOT = """kind: pilot
name: A controller
state: {table: input, address: 100, type: u16, values: {A: 1, B: [2, 3], C: 4}}
current: {table: holding, address: 300, type: u16, scale: 0.1, maximum: 32A, off: 0A}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "map.yaml"
    path.write_text(text)
    return path


def refused(folder: Path, text: str, kind: str = "meter") -> str:
    with pytest.raises(OptionError) as caught:
        (meter_map if kind == "meter" else pilot_map).load(write(folder, text))
    return str(caught.value)


@pytest.mark.parametrize("name", ["sdm630", "sdm120", "sdm72", "sdm72_v2"])
def test_the_meters_that_come_along(name: str) -> None:
    found = meter_map.load(meter_map.models()[name])
    table = sdm(1234.5)
    reading = found.reading({Span("input", 0, 80): [table.get(place, 0) for place in range(80)]})
    assert (reading.energy_wh, reading.energy_export_wh) == (1_234_500, 500)
    assert reading.power_w == (3680 if name == "sdm120" else 11_000)
    assert reading.current_a == {"sdm120": (16.0,), "sdm72": None}.get(name, (16.0, 15.5, 15.0))
    assert reading.voltage_v == {"sdm120": (230.0,), "sdm72": None}.get(name, (230.0, 231.0, 232.0))
    assert reading.frequency_hz == (None if name == "sdm72" else 50)


def test_the_controllers_that_come_along() -> None:
    maps = {name: pilot_map.load(path) for name, path in pilot_map_models().items()}
    assert set(maps) == {"phoenix_ev_cc", "phoenix_em_cp"}
    assert maps["phoenix_ev_cc"].letter({Span("input", 24000, 1): [0x4331]}) == "C"
    assert maps["phoenix_em_cp"].letter({Span("input", 100, 1): [0x0042]}) == "B"
    assert maps["phoenix_em_cp"].letter({Span("input", 100, 1): [0x0047]}) is None


def pilot_map_models() -> dict[str, Path]:
    return meter_map.models("pilot")


def test_a_map_of_ones_own(tmp_path: Path) -> None:
    text = """kind: meter
name: Mixed
max_power: 22kW
max_registers: 20
table: holding
word_order: little
gap: 20ms
registers:
  energy_wh: {address: 0, type: u64, word_order: big}
  power_w: {address: 4, type: s32}
  current_a: [{address: 6, type: u16, scale: 0.01}, {address: 7, type: u16, scale: 0.01}, {address: 8, type: s16}]
  temperature_c: {address: 9, type: s16, scale: 0.1}
  soc_percent: {table: input, address: 9, type: u16, mask: 0xFF00}
"""
    found = meter_map.load(write(tmp_path, text))
    assert (found.max_power_w, found.most, found.gap_s) == (22_000, 20, 0.02)
    image = {
        Span("holding", 0, 10): [0, 0, 1, 5, 0xFFFE, 0xFFFF, 1600, 1599, 0xFFFF, 0xFF9C],
        Span("input", 9, 1): [0x5001],
    }
    assert found.reading(image) == Reading(
        energy_wh=65541, power_w=-2, current_a=(16.0, 15.99, -1.0), temperature_c=-10, soc_percent=80
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -5.0, 1e9])
def test_values_that_cannot_be_are_none(value: float) -> None:
    found = meter_map.load(meter_map.models()["sdm120"])
    table = floats({0: value, 6: 16.0, 0x48: value})
    reading = found.reading({Span("input", 0, 80): [table.get(place, 0) for place in range(80)]})
    assert reading.voltage_v is None
    assert reading.energy_wh is None
    assert reading.current_a == (16.0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind: meter", "kind: pilot"), ":1:7: this is a map for a pilot"),
        (("name: A meter\n", ""), ":1:1: name is missing"),
        (("registers:", "registrs:"), "registers is missing"),
        (("name: A meter", "name: A meter\nregistrs: {}"), ":3:1: unknown key registrs"),
        (("type: u32", "type: u33"), ":4:36: 'u33' is unknown"),
        (("address: 0x10", "address: 0x11"), ":4:24: 17 is odd, and u32 takes 2 registers"),
        (("address: 0x10", "address: 70000"), "out of range"),
        (("address: 0x10", "address: 65534, tpe: 1"), "unknown key tpe"),
        (("address: 0x10", "address: -2"), "no whole number"),
        (("scale: 10", "scale: nan"), "is no number"),
        (("scale: 10", "scale: 0"), "is no number"),
        (("scale: 10", "scale: 10, scale: 1"), "scale stands here twice"),
        (("energy_wh:", "power_w:"), "energy_wh is missing"),
        (("scale: 10}", "scale: 10}\n  power_w: {address: 0x10, type: u16}"), "input 16 is used twice"),
        (("scale: 10}", "scale: 10}\n  energy: {address: 0x20, type: u16}"), "unknown key energy"),
        (("scale: 10}", "scale: 10}\n  current_a: [{address: 2, type: u16}, {address: 3, type: u16}]"), "or three"),
        (("scale: 10}", "scale: 10, mask: 1}"), "a mask is for types of one register"),
        (("{address: 0x10, type: u32, scale: 10}", "{table: coil, address: 3}"), "is no bit"),
        (("{address: 0x10, type: u32, scale: 10}", "16"), "a mapping belongs here"),
        (("name: A meter", "name: A meter\nmax_power: 5"), "needs a unit"),
        (("name: A meter", "name: A meter\nmax_registers: 126"), "out of range"),
        (("name: A meter", "name: [a, b"), ":"),
        (("name: A meter", "name: " + "[" * 5000), ""),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    told = refused(tmp_path, METER.replace(*change))
    assert message in told
    assert str(tmp_path / "map.yaml") in told


def test_odd_addresses_may_be_meant(tmp_path: Path) -> None:
    text = METER.replace("0x10", "3059").replace("name: A meter", "name: A meter\nodd_addresses: yes")
    assert meter_map.load(write(tmp_path, text)).energy.span == Span("input", 3059, 2)


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path, "x: 1\n" * 20_000)
    assert "is empty" in refused(tmp_path, "")
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="cannot be read"):
        meter_map.load(path)
    with pytest.raises(OptionError, match="No such file"):
        meter_map.load(tmp_path / "missing.yaml")


def test_a_controller_of_ones_own(tmp_path: Path) -> None:
    text = (
        PILOT
        + """enable: {table: holding, address: 301, type: u16, on: 2, off: 1}
contactor: {table: discrete, address: 5, on: 0, off: 1}
proximity: {table: input, address: 101, type: u16, values: {1: 13A, 2: 20A, 3: 32A}}
faults:
  - {table: input, address: 102, type: u16, mask: 0x0004, alarm: residual_current}
  - {table: input, address: 102, type: u16, mask: 0x0008, alarm: relay}
"""
    )
    found = pilot_map.load(write(tmp_path, text))
    image = {Span("input", 100, 3): [3, 2, 0x0C], Span("discrete", 5, 1): [0], Span("holding", 301, 1): [2]}
    assert found.letter(image) == "B"
    assert found.alarms(image) == ("residual_current", "relay")
    assert found.cable_a(image) == 20
    assert found.contactor is not None and found.contactor.shown(image) is True
    assert found.enable is not None and found.enable.shown(image) is True
    assert found.current.register.words(16.05) == [160]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("C: 4", "D: 4"), "the states A, B and C are needed"),
        (("C: 4", "C: 3"), "3 is B already"),
        (("C: 4", "C: 4, G: 5"), "unknown key G"),
        ((", off: 0A", ""), "nothing withdraws an offer"),
        ((", off: 0A", ", off: 6A"), "would be an offer"),
        (("table: holding", "table: input"), "a current is written"),
        (("maximum: 32A", "maximum: 3A"), "out of range"),
        (("scale: 0.1", "scale: 0.0001"), "does not fit"),
        (("off: 0A}", "off: 0A}\nfaults: [{table: coil, address: 1, alarm: smell}]"), "'smell' is unknown"),
        (("off: 0A}", "off: 0A}\nenable: {table: input, address: 1, type: u16}"), "coil or a holding register"),
        (("off: 0A}", "off: 0A}\nenable: {table: coil, address: 1, on: 2}"), "a bit is 0 or 1"),
        (("off: 0A}", "off: 0A}\nlock: {table: coil, address: 1}"), "unknown key lock"),
        (("kind: pilot", "kind: meter"), "this is a map for a meter"),
    ],
)
def test_mistakes_in_a_controller(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    told = refused(tmp_path, PILOT.replace(*change), "pilot")
    assert message in told


def test_the_profile_names_a_model_or_a_map(tmp_path: Path) -> None:
    driver = find("meter", "modbus")
    own = write(tmp_path, METER)
    assert driver.parse({"port": "/dev/ttyUSB1", "map": str(own)}).map == own
    for options, message in (
        ({"port": "/dev/ttyUSB1"}, "name a model"),
        ({"port": "/dev/ttyUSB1", "model": "sdm630", "map": str(own)}, "not both"),
        ({"port": "/dev/ttyUSB1", "model": "sdm63"}, "no meter map is called 'sdm63'"),
        ({"port": "/dev/ttyUSB1", "model": "phoenix_em_cp"}, "no meter map is called"),
        ({"port": "tcp://here", "model": "sdm630"}, "is no tcp://host:port"),
        ({"port": "tcp://host:70000", "model": "sdm630"}, "is no tcp://host:port"),
        ({"port": "", "model": "sdm630"}, "is no path"),
        ({"port": "/dev/ttyUSB1", "model": "sdm630", "poll": "20s"}, "silent_after is shorter than poll"),
        ({"port": "/dev/ttyUSB1", "map": str(tmp_path / "none.yaml")}, "No such file"),
    ):
        with pytest.raises(OptionError, match=message) as caught:
            driver.parse(options)
        assert caught.value.key in ("", "port", "model", "map")


def test_the_maps_to_copy_are_good() -> None:
    folder = Path(registers.__file__).parents[2] / "profiles" / "hardware"
    meter = meter_map.load(folder / "iem3155.yaml")
    assert meter.energy.span == Span("holding", 3203, 4)
    assert len(group(meter.spans(), meter.most)) == 3
    controller = pilot_map.load(folder / "controller.yaml")
    image = {Span("input", 100, 3): [4, 3, 0x0031], Span("discrete", 10, 1): [0], Span("holding", 201, 1): [2]}
    assert controller.letter(image) == "C"
    assert controller.alarms(image) == ("residual_current", "over_temperature")
    assert controller.cable_a(image) == 32
    assert controller.contactor is not None and controller.contactor.shown(image)


def test_the_documented_maps_are_in_the_documents() -> None:
    root = Path(registers.__file__).parents[2]
    text = (root / "docs" / "register-maps.md").read_text()
    for name in (*meter_map.models(), *pilot_map_models()):
        assert f"`{name}`" in text
    for alarm in pilot_map.ALARMS:
        assert f"`{alarm}`" in text
