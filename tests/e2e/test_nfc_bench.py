"""The bench of the readers runs and says what it promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "scripts/bench_readers.py", "--version", "1.6", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    results: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    return results


def test_latencies_of_each_reader() -> None:
    results = bench("--taps", "3", "--only", "pn532", "--only", "keyboard")
    assert [result["reader"] for result in results] == ["pn532", "keyboard"]
    for result in results:
        assert 0 < result["reader_ms"]["p50"] <= result["authorize_ms"]["p50"] <= result["authorize_ms"]["max"]


def test_a_hanging_reader_is_a_fault_within_five_seconds_and_holds_up_nothing() -> None:
    [result] = bench("--hang", "3.5", "--only", "hang")
    assert result["fault_after_s"] < 5
    # The bench tells a few milliseconds; a busy machine does not spoil what would be seconds.
    assert result["loop_lag_ms"] < 500
