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


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@virtual
async def test_a_register_goes_on_where_a_station_is_run_again(version: str) -> None:
    behaviour = Behaviour("paced", session_s=20.0, pause_s=2.0, sample_s=1.0)
    two = {"evses": [{"id": 1, "max_current": "16A"}, {"id": 2, "max_current": "16A"}], "car": {"max_power": "22kW"}}
    async with FleetRig(version, behaviour, stations=2, profile=two) as fleet:
        await fleet.going()
        before: dict[int, float] = {}
        for attempt in range(1, 5):
            await fleet.wait(55.0)
            registers = {
                evse: one.bay.meter.read().energy_wh or 0.0 for evse, one in fleet.unit(1).host.hardware.items()
            }
            assert all(wh > before.get(evse, 0.0) for evse, wh in registers.items()), "it has charged"
            leave = fleet.agent.drop if attempt % 2 else fleet.agent.withdraw
            leave([1])
            await fleet.wait(5.0)
            fleet.assign(first=1, count=1, attempt=attempt)
            await fleet.wait(5.0)
            for evse, hardware in fleet.unit(1).host.hardware.items():
                before[evse] = hardware.bay.meter.energy_wh
                assert before[evse] >= registers[evse]
                assert before[evse] <= 3 * 16 * 230 * fleet.run_s() / 3600 + attempt + 1, "and not far above"


@virtual
async def test_the_first_time_a_register_begins_with_nothing() -> None:
    async with FleetRig(stations=1) as fleet:
        await fleet.wait(600.0)
        fleet.assign()
        await fleet.wait(1.0)
        assert fleet.unit(0).host.hardware[1].bay.meter.energy_wh == 0.0


@virtual
async def test_a_meter_that_counts_sessions_begins_with_nothing_whenever_it_is_run() -> None:
    meter = {"evses": [{"id": 1, "hardware": {"meter": {"driver": "sim", "counts": "session"}}}]}
    async with FleetRig(stations=1, profile=meter) as fleet:
        await fleet.wait(600.0)
        fleet.assign(attempt=1)
        await fleet.wait(1.0)
        assert fleet.unit(0).host.hardware[1].bay.meter.energy_wh == 0.0
