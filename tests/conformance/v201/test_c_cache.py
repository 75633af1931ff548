"""Block C: the authorization cache."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    GROUP,
    OTHER_CARD,
    SOCKET,
    cached,
    charging,
    events,
    evse_status,
    id_info,
    is_charging,
    last_event,
    of,
    offline,
    one,
    online,
    rebooted,
    station,
    stopped,
    story,
    token,
)
from tests.support.rig import CARD, Rig

PRE = {"AuthCtrlr.LocalPreAuthorize": True}


async def asked(rig: Rig, card: str = CARD) -> bool:
    """Show the card; whether the CSMS was asked about it."""
    rig.csms.clear()
    await rig.do("tap", tagId=card)
    await rig.wait(2)
    return rig.heard_all("Authorize") == [{"idToken": token(card)}]


@pytest.mark.case("TC_C_08_CS", "2.0.1")
@pytest.mark.spec("C12.FR.02", "C12.FR.04")
@station(variables=PRE)
async def test_tc_c_08_cached_and_accepted(rig: Rig) -> None:
    await cached(rig)
    await rig.do("plug_in")
    assert not await asked(rig)
    assert one(rig, triggerReason="Authorized")["idToken"] == token()
    assert is_charging(rig)


@pytest.mark.case("TC_C_09_CS", "2.0.1")
@pytest.mark.case("TC_C_10_CS", "2.0.1")
@pytest.mark.case("TC_C_11_CS", "2.0.1")
@pytest.mark.spec("C12.FR.05", "C10.FR.03")
@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired"])
@station(variables=PRE)
async def test_tc_c_09_10_11_cached_and_refused_is_asked_again(rig: Rig, status: str) -> None:
    await cached(rig, status=status)
    await rig.do("plug_in")
    rig.csms.answer("Authorize", id_info(status))
    assert await asked(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_12_CS", "2.0.1")
@pytest.mark.spec("C12.FR.05", "C10.FR.03")
@station(variables=PRE)
async def test_tc_c_12_cached_as_invalid_but_accepted(rig: Rig) -> None:
    await cached(rig, status="Invalid")
    await rig.do("plug_in")
    assert await asked(rig)
    assert is_charging(rig)


@pytest.mark.case("TC_C_57_CS", "2.0.1")
@pytest.mark.spec("C12.FR.05", "C10.FR.03")
@station(variables={**PRE, "AuthCacheCtrlr.DisablePostAuthorize": True})
async def test_tc_c_57_cached_as_invalid_without_post_authorize(rig: Rig) -> None:
    await cached(rig, status="Invalid")
    await rig.do("plug_in")
    assert not await asked(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_13_CS", "2.0.1")
@pytest.mark.spec("C12.FR.02", "C12.FR.04")
@station(variables={**PRE, "TxCtrlr.TxStartPoint": "Authorized"})
async def test_tc_c_13_cached_but_no_cable_yet(rig: Rig) -> None:
    await cached(rig)
    assert not await asked(rig)
    assert story(rig)[0][:2] == ("Started", "Authorized")
    assert events(rig)[0]["idToken"] == token()
    assert not is_charging(rig)
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))


async def late_refusal(rig: Rig) -> None:
    """A cached card starts offline; the CSMS says Invalid afterwards. The events that come are all of interest."""
    await cached(rig)
    await rig.do("plug_in")
    await rig.quiet()
    rig.csms.clear()
    await offline(rig)
    await rig.do("tap", tagId=CARD)
    await rig.wait(5)
    assert is_charging(rig)
    rig.csms.answer("TransactionEvent", lambda event: id_info("Invalid") if "idToken" in event else {})
    await online(rig)
    await rig.wait(5)
    authorized = one(rig, triggerReason="Authorized")
    assert (authorized["offline"], authorized["idToken"]) == (True, token())
    assert one(rig, chargingState="Charging")["offline"]


@pytest.mark.case("TC_C_16_CS", "2.0.1")
@pytest.mark.spec("C12.FR.02", "C12.FR.04", "E05.FR.02")
@station(variables={**PRE, "TxCtrlr.StopTxOnInvalidId": True})
async def test_tc_c_16_late_refusal_stops(rig: Rig) -> None:
    await late_refusal(rig)
    assert len(of(rig, triggerReason="Deauthorized")) == 1
    assert not last_event(rig).get("offline", False)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_17_CS", "2.0.1")
@pytest.mark.spec("C12.FR.02", "C12.FR.04", "E05.FR.03")
@station(variables={**PRE, "TxCtrlr.StopTxOnInvalidId": False})
async def test_tc_c_17_late_refusal_suspends(rig: Rig) -> None:
    await late_refusal(rig)
    assert last_event(rig)["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    assert not of(rig, eventType="Ended")
    assert not is_charging(rig)


@pytest.mark.case("TC_C_15_CS", "2.0.1")
@pytest.mark.spec("C12.FR.02", "C12.FR.04", "E05.FR.02", "E05.FR.03")
@station(variables={**PRE, "TxCtrlr.StopTxOnInvalidId": False, "TxCtrlr.MaxEnergyOnInvalidId": 1000})
async def test_tc_c_15_late_refusal_leaves_some_energy(rig: Rig) -> None:
    await late_refusal(rig)
    assert is_charging(rig)
    assert not of(rig, triggerReason="Deauthorized")
    assert not of(rig, chargingState="SuspendedEVSE")
    refused_wh = evse_status(rig)["meter_wh"]
    await rig.until(lambda: not is_charging(rig), 1000)
    await rig.quiet()
    assert last_event(rig)["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    assert evse_status(rig)["meter_wh"] - refused_wh == pytest.approx(1000, abs=30)
    assert not of(rig, eventType="Ended")


@pytest.mark.case("TC_C_18_CS", "2.0.1")
@pytest.mark.spec("C12.FR.02", "C12.FR.04", "E05.FR.10")
@station(variables={**PRE, "TxCtrlr.StopTxOnInvalidId": True, "TxCtrlr.MaxEnergyOnInvalidId": 500})
async def test_tc_c_18_late_refusal_stops_whatever_energy_is_allowed(rig: Rig) -> None:
    await late_refusal(rig)
    (ended,) = of(rig, triggerReason="Deauthorized")
    assert not ended.get("offline", False)
    assert not is_charging(rig)


@pytest.mark.spec("E05.FR.03", "C15.FR.07")
@station(
    variables={
        "TxCtrlr.StopTxOnInvalidId": False,
        "TxCtrlr.MaxEnergyOnInvalidId": 200,
        "SampledDataCtrlr.TxUpdatedInterval": 5,
    }
)
async def test_a_refusal_that_is_repeated_allows_no_more_energy(rig: Rig) -> None:
    rig.csms.answer("TransactionEvent", id_info("Invalid"))
    await rig.do("plug_in")
    await rig.do("tap", tagId=CARD)
    await rig.until(lambda: is_charging(rig))
    began_wh = evse_status(rig)["meter_wh"]
    await rig.until(lambda: not is_charging(rig), 600)
    assert evse_status(rig)["meter_wh"] - began_wh < 260


@pytest.mark.spec("E05.FR.09", "E05.FR.11")
@station(variables={**PRE, "TxCtrlr.TxStopPoint": "EVConnected"}, profile=SOCKET)
async def test_late_refusal_with_a_transaction_that_goes_on(rig: Rig) -> None:
    await late_refusal(rig)
    (event,) = of(rig, triggerReason="Deauthorized")
    assert event["eventType"] == "Updated"
    assert last_event(rig)["transactionInfo"]["chargingState"] == "EVConnected"
    assert evse_status(rig)["locked"]
    await rig.do("tap", tagId=CARD)
    await rig.wait(1)
    assert not evse_status(rig)["locked"]


@pytest.mark.spec("E05.FR.10")
@pytest.mark.parametrize("status", ["Blocked", "ConcurrentTx", "Expired", "NoCredit", "NotAtThisTime", "Unknown"])
@station()
async def test_every_status_but_accepted_ends_a_transaction(rig: Rig, status: str) -> None:
    rig.csms.answer("TransactionEvent", lambda event: id_info(status) if "idToken" in event else {})
    await rig.do("plug_in")
    await rig.do("tap", tagId=CARD)
    await rig.wait(5)
    ended = one(rig, eventType="Ended")
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("Deauthorized", "DeAuthorized")
    assert not is_charging(rig)


@pytest.mark.spec("E05.FR.02")
@station(variables={**PRE, "TxCtrlr.StopTxOnInvalidId": False, "TxCtrlr.TxStopPoint": "EnergyTransfer"})
async def test_late_refusal_ends_a_transaction_that_stops_with_its_energy(rig: Rig) -> None:
    await late_refusal(rig)
    assert one(rig, eventType="Ended")
    assert not is_charging(rig)


@pytest.mark.case("TC_C_32_CS", "2.0.1")
@pytest.mark.spec("C10.FR.02")
@station(variables=PRE)
async def test_tc_c_32_cache_survives_a_reboot(rig: Rig) -> None:
    await cached(rig)
    await rig.do("power_cycle")
    await rebooted(rig, 1)
    await rig.do("plug_in")
    assert not await asked(rig)
    assert is_charging(rig)


@pytest.mark.case("TC_C_33_CS", "2.0.1")
@pytest.mark.spec("C10.FR.04", "C12.FR.06")
@station(variables=PRE)
async def test_tc_c_33_answer_to_authorize_updates_the_cache(rig: Rig) -> None:
    await rig.do("plug_in")
    assert await asked(rig)
    assert one(rig, triggerReason="Authorized")["idToken"] == token()
    await stopped(rig)
    await rig.do("plug_in")
    assert not await asked(rig)
    assert one(rig, triggerReason="Authorized")["idToken"] == token()


@pytest.mark.case("TC_C_34_CS", "2.0.1")
@pytest.mark.spec("C10.FR.05", "C12.FR.06")
@station(variables=PRE)
async def test_tc_c_34_answer_to_a_transaction_event_updates_the_cache(rig: Rig) -> None:
    await cached(rig)
    await rig.do("plug_in")
    rig.csms.answer("TransactionEvent", lambda event: id_info("Invalid") if "idToken" in event else {})
    assert not await asked(rig)
    await rig.do("unplug")
    await rig.do("plug_in")
    rig.csms.answer("Authorize", id_info("Invalid"))
    assert await asked(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_36_CS", "2.0.1")
@pytest.mark.spec("C10.FR.11")
@station(variables={"AuthCtrlr.LocalPreAuthorize": False})
async def test_tc_c_36_without_pre_authorization_the_csms_is_asked(rig: Rig) -> None:
    await cached(rig)
    rig.csms.answer("Authorize", id_info("Invalid"))
    assert await asked(rig)


@pytest.mark.case("TC_C_37_CS", "2.0.1")
@pytest.mark.spec("C11.FR.01", "C11.FR.02", "C11.FR.03")
@station(variables=PRE)
async def test_tc_c_37_clear_cache(rig: Rig) -> None:
    await cached(rig)
    assert (await rig.call("ClearCache"))["status"] == "Accepted"
    await rig.do("plug_in")
    assert await asked(rig)
    assert is_charging(rig)


@pytest.mark.case("TC_C_38_CS", "2.0.1")
@pytest.mark.spec("C11.FR.01", "C11.FR.02", "C11.FR.04")
@station(variables={"AuthCacheCtrlr.Enabled": False})
async def test_tc_c_38_clear_cache_without_one(rig: Rig) -> None:
    assert (await rig.call("ClearCache"))["status"] == "Rejected"


@pytest.mark.case("TC_C_41_CS", "2.0.1")
@pytest.mark.spec("C09.FR.02", "C09.FR.03", "C09.FR.07")
@station(variables=PRE)
async def test_tc_c_41_a_cached_card_of_the_same_group_stops(rig: Rig) -> None:
    await cached(rig, CARD, group=GROUP)
    await cached(rig, OTHER_CARD, group=GROUP)
    await charging(rig)
    assert not await asked(rig, OTHER_CARD)
    assert (last_event(rig)["triggerReason"], last_event(rig)["idToken"]) == ("StopAuthorized", token(OTHER_CARD))
    assert not is_charging(rig)


@pytest.mark.case("TC_C_44_CS", "2.0.1")
@pytest.mark.spec("C09.FR.02", "C09.FR.03", "C09.FR.07")
@station(variables=PRE)
async def test_tc_c_44_a_cached_invalid_card_of_the_group_is_asked_about(rig: Rig) -> None:
    await cached(rig, CARD, group=GROUP)
    await cached(rig, OTHER_CARD, "Invalid", GROUP)
    await charging(rig)
    rig.csms.answer("Authorize", id_info("Invalid", GROUP))
    assert await asked(rig, OTHER_CARD)
    assert not events(rig)
    assert is_charging(rig)


@pytest.mark.spec("C12.FR.09", "C16.FR.03")
@station(variables={**PRE, "AuthCtrlr.MasterPassGroupId": "MASTER"})
async def test_a_cached_master_pass_stops(rig: Rig) -> None:
    await cached(rig, OTHER_CARD, group="MASTER")
    await charging(rig)
    await asked(rig, OTHER_CARD)
    event = one(rig, triggerReason="StopAuthorized")
    assert event["idToken"] == token(OTHER_CARD)
    assert event["transactionInfo"]["stoppedReason"] == "MasterPass"


@pytest.mark.case("TC_C_46_CS", "2.0.1")
@pytest.mark.spec("C10.FR.08")
@station(variables={**PRE, "AuthCacheCtrlr.LifeTime": 30})
async def test_tc_c_46_cache_life_time(rig: Rig) -> None:
    await cached(rig)
    await rig.do("plug_in")
    await rig.wait(31)
    assert await asked(rig)
    assert is_charging(rig)


@pytest.mark.spec("C10.FR.10", "C12.FR.02")
@station(variables=PRE)
async def test_an_entry_past_its_expiry_date_is_asked_about(rig: Rig) -> None:
    rig.csms.once("Authorize", id_info("Accepted", cacheExpiryDateTime="2026-01-01T12:00:30Z"))
    await rig.do("authorize", tagId=CARD)
    await rig.do("plug_in")
    await rig.wait(40)
    assert await asked(rig)
