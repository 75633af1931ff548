"""What goes back for input that is wrong, by raw frames to a whole station."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.rig import CARD, Rig, virtual

DEEP = "[" * 5000 + "]" * 5000
FORMATION = "FormationViolation"
OCCURRENCE = "OccurenceConstraintViolation"
TYPE = "TypeConstraintViolation"
PROPERTY = "PropertyConstraintViolation"

IGNORED = {
    "nothing": "",
    "no JSON": "hello",
    "half JSON": '[2,"x","Reset",{"type":',
    "an object": '{"a":1}',
    "null": "null",
    "a number": "2",
    "an empty list": "[]",
    "only a type": "[2]",
    "id is a number": '[2,17,"Reset",{"type":"Soft"}]',
    "id is null": '[2,null,"Reset",{"type":"Soft"}]',
    "id is empty": '[2,"","Reset",{"type":"Soft"}]',
    "unknown type": '[9,"x","Reset",{"type":"Soft"}]',
    "type is text": '["2","x","Reset",{"type":"Soft"}]',
    "type is negative": '[-2,"x"]',
    "type 5": '[5,"x","Reset",{"type":"Soft"}]',
    "type 6": '[6,"x","Reset",{"type":"Soft"}]',
    "a result nobody asked for": '[3,"x",{"status":"Accepted"}]',
    "an error nobody asked for": '[4,"x","InternalError","",{}]',
    "a broken result": '[3,"x"]',
    "a broken error": '[4,"x"]',
    "too deep": DEEP,
    "a lone surrogate": '"\\ud800"',
}

BROKEN = {
    "too few": '[2,"x","Reset"]',
    "only an id": '[2,"x"]',
    "too many": '[2,"x","Reset",{"type":"Soft"},1]',
    "payload is a list": '[2,"x","Reset",[]]',
    "payload is null": '[2,"x","Reset",null]',
    "payload is text": '[2,"x","Reset","Soft"]',
    "action is a number": '[2,"x",7,{}]',
    "action is null": '[2,"x",null,{}]',
}

PAYLOADS: dict[str, tuple[str, Any, str]] = {
    "unknown action": ("MakeCoffee", {}, "NotImplemented"),
    "an action of 2.0.1": ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}, "NotImplemented"),
    "an action of ours": ("BootNotification", {}, "NotSupported"),
    "missing": ("Reset", {}, OCCURRENCE),
    "missing deep": ("ChangeConfiguration", {"key": "HeartbeatInterval"}, OCCURRENCE),
    "extra": ("Reset", {"type": "Soft", "colour": "red"}, FORMATION),
    "missing goes before extra": ("Reset", {"colour": "red"}, OCCURRENCE),
    "wrong type": ("UnlockConnector", {"connectorId": "1"}, TYPE),
    "a fraction": ("UnlockConnector", {"connectorId": 1.5}, TYPE),
    "true is no number": ("UnlockConnector", {"connectorId": True}, TYPE),
    "null is no text": ("Reset", {"type": None}, TYPE),
    "extra goes before wrong type": ("Reset", {"type": 5, "colour": "red"}, FORMATION),
    "unknown value": ("Reset", {"type": "Warm"}, PROPERTY),
    "too long": ("RemoteStartTransaction", {"idTag": "A" * 21}, PROPERTY),
    "wrong type goes before wrong value": ("ChangeAvailability", {"connectorId": "1", "type": "Broken"}, TYPE),
    "key too long": ("GetConfiguration", {"key": ["A" * 51]}, PROPERTY),
}

NUMBERS = {
    "NaN": '[2,"x","UnlockConnector",{"connectorId":NaN}]',
    "Infinity": '[2,"x","UnlockConnector",{"connectorId":Infinity}]',
    "a huge exponent": '[2,"x","UnlockConnector",{"connectorId":1e999}]',
    "a huge number": '[2,"x","UnlockConnector",{"connectorId":' + "9" * 5000 + "}]",
    "a deep payload": '[2,"x","DataTransfer",{"vendorId":"a","data":' + "[" * 500 + "]" * 500 + "}]",
}


async def alive(rig: Rig) -> None:
    """The connection stands, calls are answered, and a card still starts a session."""
    assert rig.connected
    assert len(rig.dials) == 1
    assert (await rig.call("TriggerMessage", {"requestedMessage": "Heartbeat"}))["status"] == "Accepted"
    await rig.do("plug_in")
    assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
    await rig.until(lambda: rig.status["contactor"] == "closed")


async def answers_to(rig: Rig, text: str) -> list[list[Any]]:
    """Send raw text; every answer frame that comes back."""
    before = dict(rig.csms.answers)
    rig.send(text)
    await rig.wait(2)
    assert rig.csms.unparsed == []
    return [frame for key, frame in rig.csms.answers.items() if before.get(key) is not frame]


@pytest.mark.spec("OCPP-J 1.6 §4.2", "OCPP-J 1.6 errata")
@pytest.mark.parametrize("text", IGNORED.values(), ids=IGNORED.keys())
@virtual
async def test_what_cannot_be_answered_is_ignored(text: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await answers_to(rig, text) == []
        await alive(rig)


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
@virtual
async def test_a_call_of_broken_structure_is_a_formation_violation(text: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        (answer,) = await answers_to(rig, text)
        assert answer[:3] == [4, "x", FORMATION]
        await alive(rig)


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize(("action", "payload", "code"), PAYLOADS.values(), ids=PAYLOADS.keys())
@virtual
async def test_the_code_names_what_is_wrong(action: str, payload: Any, code: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        (answer,) = await answers_to(rig, json.dumps([2, "x", action, payload]))
        assert answer[:3] == [4, "x", code]
        assert len(answer) == 5
        assert len(answer[3]) <= 255
        assert isinstance(answer[4], dict)
        await alive(rig)


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize("text", NUMBERS.values(), ids=NUMBERS.keys())
@virtual
async def test_numbers_and_nesting_beyond_the_limits_are_formation_violations(text: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        (answer,) = await answers_to(rig, text)
        assert answer[:3] == [4, "x", FORMATION]
        await alive(rig)


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@virtual
async def test_a_date_that_is_none_is_a_property_violation() -> None:
    async with Rig() as rig:
        await rig.boot()
        payload = {"connectorId": 1, "expiryDate": "222222017-01-01T00:00:00Z", "idTag": CARD, "reservationId": 1}
        (answer,) = await answers_to(rig, json.dumps([2, "x", "ReserveNow", payload]))
        assert answer[:3] == [4, "x", PROPERTY]
        await alive(rig)


@pytest.mark.spec("OCPP 1.6 §4.2")
@pytest.mark.parametrize(
    "answer",
    [
        {"status": "Accepted", "currentTime": "222222017-01-01T00:00:00Z", "interval": 300},
        {"status": "Accepted", "interval": 300},
        {"status": "Maybe", "currentTime": "2026-01-01T00:00:00Z", "interval": 300},
        {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": "often"},
        {},
    ],
)
@virtual
async def test_a_boot_answer_that_is_none_is_asked_for_again(answer: dict[str, Any]) -> None:
    async with Rig() as rig:
        rig.csms.once("BootNotification", answer)
        rig.host.start()
        await rig.until(lambda: rig.host.status()["boot"] == "Accepted", 600)
        assert len(rig.heard_all("BootNotification")) == 2
        await rig.quiet()
        assert rig.connected


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@virtual
async def test_an_error_never_tells_the_payload() -> None:
    async with Rig() as rig:
        await rig.boot()
        secret = "HUNTER2HUNTER2HUNTER2"
        (answer,) = await answers_to(rig, json.dumps([2, "x", "RemoteStartTransaction", {"idTag": secret}]))
        assert secret not in json.dumps(answer)


@pytest.mark.spec("OCPP-J 1.6 §4.2.1")
@virtual
async def test_the_id_minus_1_is_never_answered_with_an_error() -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await answers_to(rig, '[2,"-1","Reset",[]]') == []
        await alive(rig)


@pytest.mark.spec("OCPP-J 1.6 §4.1")
@virtual
async def test_a_binary_message_is_ignored() -> None:
    async with Rig() as rig:
        await rig.boot()
        rig.send_binary(b'[2,"x","Reset",{"type":"Soft"}]')
        rig.send_binary(bytes(range(256)))
        await rig.quiet()
        assert rig.csms.answers == {}
        await alive(rig)


@pytest.mark.spec("OCPP-J 1.6 §4.2.1")
@virtual
async def test_a_flood_of_bad_frames_leaves_the_session_alone() -> None:
    async with Rig() as rig:
        await rig.boot()
        for text in (*IGNORED.values(), *BROKEN.values(), *NUMBERS.values()) * 5:
            rig.send(text)
        await rig.quiet()
        await alive(rig)
        assert rig.statuses() == ["Available", "Preparing"] or rig.statuses()[-1] == "Charging"


@pytest.mark.spec("OCPP-J 1.6 §4.2.1")
@virtual
async def test_the_same_call_twice_is_answered_twice() -> None:
    async with Rig() as rig:
        await rig.boot()
        text = '[2,"twin","GetConfiguration",{"key":["NumberOfConnectors"]}]'
        rig.send(text)
        rig.send(text)
        await rig.quiet()
        answers = [entry for entry in rig.log() if entry.direction == "in" and entry.id == "twin"]
        assert len(answers) == 2
