"""Stations that are switched on together: all boot before the first tells its statuses, and nobody waits for long."""

from __future__ import annotations

import pytest

from station.fleet.rush import MOST_S, STALLED_S
from tests.support.fleet_rig import LATENCY_S, FleetRig
from tests.support.rig import virtual
from tests.support.scripted_csms import SILENCE, Delay

VERSIONS = ["1.6", "2.0.1"]
BOOT, STATUS = "BootNotification", "StatusNotification"


def told(fleet: FleetRig, index: int) -> list[str]:
    return fleet.csms(index).actions()


@pytest.mark.parametrize("version", VERSIONS)
@virtual
async def test_no_status_is_told_before_all_are_accepted(version: str) -> None:
    async with FleetRig(version, stations=20) as fleet:
        fleet.csms(19).answer(BOOT, Delay(0.2))
        fleet.assign()
        await fleet.until(lambda: fleet.gauges()["up"] == 19)
        await fleet.wait(0.1)
        assert all(told(fleet, index) == [BOOT] for index in range(20))
        await fleet.until(lambda: fleet.gauges()["up"] == 20)
        await fleet.wait(0.1 + 20 * LATENCY_S)
        assert all(STATUS in told(fleet, index) for index in range(20))


@virtual
async def test_who_is_not_accepted_holds_up_nobody() -> None:
    async with FleetRig(stations=3) as fleet:
        fleet.csms(2).answer(BOOT, SILENCE)
        fleet.assign()
        await fleet.wait(STALLED_S + 0.2)
        assert STATUS in told(fleet, 0)
        assert STATUS in told(fleet, 1)
        assert told(fleet, 2) == [BOOT]


@virtual
async def test_nobody_waits_for_more_than_a_second() -> None:
    async with FleetRig(stations=20) as fleet:
        for index in range(20):
            fleet.csms(index).answer(BOOT, Delay(0.1 + 0.2 * index))
        fleet.assign()
        await fleet.until(lambda: fleet.gauges()["up"] == 1)
        await fleet.wait(MOST_S + 0.2)
        assert STATUS in told(fleet, 0)
        assert told(fleet, 4) == [BOOT]
        assert fleet.gauges()["up"] < 20


@virtual
async def test_the_stations_of_a_ramp_do_not_wait_for_each_other() -> None:
    async with FleetRig(stations=10) as fleet:
        fleet.assign(ramp_s=0.5)
        await fleet.until(lambda: fleet.gauges()["up"] == 1)
        await fleet.wait(0.02)
        assert STATUS in told(fleet, 0)


@virtual
async def test_the_end_comes_in_order_while_statuses_wait() -> None:
    async with FleetRig(stations=3) as fleet:
        fleet.csms(2).answer(BOOT, SILENCE)
        fleet.assign()
        await fleet.until(lambda: fleet.gauges()["up"] == 2)
        assert told(fleet, 0) == [BOOT]
        began_s = fleet.run_s()
        fleet.agent.withdraw([0, 1])
        await fleet.until(lambda: not fleet.connected(0) and not fleet.connected(1))
        assert fleet.run_s() - began_s < 1.0
        assert STATUS in told(fleet, 0)
