from __future__ import annotations

from random import Random

from drivers.sim import CarOptions, CarScript

VISIT = CarOptions(plugs_in_s=2, taps="04A1B2C3", stays_s=1800)


def _run(script: CarScript) -> list[tuple[str, float]]:
    done = []
    while (at_s := script.next_at()) is not None:
        done += [(action.kind, action.at_s) for action in script.due(at_s)]
    return done


def test_a_car_does_nothing_by_itself() -> None:
    script = CarScript(CarOptions(), Random(1), 100.0)
    assert script.next_at() is None
    assert script.due(1e9) == []


def test_a_whole_visit() -> None:
    script = CarScript(VISIT, Random(1), 100.0)
    assert script.next_at() == 102.0
    done = _run(script)
    assert [kind for kind, _ in done] == ["plug_in", "tap", "tap", "unplug"]
    assert done[0][1] == 102.0
    assert 0.5 <= done[1][1] - 102.0 <= 1.5
    assert done[2][1] == 1902.0
    assert 0.5 <= done[3][1] - 1902.0 <= 1.5


def test_a_late_look_gives_everything_once_and_in_order() -> None:
    script = CarScript(VISIT, Random(1), 0.0)
    actions = script.due(1e6)
    assert [action.kind for action in actions] == ["plug_in", "tap", "tap", "unplug"]
    assert [action.at_s for action in actions] == sorted(action.at_s for action in actions)
    assert [action.card for action in actions] == [None, "04A1B2C3", "04A1B2C3", None]
    assert script.due(1e9) == []


def test_same_seed_same_visit() -> None:
    first, again, other = (_run(CarScript(VISIT, Random(seed), 0.0)) for seed in (7, 7, 8))
    assert first == again != other


def test_without_a_card_it_just_comes_and_goes() -> None:
    assert _run(CarScript(CarOptions(plugs_in_s=2, stays_s=60), Random(1), 0.0)) == [("plug_in", 2.0), ("unplug", 62.0)]


def test_a_visit_that_somebody_else_began_goes_on() -> None:
    script = CarScript(CarOptions(taps="CARD"), Random(1), 0.0)
    assert script.next_at() is None
    script.plugged(10.0)
    script.plugged(10.1)
    assert [kind for kind, _ in _run(script)] == ["tap"]


def test_unplugging_ends_the_visit() -> None:
    script = CarScript(VISIT, Random(1), 0.0)
    script.due(2.0)
    script.unplugged()
    assert script.next_at() is None
    script.plugged(50.0)
    assert [kind for kind, _ in _run(script)] == ["tap", "tap", "unplug"]


def test_plugged_from_the_start() -> None:
    script = CarScript(CarOptions(plugged=True, stays_s=60), Random(1), 5.0)
    assert _run(script) == [("unplug", 65.0)]
