"""Which running station is meant by `--to`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from station.cli.connection import NotFoundError, TalkError, Target, call, find
from station.config.secret import Secret


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.delenv("STATION_TOKEN", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "ocpp-station"
    folder.mkdir()
    return folder


def runs(where: Path, station_id: str, control: str | None = "http://127.0.0.1:1", token: str | None = None) -> Path:
    path = where / f"{station_id}.{control and control[-1]}.json"
    content = {"id": station_id, "control": control, "token": token, "pid": os.getpid(), "started": "2026"}
    path.write_text(json.dumps(content))
    return path


def test_the_only_one_is_the_default(where: Path) -> None:
    runs(where, "CP-1", token="t")
    assert find(None) == Target("CP-1", "http://127.0.0.1:1", Secret("t"))
    assert find("CP-1").name == "CP-1"


def test_none_says_how_to_start_one(where: Path) -> None:
    for to in (None, "CP-9"):
        with pytest.raises(NotFoundError) as caught:
            find(to)
        assert caught.value.hint == "station run"


def test_several_are_listed(where: Path) -> None:
    runs(where, "CP-1")
    runs(where, "CP-2")
    with pytest.raises(NotFoundError, match="2 stations run: CP-1, CP-2"):
        find(None)
    with pytest.raises(NotFoundError, match="no station 'cp-3' runs here; did you mean 'CP-"):
        find("cp-3")
    assert find("CP-2").name == "CP-2"


def test_the_same_id_twice_is_told_apart_by_address(where: Path) -> None:
    runs(where, "CP-1", "http://127.0.0.1:1")
    runs(where, "CP-1", "http://127.0.0.1:2")
    with pytest.raises(NotFoundError, match=r"CP-1 at http://127.0.0.1:1 .* CP-1 at http://127.0.0.1:2"):
        find("CP-1")
    assert find("http://127.0.0.1:2").control == "http://127.0.0.1:2"


def test_urls_paths_and_sockets(where: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = runs(where, "CP-1", token="t")
    assert find("http://127.0.0.1:1/").token == Secret("t")
    assert find(str(path)).name == "CP-1"
    assert find("unix:/run/x").control == "unix:/run/x"
    with pytest.raises(NotFoundError, match="is no runtime file"):
        find(str(tmp_path / "none.json"))
    monkeypatch.setenv("STATION_TOKEN", "mine")
    assert find("http://charger.lan:8080").token == Secret("mine")


def test_a_station_without_http_cannot_be_commanded(where: Path) -> None:
    runs(where, "CP-1", None)
    with pytest.raises(NotFoundError, match="without an HTTP control face"):
        find(None)


def test_a_station_that_went_meanwhile_is_a_clear_error() -> None:
    target = Target("CP-1", "unix:/nonexistent/socket", None)
    with pytest.raises(TalkError, match="CP-1 at unix:/nonexistent/socket: No such file"):
        call(target, "GET", "/api/v1/status")
    with pytest.raises(TalkError, match="is no address"):
        call(Target("x", "http://127.0.0.1:99999", None), "GET", "/")
