"""Every command of docs/control.md through the control lines of the program, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from station.control.registry import COMMANDS
from tests.support.station_process import StationProcess
from tests.support.strict_csms import StrictCsms

CARD, OTHER, BLOCKED = "04A1B2C3", "04FFEE11", "04DEAD00"
PROFILE = """
station: {{id: CP-1, vendor: Acme, model: Wallbox}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s}}}}
store: memory
control: off
reboot: {{takes: 200ms}}
auth: {{local: {{allow: [04A1B2C3]}}}}
evses:
  - {{id: 1, max_current: 16A, phases: 3, connectors: [{{id: 1, cable: socket}}]}}
  - {{id: 2, max_current: 32A, phases: 3, connectors: [{{id: 1, cable: fixed}}]}}
"""

NOBODY = ("--control", "stdio", "--offline", "--csms", "ws://127.0.0.1:9/ocpp", "--id", "CP-9", "--ocpp", "1.6")

Step = tuple[str, dict[str, Any], Any]
"""Command, parameters, and what is expected: a part of the error, or a check of the data (None: whatever it is)."""


def result(wanted: str, reason: str | None = None) -> Callable[[dict[str, Any]], bool]:
    return lambda data: data["result"] == wanted and reason in (None, data["reason"]) and bool(data["trace"])


def statuses(*wanted: str) -> Callable[[dict[str, Any]], bool]:
    return lambda data: tuple(evse["status"] for evse in data["evses"]) == wanted


def steps(version: str) -> list[Step]:
    old = version == "1.6"
    interval = "HeartbeatInterval" if old else "OCPPCommCtrlr.HeartbeatInterval"
    taken = "Preparing" if old else "Occupied"
    return [
        ("status", {}, lambda d: d["id"] == "CP-1" and d["version"] is None and d["online"] is False),
        ("connect", {}, lambda d: d["version"] == version),
        ("connect", {}, lambda d: d["version"] == version),
        ("status", {}, statuses("Available", "Available")),
        ("heartbeat", {}, lambda d: "currentTime" in d),
        ("send_ocpp", {"action": "DataTransfer", "payload": {"vendorId": "V"}}, lambda d: d["status"]),
        ("send_ocpp", {"action": "Nonsense", "payload": {}}, "NotImplemented: "),
        ("send_ocpp", {"action": "Heartbeat", "payload": {"extra": 1}}, "FormatViolation: "),
        ("authorize", {"tagId": CARD}, lambda d: d["status"] == "Accepted"),
        ("authorize", {"tagId": BLOCKED}, lambda d: d["status"] == "Blocked"),
        ("plug_in", {"connector": 1}, None),
        ("plug_in", {"connector": 1}, None),
        ("status", {}, lambda d: d["evses"][0]["plugged"] and d["evses"][0]["pilot"] == "B"),
        ("tap", {"tagId": BLOCKED, "connector": 1}, result("REJECTED", "Blocked")),
        ("tap", {"tagId": "X" * 40, "connector": 1}, result("REJECTED")),
        ("tap", {"tagId": CARD, "connector": 1}, result("USED_TO_START", "Accepted")),
        ("start_transaction", {"connector": 1, "tagId": CARD}, lambda d: d["transactionId"]),
        ("start_transaction", {"connector": 1, "tagId": OTHER}, "another card"),
        ("ev_suspend", {"connector": 1}, None),
        ("status", {}, lambda d: d["evses"][0]["pilot"] == "B" and d["evses"][0]["contactor"] in ("open", "opening")),
        ("ev_resume", {"connector": 1}, None),
        ("status", {}, lambda d: d["evses"][0]["pilot"] == "C"),
        ("ev_not_ready", {"connector": 1}, None),
        ("ev_resume", {"connector": 1}, None),
        ("set_meter_value", {"connector": 1, "value": 5000}, None),
        ("send_meter_value", {"connector": 1}, None),
        ("send_meter_value", {"connector": 1, "value": 6000}, None),
        ("status", {}, lambda d: d["evses"][0]["meter_wh"] >= 6000),
        ("stop_transaction", {"connector": 1}, lambda d: d["transactionId"]),
        ("stop_transaction", {"connector": 1}, "no transaction"),
        ("unplug", {"evse": 1, "evse_connector": 1}, None),
        ("unplug", {"connector": 1}, None),
        ("status", {}, statuses("Available", "Available")),
        ("bay_occupied", {"connector": 2}, None),
        ("bay_free", {"connector": 2}, None),
        ("bay_occupied", {"connector": 2, "tagId": BLOCKED}, None),
        ("bay_free", {"connector": 2}, None),
        ("select_evse", {"connector": 2}, "no card waits"),
        ("withdraw", {"tagId": CARD}, "does not wait"),
        ("start_transaction", {"connector": 2, "tagId": OTHER}, lambda d: d["transactionId"]),
        ("tap", {"tagId": CARD, "connector": 2}, result("NO_CONNECTOR_AVAILABLE")),
        ("stop_transaction", {"connector": 2, "reason": "Whim"}, "Whim"),
        ("stop_transaction", {"connector": 2, "reason": "EmergencyStop"}, None),
        ("unplug", {"connector": 2}, None),
        ("fault", {"connector": 1}, None),
        ("fault", {"connector": 1, "errorCode": "ReaderFailure"}, None),
        ("status", {}, lambda d: set(d["evses"][0]["faults"]) == {"OtherError", "ReaderFailure"}),
        ("status", {}, statuses("Faulted", "Available")),
        ("clear_fault", {"connector": 1, "errorCode": "OtherError"}, None),
        ("status", {}, lambda d: d["evses"][0]["faults"] == ["ReaderFailure"]),
        ("clear_fault", {"connector": 1}, None),
        ("status", {}, lambda d: d["evses"][0]["faults"] == []),
        ("fault", {"connector": 1, "errorCode": "Gremlins"}, "errorCode"),
        ("contactor_fault", {"connector": 1, "kind": "weld"}, None),
        ("contactor_fault", {"connector": 1, "kind": "none"}, None),
        ("contactor_fault", {"connector": 1, "kind": "sparks"}, "one of weld, stuck_open, none"),
        ("meter_fault", {"connector": 1, "kind": "silent"}, None),
        ("meter_fault", {"connector": 1, "kind": "none"}, None),
        ("reader_fault", {"connector": 1, "kind": "lost"}, None),
        ("status", {}, lambda d: "ReaderFailure" in d["evses"][0]["faults"]),
        ("reader_fault", {"connector": 1, "kind": "none"}, None),
        ("lock_failure", {"connector": 1}, None),
        ("lock_failure", {"connector": 1, "on": False}, None),
        ("diagnostics_status_notification", {"status": "Idle"}, None),
        ("firmware_status_notification", {"status": "Idle"}, None),
        ("set_config", {"key": interval, "value": "77"}, lambda d: d["status"] == "Accepted"),
        ("set_config", {"key": interval, "value": 78}, lambda d: d["status"] == "Accepted"),
        ("set_config", {"key": interval, "value": "often"}, interval),
        ("set_config", {"key": "NoSuchThing", "value": "1"}, "NoSuchThing"),
        ("delete_config", {"key": interval}, None),
        ("delete_config", {"key": "NoSuchThing"}, "NoSuchThing"),
        ("cache_put", {"tagId": OTHER, "status": "Accepted"}, None),
        ("cache_put", {"tagId": OTHER, "status": "Maybe"}, "status"),
        ("drop_connection", {}, None),
        ("connect", {}, None),
        ("go_offline", {}, None),
        ("heartbeat", {}, "not connected"),
        ("send_ocpp", {"action": "Heartbeat"}, "not connected"),
        ("authorize", {"tagId": CARD}, "not connected"),
        ("status", {}, lambda d: d["online"] is False),
        ("come_online", {}, None),
        ("connect", {}, None),
        ("disconnect", {}, None),
        ("status", {}, lambda d: d["online"] is False),
        ("connect", {}, None),
        ("reboot", {"type": "Hard"}, None),
        ("connect", {}, None),
        ("power_cycle", {}, None),
        ("connect", {}, None),
        ("power_cycle", {"reason": "EmergencyStop", "keepTransactions": False}, None),
        ("connect", {}, None),
        ("status", {}, statuses("Available", "Available")),
        # Wrong ones.
        ("plug_in", {}, "several connectors"),
        ("plug_in", {"connector": 3}, "no such connector"),
        ("plug_in", {"connector": 0}, "at least 1"),
        ("plug_in", {"connector": "1"}, "whole number"),
        ("plug_in", {"evse": 2, "evse_connector": 2}, "no such connector"),
        ("plug_in", {"connector": 1, "evse": 1}, "not both"),
        ("plug_in", {"connector": 1, "sock": 1}, "sock"),
        ("tap", {}, "tagId"),
        ("tap", {"tagId": ""}, "empty"),
        ("start_transaction", {"connector": 1}, "tagId"),
        ("set_config", {"key": interval}, "value"),
        ("fly", {}, "unknown command"),
        ("plugin", {}, "plug_in"),
        ("start_transaction", {"connector": 1, "tagId": BLOCKED}, "Blocked"),
        ("ev_suspend", {"connector": 2}, "plug"),
        (taken, {}, "unknown command"),
    ]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_every_command(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        async with StrictCsms(cards={BLOCKED: "Blocked"}) as csms:
            path = tmp_path / "station.yaml"
            path.write_text(PROFILE.format(url=csms.url, version=version))
            async with StationProcess(tmp_path, str(path), "--control", "stdio", "--offline") as cp:
                loop = asyncio.get_running_loop()
                for number, (command, params, expected) in enumerate(steps(version)):
                    began_s = loop.time()
                    answer = await cp.ask(command, **params)
                    took_s = loop.time() - began_s
                    about = f"step {number}: {command} {params} -> {answer}; {cp.story()}"
                    if isinstance(expected, str):
                        assert answer["ok"] is False and expected in answer["error"], about
                        assert "data" not in answer and took_s < 2, about
                    else:
                        assert answer["ok"] is True, about
                        assert expected is None or expected(answer["data"]), about
                    if command in ("go_offline", "disconnect", "drop_connection"):
                        csms.rules["CP-1"].allowed_unaccepted.clear()
                    assert took_s < 8, about
                await local_list(cp, version)
                assert await cp.stop() == 0
                assert not [line for line in cp.errors if "Traceback" in line]

    asyncio.run(scenario())


async def local_list(cp: StationProcess, version: str) -> None:
    """Either the station has a list, or it says clearly that it has none."""
    answer = await cp.ask("local_list_put", tagId=OTHER, status="Accepted")
    assert answer["ok"] or "local authorization list" in answer["error"], version


def test_every_command_of_the_table_is_tried() -> None:
    tried = {command for command, _, _ in steps("1.6")} | {"local_list_put"}
    assert set(COMMANDS) <= tried


def test_lines_that_are_none(tmp_path: Path) -> None:
    """Broken lines get an answer; commands take effect in their order; `timeout` bounds an answer."""

    async def scenario() -> None:
        async with StationProcess(tmp_path, *NOBODY) as cp:
            for line in (
                "no json",
                "[1]",
                '{"id":"a"}',
                '{"id":"b","command":7}',
                '{"id":"c","command":"tap","params":[]}',
                '{"command":"status"}',
                '{"id":{"deep":1},"command":"status"}',
                '{"id":17,"command":"status","params":null}',
                "",
                "x" * 2_000_000,
            ):
                cp.send(line)
            await cp.until(lambda: len(cp.stray) >= 9)
            assert [stray["ok"] for stray in cp.stray] == [False] * 5 + [True] * 3 + [False]
            assert [stray["id"] for stray in cp.stray][:8] == [None, None, "a", "b", "c", None, {"deep": 1}, 17]
            assert all(isinstance(stray["error"], str) for stray in cp.stray if not stray["ok"])
            answers = [cp.begin("plug_in", connector=1), cp.begin("status"), cp.begin("unplug", connector=1)]
            status = (await answers[1])["data"]["evses"][0]
            assert status["plugged"] is True
            assert (await answers[2])["ok"] is True
            late = await cp.ask("connect", timeout=0.2)
            assert late["ok"] is False and "0.2" in late["error"]
            assert cp.events[0]["event"] == "ready"
            assert json.dumps(cp.events[0])
            assert cp.plain == []
            assert await cp.stop() == 0

    asyncio.run(scenario())
