"""A worker that joins a run late: the storms of the plan are counted from when all were up, not from when it came."""

from __future__ import annotations

import asyncio

from station.fleet.plan import Storm
from tests.support.weather_bench import WeatherBench, plan_of, weathered


def test_what_is_over_does_not_strike_who_comes_late_and_what_lasts_does() -> None:
    async def scenario(bench: WeatherBench) -> None:
        storms = bench.agent._storms
        storms.close()
        dials = len(bench.dials)
        storms.go(20.0)  # all were up 20 s ago, elsewhere
        await asyncio.sleep(0.5)
        assert len(bench.up) == 5, "the blackout of half of them goes on"
        assert len(bench.dials) == dials, "the reconnect storm is over"
        await asyncio.sleep(9.0)
        assert len(bench.dials) == dials
        await asyncio.sleep(1.0)
        assert len(bench.dials) > dials, "the next one comes in its time"

    plan = plan_of(
        10,
        Storm(5.0, "reconnect_storm"),
        Storm(6.0, "blackout", 0.5, 60.0),
        Storm(30.0, "reconnect_storm"),
    )
    weathered(plan, scenario)
