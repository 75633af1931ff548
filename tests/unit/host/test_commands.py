"""Commands and what is shown of them, in virtual time: where they are refused, and which connector is meant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from drivers.api import Card
from station.host.execution import CommandRefused
from tests.support.rig import CARD, Rig
from tests.support.scripted_csms import CallError
from tests.support.virtual_loop import run_virtual

OTHER = "04FFEE11"
BOTH = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


def play(version: str, story: Callable[[Rig], Awaitable[None]], **rig_args: Any) -> None:
    async def main() -> None:
        async with Rig(version, **rig_args) as rig:
            await rig.boot()
            await story(rig)

    run_virtual(main())


@pytest.mark.parametrize(("version", "limit"), [("1.6", 20), ("2.0.1", 36)])
def test_a_card_is_never_cut_to_the_length_that_ocpp_carries(version: str, limit: int) -> None:
    async def story(rig: Rig) -> None:
        rig.csms.clear()
        with pytest.raises(CommandRefused, match=f"{limit + 1} characters"):
            await rig.do("authorize", tagId="A" * (limit + 1))
        assert "Authorize" not in rig.csms.actions()
        assert (await rig.do("authorize", tagId="A" * limit))["status"] == "Accepted"

    play(version, story)


@BOTH
def test_a_card_that_waited_for_the_cable_is_not_taken_for_the_one_that_starts(version: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.do("tap", tagId=CARD)
        with pytest.raises(CommandRefused, match="another card is charging here"):
            await rig.do("start_transaction", connector=2, tagId=OTHER)
        await rig.do("unplug", connector=2)
        assert (await rig.do("start_transaction", connector=1, tagId=OTHER))["id"]

    play(version, story, profile={"evses": [{"id": 1}, {"id": 2}]})


@BOTH
def test_a_contactor_that_does_not_close_is_told_at_once(version: str) -> None:
    async def story(rig: Rig) -> None:
        loop = asyncio.get_running_loop()
        await rig.do("contactor_fault", kind="stuck_open")
        began = loop.time()
        with pytest.raises(CommandRefused, match="PowerSwitchFailure"):
            await rig.do("start_transaction", tagId=CARD)
        assert loop.time() - began < 5

    play(version, story)


@BOTH
def test_a_number_longer_than_the_version_carries_is_refused_by_the_station(version: str) -> None:
    most = 20 if version == "1.6" else 36

    async def story(rig: Rig) -> None:
        refused = await rig.do("tap", tagId="A" * (most + 1))
        assert (refused["result"], refused["reason"]) == ("REJECTED", "TokenTooLong")
        rig.host.readers.card(0, Card(bytes(range(1, most // 2 + 2)), "106A"))
        assert rig.told("token")[-1]["reason"] == "TokenTooLong"
        assert rig.heard_all("Authorize") == []
        assert (await rig.do("tap", tagId="A" * most))["result"] == "ACCEPTED"
        assert len(rig.heard_all("Authorize")) == 1

    play(version, story)


@BOTH
def test_a_reader_that_is_hardware_cannot_be_lost_by_a_command(version: str) -> None:
    async def story(rig: Rig) -> None:
        with pytest.raises(CommandRefused, match="the readers of EVSE 1 are real hardware"):
            await rig.do("reader_fault", connector=1, kind="lost")
        await rig.do("reader_fault", connector=2, kind="lost")
        assert rig.host.status()["evses"][1]["faults"] == ["ReaderFailure"]

    readers = [{"driver": "udp", "evses": [1]}, {"driver": "http", "evses": [2]}]
    play(version, story, profile={"evses": [{"id": 1}, {"id": 2}], "auth": {"readers": readers}})


@BOTH
def test_the_error_code_of_a_fault_is_told_in_every_version(version: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.do("fault", errorCode="GroundFailure")
        told = rig.told("connector_status")[-1]
        assert (told["status"], told["errorCode"]) == ("Faulted", "GroundFailure")
        await rig.do("clear_fault")
        assert rig.told("connector_status")[-1]["errorCode"] == "NoError"

    play(version, story)


@BOTH
def test_without_power_a_contactor_is_open(version: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.do("start_transaction", tagId=CARD)
        assert rig.host.status()["evses"][0]["contactor"] == "closed"
        await rig.do("power_cycle")
        assert rig.host.status()["evses"][0]["contactor"] == "open"

    play(version, story)


@BOTH
def test_the_reason_of_a_refused_message_is_the_csms_s_own(version: str) -> None:
    async def story(rig: Rig) -> None:
        rig.csms.once("Heartbeat", CallError("GenericError", "not today"))
        with pytest.raises(CommandRefused, match="GenericError: not today"):
            await rig.do("heartbeat")

    play(version, story)


@BOTH
def test_without_a_card_none_is_shown(version: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.do("plug_in")
        await rig.wait(2)
        assert rig.host.status()["evses"][0]["state"] == "charging"
        assert rig.host.status()["evses"][0]["transaction"]["token"] is None
        assert rig.told("transaction_started")[-1]["tagId"] is None

    play(version, story, profile={"auth": "free"})


@BOTH
@pytest.mark.parametrize("first", ["card", "cable"])
@pytest.mark.parametrize("cables", [("fixed", "fixed"), ("socket", "fixed"), ("socket", "socket")])
def test_a_car_charges_at_the_connector_that_it_was_plugged_into(
    version: str, first: str, cables: tuple[str, str]
) -> None:
    connectors = [{"id": number, "cable": cable} for number, cable in enumerate(cables, 1)]

    async def story(rig: Rig) -> None:
        for connector in (2, 1, 2):
            if first == "card":
                await rig.do("tap", tagId=CARD)
            await rig.do("plug_in", connector=connector)
            if first == "cable":
                await rig.do("tap", tagId=CARD)
            await rig.wait(2)
            charging = [one["connector"] for one in rig.host.status()["evses"] if one["state"] == "charging"]
            assert charging == [connector]
            await rig.do("stop_transaction", connector=connector)
            assert rig.told("transaction_stopped")[-1]["connector"] == connector
            await rig.do("unplug", connector=connector)
            await rig.wait(2)
            assert {one["status"] for one in rig.host.status()["evses"]} == {"Available"}

    play(version, story, profile={"evses": [{"id": 1, "connectors": connectors}]})


@BOTH
@pytest.mark.parametrize("cables", [("fixed", "fixed"), ("socket", "fixed"), ("socket", "socket")])
def test_a_car_may_change_the_connector_in_no_time(version: str, cables: tuple[str, str]) -> None:
    """The cable is out of the one connector when it is in the other, however quickly the commands come."""
    connectors = [{"id": number, "cable": cable} for number, cable in enumerate(cables, 1)]

    async def story(rig: Rig) -> None:
        for connector in (1, 2, 1):
            await rig.do("start_transaction", connector=connector, tagId=CARD)
            evses = rig.host.status()["evses"]
            assert [one["connector"] for one in evses if one["state"] == "charging"] == [connector]
            await rig.do("stop_transaction", connector=connector)
            await rig.do("unplug", connector=connector)
        await rig.wait(2)
        assert all(one["status"] == "Available" and not one["faults"] for one in rig.host.status()["evses"])

    play(version, story, profile={"evses": [{"id": 1, "connectors": connectors}]})


@BOTH
def test_no_transaction_is_started_at_a_connector_while_the_car_is_at_another(version: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.do("plug_in", connector=1)
        for command, params in (("plug_in", {}), ("start_transaction", {"tagId": CARD})):
            with pytest.raises(CommandRefused, match="connector 1 of EVSE 1 is in use"):
                await rig.do(command, connector=2, **params)
        assert all(one["state"] in ("idle", "plugged") for one in rig.host.status()["evses"])

    play(version, story, profile={"evses": [{"id": 1, "connectors": [{"id": 1}, {"id": 2}]}]})
