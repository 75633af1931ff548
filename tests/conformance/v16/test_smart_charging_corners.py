"""Smart charging where purposes, validity, recurrence, remote starts and lost connections meet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import charging, plug_and_tap, status_is, transaction_id
from tests.conformance.v16.smart import (
    DEFAULT,
    MAX,
    TWO,
    TX,
    accepted,
    at,
    clear,
    limits,
    offered,
    profile,
    schedule,
    set_profile,
)
from tests.support.rig import CARD, Rig, virtual

SECOND = "04BB00112233"


async def remote_start(rig: Rig, **more: Any) -> None:
    """RemoteStartTransaction with a profile of 8 A that has to be taken."""
    wire = profile(TX, schedule((0, 8)), **more)
    answer = await rig.call("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1, "chargingProfile": wire})
    assert answer["status"] == "Accepted"
    await rig.wait(2)


async def charge_at(rig: Rig, connector: int, card: str) -> None:
    """Plug in and tap at one of two connectors, and charge."""
    await rig.do("plug_in", connector=connector)
    await rig.do("tap", tagId=card, connector=connector)
    await rig.wait(10)


@pytest.mark.spec("OCPP 1.6 §3.13.7")
@virtual
async def test_the_example_of_the_text_six_kilowatts_by_day() -> None:
    async with Rig() as rig:  # It is noon.
        await rig.boot()
        plan = schedule((0, 11000), (28800, 6000), (72000, 11000), unit="W", duration=86400)
        wire = profile(DEFAULT, {**plan, "startSchedule": "2013-01-01T00:00:00Z"}, "Recurring", recurrencyKind="Daily")
        await accepted(rig, 0, {**wire, "chargingProfileId": 100})
        found = await limits(rig, 1, 86400, chargingRateUnit="W")
        assert [limit for _, limit in found] == [6000, 11000, 6000]
        assert [start for start, _ in found] == pytest.approx([0, 8 * 3600, 20 * 3600], abs=2)


@pytest.mark.spec("OCPP 1.6 errata 3.44", "OCPP 1.6 §5.16.4")
@virtual
async def test_what_is_longer_than_the_recurrence_is_not_executed() -> None:
    async with Rig() as rig:
        await rig.boot()
        plan = schedule((0, 6), (3600, 8), (90_000, 10), startSchedule=at(rig), duration=172_800)
        await accepted(rig, 1, profile(DEFAULT, plan, "Recurring", recurrencyKind="Daily"))
        assert [limit for _, limit in await limits(rig, 1, 170_000)] == [6, 8, 6, 8]


@pytest.mark.spec("OCPP 1.6 §3.13.2", "OCPP 1.6 errata 3.65", "OCPP 1.6 errata 3.66")
@virtual
async def test_profiles_of_a_transaction_may_be_valid_for_a_time() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 12))))
        await accepted(rig, 1, profile(TX, schedule((0, 7)), chargingProfileId=2, validTo=at(rig, 200)))
        above: dict[str, Any] = {"stackLevel": 1, "validFrom": at(rig, 50), "validTo": at(rig, 100)}
        await accepted(rig, 1, profile(TX, schedule((0, 9)), chargingProfileId=3, **above))
        assert [limit for _, limit in await limits(rig)] == [7, 9, 7, 12]
        seen = []
        for _ in range(4):
            seen.append(offered(rig))
            await rig.wait(60)
        assert [*seen, offered(rig)] == [7, 9, 7, 7, 12]


@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §7.8")
@virtual
async def test_a_profile_of_a_transaction_stays_with_it() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await charge_at(rig, 1, CARD)
        await charge_at(rig, 2, SECOND)
        number = transaction_id(rig)
        assert await set_profile(rig, 2, profile(TX, schedule((0, 7)), transactionId=number)) == "Rejected"
        await accepted(rig, 1, profile(TX, schedule((0, 7)), transactionId=number))
        # The same purpose and stack level of another transaction is another place.
        await accepted(rig, 2, profile(TX, schedule((0, 9)), chargingProfileId=2))
        assert (offered(rig, 1), offered(rig, 2)) == (7, 9)


@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §5.16.4")
@virtual
async def test_no_profile_of_a_transaction_that_is_over() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Finishing")
        assert await set_profile(rig, 1, profile(TX, schedule((0, 7)))) == "Rejected"
        assert await set_profile(rig, 1, profile(TX, schedule((0, 7)), transactionId=number)) == "Rejected"


@pytest.mark.spec("OCPP 1.6 §3.13.6", "OCPP 1.6 errata 3.37")
@virtual
async def test_what_starts_offline_obeys_the_profiles_that_are_there() -> None:
    async with Rig(profile=TWO, variables={"AllowOfflineTxForUnknownId": "true"}) as rig:
        await rig.boot()
        await accepted(rig, 0, profile(MAX, schedule((0, 20))))
        await accepted(rig, 0, profile(DEFAULT, schedule((0, 12), (60, 9)), chargingProfileId=2))
        await rig.do("go_offline")
        await charge_at(rig, 1, CARD)
        assert offered(rig, 1) == 12
        await rig.wait(20)
        await charge_at(rig, 2, SECOND)
        assert (offered(rig, 1), offered(rig, 2)) == (10, 10)
        await rig.wait(25)
        assert (offered(rig, 1), offered(rig, 2)) == (9, 11)


@pytest.mark.spec("OCPP 1.6 §3.13.6")
@virtual
async def test_offline_without_profiles_nothing_constrains() -> None:
    async with Rig(variables={"AllowOfflineTxForUnknownId": "true"}) as rig:
        await rig.boot()
        await rig.do("go_offline")
        await charge_at(rig, 1, CARD)
        assert offered(rig) == 16


@pytest.mark.spec("OCPP 1.6 §5.16.4", "OCPP 1.6 §3.13.2")
@virtual
async def test_a_profile_goes_on_where_its_replacement_is_refused() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 0, profile(MAX, schedule((0, 10))))
        assert await set_profile(rig, 0, profile(MAX, schedule((1, 8)))) == "Rejected"
        assert offered(rig) == 10
        await accepted(rig, 0, profile(MAX, schedule((0, 8)), chargingProfileId=2))
        assert offered(rig) == 8
        assert await clear(rig, id=1) == "Unknown"


@pytest.mark.spec("OCPP 1.6 §3.13.2", "OCPP 1.6 §3.13.3")
@virtual
async def test_limits_of_the_station_are_stacked_and_bind_every_transaction() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await accepted(rig, 0, profile(MAX, schedule((0, 20))))
        await charge_at(rig, 1, CARD)
        await charge_at(rig, 2, SECOND)
        above = schedule((0, 14), startSchedule=at(rig), duration=60)
        await accepted(rig, 0, profile(MAX, above, chargingProfileId=2, stackLevel=1))
        assert (offered(rig, 1), offered(rig, 2)) == (7, 7)
        assert [limit for _, limit in await limits(rig, 0)] == [14, 20]
        await rig.wait(61)
        assert (offered(rig, 1), offered(rig, 2)) == (10, 10)


# What comes with a remote start


@pytest.mark.spec("OCPP 1.6 §5.16.2", "OCPP 1.6 errata 3.42")
@virtual
async def test_another_stack_level_is_put_beside_the_profile_of_the_remote_start() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        await remote_start(rig)
        await charging(rig)
        above: dict[str, Any] = {"chargingProfileId": 2, "stackLevel": 3, "transactionId": transaction_id(rig)}
        await accepted(rig, 1, profile(TX, schedule((0, 12), startSchedule=at(rig), duration=60), **above))
        assert offered(rig) == 12
        await rig.wait(61)
        assert offered(rig) == 8


@pytest.mark.spec("OCPP 1.6 §5.16.2", "OCPP 1.6 §9.1.6")
@virtual
async def test_the_profile_of_a_remote_start_goes_when_nobody_comes() -> None:
    async with Rig(profile=TWO, variables={"ConnectionTimeOut": 30}) as rig:
        await rig.boot()
        await remote_start(rig)
        assert await limits(rig) == [(0, 8)]
        assert await set_profile(rig, 1, profile(TX, schedule((0, 7)), chargingProfileId=2)) == "Rejected"
        await rig.wait(60)
        assert await limits(rig) == [(0, 16)]
        await charge_at(rig, 1, SECOND)
        assert offered(rig) == 16


@pytest.mark.spec("OCPP 1.6 §5.5", "OCPP 1.6 errata 3.25")
@pytest.mark.parametrize("asked", [{}, {"id": 1}, {"connectorId": 1}, {"chargingProfilePurpose": TX}])
@virtual
async def test_the_profile_of_a_remote_start_can_be_cleared_before_the_transaction(asked: dict[str, Any]) -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await remote_start(rig)
        assert await clear(rig, id=2) == "Unknown"
        assert await clear(rig, connectorId=2) == "Unknown"
        assert await clear(rig, **asked) == "Accepted"
        assert await clear(rig, **asked) == "Unknown"
        assert await limits(rig) == [(0, 16)]
        await rig.do("plug_in", connector=1)
        await rig.wait(10)
        assert offered(rig) == 16


@pytest.mark.spec("OCPP 1.6 §5.5")
@virtual
async def test_what_is_not_recorded_is_not_cleared() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await accepted(rig, 2, profile(DEFAULT, schedule((0, 10)), chargingProfileId=2))
        await remote_start(rig)
        rig.store.fail_next()
        assert await clear(rig) == "Unknown"
        assert (await limits(rig, 1), await limits(rig, 2)) == ([(0, 8)], [(0, 10)])
        await rig.do("plug_in", connector=1)
        await rig.wait(10)
        assert offered(rig) == 8
