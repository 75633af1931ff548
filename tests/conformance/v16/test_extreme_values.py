"""Requests that obey their schema with values at the edge: each is answered, none makes a handler fall over."""

from __future__ import annotations

import json

import pytest

from station.ocpp.schema import schema_of
from tests.conformance.v16.flows import plug_and_tap
from tests.support.bad_payloads import CSMS_REQUESTS_16, EDGES, edge_payloads
from tests.support.fake_transfers import FakeTransfers
from tests.support.rig import Rig, virtual


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize("action", [name for name in CSMS_REQUESTS_16 if name != "Reset"])
@virtual
async def test_no_value_makes_a_handler_fall_over(action: str) -> None:
    async with Rig(transfers=FakeTransfers()) as rig:
        await rig.boot()
        payloads = list(edge_payloads(schema_of("1.6", action, "request")))
        for number, payload in enumerate(payloads):
            rig.send(json.dumps([2, f"edge-{number}", action, payload]))
            await rig.wait(0.05)
        # Logs are packed in a thread, for which virtual time does not wait.
        await rig.until(lambda: len(rig.csms.answers) == len(payloads), 20_000)
        for number, payload in enumerate(payloads):
            frame = rig.csms.answers[f"edge-{number}"]
            assert frame[0] == 3 or frame[2] != "InternalError", (payload, frame)
        assert len(rig.dials) == 1
        await rig.call("ChangeAvailability", {"connectorId": 0, "type": "Operative"})
        assert (await rig.call("GetConfiguration", {"key": ["NumberOfConnectors"]}))["configurationKey"]


@pytest.mark.spec("OCPP 1.6 §4.2", "OCPP 1.6 §4.6")
@pytest.mark.parametrize("time", EDGES["date-time"])
@virtual
async def test_no_time_of_the_csms_makes_the_station_fall_over(time: str) -> None:
    async with Rig(variables={"ClockAlignedDataInterval": 60, "MeterValueSampleInterval": 30}) as rig:
        rig.csms.answer("Heartbeat", {"currentTime": time})
        rig.csms.answer("BootNotification", {"status": "Accepted", "currentTime": time, "interval": 100})
        info = {"status": "Accepted", "expiryDate": time}
        rig.csms.answer("StartTransaction", {"transactionId": 1, "idTagInfo": info})
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId="04A1B2C3D4E5F6")
        await rig.wait(400)
        assert len(rig.dials) == 1
        assert rig.heard_all("StartTransaction")
        assert (await rig.call("GetConfiguration", {"key": ["NumberOfConnectors"]}))["configurationKey"]


@pytest.mark.spec("OCPP 1.6 §4.2")
@pytest.mark.parametrize("interval", EDGES["integer"])
@pytest.mark.parametrize("status", ["Accepted", "Pending", "Rejected"])
@virtual
async def test_no_interval_floods_or_falls_over(status: str, interval: int) -> None:
    async with Rig() as rig:
        answer = {"status": status, "currentTime": "2026-01-01T12:00:00Z", "interval": interval}
        rig.csms.once("BootNotification", answer)
        rig.host.start()
        await rig.wait(300)
        assert len(rig.heard_all("BootNotification")) <= 2
        assert len(rig.heard_all("Heartbeat")) <= 300
        if status == "Accepted":
            await plug_and_tap(rig)
