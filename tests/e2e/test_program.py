"""`station run` as a process: what stops it, what it prints, what becomes of a CSMS that is not what it should be."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from station.cli.signals import ordered_ends
from tests.support.scripted_csms import ScriptedCsms
from tests.support.station_process import StationProcess, verb
from tests.support.strict_csms import StrictCsms
from tests.support.ws_peer import Behaviour, WsPeer

CARD = "04A1B2C3"
PASSWORD = "correct-horse-battery"
LINES = ("--control", "stdio")


def profile(where: Path, url: str, **more: str) -> str:
    content = {"versions": "[ocpp2.0.1]", "store": "memory", "password": ""} | more
    path = where / "station.yaml"
    path.write_text(
        f"station: {{id: CP-1}}\nstore: {content['store']}\ncontrol: off\n"
        f"csms: {{url: {url}, versions: {content['versions']}, {content['password']}"
        "reconnect: {wait: 1s, random: 0s, doubles: 0}}\n"
    )
    return str(path)


async def charge(cp: StationProcess) -> None:
    await cp.do("connect")
    await cp.do("start_transaction", connector=1, tagId=CARD)


def test_basic_auth(tmp_path: Path) -> None:
    """A wrong password is one clear line for each attempt; the station goes on, and dials again."""

    async def scenario() -> None:
        async with StrictCsms(passwords={"CP-1": PASSWORD}) as csms:
            secret = tmp_path / "secret"
            secret.write_text("wrong-password-wrong\n")
            path = profile(tmp_path, csms.url)
            async with StationProcess(tmp_path, path, *LINES, "--password-file", str(secret)) as cp:
                refused = await cp.event("error")
                assert "401" in refused["message"] and CARD not in refused["message"]
                await cp.until(lambda: len([e for e in cp.events if e["event"] == "error"]) >= 2)
                assert (await cp.do("status"))["online"] is False
                assert (await cp.do("plug_in", connector=1)) == {}
                assert "wrong-password" not in json.dumps(cp.events) + "".join(cp.errors)
                assert await cp.stop() == 0
            secret.write_text(f"{PASSWORD}\n")
            async with StationProcess(tmp_path, path, *LINES, "--password-file", str(secret)) as cp:
                await cp.do("connect")
                assert await cp.stop() == 0
            assert {violation.rule for violation in csms.violations} == {"basic-auth"}

    asyncio.run(scenario())


def test_a_csms_that_comes_later(tmp_path: Path) -> None:
    """First another subprotocol, then none at all, then refusals, then what it should be."""

    async def scenario() -> None:
        async with (
            WsPeer(ScriptedCsms("ocpp2.0.1"), Behaviour(subprotocol="ocpp1.6")) as peer,
            StationProcess(tmp_path, profile(tmp_path, peer.url), *LINES) as cp,
        ):
            assert "chose 'ocpp1.6'" in (await cp.event("error"))["message"]
            for behaviour, word in (
                (Behaviour(subprotocol=None), "chose none"),
                (Behaviour(http_status=503), "503"),
                (Behaviour(http_status=302, http_headers=[("Location", peer.url)]), "302"),
            ):
                peer.behaviour = behaviour
                heard = len(cp.events)
                said = await cp.event("error", lambda d, w=word: w in d["message"].casefold(), since=heard)
                assert "\n" not in said["message"]
            peer.behaviour = Behaviour()
            await cp.event("connected")
            assert peer.csms.actions()[0] == "BootNotification"
            assert await cp.stop() == 0

    asyncio.run(scenario())


def test_a_csms_that_is_not_there_yet(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with WsPeer(ScriptedCsms("ocpp1.6")) as gone:
            port = int(gone.url.split(":")[2].partition("/")[0])
        url = f"ws://127.0.0.1:{port}/ocpp"
        async with StationProcess(tmp_path, profile(tmp_path, url, versions="[ocpp1.6]"), *LINES) as cp:
            assert str(port) in (await cp.event("error"))["message"]
            assert (await cp.do("status"))["version"] is None
            async with StrictCsms(port=port) as csms:
                await cp.event("connected")
                await charge(cp)
                await cp.holds(lambda s: s["queue"] == 0)
                known = csms.rules["CP-1"]
            await cp.event("disconnected")
            assert (await cp.evse())["contactor"] == "closed"
            async with StrictCsms(port=port) as csms:
                # It is another program, but it knows the station.
                csms.rules["CP-1"] = known
                await cp.do("connect")
                assert not csms.requests("BootNotification")
                assert await cp.stop() == 0
                csms.assert_clean()

    asyncio.run(scenario())


@pytest.mark.parametrize("how", ordered_ends())
def test_signals_stop_in_order(tmp_path: Path, how: signal.Signals) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms, StationProcess(tmp_path, profile(tmp_path, csms.url), *LINES) as cp:
            await charge(cp)
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            cp.process.send_signal(how)
            assert await cp.ended() == 0
            assert loop.time() - began_s < 5
            assert [made["event"] for made in cp.events].count("transaction_stopped") == 1
            csms.assert_clean()
            assert csms.transactions[0].reason == "Reboot"
            assert cp.errors == []

    asyncio.run(scenario())


def test_a_csms_that_does_not_answer_holds_no_stop_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        csms = ScriptedCsms("ocpp2.0.1")
        async with WsPeer(csms) as peer, StationProcess(tmp_path, profile(tmp_path, peer.url), *LINES) as cp:
            await charge(cp)
            peer.behaviour = Behaviour(silent=True)
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            assert await cp.stop() == 0
            assert loop.time() - began_s < 5

    asyncio.run(scenario())


def test_without_a_terminal_it_prints_plain_lines(tmp_path: Path) -> None:
    """No standard input at all, and a pipe for the output: `--wire` shows what passes, one line each."""

    async def scenario() -> None:
        async with StrictCsms() as csms:
            path = profile(tmp_path, csms.url)
            async with StationProcess(tmp_path, path, "--wire", stdin=subprocess.DEVNULL) as cp:
                await cp.until(lambda: any("StatusNotification" in line for line in cp.plain))
                assert await cp.terminate() == 0
                text = "\n".join(cp.plain)
                assert csms.url in text
                assert "\x1b" not in text and "\r" not in text
                assert any("> BootNotification" in line for line in cp.plain), text
                assert cp.errors == []

    asyncio.run(scenario())


def test_events_as_json_lines(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms:
            path = profile(tmp_path, csms.url)
            async with StationProcess(tmp_path, path, "--json", "--wire", stdin=subprocess.DEVNULL) as cp:
                boot = await cp.event("wire", lambda d: d["action"] == "BootNotification")
                await cp.event("connected")
                await cp.event("connector_status")
                assert boot["direction"] == ">" and boot["payload"]["reason"] == "PowerUp" and boot["messageId"]
                assert await cp.terminate() == 0
                assert cp.plain == [] and cp.stray == []
                assert cp.events[0] == cp.events[0] | {"event": "ready", "data": {"control": None}}
                assert all(made.keys() == {"event", "data", "timestamp"} for made in cp.events)

    asyncio.run(scenario())


def test_a_trace_holds_every_frame_and_no_secret(tmp_path: Path) -> None:
    """Nor does the screen show one."""

    async def scenario() -> None:
        async with StrictCsms(passwords={"CP-1": PASSWORD}) as csms:
            trace = tmp_path / "trace.jsonl"
            path = profile(tmp_path, csms.url, password=f"security: {{password: {PASSWORD}}}, ")
            flags = ("--wire", "--trace", str(trace))
            async with StationProcess(tmp_path, path, *flags, stdin=subprocess.DEVNULL) as cp:
                await csms.wait_for("StatusNotification")
                key: dict[str, Any] = {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                    "attributeValue": "another-secret-value",
                }
                await csms.call("CP-1", "SetVariables", {"setVariableData": [key]})
                await cp.until(lambda: any("> SetVariables" in line for line in cp.plain))
                assert await cp.terminate() == 0
                told = "\n".join(cp.plain)
            frames = [json.loads(line) for line in trace.read_text().splitlines()]
            assert [frame["action"] for frame in frames[:2]] == ["BootNotification", "BootNotification"]
            assert [frame["direction"] for frame in frames[:2]] == [">", "<"]
            assert {"time", "direction", "action", "id", "payload"} <= frames[0].keys()
            assert sum(frame["direction"] == ">" for frame in frames) == sum(
                message.direction == "in" for message in csms.messages
            )
            for text in (trace.read_text(), told, "\n".join(cp.errors)):
                assert "another-secret-value" not in text and PASSWORD not in text

    asyncio.run(scenario())


def test_offline_until_told_to_connect(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms:
            async with StationProcess(tmp_path, profile(tmp_path, csms.url), *LINES, "--offline") as cp:
                await cp.do("status")
                await asyncio.sleep(0.3)
                assert not csms.online("CP-1")
                await cp.do("connect")
                assert csms.online("CP-1")
                assert await cp.stop() == 0
            csms.assert_clean()

    asyncio.run(scenario())


def test_time_runs_faster(tmp_path: Path) -> None:
    """At --speed 60 a minute of charging takes a second: samples, energy, and the times told all agree."""

    async def scenario() -> None:
        async with StrictCsms() as csms:
            async with StationProcess(tmp_path, profile(tmp_path, csms.url), *LINES, "--speed", "60") as cp:
                await charge(cp)
                await csms.wait_for("TransactionEvent", lambda p: p["triggerReason"] == "MeterValuePeriodic")
                await cp.do("stop_transaction", connector=1)
                await cp.holds(lambda s: s["queue"] == 0)
                assert await cp.stop() == 0
            csms.assert_clean()
            (transaction,) = csms.transactions
            assert 100 < transaction.energy_wh < 4000

    asyncio.run(scenario())


def test_verbs_and_their_exit_codes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with StrictCsms(cards={"04DEAD00": "Blocked"}) as csms:
            none = await verb(tmp_path, "status")
            assert none.returncode == 1 and "station run" in none.stderr
            path = profile(tmp_path, csms.url)
            Path(path).write_text(Path(path).read_text().replace("control: off", "control: {listen: 127.0.0.1:0}"))
            async with StationProcess(tmp_path, path, *LINES) as cp:
                await cp.do("connect")
                (file,) = (tmp_path / "run").glob("**/CP-1.json")
                assert file.stat().st_mode & 0o777 == 0o600
                assert json.loads(file.read_text())["pid"] == cp.process.pid
                results = await asyncio.gather(
                    verb(tmp_path, "plug-in", "--connector", "1"),
                    verb(tmp_path, "plug-in", "--connector", "7"),
                    verb(tmp_path, "plug-in", "--conector", "1"),
                )
                assert [one.returncode for one in results] == [0, 1, 2]
                assert "no such connector" in results[1].stderr
                tapped = await verb(tmp_path, "tap", CARD, "--explain")
                assert (tapped.returncode, "USED_TO_START" in tapped.stdout) == (0, True)
                refused = await verb(tmp_path, "tap", "04DEAD00", "--json")
                assert refused.returncode == 4
                assert json.loads(refused.stdout)["data"]["reason"] == "Blocked"
                status = await verb(tmp_path, "status", "--json", "--to", "CP-1")
                assert json.loads(status.stdout)["data"]["evses"][0]["transaction"]["token"] == CARD
                other = await verb(tmp_path, "status", "--to", "CP-2")
                assert other.returncode == 1 and "CP-1" in other.stderr
                assert await cp.stop() == 0
                assert not file.exists()

    asyncio.run(scenario())
