"""UnlockConnector, and a lock that fails."""

from __future__ import annotations

import pytest

from tests.conformance.v16.flows import plug_and_tap, status_is, stop
from tests.support.rig import CARD, Rig, virtual

FIXED = {
    "evses": [
        {"id": 1, "max_current": "16A", "phases": 3, "connectors": [{"id": 1, "type": "cType2", "cable": "fixed"}]}
    ]
}


async def unlock(rig: Rig, connector: int = 1) -> str:
    """UnlockConnector; the status of the answer."""
    status: str = (await rig.call("UnlockConnector", {"connectorId": connector}))["status"]
    return status


@pytest.mark.case("TC_017_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.18")
@virtual
async def test_tc_017_1_unlock_without_a_session() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await unlock(rig) == "Unlocked"
        assert rig.statuses() == ["Available"]


@pytest.mark.case("TC_017_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.18", "OCPP 1.6 §7.48")
@virtual
async def test_tc_017_2_unlock_a_fixed_cable() -> None:
    async with Rig(profile=FIXED) as rig:
        await rig.boot()
        assert await unlock(rig) == "NotSupported"


@pytest.mark.case("TC_018_1_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.18")
@virtual
async def test_tc_018_1_unlock_with_a_session() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        assert await unlock(rig) == "Unlocked"
        await status_is(rig, "Finishing")
        assert stop(rig)["reason"] == "UnlockCommand"
        assert stop(rig)["transactionId"] == number
        assert rig.status["locked"] is False
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.case("TC_018_2_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.18", "OCPP 1.6 §7.48")
@virtual
async def test_tc_018_2_unlock_a_fixed_cable_with_a_session() -> None:
    async with Rig(profile=FIXED) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        assert await unlock(rig) == "NotSupported"
        await rig.wait(5)
        assert rig.heard_all("StopTransaction") == []
        assert rig.statuses()[-1] == "Charging"


@pytest.mark.case("TC_024_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9", "OCPP 1.6 §7.6")
@virtual
async def test_tc_024_lock_failure() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("lock_failure")
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Faulted")
        assert rig.csms.last("StatusNotification")["errorCode"] == "ConnectorLockFailure"
        await rig.wait(30)
        assert rig.heard_all("StartTransaction") == []
        assert rig.status["contactor"] == "open"


@pytest.mark.case("TC_024_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §4.9")
@virtual
async def test_tc_024_after_the_repair_a_session_is_possible() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("lock_failure")
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Faulted")
        await rig.do("lock_failure", on=False)
        await rig.do("clear_fault")
        await rig.do("unplug")
        await status_is(rig, "Available")
        await plug_and_tap(rig)


@pytest.mark.case("TC_030_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.18", "OCPP 1.6 §7.48")
@virtual
async def test_tc_030_unlock_failure() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("lock_failure")
        assert await unlock(rig) == "UnlockFailed"
        await rig.quiet()
        assert rig.status["contactor"] == "open"
        assert rig.csms.last("StatusNotification")["errorCode"] == "ConnectorLockFailure"


@pytest.mark.case("TC_031_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.18", "OCPP 1.6 errata 3.87")
@pytest.mark.parametrize("connector", [2, 99])
@virtual
async def test_tc_031_unlock_an_unknown_connector(connector: int) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await unlock(rig, connector) == "NotSupported"


@pytest.mark.spec("OCPP 1.6 §5.18")
@virtual
async def test_a_lock_that_opens_after_all_ends_the_fault() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("lock_failure")
        assert await unlock(rig) == "UnlockFailed"
        await status_is(rig, "Faulted")
        await rig.do("lock_failure", on=False)
        await rig.do("unplug")
        await status_is(rig, "Available")


@pytest.mark.spec("OCPP 1.6 §5.18")
@virtual
async def test_two_unlocks_at_once_are_both_answered() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        first, second = (rig.csms.call("UnlockConnector", {"connectorId": 1}) for _ in range(2))
        rig.send(first.text)
        rig.send(second.text)
        await rig.until(lambda: {first.id, second.id} <= set(rig.csms.answers))
        assert rig.csms.result(first.id) == rig.csms.result(second.id) == {"status": "Unlocked"}
        await rig.quiet()
        assert stop(rig)["reason"] == "UnlockCommand"


@pytest.mark.spec("OCPP 1.6 §5.18")
@virtual
async def test_unlock_of_a_cable_without_a_session_leaves_the_car_plugged() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        assert await unlock(rig) == "Unlocked"
        await rig.quiet()
        assert rig.statuses() == ["Available", "Preparing"]
        await rig.do("tap", tagId=CARD)
        await status_is(rig, "Charging")
        assert rig.status["locked"] is True
