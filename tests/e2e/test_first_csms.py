"""`docs/first-csms.md`, word for word: a card on a control line, the frame it causes, what each answer leads to."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_csms import SILENCE, CallError, Frame, Raw, ScriptedCsms
from tests.support.station_process import ROOT, StationProcess, verb
from tests.support.ws_peer import WsPeer

CARD = "AA12345"
PAGE = (ROOT / "docs" / "first-csms.md").read_text("utf-8")


def flags(url: str) -> tuple[str, ...]:
    return "--csms", url, "--id", "CP-1", "--ocpp", "2.0.1", "--control", "stdio"


def test_the_page_as_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        csms = await asyncio.create_subprocess_exec(
            sys.executable, "scripts/csms_40_lines.py", "0", stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert csms.stdout is not None
        lines: list[str] = []
        url = (await csms.stdout.readline()).decode().split()[-1]

        async def read() -> None:
            while line := await csms.stdout.readline():  # type: ignore[union-attr]
                lines.append(line.decode().strip())

        reading = asyncio.create_task(read())
        checked = await verb(tmp_path, "csms", "check", url, "--ocpp", "2.0.1")
        assert checked.returncode == 0
        assert checked.stdout.startswith(f" ok {url}/csms-check: ocpp2.0.1, BootNotification Accepted")
        async with StationProcess(tmp_path, *flags(url), "--wire") as cp:
            assert (await cp.ask("connect"))["ok"] is True
            assert (await cp.ask("plug_in"))["ok"] is True
            answer = await cp.ask("tap", tagId=CARD)
            assert answer.keys() == {"id", "ok", "data"}
            assert (answer["data"]["result"], answer["data"]["reason"]) == ("USED_TO_START", "Accepted")
            assert [step["step"] for step in answer["data"]["trace"]][:3] == ["presented", "asked", "answered"]
            assert answer["data"]["trace"][0]["token"] == f"***{CARD[-2:]}"
            now = (await cp.holds(lambda s: s["evses"][0]["contactor"] == "closed"))["evses"][0]
            assert (now["state"], now["transaction"]["token"]) == ("charging", CARD)
            asked = await cp.event("wire", lambda d: d["action"] == "Authorize" and d["direction"] == ">")
            assert asked["payload"] == {"idToken": {"idToken": CARD, "type": "ISO14443"}}
            told = await cp.event("wire", lambda d: d["action"] == "Authorize" and d["direction"] == "<")
            assert told["messageId"] == asked["messageId"]
            assert told["payload"]["idTokenInfo"]["status"] == "Accepted"
            token = await cp.event("token")
            assert (token["tagId"], token["result"]) == (CARD, "USED_TO_START")
            await cp.event("transaction_started", lambda d: d["tagId"] == CARD)
            assert (await cp.do("tap", tagId=CARD))["result"] == "USED_TO_STOP"
            assert await cp.stop() == 0
        csms.send_signal(signal.SIGINT)
        await csms.wait()
        await reading
        ours = [line for line in lines if line.startswith("CP-1 ")]
        assert ours[0].startswith("CP-1 booted (PowerUp): ")
        assert ours[1] == "CP-1 EVSE 1 connector 1: Available"
        assert f"CP-1 card {CARD} (ISO14443): Accepted" in ours
        said = [re.sub(r"transaction \S+ ", "", line) for line in ours if " transaction " in line]
        assert said[:3] == [
            "CP-1 Started (CablePluggedIn)",
            "CP-1 Updated (Authorized)",
            "CP-1 Updated (ChargingStateChanged)",
        ]
        assert said[-1] == "CP-1 Ended (StopAuthorized)"
        assert ours[-1] == "CP-1 is gone"

    asyncio.run(scenario())


ANSWERS: list[tuple[Any, str]] = [
    ({"idTokenInfo": {"status": "Invalid"}}, "Invalid"),
    ({"idTokenInfo": {"status": "Blocked"}}, "Blocked"),
    ({"idTokenInfo": {"status": "Expired"}}, "Expired"),
    ({"idTokenInfo": {"status": "Unknown"}}, "Unknown"),
    (CallError("InternalError"), "CallError"),
    (Frame(4, ({"idTokenInfo": {"status": "Accepted"}},)), "InvalidAnswer"),
    (Frame(4, ()), "InvalidAnswer"),
    ({"status": "Accepted"}, "InvalidAnswer"),
    ({"idTokenInfo": {"status": "Perhaps"}}, "InvalidAnswer"),
    (Frame(3, ("Accepted",)), "InvalidAnswer"),
    (Raw('[3,"another-id",{"idTokenInfo":{"status":"Accepted"}}]'), "Timeout"),
    (Raw("Accepted"), "Timeout"),
    (SILENCE, "Timeout"),
]


@pytest.mark.parametrize("plugged", [True, False])
def test_answers_that_are_not_accepted(tmp_path: Path, plugged: bool) -> None:
    """The contactor stays open, the connection goes on, and the next card is asked about as if nothing had been."""

    async def scenario() -> None:
        csms = ScriptedCsms("ocpp2.0.1")
        async with WsPeer(csms) as peer, StationProcess(tmp_path, *flags(peer.url)) as cp:
            await cp.do("connect")
            await cp.do("set_config", key="OCPPCommCtrlr.MessageTimeout[Default]", value="1")
            if plugged:
                await cp.do("plug_in")
            for answer, reason in ANSWERS:
                asked = len(csms.all("Authorize"))
                csms.once("Authorize", answer)
                data = await cp.do("tap", tagId=CARD)
                assert (data["result"], data["reason"]) == ("REJECTED", reason), answer
                assert len(csms.all("Authorize")) == asked + 1
                status = await cp.do("status")
                assert status["online"] is True, (answer, cp.story())
                assert status["evses"][0]["contactor"] == "open"
                assert (status["evses"][0]["transaction"] or {}).get("token") is None
            data = await cp.do("tap", tagId=CARD)
            assert data["result"] == ("USED_TO_START" if plugged else "ACCEPTED")
            assert len(peer.upgrades) == 1
            assert await cp.stop() == 0

    asyncio.run(scenario())


def test_a_connection_that_breaks_under_the_question(tmp_path: Path) -> None:
    async def scenario() -> None:
        csms = ScriptedCsms("ocpp2.0.1")
        async with WsPeer(csms) as peer, StationProcess(tmp_path, *flags(peer.url)) as cp:
            await cp.do("connect")
            await cp.do("plug_in")
            csms.once("Authorize", SILENCE)
            tapped = cp.begin("tap", tagId=CARD)
            await peer.wait_for("Authorize")
            peer.abort()
            data = (await tapped)["data"]
            assert (data["result"], data["reason"]) == ("REJECTED", "Offline")
            await cp.do("connect")
            assert (await cp.do("tap", tagId=CARD))["result"] == "USED_TO_START"
            assert (await cp.do("tap", tagId=CARD))["result"] == "USED_TO_STOP"
            await cp.do("unplug")
            csms.once("Authorize", SILENCE)
            await cp.do("plug_in")
            tapped = cp.begin("tap", tagId=CARD)
            await peer.wait_for("Authorize", 3)
            peer.abort()
            # It was accepted before, so it is in the cache.
            assert (await tapped)["data"]["result"] == "USED_TO_START"
            assert await cp.stop() == 0

    asyncio.run(scenario())


def test_an_invalid_in_the_transaction_ends_it(tmp_path: Path) -> None:
    """The second place where a card is judged."""

    async def scenario() -> None:
        csms = ScriptedCsms("ocpp2.0.1")
        csms.answer("TransactionEvent", lambda p: {"idTokenInfo": {"status": "Invalid"}} if "idToken" in p else {})
        async with WsPeer(csms) as peer, StationProcess(tmp_path, *flags(peer.url)) as cp:
            await cp.do("connect")
            await cp.do("plug_in")
            await cp.do("tap", tagId=CARD)
            await peer.until(lambda: [p for p in csms.all("TransactionEvent") if p["eventType"] == "Ended"])
            assert csms.last("TransactionEvent")["transactionInfo"]["stoppedReason"] == "DeAuthorized"
            assert (await cp.evse())["contactor"] == "open"
            assert await cp.stop() == 0

    asyncio.run(scenario())


def test_the_page_shows_frames_that_are_json() -> None:
    for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        for line in block.replace("…]", "]").splitlines():
            assert json.loads(line)
