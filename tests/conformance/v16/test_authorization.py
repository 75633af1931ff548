"""Refused cards and remote starts."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import charging, connector_statuses, plug_and_tap, status_is, stop
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import SILENCE

REFUSALS = ["Invalid", "Blocked", "Expired", "ConcurrentTx"]


@pytest.mark.case("TC_023_4_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.1", "OCPP 1.6 §4.8")
@pytest.mark.parametrize("status", REFUSALS)
@virtual
async def test_tc_023_4_local_start_authorize_invalid(status: str) -> None:
    async with Rig() as rig:
        rig.csms.answer("Authorize", {"idTagInfo": {"status": status}})
        await rig.boot()
        await rig.do("plug_in")
        answer = await rig.do("tap", tagId=CARD)
        assert (answer["result"], answer["reason"]) == ("REJECTED", status)
        await rig.wait(100)
        assert rig.heard_all("StartTransaction") == []
        assert rig.status["contactor"] == "open"
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_023_4_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_tc_023_4_an_invalid_card_leaves_a_free_connector_available() -> None:
    async with Rig() as rig:
        rig.csms.answer("Authorize", {"idTagInfo": {"status": "Invalid"}})
        await rig.boot()
        await rig.do("tap", tagId=CARD)
        await rig.wait(5)
        assert connector_statuses(rig, 1)[-1] == "Available"
        await rig.do("plug_in")
        await rig.wait(5)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.case("TC_023_5_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11")
@pytest.mark.parametrize("status", REFUSALS)
@virtual
async def test_tc_023_5_remote_start_authorize_invalid(status: str) -> None:
    async with Rig(variables={"AuthorizeRemoteTxRequests": "true"}) as rig:
        rig.csms.answer("Authorize", {"idTagInfo": {"status": status}})
        await rig.boot()
        await rig.do("plug_in")
        wanted = {"idTag": CARD, "connectorId": 1}
        assert (await rig.call("RemoteStartTransaction", wanted))["status"] == "Accepted"
        await rig.wait(10)
        assert len(rig.heard_all("Authorize")) == 1
        assert rig.heard_all("StartTransaction") == []
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §9.1.26")
@virtual
async def test_a_start_that_is_refused_stops_as_deauthorized() -> None:
    async with Rig() as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, "idTagInfo": {"status": "Blocked"}})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        assert stop(rig)["reason"] == "DeAuthorized"
        assert stop(rig)["transactionId"] == 5
        await status_is(rig, "Finishing")
        assert rig.status["contactor"] == "open"


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §9.1.26")
@virtual
async def test_a_start_that_is_refused_suspends_where_it_may_not_stop() -> None:
    async with Rig(variables={"StopTransactionOnInvalidId": "false"}) as rig:
        rig.csms.answer("StartTransaction", {"transactionId": 5, "idTagInfo": {"status": "Invalid"}})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "SuspendedEVSE")
        await rig.wait(30)
        assert rig.heard_all("StopTransaction") == []
        assert rig.status["contactor"] == "open"
        await rig.do("unplug")
        await rig.quiet()
        assert stop(rig)["transactionId"] == 5


@pytest.mark.spec("OCPP 1.6 §4.8")
@virtual
async def test_a_transaction_id_that_comes_with_a_refusal_belongs_to_no_other() -> None:
    async with Rig() as rig:
        rig.csms.once("StartTransaction", {"transactionId": 5, "idTagInfo": {"status": "Blocked"}})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.heard_all("StopTransaction"))
        await rig.do("unplug")
        await plug_and_tap(rig)
        await rig.do("tap", tagId=CARD)
        await rig.quiet()
        assert [made["transactionId"] for made in rig.heard_all("StopTransaction")] == [5, 1]


@pytest.mark.spec("OCPP 1.6 §4.1")
@virtual
async def test_an_authorize_that_is_never_answered_authorizes_nobody() -> None:
    async with Rig(variables={"AllowOfflineTxForUnknownId": "false"}) as rig:
        rig.csms.once("Authorize", SILENCE)
        await rig.boot()
        await rig.do("plug_in")
        answer = await rig.do("tap", timeout_s=100, tagId=CARD)
        assert answer["result"] in ("REJECTED", "TIMEOUT")
        await rig.wait(5)
        assert rig.heard_all("StartTransaction") == []
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        await charging(rig)
