"""SetChargingProfile, ClearChargingProfile, GetCompositeSchedule: the cases of the certification."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.conformance.v16.flows import charging, plug_and_tap, transaction_id
from tests.conformance.v16.smart import (
    DEFAULT,
    MAX,
    TWO,
    TX,
    accepted,
    at,
    clear,
    composite,
    limits,
    offered,
    profile,
    schedule,
    set_profile,
)
from tests.support.rig import CARD, Rig, virtual


@pytest.mark.case("TC_056_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §5.16")
@virtual
async def test_tc_056_a_default_profile_limits_a_transaction_that_starts_later() -> None:
    async with Rig() as rig:
        await rig.boot()
        await accepted(
            rig, 1, profile(DEFAULT, schedule((0, 10), (100, 8), (200, 6), startSchedule=at(rig), duration=300))
        )
        await plug_and_tap(rig)
        assert offered(rig) == 10
        assert (await limits(rig))[0] == (0, 10)
        await rig.wait(100)
        assert offered(rig) == 8
        await rig.wait(100)
        assert offered(rig) == 6
        await rig.wait(100)
        assert offered(rig) == 16


@pytest.mark.case("TC_057_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §5.16.3")
@virtual
async def test_tc_057_a_profile_of_the_running_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        plan = schedule((0, 6), (60, 10), startSchedule=at(rig), duration=300)
        await accepted(rig, 1, profile(TX, plan, transactionId=number))
        assert offered(rig) == 6
        assert rig.status["power_w"] == pytest.approx(6 * 3 * 230)
        await rig.wait(60)
        assert offered(rig) == 10
        assert transaction_id(rig) == number


@pytest.mark.case("TC_058_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §5.16.4")
@virtual
async def test_tc_058_1_no_profile_of_a_transaction_without_one() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await set_profile(rig, 1, profile(TX, schedule((0, 6)))) == "Rejected"
        assert await set_profile(rig, 1, profile(TX, schedule((0, 6)), transactionId=1)) == "Rejected"


@pytest.mark.case("TC_058_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §7.8")
@virtual
async def test_tc_058_2_no_profile_of_another_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        assert await set_profile(rig, 1, profile(TX, schedule((0, 6)), transactionId=number + 1)) == "Rejected"
        assert offered(rig) == 16


@pytest.mark.case("TC_059_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §5.16.2")
@virtual
async def test_tc_059_remote_start_with_a_profile() -> None:
    async with Rig() as rig:
        await rig.boot()
        await accepted(rig, 0, profile(DEFAULT, schedule((0, 16)), chargingProfileId=7))
        await rig.do("plug_in")
        wire = profile(TX, schedule((0, 8), (60, 6)))
        answer = await rig.call("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1, "chargingProfile": wire})
        assert answer["status"] == "Accepted"
        await charging(rig)
        assert offered(rig) == 8
        assert [limit for _, limit in await limits(rig)] == [8, 6]
        await rig.wait(60)
        assert offered(rig) == 6
        # The same stack level, now with the transaction's number: replaced, not stacked (errata 3.42).
        new = profile(TX, schedule((0, 12)), chargingProfileId=2, transactionId=transaction_id(rig))
        await accepted(rig, 1, new)
        assert offered(rig) == 12
        assert await clear(rig, id=1) == "Unknown"


@pytest.mark.case("TC_060_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.16.2", "OCPP 1.6 §6.33")
@pytest.mark.parametrize("wrong", [{"chargingProfilePurpose": DEFAULT}, {"transactionId": 5}, {"stackLevel": 1000}])
@virtual
async def test_tc_060_remote_start_with_an_unfit_profile(wrong: dict[str, Any]) -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        wire = {**profile(TX, schedule((0, 8))), **wrong}
        answer = await rig.call("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1, "chargingProfile": wire})
        assert answer["status"] == "Rejected"
        await rig.wait(10)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.case("TC_066_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.7", "OCPP 1.6 §3.13.3")
@virtual
async def test_tc_066_composite_schedule_of_all_purposes() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        now = at(rig)
        await accepted(rig, 0, profile(MAX, schedule((0, 10), startSchedule=now, duration=86400)))
        default = schedule((0, 6), (60, 10), (120, 8), (180, 15), (260, 8), startSchedule=now, duration=300)
        await accepted(rig, 1, profile(DEFAULT, default, chargingProfileId=2))
        own = schedule((0, 8), (50, 11), (140, 16), (200, 6), (240, 12), startSchedule=now, duration=260)
        await accepted(rig, 1, profile(TX, own, chargingProfileId=3, transactionId=transaction_id(rig)))
        sent = rig.utc()
        answer = await composite(rig, 1, 400, chargingRateUnit="A")
        assert answer["connectorId"] == 1
        start = datetime.fromisoformat(answer["scheduleStart"])
        assert abs((start - sent).total_seconds()) < 1
        found = answer["chargingSchedule"]
        assert (found["duration"], found["chargingRateUnit"]) == (400, "A")
        assert "startSchedule" not in found
        elapsed = round((start - datetime.fromisoformat(now)).total_seconds())
        wanted = [(0, 8), (50, 10), (200, 6), (240, 10), (260, 8), (300, 10)]
        periods = [(one["startPeriod"], one["limit"]) for one in found["chargingSchedulePeriod"]]
        assert [limit for _, limit in periods] == [limit for _, limit in wanted]
        for (seen, _), (start_s, _) in zip(periods[1:], wanted[1:], strict=True):
            assert abs(seen - (start_s - elapsed)) <= 1


@pytest.mark.case("TC_066_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.7")
@virtual
async def test_tc_066_composite_schedule_without_profiles() -> None:
    async with Rig(
        profile={**TWO, "station": {"id": "CP-1", "vendor": "A", "model": "B", "max_current": "20A"}}
    ) as rig:
        await rig.boot()
        assert await limits(rig, 0) == [(0, 20)]
        assert await limits(rig, 1) == [(0, 16)]
        assert await limits(rig, 2, chargingRateUnit="W") == [(0, 16 * 3 * 230)]
        assert await limits(rig, 0, chargingRateUnit="W") == [(0, 20 * 3 * 230)]
        answer = await rig.call("GetCompositeSchedule", {"connectorId": 3, "duration": 300})
        assert answer == {"status": "Rejected"}


@pytest.mark.case("TC_067_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.5", "OCPP 1.6 errata 3.25", "OCPP 1.6 errata 3.26")
@virtual
async def test_tc_067_clear_by_each_criterion() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()

        async def install() -> None:
            await accepted(rig, 0, profile(MAX, schedule((0, 16))))
            await accepted(rig, 0, profile(DEFAULT, schedule((0, 12)), chargingProfileId=2, stackLevel=1))
            await accepted(rig, 1, profile(DEFAULT, schedule((0, 10)), chargingProfileId=3, stackLevel=2))
            await accepted(rig, 2, profile(DEFAULT, schedule((0, 8)), chargingProfileId=4, stackLevel=2))

        assert await clear(rig) == "Unknown"
        await install()
        assert await clear(rig, id=9) == "Unknown"
        assert await clear(rig, connectorId=1, stackLevel=1) == "Unknown"
        assert await clear(rig, id=4, connectorId=1) == "Accepted"
        assert await limits(rig, 2) == [(0, 12)]
        assert await clear(rig, connectorId=1) == "Accepted"
        assert await limits(rig, 1) == [(0, 12)]
        assert await clear(rig, chargingProfilePurpose=DEFAULT, stackLevel=1) == "Accepted"
        assert await limits(rig, 1) == [(0, 16)]
        await install()
        assert await clear(rig, connectorId=0, chargingProfilePurpose=MAX) == "Accepted"
        assert await clear(rig, connectorId=5) == "Unknown"
        assert await clear(rig) == "Accepted"
        assert await clear(rig) == "Unknown"
        assert await limits(rig, 1) == [(0, 16)]


@pytest.mark.case("TC_072_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.13.2")
@virtual
async def test_tc_072_stacked_profiles() -> None:
    async with Rig() as rig:
        await rig.boot()
        now = at(rig)
        low = schedule((0, 6), (100, 8), (200, 10), startSchedule=now, duration=400)
        high = schedule((0, 7), (100, 9), startSchedule=now, duration=150)
        await accepted(rig, 1, profile(DEFAULT, low))
        await accepted(rig, 1, profile(DEFAULT, high, chargingProfileId=2, stackLevel=1))
        assert [limit for _, limit in await limits(rig, 1, 350)] == [7, 9, 8, 10]
        await plug_and_tap(rig)
        assert offered(rig) == 7
        await rig.wait(100)
        assert offered(rig) == 9
        await rig.wait(50)
        assert offered(rig) == 8


@pytest.mark.case("TC_082_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 errata 3.8")
@virtual
async def test_tc_082_a_default_profile_applies_to_a_running_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        assert offered(rig) == 16
        await accepted(rig, 0, profile(DEFAULT, schedule((0, 10), startSchedule=at(rig, -5))))
        assert offered(rig) == 10
        await accepted(rig, 0, profile(DEFAULT, schedule((0, 8), startSchedule=at(rig, -5))))
        assert offered(rig) == 8
        assert await clear(rig, chargingProfilePurpose=DEFAULT) == "Accepted"
        assert offered(rig) == 16
        assert transaction_id(rig) == number
        assert rig.heard_all("StopTransaction") == []
