"""The program is replaced and the store stays: older stores are taken over, newer ones refused with a sentence."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from pathlib import Path

import pytest

from tests.support.station_process import ROOT, StationProcess, verb

DUMPS = ROOT / "tests" / "unit" / "store" / "versions"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile whose store was written by the first version."""
    path = tmp_path / "station.yaml"
    path.write_text("station: {id: CP-1}\nstore: station.db\ncsms: {url: ws://127.0.0.1:9/}\n")
    db = sqlite3.connect(tmp_path / "station.db")
    db.executescript((DUMPS / "1.sql").read_text())
    db.close()
    return path


def test_a_store_of_the_first_version_is_taken_over(tmp_path: Path, profile: Path) -> None:
    async def main() -> None:
        async with StationProcess(tmp_path, str(profile), "--offline", "--control", "stdio") as station:
            status = await station.do("status")
            assert status["evses"][0]["meter_wh"] >= 1427.0
            assert status["queue"] > 0, "what was not told yet still is"
            assert await station.stop() == 0

    asyncio.run(main())
    assert not list(tmp_path.glob("*damaged*"))


def test_a_store_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path, profile: Path) -> None:
    path = tmp_path / "station.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    before = hashlib.sha256(path.read_bytes()).digest()
    ended = asyncio.run(verb(tmp_path, "run", str(profile), "--offline"))
    assert ended.returncode == 1
    assert "was written by a newer program (store version 99" in ended.stderr
    assert "install the newer program again" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert hashlib.sha256(path.read_bytes()).digest() == before
