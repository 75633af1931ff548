"""ChangeAvailability."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import connector_statuses, plug_and_tap, status_is, tap_and_unplug
from tests.support.rig import CARD, Rig, virtual

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}


async def change(rig: Rig, connector: int, kind: str) -> str:
    """ChangeAvailability; the status of the answer."""
    status: str = (await rig.call("ChangeAvailability", {"connectorId": connector, "type": kind}))["status"]
    return status


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_a_free_connector_changes_at_once() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await change(rig, 2, "Inoperative") == "Accepted"
        await rig.quiet()
        assert connector_statuses(rig, 2) == ["Available", "Unavailable"]
        assert connector_statuses(rig, 1) == ["Available"]
        assert connector_statuses(rig, 0) == ["Available"]
        await rig.do("plug_in", connector=2)
        answer = await rig.do("tap", tagId=CARD, connector=2)
        assert answer["result"] not in ("USED_TO_START", "ACCEPTED")
        await rig.do("unplug", connector=2)
        assert await change(rig, 2, "Operative") == "Accepted"
        await rig.quiet()
        assert connector_statuses(rig, 2)[-1] == "Available"


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_connector_0_is_the_station_and_all_its_connectors() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await change(rig, 0, "Inoperative") == "Accepted"
        await rig.quiet()
        assert [connector_statuses(rig, number)[-1] for number in (0, 1, 2)] == ["Unavailable"] * 3
        assert await change(rig, 0, "Operative") == "Accepted"
        await rig.quiet()
        assert [connector_statuses(rig, number)[-1] for number in (0, 1, 2)] == ["Available"] * 3


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_with_a_transaction_the_change_is_scheduled() -> None:
    async with Rig() as rig:
        await rig.boot()
        await plug_and_tap(rig)
        assert await change(rig, 1, "Inoperative") == "Scheduled"
        await rig.wait(10)
        assert rig.statuses()[-1] == "Charging"
        await tap_and_unplug(rig)
        await status_is(rig, "Unavailable")


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_a_status_that_is_there_already_is_accepted_and_not_told_again() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await change(rig, 1, "Operative") == "Accepted"
        await rig.quiet()
        assert rig.statuses() == ["Available"]


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_an_unknown_connector_is_rejected() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await change(rig, 9, "Inoperative") == "Rejected"


def shared(first: str, second: str) -> dict[str, Any]:
    """A profile with an EVSE of two connectors."""
    cables = ({"id": 1, "type": "cType2", "cable": first}, {"id": 2, "type": "cType2", "cable": second})
    return {"evses": [{"id": 1, "max_current": "16A", "phases": 3, "connectors": list(cables)}]}


@pytest.mark.spec("OCPP 1.6 §4.9")
@pytest.mark.parametrize("cables", [("socket", "socket"), ("fixed", "socket"), ("socket", "fixed"), ("fixed", "fixed")])
@virtual
async def test_connectors_that_share_an_evse_are_used_one_at_a_time(cables: tuple[str, str]) -> None:
    async with Rig(profile=shared(*cables)) as rig:
        await rig.boot()
        for used, other in ((2, 1), (1, 2)):
            await rig.do("plug_in", connector=used)
            await rig.do("tap", tagId=CARD)
            await rig.wait(2)
            assert connector_statuses(rig, used)[-1] == "Charging"
            assert rig.csms.last("StartTransaction")["connectorId"] == used
            assert connector_statuses(rig, other)[-1] == "Unavailable"
            await rig.do("unplug", connector=other)
            await rig.wait(5)
            assert connector_statuses(rig, used)[-1] == "Charging"
            await rig.do("unplug", connector=used)
            await rig.wait(2)
            assert connector_statuses(rig, 1)[-1] == connector_statuses(rig, 2)[-1] == "Available"


async def settled(rig: Rig, connector: int, kind: str) -> str:
    """ChangeAvailability; the status of the answer, once all is told."""
    status = await change(rig, connector, kind)
    await rig.quiet()
    return status


def shown(rig: Rig) -> dict[int, str]:
    """The status told last of each connector."""
    return {one["connectorId"]: one["status"] for one in rig.heard_all("StatusNotification")}


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_connector_0_changes_connectors_that_were_changed_alone() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await settled(rig, 1, "Inoperative") == "Accepted"
        assert await settled(rig, 0, "Operative") == "Accepted"
        assert shown(rig) == {0: "Available", 1: "Available", 2: "Available"}
        assert await settled(rig, 2, "Inoperative") == "Accepted"
        assert await settled(rig, 0, "Inoperative") == "Accepted"
        assert await settled(rig, 0, "Operative") == "Accepted"
        assert shown(rig) == {0: "Available", 1: "Available", 2: "Available"}


@pytest.mark.spec("OCPP 1.6 §5.2")
@virtual
async def test_one_connector_of_an_unavailable_station_becomes_available_and_stays_so() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await settled(rig, 0, "Inoperative") == "Accepted"
        assert await settled(rig, 2, "Operative") == "Accepted"
        assert shown(rig) == {0: "Available", 1: "Unavailable", 2: "Available"}
        assert await settled(rig, 1, "Inoperative") == "Accepted"
        await rig.do("power_cycle")
        await rig.do("connect")
        assert shown(rig) == {0: "Available", 1: "Unavailable", 2: "Available"}


@pytest.mark.spec("OCPP 1.6 §5.2")
@pytest.mark.parametrize("connector", [0, 1])
@virtual
async def test_what_was_scheduled_is_taken_back_or_outlives_a_power_cut(connector: int) -> None:
    for back in (True, False):
        async with Rig(profile=TWO) as rig:
            await rig.boot()
            await rig.do("start_transaction", connector=1, tagId=CARD)
            await rig.quiet()
            assert await settled(rig, connector, "Inoperative") == "Scheduled"
            assert shown(rig)[1] == "Charging"
            if back:
                assert await settled(rig, connector, "Operative") == "Accepted"
            await rig.do("power_cycle")
            await rig.do("unplug", connector=1)
            await rig.do("connect")
            await rig.quiet()
            assert len(rig.heard_all("StopTransaction")) == 1
            assert shown(rig)[1] == ("Available" if back else "Unavailable")
