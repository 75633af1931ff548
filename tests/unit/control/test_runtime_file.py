"""Runtime files: where, how, and what counts as running."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from station.config.secret import Secret
from station.control.runtime_file import RuntimeFile, folder, running

GONE = 2**22 + 1


def write(where: Path, name: str, station_id: str, pid: int) -> Path:
    path = where / name
    path.write_text(json.dumps({"id": station_id, "control": "http://127.0.0.1:1", "pid": pid, "started": "2026"}))
    return path


def test_the_folder_follows_the_environment() -> None:
    env = {"RUNTIME_DIRECTORY": "/run/a:/run/b", "XDG_RUNTIME_DIR": "/run/user/1", "XDG_STATE_HOME": "/state"}
    assert folder(env) == Path("/run/a/ocpp-station")
    del env["RUNTIME_DIRECTORY"]
    assert folder(env) == Path("/run/user/1/ocpp-station")
    del env["XDG_RUNTIME_DIR"]
    assert folder(env) == Path("/state/ocpp-station")
    assert folder({}) == Path.home() / ".local/state/ocpp-station"


def test_the_file_is_private_complete_and_removed(tmp_path: Path) -> None:
    with RuntimeFile("CP 1", "http://127.0.0.1:5", Secret("t0ken"), tmp_path) as file:
        assert file.path == tmp_path / "CP 1.json"
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        content = json.loads(file.path.read_text())
        assert content.pop("started").endswith("Z")
        assert content == {"id": "CP 1", "control": "http://127.0.0.1:5", "token": "t0ken", "pid": os.getpid()}
        (entry,) = running(tmp_path)
        assert (entry.id, entry.token, entry.pid) == ("CP 1", Secret("t0ken"), os.getpid())
    assert list(tmp_path.iterdir()) == []
    file.remove()


def test_an_id_is_never_a_path(tmp_path: Path) -> None:
    with RuntimeFile("../x", None, None, tmp_path) as file:
        assert file.path.parent == tmp_path


def test_files_of_the_dead_and_other_files_count_as_absent(tmp_path: Path) -> None:
    write(tmp_path, "a.json", "A", GONE)
    write(tmp_path, "b.json", "B", os.getppid())
    for name, text in {"c": "", "d": "[]", "e": "{", "f": '{"id": 1}', "g": "[" * 100_000}.items():
        (tmp_path / f"{name}.json").write_text(text)
    assert [entry.id for entry in running(tmp_path)] == ["B"]
    assert running(tmp_path / "none") == []


def test_the_same_id_twice_is_no_error_and_both_are_found(tmp_path: Path) -> None:
    write(tmp_path, "A.json", "A", os.getppid())
    with RuntimeFile("A", "http://127.0.0.1:2", None, tmp_path):
        assert json.loads((tmp_path / "A.json").read_text())["pid"] == os.getpid()
        assert sorted(entry.pid for entry in running(tmp_path)) == sorted([os.getpid(), os.getppid()])
    assert [entry.pid for entry in running(tmp_path)] == [os.getppid()]


def test_a_file_of_the_dead_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, "A.json", "A", GONE)
    with RuntimeFile("A", None, None, tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == ["A.json"]


def test_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        RuntimeFile("A", None, None, tmp_path / "file" / "x")
