"""TriggerMessage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import plug_and_tap, sampled, since
from tests.support.rig import Rig, virtual

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}


async def trigger(rig: Rig, message: str, connector: int | None = None) -> tuple[str, list[str]]:
    """TriggerMessage; the status of the answer, and what the station sent after it."""
    payload: dict[str, Any] = {"requestedMessage": message}
    if connector is not None:
        payload["connectorId"] = connector
    mark = len(rig.csms.actions())
    status: str = (await rig.call("TriggerMessage", payload))["status"]
    await rig.wait(3)
    first = next(entry for entry in reversed(rig.log()) if entry.direction == "out" and entry.kind == "call")
    after = [entry.kind for entry in rig.log()[rig.log().index(first) + 1 :] if entry.direction == "in"]
    assert after[0] == "result", "the answer goes first"
    return status, since(rig, mark)


@pytest.mark.case("TC_054_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.17")
@virtual
async def test_tc_054_trigger_heartbeat() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await trigger(rig, "Heartbeat") == ("Accepted", ["Heartbeat"])


@pytest.mark.case("TC_054_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.17")
@virtual
async def test_tc_054_trigger_meter_values() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await trigger(rig, "MeterValues", 1) == ("Accepted", ["MeterValues"])
        told = rig.csms.last("MeterValues")
        assert told["connectorId"] == 1
        assert "transactionId" not in told
        assert {sample["context"] for sample in sampled(told)} == {"Trigger"}
        await plug_and_tap(rig)
        assert await trigger(rig, "MeterValues", 1) == ("Accepted", ["MeterValues"])
        assert rig.csms.last("MeterValues")["transactionId"] == 1


@pytest.mark.case("TC_054_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.17")
@virtual
async def test_tc_054_trigger_status_notification() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await trigger(rig, "StatusNotification", 2) == ("Accepted", ["StatusNotification"])
        assert rig.csms.last("StatusNotification")["connectorId"] == 2
        assert await trigger(rig, "StatusNotification", 0) == ("Accepted", ["StatusNotification"])
        assert await trigger(rig, "StatusNotification") == ("Accepted", ["StatusNotification"] * 3)
        assert [told["connectorId"] for told in rig.heard_all("StatusNotification")[-3:]] == [0, 1, 2]


@pytest.mark.case("TC_054_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.17")
@pytest.mark.parametrize("message", ["DiagnosticsStatusNotification", "FirmwareStatusNotification"])
@virtual
async def test_tc_054_messages_of_absent_functions_are_not_implemented(message: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await trigger(rig, message) == ("NotImplemented", [])


@pytest.mark.case("TC_054_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.17", "OCPP 1.6 errata 3.40")
@virtual
async def test_tc_054_an_accepted_station_does_not_boot_again() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await trigger(rig, "BootNotification") == ("Rejected", [])


@pytest.mark.case("TC_055_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 §5.17")
@pytest.mark.parametrize("message", ["MeterValues", "StatusNotification"])
@virtual
async def test_tc_055_trigger_for_an_unknown_connector_is_rejected(message: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await trigger(rig, message, 9) == ("Rejected", [])
