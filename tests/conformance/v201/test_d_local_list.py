"""Block D: the local authorization list, and the cases of block C that authorize with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import (
    GROUP,
    OTHER_CARD,
    Payload,
    cached,
    charging,
    events,
    get_variable,
    id_info,
    is_charging,
    last_event,
    offline,
    one,
    online,
    rebooted,
    report,
    set_variables,
    station,
    stopped,
    token,
)
from tests.support.rig import CARD, Rig

PRE = {"AuthCtrlr.LocalPreAuthorize": True}
OFFLINE = {**PRE, "AuthCtrlr.OfflineTxForUnknownIdEnabled": False, "AuthCtrlr.LocalAuthorizeOffline": True}
ENTRIES = "LocalAuthListCtrlr.Entries"


def entry(card: str = CARD, status: str = "Accepted", group: str | None = None, **more: Any) -> Payload:
    """An AuthorizationData that adds or changes a card."""
    return {"idToken": token(card), **id_info(status, group, **more)}


def gone(card: str = CARD) -> Payload:
    """An AuthorizationData that removes a card."""
    return {"idToken": token(card)}


async def send(rig: Rig, version: int, *entries: Payload, kind: str = "Full") -> Payload:
    """SendLocalList; its answer."""
    payload: Payload = {"versionNumber": version, "updateType": kind}
    return await rig.call("SendLocalList", payload | ({"localAuthorizationList": list(entries)} if entries else {}))


async def send_empty(rig: Rig, version: int, kind: str) -> Payload:
    """SendLocalList with a list without entries."""
    return await rig.call("SendLocalList", {"versionNumber": version, "updateType": kind, "localAuthorizationList": []})


async def listed(rig: Rig, *entries: Payload, version: int = 1) -> None:
    """Spec: part 6, memory state IdTokenLocalAuthList."""
    assert await send(rig, version, *entries) == {"status": "Accepted"}


async def version(rig: Rig) -> int:
    """GetLocalListVersion."""
    number: int = (await rig.call("GetLocalListVersion"))["versionNumber"]
    return number


async def asked(rig: Rig, card: str = CARD) -> bool:
    """Show a card; whether the CSMS was asked about it."""
    rig.csms.clear()
    await rig.do("tap", tagId=card)
    await rig.wait(2)
    return bool(rig.heard_all("Authorize"))


# D01, D02


@pytest.mark.case("TC_D_01_CS", "2.0.1")
@pytest.mark.spec("D01.FR.01", "D01.FR.02", "D01.FR.15")
@station()
async def test_tc_d_01_a_full_list(rig: Rig) -> None:
    await listed(rig, entry(), version=4)
    assert await version(rig) == 4
    await listed(rig, entry(OTHER_CARD), version=2)
    assert await version(rig) == 2


@pytest.mark.case("TC_D_02_CS", "2.0.1")
@pytest.mark.spec("D01.FR.02", "D01.FR.16")
@station(variables=PRE)
async def test_tc_d_02_a_differential_update(rig: Rig) -> None:
    await listed(rig, entry(), version=4)
    assert (await send(rig, 5, entry(OTHER_CARD), kind="Differential"))["status"] == "Accepted"
    assert await version(rig) == 5
    await rig.do("plug_in")
    assert not await asked(rig, OTHER_CARD)
    await stopped(rig, OTHER_CARD)
    await rig.do("plug_in")
    assert not await asked(rig)


@pytest.mark.case("TC_D_03_CS", "2.0.1")
@pytest.mark.spec("D01.FR.02", "D01.FR.17")
@station(variables=PRE)
async def test_tc_d_03_a_differential_removal(rig: Rig) -> None:
    await listed(rig, entry(), entry(OTHER_CARD), version=4)
    assert (await send(rig, 5, gone(), gone("NOBODY"), kind="Differential"))["status"] == "Accepted"
    assert await version(rig) == 5
    assert (await get_variable(rig, ENTRIES))["attributeValue"] == "1"
    await rig.do("plug_in")
    assert await asked(rig)


@pytest.mark.case("TC_D_04_CS", "2.0.1")
@pytest.mark.spec("D01.FR.02", "D01.FR.04", "D02.FR.01")
@station()
async def test_tc_d_04_a_full_update_without_a_list_empties_it(rig: Rig) -> None:
    await listed(rig, entry(), version=4)
    await listed(rig, version=4)
    assert await version(rig) == 4
    assert (await get_variable(rig, ENTRIES))["attributeValue"] == "0"
    assert (await send_empty(rig, 3, "Full"))["status"] == "Accepted"
    assert await version(rig) == 3


@pytest.mark.case("TC_D_05_CS", "2.0.1")
@pytest.mark.spec("D01.FR.02", "D01.FR.05")
@station()
async def test_tc_d_05_a_differential_update_without_a_list_changes_the_version_only(rig: Rig) -> None:
    await listed(rig, entry(), version=4)
    assert (await send(rig, 5, kind="Differential"))["status"] == "Accepted"
    assert await version(rig) == 5
    assert (await send_empty(rig, 6, "Differential"))["status"] == "Accepted"
    assert await version(rig) == 6
    assert (await get_variable(rig, ENTRIES))["attributeValue"] == "1"


@pytest.mark.case("TC_D_06_CS", "2.0.1")
@pytest.mark.spec("D01.FR.19")
@pytest.mark.parametrize("number", [4, 3, 0, -1])
@station()
async def test_tc_d_06_version_mismatch(rig: Rig, number: int) -> None:
    await listed(rig, entry(), version=4)
    assert (await send(rig, number, gone(), kind="Differential"))["status"] == "VersionMismatch"
    assert await version(rig) == 4
    assert (await get_variable(rig, ENTRIES))["attributeValue"] == "1"


@pytest.mark.case("TC_D_07_CS", "2.0.1")
@pytest.mark.spec("D01.FR.10")
@station(variables=PRE)
async def test_tc_d_07_the_list_survives_a_reboot(rig: Rig) -> None:
    info = entry(group=GROUP, cacheExpiryDateTime="2026-01-01T13:00:00Z", evseId=[1])
    await listed(rig, info, version=4)
    assert (await rig.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await rebooted(rig)
    assert await version(rig) == 4
    await rig.do("power_cycle")
    await rebooted(rig, 3)
    assert await version(rig) == 4
    await rig.do("plug_in")
    assert not await asked(rig)


@pytest.mark.case("TC_D_08_CS", "2.0.1")
@pytest.mark.spec("D02.FR.01", "D02.FR.02")
@station()
async def test_tc_d_08_the_version(rig: Rig) -> None:
    assert await version(rig) == 0
    await listed(rig, entry(), version=4)
    assert await version(rig) == 4


@pytest.mark.case("TC_D_10_CS", "2.0.1")
@pytest.mark.spec("D01.FR.13", "D02.FR.03")
@station()
async def test_tc_d_10_a_list_that_is_switched_off_has_no_version(rig: Rig) -> None:
    await listed(rig, entry(), version=4)
    (result,) = await set_variables(rig, LocalAuthListCtrlr__Enabled="false")
    assert result["attributeStatus"] == "Accepted"
    assert await version(rig) == 0
    refused = await send(rig, 5, entry(OTHER_CARD))
    assert (refused["status"], refused["statusInfo"]["reasonCode"]) == ("Failed", "NotEnabled")
    await set_variables(rig, LocalAuthListCtrlr__Enabled="true")
    assert await version(rig) == 4


LIMITS = {"LocalAuthListCtrlr.ItemsPerMessage": 3, ENTRIES: {"max": 3}}


@pytest.mark.spec("D01.FR.06", "D01.FR.11", "D01.FR.12", "D01.FR.18")
@pytest.mark.parametrize(
    ("kind", "number", "entries", "reason"),
    [
        ("Full", 5, [entry(OTHER_CARD), entry(OTHER_CARD.lower())], "InvalidValue"),
        ("Full", 5, [entry(), gone(OTHER_CARD)], "MissingParam"),
        ("Full", 5, [entry(str(n)) for n in range(4)], "TooManyElements"),
        ("Differential", 5, [entry(str(n)) for n in range(3)], "OutOfStorage"),
        ("Full", 0, [entry(OTHER_CARD)], "ValuePositiveOnly"),
    ],
)
@station(variables=LIMITS)
async def test_an_update_that_fails_changes_nothing(
    rig: Rig, kind: str, number: int, entries: list[Payload], reason: str
) -> None:
    await listed(rig, entry(), version=4)
    before = rig.store.load()["local_list"]
    answer = await send(rig, number, *entries, kind=kind)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Failed", reason)
    assert await version(rig) == 4
    assert rig.store.load()["local_list"] == before


@pytest.mark.spec("D01.FR.02")
@station()
async def test_an_update_that_cannot_be_stored_fails(rig: Rig) -> None:
    await listed(rig, entry(), version=4)
    rig.store.fail_next()
    answer = await send(rig, 5, entry(OTHER_CARD))
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Failed", "InternalError")
    assert await version(rig) == 4


@pytest.mark.spec("D01.FR.11", "D01.FR.12")
@station()
async def test_the_list_is_in_the_device_model(rig: Rig) -> None:
    await listed(rig, entry(), entry(OTHER_CARD))
    lines = await report(rig, "GetReport", componentVariable=[{"component": {"name": "LocalAuthListCtrlr"}}])
    values = {line["variable"]["name"]: line for line in lines}
    assert values["Entries"]["variableAttribute"][0]["value"] == "2"
    assert values["Entries"]["variableCharacteristics"]["maxLimit"] == 10_000
    assert 60 < int(values["Storage"]["variableAttribute"][0]["value"]) < 200
    assert {"Available", "Enabled", "ItemsPerMessage", "BytesPerMessage"} <= set(values)


@pytest.mark.spec("C10.FR.01")
@station()
async def test_the_cache_s_size_is_in_the_device_model(rig: Rig) -> None:
    assert (await get_variable(rig, "AuthCacheCtrlr.Storage"))["attributeValue"] == "0"
    await cached(rig)
    assert 20 < int((await get_variable(rig, "AuthCacheCtrlr.Storage"))["attributeValue"]) < 100


# C14: online


@pytest.mark.case("TC_C_27_CS", "2.0.1")
@pytest.mark.spec("C14.FR.04", "C13.FR.03")
@station(variables=PRE)
async def test_tc_c_27_online_accepted(rig: Rig) -> None:
    await listed(rig, entry())
    await rig.do("plug_in")
    assert not await asked(rig)
    assert one(rig, triggerReason="Authorized")["idToken"] == token()
    assert is_charging(rig)


@pytest.mark.case("TC_C_28_CS", "2.0.1")
@pytest.mark.spec("C14.FR.03")
@station(variables=PRE)
async def test_tc_c_28_online_invalid(rig: Rig) -> None:
    await listed(rig, entry(status="Invalid"))
    rig.csms.answer("Authorize", id_info("Invalid"))
    await rig.do("plug_in")
    assert await asked(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_29_CS", "2.0.1")
@pytest.mark.spec("C14.FR.03")
@station(variables=PRE)
async def test_tc_c_29_online_blocked(rig: Rig) -> None:
    await listed(rig, entry(status="Blocked"))
    rig.csms.answer("Authorize", id_info("Blocked"))
    await rig.do("plug_in")
    assert await asked(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_30_CS", "2.0.1")
@pytest.mark.spec("C14.FR.03", "C14.FR.05")
@pytest.mark.parametrize("expired", [entry(status="Expired"), entry(cacheExpiryDateTime="2026-01-01T11:59:00Z")])
@station(variables=PRE)
async def test_tc_c_30_online_expired(rig: Rig, expired: Payload) -> None:
    await listed(rig, expired)
    rig.csms.answer("Authorize", id_info("Expired"))
    await rig.do("plug_in")
    assert await asked(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_31_CS", "2.0.1")
@pytest.mark.spec("C14.FR.03")
@station(variables=PRE)
async def test_tc_c_31_online_listed_as_invalid_but_accepted(rig: Rig) -> None:
    await listed(rig, entry(status="Invalid"))
    await charging(rig)
    assert rig.store.load()["local_list"]["ISO14443:" + CARD] == {"status": "Invalid"}
    assert "cache" not in rig.store.load()


@pytest.mark.case("TC_C_58_CS", "2.0.1")
@pytest.mark.spec("C14.FR.03")
@station(variables={**PRE, "LocalAuthListCtrlr.DisablePostAuthorize": True})
async def test_tc_c_58_online_invalid_without_post_authorize(rig: Rig) -> None:
    await listed(rig, entry(status="Invalid"))
    await rig.do("plug_in")
    assert not await asked(rig)
    assert not is_charging(rig)


# C09: groups


@pytest.mark.case("TC_C_40_CS", "2.0.1")
@pytest.mark.spec("C09.FR.02", "C09.FR.03", "C09.FR.07")
@station(variables=PRE)
async def test_tc_c_40_a_listed_card_of_the_same_group_stops(rig: Rig) -> None:
    await listed(rig, entry(group=GROUP), entry(OTHER_CARD, group=GROUP))
    await charging(rig)
    assert not await asked(rig, OTHER_CARD)
    assert (last_event(rig)["triggerReason"], last_event(rig)["idToken"]) == ("StopAuthorized", token(OTHER_CARD))
    assert not is_charging(rig)


@pytest.mark.case("TC_C_43_CS", "2.0.1")
@pytest.mark.spec("C09.FR.02", "C09.FR.03", "C09.FR.07", "C09.FR.11")
@station(variables=PRE)
async def test_tc_c_43_a_listed_invalid_card_of_the_group_is_asked_about(rig: Rig) -> None:
    await listed(rig, entry(group=GROUP), entry(OTHER_CARD, "Invalid", GROUP))
    await charging(rig)
    rig.csms.answer("Authorize", id_info("Invalid", GROUP))
    assert await asked(rig, OTHER_CARD)
    assert not events(rig)
    assert is_charging(rig)


@pytest.mark.spec("C09.FR.12", "C09.FR.03")
@station()
async def test_the_group_of_a_running_transaction_is_learnt_from_the_answer(rig: Rig) -> None:
    rig.csms.answer("TransactionEvent", lambda event: id_info("Accepted", GROUP) if "idToken" in event else {})
    await charging(rig)
    rig.csms.answer("Authorize", id_info("Accepted", GROUP))
    assert await asked(rig, OTHER_CARD)
    assert not is_charging(rig)


# C13: offline


async def started_offline(rig: Rig) -> bool:
    """Go offline, plug in and show the card; whether energy flows."""
    await offline(rig)
    await rig.do("plug_in")
    await rig.do("tap", tagId=CARD)
    await rig.wait(5)
    return is_charging(rig)


@pytest.mark.case("TC_C_21_CS", "2.0.1")
@pytest.mark.spec("C13.FR.02", "C13.FR.05")
@station(variables=OFFLINE)
async def test_tc_c_21_offline_accepted(rig: Rig) -> None:
    await listed(rig, entry())
    assert await started_offline(rig)
    await stopped(rig)
    rig.csms.clear()
    await online(rig)
    assert one(rig, triggerReason="StopAuthorized")["offline"]
    assert all(event["offline"] for event in events(rig))


async def refused_offline(rig: Rig, status: str) -> None:
    """A listed card that is not valid starts nothing."""
    await listed(rig, entry(status=status))
    assert not await started_offline(rig)
    await online(rig)
    assert not [event for event in events(rig) if "idToken" in event]


@pytest.mark.case("TC_C_22_CS", "2.0.1")
@pytest.mark.spec("C13.FR.02", "C13.FR.05")
@station(variables=OFFLINE)
async def test_tc_c_22_offline_invalid(rig: Rig) -> None:
    await refused_offline(rig, "Invalid")


@pytest.mark.case("TC_C_23_CS", "2.0.1")
@pytest.mark.spec("C13.FR.02", "C13.FR.05")
@station(variables=OFFLINE)
async def test_tc_c_23_offline_blocked(rig: Rig) -> None:
    await refused_offline(rig, "Blocked")


@pytest.mark.case("TC_C_24_CS", "2.0.1")
@pytest.mark.spec("C13.FR.02", "C13.FR.05")
@station(variables=OFFLINE)
async def test_tc_c_24_offline_expired(rig: Rig) -> None:
    await refused_offline(rig, "Expired")


@pytest.mark.spec("C13.FR.06")
@station(variables={**OFFLINE, "AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
async def test_an_entry_that_has_run_out_is_no_unknown_id(rig: Rig) -> None:
    await listed(rig, entry(cacheExpiryDateTime="2026-01-01T12:00:30Z"))
    await rig.wait(40)
    assert not await started_offline(rig)


@pytest.mark.case("TC_C_25_CS", "2.0.1")
@pytest.mark.spec("C13.FR.01", "C14.FR.01")
@station(
    variables={**OFFLINE, "AuthCtrlr.OfflineTxForUnknownIdEnabled": True, "TxCtrlr.StopTxOnInvalidId": False},
)
async def test_tc_c_25_the_list_goes_before_the_cache(rig: Rig) -> None:
    await cached(rig)
    await listed(rig, entry(status="Invalid"))
    assert not await started_offline(rig)
