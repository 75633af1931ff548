"""`station fleet` as a load tester runs it: real processes, sockets, and a central system that keeps its own books."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet_csms import FleetCsms, fleet_csms
from tests.support.plain_client import PlainClient

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 100.0

pytestmark = pytest.mark.timeout(180)


def fleet(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``station fleet`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "station", "fleet", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=ROOT,
        check=False,
        **options,
    )


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A fleet that is not waited for; it ends with the test, however that ends."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def report_of(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last line of ``--json``."""
    assert run.stdout.strip(), run.stderr
    found: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return found


def plan(folder: Path, text: str) -> str:
    """A plan in a file."""
    path = folder / "plan.yaml"
    path.write_text(text)
    return str(path)


@pytest.fixture
def csms() -> Iterator[FleetCsms]:
    """A central system that does what it should."""
    with fleet_csms() as running:
        yield running


BACK_TO_BACK = "plan: {seed: 7}\ngroups:\n  - {name: busy, behaviour: {pattern: back-to-back, samples: 3}}\n"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_five_hundred_stations_have_whole_sessions(tmp_path: Path, csms: FleetCsms, version: str) -> None:
    run = fleet(
        plan(tmp_path, BACK_TO_BACK), "-n", "500", "--csms", csms.url, "--ocpp", version, "--for", "6s", "--json"
    )
    assert run.returncode == 0, run.stderr
    report, books = report_of(run), csms.report()
    assert books["wrong"] == []
    assert books["stations"] == books["most_online"] == 500
    assert books["twice"] == []
    assert report["stations"] == 500
    assert report["sessions"]["started"] == report["sessions"]["finished"] == books["with_card"] > 1000
    counted = {action: row["count"] for action, row in report["actions"].items()}
    assert counted == books["actions"]
    assert all(not row["errors"] for row in report["actions"].values())


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_delay_of_100_ms_is_reported_as_100_ms(tmp_path: Path, version: str) -> None:
    text = (
        "groups:\n  - {name: town, behaviour: {pattern: paced, session: 3s, pause: 1s, sample: 1s}}\n"
        'plan: {ramp: 2s, thresholds: ["call.p50<150ms", "call.p50<20ms"]}\n'
    )
    with fleet_csms(delay_s=0.1) as csms, PlainClient(csms.url, every_s=0.05) as client:
        run = fleet(plan(tmp_path, text), "-n", "50", "--csms", csms.url, "--ocpp", version, "--for", "8s", "--json")
        real_ms = csms.report()["median_delay_s"] * 1000
    report = report_of(run)
    # A machine that has other things to do answers late, and hears late: the latter as a plain client does.
    most_ms = max(real_ms, client.median_s * 1000) + 3.0
    assert real_ms > 99.0
    for action, row in report["actions"].items():
        assert real_ms - 3.0 <= row["p50_ms"] <= most_ms, action
    assert [verdict["ok"] for verdict in report["thresholds"]] == [True, False]
    assert run.returncode == 99


def test_a_stall_shows_in_p99_and_max(tmp_path: Path, csms: FleetCsms) -> None:
    text = "groups:\n  - {name: town, behaviour: {pattern: paced, session: 30s, pause: 1s, sample: 1s}}\n"
    command = [sys.executable, "-m", "station", "fleet", plan(tmp_path, text), "-n", "50", "--ocpp", "1.6", "--json"]
    command += ["--csms", csms.url, "--for", "20s"]
    with running(command) as process:
        _until(lambda: csms.report()["actions"].get("MeterValues", 0) > 100)
        csms.tell(stall_s=5.0)
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    values = json.loads(output.strip().splitlines()[-1])["actions"]["MeterValues"]
    assert values["p99_ms"] > 4000
    assert values["max_ms"] == pytest.approx(5000, abs=500)
    # Each value that should have been sent meanwhile has seen the stall, not one of each station.
    assert values["p90_ms"] > 500


def test_ctrl_c_ends_in_order_and_still_reports(tmp_path: Path, csms: FleetCsms) -> None:
    html, junit, folder = tmp_path / "report.html", tmp_path / "junit.xml", tmp_path / "csv"
    command = [sys.executable, "-m", "station", "fleet", plan(tmp_path, BACK_TO_BACK), "-n", "20", "--csms", csms.url]
    command += ["--ocpp", "2.0.1", "--html", str(html), "--junit", str(junit), "--csv", str(folder), "--json"]
    with running(command) as process:
        _until(lambda: csms.report()["transactions"] > 20)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    report, books = json.loads(output.strip().splitlines()[-1]), csms.report()
    assert books["wrong"] == [] and books["online"] == []
    assert report["sessions"]["finished"] == books["with_card"]
    page = html.read_text()
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    assert junit.read_text().startswith("<?xml") and (folder / "actions.csv").exists()


@pytest.mark.parametrize(("options", "code"), [({"refuse": 401}, 4), ({"boot": "Rejected"}, 4)])
def test_a_csms_that_refuses_everyone_is_a_clear_end(csms: FleetCsms, options: dict[str, Any], code: int) -> None:
    csms.tell(**options)
    began_s = time.monotonic()
    run = fleet("-n", "20", "--csms", csms.url, "--ocpp", "1.6", "--for", "5m", "--json")
    assert run.returncode == code
    assert time.monotonic() - began_s < 60
    assert "401" in run.stderr or "Rejected" in run.stderr
    assert "station run" not in run.stderr


def test_a_csms_that_is_not_there_is_a_clear_end() -> None:
    run = fleet("-n", "5", "--csms", "ws://127.0.0.1:1/ocpp", "--ocpp", "1.6", "--for", "5m")
    assert run.returncode == 3
    assert "127.0.0.1:1" in run.stderr and "try:" in run.stderr


def test_a_mistake_in_a_plan_has_its_place(tmp_path: Path) -> None:
    path = plan(tmp_path, "plan: {seed: 1}\ngroups:\n  - {name: a, behaviour: {pattern: paced, sesion: 3s}}\n")
    run = fleet(path, "-n", "5", "--csms", "ws://127.0.0.1:1/ocpp")
    assert run.returncode == 2
    assert f"{path}:3:" in run.stderr and "session" in run.stderr


def test_too_few_file_descriptors_say_the_limit_and_the_command(csms: FleetCsms) -> None:
    import resource

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    many = ("-n", "1000", "--csms", csms.url, "--ocpp", "1.6", "--for", "1s")
    run, as_json = fleet(*many, preexec_fn=few), fleet(*many, "--json", preexec_fn=few)
    assert (run.returncode, as_json.returncode) == (1, 1)
    assert "256" in run.stderr and "ulimit -n" in run.stderr
    answer = report_of(as_json)
    assert answer["ok"] is False and "256" in answer["error"] and "ulimit -n" in answer["hint"]


INTERFACE = """
plan: {seed: 1, ramp: 60s, for: 10m, ocpp: "1.6", thresholds: ["boot.p95<2s", "call.errors<0.1%"]}
stations: {id: "LT-{:05d}"}              # or a CSV: id, password, cert, key, connectors
cards: cards.csv                         # or a list; dealt out in turn
groups:
  - {name: busy, count: 100, station: wallbox.yaml, behaviour: {pattern: back-to-back, samples: 10}}
  - {name: town, share: 30%, station: {car: {battery: 52kWh}}, behaviour: {pattern: commuter}}
events:
  - {at: 3m, do: go_offline, share: 20%, for: 30s}
"""


def test_the_plan_that_the_interface_shows_runs(tmp_path: Path) -> None:
    (tmp_path / "wallbox.yaml").write_text("evses: [{max_current: 16A}]\n")
    (tmp_path / "cards.csv").write_text("idTag,type\n04A1B2C3,ISO14443\n04A1B2C4,ISO14443\n")
    report = report_of(fleet(plan(tmp_path, INTERFACE), "--virtual", "-n", "10", "--for", "4m", "--json"))
    assert (report["stations"], report["up"], report["generator"]) == (10, 10, "ok")
    assert report["sessions"]["finished"] > 0 and report["connections"]["lost"] == 2
    assert report["books"]["wrong"] == []
    assert [each["ok"] for each in report["thresholds"]] == [True, True]
    asked_for = {"count", "rate", "p50_ms", "p95_ms", "p99_ms", "max_ms", "errors"}
    assert asked_for <= report["actions"]["MeterValues"].keys()
    assert {"p99", "max"} <= report["loop_lag_ms"].keys() and report["loop_lag_ms"]["max"] == 0


WEATHER = """
plan: {ramp: 0s, end_patience: 30m, network: {latency: 50ms, jitter: 50ms, drop: 0.5%, reset: 0.2%}}
groups:
  - {name: a, share: 50%, behaviour: {pattern: back-to-back, samples: 3}}
  - {name: b, share: 50%, behaviour: {pattern: paced, session: 5s, pause: 2s, sample: 1s}}
events:
  - {at: 20s, do: reconnect_storm}
  - {at: 40s, do: csms_restart, for: 10s}
  - {at: 70s, do: blackout, for: 10s, share: 50%}
"""


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_bad_weather_costs_no_transaction(tmp_path: Path, version: str) -> None:
    arguments = ("--virtual", "-n", "6", "--for", "3m", "--ocpp", version, "--json")
    report = report_of(fleet(plan(tmp_path, WEATHER), *arguments))
    assert report["weather"]["dropped"] > 0 and report["weather"]["reset"] > 0
    assert (report["undelivered"], report["books"]["wrong"]) == (0, [])
    sessions, transactions = report["sessions"], report["books"]["finished"]
    # What begins with the cable is a transaction, but no session where no card is accepted for it.
    assert sessions["started"] == sessions["finished"] > 0
    assert sessions["started"] <= transactions if version == "2.0.1" else sessions["started"] == transactions


def test_a_virtual_day_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    path = plan(tmp_path, "groups:\n  - {name: town, behaviour: {pattern: commuter}}\n")
    arguments = (path, "-n", "10", "--virtual", "--for", "24h", "--ocpp", "2.0.1", "--json")
    one, same = (report_of(fleet(*arguments, "--seed", "3")) for _ in range(2))
    other = report_of(fleet(*arguments, "--seed", "4"))
    assert one["log_sha256"] == same["log_sha256"] != other["log_sha256"]
    assert one["sessions"]["finished"] == one["sessions"]["started"] > 0


def _until(true: Any, within_s: float = 40.0) -> None:
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s, "it never came about"
        time.sleep(0.05)
