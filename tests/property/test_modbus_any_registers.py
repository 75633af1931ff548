"""Whatever stands in the registers of a meter or a controller: a reading with finite numbers, or a DriverError."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import DriverError, OptionError
from drivers.meters import modbus as meter
from drivers.modbus import meter_map, pilot_map
from drivers.modbus.blocks import Span, finer, group
from drivers.modbus.decoding import FORMATS, WIDTHS, decode, encode
from drivers.pilots import evse_din
from drivers.pilots import modbus as pilot
from tests.support.driver_clock import HandClock

WORDS = st.integers(0, 0xFFFF)
IMAGES = st.dictionaries(st.integers(0, 80), WORDS) | st.just(dict.fromkeys(range(80), 0x7FC0))


class AnyUnit:
    """A device on no line whose registers are what they are."""

    def __init__(self, words: Mapping[int, int]) -> None:
        self.words = words

    def read(self, span: Span, until_s: float, *, urgent: bool = False) -> list[int]:
        return [self.words.get(place % 1000, 0) for place in range(span.address, span.end)]

    def write(self, span: Span, values: Any, until_s: float, *, single: bool = False) -> None:
        assert all(0 <= value <= 0xFFFF for value in values)

    def retry_at_once(self) -> bool:
        return True

    def release(self) -> None: ...


@pytest.mark.parametrize("model", ["sdm630", "sdm120", "sdm72"])
@given(images=st.lists(IMAGES, min_size=1, max_size=6), steps=st.lists(st.floats(0, 100), min_size=6, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_meter_shows_finite_numbers_or_raises(model: str, images: list[dict[int, int]], steps: list[float]) -> None:
    unit, clock = AnyUnit({0x48: 0x3F80}), HandClock()  # 1 kWh
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meter, "attach", lambda *_: unit)
        device = meter.ModbusMeter(meter.ModbusMeterOptions(port="/dev/none", model=model), clock)
    for image, step_s in zip(images, steps, strict=False):
        unit.words = image
        clock.advance(step_s)
        try:
            reading = device.read()
        except DriverError:
            continue
        assert reading.energy_wh is not None and math.isfinite(reading.energy_wh) and reading.energy_wh >= 0
        for value in (reading.power_w, reading.frequency_hz, *(reading.current_a or ()), *(reading.voltage_v or ())):
            assert value is None or math.isfinite(value)


@given(words=st.lists(WORDS, min_size=20, max_size=20), offers=st.lists(st.none() | st.floats(), max_size=4))
@settings(max_examples=100, deadline=None)
def test_an_evse_din_shows_a_state_or_raises(words: list[int], offers: list[float | None]) -> None:
    unit, clock = AnyUnit(dict(enumerate(words))), HandClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evse_din, "attach", lambda *_: unit)
        try:
            device = evse_din.open_evse_din(evse_din.EvseDinOptions(port="/dev/none"), clock)
            for offer in offers:
                device.offer(offer)
                clock.advance(1.5)
                shown, contacts = device.read(), device.contactor.read()
                assert shown.state in "ABCDE"
                assert shown.cable_limit_a is None or 6 <= shown.cable_limit_a <= 80
                assert not contacts.commanded
        except DriverError:
            return
        device.release()


@given(words=st.dictionaries(st.integers(0, 999), WORDS), offers=st.lists(st.none() | st.floats(), max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_mapped_controller_shows_a_state_or_raises(words: dict[int, int], offers: list[float | None]) -> None:
    unit, clock = AnyUnit(words), HandClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pilot, "attach", lambda *_: unit)
        try:
            device = pilot.open_modbus(pilot.ModbusPilotOptions(port="/dev/none", model="phoenix_ev_cc"), clock)
            for offer in offers:
                device.offer(offer)
                clock.advance(1.5)
                assert device.read().state in "ABCDEF"
        except DriverError:
            return


@given(text=st.text(max_size=300) | st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_map_or_an_option_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    for prefix in ("", "kind: meter\nname: x\nregisters:\n  energy_wh: ", "kind: pilot\nname: x\nstate: "):
        path.write_text(prefix + text)
        for load in (meter_map.load, pilot_map.load):
            with pytest.raises(OptionError):
                _load(load, path)


def _load(load: Any, path: Path) -> None:
    """A text that happens to be a map is none of our business here."""
    load(path)
    raise OptionError("", "it is a map")


@given(value=st.floats(allow_nan=False, width=32), kind=st.sampled_from(sorted(FORMATS)), order=st.booleans())
def test_what_is_written_is_read(value: float, kind: Any, order: bool) -> None:
    words = "big" if order else "little"
    try:
        encoded = encode(value, kind, words)  # type: ignore[arg-type]
    except ValueError:
        return
    read = decode(encoded, kind, words)  # type: ignore[arg-type]
    if math.isinf(value):
        assert read is None
    else:
        assert read is not None and (kind != "float32" or encode(read, kind, words) == encoded)  # type: ignore[arg-type]
        assert kind == "float32" or read == math.floor(value) or abs(value) >= 2**53


SPANS = st.lists(
    st.builds(
        Span,
        st.sampled_from(["input", "holding", "coil"]),
        st.integers(0, 400),
        st.sampled_from([1, *WIDTHS.values()]),
    ),
    min_size=1,
    max_size=12,
)


@given(spans=SPANS, most=st.integers(4, 125))
def test_blocks_bring_everything_and_are_not_too_large(spans: list[Span], most: int) -> None:
    blocks = group(spans, most)
    for span in spans:
        assert any(b.table == span.table and b.address <= span.address and span.end <= b.end for b in blocks)
    assert all(block.count <= most for block in blocks)
    for block in blocks:
        parts = finer(spans, block)
        assert block not in parts
        assert all(block.address <= part.address and part.end <= block.end for part in parts)
