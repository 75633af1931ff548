"""What `station fleet` says at its beginning and its end, beside its figures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet_csms import FleetCsms, fleet_csms

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def csms() -> Iterator[FleetCsms]:
    """A central system that does what it should."""
    with fleet_csms() as running:
        yield running


def fleet(csms: FleetCsms, *arguments: str, output: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Two stations for half a second."""
    flags = ["-n", "2", "--ramp", "0s", "--for", "500ms", "--csms", csms.url, "--ocpp", "1.6"]
    words = [sys.executable, "-m", "station", "fleet", *flags, *arguments]
    return subprocess.run(words, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60, cwd=ROOT, check=False)


@pytest.mark.parametrize("face", [[], ["--json"]])
def test_what_is_not_verified_is_said(csms: FleetCsms, face: list[str]) -> None:
    assert fleet(csms, *face).stderr == ""
    assert "! the certificate of the CSMS is not verified" in fleet(csms, "--insecure", *face).stderr


def test_debug_logs_what_becomes_of_stations(csms: FleetCsms) -> None:
    run = fleet(csms, "--debug", "--json")
    assert run.returncode == 0
    assert "LT-00001: connected, and its boot is accepted" in run.stderr
    assert "sessions may begin" in run.stderr


def test_debug_logs_dials_that_failed() -> None:
    words = [sys.executable, "-m", "station", "fleet", "-n", "1", "--csms", "ws://127.0.0.1:1/x?t=geheim"]
    with subprocess.Popen([*words, "--debug"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT) as run:
        assert run.stderr is not None
        line = next(line for line in run.stderr if b"LT-00001" in line)
        run.kill()
    assert b"connection refused" in line and b"geheim" not in line


def test_no_more_processes_than_stations(csms: FleetCsms) -> None:
    pytest.importorskip("distributed")
    run = fleet(csms, "--workers", "50", "--json")
    assert run.returncode == 0
    assert "! --workers 50: for 2 stations no more than 2 are started" in run.stderr
    assert '"workers": 2' in run.stdout


@pytest.mark.parametrize("face", [[], ["--json"]])
def test_a_report_that_cannot_be_written_is_a_failure(csms: FleetCsms, face: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        run = fleet(csms, *face, output=full.fileno())
    assert run.returncode == 1
    assert "could not be written: No space left on device" in run.stderr
