"""Whatever breaks, mends and disconnects: in the end the CSMS knows of exactly those faults that stand."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import events as ev
from station.core.hardware_faults import cleared, raised
from station.core.problems import ProblemQuery, ProblemsTold
from tests.support.core_world import World, two

WORDS = st.sampled_from(["reader_lost#1", "reader_lost#2", "meter_lost", "meter_silent", "over_voltage", "gremlins"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["raise", "clear"]), st.integers(0, 2), WORDS),
        st.tuples(st.sampled_from(["answer", "lose", "connect", "power", "wait", "fail"]), st.just(0), st.just("")),
    ),
    max_size=40,
)


class Picture(World):
    """A CSMS that keeps what it hears. It answers when the test says so; ``heard`` are the ids, in order."""

    def __init__(self, **more: Any) -> None:
        self.flying: ProblemQuery | None = None
        self.known: set[str] = set()
        self.heard: list[int] = []
        super().__init__(**more)

    def _ask(self, query: Any) -> None:
        if not isinstance(query, ProblemQuery) or not self.linked:
            super()._ask(query)
            return
        assert self.flying is None, "one at a time"
        self.flying = query
        for problem in query.problems:
            self.heard.append(problem.id)
            (self.known.add if problem.active else self.known.discard)(problem.condition.key)

    def answer(self) -> None:
        if self.flying is not None:
            self.flying = None
            self.send(ProblemsTold())

    def lose(self) -> None:
        query, self.flying = self.flying, None
        self.disconnect()
        if query is not None:
            self.send(ev.QueryFailed(query, "Disconnected"))

    def power(self) -> None:
        if not self.station.settled:
            return  # a power cut that meets a failing store: what was told meanwhile is not known any more
        self.flying = None
        self.power_cycle()


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_the_csms_ends_with_the_faults_that_stand(steps: list[tuple[str, int, str]]) -> None:
    world = Picture(plan=two())
    for what, evse, word in steps:
        if what == "raise":
            world.send(raised(evse, word))
        elif what == "clear":
            world.send(cleared(evse, word))
        elif what == "wait":
            world.run(31)
        elif what == "fail":
            world.store_works = not world.store_works
        elif what != "connect" or not world.linked:
            getattr(world, what)()
    world.store_works = True
    if not world.linked:
        world.connect()
    for _ in range(10):
        world.run(31)
        world.answer()
    places = [(0, world.station.fault_set), *((evse.id, evse.fault_table.own) for evse in world.station.evses)]
    standing = {f"{evse}/{one.fault.value}/{one.source}" for evse, faults in places for one in faults.standing}
    assert world.known == standing
    assert world.flying is None
    new = list(dict.fromkeys(world.heard))
    assert new == sorted(new)
    assert world.station.snapshot() == world.stored()
    assert world.station.problems.pending is None
