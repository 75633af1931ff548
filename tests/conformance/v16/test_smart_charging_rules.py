"""Which charging profiles a station takes, keeps and forgets, and how it shares what it has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import (
    connector_statuses,
    offline_for,
    plug_and_tap,
    rebooted,
    sampled,
    status_is,
    tap_and_unplug,
    transaction_id,
)
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
from tests.support.rig import Rig, virtual

SECOND = "04BB00112233"


async def charge_at(rig: Rig, connector: int, card: str) -> None:
    """Plug in and tap at one of several connectors, and wait until the CSMS knows what became of it."""
    await rig.do("plug_in", connector=connector)
    await rig.do("tap", tagId=card, connector=connector)
    started = len(rig.heard_all("StartTransaction"))
    await rig.until(lambda: len(rig.heard_all("StartTransaction")) >= started)
    await rig.wait(10)


# What is taken


BAD: dict[str, tuple[int, dict[str, Any]]] = {
    "the station's limit at a connector": (1, profile(MAX, schedule((0, 8)))),
    "a transaction's profile at the station": (0, profile(TX, schedule((0, 8)))),
    "a transaction in a default profile": (1, profile(DEFAULT, schedule((0, 8)), transactionId=1)),
    "a stack level above ChargeProfileMaxStackLevel": (1, profile(DEFAULT, schedule((0, 8)), stackLevel=101)),
    "a stack level below 0": (1, profile(DEFAULT, schedule((0, 8)), stackLevel=-1)),
    "more periods than ChargingScheduleMaxPeriods": (1, profile(DEFAULT, schedule((0, 8), (1, 7), (2, 6), (3, 5)))),
    "a first period that is not the start": (1, profile(DEFAULT, schedule((1, 8)))),
    "periods out of order": (1, profile(DEFAULT, schedule((0, 8), (20, 7), (10, 6)))),
    "two periods at once": (1, profile(DEFAULT, schedule((0, 8), (10, 7), (10, 6)))),
    "a limit below 0": (1, profile(DEFAULT, schedule((0, -1)))),
    "a duration below 0": (1, profile(DEFAULT, schedule((0, 8), duration=-1))),
    "no phases": (
        1,
        profile(DEFAULT, {**schedule(), "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8, "numberPhases": 0}]}),
    ),
    "a unit that is not allowed": (1, profile(DEFAULT, schedule((0, 5000), unit="W"))),
    "recurring without saying how often": (
        1,
        profile(DEFAULT, schedule((0, 8), startSchedule="2026-01-01T00:00:00Z"), "Recurring"),
    ),
    "recurring without saying when": (1, profile(DEFAULT, schedule((0, 8)), "Recurring", recurrencyKind="Daily")),
    "never valid": (
        1,
        profile(DEFAULT, schedule((0, 8)), validFrom="2026-01-02T00:00:00Z", validTo="2026-01-01T00:00:00Z"),
    ),
}


@pytest.mark.spec("OCPP 1.6 §5.16", "OCPP 1.6 §7.8", "OCPP 1.6 §7.13", "OCPP 1.6 §9.4", "OCPP 1.6 errata 3.45")
@pytest.mark.parametrize("what", BAD)
@virtual
async def test_a_profile_that_breaks_a_rule_is_rejected(what: str) -> None:
    connector, wire = BAD[what]
    keys = {"ChargingScheduleMaxPeriods": 3, "ChargingScheduleAllowedChargingRateUnit": "Current"}
    async with Rig(variables=keys) as rig:
        await rig.boot()
        assert await set_profile(rig, connector, wire) == "Rejected"
        assert await clear(rig) == "Unknown"


@pytest.mark.spec("OCPP 1.6 errata 3.39", "OCPP 1.6 errata 3.38")
@virtual
async def test_values_that_do_not_exist_are_call_errors() -> None:
    async with Rig() as rig:
        await rig.boot()
        wire = profile(DEFAULT, schedule((0, 8)))
        unknown = {"connectorId": 2, "csChargingProfiles": wire}
        assert await rig.call_error("SetChargingProfile", unknown) == "PropertyConstraintViolation"
        negative = {"connectorId": -1, "csChargingProfiles": wire}
        assert await rig.call_error("SetChargingProfile", negative) == "PropertyConstraintViolation"
        unit = {"connectorId": 1, "csChargingProfiles": profile(DEFAULT, schedule((0, 8), unit="V"))}
        assert await rig.call_error("SetChargingProfile", unit) == "PropertyConstraintViolation"
        asked = {"connectorId": 1, "duration": 60, "chargingRateUnit": "V"}
        assert await rig.call_error("GetCompositeSchedule", asked) == "PropertyConstraintViolation"


@pytest.mark.spec("OCPP 1.6 §5.7", "OCPP 1.6 §9.4.2")
@virtual
async def test_a_composite_schedule_that_cannot_be_made_is_rejected() -> None:
    async with Rig(variables={"ChargingScheduleAllowedChargingRateUnit": "Power"}) as rig:
        await rig.boot()
        for wrong in ({"chargingRateUnit": "A"}, {"duration": -5}, {"connectorId": 9}):
            answer = await rig.call("GetCompositeSchedule", {"connectorId": 1, "duration": 60, **wrong})
            assert answer == {"status": "Rejected"}
        assert await limits(rig, 1, 60) == [(0, 11040)]
        assert await limits(rig, 1, 0) == [(0, 11040)]


@pytest.mark.spec("OCPP 1.6 §7.11")
@virtual
async def test_smart_charging_that_is_switched_off() -> None:
    async with Rig(variables={"SmartChargingCtrlr.Enabled": "false"}) as rig:
        await rig.boot()
        assert await set_profile(rig, 1, profile(DEFAULT, schedule((0, 8)))) == "NotSupported"
        answer = await rig.call(
            "RemoteStartTransaction", {"idTag": SECOND, "chargingProfile": profile(TX, schedule((0, 8)))}
        )
        assert answer["status"] == "Accepted"


@pytest.mark.spec("OCPP 1.6 §9.4.5")
@virtual
async def test_no_more_profiles_than_max_charging_profiles_installed() -> None:
    async with Rig(variables={"MaxChargingProfilesInstalled": 2}) as rig:
        await rig.boot()
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 8))))
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 9)), chargingProfileId=2, stackLevel=1))
        third = profile(DEFAULT, schedule((0, 10)), chargingProfileId=3, stackLevel=2)
        assert await set_profile(rig, 1, third) == "Rejected"
        # One that replaces another needs no room.
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 10)), chargingProfileId=3, stackLevel=1))
        assert await limits(rig) == [(0, 10)]
        known = await rig.call("GetConfiguration", {"key": ["MaxChargingProfilesInstalled"]})
        assert known["configurationKey"][0]["value"] == "2"


@pytest.mark.spec("OCPP 1.6 §3.13.5", "OCPP 1.6 §9.4")
@virtual
async def test_the_keys_of_smart_charging() -> None:
    names = (
        "ChargeProfileMaxStackLevel",
        "ChargingScheduleAllowedChargingRateUnit",
        "ChargingScheduleMaxPeriods",
        "MaxChargingProfilesInstalled",
    )
    async with Rig() as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {"key": [*names, "SupportedFeatureProfiles"]})
        found = {one["key"]: one for one in answer["configurationKey"]}
        assert all(found[name]["readonly"] for name in names)
        assert found["ChargingScheduleAllowedChargingRateUnit"]["value"] == "Current,Power"
        assert "SmartCharging" in found["SupportedFeatureProfiles"]["value"].split(",")


@pytest.mark.spec("OCPP 1.6 §3.13.2", "OCPP 1.6 §5.16.3")
@virtual
async def test_what_replaces_what() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 8))))
        # The same id: replaced, wherever it was.
        await accepted(rig, 2, profile(DEFAULT, schedule((0, 9))))
        assert (await limits(rig, 1), await limits(rig, 2)) == ([(0, 16)], [(0, 9)])
        # The same purpose, stack level and connector: replaced as well.
        await accepted(rig, 2, profile(DEFAULT, schedule((0, 10)), chargingProfileId=2))
        assert await limits(rig, 2) == [(0, 10)]
        assert await clear(rig, id=1) == "Unknown"
        # Another stack level: stacked.
        await accepted(rig, 2, profile(DEFAULT, schedule((0, 11)), chargingProfileId=3, stackLevel=1))
        assert await limits(rig, 2) == [(0, 11)]
        assert await clear(rig, id=3) == "Accepted"
        assert await limits(rig, 2) == [(0, 10)]


@pytest.mark.spec("OCPP 1.6 §3.13.1")
@virtual
async def test_a_default_of_the_station_holds_where_a_connector_has_none_of_its_own() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await accepted(rig, 0, profile(DEFAULT, schedule((0, 12))))
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 8)), chargingProfileId=2))
        assert (await limits(rig, 1), await limits(rig, 2)) == ([(0, 8)], [(0, 12)])
        assert await limits(rig, 0) == [(0, 20)]
        assert await clear(rig, id=2) == "Accepted"
        assert await limits(rig, 1) == [(0, 12)]


@pytest.mark.spec("OCPP 1.6 §3.13.2")
@virtual
async def test_one_that_is_replaced_for_later_leaves_a_gap() -> None:
    async with Rig() as rig:
        await rig.boot()
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 8), startSchedule=at(rig))))
        later = profile(DEFAULT, schedule((0, 8), startSchedule=at(rig)), validFrom=at(rig, 100), validTo=at(rig, 200))
        await accepted(rig, 1, later)
        assert [limit for _, limit in await limits(rig)] == [16, 8, 16]


@pytest.mark.spec("OCPP 1.6 errata 3.79", "OCPP 1.6 errata 3.43", "OCPP 1.6 errata 3.44")
@virtual
async def test_recurring_every_day_and_every_week() -> None:
    async with Rig() as rig:  # It is noon of a Thursday.
        await rig.boot()
        nightly = schedule((0, 6), (3600, 8), (7200, 10), startSchedule="2025-12-01T11:00:00Z", duration=10_800)
        await accepted(rig, 1, profile(DEFAULT, nightly, "Recurring", recurrencyKind="Daily"))
        weekly = schedule((0, 7), startSchedule="2025-12-26T12:00:00Z", duration=3600)
        more = profile(DEFAULT, weekly, "Recurring", recurrencyKind="Weekly", chargingProfileId=2, stackLevel=1)
        await accepted(rig, 1, more)
        found = [limit for _, limit in await limits(rig, 1, 30 * 3600)]
        assert found == [8, 10, 16, 6, 7, 10, 16]


# Obeying


@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 errata 3.64", "IEC 61851-1")
@virtual
async def test_less_than_six_amperes_suspends() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        await accepted(rig, 1, profile(TX, schedule((0, 5), (60, 6), startSchedule=at(rig))))
        await status_is(rig, "SuspendedEVSE")
        assert (offered(rig), rig.status["contactor"]) == (None, "open")
        await rig.wait(60)
        await status_is(rig, "Charging")
        assert (offered(rig), rig.status["contactor"]) == (6, "closed")
        assert transaction_id(rig) == number
        assert rig.statuses()[-3:] == ["Charging", "SuspendedEVSE", "Charging"]


@pytest.mark.spec("OCPP 1.6 §7.13")
@virtual
async def test_less_than_the_lowest_efficient_rate_suspends() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 1, profile(TX, schedule((0, 9), (60, 10), startSchedule=at(rig), minChargingRate=9.5)))
        await status_is(rig, "SuspendedEVSE")
        await rig.wait(60)
        assert offered(rig) == 10


@pytest.mark.spec("OCPP 1.6 §7.12", "OCPP 1.6 errata 3.34", "OCPP 1.6 errata 3.69")
@pytest.mark.parametrize(("phases", "power", "current"), [(3, 5520, 8.0), (3, 6000, 8.695), (1, 3000, 13.043)])
@virtual
async def test_watts_are_what_all_phases_take_together(phases: int, power: float, current: float) -> None:
    async with Rig(profile={"evses": [{"id": 1, "max_current": "16A", "phases": phases}]}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 1, profile(TX, schedule((0, power), unit="W")))
        assert offered(rig) == current
        assert await limits(rig, chargingRateUnit="W") == [(0, power)]
        assert await limits(rig, chargingRateUnit="A") == [(0, int(current * 10) / 10)]
        assert rig.status["power_w"] <= power


@pytest.mark.spec("OCPP 1.6 §7.31")
@virtual
async def test_the_offer_is_among_the_meter_values() -> None:
    keys = {
        "MeterValuesSampledData": "Current.Offered,Power.Offered,Power.Active.Import",
        "MeterValueSampleInterval": 10,
    }
    async with Rig(variables=keys) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 1, profile(TX, schedule((0, 7), startSchedule=at(rig))))
        await rig.wait(20)
        values = {one["measurand"]: float(one["value"]) for one in sampled(rig.heard_all("MeterValues")[-1])}
        assert values["Current.Offered"] == 7
        assert values["Power.Offered"] == pytest.approx(7 * 690)
        assert values["Power.Active.Import"] == pytest.approx(7 * 690)


@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §7.10")
@virtual
async def test_a_profile_ends_with_its_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 1, profile(TX, schedule((0, 7))))
        await tap_and_unplug(rig)
        await status_is(rig, "Available")
        assert await clear(rig, id=1) == "Unknown"
        await plug_and_tap(rig)
        assert offered(rig) == 16


@pytest.mark.spec("OCPP 1.6 §7.9", "OCPP 1.6 §7.13")
@virtual
async def test_relative_counts_from_the_start_of_each_transaction() -> None:
    async with Rig() as rig:
        await rig.boot()
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 6), (60, 12), duration=120)))
        for _ in range(2):
            await plug_and_tap(rig)
            assert offered(rig) == 6
            await rig.wait(60)
            assert offered(rig) == 12
            await rig.wait(60)
            assert offered(rig) == 16
            await tap_and_unplug(rig)
            await status_is(rig, "Available")


@pytest.mark.spec("OCPP 1.6 §3.13.6")
@virtual
async def test_offline_it_goes_on_as_before() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 1, profile(TX, schedule((0, 7), (60, 9), startSchedule=at(rig))))
        await rig.do("go_offline")
        await rig.wait(70)
        assert offered(rig) == 9
        await offline_for(rig, 5)
        assert offered(rig) == 9


@pytest.mark.spec("OCPP 1.6 errata 3.37")
@virtual
async def test_profiles_outlive_a_reboot() -> None:
    async with Rig() as rig:
        await rig.boot()
        await accepted(rig, 0, profile(MAX, schedule((0, 12), startSchedule=at(rig))))
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 9), startSchedule=at(rig)), chargingProfileId=2))
        assert (await rig.call("Reset", {"type": "Hard"}))["status"] == "Accepted"
        await rebooted(rig)
        assert (await limits(rig, 0), await limits(rig, 1)) == ([(0, 9)], [(0, 9)])
        await plug_and_tap(rig)
        assert offered(rig) == 9


@pytest.mark.spec("OCPP 1.6 errata 3.37", "OCPP 1.6 §7.10")
@pytest.mark.parametrize("resumes", [True, False])
@virtual
async def test_a_transactions_profile_over_a_power_cut(resumes: bool) -> None:
    policy = {"transactions": {"after_power_loss": "resume" if resumes else "stop"}}
    async with Rig(profile=policy) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 1, profile(TX, schedule((0, 7), startSchedule=at(rig))))
        await rig.do("power_cycle", keepTransactions=resumes)
        await rebooted(rig)
        await rig.wait(5)
        assert (transaction_id(rig) is not None) is resumes
        assert offered(rig) == (7 if resumes else None)
        assert await clear(rig, id=1) == ("Accepted" if resumes else "Unknown")


# Sharing


@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §3.13.3")
@virtual
async def test_two_cars_share_the_stations_limit() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await accepted(rig, 0, profile(MAX, schedule((0, 20), (600, 10), startSchedule=at(rig))))
        await charge_at(rig, 1, "04AA")
        assert offered(rig, 1) == 16
        await charge_at(rig, 2, SECOND)
        assert (offered(rig, 1), offered(rig, 2)) == (10, 10)
        own = profile(DEFAULT, schedule((0, 7), startSchedule=at(rig)), chargingProfileId=2)
        await accepted(rig, 2, own)
        assert (offered(rig, 1), offered(rig, 2)) == (13, 7)
        await rig.wait(600)
        # Not enough for two: who came first charges.
        assert (offered(rig, 1), offered(rig, 2)) == (10, None)
        assert connector_statuses(rig, 2)[-1] == "SuspendedEVSE"
        await rig.do("unplug", connector=1)
        await rig.wait(10)
        assert (offered(rig, 1), offered(rig, 2)) == (None, 7)
        assert connector_statuses(rig, 2)[-1] == "Charging"


@pytest.mark.spec("OCPP 1.6 §3.13.3")
@virtual
async def test_two_cars_share_watts() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await charge_at(rig, 1, "04AA")
        await charge_at(rig, 2, SECOND)
        assert (offered(rig, 1), offered(rig, 2)) == (16, 16)
        await accepted(rig, 0, profile(MAX, schedule((0, 11040), unit="W")))
        assert (offered(rig, 1), offered(rig, 2)) == (8, 8)
        assert await limits(rig, 0, chargingRateUnit="W") == [(0, 11040)]


@pytest.mark.spec("OCPP 2.0.1 K04.FR.02")
@virtual
async def test_two_cars_share_the_connection_without_any_profile() -> None:
    station = {"id": "CP-1", "vendor": "Acme", "model": "Wallbox", "max_current": "20A"}
    async with Rig(profile={**TWO, "station": station}) as rig:
        await rig.boot()
        await charge_at(rig, 1, "04AA")
        assert offered(rig, 1) == 16
        await charge_at(rig, 2, SECOND)
        assert (offered(rig, 1), offered(rig, 2)) == (10, 10)
        await rig.do("unplug", connector=2)
        await rig.wait(5)
        assert (offered(rig, 1), offered(rig, 2)) == (16, None)


# Several connectors at an EVSE, and other corners


ONE_OF_TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3, "connectors": [{"id": 1}, {"id": 2}]}]}


@pytest.mark.spec("OCPP 1.6 §3.13.1", "OCPP 1.6 §6.43")
@virtual
async def test_a_profile_of_one_connector_of_an_evse() -> None:
    async with Rig(profile=ONE_OF_TWO) as rig:
        await rig.boot()
        await accepted(rig, 0, profile(DEFAULT, schedule((0, 12))))
        await accepted(rig, 2, profile(DEFAULT, schedule((0, 8)), chargingProfileId=2))
        assert (await limits(rig, 1), await limits(rig, 2)) == ([(0, 12)], [(0, 8)])
        await charge_at(rig, 1, "04AA")
        assert offered(rig) == 12
        number = rig.heard_all("StartTransaction")[-1]["connectorId"]
        assert number == 1
        other = profile(TX, schedule((0, 6)), chargingProfileId=3)
        assert await set_profile(rig, 2, other) == "Rejected"
        await accepted(rig, 1, other)
        assert offered(rig) == 6
        assert await clear(rig, connectorId=1) == "Accepted"
        assert offered(rig) == 12


@pytest.mark.spec("OCPP 1.6 §3.13", "OCPP 1.6 §4.9")
@virtual
async def test_a_transaction_that_begins_without_energy() -> None:
    keys = {"MeterValuesSampledData": "Current.Offered", "MeterValueSampleInterval": 10}
    async with Rig(variables=keys) as rig:
        await rig.boot()
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 0), (60, 16))))
        await rig.do("plug_in")
        await rig.do("tap", tagId=SECOND)
        await status_is(rig, "SuspendedEVSE")
        assert len(rig.heard_all("StartTransaction")) == 1
        assert rig.statuses() == ["Available", "Preparing", "SuspendedEVSE"]
        await rig.wait(25)
        assert sampled(rig.heard_all("MeterValues")[-1])[0]["value"] == "0"
        await rig.wait(30)
        await status_is(rig, "Charging")
        assert offered(rig) == 16


@pytest.mark.spec("OCPP 1.6 §7.13")
@virtual
async def test_a_station_limit_without_a_start_begins_now() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await accepted(rig, 0, profile(MAX, schedule((0, 8), (60, 10))))
        assert offered(rig) == 8
        await rig.wait(60)
        assert offered(rig) == 10


@pytest.mark.spec("OCPP 1.6 §7.8", "OCPP 1.6 errata 3.56")
@virtual
async def test_what_does_not_belong_to_the_kind_is_ignored() -> None:
    async with Rig() as rig:
        await rig.boot()
        plan = schedule((0, 8), startSchedule=at(rig, 1000))
        await accepted(rig, 1, profile(DEFAULT, plan, "Relative", recurrencyKind="Daily"))
        assert await limits(rig) == [(0, 8)]
        await accepted(rig, 1, profile(DEFAULT, schedule((0, 9)), "Absolute"))
        assert await limits(rig) == [(0, 9)]
