"""The authorization cache: starting with it, and clearing it."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import charging, plug_and_tap, since, stop, tap_and_unplug, transaction_id
from tests.support.rig import CARD, Rig, virtual

PRE_AUTHORIZE = {"AuthorizationCacheEnabled": "true", "LocalPreAuthorize": "true"}


async def remember(rig: Rig, card: str = CARD) -> int:
    """Boot, and a whole session, after which the card is cached; how many messages that took."""
    await rig.boot()
    await plug_and_tap(rig, card)
    await tap_and_unplug(rig, card)
    return len(rig.csms.actions())


@pytest.mark.case("TC_007_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.5.1", "OCPP 1.6 §4.1")
@virtual
async def test_tc_007_1_regular_start_with_a_cached_id() -> None:
    async with Rig(variables=PRE_AUTHORIZE) as rig:
        mark = await remember(rig)
        await plug_and_tap(rig)
        assert "Authorize" not in since(rig, mark)
        assert rig.csms.last("StartTransaction")["idTag"] == CARD
        await tap_and_unplug(rig)
        assert rig.statuses()[-4:] == ["Preparing", "Charging", "Finishing", "Available"]


@pytest.mark.case("TC_007_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §9.1.15")
@virtual
async def test_tc_007_1_without_pre_authorize_the_csms_is_asked() -> None:
    async with Rig(variables={"LocalPreAuthorize": "false"}) as rig:
        mark = await remember(rig)
        await plug_and_tap(rig)
        assert "Authorize" in since(rig, mark)


@pytest.mark.case("TC_007_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.5.1")
@virtual
async def test_tc_007_1_a_cached_refusal_is_asked_again() -> None:
    async with Rig(variables=PRE_AUTHORIZE) as rig:
        rig.csms.once("Authorize", {"idTagInfo": {"status": "Blocked"}})
        await rig.boot()
        await rig.do("plug_in")
        refused = await rig.do("tap", tagId=CARD)
        assert refused["result"] == "REJECTED"
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        assert len(rig.heard_all("Authorize")) == 2


@pytest.mark.case("TC_007_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §3.5.1")
@virtual
async def test_tc_007_1_an_expired_entry_is_asked_again() -> None:
    async with Rig(variables=PRE_AUTHORIZE) as rig:
        expiring = {"status": "Accepted", "expiryDate": "2026-01-01T12:05:00Z"}
        rig.csms.answer("Authorize", {"idTagInfo": expiring})
        rig.csms.answer("StartTransaction", {"transactionId": 4, "idTagInfo": expiring})
        mark = await remember(rig)
        await rig.wait(400)
        rig.csms.answer("Authorize")
        rig.csms.answer("StartTransaction")
        await plug_and_tap(rig)
        assert "Authorize" in since(rig, mark)


@pytest.mark.case("TC_007_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §9.1.3")
@virtual
async def test_tc_007_2_remote_start_with_a_cached_id() -> None:
    async with Rig(variables={**PRE_AUTHORIZE, "AuthorizeRemoteTxRequests": "true"}) as rig:
        mark = await remember(rig)
        await rig.do("plug_in")
        answer = await rig.call("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1})
        assert answer["status"] == "Accepted"
        await charging(rig)
        assert "Authorize" not in since(rig, mark)
        number = transaction_id(rig)
        rig.csms.clear()
        answer = await rig.call("RemoteStopTransaction", {"transactionId": number})
        assert answer["status"] == "Accepted"
        await rig.quiet()
        assert stop(rig)["reason"] == "Remote"


@pytest.mark.case("TC_061_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.4")
@virtual
async def test_tc_061_1_clear_cache_then_local_start() -> None:
    async with Rig(variables=PRE_AUTHORIZE) as rig:
        mark = await remember(rig)
        assert (await rig.call("ClearCache"))["status"] == "Accepted"
        await plug_and_tap(rig)
        assert "Authorize" in since(rig, mark)


@pytest.mark.case("TC_061_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.4", "OCPP 1.6 §5.11")
@virtual
async def test_tc_061_2_clear_cache_then_remote_start() -> None:
    async with Rig(variables={**PRE_AUTHORIZE, "AuthorizeRemoteTxRequests": "true"}) as rig:
        mark = await remember(rig)
        assert (await rig.call("ClearCache"))["status"] == "Accepted"
        await rig.do("plug_in")
        assert (await rig.call("RemoteStartTransaction", {"idTag": CARD}))["status"] == "Accepted"
        await charging(rig)
        assert since(rig, mark)[-3:] == ["Authorize", "StartTransaction", "StatusNotification"]


@pytest.mark.spec("OCPP 1.6 §5.4")
@virtual
async def test_clear_cache_without_a_cache_is_rejected() -> None:
    async with Rig(variables={"AuthorizationCacheEnabled": "false"}) as rig:
        await rig.boot()
        assert (await rig.call("ClearCache"))["status"] == "Rejected"


@pytest.mark.spec("OCPP 1.6 §3.5.1")
@virtual
async def test_the_cache_survives_a_power_cut() -> None:
    async with Rig(variables=PRE_AUTHORIZE) as rig:
        await remember(rig)
        await rig.do("power_cycle")
        await rig.do("connect")
        mark = len(rig.csms.actions())
        await plug_and_tap(rig)
        assert "Authorize" not in since(rig, mark)
