"""Which parts are inoperative."""

from __future__ import annotations

import pytest

from station.core import events as ev
from station.core.context import ConnectorPlan, EvsePlan, StationPlan
from tests.support.core_world import World

ALL = [(1, 1), (1, 2), (2, 1)]


def plan() -> StationPlan:
    """Two EVSEs, the first with two connectors."""
    pair = (ConnectorPlan(1, False, True, "cType2"), ConnectorPlan(2, False, True, "cType2"))
    return StationPlan(evses=(EvsePlan(1, connectors=pair), EvsePlan(2)))


@pytest.mark.parametrize(
    ("changes", "station", "operative"),
    [
        ([(0, 0, False)], False, []),
        ([(1, 1, False), (0, 0, True)], True, ALL),
        ([(1, 1, False), (0, 0, False), (0, 0, True)], True, ALL),
        ([(0, 0, False), (1, 2, True)], True, [(1, 2)]),
        ([(0, 0, False), (1, 2, False)], False, []),
        ([(0, 0, False), (1, 2, True), (2, 1, True)], True, [(1, 2), (2, 1)]),
        ([(1, 1, False), (2, 1, False), (1, 1, True)], True, [(1, 1), (1, 2)]),
    ],
)
def test_a_change_of_the_station_is_one_of_its_connectors(
    changes: list[tuple[int, int, bool]], station: bool, operative: list[tuple[int, int]]
) -> None:
    """OCPP 1.6 §5.2."""
    world = World(plan=plan())
    for number, (evse, connector, wanted) in enumerate(changes, 1):
        world.send(ev.ChangeAvailability(number, evse, connector, wanted, level=True))
    availability = world.station.availability
    assert availability.station_operative is station
    assert [place for place in ALL if availability.operative(*place)] == operative


def test_parts_keep_their_own_word_otherwise() -> None:
    """OCPP 2.0.1 G03, G04."""
    world = World(plan=plan())
    for number, change in enumerate([(1, 1, False), (0, 0, False), (0, 0, True)], 1):
        world.send(ev.ChangeAvailability(number, *change))
    assert [place for place in ALL if world.station.availability.operative(*place)] == [(1, 2), (2, 1)]
