"""`station pair`: the codes of a profile, of a running station, and of a name; on terminals, and as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import segno
from typer.testing import CliRunner

from station.cli import connection, pair, qr
from station.cli.verbs import build

PROFILE = "station: {id: CP 001}\nstore: memory\nevses: [{id: 1}, {id: 2, connectors: [{id: 1}, {id: 2}]}]\n"
TEXTS = [f"ocpp://CP%20001?connector={number}" for number in (1, 2, 3)]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(build(), ["pair", *arguments])


@pytest.fixture
def profile(tmp_path: Path) -> str:
    path = tmp_path / "station.yaml"
    path.write_text(PROFILE)
    return str(path)


def matrix(text: str) -> list[list[int]]:
    return [list(row) for row in segno.make(text, micro=False, error="m").matrix_iter(border=4)]


def drawn(lines: list[str], dark: dict[str, tuple[int, ...]], width: int) -> list[list[int]]:
    """The fields that somebody sees, row by row; `dark` says what of a letter is dark."""
    rows: list[list[int]] = []
    for line in lines:
        letters = [line[at : at + width] for at in range(0, len(line), width)]
        rows += [list(row) for row in zip(*(dark[letter] for letter in letters), strict=True)]
    return rows


HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def inverted(letters: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {letter: tuple(1 - field for field in fields) for letter, fields in letters.items()}


@pytest.mark.parametrize(("unicode", "colours"), [(True, True), (True, False), (False, True), (False, False)])
def test_what_is_drawn_is_the_code(unicode: bool, colours: bool) -> None:
    fields = matrix(TEXTS[0])
    lines = list(qr.lines(fields, unicode=unicode, colours=colours))
    if colours:
        assert all(line.startswith("\x1b[30;107m") and line.endswith("\x1b[0m") for line in lines)
        lines = [line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m") for line in lines]
    else:
        assert "\x1b" not in "".join(lines)
    letters: dict[str, tuple[int, ...]] = dict(HALVES) if unicode else {"##": (1,), "  ": (0,)}
    seen = drawn(lines, letters if colours else inverted(letters), 1 if unicode else 2)
    assert seen[: len(fields)] == fields
    assert not any(field for row in seen[len(fields) :] for field in row)
    if not unicode:
        assert "".join(lines).isascii()


def test_all_connectors_of_a_profile_are_shown(profile: str) -> None:
    result = run(profile)
    assert result.exit_code == 0
    assert [text for text in TEXTS if text in result.stdout] == TEXTS
    assert "\x1b" not in result.stdout  # no terminal


def test_one_connector_as_files(profile: str, tmp_path: Path) -> None:
    svg, png = tmp_path / "a.svg", tmp_path / "a.png"
    result = run(profile, "--connector", "2", "--svg", str(svg), "--png", str(png), "--json")
    assert json.loads(result.stdout) == {
        "ok": True,
        "station": "CP 001",
        "pairings": [{"connector": 2, "text": TEXTS[1], "svg": str(svg), "png": str(png)}],
    }
    assert b"<svg" in svg.read_bytes()
    assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_several_connectors_get_files_of_their_own(profile: str, tmp_path: Path) -> None:
    result = run(profile, "--svg", str(tmp_path / "a.svg"))
    assert result.exit_code == 0
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["a-1.svg", "a-2.svg", "a-3.svg"]


def test_a_name_is_enough(tmp_path: Path) -> None:
    del tmp_path
    assert json.loads(run("--id", "CP001", "--json").stdout)["pairings"] == [
        {"connector": 1, "text": "ocpp://CP001?connector=1"}
    ]


def test_a_running_station_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def command(target: Any, name: str, params: Any) -> dict[str, Any]:
        asked.append((target, name))
        return {"ok": True, "data": {"id": "CP001", "evses": [{}, {}]}}

    monkeypatch.setattr(connection, "find", lambda to: to)
    monkeypatch.setattr(connection, "command", command)
    assert len(json.loads(run("--to", "CP001", "--json").stdout)["pairings"]) == 2
    assert asked == [("CP001", "status")]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--id", "a:b"), 2, "no colon"),
        (("--id", "CP1", "--to", "CP2"), 2, "exclude"),
        (("--id", "CP1", "--connector", "0"), 2, "greater than or equal"),
        (("--id", "CP1", "--connector", "10000"), 2, "9999"),
        (("--to", "nobody"), 1, "runs here"),
        (("--id", "CP1", "--svg", "/nonexistent/a.svg"), 1, "/nonexistent/a.svg"),
        (("/nonexistent/station.yaml",), 2, "station init"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_a_connector_that_the_profile_lacks(profile: str) -> None:
    result = run(profile, "--connector", "4", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"] == "CP 001 has no connector 4; it has 3"


@pytest.mark.parametrize(
    ("term", "tty", "colours"), [("xterm", True, True), ("dumb", True, False), ("xterm", False, False)]
)
def test_colours_are_for_terminals_that_have_them(
    monkeypatch: pytest.MonkeyPatch, term: str, tty: bool, colours: bool
) -> None:
    class Output:
        encoding = "ANSI_X3.4-1968"

        def isatty(self) -> bool:
            return tty

    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(pair.sys, "stdout", Output())
    assert (pair._has_colours(), pair._speaks_utf8()) == (colours, False)
