"""Drivers who go by the clock: sessions begin, are sampled and end when they are due, whatever the CSMS does."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from station.fleet.plan import Behaviour
from tests.support.fleet_rig import FleetRig
from tests.support.rig import virtual
from tests.support.scripted_csms import SILENCE, Delay

VERSIONS = ["1.6", "2.0.1"]


def starts(fleet: FleetRig, index: int = 0) -> list[dict[str, Any]]:
    if fleet.version == "1.6":
        return fleet.csms(index).all("StartTransaction")
    return [event for event in fleet.csms(index).all("TransactionEvent") if event["eventType"] == "Started"]


def ends(fleet: FleetRig, index: int = 0) -> list[dict[str, Any]]:
    if fleet.version == "1.6":
        return fleet.csms(index).all("StopTransaction")
    return [event for event in fleet.csms(index).all("TransactionEvent") if event["eventType"] == "Ended"]


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_paced_sessions_begin_are_sampled_and_end_by_the_clock(version: str) -> None:
    behaviour = Behaviour("paced", session_s=10.0, pause_s=2.0, sample_s=1.0)
    async with FleetRig(version, behaviour) as fleet:
        await fleet.going()
        await fleet.wait(61.5)
        assert fleet.count("sessions.started") == 6
        assert fleet.count("sessions.finished") == 5
        assert fleet.count("sessions.late") == 0
        begun = [start["timestamp"] for start in starts(fleet)]
        assert len(begun) == 6
        assert len(ends(fleet)) == 5
        values = fleet.csms().all("MeterValues") if version == "1.6" else _sampled(fleet)
        assert len(values) == 5 * 9 + 1
        stamps = [value["meterValue"][0]["timestamp"] for value in values[:9]]
        seconds = [float(stamp[-8:-1].lstrip(":")) for stamp in stamps]
        assert all((two - one) % 60.0 == pytest.approx(1.0, abs=0.006) for one, two in pairwise(seconds))


def _sampled(fleet: FleetRig) -> list[dict[str, Any]]:
    return [event for event in fleet.csms().all("TransactionEvent") if event["triggerReason"] == "MeterValuePeriodic"]


@virtual
async def test_a_slow_csms_does_not_slow_the_clock_down() -> None:
    behaviour = Behaviour("paced", session_s=10.0, pause_s=5.0, sample_s=1.0)
    async with FleetRig("1.6", behaviour) as fleet:
        await fleet.going()
        csms = fleet.csms()
        await fleet.until(lambda: len(csms.all("MeterValues")) == 3)
        csms.once("MeterValues", Delay(4.5))
        await fleet.wait(37.0)
        assert fleet.count("sessions.finished") == 3
        assert fleet.count("sessions.late") == 0
        assert len(csms.all("MeterValues")) == 9 * 3
        late = fleet.agent.snapshot().times
        # What waited behind the slow one counts from when it was due; on the wire only one call was slow.
        assert late["call.MeterValues"].percentile_s(86) > 1.0
        assert late["wire.MeterValues"].percentile_s(86) < 0.1


@virtual
async def test_a_driver_who_is_not_served_in_time_leaves() -> None:
    async with FleetRig("1.6", Behaviour("paced", session_s=10.0, pause_s=5.0)) as fleet:
        await fleet.up()
        fleet.csms().once("Authorize", SILENCE)
        fleet.agent.go(fleet.run_s())
        await fleet.wait(12.0)
        assert fleet.count("sessions.unserved") == 1
        await fleet.until(lambda: fleet.count("sessions.finished") >= 2)


@virtual
async def test_the_beginnings_are_spread_over_the_cycle() -> None:
    behaviour = Behaviour("paced", session_s=10.0, pause_s=2.0)
    async with FleetRig("1.6", behaviour, stations=12) as fleet:
        await fleet.going()
        seen = []
        for _ in range(12):
            await fleet.wait(1.0)
            seen.append(fleet.count("sessions.started"))
        assert seen[-1] == 12
        assert all(two - one <= 2 for one, two in pairwise(seen))


@virtual
async def test_a_car_that_finds_the_evse_taken_is_turned_away_and_nothing_was_late() -> None:
    behaviour = Behaviour("paced", session_s=10.0, pause_s=2.0, stop="remote")
    async with FleetRig("1.6", behaviour) as fleet:
        await fleet.going()
        await fleet.wait(30.0)  # nobody ends the session
        assert fleet.count("sessions.started") == 1
        assert fleet.count("sessions.turned_away") == 2
        assert fleet.count("sessions.late") == 0


@pytest.mark.parametrize("pattern", ["commuter", "rush-hour", "highway"])
@virtual
async def test_arrivals_charge_for_as_long_as_they_stay(pattern: Any) -> None:
    behaviour = Behaviour(pattern, session_s=30.0, day_s=600.0)
    async with FleetRig("1.6", behaviour, stations=5) as fleet:
        await fleet.going()
        await fleet.wait(1200.0)
        started, finished = fleet.count("sessions.started"), fleet.count("sessions.finished")
        assert started >= 5
        assert finished >= started - 5
        assert fleet.count("sessions.late") == 0
        assert sum(len(starts(fleet, index)) for index in range(5)) == started


@virtual
async def test_cars_that_find_the_evse_taken_turn_away() -> None:
    async with FleetRig("1.6", Behaviour("highway", session_s=60.0, day_s=3600.0), stations=10) as fleet:
        await fleet.going()
        await fleet.wait(3600.0)
        came = fleet.count("sessions.started") + fleet.count("sessions.turned_away")
        assert came == pytest.approx(10 * 60 * 0.5, rel=0.35)
        assert fleet.count("sessions.turned_away") > 20


@virtual
async def test_values_come_as_the_profile_says_where_the_plan_does_not() -> None:
    behaviour = Behaviour("paced", session_s=20.0, pause_s=2.0)
    async with FleetRig("1.6", behaviour, profile={"metering": {"sample": "4s"}}) as fleet:
        await fleet.going()
        await fleet.until(lambda: fleet.count("sessions.finished") >= 1)
        assert len(fleet.csms().all("MeterValues")) == 4
