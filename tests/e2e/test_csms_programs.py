"""The central systems that people start from a shell: `station csms serve` and the newcomer's forty lines."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ws_station import BOOT_16, BOOT_201, WsStation

ROOT = Path(__file__).parents[2]
SERVE = ["-c", "from station.cli.csms import app; app()", "serve"]
FORTY_LINES = ["scripts/csms_40_lines.py"]
TOKEN = {"idToken": "AA12345", "type": "ISO14443"}
T0 = "2026-01-01T00:00:00.000Z"


@contextmanager
def running(*arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_serve_prints_one_json_object_a_line_and_stops_in_order():
    async def scenario(url):
        async with WsStation(f"{url}/CP-1", "ocpp1.6") as cp:
            await cp.call("BootNotification", BOOT_16)
            told = [(await cp.call("Authorize", {"idTag": tag}))["idTagInfo"] for tag in ("AA", "BB", "CC")]
            assert told == [
                {"status": "Accepted", "parentIdTag": "FLEET"},
                {"status": "Blocked"},
                {"status": "Invalid"},
            ]

    with running(*SERVE, "--port", "0", "--json", "--card", "AA=Accepted/FLEET", "--card", "BB=Blocked") as process:
        ready = json.loads(process.stdout.readline())
        assert ready["event"] == "ready"
        asyncio.run(scenario(ready["data"]["url"]))
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["event"] for line in lines] == ["connected", *["wire"] * 8, "disconnected"]
    asked, answered = lines[1]["data"], lines[2]["data"]
    assert (asked["station"], asked["direction"], asked["action"]) == ("CP-1", "<", "BootNotification")
    assert asked["payload"] == BOOT_16
    assert (answered["direction"], answered["action"], answered["messageId"]) == (
        ">",
        "BootNotification",
        asked["messageId"],
    )


def test_serve_prints_lines_for_people():
    async def scenario(url):
        async with WsStation(f"{url}/CP-1", "ocpp2.0.1") as cp:
            await cp.call("Authorize", {"idToken": TOKEN})
            await cp.call("Nonsense")
            await cp.send("garbage")
            await cp.call("Heartbeat")

    with running(*SERVE, "--port", "0", "--ocpp", "2.0.1") as process:
        first, second = process.stdout.readline(), process.stdout.readline()
        assert "every card" in first
        assert "station run --csms ws://" in second
        asyncio.run(scenario(first.split()[1]))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
    lines = [line.partition(" ")[2] for line in output.splitlines()]
    assert lines[:6] == [
        "CP-1 = connected ocpp2.0.1",
        'CP-1 < Authorize {"idToken":{"idToken":"AA12345","type":"ISO14443"}}',
        'CP-1 > Authorize {"idTokenInfo":{"status":"Accepted"}}',
        "CP-1 < Nonsense {}",
        "CP-1 > Nonsense CALLERROR NotImplemented",
        "CP-1 < (no OCPP message) garbage",
    ]
    assert lines[-1] == "CP-1 = disconnected"


@pytest.mark.parametrize(
    "arguments", [["--card", "AA=Perhaps"], ["--boot", "Perhaps"], ["--ocpp", "3"], ["--port", "x"]]
)
def test_serve_refuses_wrong_options(arguments):
    with running(*SERVE, "--port", "0", *arguments) as process:
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "Traceback" not in errors


def test_serve_says_that_a_port_is_taken():
    with running(*SERVE, "--port", "0", "--json") as first:
        port = json.loads(first.stdout.readline())["data"]["url"].split(":")[2].partition("/")[0]
        with running(*SERVE, "--port", port) as second:
            _, errors = second.communicate(timeout=20)
            assert second.returncode == 1
            assert "try: station csms serve --port 0" in errors


def test_the_newcomers_forty_lines_serve_a_charge():
    async def scenario(url):
        event = {"timestamp": T0, "triggerReason": "Authorized", "transactionInfo": {"transactionId": "tx-1"}}
        async with WsStation(f"{url}/CP-1", "ocpp2.0.1") as cp:
            assert (await cp.call("BootNotification", BOOT_201))["status"] == "Accepted"
            status = {"timestamp": T0, "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
            assert await cp.call("StatusNotification", status) == {}
            assert await cp.call("Authorize", {"idToken": TOKEN}) == {"idTokenInfo": {"status": "Accepted"}}
            started = event | {"eventType": "Started", "seqNo": 0, "idToken": TOKEN}
            assert await cp.call("TransactionEvent", started) == {"idTokenInfo": {"status": "Accepted"}}
            assert await cp.call("TransactionEvent", event | {"eventType": "Ended", "seqNo": 1}) == {}
            assert (await cp.call("Heartbeat")).keys() == {"currentTime"}

    with running(*FORTY_LINES, "0") as process:
        asyncio.run(scenario(process.stdout.readline().split()[-1]))
        lines = [process.stdout.readline().strip() for _ in range(6)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
    assert lines == [
        "CP-1 booted (PowerUp): Acme X",
        "CP-1 EVSE 1 connector 1: Available",
        "CP-1 card AA12345 (ISO14443): Accepted",
        "CP-1 transaction tx-1 Started (Authorized)",
        "CP-1 transaction tx-1 Ended (Authorized)",
        "CP-1 is gone",
    ]


def test_the_forty_lines_are_about_forty():
    text = (ROOT / FORTY_LINES[0]).read_text("utf-8")
    assert sum(1 for line in text.splitlines() if line.strip()) < 55
