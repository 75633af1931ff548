"""TriggerMessage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import configure, plug_and_tap, sampled, since
from tests.support.rig import Rig, virtual

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}


async def trigger(
    rig: Rig, message: str, connector: int | None = None, action: str = "TriggerMessage"
) -> tuple[str, list[str]]:
    """TriggerMessage, or the extended one; the status of the answer, and what the station sent after it."""
    payload: dict[str, Any] = {"requestedMessage": message}
    if connector is not None:
        payload["connectorId"] = connector
    mark = len(rig.csms.actions())
    status: str = (await rig.call(action, payload))["status"]
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
@pytest.mark.spec("OCPP 1.6 §5.17", "OCPP 1.6 §4.4", "OCPP 1.6 §4.5")
@pytest.mark.parametrize("message", ["DiagnosticsStatusNotification", "FirmwareStatusNotification"])
@pytest.mark.parametrize("connector", [None, 0, 1, 9])
@virtual
async def test_tc_054_what_is_not_busy_is_idle(message: str, connector: int | None) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await trigger(rig, message, connector) == ("Accepted", [message])
        assert rig.csms.last(message) == {"status": "Idle"}


@pytest.mark.spec("OCPP 1.6 §5.17")
@virtual
async def test_a_message_that_is_none_is_a_property_violation() -> None:
    async with Rig() as rig:
        await rig.boot()
        for message in ("StartTransaction", "StopTransaction", "Authorize", "LogStatusNotification", ""):
            code = await rig.call_error("TriggerMessage", {"requestedMessage": message})
            assert code == "PropertyConstraintViolation"


@pytest.mark.case("TC_054_CS", "1.6")
@pytest.mark.spec("OCPP 1.6 errata 3.46")
@virtual
async def test_tc_054_triggered_values_are_the_sampled_measurands_in_a_transaction_or_not() -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        await configure(rig, MeterValuesSampledData="Voltage,Frequency", MeterValuesAlignedData="Current.Import")
        for connector in (1, 2, None):
            asked = [connector] if connector else [1, 2]
            assert await trigger(rig, "MeterValues", connector) == ("Accepted", ["MeterValues"] * len(asked))
            told = rig.heard_all("MeterValues")[-len(asked) :]
            assert [one["connectorId"] for one in told] == asked
            for one in told:
                assert {sample["measurand"] for sample in sampled(one)} == {"Voltage", "Frequency"}
        assert await trigger(rig, "MeterValues", 0) == ("Rejected", []), "there is no main meter"


@pytest.mark.spec("OCPP 1.6 §5.17", "OCPP 1.6 §4.2")
@virtual
async def test_while_pending_what_was_triggered_is_sent_and_nothing_else() -> None:
    async with Rig() as rig:
        pending = {"status": "Pending", "currentTime": "2026-01-01T12:00:00Z", "interval": 600}
        rig.csms.answer("BootNotification", pending)
        rig.host.start()
        await rig.until(lambda: rig.host.status()["boot"] == "Pending")
        await rig.do("plug_in")
        await rig.wait(30)
        assert rig.csms.actions() == ["BootNotification"]
        assert await trigger(rig, "StatusNotification", 1) == ("Accepted", ["StatusNotification"])
        assert rig.csms.last("StatusNotification")["status"] == "Preparing"
        assert await trigger(rig, "MeterValues", 1) == ("Accepted", ["MeterValues"])
        assert await trigger(rig, "Heartbeat") == ("Accepted", ["Heartbeat"])
        assert await trigger(rig, "BootNotification") == ("Accepted", ["BootNotification"])
        assert (await rig.call("RemoteStartTransaction", {"idTag": "A"}))["status"] == "Rejected"
        assert (await rig.call("RemoteStopTransaction", {"transactionId": 1}))["status"] == "Rejected"
        assert (await rig.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}))["status"] == "Accepted"
        assert (await rig.call("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "9"}))["status"]
        mark = len(rig.csms.actions())
        await rig.wait(400)
        assert since(rig, mark) == []
        rig.csms.answer("BootNotification")
        await rig.until(lambda: rig.host.status()["boot"] == "Accepted", 600)
        await rig.quiet()
        told = {one["connectorId"]: one["status"] for one in rig.heard_all("StatusNotification")[-2:]}
        assert told == {0: "Available", 1: "Unavailable"}


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


@pytest.mark.spec("Security WP ed.3 §5.5, §5.6, §6.16, §6.17", "OCPP 1.6 §5.17")
@pytest.mark.parametrize(
    ("message", "connector", "answer", "follows"),
    [
        ("Heartbeat", 9, "Accepted", ["Heartbeat"]),
        ("LogStatusNotification", 9, "Accepted", ["LogStatusNotification"]),
        ("FirmwareStatusNotification", 9, "Accepted", ["SignedFirmwareStatusNotification"]),
        ("StatusNotification", None, "Accepted", ["StatusNotification"] * 3),
        ("StatusNotification", 2, "Accepted", ["StatusNotification"]),
        ("StatusNotification", 9, "Rejected", []),
        ("MeterValues", None, "Accepted", ["MeterValues"] * 2),
        ("MeterValues", 1, "Accepted", ["MeterValues"]),
        ("MeterValues", 9, "Rejected", []),
        ("BootNotification", None, "Rejected", []),
    ],
)
@virtual
async def test_extended_triggers_are_answered_as_plain_ones(
    message: str, connector: int | None, answer: str, follows: list[str]
) -> None:
    async with Rig(profile=TWO) as rig:
        await rig.boot()
        assert await trigger(rig, message, connector, "ExtendedTriggerMessage") == (answer, follows)


@pytest.mark.spec("Security WP ed.3 §6.16", "OCPP 1.6 §4.2")
@pytest.mark.parametrize(
    ("action", "message", "follows"),
    [
        ("TriggerMessage", "FirmwareStatusNotification", "FirmwareStatusNotification"),
        ("TriggerMessage", "DiagnosticsStatusNotification", "DiagnosticsStatusNotification"),
        ("ExtendedTriggerMessage", "FirmwareStatusNotification", "SignedFirmwareStatusNotification"),
        ("ExtendedTriggerMessage", "LogStatusNotification", "LogStatusNotification"),
    ],
)
@virtual
async def test_while_pending_triggered_statuses_of_transfers_are_sent(action: str, message: str, follows: str) -> None:
    async with Rig() as rig:
        pending = {"status": "Pending", "currentTime": "2026-01-01T12:00:00Z", "interval": 600}
        rig.csms.answer("BootNotification", pending)
        rig.host.start()
        await rig.until(lambda: rig.host.status()["boot"] == "Pending")
        assert await trigger(rig, message, None, action) == ("Accepted", [follows])
        assert rig.csms.last(follows) == {"status": "Idle"}
