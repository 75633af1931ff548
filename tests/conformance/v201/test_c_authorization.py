"""Block C: who may charge, and who may stop; without the cache."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import (
    GROUP,
    OTHER_CARD,
    TWO_EVSES,
    charging,
    events,
    id_info,
    is_charging,
    last_event,
    of,
    offline,
    one,
    online,
    station,
    token,
)
from tests.support.rig import CARD, Rig

MASTER = "MASTER-GROUP"
NO_PLUG_START = {"TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "Authorized"}


async def refused(rig: Rig, status: str) -> None:
    """A plugged-in car, and a card of which the CSMS says this: nothing but the question follows."""
    await rig.do("plug_in")
    await rig.quiet()
    rig.csms.clear()
    rig.csms.answer("Authorize", id_info(status))
    answer = await rig.do("tap", tagId=OTHER_CARD)
    assert (answer["result"], answer["reason"]) == ("REJECTED", status)
    await rig.wait(40)
    assert [payload["idToken"] for payload in rig.heard_all("Authorize")] == [token(OTHER_CARD)]
    assert not events(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_02_CS", "2.0.1")
@pytest.mark.not_applicable("TC_C_05_CS", "2.0.1", "a cable can be plugged in before authorization")
@pytest.mark.spec("C01.FR.02")
@station()
async def test_tc_c_02_authorization_invalid(rig: Rig) -> None:
    await refused(rig, "Invalid")


@pytest.mark.case("TC_C_56_CS", "2.0.1")
@pytest.mark.spec("C01.FR.02")
@station()
async def test_tc_c_56_authorization_unknown(rig: Rig) -> None:
    await refused(rig, "Unknown")


@pytest.mark.case("TC_C_06_CS", "2.0.1")
@pytest.mark.spec("C01.FR.02")
@station()
async def test_tc_c_06_authorization_blocked(rig: Rig) -> None:
    await refused(rig, "Blocked")


@pytest.mark.case("TC_C_07_CS", "2.0.1")
@pytest.mark.spec("C01.FR.02")
@station()
async def test_tc_c_07_authorization_expired(rig: Rig) -> None:
    await refused(rig, "Expired")


@pytest.mark.spec("C01.FR.02")
@pytest.mark.parametrize(
    "status", ["ConcurrentTx", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation", "NotAtThisTime"]
)
@station()
async def test_every_other_status_refuses_too(rig: Rig, status: str) -> None:
    await refused(rig, status)


@pytest.mark.case("TC_C_04_CS", "2.0.1")
@pytest.mark.spec("C01.FR.02", "C01.FR.03")
@station()
async def test_tc_c_04_a_different_card_does_not_stop(rig: Rig) -> None:
    await charging(rig)
    rig.csms.clear()
    await rig.do("tap", tagId=OTHER_CARD)
    await rig.wait(40)
    assert [payload["idToken"] for payload in rig.heard_all("Authorize")] == [token(OTHER_CARD)]
    assert not [event for event in events(rig) if "idToken" in event]
    assert not of(rig, eventType="Ended")
    assert is_charging(rig)


@pytest.mark.case("TC_C_39_CS", "2.0.1")
@pytest.mark.spec("C09.FR.02", "C09.FR.03", "C09.FR.05")
@station()
async def test_tc_c_39_a_card_of_the_same_group_stops(rig: Rig) -> None:
    rig.csms.answer("Authorize", id_info("Accepted", GROUP))
    await charging(rig)
    assert of(rig, triggerReason="Authorized")[0]["idToken"] == token()
    rig.csms.clear()
    await rig.do("tap", tagId=OTHER_CARD)
    await rig.quiet()
    assert [payload["idToken"] for payload in rig.heard_all("Authorize")] == [token(OTHER_CARD)]
    assert last_event(rig)["triggerReason"] == "StopAuthorized"
    assert last_event(rig)["idToken"] == token(OTHER_CARD)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_42_CS", "2.0.1")
@pytest.mark.spec("C09.FR.11")
@station()
async def test_tc_c_42_an_invalid_card_of_the_group_does_not_stop(rig: Rig) -> None:
    rig.csms.answer("Authorize", id_info("Accepted", GROUP))
    await charging(rig)
    rig.csms.clear()
    rig.csms.answer("Authorize", id_info("Invalid", GROUP))
    await rig.do("tap", tagId=OTHER_CARD)
    await rig.wait(40)
    assert [payload["idToken"] for payload in rig.heard_all("Authorize")] == [token(OTHER_CARD)]
    assert not events(rig)
    assert is_charging(rig)


@pytest.mark.case("TC_C_45_CS", "2.0.1")
@pytest.mark.spec("C16.FR.03")
@station(variables={**NO_PLUG_START, "AuthCtrlr.MasterPassGroupId": MASTER})
async def test_tc_c_45_a_master_pass_starts_nothing(rig: Rig) -> None:
    rig.csms.answer("Authorize", id_info("Accepted", MASTER))
    await rig.do("tap", tagId=OTHER_CARD)
    await rig.do("plug_in")
    await rig.wait(20)
    assert [payload["idToken"] for payload in rig.heard_all("Authorize")] == [token(OTHER_CARD)]
    assert not events(rig)
    assert not is_charging(rig)


@pytest.mark.case("TC_C_49_CS", "2.0.1")
@pytest.mark.not_applicable("TC_C_47_CS", "2.0.1", "the station has no user interface to choose on")
@pytest.mark.not_applicable("TC_C_48_CS", "2.0.1", "the station has no user interface to choose on")
@pytest.mark.spec("C16.FR.02")
@station(profile=TWO_EVSES, variables={"AuthCtrlr.MasterPassGroupId": MASTER})
async def test_tc_c_49_a_master_pass_stops_all(rig: Rig) -> None:
    await charging(rig, CARD, evse=1)
    await charging(rig, OTHER_CARD, evse=2)
    rig.csms.clear()
    rig.csms.answer("Authorize", id_info("Accepted", MASTER))
    rig.csms.answer("TransactionEvent", id_info("Accepted", MASTER))
    await rig.do("tap", tagId="11223344")
    await rig.quiet()
    ended = of(rig, eventType="Ended")
    assert [event["evse"]["id"] for event in ended] == [1, 2]
    assert {event["transactionInfo"]["stoppedReason"] for event in ended} == {"MasterPass"}
    assert not is_charging(rig, 1) and not is_charging(rig, 2)


@pytest.mark.case("TC_C_26_CS", "2.0.1")
@pytest.mark.spec("C15.FR.02", "C15.FR.08")
@pytest.mark.parametrize("allowed", [True, False])
@station()
async def test_tc_c_26_unknown_card_offline(rig: Rig, allowed: bool) -> None:
    await rig.do("set_config", key="AuthCtrlr.OfflineTxForUnknownIdEnabled", value="true" if allowed else "false")
    await rig.do("plug_in")
    await offline(rig)
    await rig.do("tap", tagId=OTHER_CARD)
    await rig.wait(5)
    assert is_charging(rig) is allowed
    rig.csms.clear()
    await online(rig)
    found = [event for event in events(rig) if event.get("idToken") == token(OTHER_CARD)]
    assert bool(found) is allowed
    assert all(event["offline"] for event in found)


@pytest.mark.case("TC_E_52_CS", "2.0.1")
@pytest.mark.spec("C01.FR.02", "C01.FR.05")
@station(variables={"AuthCtrlr.DisableRemoteAuthorization": True})
async def test_tc_e_52_remote_authorization_is_disabled(rig: Rig) -> None:
    await rig.do("plug_in")
    answer = await rig.do("tap", tagId=OTHER_CARD)
    await rig.wait(10)
    assert answer["result"] == "REJECTED"
    assert not rig.heard_all("Authorize")
    assert not is_charging(rig)


@pytest.mark.spec("C02.FR.01", "C02.FR.02")
@station(variables={"AuthCtrlr.Enabled": False})
async def test_without_authorization_plugging_in_is_enough(rig: Rig) -> None:
    await rig.do("plug_in")
    await rig.until(lambda: is_charging(rig))
    await rig.quiet()
    assert not rig.heard_all("Authorize")
    assert {event["idToken"]["type"] for event in events(rig) if "idToken" in event} == {"NoAuthorization"}


@pytest.mark.spec("C01.FR.03")
@station(profile=TWO_EVSES)
async def test_a_token_that_is_allowed_at_one_evse_waits_for_a_plug_there(rig: Rig) -> None:
    rig.csms.answer("Authorize", id_info("Accepted", evseId=[2]))
    await rig.do("tap", tagId=CARD)
    await rig.do("plug_in", evse=1)
    await rig.wait(2)
    assert not is_charging(rig, 1)
    await rig.do("plug_in", evse=2)
    await rig.until(lambda: is_charging(rig, 2))


@pytest.mark.spec("C01.FR.02")
@station()
async def test_an_unanswered_authorize_refuses_the_card(rig: Rig) -> None:
    from tests.support.scripted_csms import SILENCE

    rig.csms.answer("Authorize", SILENCE)
    await rig.do("plug_in")
    answer = await rig.do("tap", timeout_s=60, tagId=CARD)
    assert (answer["result"], answer["reason"]) == ("REJECTED", "Timeout")
    await rig.wait(1)
    assert one(rig, eventType="Started")["triggerReason"] == "CablePluggedIn"
    assert not is_charging(rig)
