"""The bench of the station runs, small: a broken bench would guard nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench_station.py"
SMALL = ("--few=3", "--many=13", "--boots=5", "--stations=2", "--sessions=1", "--rounds=1", "--loop=asyncio")


def bench(version: str, *parts: str) -> dict[str, Any]:
    """The results by part."""
    only = [word for part in parts for word in ("--only", part)]
    command = [sys.executable, str(SCRIPT), "--version", version, *only, *SMALL]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=100, check=True)
    return {result["part"]: result for result in json.loads(done.stdout)["results"]}


@pytest.mark.parametrize(("version", "calls"), [("1.6", 17), ("2.0.1", 15)])
def test_a_session_has_the_calls_that_it_is_compared_by(version: str, calls: int) -> None:
    session = bench(version, "session")["session"]
    assert session["calls_per_session"] == calls
    assert session["us_per_call"] > 0
    assert session["ratio_to_raw"] > 0


def test_an_idle_station_has_no_task_and_no_thread() -> None:
    results = bench("1.6", "memory", "boot", "call")
    assert results["memory"]["tasks_per_station"] == 0
    # Names are resolved in the loop's own pool, which all stations share.
    assert results["memory"]["threads"] <= 1 + min(32, (os.cpu_count() or 1) + 4)
    assert results["boot"]["boots"] == 5
    assert results["call"]["us_per_call"] > 0
