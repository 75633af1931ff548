"""Answers of the CSMS that are no answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.v16.flows import charging
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import Also, Frame, Raw

ACCEPTED: dict[str, Any] = {"idTagInfo": {"status": "Accepted"}}
WRONG = {
    "an error with a payload": Frame(4, (ACCEPTED,)),
    "an error": Frame(4, ("InternalError", "", {})),
    "an error without description": Frame(4, ("InternalError",)),
    "a call": Frame(2, ("Authorize", ACCEPTED)),
    "type 5": Frame(5, ("InternalError", "", {})),
    "type 9": Frame(9, (ACCEPTED,)),
    "a result without payload": Frame(3, ()),
    "a result with a list": Frame(3, ([ACCEPTED],)),
    "a result that breaks the schema": {"idTagInfo": {"status": "Maybe"}},
    "an empty result": {},
    "another id": Raw('[3,"not-yours",{"idTagInfo":{"status":"Accepted"}}]'),
    "half a frame": Raw('[3,"{id}",{"idTagInfo":{"status":"Accepted"}'),
    "type as text": Raw('["3","{id}",{"idTagInfo":{"status":"Accepted"}}]'),
}


@pytest.mark.spec("OCPP-J 1.6 §4.2.3")
@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
@virtual
async def test_a_wrong_answer_to_authorize_authorizes_nobody(answer: Any) -> None:
    async with Rig(variables={"AllowOfflineTxForUnknownId": "false"}) as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.csms.once("Authorize", answer)
        told = await rig.do("tap", timeout_s=100, tagId=CARD)
        assert told["result"] not in ("USED_TO_START", "ACCEPTED")
        await rig.wait(40)
        assert rig.heard_all("StartTransaction") == []
        assert rig.status["contactor"] == "open"
        assert len(rig.dials) == 1
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        await charging(rig)


@pytest.mark.spec("OCPP-J 1.6 §4.2.2")
@virtual
async def test_the_first_of_two_answers_counts() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.csms.once("Authorize", Also((ACCEPTED, {"idTagInfo": {"status": "Blocked"}})))
        assert (await rig.do("tap", tagId=CARD))["result"] == "USED_TO_START"
        await charging(rig)
        assert rig.heard_all("StopTransaction") == []


@pytest.mark.spec("OCPP-J 1.6 §4.2.2")
@virtual
async def test_an_answer_from_before_a_reconnect_does_not_count() -> None:
    async with Rig() as rig:
        await rig.boot()
        await rig.do("plug_in")
        rig.csms.once("Authorize", Raw(""))
        execution = rig.host.execute("tap", {"tagId": CARD})
        await rig.until(lambda: rig.heard_all("Authorize"))
        asked = rig.csms.entries("Authorize")[-1].id
        rig.lose_connection()
        await rig.until(lambda: len(rig.dials) == 2)
        await rig.quiet()
        rig.send(f'[3,"{asked}",{{"idTagInfo":{{"status":"Accepted"}}}}]')
        await rig.wait(5)
        assert (await execution.done)["result"] not in ("USED_TO_START", "ACCEPTED")
        assert rig.heard_all("StartTransaction") == []
