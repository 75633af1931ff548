"""Frames as lines of a file: every secret is masked, and no frame is too odd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from station.host.tracing import Tracer, masked


@pytest.mark.parametrize(
    "value",
    [
        {"key": "AuthorizationKey", "value": "SECRET"},
        {"configurationKey": [{"key": "authorizationkey", "readonly": False, "value": "SECRET"}]},
        {"setVariableData": [{"variable": {"name": "BasicAuthPassword"}, "attributeValue": "SECRET"}]},
        {"connectionData": {"basicAuthPassword": "SECRET", "apn": {"apnPassword": "SECRET"}}},
        {"location": "ftp://user:SECRET@files.example/x"},
        {"location": "https://SECRET@files.example/x?y=1"},
        [["ftp://user:SECRET@h/"]],
        {"location": "https://files.example/x?token=SECRET"},
        {"location": "ftp://user:pa@SECRET@files.example/x"},
        {"location": "ftp://user:pa/SECRET@files.example/x"},
        {"location": "ftp://user:pa?SECRET@files.example/x"},
        {"location": "ftp://user:#SECRET@[::1]:21/x"},
        {"data": '{"location":"ftp://user:SECRET@files.example/x?SECRET"}'},
    ],
)
def test_secrets_are_masked(value: Any) -> None:
    assert "SECRET" not in json.dumps(masked(value))


@pytest.mark.parametrize(
    "value",
    [
        {"key": "HeartbeatInterval", "value": "300"},
        {"url": "https://files.example:8443/a@b"},
        {"url": "wss://[::1]:9000/a"},
        3,
        None,
        "text",
        [],
    ],
)
def test_the_rest_stays(value: Any) -> None:
    assert masked(value) == value


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    Tracer(None, tmp_path / "trace").close()
    assert (tmp_path / "trace").stat().st_mode & 0o777 == 0o600


def test_results_get_the_action_of_their_call(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    tracer = Tracer(told.append, tmp_path / "trace")
    for direction, text in (
        (">", '[2,"a","Heartbeat",{}]'),
        ("<", '[2,"a","Reset",{"type":"Soft"}]'),
        (">", '[3,"a",{"status":"Accepted"}]'),
        ("<", '[3,"a",{"currentTime":"now"}]'),
        (">", '[2,"b","Authorize",{"idTag":"AA"}]'),
        ("<", '[4,"b","InternalError","",{}]'),
        ("<", '[3,"nobody-asked",{}]'),
        ("<", "no frame"),
        ("<", "[" * 5000),
        ("<", b"\xff\xfe"),
        ("<", "[2]"),
        ("<", "{}"),
        ("<", '[2,{"deep":1},null,null]'),
    ):
        tracer.frame(direction, text)
    tracer.close()
    tracer.frame("<", "after the end")
    actions = [(line["direction"], line["action"]) for line in told]
    assert actions[:6] == [
        (">", "Heartbeat"), ("<", "Reset"), (">", "Reset"), ("<", "Heartbeat"), (">", "Authorize"),
        ("<", "Authorize CallError"),
    ]  # fmt: skip
    lines = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    assert len(lines) == 13
    assert [line["action"] for line in lines] == [line["action"] for line in told[:13]]


def test_a_trace_goes_on_behind_what_stands_there(tmp_path: Path) -> None:
    for _ in range(2):
        tracer = Tracer(None, tmp_path / "trace")
        tracer.frame(">", '[2,"a","Heartbeat",{}]')
        tracer.close()
    assert len((tmp_path / "trace").read_text().splitlines()) == 2
