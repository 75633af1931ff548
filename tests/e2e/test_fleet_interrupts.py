"""Ctrl-C and SIGTERM at any moment of `station fleet`: never silence, never a traceback, and no waiting for nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet_csms import FleetCsms, fleet_csms
from tests.support.pty_process import ROOT, on_a_terminal

pytestmark = pytest.mark.timeout(180)
EARLY = "interrupted before it began"
PATIENCE_S = 60.0


@pytest.fixture
def csms() -> Iterator[FleetCsms]:
    """A central system that does what it should."""
    with fleet_csms() as running:
        yield running


def command(csms: FleetCsms, *arguments: str) -> list[str]:
    """A fleet that takes a while to come up."""
    flags = ["-n", "50", "--ramp", "10s", "--csms", csms.url, "--ocpp", "1.6"]
    return [sys.executable, "-m", "station", "fleet", *flags, *arguments]


def minded(process: int) -> None:
    """Wait until the program minds signals; before, it is the interpreter that starts. proc(5): SigCgt."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        status = Path(f"/proc/{process}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)
    raise AssertionError("it never minded SIGTERM")


class Interrupted:
    """A fleet in a pipe that gets a signal so long after it minds them, or after it has said so many lines."""

    def __init__(self, words: Sequence[str], number: signal.Signals, after_s: float, lines: int = 0) -> None:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            assert process.stdout is not None
            minded(process.pid)
            said = "".join(process.stdout.readline() for _ in range(lines))
            time.sleep(after_s)
            began_s = time.monotonic()
            process.send_signal(number)
            rest, self.errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
            process.wait()
        self.output = said + rest
        self.took_s = time.monotonic() - began_s
        self.code = process.returncode

    @property
    def last(self) -> dict[str, Any]:
        """The last line of ``--json``."""
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [[], ["--workers", "2"]])
def test_in_a_pipe_no_moment_is_silent(csms: FleetCsms, number: signal.Signals, workers: list[str]) -> None:
    pytest.importorskip("distributed") if workers else None
    seen = set()
    at_s = 0.0
    while "report" not in seen and at_s < 20.0:
        run = Interrupted(command(csms, "--json", *workers), number, at_s)
        assert run.errors == "", at_s
        if run.code:
            assert (run.code, run.last) == (1, {"ok": False, "error": EARLY, "hint": "the same again"}), at_s
            seen.add("early")
        else:
            assert run.last["stations"] == 50 and run.last["run"]["end"] == "stopped", at_s
            seen.add("report")
        at_s = at_s * 1.3 + 0.1
    assert seen == {"early", "report"}


def test_on_a_terminal_no_moment_is_silent(csms: FleetCsms) -> None:
    seen = set()
    at_s = 0.0
    while "report" not in seen and at_s < 20.0:
        with on_a_terminal(command(csms)) as terminal:
            minded(terminal.process.pid)
            time.sleep(at_s)
            terminal.press("\x03")
            code, lines = terminal.ended(), terminal.lines
        text = "\n".join(lines)
        assert "Traceback" not in text
        early = EARLY in text
        assert text.count(EARLY) == early and (early or "/50" in text), (at_s, text)
        assert code == (1 if early else 0)
        seen.add("early" if early else "report")
        at_s = at_s * 1.3 + 0.1
    assert seen == {"early", "report"}


def test_of_a_ramp_that_was_interrupted_those_are_up_that_were(csms: FleetCsms) -> None:
    run = Interrupted(command(csms, "--json"), signal.SIGINT, 2.5, lines=1)
    report = run.last
    assert run.code == 0 and report["run"]["end"] == "stopped"
    assert 5 <= report["up"] <= report["booted"] < 50
    *_, ramp = (json.loads(line) for line in run.output.splitlines() if '"phase": "ramp"' in line)
    assert report["up"] == ramp["up"]


def test_nobody_waits_for_a_station_that_was_never_there(csms: FleetCsms, tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text("id,url\nA,\nB,\nC,\nD,\nE,ws://127.0.0.1:1/ocpp\n")
    words = [sys.executable, "-m", "station", "fleet", "--stations", str(tmp_path / "stations.csv"), "--ramp", "0s"]
    run = Interrupted([*words, "--csms", csms.url, "--ocpp", "1.6", "--json"], signal.SIGINT, 2.0, lines=1)
    assert run.code == 0 and run.took_s < 5.0
    assert (run.last["up"], run.last["booted"], run.last["undelivered"]) == (4, 4, 0)
    assert run.last["connections"]["failed"]["refused"] > 0


@pytest.mark.parametrize("after_s", [0.0, 0.05])
def test_who_interrupts_a_burst_does_not_wait(csms: FleetCsms, after_s: float) -> None:
    words = [sys.executable, "-m", "station", "fleet", "-n", "300", "--ramp", "0s", "--csms", csms.url]
    run = Interrupted([*words, "--ocpp", "1.6", "--json"], signal.SIGINT, after_s, lines=1)
    assert run.code == 0 and run.took_s < 5.0
    assert run.last["undelivered"] == 0


def test_a_signal_after_the_report_changes_nothing(csms: FleetCsms) -> None:
    words = [sys.executable, "-m", "station", "fleet", "-n", "200", "--ramp", "0s", "--for", "500ms"]
    with subprocess.Popen(
        [*words, "--csms", csms.url, "--ocpp", "1.6", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        report = next(line for line in process.stdout if '"actions"' in line)
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr.read() == ""
    assert json.loads(report)["run"]["end"] == "done"
