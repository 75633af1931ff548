"""Block F: TriggerMessage; functions that this station does not have, in the words of their own messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v201.flows import (
    OTHER_CARD,
    TWO_EVSES,
    charging,
    contexts,
    of,
    station,
    statuses,
)
from tests.support.rig import CARD, Rig


async def trigger(rig: Rig, message: str, **evse: Any) -> str:
    """TriggerMessage; its status."""
    rig.csms.clear()
    request: dict[str, Any] = {"requestedMessage": message}
    if evse:
        request["evse"] = evse
    status: str = (await rig.call("TriggerMessage", request))["status"]
    await rig.quiet()
    return status


@pytest.mark.case("TC_F_11_CS", "2.0.1")
@pytest.mark.spec("F06.FR.02", "F06.FR.04", "F06.FR.05", "F06.FR.06", "F06.FR.10")
@station(profile=TWO_EVSES)
async def test_tc_f_11_meter_values_of_an_evse(rig: Rig) -> None:
    assert await trigger(rig, "MeterValues", id=2) == "Accepted"
    (values,) = rig.heard_all("MeterValues")
    assert (values["evseId"], set(contexts(values))) == (2, {"Trigger"})


@pytest.mark.case("TC_F_12_CS", "2.0.1")
@pytest.mark.spec("F06.FR.04", "F06.FR.05", "F06.FR.06", "F06.FR.10", "F06.FR.11")
@station(profile=TWO_EVSES)
async def test_tc_f_12_meter_values_of_all(rig: Rig) -> None:
    assert await trigger(rig, "MeterValues") == "Accepted"
    assert [values["evseId"] for values in rig.heard_all("MeterValues")] == [1, 2]
    assert all(set(contexts(values)) == {"Trigger"} for values in rig.heard_all("MeterValues"))


@pytest.mark.case("TC_F_13_CS", "2.0.1")
@pytest.mark.spec("F06.FR.02", "F06.FR.04", "F06.FR.05", "F06.FR.07", "F06.FR.10")
@station(profile=TWO_EVSES)
async def test_tc_f_13_transaction_event_of_an_evse(rig: Rig) -> None:
    await charging(rig, CARD, evse=1)
    await charging(rig, OTHER_CARD, evse=2)
    assert await trigger(rig, "TransactionEvent", id=1) == "Accepted"
    (event,) = of(rig, triggerReason="Trigger")
    assert event["evse"]["id"] == 1
    assert event["transactionInfo"]["chargingState"] == "Charging"
    assert set(contexts(event)) == {"Trigger"}


@pytest.mark.case("TC_F_14_CS", "2.0.1")
@pytest.mark.spec("F06.FR.04", "F06.FR.05", "F06.FR.07", "F06.FR.10", "F06.FR.11")
@station(profile=TWO_EVSES)
async def test_tc_f_14_transaction_event_of_all(rig: Rig) -> None:
    await charging(rig, CARD, evse=1)
    await charging(rig, OTHER_CARD, evse=2)
    assert await trigger(rig, "TransactionEvent") == "Accepted"
    told = of(rig, triggerReason="Trigger", chargingState="Charging")
    assert [event["evse"]["id"] for event in told] == [1, 2]
    assert all(set(contexts(event)) == {"Trigger"} for event in told)


@pytest.mark.case("TC_F_20_CS", "2.0.1")
@pytest.mark.spec("F06.FR.04", "F06.FR.05", "F06.FR.10")
@station()
async def test_tc_f_20_heartbeat(rig: Rig) -> None:
    assert await trigger(rig, "Heartbeat") == "Accepted"
    assert rig.csms.actions() == ["Heartbeat"]


@pytest.mark.case("TC_F_23_CS", "2.0.1")
@pytest.mark.spec("F06.FR.02", "F06.FR.04", "F06.FR.05", "F06.FR.10")
@station()
async def test_tc_f_23_status_available(rig: Rig) -> None:
    assert await trigger(rig, "StatusNotification", id=1, connectorId=1) == "Accepted"
    assert statuses(rig) == [(1, 1, "Available")]


@pytest.mark.case("TC_F_24_CS", "2.0.1")
@pytest.mark.spec("F06.FR.02", "F06.FR.04", "F06.FR.05", "F06.FR.10")
@station()
async def test_tc_f_24_status_occupied(rig: Rig) -> None:
    await rig.do("plug_in")
    await rig.quiet()
    assert await trigger(rig, "StatusNotification", id=1, connectorId=1) == "Accepted"
    assert statuses(rig) == [(1, 1, "Occupied")]


@pytest.mark.spec("F06.FR.12", "F06.FR.13")
@station()
async def test_a_status_without_a_connector_is_rejected(rig: Rig) -> None:
    assert await trigger(rig, "StatusNotification") == "Rejected"
    assert await trigger(rig, "StatusNotification", id=1) == "Rejected"
    assert await trigger(rig, "StatusNotification", id=7, connectorId=1) == "Rejected"


@pytest.mark.case("TC_F_26_CS", "2.0.1")
@pytest.mark.spec("F06.FR.04", "F06.FR.05", "F06.FR.17")
@station()
async def test_tc_f_26_boot_notification_is_rejected_once_accepted(rig: Rig) -> None:
    assert await trigger(rig, "BootNotification") == "Rejected"
    assert rig.csms.actions() == []


@pytest.mark.case("TC_F_27_CS", "2.0.1")
@pytest.mark.spec("F06.FR.08")
@station()
async def test_tc_f_27_not_implemented(rig: Rig) -> None:
    assert await trigger(rig, "SignCombinedCertificate") == "NotImplemented"


@pytest.mark.spec("F06.FR.07")
@station()
async def test_a_transaction_event_without_a_transaction_is_rejected(rig: Rig) -> None:
    assert await trigger(rig, "TransactionEvent") == "Rejected"


@pytest.mark.spec("F06.FR.04")
@station()
async def test_the_triggered_message_follows_the_answer(rig: Rig) -> None:
    await trigger(rig, "Heartbeat")
    kinds = [(entry.direction, entry.kind, entry.action) for entry in rig.log()]
    assert kinds[1:3] == [("in", "result", "TriggerMessage"), ("in", "call", "Heartbeat")]
