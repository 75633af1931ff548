"""The bench of the readers runs and says what it promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_bench_prints_latencies() -> None:
    command = [sys.executable, "scripts/bench_readers.py", "--version", "1.6", "--taps", "3"]
    arguments = ["--only", "pn532", "--only", "keyboard"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    results = json.loads(done.stdout)["results"]
    assert [result["reader"] for result in results] == ["pn532", "keyboard"]
    for result in results:
        assert 0 < result["reader_ms"]["p50"] <= result["authorize_ms"]["p50"] <= result["authorize_ms"]["max"]
