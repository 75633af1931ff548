"""The flags of `station fleet`, and `station check` of a plan."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from station.cli import fleet, fleet_options, profiles
from station.cli.fleet_flags import FleetOptions

URL = "ws://csms.test/ocpp"


class Verb:
    """`station fleet`, without the fleet."""

    def __init__(self) -> None:
        self.given: list[FleetOptions] = []
        self.app = typer.Typer()
        self.app.command("fleet")(fleet_options.command(self._run))
        self.app.command("check")(profiles.check)
        self.app.command("schema")(profiles.schema)

    def _run(self, options: FleetOptions) -> int:
        self.given.append(options)
        fleet.check_limits(fleet_options.loaded_plan(options).plan, 1)
        return 99

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        result = CliRunner().invoke(self.app, [str(one) for one in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Verb:
    monkeypatch.delenv("STATION_TOKEN", raising=False)
    return Verb()


def test_flags_reach_the_verb(verb: Verb, tmp_path: Path) -> None:
    html = tmp_path / "r.html"
    arguments = ["-n", "7", "--id", "X-{}", "--csms", URL, "--for", "1m", "--threshold", "boot.p95<2s"]
    more: list[str | Path] = [
        "--threshold",
        "call.errors<1%",
        "--html",
        html,
        "--csv",
        tmp_path / "new",
        "--workers",
        "2",
        "--seed",
        "4",
    ]
    arguments += ["--control", "127.0.0.1:0"]
    code, _, stderr = verb("fleet", *arguments, *more)
    (options,) = verb.given
    flags = options.overrides
    assert (code, stderr) == (99, "")
    assert (flags.count, flags.id, flags.csms, flags.run_for, flags.seed) == (7, "X-{}", URL, "1m", 4)
    assert flags.thresholds == ("boot.p95<2s", "call.errors<1%")
    assert (options.html, options.workers, options.virtual) == (html, 2, False)
    assert options.control is not None
    assert (options.control.host, options.control.port) == ("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--speed", "0"], "--speed 0.0: must be above 0"),
        (["--speed", "nan"], "--speed nan: must be above 0"),
        (["--seed", "-1"], "--seed -1: must not be negative"),
        (["--workers", "0"], "--workers 0: must be 1 or more"),
        (["--workers", "2", "--scheduler", "h:1"], "--workers starts processes here, --scheduler uses a cluster"),
        (["--scheduler", "foo"], "--scheduler 'foo' is not the address of a scheduler"),
        (["--scheduler", "http://127.0.0.1:1"], "--scheduler 'http://127.0.0.1:1' is not the address of a scheduler"),
        (["--scheduler", "tcp://192.0.2.1:8786"], "--scheduler tcp://192.0.2.1:8786: whoever is on the way"),
        (["--virtual", "--workers", "2"], "a virtual fleet has one clock, and runs in this process"),
        (["--html", "/nowhere/r.html"], "--html /nowhere/r.html: there is no folder /nowhere"),
        (["--html", "/tmp"], "--html /tmp: is a folder"),
        (["--junit", "/nowhere/r.xml"], "--junit /nowhere/r.xml: there is no folder /nowhere"),
        (["--csv", "/dev/null/x"], "--csv /dev/null/x: no folder that this user can write"),
        (["--control", "0.0.0.0:80"], "--control 0.0.0.0:80: can be reached from other machines and needs a token"),
        (["--control", "x"], "--control x: no port"),
        (["--virtual", "--control", "127.0.0.1:0"], "a virtual fleet is over before anybody could steer it"),
        (["--ramp", "x"], "--ramp: 'x': not a duration; write it like 30s"),
        (["--threshold", "x"], "--threshold: threshold 'x': not NAME.STAT<VALUE"),
        (["nowhere.yaml"], "nowhere.yaml: cannot be read: No such file or directory"),
    ],
)
def test_flags_that_cannot_be(verb: Verb, arguments: list[str], problem: str) -> None:
    code, stdout, stderr = verb("fleet", "--csms", URL, *arguments)
    assert (code, stdout) == (2, "")
    assert problem in stderr
    assert "   try: " in stderr


@pytest.mark.parametrize("url", ["ws://h:1/a b/{id}?t=geheim", "http://h:1/x?t=geheim", "h:1/x?t=geheim"])
@pytest.mark.parametrize("face", [[], ["--json"]])
def test_a_bad_url_is_shown_without_its_query(verb: Verb, url: str, face: list[str]) -> None:
    code, stdout, stderr = verb("fleet", "--csms", url, *face)
    assert code == 2
    assert "h:1/" in stdout + stderr
    assert "geheim" not in stdout + stderr


def test_problems_as_json(verb: Verb) -> None:
    code, stdout, _ = verb("fleet", "--json", "-n", "0", "--csms", URL)
    assert code == 2
    answer = json.loads(stdout)
    assert answer["ok"] is False
    assert [one["file"] for one in answer["problems"]] == ["-n"]


def test_a_token_opens_the_control_face(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATION_TOKEN", "abc")
    verb("fleet", "--csms", URL, "--control", "0.0.0.0:8080")
    verb("fleet", "--csms", URL, "--control", "off")
    verb("fleet", "--virtual")
    opened, off, virtual = (options.control for options in verb.given)
    assert opened is not None
    assert opened.token is not None
    assert (opened.host, opened.port, opened.token.reveal()) == ("0.0.0.0", 8080, "abc")
    assert (off, virtual) == (None, None)


def test_too_few_ports_are_a_warning(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.fleet.limits._local_ports", lambda: 5)
    _, _, stderr = verb("fleet", "--csms", URL, "-n", "6")
    assert stderr.startswith("! 6 stations dial csms.test, and this machine has 5 local ports for one address")


PLAN = "plan: {name: a}\ngroups: [{name: g, share: 100%}]\n"


def test_check_knows_a_plan(verb: Verb, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    code, stdout, _ = verb("check", path, "--explain")
    assert code == 0
    assert stdout == (
        "g: 10 stations, 1 EVSE, ocpp2.0.1, ocpp1.6, paced\n"
        f"{path}: ok. 10 stations, 1 group, 1 stage, 0 events, 0 thresholds; until it is told to end\n"
    )
    code, stdout, _ = verb("check", path, "--json")
    assert json.loads(stdout)["groups"] == [{"name": "g", "stations": 10, "pattern": "paced"}]


def test_check_says_what_is_wrong_with_a_plan(verb: Verb, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("groups: [{nam: g}]")
    code, _, stderr = verb("check", path)
    assert code == 2
    assert f"{path}:1:11: unknown key 'nam' in groups[0]; did you mean 'name'?" in stderr
    code, stdout, _ = verb("check", path, "--json")
    assert json.loads(stdout)["problems"][0]["column"] == 11


def test_the_schema_of_plans(verb: Verb) -> None:
    _, stdout, _ = verb("schema", "--fleet")
    assert json.loads(stdout)["title"] == "ocpp-station fleet plan"
