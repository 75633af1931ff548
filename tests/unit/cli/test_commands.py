"""Verbs that are generated from the registry: what they send, print and return."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from station.cli import connection
from station.cli.connection import NotFoundError, Target
from station.cli.verbs import build
from station.control.registry import COMMANDS
from tests.support.fake_commandable import STATUS

runner = CliRunner()


class Fake:
    """Stands for the running station."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.to: str | None = None
        self.answer: dict[str, Any] = {"ok": True, "data": {}}

    def find(self, to: str | None) -> Target:
        self.to = to
        if to == "nobody":
            raise NotFoundError("no station 'nobody' runs here", "station run")
        return Target("CP-1", "http://127.0.0.1:1", None)

    def command(self, _target: Target, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.sent.append((name, dict(params)))
        return self.answer


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr(connection, "find", made.find)
    monkeypatch.setattr(connection, "command", made.command)
    return made


def run(*arguments: str) -> Any:
    return runner.invoke(build(), list(arguments))


def test_every_command_is_a_verb(fake: Fake) -> None:
    listed = run("--help").stdout
    for command in COMMANDS.values():
        assert command.verb in listed


@pytest.mark.parametrize(
    ("arguments", "name", "params"),
    [
        ("plug-in --connector 1", "plug_in", {"connector": 1, "ready": True}),
        ("plug-in --no-ready --soc 35.5", "plug_in", {"ready": False, "soc": 35.5}),
        ("unplug --evse 2 --evse-connector 1", "unplug", {"evse": 2, "evse_connector": 1, "side": "both"}),
        ("tap 00123456", "tap", {"tagId": "00123456", "tokenType": "ISO14443"}),
        ("tap A --type KeyCode --connector 2", "tap", {"tagId": "A", "tokenType": "KeyCode", "connector": 2}),
        ("authorize --tag-id A", "authorize", {"tagId": "A", "tokenType": "ISO14443"}),
        ("fault --error-code GroundFailure", "fault", {"errorCode": "GroundFailure"}),
        ("lock-failure --no-on", "lock_failure", {"on": False}),
        ("set-config --key HeartbeatInterval --value 007", "set_config", {"key": "HeartbeatInterval", "value": "007"}),
        ('send-ocpp --action Heartbeat --payload {"a":1}', "send_ocpp", {"action": "Heartbeat", "payload": {"a": 1}}),
    ],
)
def test_options_become_parameters(fake: Fake, arguments: str, name: str, params: dict[str, Any]) -> None:
    result = run(*arguments.split(), "--to", "CP-1")
    assert result.exit_code == 0, result.output
    assert fake.sent == [(name, {"timeout": 30, **params})]
    assert fake.to == "CP-1"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("plug-in --soc 200", "soc is 200, and must be at most 100"),
        ("authorize", "authorize needs tagId"),
        ("contactor-fault --kind lost", 'kind cannot be "lost"'),
        ("send-ocpp --action X --payload {", "--payload is no JSON"),
        ("plug-in --connector one", "--connector"),
        ("plug-in --nothing 1", "--nothing"),
    ],
)
def test_wrong_usage_is_exit_2(fake: Fake, arguments: str, error: str) -> None:
    result = run(*arguments.split())
    assert result.exit_code == 2
    assert error in result.stderr
    assert fake.sent == []


@pytest.mark.parametrize(
    ("arguments", "answer", "code"),
    [
        ("tap A", {"ok": True, "data": {"result": "USED_TO_START"}}, 0),
        ("tap A", {"ok": True, "data": {"result": "REJECTED", "reason": "Blocked"}}, 4),
        ("tap A", {"ok": False, "error": "no"}, 1),
        ("connect", {"ok": False, "error": "refused"}, 3),
        ("plug-in", {"ok": False, "error": "the pilot is real hardware"}, 1),
    ],
)
def test_exit_codes(fake: Fake, arguments: str, answer: dict[str, Any], code: int) -> None:
    fake.answer = answer
    assert run(*arguments.split()).exit_code == code
    result = run(*arguments.split(), "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout) == answer


def test_nobody_there_says_what_to_type(fake: Fake) -> None:
    result = run("status", "--to", "nobody")
    assert (result.exit_code, result.stderr) == (1, " x no station 'nobody' runs here\n   try: station run\n")
    result = run("status", "--to", "nobody", "--json")
    assert json.loads(result.stdout) == {
        "ok": False,
        "error": "no station 'nobody' runs here",
        "hint": "station run",
    }


def test_tap_without_a_card_needs_readers(fake: Fake) -> None:
    result = run("tap")
    assert result.exit_code == 5
    assert "no card reader was found" in result.stderr


def test_tap_explains(fake: Fake) -> None:
    fake.answer = {
        "ok": True,
        "data": {"result": "REJECTED", "reason": "Invalid", "trace": ["cache: no", {"step": "asked", "by": "csms"}]},
    }
    assert run("tap", "A").stdout == " REJECTED  Invalid\n"
    assert run("tap", "A", "--explain").stdout == " REJECTED  Invalid\n   cache: no\n   asked  by csms\n"


def test_status_for_people(fake: Fake) -> None:
    fake.answer = {"ok": True, "data": STATUS}
    assert run("status").stdout.splitlines() == [
        " CP-1  online  OCPP 1.6  boot Accepted  queue 2",
        " EVSE 1  Charging      car: plugged in  10.9 kW  transaction 7  card 04A1B2C3  0.03 kWh",
    ]
