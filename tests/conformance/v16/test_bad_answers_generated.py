"""Answers of the CSMS that are none, spoilt member by member: nothing is believed, nothing falls over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from station.host.execution import CommandRefused
from station.ocpp.schema import schema_of
from tests.conformance.v16.flows import plug_and_tap, stop, tap_and_unplug
from tests.support.bad_payloads import Bad, bad_payloads
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import Raw

RETRY = {"TransactionMessageRetryInterval": 0, "TransactionMessageAttempts": 1000}


def answers(action: str) -> Iterator[Bad]:
    """Spoilt answers. A member that is null counts as one that is not there: central systems write it so."""
    for bad in bad_payloads(schema_of("1.6", action, "response")):
        if bad.text.startswith("{") and not bad.name.endswith("as null"):
            yield bad


def raw(bad: Bad) -> Raw:
    """The answer as text."""
    return Raw('[3,"{id}",' + bad.text + "]")


@pytest.mark.spec("OCPP 1.6 §4.2")
@virtual
async def test_no_spoilt_answer_accepts_a_boot() -> None:
    async with Rig() as rig:
        spoilt = list(answers("BootNotification"))
        rig.csms.answer("BootNotification", *map(raw, spoilt), {"status": "Pending"})
        rig.host.start()
        for count, bad in enumerate(spoilt, 1):
            await rig.wait(10.0 if count > 1 else 1.0)
            assert len(rig.heard_all("BootNotification")) == count
            assert rig.host.status()["boot"] is None, bad.name
        rig.csms.answer("BootNotification")
        await rig.until(lambda: rig.host.status()["boot"] == "Accepted")
        assert len(rig.dials) == 1
        assert set(rig.csms.actions()[: len(spoilt)]) == {"BootNotification"}


@pytest.mark.spec("OCPP 1.6 §4.1")
@virtual
async def test_no_spoilt_answer_authorizes() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        for bad in answers("Authorize"):
            rig.csms.once("Authorize", raw(bad))
            assert (await rig.do("tap", tagId=CARD))["result"] == "REJECTED", bad.name
        assert rig.heard_all("StartTransaction") == []
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"


@pytest.mark.spec("OCPP 1.6 §4.8", "OCPP 1.6 §3.7.1")
@virtual
async def test_a_spoilt_answer_to_a_start_is_no_answer() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        spoilt = list(answers("StartTransaction"))
        rig.csms.once("StartTransaction", *map(raw, spoilt))
        await plug_and_tap(rig)
        await rig.until(lambda: len(rig.heard_all("StartTransaction")) == len(spoilt) + 1)
        await tap_and_unplug(rig)
        assert stop(rig)["transactionId"] == 1
        assert len({str(payload) for payload in rig.heard_all("StartTransaction")}) == 1


@pytest.mark.spec("OCPP 1.6 §4.10", "OCPP 1.6 §3.7.1")
@virtual
async def test_a_spoilt_answer_to_a_stop_is_no_answer() -> None:
    async with Rig(variables=RETRY) as rig:
        await rig.boot()
        spoilt = list(answers("StopTransaction"))
        rig.csms.once("StopTransaction", *map(raw, spoilt))
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        await rig.until(lambda: rig.host.status()["queue"] == 0)
        assert len(rig.heard_all("StopTransaction")) == len(spoilt) + 1


@pytest.mark.spec("OCPP 1.6 §4.6", "OCPP 1.6 §4.9", "OCPP 1.6 §4.3")
@pytest.mark.parametrize("action", ["Heartbeat", "StatusNotification", "DataTransfer"])
@virtual
async def test_the_station_goes_on_after_any_other_spoilt_answer(action: str) -> None:
    payload = {
        "Heartbeat": {},
        "DataTransfer": {"vendorId": "x"},
        "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
    }[action]
    async with Rig() as rig:
        await rig.boot()
        for bad in answers(action):
            rig.csms.once(action, raw(bad))
            with contextlib.suppress(CommandRefused):
                await rig.do("send_ocpp", action=action, payload=payload)
            assert rig.connected, bad.name
        await plug_and_tap(rig)
        assert len(rig.dials) == 1
