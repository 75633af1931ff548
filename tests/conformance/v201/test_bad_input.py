"""Bad input, as raw text to the whole station: what goes back, and that the station lives on.

Spec: OCPP 2.0.1 part 4, 4.2 and 4.3.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.v201.flows import charging, events, get_variable, is_charging, one, station, variable
from tests.support.rig import CARD, Rig
from tests.support.scripted_csms import DEFAULT, Also, CallError, Frame, Raw

CLEAR = "ClearCache"
RESET = {"type": "OnIdle"}


async def said_to(rig: Rig, text: str) -> list[Any]:
    """Send a raw text; the frames that came back."""
    rig.csms.clear()
    rig.send(text)
    await rig.quiet()
    return list(rig.csms.answers.values())


async def works(rig: Rig) -> None:
    """The station is still connected and answers."""
    assert len(rig.dials) == 1
    assert (await get_variable(rig, "OCPPCommCtrlr.OfflineThreshold"))["attributeStatus"] == "Accepted"


def dumped(*frame: Any) -> str:
    """A frame as text."""
    return json.dumps(list(frame))


CODES = [
    ("no json", "[2,", "-1", "RpcFrameworkError"),
    ("no array", '{"a": 1}', "-1", "RpcFrameworkError"),
    ("empty array", "[]", "-1", "RpcFrameworkError"),
    ("empty text", "", "-1", "RpcFrameworkError"),
    ("only a number", "42", "-1", "RpcFrameworkError"),
    ("id is no text", dumped(2, 5, CLEAR, {}), "-1", "RpcFrameworkError"),
    ("id too long", dumped(2, "x" * 37, CLEAR, {}), "x" * 37, "RpcFrameworkError"),
    ("unknown type", dumped(9, "m", CLEAR, {}), "m", "MessageTypeNotSupported"),
    ("too few elements", dumped(2, "m", CLEAR), "m", "RpcFrameworkError"),
    ("too many elements", dumped(2, "m", CLEAR, {}, {}), "m", "RpcFrameworkError"),
    ("payload is no object", dumped(2, "m", CLEAR, []), "m", "RpcFrameworkError"),
    ("action is no text", dumped(2, "m", 7, {}), "m", "RpcFrameworkError"),
    ("unknown action", dumped(2, "m", "MakeCoffee", {}), "m", "NotImplemented"),
    ("a station's own action", dumped(2, "m", "Heartbeat", {}), "m", "NotSupported"),
    ("missing member", dumped(2, "m", "Reset", {}), "m", "OccurrenceConstraintViolation"),
    ("wrong type", dumped(2, "m", "Reset", {"type": 5}), "m", "TypeConstraintViolation"),
    ("text for a number", dumped(2, "m", "Reset", {**RESET, "evseId": "1"}), "m", "TypeConstraintViolation"),
    ("unknown enum", dumped(2, "m", "Reset", {"type": "Maybe"}), "m", "PropertyConstraintViolation"),
    ("too long", dumped(2, "m", "DataTransfer", {"vendorId": "x" * 256}), "m", "PropertyConstraintViolation"),
    (
        "no date-time",
        dumped(
            2,
            "m",
            "ReserveNow",
            {"id": 1, "expiryDateTime": "222222017-01-01", "idToken": {"idToken": "A", "type": "Central"}},
        ),
        "m",
        "PropertyConstraintViolation",
    ),
    ("NaN", '[2,"m","Reset",{"type":"OnIdle","evseId":NaN}]', "m", "FormatViolation"),
    ("Infinity", '[2,"m","Reset",{"type":"OnIdle","evseId":Infinity}]', "m", "FormatViolation"),
    ("extra member", dumped(2, "m", "Reset", {**RESET, "haste": True}), "m", "FormatViolation"),
    ("empty list", dumped(2, "m", "GetVariables", {"getVariableData": []}), "m", "OccurrenceConstraintViolation"),
    ("missing before extra", dumped(2, "m", "Reset", {"haste": True}), "m", "OccurrenceConstraintViolation"),
    ("extra before type", dumped(2, "m", "Reset", {"type": 5, "haste": True}), "m", "FormatViolation"),
    (
        "type before value",
        dumped(2, "m", "Reset", {"type": "Maybe", "evseId": "1"}),
        "m",
        "TypeConstraintViolation",
    ),
]


@pytest.mark.spec("OCPP-J 4.2.3", "OCPP-J 4.3")
@pytest.mark.parametrize(("text", "message_id", "code"), [row[1:] for row in CODES], ids=[row[0] for row in CODES])
@station()
async def test_what_goes_back(rig: Rig, text: str, message_id: str, code: str) -> None:
    (frame,) = await said_to(rig, text)
    assert frame[:3] == [4, message_id, code]
    assert isinstance(frame[3], str) and len(frame[3]) <= 255
    assert isinstance(frame[4], dict)
    await works(rig)


SILENT = [
    ("result nobody asked for", dumped(3, "nobody", {})),
    ("error nobody asked for", dumped(4, "nobody", "InternalError", "", {})),
    ("broken result", dumped(3, "nobody")),
    ("broken error", dumped(4, "nobody")),
    ("error with id -1", dumped(4, "-1", "RpcFrameworkError", "", {})),
    ("result with id -1", dumped(3, "-1", {})),
]


@pytest.mark.spec("OCPP-J 4.2.2")
@pytest.mark.parametrize("text", [row[1] for row in SILENT], ids=[row[0] for row in SILENT])
@station()
async def test_what_is_never_answered(rig: Rig, text: str) -> None:
    assert await said_to(rig, text) == []
    await works(rig)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        '[2,"m","DataTransfer",{"vendorId":"a","data":' + "[" * 400 + "]" * 400 + "}]",
        '[2,"m","Reset",{"type":"OnIdle","evseId":' + "9" * 5000 + "}]",
        '[2,"m","DataTransfer",{"vendorId":"' + "x" * 500_000 + '"}]',
    ],
    ids=["brackets", "nesting", "digits", "size"],
)
@station()
async def test_input_beyond_the_limits_does_no_harm(rig: Rig, text: str) -> None:
    frames = await said_to(rig, text)
    assert all(frame[0] == 4 for frame in frames)
    rig.csms.clear()
    assert (await get_variable(rig, "OCPPCommCtrlr.OfflineThreshold"))["attributeStatus"] == "Accepted"


@pytest.mark.spec("B06.FR.16", "B05.FR.11")
@station()
async def test_more_items_than_allowed_are_refused(rig: Rig) -> None:
    data = [variable("OCPPCommCtrlr.OfflineThreshold")] * 101
    assert await rig.call_error("GetVariables", {"getVariableData": data}) == "OccurrenceConstraintViolation"


@station()
async def test_the_payload_is_not_echoed(rig: Rig) -> None:
    secret = "5ECRETCARD0123456789" * 3
    start = {"idToken": {"idToken": secret, "type": "ISO14443"}, "remoteStartId": 1}
    (frame,) = await said_to(rig, dumped(2, "m", "RequestStartTransaction", start))
    assert frame[2] == "PropertyConstraintViolation"
    assert secret not in json.dumps(frame)


@station()
async def test_a_doubled_call_id_is_answered_twice(rig: Rig) -> None:
    rig.csms.clear()
    text = dumped(2, "twice", "GetLocalListVersion", {})
    rig.send(text)
    rig.send(text)
    await rig.quiet()
    answers = [entry for entry in rig.log() if entry.direction == "in" and entry.kind == "result"]
    assert len(answers) == 2


ANSWERS = [
    ("doubled", Also((DEFAULT, DEFAULT))),
    ("not an object", Frame(3, ([],))),
    ("no payload", Frame(3, ())),
    ("broken text", Raw('[3,"{id}",')),
    ("wrong id, then right", Also((Raw('[3,"other",{}]'), DEFAULT))),
    ("wrong type", {"idTokenInfo": 5}),
    ("unknown status", {"idTokenInfo": {"status": "Perhaps"}}),
    ("extra member", {"idTokenInfo": {"status": "Accepted"}, "more": 1}),
    ("unknown error code", CallError("NoSuchCode", "x" * 300)),
]


@pytest.mark.parametrize("answer", [row[1] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
@station(variables={"OCPPCommCtrlr.MessageAttempts[TransactionEvent]": 2})
async def test_bad_answers_end_nothing(rig: Rig, answer: Any) -> None:
    """Neither to Authorize nor to TransactionEvent; the station is used again afterwards."""
    rig.csms.once("Authorize", answer)
    rig.csms.once("TransactionEvent", answer)
    await rig.do("plug_in")
    await rig.do("tap", timeout_s=60, tagId=CARD)
    await rig.wait(200)
    if not is_charging(rig):
        await rig.do("tap", tagId=CARD)
    await rig.until(lambda: is_charging(rig))
    await rig.wait(200)
    assert rig.host.status()["queue"] == 0


@station()
async def test_a_bad_boot_answer_is_asked_again(rig: Rig) -> None:
    rig.csms.once("BootNotification", {"status": "Accepted"}, {"status": "Maybe", "currentTime": "x", "interval": -1})
    await rig.do("power_cycle")
    await rig.until(lambda: rig.host.status()["boot"] == "Accepted")
    assert len(rig.heard_all("BootNotification")) == 4


@station()
async def test_bad_input_during_a_transaction_leaves_it_alone(rig: Rig) -> None:
    identity = await charging(rig)
    for row in CODES:
        rig.send(row[1])
    await rig.quiet()
    assert is_charging(rig)
    assert rig.status["transaction"]["id"] == identity
    assert one(rig, eventType="Started") == events(rig)[0]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z"])
@station()
async def test_a_time_that_cannot_be_is_not_taken_over(rig: Rig, moment: str) -> None:
    rig.csms.answer("Heartbeat", {"currentTime": moment})
    await rig.do("heartbeat")
    await charging(rig)
    assert rig.host.status()["time"].startswith("2026-01-01T12:00")
    assert all(event["timestamp"].startswith("2026-01-01T12:00") for event in events(rig))


@station()
async def test_a_first_boot_with_an_impossible_time_goes_on(rig: Rig) -> None:
    rig.csms.answer("BootNotification", {"status": "Accepted", "currentTime": "9999-12-31T23:59:59Z", "interval": 300})
    await rig.do("power_cycle")
    await rig.until(lambda: len(rig.heard_all("BootNotification")) == 2)
    await charging(rig)
    rig.csms.answer("Heartbeat")
    await rig.do("heartbeat")
    await rig.do("tap", tagId=CARD)
    await rig.quiet()
    assert one(rig, eventType="Ended")["timestamp"].startswith("2026-01-01T12:00")
