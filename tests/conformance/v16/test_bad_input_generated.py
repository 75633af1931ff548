"""What goes back for bad input to every request of the CSMS, by payloads spoilt member by member."""

from __future__ import annotations

import json
from typing import Any

import pytest

from station.host.kind import Kind
from station.ocpp.schema import schema_of
from station.ocpp.v16 import DIALECT
from tests.support.bad_payloads import CSMS_REQUESTS_16, Bad, bad_payloads
from tests.support.rig import Rig, virtual

CODES = {
    "syntax": "FormationViolation",
    "missing": "OccurenceConstraintViolation",
    "extra": "FormationViolation",
    "type": "TypeConstraintViolation",
    "value": "PropertyConstraintViolation",
}
PROBE = '[2,"{id}","GetConfiguration",{"key":["NumberOfConnectors"]}]'


def is_supported(rig: Rig, action: str) -> bool:
    """Whether the station has the function, or a word of the message's own for not having it."""
    return action in DIALECT.actions(Kind(rig.profile).features["1.6"])


async def answers_to(rig: Rig, action: str, payloads: list[Bad]) -> list[list[list[Any]]]:
    """Send each as a CALL with a good one after it; the frames that came back for each, in order."""
    mark = len(rig.log())
    for number, bad in enumerate(payloads):
        if bad.text.startswith("{"):
            rig.send(f'[2,"bad-{number}","{action}",{bad.text}]')
        rig.send(PROBE.replace("{id}", f"good-{number}"))
    await rig.wait(5)
    assert rig.csms.unparsed == []
    found: list[list[list[Any]]] = [[] for _ in payloads]
    good = 0
    for entry in rig.log()[mark:]:
        if entry.direction == "in" and entry.id.startswith("bad-"):
            found[int(entry.id.removeprefix("bad-"))].append([entry.kind, entry.payload])
        elif entry.direction == "in" and entry.id.startswith("good-"):
            assert entry.kind == "result"
            good += 1
    assert good == len(payloads)
    return found


@pytest.mark.spec("OCPP-J 1.6 §4.2.3", "OCPP-J 1.6 errata 3.2", "OCPP 1.6 §6")
@pytest.mark.parametrize("action", CSMS_REQUESTS_16)
@virtual
async def test_every_spoilt_member_gets_its_code_and_the_next_call_its_answer(action: str) -> None:
    payloads = [bad for bad in bad_payloads(schema_of("1.6", action, "request")) if bad.text.startswith("{")]
    async with Rig() as rig:
        await rig.boot()
        wrong = []
        for bad, answers in zip(payloads, await answers_to(rig, action, payloads), strict=True):
            code = CODES[bad.rule] if bad.rule == "syntax" or is_supported(rig, action) else "NotSupported"
            if [(kind, payload[0]) for kind, payload in answers] != [("error", code)]:
                wrong.append((bad.name, code, answers))
                continue
            _, (_, description, details) = answers[0]
            assert isinstance(description, str) and len(description) <= 255, bad.name
            assert details == {}, "nothing of the payload"
        assert wrong == []
        assert rig.connected
        assert len(rig.dials) == 1


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize("action", CSMS_REQUESTS_16)
@virtual
async def test_a_payload_that_is_no_object_is_a_formation_violation(action: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        for number, payload in enumerate((None, True, 1, 1.5, "x", [], [{}], "")):
            rig.send(json.dumps([2, f"bad-{number}", action, payload]))
        await rig.quiet()
        answers = [frame for key, frame in rig.csms.answers.items() if key.startswith("bad-")]
        assert [frame[2] for frame in answers] == ["FormationViolation"] * 8


NAMES = ("Foo", "reset", "RESET", "Reset ", "ResetRequest", "Reset.req", "", "BootNotificationResponse", "x" * 5000)


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize("name", [*NAMES, "../../Reset", "\u0000", "TransactionEvent", "GetVariables", "__class__"])
@virtual
async def test_an_unknown_action_is_not_implemented(name: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        for payload in ({}, {"type": "Soft"}):
            assert await rig.call_error(name, payload) == "NotImplemented"
        assert rig.connected


OURS = (
    *("Authorize", "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat"),
    *("LogStatusNotification", "MeterValues", "SecurityEventNotification", "SignCertificate"),
    *("SignedFirmwareStatusNotification", "StartTransaction", "StatusNotification", "StopTransaction"),
)


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@virtual
async def test_what_only_stations_send_is_not_supported() -> None:
    async with Rig() as rig:
        await rig.boot()
        for action in OURS:
            assert await rig.call_error(action, {}) == "NotSupported"


def profile(purpose: str, **more: Any) -> dict[str, Any]:
    """A ChargingProfile."""
    period = [{"startPeriod": 0, "limit": 10.0}]
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": period},
        **more,
    }


TOMORROW = "2026-01-02T12:00:00Z"
UNKNOWN: dict[str, tuple[str, dict[str, Any], str]] = {
    "ChangeAvailability": ("ChangeAvailability", {"type": "Inoperative"}, "Rejected"),
    "UnlockConnector": ("UnlockConnector", {}, "NotSupported"),
    "RemoteStartTransaction": ("RemoteStartTransaction", {"idTag": "A"}, "Rejected"),
    "ReserveNow": ("ReserveNow", {"expiryDate": TOMORROW, "idTag": "A", "reservationId": 1}, "Rejected"),
    "GetCompositeSchedule": ("GetCompositeSchedule", {"duration": 60}, "Rejected"),
    "ClearChargingProfile": ("ClearChargingProfile", {}, "Unknown"),
    "TriggerMessage of values": ("TriggerMessage", {"requestedMessage": "MeterValues"}, "Rejected"),
    "TriggerMessage of a status": ("TriggerMessage", {"requestedMessage": "StatusNotification"}, "Rejected"),
    "ExtendedTriggerMessage": ("ExtendedTriggerMessage", {"requestedMessage": "StatusNotification"}, "Rejected"),
}
ELSEWHERE = (2, 99, -1, 2**31, 2**63 - 1, -(2**63))


@pytest.mark.spec("OCPP 1.6 §3.8", "OCPP 1.6 errata 3.87", "OCPP 1.6 §5")
@pytest.mark.parametrize(("action", "payload", "status"), UNKNOWN.values(), ids=UNKNOWN.keys())
@virtual
async def test_an_unknown_connector_gets_the_status_of_its_message(
    action: str, payload: dict[str, Any], status: str
) -> None:
    async with Rig() as rig:
        await rig.boot()
        for connector in ELSEWHERE:
            asked = {**payload, "connectorId": connector}
            if is_supported(rig, action):
                assert (await rig.call(action, asked))["status"] == status, connector
            else:
                assert await rig.call_error(action, asked) == "NotSupported"
        await rig.quiet()
        assert rig.statuses() == ["Available"]


@pytest.mark.spec("OCPP 1.6 errata 3.39")
@virtual
async def test_a_charging_profile_for_an_unknown_connector_is_a_property_violation() -> None:
    async with Rig() as rig:
        await rig.boot()
        code = "PropertyConstraintViolation" if is_supported(rig, "SetChargingProfile") else "NotSupported"
        for connector in ELSEWHERE:
            asked = {"connectorId": connector, "csChargingProfiles": profile("TxDefaultProfile")}
            assert await rig.call_error("SetChargingProfile", asked) == code


@pytest.mark.spec("OCPP 1.6 §6.33", "OCPP 1.6 §6.53")
@virtual
async def test_connector_0_is_none_to_start_at_or_to_unlock() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert (await rig.call("RemoteStartTransaction", {"idTag": "A", "connectorId": 0}))["status"] == "Rejected"
        assert (await rig.call("UnlockConnector", {"connectorId": 0}))["status"] == "NotSupported"


NAMED: dict[str, tuple[str, dict[str, Any], str]] = {
    "RemoteStopTransaction": ("RemoteStopTransaction", {"transactionId": 4711}, "Rejected"),
    "RemoteStopTransaction -1": ("RemoteStopTransaction", {"transactionId": -1}, "Rejected"),
    "RemoteStopTransaction 0": ("RemoteStopTransaction", {"transactionId": 0}, "Rejected"),
    "CancelReservation": ("CancelReservation", {"reservationId": 4711}, "Rejected"),
    "SetChargingProfile": (
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile("TxProfile", transactionId=4711)},
        "Rejected",
    ),
    "DeleteCertificate": (
        "DeleteCertificate",
        {
            "certificateHashData": {
                "hashAlgorithm": "SHA256",
                "issuerNameHash": "00",
                "issuerKeyHash": "00",
                "serialNumber": "1",
            }
        },
        "NotFound",
    ),
}


@pytest.mark.spec("OCPP 1.6 errata 3.33", "OCPP 1.6 §5.1", "OCPP 1.6 §5.16.3")
@pytest.mark.parametrize(("action", "payload", "status"), NAMED.values(), ids=NAMED.keys())
@virtual
async def test_what_is_not_there_gets_the_status_of_its_message(
    action: str, payload: dict[str, Any], status: str
) -> None:
    async with Rig() as rig:
        await rig.boot()
        if is_supported(rig, action):
            assert (await rig.call(action, payload))["status"] == status
        else:
            assert await rig.call_error(action, payload) == "NotSupported"


@pytest.mark.spec("OCPP 1.6 §5.17")
@pytest.mark.parametrize("message", ["Heartbeat", "FirmwareStatusNotification", "DiagnosticsStatusNotification"])
@virtual
async def test_a_connector_that_is_not_relevant_is_ignored(message: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        with_it = await rig.call("TriggerMessage", {"requestedMessage": message, "connectorId": 99})
        assert with_it == await rig.call("TriggerMessage", {"requestedMessage": message})
