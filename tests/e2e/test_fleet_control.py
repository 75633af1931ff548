"""A running fleet, steered over HTTP and by the verbs of the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet_csms import FleetCsms, fleet_csms
from tests.support.pn532_chip import TypeA
from tests.support.udp_card import udp_card

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 40.0
PLAN = """
plan: {seed: 7, ramp: 1s, ocpp: "%s", end_patience: 5s}
groups:
  - name: hand
    behaviour: {pattern: idle}
    station:
      csms: {reconnect: {wait: 0.5s, random: 0.5s, doubles: 0}}
      evses: [{id: 1}, {id: 2}]
"""

_CONTROL = ("--control", "127.0.0.1:0", "--json")

pytestmark = pytest.mark.timeout(150)


class Running:
    """A fleet of 30 stations that waits for what is done by hand."""

    def __init__(self, folder: Path, csms: FleetCsms, version: str) -> None:
        plan = folder / "plan.yaml"
        plan.write_text(PLAN % version)
        self.env = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
        self.csms = csms
        self.process = subprocess.Popen(
            [sys.executable, "-m", "station", "fleet", str(plan), "-n", "30", "--csms", csms.url, *_CONTROL],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=self.env,
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["data"]["control"]
        self.until(lambda: self.ask("GET", "fleet")["up"] == 30)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def verb(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "station", *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            cwd=ROOT,
            env=self.env,
            check=False,
        )

    def online(self) -> int:
        return len(self.csms.report()["online"])

    def until(self, true: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end_s, "it did not come about"
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.1)

    def end(self) -> dict[str, Any]:
        """Its report, after it ended by itself."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, err
        report: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        return report


@pytest.fixture(params=["1.6", "2.0.1"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with fleet_csms() as csms:
        fleet = Running(tmp_path, csms, request.param)
        try:
            yield fleet
        finally:
            if fleet.process.poll() is None:
                fleet.process.send_signal(signal.SIGKILL)
            fleet.process.communicate()


def test_a_card_reaches_any_evse_of_any_station(running: Running) -> None:
    assert running.verb("plug-in", "--to", "LT-00017", "--connector", "2").returncode == 0
    tapped = running.verb("tap", "04A1B2C3", "--to", "LT-00017", "--connector", "2", "--json")
    assert json.loads(tapped.stdout)["data"]["result"] == "USED_TO_START", tapped.stderr

    def charges() -> bool:
        evses = running.ask("GET", "stations/LT-00017")["evses"]
        return [evse["state"] for evse in evses] == ["idle", "charging"]

    running.until(charges)
    status = running.verb("status", "--to", "plan/LT-00017")
    assert "card 04A1B2C3" in status.stdout
    answer = running.ask("POST", "stations/LT-00017/commands/tap?wait=10", {"tagId": "04A1B2C3", "connector": 2})
    assert answer["data"]["result"] == "USED_TO_STOP"
    lost = running.verb("status")
    assert lost.returncode == 1
    assert "say which of its stations" in lost.stderr
    assert "--to LT-00001" in lost.stderr
    assert "no station 'LT-00099' runs here" in running.verb("plug-in", "--to", "LT-00099").stderr
    running.process.send_signal(signal.SIGINT)
    report = running.end()
    assert report["up"] == 30
    books = running.csms.report()
    assert (books["transactions"], books["wrong"]) == (1, [])


def test_a_card_at_a_desk_reader_reaches_a_station_of_the_fleet(running: Running) -> None:
    assert running.verb("plug-in", "--to", "LT-00005", "--connector", "1").returncode == 0
    with udp_card() as field:
        field.put(TypeA("04A1B2C3D4E5F6"))
        seen = running.verb("tap", "--reader", field.address, "--to", "LT-00005", "--connector", "1", "--json")
    assert seen.returncode == 0, seen.stderr
    shown = json.loads(seen.stdout.strip().splitlines()[-1])
    assert (shown["tagId"], shown["answer"]["data"]["result"]) == ("04A1B2C3D4E5F6", "USED_TO_START")
    running.until(lambda: running.ask("GET", "stations/LT-00005")["evses"][0]["state"] == "charging")


def test_it_is_scaled_struck_and_stopped(running: Running) -> None:
    assert running.ask("POST", "fleet/scale", {"stations": 20, "ramp": "1s"})["ok"] is True
    running.until(lambda: running.online() == 20)
    assert running.ask("GET", "stations?limit=2&offset=19")["total"] == 20
    assert running.ask("GET", "stations/LT-00021")["status"] == 404
    assert running.ask("POST", "fleet/scale", {"stations": 30})["ok"] is True
    running.until(lambda: running.online() == 30)
    refused = running.ask("POST", "fleet/scale", {"stations": 31})
    assert (refused["status"], refused["detail"]) == (400, "this fleet has 30 stations at most")

    boots = running.csms.report()["actions"]["BootNotification"]
    assert running.ask("POST", "fleet/inject", {"do": "blackout", "share": "20%", "for": "1s"})["ok"] is True
    running.until(lambda: running.online() == 24)
    running.until(lambda: running.csms.report()["actions"]["BootNotification"] == boots + 6)
    running.until(lambda: running.ask("GET", "fleet")["up"] == 30)
    connects = len(running.csms.report()["connects"])
    assert running.ask("POST", "fleet/inject", {"do": "reconnect_storm"})["ok"] is True
    running.until(lambda: len(running.csms.report()["connects"]) == connects + 30)
    running.until(lambda: running.ask("GET", "fleet")["up"] == 30)
    network = {"do": "network", "for": "2s", "params": {"latency": "300ms"}}
    assert running.ask("POST", "fleet/inject", network)["ok"] is True
    began_s = time.monotonic()
    assert running.ask("POST", "stations/LT-00003/commands/heartbeat?wait=10")["ok"] is True
    assert 0.6 < time.monotonic() - began_s < 2
    wrong = running.ask("POST", "fleet/inject", {"do": "blckout", "for": "1s"})
    assert (wrong["status"], wrong["detail"]) == (400, "nothing is called 'blckout'; did you mean 'blackout'?")

    assert running.ask("POST", "fleet/pause")["ok"] is True
    assert running.ask("GET", "fleet")["paused"] is True
    assert running.ask("POST", "fleet/stop")["ok"] is True
    report = running.end()
    assert report["actions"]["Heartbeat"]["max_ms"] < 200
    assert report["run"]["end"] == "stopped"
    assert not list(Path(running.env["XDG_RUNTIME_DIR"]).rglob("*.json"))
