"""What stations of a kind share, and how their EVSEs are counted."""

from __future__ import annotations

import pytest

from station.fleet.plan import Behaviour, Station
from station.fleet.world import NEVER_S, adapted
from tests.support.fleet_rig import FleetRig, profile_of
from tests.support.rig import virtual


def test_a_driver_who_says_when_a_value_is_due_is_the_only_one() -> None:
    profile = profile_of("1.6", {"metering": {"sample": "4s", "aligned": "15m"}})
    assert adapted(profile, fed=False).metering.sample_s == 4.0
    fed = adapted(profile, fed=True)
    assert fed.metering.sample_s == NEVER_S
    assert fed.metering.aligned_s == 900.0
    assert [short.value for short in fed.short_names if short.path == "metering.sample"] == [NEVER_S]


@pytest.mark.parametrize("name", ["MeterValueSampleInterval", "SampledDataCtrlr.TxUpdatedInterval"])
def test_an_interval_that_is_set_as_a_variable_stays(name: str) -> None:
    profile = profile_of("1.6", {"metering": {}, "variables": {name: "7"}})
    assert adapted(profile, fed=True).metering.sample_s == profile.metering.sample_s


@virtual
async def test_stations_of_a_kind_share_what_is_equal() -> None:
    rows = (Station("A"), Station("B"), Station("C", connectors=2), Station("D", connectors=2))
    async with FleetRig(stations=4, rows=rows) as fleet:
        await fleet.up()
        casts = [fleet.unit(index).cast for index in range(4)]
        assert casts[0] is casts[1]
        assert casts[2] is casts[3]
        assert casts[0] is not casts[2]
        assert casts[0].scene is casts[2].scene
        assert fleet.unit(0).host.runner.kind is fleet.unit(1).host.runner.kind


@virtual
async def test_evses_are_counted_by_their_state() -> None:
    async with FleetRig("1.6", Behaviour("idle", answers_remote=False), stations=6) as fleet:
        await fleet.up()
        agent = fleet.agent
        assert fleet.gauges()["state.available"] == 6
        await agent.command(0, "plug_in", {})
        await agent.command(1, "plug_in", {})
        await agent.command(1, "tap", {"tagId": "CARD"})
        await agent.command(2, "fault", {"errorCode": "GroundFailure"})
        await agent.command(3, "power_cycle", {})
        reservation = {"connectorId": 1, "expiryDate": "2030-01-01T00:00:00Z", "idTag": "X", "reservationId": 1}
        fleet.call(4, "ReserveNow", reservation)
        fleet.call(5, "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        await fleet.wait(0.5)
        states = ("occupied", "charging", "faulted", "down", "reserved", "unavailable")
        assert {name: fleet.gauges()[f"state.{name}"] for name in states} == dict.fromkeys(states, 1)
        assert fleet.gauges()["state.available"] == 0
        await agent.command(1, "ev_suspend", {})
        await fleet.wait(0.1)
        assert fleet.gauges()["state.suspended"] == 1
        agent.drop([0, 1])
        assert sum(count for name, count in fleet.gauges().items() if name.startswith("state.")) == 4


@virtual
async def test_a_station_that_cannot_be_made_is_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    rows = (Station("one\n"), Station("two\n"), Station("THREE"))
    async with FleetRig(stations=3, rows=rows) as fleet:
        fleet.assign()
        await fleet.wait(1.0)
        assert fleet.count("stations.failed") == 2
        assert fleet.gauges()["up"] == 1
        said = [one for one in caplog.records if "cannot be run" in one.message and one.levelname == "ERROR"]
        assert len(said) == 1
