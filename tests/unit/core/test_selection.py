"""Which EVSE a token goes to, by each of the rules that a profile may name (docs/profile.md, auth.selection)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from station.core.selection import Selection, available, choose, plugged


def evse(number: int, state: str = "idle", plugged_at: float = 0.0, **more: Any) -> Any:
    whole = {"grant": None, "serviceable": True, "lapsed": False}
    return SimpleNamespace(id=number, state=state, ev=state != "idle", plugged_at=plugged_at, **{**whole, **more})


def chosen(rule: Selection, *evses: Any, served: int = 3) -> int | None:
    found = choose(rule, evses, served)
    return found.id if found is not None else None


FREE, EARLY, LATE = evse(1), evse(2, "plugged", 10.0), evse(3, "plugged", 20.0)


@pytest.mark.parametrize(
    ("rule", "with_two_cars", "without_a_car"),
    [
        (Selection.PLUG_EVENTS, 2, None),
        (Selection.PLUG_EVENTS_LIFO, 3, None),
        (Selection.FIND_FIRST, 2, 1),
        (Selection.USER_INPUT, None, None),
    ],
)
def test_the_rules(rule: Selection, with_two_cars: int | None, without_a_car: int | None) -> None:
    assert chosen(rule, FREE, EARLY, LATE) == with_two_cars
    assert chosen(rule, FREE, evse(2)) == without_a_car
    assert chosen(rule) is None


@pytest.mark.parametrize("rule", list(Selection))
def test_a_reader_that_serves_one_evse_leaves_nothing_to_choose(rule: Selection) -> None:
    assert chosen(rule, FREE, served=1) == 1


def test_a_car_that_has_charged_already_comes_after_one_that_waits() -> None:
    done = evse(1, "finishing", 5.0)
    assert [one.id for one in plugged([done, LATE, EARLY, FREE])] == [2, 3, 1]


def test_only_what_could_take_a_token_is_available() -> None:
    taken, broken = evse(4, grant=object()), evse(5, serviceable=False)
    assert available([FREE, taken, broken]) == [FREE]
