"""What a user of `station fleet` sees: on a terminal, in a pipe, where nobody reads, and when Ctrl-C is pressed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet_csms import FleetCsms, fleet_csms
from tests.support.pty_process import ROOT, on_a_terminal

STATION = [sys.executable, "-m", "station", "fleet"]
PATIENCE_S = 60.0
PACED = "groups:\n  - {name: town, behaviour: {pattern: paced, session: 3s, pause: 1s, sample: 1s}}\n"
BUSY = "groups:\n  - {name: busy, behaviour: {pattern: back-to-back, samples: 3}}\n"
FIRST_LINE = re.compile(
    r" up \d+/200  charging \d+  faulted 0   calls/s \d+   generator (ok|saturated) \(lag p99 [\d.]+ m?s\)"
    r"   (ramp )?\d\d:\d\d / \d\d:\d\d =*>?-*"
)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def csms() -> Iterator[FleetCsms]:
    with fleet_csms() as running:
        yield running


def command(folder: Path, csms: FleetCsms, plan: str, stations: int, *arguments: str) -> list[str]:
    path = folder / "plan.yaml"
    path.write_text(plan)
    return [*STATION, str(path), "-n", str(stations), "--csms", csms.url, "--ocpp", "1.6", *arguments]


def test_the_table_changes_in_place_and_ends_with_the_thresholds(tmp_path: Path, csms: FleetCsms) -> None:
    thresholds = ["--threshold", "boot.p95<60s", "--threshold", "sessions.started>=100000"]
    line = command(tmp_path, csms, PACED, 200, "--ramp", "1s", "--for", "4s", *thresholds)
    with on_a_terminal(line) as terminal:
        shown = terminal.until(lambda rows: any(row.startswith(" MeterValues") for row in rows))
        assert FIRST_LINE.fullmatch(shown[0]), shown[0]
        assert shown[1].split() == ["name", "count", "rate", "p50", "p95", "p99", "max", "errors"]
        assert shown[2].startswith(" BootNotification              200 ")
        assert terminal.ended() == 99
        lines = terminal.lines
        assert terminal.picture.unknown == []
    assert re.fullmatch(r" up 200/200   sessions \d+ started, \d+ finished.*   \d+\.\d kWh   generator .*", lines[0])
    assert sum(row.startswith(" name ") for row in lines) == 1
    assert {"all calls", "connect", "upgrade", "accepted"} <= {row[1:21].rstrip() for row in lines}
    assert re.fullmatch(r" threshold boot\.p95<60s PASS \([\d.]+s\)", lines[-3])
    assert re.fullmatch(r" threshold sessions\.started>=100000 FAIL \(\d+\)     exit 99", lines[-2])
    assert lines[-1] == ""


def test_a_window_may_change_and_ctrl_c_ends_in_order(tmp_path: Path, csms: FleetCsms) -> None:
    page = tmp_path / "report.html"
    line = command(tmp_path, csms, PACED, 50, "--html", str(page))
    with on_a_terminal(line, 24, 120) as terminal:
        terminal.until(lambda rows: any(row.startswith(" MeterValues") for row in rows))
        terminal.resize(24, 80)
        terminal.until(lambda rows: re.fullmatch(r" \d\d:\d\d", rows[1]) is not None)
        terminal.resize(8, 80)
        terminal.until(lambda rows: any(row.startswith(" … and ") for row in rows))
        terminal.resize(24, 110)
        shown = terminal.until(lambda rows: any(row.startswith(" StopTransaction") for row in rows))
        # What a terminal has scrolled off its top is out of reach.
        table = shown[max(number for number, row in enumerate(shown) if row.startswith(" up ")) :]
        assert [row.split()[0] for row in table[:3]] == ["up", "name", "BootNotification"]
        assert len(table) <= 10
        terminal.press("\x03")
        assert terminal.ended() == 0
        lines = terminal.lines
    ending = lines.index(" ending in order; Ctrl-C again: at once")
    assert lines[ending + 1].startswith(" up 50/50   sessions ")
    assert lines[-2] == f" report: {page}"
    assert page.read_text().startswith("<!doctype html>")
    books = csms.report()
    assert books["wrong"] == [] and books["online"] == []


def test_ctrl_c_twice_waits_for_nothing(tmp_path: Path, csms: FleetCsms) -> None:
    plan = "plan: {end_patience: 60s}\n" + BUSY
    with on_a_terminal(command(tmp_path, csms, plan, 20)) as terminal:
        terminal.until(lambda rows: any(row.startswith(" StopTransaction") for row in rows))
        csms.tell(silent=["StopTransaction"])
        terminal.press("\x03")
        terminal.until(lambda rows: any("Ctrl-C again" in row for row in rows))
        began_s = time.monotonic()
        terminal.press("\x03")
        assert terminal.ended() == 0
        lines = terminal.lines
    assert time.monotonic() - began_s < 20
    assert any(re.fullmatch(r" ! \d+ messages? were not delivered when the run ended", row) for row in lines)


def test_a_stopped_terminal_stops_no_station(tmp_path: Path, csms: FleetCsms) -> None:
    with on_a_terminal(command(tmp_path, csms, BUSY, 50, "--for", "6s"), 50, 200) as terminal:
        terminal.until(lambda rows: any(row.startswith(" StopTransaction") for row in rows))
        terminal.halt()
        assert terminal.process.wait(PATIENCE_S) == 0
    books = csms.report()
    assert books["wrong"] == [] and books["online"] == []


@pytest.mark.parametrize("face", [[], ["--json"]])
def test_a_pipe_that_is_full_stops_no_station(tmp_path: Path, csms: FleetCsms, face: list[str]) -> None:
    source, sink = os.pipe()
    filled = _fill(sink)
    line = command(tmp_path, csms, BUSY, 50, "--for", "2s", *face)
    with subprocess.Popen(line, stdout=sink, cwd=ROOT) as process:
        os.close(sink)
        _until(lambda: (books := csms.report())["stations"] == 50 and not books["online"])
        with os.fdopen(source, "rb") as reader:
            heard = reader.read()[filled:].decode()
        assert process.wait(PATIENCE_S) == 0
    if face:
        assert json.loads(heard.splitlines()[-1])["run"]["end"] == "done"
    else:
        assert "\n all calls " in heard and heard.endswith("\n")


def test_ctrl_c_ends_the_wait_for_who_reads_the_report(tmp_path: Path, csms: FleetCsms) -> None:
    source, sink = os.pipe()
    _fill(sink)
    line = command(tmp_path, csms, BUSY, 5, "--for", "1s", "--json")
    with subprocess.Popen(line, stdout=sink, stderr=subprocess.PIPE, cwd=ROOT) as process:
        _until(lambda: (books := csms.report())["stations"] == 5 and not books["online"])
        end_s = time.monotonic() + 20.0
        while process.poll() is None and time.monotonic() < end_s:
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        process.kill()
        assert process.stderr is not None and process.stderr.read() == b""
        assert process.returncode in (1, 130, -signal.SIGINT)
    os.close(source)
    os.close(sink)


@pytest.mark.parametrize(("face", "words"), [("", "up "), ("--json", '"event": "progress"')])
def test_who_has_read_enough_is_no_error(tmp_path: Path, csms: FleetCsms, face: str, words: str) -> None:
    report = tmp_path / "report.html"
    fleet = " ".join(command(tmp_path, csms, BUSY, 20, "--for", "2s", "--html", str(report), face))
    run = subprocess.run(
        ["bash", "-c", f"{fleet} | head -1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=ROOT,
        check=False,
    )
    assert (run.returncode, len(run.stdout.splitlines())) == (0, 1)
    assert words in run.stdout
    assert run.stderr.replace(f" report: {report}\n", "") == ""
    assert report.exists()
    assert csms.report()["wrong"] == []


def test_in_a_pipe_there_are_plain_lines(tmp_path: Path, csms: FleetCsms) -> None:
    line = command(tmp_path, csms, BUSY, 20, "--for", "1s", "--threshold", "call.p50<10s")
    run = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE_S, cwd=ROOT, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "\x1b" not in run.stdout and "\r" not in run.stdout
    lines = run.stdout.splitlines()
    assert lines[0].startswith(" up 0/20  charging 0 ")
    assert lines[-1].startswith(" threshold call.p50<10s PASS (") and lines[-1].endswith(")     exit 0")


def _fill(sink: int) -> int:
    """So that not another byte goes in; answers how many are in it."""
    os.set_blocking(sink, False)
    filled = 0
    try:
        while True:
            filled += os.write(sink, b"." * 512)
    except BlockingIOError:
        os.set_blocking(sink, True)
    return filled


def _until(true: object) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end_s, "it never came about"
        time.sleep(0.05)
