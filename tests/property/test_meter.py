"""Whatever a meter says: registers that are told are numbers and never fall, within and between transactions."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import events as ev
from station.core.context import EvsePlan, StationPlan
from station.core.values import Reading
from tests.support.core_world import V16, World

REGISTERS = st.one_of(
    st.floats(),
    st.floats(0.0, 5e6),
    st.sampled_from([0.0, -0.0, 1000.0, 1e12, math.nan, math.inf, -math.inf]),
)
READINGS = st.one_of(
    st.none(),
    st.builds(
        Reading,
        REGISTERS,
        power_w=st.none() | st.floats(),
        current_a=st.tuples(st.floats()) | st.just(()),
        voltage_v=st.tuples(st.floats(), st.floats(), st.floats()) | st.just(()),
        soc_percent=st.none() | st.floats(),
    ),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), READINGS),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 1.0, 30.0, 600.0])),
        st.tuples(st.sampled_from(["tap", "power", "clear", "unplug", "plug"]), st.none()),
    ),
    max_size=30,
)


@settings(max_examples=120, deadline=None)
@given(STEPS, st.booleans())
def test_registers_that_are_told_are_numbers_and_never_fall(steps: list[tuple[str, object]], polled: bool) -> None:
    world = World(plan=StationPlan(evses=(EvsePlan(1, polled_meter=polled),)), settings=V16)
    world.charge()
    for what, value in steps:
        if what == "read":
            world.send(ev.MeterRead(1, value))  # type: ignore[arg-type]
        elif what == "wait":
            world.run(value)  # type: ignore[arg-type]
        elif what == "power":
            world.power_cycle()
        elif what == "clear":
            world.send(ev.FaultCleared(1))
        else:
            getattr(world, what)()
    world.run(100)
    told = [fact.meter_wh for fact in world.told if fact.meter_wh is not None]
    told += [world.evse.meter.shown_wh] if world.evse.meter.shown_wh is not None else []
    assert all(math.isfinite(register) and 0 <= register <= 1e12 for register in told)
    assert told == sorted(told)
    samples = [sample.value for fact in world.told for one in fact.meter_values for sample in one.samples]
    assert all(map(math.isfinite, samples))
