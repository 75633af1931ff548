"""RemoteStartTransaction and RemoteStopTransaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import OTHER_CARD, charging, order, plug_and_tap, status_is, stop, transaction_id
from tests.support.rig import CARD, Rig, virtual

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}


async def remote_start(rig: Rig, connector: int | None = 1, card: str = CARD) -> str:
    """RemoteStartTransaction; the status of the answer."""
    payload: dict[str, Any] = {"idTag": card}
    if connector is not None:
        payload["connectorId"] = connector
    status: str = (await rig.call("RemoteStartTransaction", payload))["status"]
    return status


async def remote_stop(rig: Rig, number: Any) -> str:
    """RemoteStopTransaction; the status of the answer."""
    status: str = (await rig.call("RemoteStopTransaction", {"transactionId": number}))["status"]
    return status


@pytest.mark.case("TC_010_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11")
@virtual
async def test_tc_010_remote_start_cable_plugged_in_first() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        assert await remote_start(rig) == "Accepted"
        await charging(rig)
        assert rig.csms.last("StartTransaction")["idTag"] == CARD
        assert rig.heard_all("Authorize") == []
        assert rig.statuses() == ["Available", "Preparing", "Charging"]


@pytest.mark.case("TC_010_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §9.1.3")
@virtual
async def test_tc_010_remote_start_that_has_to_be_authorized() -> None:
    async with Rig(variables={"AuthorizeRemoteTxRequests": "true"}) as rig:
        await rig.boot()
        await rig.do("plug_in")
        assert await remote_start(rig) == "Accepted"
        await charging(rig)
        assert order(rig, "Authorize", "StartTransaction")


@pytest.mark.case("TC_011_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11")
@virtual
async def test_tc_011_1_remote_start_first() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await remote_start(rig) == "Accepted"
        await status_is(rig, "Preparing")
        await rig.do("plug_in")
        await charging(rig)
        assert rig.statuses() == ["Available", "Preparing", "Charging"]
        assert len(rig.heard_all("StartTransaction")) == 1


@pytest.mark.case("TC_011_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §9.1.6")
@virtual
async def test_tc_011_2_remote_start_time_out() -> None:
    async with Rig(variables={"ConnectionTimeOut": 15}) as rig:
        await rig.boot()
        assert await remote_start(rig) == "Accepted"
        await status_is(rig, "Preparing")
        await rig.wait(13)
        assert rig.statuses()[-1] == "Preparing"
        await rig.wait(2)
        assert rig.statuses() == ["Available", "Preparing", "Available"]
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.case("TC_012_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.12")
@virtual
async def test_tc_012_remote_stop() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        assert await remote_stop(rig, number) == "Accepted"
        await status_is(rig, "Finishing")
        assert stop(rig)["reason"] == "Remote"
        assert stop(rig)["transactionId"] == number
        assert rig.status["contactor"] == "open"
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_012_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.12")
@virtual
async def test_tc_012_the_answer_precedes_what_it_causes() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        assert await remote_stop(rig, number) == "Accepted"
        await rig.quiet()
        heard = [(entry.action, entry.kind) for entry in rig.log() if entry.direction == "in"]
        assert heard.index(("RemoteStopTransaction", "result")) < heard.index(("StopTransaction", "call"))


@pytest.mark.case("TC_026_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11")
@virtual
async def test_tc_026_remote_start_rejected_while_another_charges() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        assert await remote_start(rig, card=OTHER_CARD) == "Rejected"
        await rig.wait(5)
        assert len(rig.heard_all("StartTransaction")) == 1
        assert rig.heard_all("StopTransaction") == []


@pytest.mark.case("TC_026_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.11")
@pytest.mark.parametrize("why", ["faulted", "unavailable", "unknown"])
@virtual
async def test_tc_026_remote_start_rejected(why: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        if why == "faulted":
            await rig.do("fault", errorCode="GroundFailure")
        elif why == "unavailable":
            await rig.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        assert await remote_start(rig, 7 if why == "unknown" else 1) == "Rejected"
        await rig.wait(5)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.case("TC_027_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §6.33")
@virtual
async def test_tc_027_remote_start_of_connector_0_is_rejected() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        assert await remote_start(rig, 0) == "Rejected"
        await rig.wait(5)
        assert rig.heard_all("StartTransaction") == []


@pytest.mark.case("TC_028_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.12", "OCPP 1.6 errata 3.33")
@virtual
async def test_tc_028_remote_stop_of_an_unknown_transaction_is_rejected() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        for wrong in (number + 1, -1, 0):
            assert await remote_stop(rig, wrong) == "Rejected"
        await rig.wait(5)
        assert rig.heard_all("StopTransaction") == []
        assert transaction_id(rig) == number


@pytest.mark.spec("OCPP 1.6 errata 3.54")
@virtual
async def test_0_and_negative_numbers_are_ordinary_transaction_ids() -> None:
    for number in (0, -7):
        async with Rig() as rig:
            rig.csms.answer("StartTransaction", {"transactionId": number, "idTagInfo": {"status": "Accepted"}})
            await rig.boot()
            await plug_and_tap(rig)
            assert await remote_stop(rig, number) == "Accepted"
            await rig.quiet()
            assert stop(rig)["transactionId"] == number


@pytest.mark.spec("OCPP 1.6 §5.11")
@virtual
async def test_a_remote_start_without_a_connector_takes_the_one_that_is_plugged() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await rig.do("plug_in", connector=2)
        assert await remote_start(rig, None) == "Accepted"
        await rig.until(lambda: rig.heard_all("StartTransaction"))
        assert rig.csms.last("StartTransaction")["connectorId"] == 2


@pytest.mark.spec("OCPP 1.6 §5.11")
@virtual
async def test_a_remote_start_takes_the_named_connector_only() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await rig.do("plug_in", connector=2)
        assert await remote_start(rig, 1) == "Accepted"
        await rig.wait(10)
        assert rig.heard_all("StartTransaction") == []
        await rig.do("plug_in", connector=1)
        await rig.until(lambda: rig.heard_all("StartTransaction"))
        assert rig.csms.last("StartTransaction")["connectorId"] == 1


@pytest.mark.spec("OCPP 1.6 §5.11")
@virtual
async def test_a_charging_profile_is_ignored_without_smart_charging() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        period = {"startPeriod": 0, "limit": 6.0}
        profile = {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]},
        }
        wanted = {"idTag": CARD, "connectorId": 1, "chargingProfile": profile}
        assert (await rig.call("RemoteStartTransaction", wanted))["status"] == "Accepted"
        await charging(rig)
