"""The CSMS's time, as the station takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conformance.v16.flows import plug_and_tap, sampled, status_is, stop, tap_and_unplug
from tests.support.rig import Rig, virtual

HOUR = timedelta(hours=1)


def shifted(rig: Rig, by: timedelta) -> Any:
    """A Heartbeat's answer whose clock is off by so much."""
    return lambda _: {"currentTime": (rig.utc() + by).isoformat(timespec="milliseconds").replace("+00:00", "Z")}


@pytest.mark.spec("OCPP 1.6 §3.11")
@pytest.mark.parametrize(
    "text",
    ["2030-05-05T10:00:00Z", "2030-05-05T12:00:00+02:00", "2030-05-05T10:00:00.000Z", "2030-05-05T10:00:00.1234567Z"],
)
@virtual
async def test_every_way_to_write_a_time_is_understood(text: str) -> None:
    async with Rig() as rig:
        rig.csms.answer("BootNotification", {"status": "Accepted", "currentTime": text, "interval": 300})
        await rig.boot()
        await rig.do("plug_in")
        await status_is(rig, "Preparing")
        assert rig.csms.last("StatusNotification")["timestamp"].startswith("2030-05-05T10:00:00")


@pytest.mark.spec("OCPP 1.6 §3.11")
@virtual
async def test_times_are_told_in_utc() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(61)
        await tap_and_unplug(rig)
        told = [
            *(one["timestamp"] for one in rig.heard_all("StatusNotification")),
            rig.csms.last("StartTransaction")["timestamp"],
            rig.csms.last("MeterValues")["meterValue"][0]["timestamp"],
            stop(rig)["timestamp"],
        ]
        assert all(text.endswith("Z") for text in told)
        moments = [datetime.fromisoformat(text) for text in told]
        assert all(rig.utc() - HOUR < moment <= rig.utc() for moment in moments)


@pytest.mark.spec("OCPP 1.6 §9.1.4")
@pytest.mark.parametrize("jump_s", [600, 45, -45, -600])
@virtual
async def test_a_jump_of_the_clock_neither_doubles_nor_floods_aligned_values(jump_s: int) -> None:
    async with Rig(variables={"ClockAlignedDataInterval": 60, "MeterValueSampleInterval": 0}) as rig:
        rig.csms.interval_s = 150
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.answer("Heartbeat", shifted(rig, timedelta(seconds=jump_s)))
        await rig.do("heartbeat")
        await rig.wait(605)
        times = [one["meterValue"][0]["timestamp"] for one in rig.heard_all("MeterValues") if "transactionId" in one]
        assert len(times) == len(set(times))
        assert 9 <= len(times) <= 11
        assert all(datetime.fromisoformat(text).second == 0 for text in times)


@pytest.mark.spec("OCPP 1.6 §4.7")
@virtual
async def test_a_jump_of_the_clock_leaves_the_sampling_alone() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 30}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        rig.csms.answer("Heartbeat", shifted(rig, -HOUR))
        await rig.do("heartbeat")
        await rig.wait(151)
        readings = [float(sample["value"]) for told in rig.heard_all("MeterValues") for sample in sampled(told)]
        assert len(readings) == 5
        assert readings == sorted(readings)


@pytest.mark.spec("OCPP 1.6 §4.2", "OCPP 1.6 §4.6")
@virtual
async def test_an_accepted_boot_with_interval_0_makes_no_flood_of_heartbeats() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 0
        await rig.boot()
        await rig.wait(3600)
        assert len(rig.heard_all("Heartbeat")) <= 60


@pytest.mark.spec("OCPP 1.6 §4.6")
@virtual
async def test_at_least_one_heartbeat_a_day() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 10_000_000
        await rig.boot()
        await rig.wait(3 * 86_400)
        assert len(rig.heard_all("Heartbeat")) >= 2


@pytest.mark.spec("OCPP 1.6 §3.11")
@virtual
async def test_a_wrong_time_in_a_heartbeat_is_ignored() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 30
        await rig.boot()
        rig.csms.answer("Heartbeat", {"currentTime": "222222017-01-01T00:00:00Z"})
        await rig.wait(100)
        await rig.do("plug_in")
        await status_is(rig, "Preparing")
        told = datetime.fromisoformat(rig.csms.last("StatusNotification")["timestamp"])
        assert abs(told - rig.utc()) < timedelta(seconds=2)
        assert rig.utc().tzinfo is UTC
