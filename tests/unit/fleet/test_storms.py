"""Storms over a small fleet in virtual time: what the CSMS sees of each."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from station.fleet.api import Assignment
from station.fleet.plan import Behaviour, Storm
from station.fleet.storms import Storms
from tests.support.weather_bench import WeatherBench, plan_of, weathered

PACED = Behaviour("paced", session_s=20, pause_s=10, sample_s=5)


def test_a_reconnect_storm_cuts_all_at_one_moment_and_all_dial_again_at_once() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(4.9)
        before, dials = bench.loop.time(), len(bench.dials)
        await asyncio.sleep(0.2)
        assert len(bench.up) == 20
        assert len(bench.dials) == dials + 20
        assert bench.loop.time() - before < 1
        assert not bench.calls("BootNotification", 5.0)  # a reconnect is no boot
        assert bench.snapshot.gauges["up"] == 20

    bench = weathered(plan_of(20, Storm(5.0, "reconnect_storm")), scenario)
    assert bench.snapshot.counts["lost_connections"] == 20
    assert bench.snapshot.counts["storms.struck"] == 20


def test_a_csms_restart_refuses_every_dial_and_then_the_back_off_spreads_the_dials() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(5.5)
        assert bench.up == set()
        began, dials = bench.loop.time(), len(bench.dials)
        await asyncio.sleep(9.4)
        assert bench.up == set()
        assert len(bench.dials) == dials  # what the plan refuses never reaches the dialler
        while len(bench.up) < 20:
            await asyncio.sleep(0.05)
        times = sorted(at_s for at_s, _ in bench.dials[-20:])
        assert 1.0 < times[-1] - times[0] <= 13.0
        assert bench.loop.time() - began < 30

    bench = weathered(plan_of(20, Storm(5.0, "csms_restart", for_s=10.0)), scenario)
    assert not any(name.startswith("dial.failed") for name in bench.snapshot.counts)


def test_a_blackout_tells_nothing_and_boots_when_the_power_is_back() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(5.1)
        dark = {bench.agent.units[index].host.id for index in range(20)} - bench.up
        assert len(dark) == 10
        await asyncio.sleep(29.0)
        assert len(bench.up) == 10
        assert not [frame for frame in bench.frames if frame[1] in dark and 6 < frame[0] < 30]
        await asyncio.sleep(3.0)
        assert len(bench.up) == 20
        assert {station for _, station in bench.calls("BootNotification", 20.0)} == dark
        await asyncio.sleep(60.0)

    bench = weathered(plan_of(20, Storm(5.0, "blackout", 0.5, 30.0), behaviour=PACED), scenario)
    stops = [
        frame for _, _, way, frame in bench.frames if way == ">" and frame[0] == 2 and frame[2] == "StopTransaction"
    ]
    assert [stop for stop in stops if stop[3].get("reason") == "PowerLoss"]
    assert bench.double.books.wrong == []


def test_a_power_cycle_takes_as_long_as_a_reboot() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(2.0)
        assert bench.up == set()
        await asyncio.sleep(3.0)
        assert len(bench.up) == 5
        assert len(bench.calls("BootNotification", 3.0)) == 5

    weathered(plan_of(5, Storm(1.0, "power_cycle")), scenario)


def test_a_command_is_undone_when_its_time_is_over() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(40.0)

    bench = weathered(
        plan_of(
            8,
            Storm(5.0, "go_offline", 0.5, 10.0),
            Storm(20.0, "fault", 1.0, 5.0, {"errorCode": "GroundFailure"}),
        ),
        scenario,
    )
    told = [
        (round(at_s), frame[3]["errorCode"])
        for at_s, _, way, frame in bench.frames
        if way == ">" and frame[0] == 2 and frame[2] == "StatusNotification" and frame[3]["connectorId"] == 1
    ]
    assert [code for at_s, code in told if at_s == 20] == ["GroundFailure"] * 8
    assert [code for at_s, code in told if at_s == 25] == ["NoError"] * 8
    assert len(bench.dials) == 8 + 4
    assert bench.snapshot.counts["storms.struck"] == 4 + 8  # what undoes a storm strikes nobody
    assert "storms.refused" not in bench.snapshot.counts


def test_spread_stations_are_struck_evenly_within_the_time() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(30.0)

    bench = weathered(plan_of(20, Storm(2.0, "heartbeat", spread_s=20.0)), scenario)
    times = [at_s for at_s, _ in bench.calls("Heartbeat")]
    first = times[0]
    assert [round(at_s - first) for at_s in times] == list(range(20))


def test_a_reconnect_storm_that_is_spread_has_each_station_dial_when_it_was_cut() -> None:
    async def scenario(bench: WeatherBench) -> None:
        turns = 0
        ring = bench.agent._storms._ring

        def counted() -> None:
            nonlocal turns
            turns += 1
            ring()

        bench.agent._storms._ring = counted  # type: ignore[method-assign]
        bench.agent.inject(Storm(0.0, "reconnect_storm", spread_s=20.0))
        await asyncio.sleep(9.9)
        assert len(bench.dials) == 20 + 10
        assert len(bench.up) == 20
        await asyncio.sleep(15.0)
        assert len(bench.dials) == 40
        assert turns < 100

    weathered(plan_of(20), scenario)


def test_the_same_seed_strikes_the_same_stations_and_another_seed_others() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(2.0)

    def struck(seed: int) -> set[str]:
        bench = weathered(plan_of(30, Storm(1.0, "heartbeat", 0.3), seed=seed), scenario)
        return {station for _, station in bench.calls("Heartbeat")}

    assert struck(1) == struck(1)
    assert len(struck(1)) == len(struck(2)) == 9
    assert struck(1) != struck(2)


def test_remote_starts_are_answered_while_drivers_stand_ready() -> None:
    idle = Behaviour("idle", answers_remote=False)

    async def scenario(bench: WeatherBench) -> None:
        for peer in bench.double.connected.values():
            peer.call("RemoteStartTransaction", {"connectorId": 1, "idTag": "REMOTE"})
        await asyncio.sleep(5.0)
        assert not bench.calls("StartTransaction")
        await asyncio.sleep(100.0)
        bench.agent.inject(Storm(0.0, "remote_starts", for_s=60.0))
        await asyncio.sleep(1.0)
        for peer in bench.double.connected.values():
            peer.call("RemoteStartTransaction", {"connectorId": 1, "idTag": "REMOTE"})
        await asyncio.sleep(5.0)
        assert len(bench.calls("StartTransaction")) == 6

    weathered(plan_of(6, behaviour=idle), scenario)


def test_drivers_of_a_share_pause_and_go_on() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(100.0)
        began = len({station for at_s, station in bench.calls("StartTransaction", 45.0) if at_s < 90.0})
        assert began == 5

    weathered(plan_of(10, Storm(10.0, "pause", 0.5, 100.0), behaviour=PACED), scenario)


def test_whoever_joins_later_is_in_the_same_weather() -> None:
    """A station that another worker lost comes to one that knows of the storm."""

    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(2.0)
        assert bench.up == set()
        bench.agent.drop([3])
        await asyncio.sleep(0.1)
        bench.agent.assign([Assignment(3, 1, bench.loop.time() - bench.began_s)])
        await asyncio.sleep(5.0)
        assert bench.up == set()

    weathered(plan_of(5, Storm(1.0, "csms_restart", for_s=60.0)), scenario)


@pytest.mark.parametrize("do", ["reconnect_storm", "fault", "blackout"])
def test_many_stations_are_struck_a_batch_a_turn(do: str, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    ring = Storms._ring

    def timed(self: Storms) -> None:
        began_s = time.perf_counter()
        ring(self)
        turns.append(time.perf_counter() - began_s)

    monkeypatch.setattr(Storms, "_ring", timed)

    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(5.0)

    weathered(plan_of(400, Storm(1.0, do, for_s=1.0 if do == "blackout" else None)), scenario)
    assert len(turns) >= 4
    assert statistics.median(turns) < 0.05


def test_a_long_storm_does_not_hold_up_the_next_and_no_end_comes_before_its_beginning() -> None:
    order: list[tuple[str, Any]] = []

    async def scenario(bench: WeatherBench) -> None:
        weather = bench.agent._weather
        for word in ("bar", "unbar", "execute"):
            act = getattr(weather, word)

            def noted(what: Any, *rest: Any, word: str = word, act: Callable[..., None] = act) -> None:
                order.append((word, what))
                act(what, *rest)

            setattr(weather, word, noted)
        # Over before a turn of the loop has struck half of them.
        bench.agent.inject(Storm(0.0, "csms_restart", for_s=0.001))
        bench.agent.inject(Storm(0.0, "heartbeat", 0.01))
        await asyncio.sleep(30.0)
        assert len(bench.up) == 200

    weathered(plan_of(200), scenario)
    words = [word for word, _ in order]
    assert words.count("bar") == words.count("unbar") == 200
    assert words.index("execute") < len(words) - 1 - words[::-1].index("bar")  # while others are still cut
    for index in range(200):
        assert order.index(("bar", index)) < order.index(("unbar", index))
