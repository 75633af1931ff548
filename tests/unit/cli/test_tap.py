"""`station tap` with readers: what is shown, what is sent, how it ends."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from drivers import discovery
from drivers.discovery import Found
from station.cli import connection
from station.cli.connection import NotFoundError, TalkError, Target
from station.cli.verbs import build
from tests.support.interrupts import interrupted

runner = CliRunner()


class Station:
    """Stands for the running station: answers, and keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {
            "ok": True,
            "data": {
                "result": "USED_TO_START",
                "reason": "Accepted",
                "trace": [{"step": "csms", "answer": "Accepted"}],
            },
        }
        self.gone = False

    def command(self, _target: Target, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        assert name == "tap"
        self.sent.append(dict(params))
        if self.gone:
            raise TalkError("CP-1: connection refused", "station run")
        return self.answer


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch) -> Station:
    made = Station()
    monkeypatch.setattr(connection, "find", lambda to: Target(to or "CP-1", "http://127.0.0.1:1", None))
    monkeypatch.setattr(connection, "command", made.command)
    return made


def cards(where: Path, *entries: Mapping[str, str]) -> str:
    """A reader that plays these."""
    path = where / "cards.jsonl"
    path.write_text("".join(json.dumps({"at": "0s", **entry}) + "\n" for entry in entries))
    return f"replay:{path}"


def tap(*arguments: str) -> Result:
    return runner.invoke(build(), ["tap", *arguments])


def tap_until(arguments: tuple[str, ...], seconds: float) -> Result:
    """With Ctrl-C after that long."""
    with interrupted(signal.SIGINT, seconds):
        return tap(*arguments)


def test_one_card_and_the_end(tmp_path: Path) -> None:
    result = tap("--reader", cards(tmp_path, {"uid": "04A1B2C3D4E5F6"}))
    assert result.exit_code == 0
    assert "106A   04A1B2C3D4E5F6   7 bytes" in result.stdout
    assert "hold a card at: replay" in result.stderr


def test_every_form_is_explained_with_what_makes_a_reader_send_it(tmp_path: Path) -> None:
    result = tap("--reader", cards(tmp_path, {"uid": "04A1B2C3"}), "--explain")
    lines = {" ".join(line.split()) for line in result.stdout.splitlines()}
    assert "reversed decimal 3283263748 1.6 2.0.1 uid: {order: reversed, format: decimal}" in lines
    assert "as-read hex 04A1B2C3 1.6 2.0.1 as a reader sends it unless told otherwise" in lines


def test_a_long_number_fits_one_version_only(tmp_path: Path) -> None:
    result = tap("--reader", cards(tmp_path, {"uid": "00112233445566778899AA"}), "--explain", "--json")
    form = json.loads(result.stdout)["forms"][0]
    assert (form["token"], form["fits"]) == ("00112233445566778899AA", ["2.0.1"])


def test_a_random_uid_is_marked(tmp_path: Path) -> None:
    result = tap("--reader", cards(tmp_path, {"uid": "08A1B2C3"}), "--json")
    assert json.loads(result.stdout)["random"] is True
    assert "random: made up anew" in tap("--reader", cards(tmp_path, {"uid": "08A1B2C3"})).stdout


def test_a_card_goes_to_a_station(tmp_path: Path, station: Station) -> None:
    result = tap("--reader", cards(tmp_path, {"uid": "04A1B2C3"}), "--to", "CP-1", "--connector", "2")
    assert result.exit_code == 0, result.output
    assert station.sent == [{"tagId": "04A1B2C3", "connector": 2}]
    assert "USED_TO_START  Accepted" in result.stdout
    assert "csms  answer Accepted" in result.stdout


def test_the_form_sent_is_the_profiles(tmp_path: Path, station: Station) -> None:
    path = cards(tmp_path, {"uid": "04A1B2C3"}).removeprefix("replay:")
    profile = tmp_path / "p.yaml"
    reader = f"{{driver: replay, file: {path}, uid: {{format: decimal}}}}"
    profile.write_text(f"store: memory\nauth: {{readers: [{{driver: keyboard}}, {reader}]}}\n")
    assert tap("--profile", str(profile), "--to", "CP-1").exit_code == 0
    assert station.sent[0]["tagId"] == "77705923"


def test_a_random_uid_is_not_sent_unless_asked(tmp_path: Path, station: Station) -> None:
    reader = cards(tmp_path, {"uid": "08A1B2C3"})
    result = tap("--reader", reader, "--to", "CP-1")
    assert (result.exit_code, station.sent) == (1, [])
    assert "a random UID is no identity" in result.stdout
    assert tap("--reader", reader, "--to", "CP-1", "--accept-random").exit_code == 0
    assert station.sent[0]["tagId"] == "08A1B2C3"


def test_a_refusal_and_a_failure_are_exit_codes(tmp_path: Path, station: Station) -> None:
    reader = cards(tmp_path, {"uid": "04A1B2C3"})
    station.answer = {"ok": True, "data": {"result": "REJECTED", "reason": "Blocked"}}
    assert tap("--reader", reader, "--to", "CP-1").exit_code == 4
    station.answer = {"ok": False, "error": "no such connector"}
    result = tap("--reader", reader, "--to", "CP-1")
    assert (result.exit_code, "x no such connector" in result.stdout) == (1, True)
    station.gone = True
    result = tap("--reader", reader, "--to", "CP-1", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"] == "CP-1: connection refused"


def test_watching_goes_on_until_ctrl_c_and_shows_readers_side_by_side(tmp_path: Path) -> None:
    reader = cards(tmp_path, {"uid": "04A1B2C3"}, {"text": "HELLO", "at": "0.05s"})
    result = tap_until(("--reader", reader, "--reader", reader, "--watch", "--json"), 0.6)
    assert result.exit_code == 0
    assert sorted(json.loads(line)["tagId"] for line in result.stdout.splitlines()) == [
        "04A1B2C3",
        "04A1B2C3",
        "HELLO",
        "HELLO",
    ]


def test_ctrl_c_without_a_card_is_a_failure(tmp_path: Path) -> None:
    result = tap_until(("--reader", cards(tmp_path, {"uid": "04A1B2C3", "at": "60s"})), 0.2)
    assert (result.exit_code, "no card was seen" in result.stderr) == (1, True)


def test_ctrl_c_does_not_wait_for_an_answer(tmp_path: Path, station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def silent(*_args: object) -> Mapping[str, Any]:
        never.wait(20)
        return station.answer

    monkeypatch.setattr(connection, "command", silent)
    result = tap_until(("--reader", cards(tmp_path, {"uid": "04A1B2C3"}), "--to", "CP-1"), 0.5)
    never.set()
    assert (result.exit_code, "the answer did not come" in result.stderr) == (1, True)


def test_a_flood_of_cards_is_bounded(tmp_path: Path, station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(connection, "command", lambda *_: never.wait(20) and station.answer)
    many = ({"uid": f"04A1B2{number:02X}"} for number in range(12))
    result = tap_until(("--reader", cards(tmp_path, *many), "--to", "CP-1", "--watch", "--json"), 0.6)
    never.set()
    assert [json.loads(line)["error"] for line in result.stdout.splitlines()] == [
        "not sent: too many cards wait for their answers"
    ] * 4


def test_what_is_recorded_can_be_replayed(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    reader = cards(tmp_path, {"uid": "04A1B2C3"}, {"text": "HELLO"})
    tap_until(("--reader", reader, "--watch", "--record", str(record)), 0.5)
    result = tap_until(("--reader", f"replay:{record}", "--watch", "--json"), 0.6)
    assert {json.loads(line)["tagId"] for line in result.stdout.splitlines()} == {"04A1B2C3", "HELLO"}


def test_a_reader_that_cannot_be_opened_says_what_to_type(tmp_path: Path) -> None:
    for arguments in (("--reader", "/dev/not-there"), ("--reader", "/dev/not-there", "--watch")):
        result = tap(*arguments)
        assert result.exit_code == 5
        assert "/dev/not-there is not there" in result.stderr
        assert "try:" in result.stderr


def test_one_reader_that_is_gone_does_not_stop_the_other(tmp_path: Path) -> None:
    result = tap("--reader", "/dev/not-there", "--reader", cards(tmp_path, {"uid": "04A1B2C3", "at": "0.2s"}))
    assert result.exit_code == 0
    assert "04A1B2C3" in result.stdout
    assert "is not there" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--reader", "pn523:/dev/x"), 2, "did you mean 'pn532'"),
        (("--reader", "pn532:/dev/x,gap=soon"), 2, "gap"),
        (("--reader", "keyboard"), 2, "reads no cards"),
        (("--profile", "not-there.yaml"), 2, "station init"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], code: int, message: str) -> None:
    result = tap(*arguments)
    assert result.exit_code == code
    assert message in result.stderr


def test_a_profile_without_readers(tmp_path: Path) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text("store: memory\n")
    result = tap("--profile", str(profile))
    assert (result.exit_code, "names no reader" in result.stderr) == (2, True)


def test_without_a_reader_named_those_that_are_found_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cards(tmp_path, {"uid": "04A1B2C3"}).removeprefix("replay:")
    found = [Found("serial", "/dev/ttyS0"), Found("usb", path, driver="replay", option="file")]
    monkeypatch.setattr(discovery, "find", lambda: found)
    assert "04A1B2C3" in tap().stdout


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([], "station doctor"),
        ([Found("serial", "/dev/ttyUSB0")], "station tap --reader pn532:/dev/ttyUSB0"),
    ],
)
def test_no_reader_says_what_to_type(found: list[Found], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "find", lambda: found)
    result = tap()
    assert result.exit_code == 5
    assert message in result.stderr


def nobody(_to: str | None) -> Target:
    raise NotFoundError("no station runs here", "station run")


def test_a_typed_card_is_explained_without_a_station(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "find", nobody)
    result = tap("04:A1:B2:C3", "--explain")
    assert result.exit_code == 0
    assert "3283263748" in result.stdout
    assert "shown to no station" in result.stderr
    assert json.loads(tap("04A1B2C3", "--explain", "--json").stdout)["forms"][0]["token"] == "04A1B2C3"
    # Without --explain a station is needed.
    assert tap("04A1B2C3").exit_code == 1


@pytest.mark.parametrize(
    ("card", "fits"),
    [("HELLO", "1.6 2.0.1"), ("04A1B", "1.6 2.0.1"), ("CARD #1", "1.6"), ("ÄÖ", "neither"), ("A" * 100, "neither")],
)
def test_a_typed_card_that_is_no_uid_is_itself(monkeypatch: pytest.MonkeyPatch, card: str, fits: str) -> None:
    monkeypatch.setattr(connection, "find", nobody)
    result = tap(card, "--explain")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split(maxsplit=1)[1] == f"{card:<24} {fits}"
    assert "hex digits in pairs" in result.stdout
    forms = json.loads(tap(card, "--explain", "--json").stdout)["forms"]
    assert forms == [{"form": "text", "token": card, "fits": [] if fits == "neither" else fits.split()}]


@pytest.mark.parametrize("more", [(), ("--explain",), ("--to", "CP-1"), ("--watch",)])
def test_an_empty_card_is_no_wish_to_read_readers(more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "find", lambda: pytest.fail("looked for readers"))
    result = tap("", *more)
    assert (result.exit_code, "is empty" in result.stderr) == (2, True)


def test_a_typed_card_is_explained_and_shown_to_a_station(station: Station) -> None:
    result = tap("04A1B2C3", "--explain")
    assert result.exit_code == 0
    assert "3283263748" in result.stdout
    assert "USED_TO_START" in result.stdout
    assert station.sent[0]["tagId"] == "04A1B2C3"
