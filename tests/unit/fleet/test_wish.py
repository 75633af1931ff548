"""An event that is wished for while a fleet runs."""

from __future__ import annotations

from typing import Any

import pytest

from station.fleet.plan import Storm
from station.fleet.storm_words import StormRefused
from station.fleet.wish import storm_of
from tests.support.weather_bench import plan_of

PLAN = plan_of(10)


def test_members_are_those_of_a_plan_s_event() -> None:
    wish = {"do": "blackout", "share": "20%", "for": "30s", "at": 5, "spread": "2s", "group": "all"}
    assert storm_of(wish, PLAN, 3) == Storm(5.0, "blackout", 0.2, 30.0, {}, "all", 2.0, 3)
    assert storm_of({"do": "network", "share": 0.5, "params": {"drop": "1%"}}, PLAN, 0) == Storm(
        0.0, "network", 0.5, None, {"drop": 0.01}
    )


@pytest.mark.parametrize(("text", "number"), [("50%", 0.5), ("0.5%", 0.005), ("100%", 1)])
def test_a_share_as_text_and_as_number_is_the_same(text: str, number: float) -> None:
    storms = [storm_of({"do": "network", "share": one, "params": {"reset": one}}, PLAN, 0) for one in (text, number)]
    assert storms[0] == storms[1]
    assert storms[0].share == storms[0].params["reset"] == number


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({}, "needs what it does"),
        ({"do": "blackout"}, "needs its duration"),
        ({"do": "heartbeat", "shar": 1}, "no member 'shar'"),
        ({"do": "heartbeat", "share": "20W"}, "share cannot be 20W: a power, not a percentage"),
        ({"do": "heartbeat", "share": "0.5"}, "share cannot be 0.5: a number without its unit"),
        ({"do": "heartbeat", "share": 50}, "share cannot be 50: more than 100 %"),
        ({"do": "blackout", "for": "30"}, "for cannot be 30: a number without its unit"),
        ({"do": "heartbeat", "at": 1e9}, "more than a year"),
        ({"do": "heartbeat", "share": "120%"}, "share cannot be 120%"),
        ({"do": "heartbeat", "share": 0}, "share cannot be 0"),
        ({"do": "heartbeat", "share": True}, "share cannot be True"),
        ({"do": "blackout", "for": "soon"}, "for cannot be soon: not a duration"),
        ({"do": "blackout", "for": -1}, "for cannot be -1"),
        ({"do": "heartbeat", "group": "none"}, "there is no group 'none'"),
        ({"do": "heartbeat", "group": ["all"]}, "there is no group"),
        ({"do": "heartbeat", "params": []}, "params must be an object"),
        ({"do": ["heartbeat"]}, "needs what it does"),
    ],
)
def test_mistakes_are_said(wish: dict[str, Any], message: str) -> None:
    with pytest.raises(StormRefused) as caught:
        storm_of(wish, PLAN, 0)
    assert message in caught.value.message
