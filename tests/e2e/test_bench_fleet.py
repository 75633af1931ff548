"""The bench of a fleet runs, small: a broken bench would guard nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench_fleet.py"
SMALL = ("--few=3", "--many=13", "--boots=5", "--stations=2", "--sessions=1", "--rounds=1", "--paced=3", "--paced-s=1")


def bench(version: str, *parts: str) -> dict[str, Any]:
    """The results by part."""
    only = [word for part in parts for word in ("--only", part)]
    command = [sys.executable, str(SCRIPT), "--version", version, *only, *SMALL]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=100, check=True)
    return {result["part"]: result for result in json.loads(done.stdout)["results"]}


@pytest.mark.parametrize(
    ("version", "actions"),
    [
        ("1.6", {"StatusNotification": 4, "Authorize": 1, "StartTransaction": 1, "MeterValues": 10}),
        ("2.0.1", {"StatusNotification": 2, "Authorize": 1, "TransactionEvent": 12}),
    ],
)
def test_a_session_has_the_calls_that_the_yardsticks_make_too(version: str, actions: dict[str, int]) -> None:
    session = bench(version, "session")["session"]
    assert {action: session["actions"].count(action) for action in actions} == actions
    assert session["sampled_values"] == 4
    assert session["naive_compressed"]
    assert session["ratio_to_naive"] > 0
    assert session["ratio_to_raw"] > 0


def test_memory_and_boots_are_measured_with_and_without_tls() -> None:
    results = bench("1.6", "memory", "memory_tls", "boot")
    assert results["memory"]["many"] == results["memory_tls"]["many"] == 13
    assert results["memory"]["tasks_per_station"] == results["memory_tls"]["tasks_per_station"] == 0
    assert results["boot"]["boots"] == 5
    assert 0 < results["boot"]["accepted_s"] <= results["boot"]["quiet_s"]


def test_paced_stations_are_tried_on_one_core() -> None:
    paced = bench("2.0.1", "paced")["paced"]
    # Three times at most, where others use the core.
    assert [one["stations"] for one in paced["tried"]] in ([3], [3, 3], [3, 3, 3])
    assert paced["tried"][0]["loop_lag_p99_ms"] >= 0
