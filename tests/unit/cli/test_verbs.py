"""Wrong usage, as people and as programs read it; the same for all verbs."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from station.cli.verbs import build

WRONG = [
    (["fleet", "--bogus"], "No such option: --bogus", "station fleet -h"),
    (["fleet", "-n", "x"], "Invalid value for '-n'", "station fleet -h"),
    (["run", "--speed", "x"], "Invalid value for '--speed'", "station run -h"),
    (["plug-in", "--connector", "x"], "Invalid value for '--connector'", "station plug-in -h"),
    (["csms", "check", "--bogus"], "No such option: --bogus", "station csms check -h"),
    (["bogus"], "No such command 'bogus'", "station -h"),
]


@pytest.mark.parametrize(("arguments", "words", "hint"), WRONG)
def test_wrong_usage_is_json_for_who_asked_for_it(arguments: list[str], words: str, hint: str) -> None:
    run = CliRunner().invoke(build(), [*arguments, "--json"], prog_name="station")
    assert (run.exit_code, run.stderr) == (2, "")
    (line,) = run.stdout.splitlines()
    answer = json.loads(line)
    assert answer["ok"] is False
    assert words in answer["error"] and answer["hint"] == hint


@pytest.mark.parametrize(("arguments", "words", "hint"), WRONG)
def test_and_text_for_others(arguments: list[str], words: str, hint: str) -> None:
    run = CliRunner().invoke(build(), arguments, prog_name="station")
    assert (run.exit_code, run.stdout) == (2, "")
    assert words in run.stderr and hint in run.stderr


def test_what_is_right_stays_as_it_is() -> None:
    run = CliRunner().invoke(build(), ["fleet", "--json", "--help"], prog_name="station")
    assert run.exit_code == 0
    assert "Run many stations" in run.stdout
