"""station.host.tls_check: TLS files that cannot be used, told before anything is dialled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from station.config import from_mapping
from station.host.tls_check import doubtful, exposed, unusable
from tests.support.pki import lab, station_profile


def said(url: str = "wss://localhost:1/ocpp", **security: Any) -> list[tuple[str, str]]:
    """What is wrong: which setting, and the message."""
    profile = from_mapping(station_profile(url, **security), Path("/nonexistent"), env={}).profile
    return [(problem.key, problem.message) for problem in unusable(profile)]


def good(**more: Any) -> dict[str, Any]:
    """The settings of security profile 3."""
    return {"ca": lab().root, "cert": lab().pem("station"), "key": lab().key("station")} | more


def test_files_that_belong_together() -> None:
    assert said(**good()) == []


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        ({"key": "server"}, "key", "does not belong to the certificate"),
        ({"key": "station-rsa"}, "key", "does not belong to the certificate"),
        ({"cert": "none"}, "cert", "No such file"),
        ({"key": "none"}, "key", "No such file"),
        ({"ca": "none"}, "ca", "No such file"),
    ],
)
def test_files_that_cannot_be_used(change: dict[str, str], key: str, message: str) -> None:
    files = {name: lab().key(file) if name == "key" else lab().pem(file) for name, file in change.items()}
    ((found, text),) = said(**good(**files))
    assert found == key
    assert message in text


def test_a_file_that_is_no_pem(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("nothing\n")
    assert said(**good(ca=junk)) == [("ca", f"{junk}: no certificates in PEM form")]
    ((_, text),) = said(**good(key=junk))
    assert "certificate or key cannot be read" in text
    folder = tmp_path / "folder"
    folder.mkdir()
    ((_, text),) = said(**good(key=folder))
    assert f"{folder}: Is a directory" in text


def test_what_is_not_needed_yet_is_not_looked_at(tmp_path: Path) -> None:
    nowhere = tmp_path / "none.pem"
    assert said("ws://localhost:1/ocpp", ca=nowhere, cert=nowhere, key=nowhere, profile=0) == []
    assert said(ca=lab().root, cert=nowhere, key=nowhere, profile=2) == []


def test_a_profile_3_without_a_key() -> None:
    assert [key for key, _ in said(ca=lab().root, profile=3)] == ["cert", "key"]


def test_keys_that_others_can_read(tmp_path: Path) -> None:
    key = tmp_path / "station.key"
    key.write_bytes(lab().key("station").read_bytes())
    profile = from_mapping(
        station_profile("wss://localhost:1/ocpp", **good(key=key)), Path("/nonexistent"), env={}
    ).profile
    key.chmod(0o640)
    assert [problem.hint for problem in exposed(profile)] == [f"chmod 600 {key}"]
    key.chmod(0o600)
    assert list(exposed(profile)) == []


@pytest.mark.parametrize(
    ("change", "doubted"),
    [
        ({}, []),
        ({"ca": "csms-issuing"}, [("ca", "holds no root")]),
        ({"ca": "server"}, [("ca", "holds no root")]),
        ({"cert": "bad-station-expired"}, [("cert", "it has expired")]),
        ({"cert": "bad-station-expired", "profile": 2}, []),
    ],
)
def test_files_that_can_be_read_and_are_of_no_use(change: dict[str, Any], doubted: list[tuple[str, str]]) -> None:
    files = {name: lab().pem(value) if isinstance(value, str) else value for name, value in change.items()}
    content = station_profile("wss://localhost:1/ocpp", **good(**files))
    found = list(doubtful(from_mapping(content, Path("/nonexistent"), env={}).profile))
    assert [one.key for one in found] == [key for key, _ in doubted]
    assert all(text in one.message for one, (_, text) in zip(found, doubted, strict=True))
