"""`station run` as a program: control lines, HTTP, verbs and signals, with the embedded central system."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def environment(where: Path) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if key not in ("RUNTIME_DIRECTORY", "STATION_TOKEN")}
    return {**env, "XDG_RUNTIME_DIR": str(where), "HOME": str(where)}


def verb(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "station", *arguments]
    return subprocess.run(command, env=environment(where), capture_output=True, text=True, timeout=60)


class Station:
    """A running `station run`."""

    def __init__(self, where: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "station", "run", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(where),
            text=True,
        )
        self.events: list[dict[str, Any]] = []

    def next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def ask(self, command: str, /, **params: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": command, "command": command, "params": params}) + "\n")
        self.process.stdin.flush()
        while True:
            line = self.next()
            if line.get("id") == command:
                return line
            self.events.append(line)

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(10)


@pytest.fixture
def stations(tmp_path: Path) -> Iterator[Any]:
    made: list[Station] = []

    def start(*arguments: str) -> Station:
        made.append(Station(tmp_path, *arguments))
        return made[-1]

    yield start
    for station in made:
        if station.process.poll() is None:
            station.process.kill()
        station.process.wait()
        for stream in (station.process.stdin, station.process.stdout):
            if stream is not None and not stream.closed:
                stream.close()


def test_a_session_over_lines(stations: Any) -> None:
    station = stations("--control", "stdio")
    assert station.ask("connect")["ok"]
    assert station.events[0]["event"] == "ready"
    assert station.events[0]["data"]["control"].startswith("http://127.0.0.1:")
    assert station.ask("plug_in", connector=1)["ok"]
    tapped = station.ask("tap", tagId="04A1B2C3")
    assert tapped["data"]["result"] == "USED_TO_START"
    status = station.ask("status")["data"]
    assert status["online"] is True
    assert status["evses"][0]["transaction"]["token"] == "04A1B2C3"
    assert station.ask("plug_in", connector=9)["ok"] is False
    assert station.ask("send_ocpp", action="Heartbeat", payload={})["ok"]
    assert station.ask("stop_transaction", connector=1)["ok"]
    began = time.monotonic()
    assert station.end() == 0
    assert time.monotonic() - began < 6


def test_verbs_find_it_and_sigterm_ends_it(stations: Any, tmp_path: Path) -> None:
    station = stations("--json", "--id", "CP-7")
    ready = station.next()
    assert ready["event"] == "ready"
    file = tmp_path / "ocpp-station" / "CP-7.json"
    assert json.loads(file.read_text())["control"] == ready["data"]["control"]
    assert verb(tmp_path, "plug-in", "--connector", "1").returncode == 0
    status = json.loads(verb(tmp_path, "status", "--json", "--to", "CP-7").stdout)
    assert status["data"]["evses"][0]["plugged"] is True
    station.process.send_signal(signal.SIGTERM)
    assert station.process.wait(10) == 0
    assert not file.exists()


def test_without_http_there_are_still_lines(stations: Any, tmp_path: Path) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text("station: {id: CP-8}\nstore: memory\ncontrol: off\n")
    station = stations(str(profile), "--control", "stdio", "--offline")
    status = station.ask("status")
    assert station.events[0]["data"] == {"control": None}
    assert (status["data"]["id"], status["data"]["online"]) == ("CP-8", False)
    assert station.end() == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["none.yaml"], "none.yaml"),
        (["--speed", "0"], "--speed 0: must be above 0"),
        (["--ocpp", "3"], "--ocpp"),
        (["--control", "0.0.0.0:0"], "needs a token"),
        (["--nothing"], "--nothing"),
    ],
)
def test_what_cannot_run_is_exit_2_without_a_traceback(tmp_path: Path, arguments: list[str], error: str) -> None:
    result = verb(tmp_path, "run", *arguments)
    assert result.returncode == 2
    assert error in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reboot_that_fails_is_tried_again(tmp_path: Path) -> None:
    """OCPP 1.6 §9.1.22: ResetRetries."""
    tries, program, profile = tmp_path / "tries", tmp_path / "reboot", tmp_path / "station.yaml"
    program.write_text(f"#!/bin/sh\necho again >> {tries}\ntest $(wc -l < {tries}) -eq 3\n")
    program.chmod(0o700)
    profile.write_text(f"store: memory\nreboot: {{real: {{exec: {program}}}}}\nvariables: {{ResetRetries: 5}}\n")
    station = Station(tmp_path, str(profile), "--control", "stdio")
    try:
        assert station.ask("connect")["ok"]
        assert station.ask("reboot")["ok"]
        assert station.process.wait(20) == 0
    finally:
        station.process.kill()
    assert tries.read_text().count("again") == 3


@pytest.mark.parametrize(("script", "code"), [("echo done > {mark}", 0), ("exit 3", 1)])
def test_the_profile_s_own_program_reboots_the_machine(tmp_path: Path, script: str, code: int) -> None:
    mark, program, profile = tmp_path / "mark", tmp_path / "reboot", tmp_path / "station.yaml"
    program.write_text("#!/bin/sh\n" + script.format(mark=mark) + "\n")
    program.chmod(0o700)
    profile.write_text(f"store: memory\nreboot: {{real: {{exec: {program}}}}}\n")
    station = Station(tmp_path, str(profile), "--control", "stdio")
    try:
        assert station.ask("connect")["ok"]
        assert station.ask("reboot")["ok"]
        assert station.process.wait(15) == code
    finally:
        station.process.kill()
    assert mark.exists() is (code == 0)
