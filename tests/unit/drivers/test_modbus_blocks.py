"""Which registers are read together."""

from __future__ import annotations

from drivers.modbus.blocks import Span, finer, group
from drivers.modbus.meter_map import load, models
from drivers.modbus.wire import Line


def spans(*places: int, table: str = "input", width: int = 2) -> list[Span]:
    return [Span(table, place, width) for place in places]  # type: ignore[arg-type]


def test_one_block_where_it_fits() -> None:
    assert group(spans(0, 6, 0x48), 80) == (Span("input", 0, 0x4A),)


def test_the_fewest_blocks_and_then_the_fewest_registers() -> None:
    assert group(spans(0, 0x34, 0x48), 40) == (Span("input", 0, 2), Span("input", 0x34, 22))
    assert group(spans(0, 100, 200), 10) == tuple(spans(0, 100, 200))


def test_tables_are_never_mixed_and_doubles_read_once() -> None:
    both = group([*spans(10), *spans(10), Span("holding", 11, 1), Span("coil", 3, 1)], 125)
    assert both == (Span("coil", 3, 1), Span("holding", 11, 1), Span("input", 10, 2))


def test_a_value_is_never_cut() -> None:
    assert group(spans(0, 4, width=4), 2) == (Span("input", 0, 4), Span("input", 4, 4))


def test_a_refused_block_is_read_without_its_gaps_then_value_by_value() -> None:
    wanted = spans(0, 2, 6, 0x48)
    parts = (Span("input", 0, 4), Span("input", 6, 2), Span("input", 0x48, 2))
    assert finer(wanted, Span("input", 0, 0x4A)) == parts
    assert finer(wanted, parts[0]) == tuple(spans(0, 2))
    assert finer(wanted, parts[1]) == ()


def test_known_meters_are_one_request_at_their_usual_speed() -> None:
    line = Line("/dev/ttyUSB0", 9600)
    for name in ("sdm630", "sdm120", "sdm72"):
        registers = load(models()[name])
        assert len(group(registers.spans(), line.most(registers.most))) == 1, name
    v2 = load(models()["sdm72_v2"])
    assert all(block.count <= 60 for block in group(v2.spans(), v2.most))


def test_energy_and_power_stay_together_on_a_slow_line() -> None:
    registers = load(models()["sdm630"])
    blocks = group(registers.spans(), Line("/dev/ttyUSB0", 2400).most(registers.most))
    assert blocks == (Span("input", 0, 12), Span("input", 0x34, 24))
