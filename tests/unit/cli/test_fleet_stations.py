"""A station of a running fleet, as `--to` finds it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from station.cli import connection
from station.cli.connection import NotFoundError, TalkError, Target, find
from station.config.secret import Secret
from station.control.runtime_file import RuntimeFile, running

TOWN, CITY = "http://127.0.0.1:1", "http://127.0.0.1:2"


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.delenv("STATION_TOKEN", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "ocpp-station"
    folder.mkdir()
    return folder


@pytest.fixture
def fleets(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The stations of the fleets by their address; what is asked of them is answered from here."""
    ids: dict[str, list[str]] = {}

    def call(target: Target, method: str, path: str, body: Any = None, timeout_s: float = 30.0) -> Any:
        if target.control not in ids:
            raise TalkError("nobody there")
        if path.startswith("/api/v1/stations?"):
            return {"total": 1, "stations": [{"id": name} for name in ids[target.control][:1]]}
        name = path.removeprefix("/api/v1/stations/").replace("%3A", ":")
        return {"id": name} if name in ids[target.control] else {"ok": False, "error": "none"}

    monkeypatch.setattr(connection, "call", call)
    return ids


def runs(where: Path, name: str, control: str, *, fleet: bool = True, token: str | None = None) -> None:
    content = {"id": name, "control": control, "token": token, "pid": os.getpid(), "started": "2026", "fleet": fleet}
    (where / f"{name}-{control[-1]}.json").write_text(json.dumps(content))


def test_by_its_id_where_one_fleet_has_it(where: Path, fleets: dict[str, list[str]]) -> None:
    runs(where, "town", TOWN, token="t")
    runs(where, "city", CITY)
    fleets |= {TOWN: ["LT-1", "A:1"], CITY: ["CT-1"]}
    assert find("LT-1") == Target("LT-1", TOWN, Secret("t"), "/api/v1/stations/LT-1")
    assert find("A:1").path == "/api/v1/stations/A%3A1"
    assert find("CT-1").control == CITY


def test_a_station_of_its_own_comes_first_and_is_the_default(where: Path, fleets: dict[str, list[str]]) -> None:
    runs(where, "LT-1", "http://127.0.0.1:3", fleet=False)
    runs(where, "town", TOWN)
    fleets[TOWN] = ["LT-1", "LT-2"]
    assert find("LT-1").path == "/api/v1"
    assert find(None).name == "LT-1"
    assert find("town/LT-1").path == "/api/v1/stations/LT-1"
    assert find("LT-2").control == TOWN


def test_without_a_name_the_fleet_asks_for_one(where: Path, fleets: dict[str, list[str]]) -> None:
    runs(where, "town", TOWN)
    fleets[TOWN] = ["LT-1"]
    for to in (None, TOWN, str(next(where.glob("town*")))):
        with pytest.raises(NotFoundError, match="the fleet town runs here: say which of its stations") as caught:
            find(to)
        assert caught.value.hint == "--to LT-1"


def test_one_that_no_fleet_has(where: Path, fleets: dict[str, list[str]]) -> None:
    runs(where, "town", TOWN)
    fleets[TOWN] = ["LT-1"]
    for to in ("LT-9", "town/LT-9"):
        with pytest.raises(NotFoundError, match="no station 'LT-9' runs here; the fleet town runs, and has none"):
            find(to)


def test_one_that_two_fleets_have_is_told_apart_by_the_fleet(where: Path, fleets: dict[str, list[str]]) -> None:
    runs(where, "town", TOWN)
    runs(where, "city", CITY)
    fleets |= {TOWN: ["LT-1"], CITY: ["LT-1"]}
    with pytest.raises(NotFoundError, match="2 fleets have a station 'LT-1'") as caught:
        find("LT-1")
    assert caught.value.hint == "--to city/LT-1"
    assert find("town/LT-1").control == TOWN


def test_two_fleets_of_the_same_name_are_told_apart_by_address(where: Path, fleets: dict[str, list[str]]) -> None:
    runs(where, "town", TOWN)
    runs(where, "town", CITY)
    fleets |= {TOWN: ["LT-1"], CITY: ["LT-1"]}
    with pytest.raises(NotFoundError) as caught:
        find("town/LT-1")
    assert caught.value.hint == f"--to {TOWN}/api/v1/stations/LT-1"
    assert find(f"{TOWN}/api/v1/stations/LT-1") == Target(
        f"{TOWN}/api/v1/stations/LT-1", TOWN, None, "/api/v1/stations/LT-1"
    )


def test_a_fleet_that_does_not_answer_has_nothing(where: Path, fleets: dict[str, list[str]]) -> None:
    runs(where, "town", TOWN)
    with pytest.raises(NotFoundError) as caught:
        find("LT-1")
    assert caught.value.hint == "--to STATION"


def test_the_runtime_file_of_a_fleet(where: Path) -> None:
    with RuntimeFile("town", TOWN, None, fleet=True), RuntimeFile("town", CITY, None):
        found = running()
        assert [(entry.id, entry.fleet) for entry in found] == [("town", True), ("town", False)] or [
            (entry.id, entry.fleet) for entry in found
        ] == [("town", False), ("town", True)]
    assert running() == []
