"""The connection: heartbeats, dialling again, silence, Basic authentication."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.conformance.v16.flows import plug_and_tap, since, status_is, transaction_id
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import SILENCE

URL = {"url": "ws://csms.test/ocpp", "versions": ["ocpp1.6"], "ping": "0s"}


@pytest.mark.spec("OCPP 1.6 §4.6")
@virtual
async def test_other_messages_take_the_place_of_heartbeats() -> None:
    async with Rig(variables={"MeterValueSampleInterval": 20}) as rig:
        rig.csms.interval_s = 30
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(300)
        assert len(rig.heard_all("MeterValues")) == 15
        assert rig.heard_all("Heartbeat") == []


@pytest.mark.spec("OCPP 1.6 §4.6")
@virtual
async def test_the_time_of_a_heartbeat_sets_the_stations_clock() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 60
        await rig.boot()
        rig.csms.answer("Heartbeat", {"currentTime": "2027-06-01T00:00:00.000Z"})
        await rig.wait(61)
        await rig.do("plug_in")
        await status_is(rig, "Preparing")
        assert rig.csms.last("StatusNotification")["timestamp"].startswith("2027-06-01T00:00:")


@pytest.mark.spec("OCPP-J 1.6 §5.3")
@pytest.mark.parametrize("status", [401, 403, 404, 503])
@virtual
async def test_refused_upgrades_are_tried_again_with_growing_patience(status: int) -> None:
    async with Rig() as rig:
        rig.refuse_with(status)
        rig.host.start()
        await rig.wait(600)
        gaps = [later - earlier for earlier, later in pairwise(rig.dials)]
        assert 3 <= len(gaps) <= 30
        assert all(gap >= 0.5 for gap in gaps)
        assert gaps[2] > gaps[0]
        rig.refuse = None
        await rig.until(lambda: rig.host.status()["boot"] == "Accepted", 1000)


@pytest.mark.spec("OCPP-J 1.6 §5.3")
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1008, 1011])
@virtual
async def test_a_csms_that_closes_at_once_is_not_flooded(code: int) -> None:
    async with Rig() as rig:
        await rig.boot()
        for _ in range(4):
            await rig.until(lambda: rig.connected, 1000)
            rig.close_connection(code)
            await rig.until(lambda: not rig.connected)
        gaps = [later - earlier for earlier, later in pairwise(rig.dials)]
        assert all(gap >= 0.5 for gap in gaps)
        await rig.until(lambda: rig.connected, 1000)
        assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.spec("OCPP-J 1.6 §5.3", "OCPP 1.6 §4.2")
@virtual
async def test_a_reconnect_is_no_reboot() -> None:
    async with Rig() as rig:
        await rig.boot()
        number = await plug_and_tap(rig)
        mark = len(rig.csms.actions())
        rig.lose_connection()
        await rig.until(lambda: len(rig.dials) == 2)
        await rig.wait(5)
        assert since(rig, mark) == []
        assert rig.status["contactor"] == "closed"
        assert transaction_id(rig) == number


@pytest.mark.spec("OCPP 1.6 §4.2")
@virtual
async def test_a_boot_that_was_cut_off_begins_anew() -> None:
    async with Rig() as rig:
        rig.csms.once("BootNotification", SILENCE)
        rig.host.start()
        await rig.until(lambda: rig.heard_all("BootNotification"))
        rig.lose_connection()
        await rig.until(lambda: rig.host.status()["boot"] == "Accepted", 300)
        assert rig.csms.actions()[:2] == ["BootNotification"] * 2


@pytest.mark.spec("OCPP 1.6 §4.2")
@virtual
async def test_a_boot_notification_that_is_never_answered_is_repeated() -> None:
    async with Rig() as rig:
        rig.csms.once("BootNotification", SILENCE, SILENCE, SILENCE)
        rig.host.start()
        await rig.until(lambda: rig.host.status()["boot"] == "Accepted", 1000)
        await rig.quiet()
        assert set(rig.csms.actions()[:4]) == {"BootNotification"}


@pytest.mark.spec("OCPP-J 1.6 §4.1.1")
@virtual
async def test_a_deaf_connection_is_dialled_anew() -> None:
    async with Rig() as rig:
        rig.csms.interval_s = 10
        await rig.boot()
        rig.csms.answer("Heartbeat", SILENCE)
        await rig.until(lambda: len(rig.dials) == 2, 300)
        assert rig.loop.time() > 60
        rig.csms.answer("Heartbeat")
        await rig.wait(60)
        assert len(rig.dials) == 2
        assert rig.host.status()["online"] is True


@pytest.mark.spec("OCPP-J 1.6 §3.1.2")
@virtual
async def test_the_subprotocol_is_asked_for_and_checked() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert rig.targets[0].subprotocols == ("ocpp1.6",)
        assert rig.targets[0].url == "ws://csms.test/ocpp/CP-1"
        assert rig.targets[0].basic_auth is None


@pytest.mark.spec("OCPP 1.6 §4.1")
@virtual
async def test_a_tap_works_right_after_a_reconnect() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.lose_connection()
        await rig.until(lambda: len(rig.dials) == 2)
        await rig.quiet()
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
