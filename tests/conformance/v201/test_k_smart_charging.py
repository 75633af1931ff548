"""Block K: charging profiles set, reported, cleared, composed and obeyed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conformance.v201.flows import (
    TWO_EVSES,
    charging,
    events,
    evse_status,
    rebooted,
    station,
    stopped,
    token,
)
from tests.support.rig import Rig

DEFAULT, TX, MAX = "TxDefaultProfile", "TxProfile", "ChargingStationMaxProfile"
ONLY_W = {"SmartChargingCtrlr.RateUnit": "W"}


def at(rig: Rig, seconds: float = 0.0) -> str:
    """The CSMS's time so many seconds from now."""
    moment: datetime = rig.utc() + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def profile(purpose: str, *periods: tuple[int, float], unit: str = "A", **more: Any) -> dict[str, Any]:
    """A ChargingProfileType of (startPeriod, limit); absolute where ``start`` says since when."""
    start, duration = more.pop("start", None), more.pop("duration", None)
    wire = [{"startPeriod": begin, "limit": limit, "numberPhases": 3} for begin, limit in periods]
    schedule: dict[str, Any] = {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": wire}
    if start is not None:
        schedule["startSchedule"] = start
    if duration is not None:
        schedule["duration"] = duration
    return {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative" if start is None else "Absolute",
        "chargingSchedule": [schedule],
        **more,
    }


async def set_profile(rig: Rig, evse: int, wire: dict[str, Any]) -> dict[str, Any]:
    """SetChargingProfile; the answer."""
    answer = await rig.call("SetChargingProfile", {"evseId": evse, "chargingProfile": wire})
    await rig.quiet()
    return answer


async def accepted(rig: Rig, evse: int, wire: dict[str, Any]) -> None:
    """SetChargingProfile that has to be taken."""
    assert (await set_profile(rig, evse, wire))["status"] == "Accepted"


async def refused(rig: Rig, evse: int, wire: dict[str, Any]) -> str:
    """SetChargingProfile that has to be refused; the reason."""
    answer = await set_profile(rig, evse, wire)
    assert answer["status"] == "Rejected"
    reason: str = answer["statusInfo"]["reasonCode"]
    return reason


async def reported(rig: Rig, evse: int | None = None, **criteria: Any) -> list[tuple[int, dict[str, Any]]]:
    """GetChargingProfiles: EVSE and profile of all reports; empty for NoProfiles."""
    before = len(rig.heard_all("ReportChargingProfiles"))
    asked: dict[str, Any] = {"requestId": 7, "chargingProfile": criteria}
    if evse is not None:
        asked["evseId"] = evse
    answer = await rig.call("GetChargingProfiles", asked)
    await rig.quiet()
    reports = rig.heard_all("ReportChargingProfiles")[before:]
    assert (answer["status"] == "Accepted") is bool(reports)
    assert [one.get("tbc", False) for one in reports] == [True] * (len(reports) - 1) + [False] * bool(reports)
    assert all(one["requestId"] == 7 and one["chargingLimitSource"] == "CSO" for one in reports)
    return [(one["evseId"], wire) for one in reports for wire in one["chargingProfile"]]


async def composite(rig: Rig, evse: int = 1, duration: int = 300, unit: str = "A") -> dict[str, Any]:
    """GetCompositeSchedule that has to be answered; the schedule."""
    asked = {"evseId": evse, "duration": duration, "chargingRateUnit": unit}
    answer = await rig.call("GetCompositeSchedule", asked)
    assert answer["status"] == "Accepted"
    schedule: dict[str, Any] = answer["schedule"]
    assert (schedule["evseId"], schedule["chargingRateUnit"]) == (evse, unit)
    return schedule


async def limits(rig: Rig, evse: int = 1, duration: int = 300, unit: str = "A") -> list[float]:
    """The limits of the composite schedule, in order."""
    schedule = await composite(rig, evse, duration, unit)
    assert schedule["chargingSchedulePeriod"][0]["startPeriod"] == 0
    return [period["limit"] for period in schedule["chargingSchedulePeriod"]]


async def clear(rig: Rig, identity: int | None = None, **criteria: Any) -> str:
    """ClearChargingProfile; the status."""
    asked = {"chargingProfileId": identity} if identity is not None else {"chargingProfileCriteria": criteria}
    status: str = (await rig.call("ClearChargingProfile", asked))["status"]
    await rig.quiet()
    return status


# Setting


@pytest.mark.case("TC_K_01_CS", "2.0.1")
@pytest.mark.spec("K01.FR.07", "K01.FR.15")
@pytest.mark.parametrize("unit", ["A", "W"])
@station()
async def test_tc_k_01_default_of_an_evse(rig: Rig, unit: str) -> None:
    wire = profile(DEFAULT, (0, 6 if unit == "A" else 4140), unit=unit, start=at(rig), duration=600)
    await accepted(rig, 1, wire)
    assert await reported(rig, chargingProfileId=[1]) == [(1, wire)]


@pytest.mark.case("TC_K_02_CS", "2.0.1")
@pytest.mark.spec("K01.FR.09", "K01.FR.33", "K01.FR.03")
@station()
async def test_tc_k_02_no_transaction(rig: Rig) -> None:
    assert await refused(rig, 1, profile(TX, (0, 6), transactionId="UNKNOWN")) == "TxNotFound"
    assert await refused(rig, 1, profile(TX, (0, 6))) == "MissingParam"


@pytest.mark.case("TC_K_03_CS", "2.0.1")
@pytest.mark.spec("K04.FR.03", "K04.FR.05")
@station()
async def test_tc_k_03_the_stations_limit(rig: Rig) -> None:
    wire = profile(MAX, (0, 6), start=at(rig), duration=600)
    await accepted(rig, 0, wire)
    assert await reported(rig, chargingProfileId=[1]) == [(0, wire)]
    await charging(rig)
    assert evse_status(rig)["limit_a"] == 6
    assert await refused(rig, 1, wire) == "InvalidProfile"


@pytest.mark.case("TC_K_04_CS", "2.0.1")
@pytest.mark.spec("K01.FR.05")
@station()
async def test_tc_k_04_replaced_by_its_id(rig: Rig) -> None:
    await accepted(rig, 1, profile(DEFAULT, (0, 6)))
    wire = profile(DEFAULT, (0, 10))
    await accepted(rig, 1, wire)
    assert await reported(rig, chargingProfileId=[1]) == [(1, wire)]


@pytest.mark.case("TC_K_10_CS", "2.0.1")
@pytest.mark.spec("K01.FR.14")
@station(profile=TWO_EVSES)
async def test_tc_k_10_default_of_all_evses(rig: Rig) -> None:
    wire = profile(DEFAULT, (0, 6))
    await accepted(rig, 0, wire)
    assert await reported(rig, chargingProfileId=[1]) == [(0, wire)]
    assert (await limits(rig, 1), await limits(rig, 2)) == ([6], [6])
    assert await reported(rig, evse=1) == []


@pytest.mark.case("TC_K_11_CS", "2.0.1")
@pytest.mark.spec("K01.FR.16")
@station()
async def test_tc_k_11_no_transaction_profile_for_all(rig: Rig) -> None:
    identity = await charging(rig)
    assert await refused(rig, 0, profile(TX, (0, 6), transactionId=identity)) == "InvalidProfile"


@pytest.mark.case("TC_K_12_CS", "2.0.1")
@pytest.mark.spec("K01.FR.26")
@station(variables=ONLY_W)
async def test_tc_k_12_unit_not_supported(rig: Rig) -> None:
    assert await refused(rig, 1, profile(DEFAULT, (0, 6))) == "UnsupportedRateUnit"


@pytest.mark.case("TC_K_13_CS", "2.0.1")
@pytest.mark.spec("K01.FR.27")
@station()
async def test_tc_k_13_kept_over_a_reboot(rig: Rig) -> None:
    wire = profile(DEFAULT, (0, 6), start=at(rig), duration=6000)
    await accepted(rig, 1, wire)
    await rig.call("Reset", {"type": "Immediate"})
    await rebooted(rig)
    assert await reported(rig, chargingProfileId=[1]) == [(1, wire)]


@pytest.mark.case("TC_K_14_CS", "2.0.1")
@pytest.mark.spec("K01.FR.28")
@station()
async def test_tc_k_14_no_such_evse(rig: Rig) -> None:
    assert await refused(rig, 2, profile(DEFAULT, (0, 6))) == "UnknownEvse"


@pytest.mark.case("TC_K_15_CS", "2.0.1")
@pytest.mark.spec("K01.FR.29")
@station(variables={"SmartChargingCtrlr.Enabled": "false"})
async def test_tc_k_15_not_supported(rig: Rig) -> None:
    wire = {"evseId": 1, "chargingProfile": profile(DEFAULT, (0, 6))}
    assert await rig.call_error("SetChargingProfile", wire) == "NotSupported"


@pytest.mark.case("TC_K_16_CS", "2.0.1")
@pytest.mark.spec("K01.FR.33")
@station()
async def test_tc_k_16_unknown_transaction(rig: Rig) -> None:
    await charging(rig)
    assert await refused(rig, 1, profile(TX, (0, 6), transactionId="OTHER")) == "TxNotFound"


@pytest.mark.case("TC_K_19_CS", "2.0.1")
@pytest.mark.spec("K01.FR.40", "K01.FR.13")
@station()
async def test_tc_k_19_recurring(rig: Rig) -> None:
    wire = profile(DEFAULT, (0, 6), start=at(rig, -86_400), duration=3600)
    wire |= {"chargingProfileKind": "Recurring", "recurrencyKind": "Daily"}
    await accepted(rig, 1, wire)
    assert await reported(rig, chargingProfileId=[1]) == [(1, wire)]
    assert await limits(rig, duration=2 * 86_400 - 100) == [6, 16, 6, 16]


@pytest.mark.case("TC_K_21_CS", "2.0.1")
@pytest.mark.spec("K01.FR.36")
@station()
async def test_tc_k_21_valid_from(rig: Rig) -> None:
    await charging(rig)
    await accepted(rig, 1, profile(DEFAULT, (0, 6), start=at(rig, -10), validFrom=at(rig, 60)))
    assert evse_status(rig)["limit_a"] == 16
    assert await limits(rig) == [16, 6]
    await rig.wait(60)
    assert evse_status(rig)["limit_a"] == 6


@pytest.mark.case("TC_K_22_CS", "2.0.1")
@pytest.mark.spec("K01.FR.37")
@station()
async def test_tc_k_22_valid_to(rig: Rig) -> None:
    await charging(rig)
    await accepted(rig, 1, profile(DEFAULT, (0, 6), start=at(rig, -10), validTo=at(rig, 60)))
    assert evse_status(rig)["limit_a"] == 6
    assert await limits(rig) == [6, 16]
    await rig.wait(60)
    assert evse_status(rig)["limit_a"] == 16


@pytest.mark.case("TC_K_23_CS", "2.0.1")
@pytest.mark.spec("K01.FR.30")
@station()
async def test_tc_k_23_start_schedule_in_the_future(rig: Rig) -> None:
    await charging(rig)
    await accepted(rig, 1, profile(DEFAULT, (0, 6), start=at(rig, 60)))
    assert await limits(rig) == [16, 6]
    await rig.wait(60)
    assert evse_status(rig)["limit_a"] == 6


@pytest.mark.case("TC_K_28_CS", "2.0.1")
@pytest.mark.spec("K01.FR.32")
@station()
async def test_tc_k_28_default_with_a_running_transaction(rig: Rig) -> None:
    await charging(rig)
    await accepted(rig, 1, profile(DEFAULT, (0, 6), start=at(rig, -5), duration=300 + 5))
    assert (await limits(rig, duration=290), evse_status(rig)["limit_a"]) == ([6], 6)


@pytest.mark.case("TC_K_60_CS", "2.0.1")
@pytest.mark.spec("K01.FR.04", "K02.FR.04", "K02.FR.05")
@station()
async def test_tc_k_60_profile_of_the_running_transaction(rig: Rig) -> None:
    identity = await charging(rig)
    wire = profile(TX, (0, 6), transactionId=identity)
    await accepted(rig, 1, wire)
    assert await reported(rig, chargingProfileId=[1]) == [(1, wire)]
    assert evse_status(rig)["limit_a"] == 6
    await stopped(rig)
    assert await reported(rig, chargingProfileId=[1]) == []


@pytest.mark.spec("K02.FR.08")
@station()
async def test_when_it_is_over_the_default_counts_again(rig: Rig) -> None:
    await accepted(rig, 1, profile(DEFAULT, (0, 10)))
    identity = await charging(rig)
    await accepted(rig, 1, profile(TX, (0, 6), id=2, transactionId=identity, start=at(rig), duration=60))
    assert evse_status(rig)["limit_a"] == 6
    await rig.wait(60)
    assert evse_status(rig)["limit_a"] == 10


@pytest.mark.spec("K01.FR.52", "K01.FR.53", "K01.FR.06")
@station(profile=TWO_EVSES)
async def test_two_profiles_for_one_place(rig: Rig) -> None:
    await accepted(rig, 0, profile(DEFAULT, (0, 6)))
    assert await refused(rig, 1, profile(DEFAULT, (0, 8), id=2)) == "DuplicateProfile"
    assert await refused(rig, 0, profile(DEFAULT, (0, 8), id=2)) == "DuplicateProfile"
    await accepted(rig, 1, profile(DEFAULT, (0, 8), id=2, stackLevel=1))
    assert await refused(rig, 0, profile(DEFAULT, (0, 8), id=3, stackLevel=1)) == "DuplicateProfile"


@pytest.mark.spec(
    "K01.FR.31", "K01.FR.34", "K01.FR.35", "K01.FR.38", "K01.FR.40", "K01.FR.41", "K01.FR.43", "K01.FR.48"
)
@station()
async def test_what_is_not_sound(rig: Rig) -> None:
    async def wrong(wire: dict[str, Any], evse: int = 1) -> str:
        return await refused(rig, evse, wire)

    sound = profile(DEFAULT, (0, 6))
    schedule = sound["chargingSchedule"][0]
    assert await wrong(profile(DEFAULT, (1, 6))) == "InvalidSchedule"
    assert await wrong(profile(DEFAULT, (0, 6), (30, 8), (20, 7))) == "InvalidSchedule"
    assert await wrong({**sound, "chargingSchedule": [schedule, schedule]}) == "InvalidSchedule"
    assert await wrong({**sound, "chargingProfileKind": "Absolute"}) == "InvalidSchedule"
    assert (
        await wrong({**profile(DEFAULT, (0, 6), start=at(rig)), "chargingProfileKind": "Relative"}) == "InvalidSchedule"
    )
    assert await wrong(profile(MAX, (0, 6)), 0) == "InvalidProfile"
    assert await wrong({**sound, "chargingProfilePurpose": "ChargingStationExternalConstraints"}) == "InvalidProfile"
    one_phase = [{"startPeriod": 0, "limit": 6, "numberPhases": 1}]
    assert (
        await wrong({**sound, "chargingSchedule": [{**schedule, "chargingSchedulePeriod": one_phase}]})
        == "InvalidSchedule"
    )
    chosen = [{"startPeriod": 0, "limit": 6, "numberPhases": 1, "phaseToUse": 2}]
    assert (
        await wrong({**sound, "chargingSchedule": [{**schedule, "chargingSchedulePeriod": chosen}]})
        == "UnsupportedParam"
    )
    assert await wrong({**sound, "stackLevel": 200}) == "InvalidStackLevel"
    assert await reported(rig) == []


@pytest.mark.spec("K01.FR.45", "OCPP 2.0.1 2.13.5 SupplyPhases")
@station(profile={"evses": [{"id": 1, "max_current": "16A", "phases": 1}]})
async def test_three_phases_are_taken_as_the_one_there_is(rig: Rig) -> None:
    asked = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "SupplyPhases"}}
    answer = await rig.call("GetVariables", {"getVariableData": [asked]})
    assert answer["getVariableResult"][0]["attributeValue"] == "1"
    await accepted(rig, 1, profile(DEFAULT, (0, 2300), unit="W"))
    await charging(rig)
    assert evse_status(rig)["limit_a"] == 10
    assert (await composite(rig))["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10, "numberPhases": 1}]


# Reporting and clearing


async def three(rig: Rig) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The station's limit and two defaults of EVSE 1."""
    made = (
        profile(MAX, (0, 16), start=at(rig)),
        profile(DEFAULT, (0, 10), id=2),
        profile(DEFAULT, (0, 8), id=3, stackLevel=1),
    )
    for evse, wire in zip((0, 1, 1), made, strict=True):
        await accepted(rig, evse, wire)
    return made


@pytest.mark.case("TC_K_29_CS", "2.0.1")
@pytest.mark.case("TC_K_30_CS", "2.0.1")
@pytest.mark.case("TC_K_31_CS", "2.0.1")
@pytest.mark.case("TC_K_32_CS", "2.0.1")
@pytest.mark.spec("K09.FR.01", "K09.FR.02", "K09.FR.04", "K09.FR.05", "K09.FR.06")
@station()
async def test_tc_k_29_to_32_reported_by_place_and_id(rig: Rig) -> None:
    limit, low, high = await three(rig)
    assert await reported(rig, evse=0) == [(0, limit)]
    assert await reported(rig, evse=1) == [(1, low), (1, high)]
    assert await reported(rig) == [(0, limit), (1, low), (1, high)]
    assert await reported(rig, chargingProfileId=[3]) == [(1, high)]


@pytest.mark.case("TC_K_33_CS", "2.0.1")
@pytest.mark.case("TC_K_34_CS", "2.0.1")
@pytest.mark.case("TC_K_35_CS", "2.0.1")
@pytest.mark.case("TC_K_36_CS", "2.0.1")
@pytest.mark.spec("K09.FR.03", "K09.FR.04")
@station()
async def test_tc_k_33_to_36_reported_by_criteria(rig: Rig) -> None:
    _, low, high = await three(rig)
    assert await reported(rig, evse=1, stackLevel=1) == [(1, high)]
    assert await reported(rig, evse=1, chargingLimitSource=["CSO"]) == [(1, low), (1, high)]
    assert await reported(rig, evse=1, chargingLimitSource=["EMS"]) == []
    assert await reported(rig, evse=1, chargingProfilePurpose=DEFAULT) == [(1, low), (1, high)]
    assert await reported(rig, evse=1, chargingProfilePurpose=DEFAULT, stackLevel=0) == [(1, low)]


@pytest.mark.case("TC_K_05_CS", "2.0.1")
@pytest.mark.case("TC_K_06_CS", "2.0.1")
@pytest.mark.case("TC_K_07_CS", "2.0.1")
@pytest.mark.case("TC_K_08_CS", "2.0.1")
@pytest.mark.case("TC_K_24_CS", "2.0.1")
@pytest.mark.spec("K10.FR.01", "K10.FR.03", "K10.FR.04")
@station()
async def test_tc_k_05_to_08_and_24_cleared(rig: Rig) -> None:
    assert await clear(rig, 1) == "Unknown"
    limit, low, high = await three(rig)
    assert await clear(rig, chargingProfilePurpose=MAX, stackLevel=5) == "Unknown"
    assert await clear(rig, 3) == "Accepted"
    assert await reported(rig) == [(0, limit), (1, low)]
    assert await clear(rig, chargingProfilePurpose=DEFAULT, stackLevel=0) == "Accepted"
    assert await reported(rig) == [(0, limit)]
    await accepted(rig, 1, low)
    await accepted(rig, 1, {**high, "stackLevel": 1})
    assert await clear(rig, chargingProfilePurpose=DEFAULT) == "Accepted"
    assert await clear(rig, evseId=0) == "Accepted"
    assert await reported(rig) == []


@pytest.mark.case("TC_K_09_CS", "2.0.1")
@pytest.mark.spec("K10.FR.05", "K10.FR.07")
@station()
async def test_tc_k_09_cleared_during_a_transaction(rig: Rig) -> None:
    await accepted(rig, 1, profile(DEFAULT, (0, 6), start=at(rig), duration=4000))
    await charging(rig)
    assert await limits(rig) == [6]
    assert await clear(rig, chargingProfilePurpose=DEFAULT) == "Accepted"
    assert (await limits(rig), evse_status(rig)["limit_a"]) == ([16], 16)


# The composite schedule


@pytest.mark.case("TC_K_39_CS", "2.0.1")
@pytest.mark.spec("K08.FR.02", "K08.FR.03", "K08.FR.06")
@station()
async def test_tc_k_39_without_profiles(rig: Rig) -> None:
    schedule = await composite(rig, 0)
    start = datetime.fromisoformat(schedule["scheduleStart"])
    assert abs((rig.utc() - start).total_seconds()) < 1
    assert schedule["duration"] == 300
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16, "numberPhases": 3}]


@pytest.mark.case("TC_K_40_CS", "2.0.1")
@pytest.mark.spec("K08.FR.02", "K08.FR.06", "K01.FR.17")
@station()
async def test_tc_k_40_stacked(rig: Rig) -> None:
    start = at(rig)
    valid = {"validFrom": start, "validTo": at(rig, 401)}
    await accepted(rig, 1, profile(DEFAULT, (0, 6), (100, 8), (200, 10), start=start, duration=400, **valid))
    high = profile(DEFAULT, (0, 7), (100, 9), start=start, duration=150, id=2, stackLevel=1, **valid)
    await accepted(rig, 1, high)
    schedule = await composite(rig, 1, 350)
    elapsed = round((rig.utc() - datetime.fromisoformat(start)).total_seconds())
    found = [(period["startPeriod"], period["limit"]) for period in schedule["chargingSchedulePeriod"]]
    wanted = [(0, 7), (100 - elapsed, 9), (150 - elapsed, 8), (200 - elapsed, 10)]
    assert [limit for _, limit in found] == [limit for _, limit in wanted]
    assert all(abs(one - two) <= 1 for (one, _), (two, _) in zip(found, wanted, strict=True))


@pytest.mark.case("TC_K_41_CS", "2.0.1")
@pytest.mark.spec("K08.FR.02", "K08.FR.04", "K02.FR.08")
@pytest.mark.parametrize("unit", ["A", "W"])
@station()
async def test_tc_k_41_combined(rig: Rig, unit: str) -> None:
    rate = 1 if unit == "A" else 690
    identity = await charging(rig)
    start = at(rig)

    def made(purpose: str, number: int, duration: int, *periods: tuple[int, float], **more: Any) -> dict[str, Any]:
        scaled = tuple((begin, limit * rate) for begin, limit in periods)
        return profile(purpose, *scaled, id=number, unit=unit, start=start, duration=duration, **more)

    await accepted(rig, 0, made(MAX, 1, 86_400, (0, 10)))
    await accepted(rig, 1, made(DEFAULT, 2, 300, (0, 6), (60, 10), (120, 8), (180, 15), (260, 8)))
    own = made(TX, 3, 260, (0, 8), (50, 11), (140, 16), (200, 6), (240, 12), transactionId=identity)
    await accepted(rig, 1, own)
    assert await limits(rig, 1, 400, unit) == [limit * rate for limit in (8, 10, 6, 10, 8, 10)]


@pytest.mark.case("TC_K_42_CS", "2.0.1")
@pytest.mark.case("TC_K_47_CS", "2.0.1")
@pytest.mark.spec("K08.FR.05", "K08.FR.07")
@station(variables=ONLY_W)
async def test_tc_k_42_and_47_rejected(rig: Rig) -> None:
    answer = await rig.call("GetCompositeSchedule", {"evseId": 0, "duration": 300, "chargingRateUnit": "A"})
    assert (answer["status"], "schedule" in answer) == ("Rejected", False)
    answer = await rig.call("GetCompositeSchedule", {"evseId": 2, "duration": 300, "chargingRateUnit": "W"})
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "UnknownEvse")


# Remote start, and what is told


@pytest.mark.case("TC_K_37_CS", "2.0.1")
@pytest.mark.spec("K05.FR.02", "K05.FR.03", "F01.FR.10")
@station()
async def test_tc_k_37_remote_start_with_a_profile(rig: Rig) -> None:
    await rig.do("plug_in")
    await rig.quiet()
    wire = profile(TX, (0, 6))
    start = {"idToken": token(), "remoteStartId": 9, "evseId": 1, "chargingProfile": wire}
    assert (await rig.call("RequestStartTransaction", start))["status"] == "Accepted"
    await rig.until(lambda: evse_status(rig)["state"] == "charging")
    await rig.quiet()
    assert evse_status(rig)["limit_a"] == 6
    identity = evse_status(rig)["transaction"]["id"]
    assert await reported(rig, chargingProfileId=[1]) == [(1, {**wire, "transactionId": identity})]


@pytest.mark.spec("K05.FR.05")
@station()
async def test_remote_start_with_an_invalid_profile(rig: Rig) -> None:
    await rig.do("plug_in")
    start = {"idToken": token(), "remoteStartId": 9, "evseId": 1}
    for wire in (profile(DEFAULT, (0, 6)), profile(TX, (5, 6)), profile(TX, (0, 6), transactionId="X")):
        answer = await rig.call("RequestStartTransaction", {**start, "chargingProfile": wire})
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] in ("InvalidProfile", "InvalidSchedule")


@pytest.mark.spec("K01.FR.42")
@station()
async def test_relative_counts_from_when_energy_could_flow(rig: Rig) -> None:
    await accepted(rig, 1, profile(DEFAULT, (0, 6), (60, 8)))
    await rig.do("plug_in")  # The transaction starts with the cable,
    await rig.wait(50)
    await rig.do("tap", tagId="04AA")  # energy may flow from here on.
    await rig.until(lambda: evse_status(rig)["state"] == "charging")
    await rig.wait(50)
    assert evse_status(rig)["limit_a"] == 6
    await rig.wait(11)
    assert evse_status(rig)["limit_a"] == 8


@pytest.mark.spec("OCPP 2.0.1 3.94 TriggerReasonEnumType", "OCPP 2.0.1 2.9 LimitChangeSignificance")
@station(variables={"SmartChargingCtrlr.LimitChangeSignificance": "10"})
async def test_a_rate_that_changed_much_is_told(rig: Rig) -> None:
    identity = await charging(rig)
    told = len(events(rig))
    await accepted(rig, 1, profile(TX, (0, 15), transactionId=identity))
    assert len(events(rig)) == told
    await accepted(rig, 1, profile(TX, (0, 10), transactionId=identity))
    assert events(rig)[-1]["triggerReason"] == "ChargingRateChanged"
    await accepted(rig, 1, profile(TX, (0, 5), transactionId=identity))
    assert events(rig)[-1]["transactionInfo"]["chargingState"] == "SuspendedEVSE"
