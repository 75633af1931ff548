"""Reservations that are moved, met by strangers without a connection, and not used where they could be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.v16.flows import OTHER_CARD, connector_statuses
from tests.support.rig import CARD, Rig, virtual

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}


async def reserve(rig: Rig, connector: int, number: int = 1) -> str:
    """ReserveNow for the card, for ten minutes; the status of the answer."""
    expires = (rig.utc() + timedelta(seconds=600)).isoformat()
    payload = {"connectorId": connector, "expiryDate": expires, "idTag": CARD, "reservationId": number}
    status: str = (await rig.call("ReserveNow", payload))["status"]
    await rig.wait(2)
    return status


async def cancel(rig: Rig, number: int = 1) -> str:
    """CancelReservation; the status of the answer."""
    status: str = (await rig.call("CancelReservation", {"reservationId": number}))["status"]
    return status


async def started(rig: Rig) -> Any:
    """The last StartTransaction, once it is told."""
    await rig.wait(15)
    return rig.heard_all("StartTransaction")[-1]


@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_one_with_the_same_id_is_replaced_wherever_it_is() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await reserve(rig, 1) == "Accepted"
        assert await reserve(rig, 2) == "Accepted"
        assert connector_statuses(rig, 1) == ["Available", "Reserved", "Available"]
        assert connector_statuses(rig, 2) == ["Available", "Reserved"]
        assert (await cancel(rig), await cancel(rig)) == ("Accepted", "Rejected")


@pytest.mark.spec("OCPP 1.6 §5.13")
@virtual
async def test_its_id_tag_at_another_connector_leaves_a_reservation_standing() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await reserve(rig, 2) == "Accepted"
        await rig.do("plug_in", connector=1)
        await rig.do("tap", tagId=CARD, connector=1)
        told = await started(rig)
        assert told["connectorId"] == 1
        assert "reservationId" not in told
        assert connector_statuses(rig, 2)[-1] == "Reserved"
        assert await cancel(rig) == "Accepted"


@pytest.mark.spec("OCPP 1.6 §5.11", "OCPP 1.6 §5.13")
@virtual
async def test_a_remote_start_without_a_connector_uses_the_reserved_one() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await reserve(rig, 2) == "Accepted"
        assert (await rig.call("RemoteStartTransaction", {"idTag": CARD}))["status"] == "Accepted"
        await rig.do("plug_in", connector=2)
        told = await started(rig)
        assert (told["connectorId"], told["reservationId"]) == (2, 1)


@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §3.5.2", "OCPP 1.6 §9.1.1")
@virtual
async def test_a_stranger_is_refused_whoever_vouches_for_him() -> None:
    keys = {"AllowOfflineTxForUnknownId": "true", "LocalPreAuthorize": "true"}
    async with Rig(variables=keys) as rig:
        await rig.boot()
        listed = [{"idTag": OTHER_CARD, "idTagInfo": {"status": "Accepted"}}]
        await rig.call("SendLocalList", {"listVersion": 1, "updateType": "Full", "localAuthorizationList": listed})
        assert await reserve(rig, 1) == "Accepted"
        await rig.do("plug_in")
        assert (await rig.do("tap", tagId=OTHER_CARD))["result"] == "REJECTED"
        await rig.do("go_offline")
        assert (await rig.do("tap", tagId="04FFFFFFFFFFFF"))["result"] == "REJECTED"
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        await rig.do("come_online")
        assert (await started(rig))["reservationId"] == 1


@pytest.mark.spec("OCPP 1.6 §5.13", "OCPP 1.6 §5.2")
@virtual
async def test_what_was_taken_out_of_service_comes_back_without_its_reservations() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert (await reserve(rig, 2), await reserve(rig, 0, number=2)) == ("Accepted", "Accepted")
        for kind in ("Inoperative", "Operative"):
            assert (await rig.call("ChangeAvailability", {"connectorId": 0, "type": kind}))["status"] == "Accepted"
            await rig.wait(2)
        for connector in (1, 2):
            assert connector_statuses(rig, connector) == ["Available", "Reserved", "Unavailable", "Available"]
        assert (await cancel(rig), await cancel(rig, 2)) == ("Rejected", "Rejected")
