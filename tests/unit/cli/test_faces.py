"""What a running station shows: files, first output, and that all of it goes again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from station.cli.faces import Faces, header_of
from station.cli.screen import Header
from station.config import ControlConfig, Overrides, Secret, load
from station.host.options import RunOptions
from tests.support.fake_commandable import FakeCommandable

HEADER = Header("embedded", "ws://127.0.0.1:1/ocpp", "", "OCPP 1.6", None)
OFF = ControlConfig(http=False, host="127.0.0.1", port=0, token=None)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "ocpp-station" / "CP-1.json"


def session(options: RunOptions, file: Path, control: ControlConfig = OFF) -> tuple[dict[str, Any], bool]:
    """Opens the faces, tells two events, closes; gives the runtime file and whether a stop was asked for."""

    async def scenario() -> tuple[dict[str, Any], bool]:
        station, asked = FakeCommandable(), asyncio.Event()
        faces = Faces(station, options, asked.set)
        await faces.open(control, lambda _url: HEADER)
        written = json.loads(file.read_text())
        assert written["control"] == faces.control_url
        await asyncio.sleep(0)
        station.emit("wire", direction=">", action="Heartbeat", messageId="1", payload={})
        station.emit("transaction_started", connector=1, id="a", transactionId=None, tagId="04A1")
        if options.lines:
            await asyncio.wait_for(asked.wait(), 10)
        await faces.close()
        await faces.close()
        assert station.listeners == []
        assert not file.exists()
        return written, asked.is_set()

    return asyncio.run(scenario())


def test_json_begins_with_ready(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    written, _ = session(RunOptions(json=True), file)
    assert (written["id"], written["control"], written["token"]) == ("CP-1", None, None)
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["ready", "transaction_started"]
    assert events[0]["data"] == {"control": None}
    session(RunOptions(json=True, wire=True), file)
    assert len(capfd.readouterr().out.splitlines()) == 3


def test_lines_stop_when_there_is_no_input(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, asked = session(RunOptions(lines=True), file)
    assert asked
    out = capfd.readouterr().out.splitlines()
    assert json.loads(out[0])["event"] == "ready"


def test_the_screen_of_a_pipe_is_plain(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    session(RunOptions(), file)
    out = capfd.readouterr().out
    assert out.startswith(" CSMS     embedded  ws://127.0.0.1:1/ocpp     OCPP 1.6\n Control  off\n EVSE 1  Charging")
    assert "transaction started  card 04A1\n" in out
    assert "\x1b" not in out


def test_http_is_in_the_file_with_its_token(file: Path) -> None:
    control = ControlConfig(http=True, host="127.0.0.1", port=0, token=Secret("t"))
    written, _ = session(RunOptions(json=True), file, control)
    assert written["control"].startswith("http://127.0.0.1:")
    assert written["token"] == "t"


def test_the_header_tells_what_is_not_verified() -> None:
    demo = header_of(load().profile, RunOptions(), "ws://127.0.0.1:1/ocpp", "http://127.0.0.1:2")
    assert (demo.csms, demo.url, demo.control) == ("embedded", "ws://127.0.0.1:1/ocpp", "http://127.0.0.1:2")
    assert demo.warnings == ()
    flags = Overrides(csms="wss://csms.example/ocpp", id="CP-7", ocpp="1.6", insecure=True)
    real = header_of(load(None, flags).profile, RunOptions(insecure=True), None, None)
    assert (real.csms, real.url, real.versions) == ("", "wss://csms.example/ocpp/CP-7", "OCPP 1.6")
    assert "not verified" in real.warnings[0]


def test_the_header_shows_no_query_where_tokens_live() -> None:
    flags = Overrides(csms="wss://csms.example/{id}/x?token=geheim", id="CP-7", ocpp="1.6")
    header = header_of(load(None, flags).profile, RunOptions(), None, None)
    assert header.url == "wss://csms.example/CP-7/x"
