"""`station check`, `schema` and `init`."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from station.cli.profiles import check, init, schema
from tests.support.pki import lab

app = typer.Typer()
app.command()(check)
app.command()(schema)
app.command()(init)
runner = CliRunner()


def test_init_then_check(tmp_path: Path) -> None:
    path = tmp_path / "station.yaml"
    assert runner.invoke(app, ["init", str(path)]).exit_code == 0
    result = runner.invoke(app, ["check", str(path), "--explain"])
    assert result.exit_code == 0
    assert f"station.id = CP-0001    # {path}:6:7" in result.stdout
    assert "ok. CP-0001, 1 EVSE, the embedded CSMS, store in memory" in result.stdout


def test_init_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "station.yaml"
    path.write_text("mine")
    assert runner.invoke(app, ["init", str(path)]).exit_code == 2
    assert path.read_text() == "mine"
    assert runner.invoke(app, ["init", str(tmp_path / "no" / "x.yaml")]).exit_code == 1


def test_what_is_neither_a_profile_nor_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    for text, said in (("- 1\n", "a profile or a plan is a mapping of blocks"), ("", "plans are in profiles/fleets")):
        path.write_text(text)
        result = runner.invoke(app, ["check", str(path)])
        assert result.exit_code == 2
        assert said in result.stderr


def test_problems_are_compiler_lines_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("car: {sok: 5%}\n")
    result = runner.invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert f"{path}:1:7: unknown key 'sok' in car; did you mean 'soc'?" in result.stderr
    assert "try:" in result.stderr


def test_json_answers(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("car: {sok: 5%}\n")
    data = json.loads(runner.invoke(app, ["check", str(path), "--json"]).stdout)
    assert data["problems"][0]["line"] == 1
    path.write_text("station: {id: A}\nstore: memory\n")
    data = json.loads(runner.invoke(app, ["check", str(path), "--json", "--explain"]).stdout)
    assert (data["ok"], data["id"]) == (True, "A")
    assert {"path": "station.id", "value": "A", "source": f"{path}:1:15"} in data["values"]


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    result = runner.invoke(app, ["check", str(tmp_path / "none.yaml")])
    assert result.exit_code == 2
    assert "station init" in result.stderr


def test_schema_is_json() -> None:
    result = runner.invoke(app, ["schema"])
    assert json.loads(result.stdout)["additionalProperties"] is False


def test_tls_files_that_cannot_be_used_are_told_at_their_place(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    files = f"{{ca: {lab().root}, cert: {lab().pem('station')}, key: {lab().key('server')}}}"
    path.write_text(f"csms: {{url: 'wss://localhost/ocpp',\n  security: {files}}}\nstore: memory\n")
    result = runner.invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert f"{path}:2:" in result.stderr
    assert "the key does not belong to the certificate" in result.stderr


def test_a_key_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    path, key = tmp_path / "p.yaml", tmp_path / "station.key"
    key.write_bytes(lab().key("station").read_bytes())
    key.chmod(0o644)
    files = f"{{ca: {lab().root}, cert: {lab().pem('station')}, key: {key}}}"
    path.write_text(f"csms: {{url: 'wss://localhost/ocpp', security: {files}}}\nstore: memory\n")
    result = runner.invoke(app, ["check", str(path)])
    assert result.exit_code == 0
    assert f"chmod 600 {key}" in result.stderr
