"""What of a profile a supporter sees."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from station.config import from_mapping
from station.host.log_bundle import Members, plain, without_credentials

PROFILE = {
    "station": {"id": "CP-1", "vendor": "Acme", "model": "Wallbox"},
    "csms": {
        "url": "wss://user:hunter2@csms.test/ocpp?key=hunter2",
        "security": {"profile": 2, "password": "${PASSWORD}"},
    },
    "store": "memory",
    "control": {"token": "${TOKEN}"},
    "auth": {"local": {"allow": ["04AABBCC"]}, "master_group": "SERVICE"},
    "car": {"taps": "04DDEEFF"},
    "certificates": {"v2g_leaf": {"chain": ["a.pem"], "key": "a.key", "key_password": "${PASSWORD}"}},
    "variables": {"AcmeText": {"value": "${PASSWORD}", "type": "string"}},
}


def test_a_profile_shows_what_is_set_and_hides_what_is_secret() -> None:
    content = dict(PROFILE)
    content["csms"] = {**PROFILE["csms"], "url": "wss://csms.test/ocpp"}  # type: ignore[dict-item]
    secrets = {"PASSWORD": "correct-horse-battery", "TOKEN": "tokentokentoken1"}
    profile = from_mapping(content, Path("/nonexistent"), env=secrets).profile
    shown = json.dumps(plain(profile))
    for secret in (*secrets.values(), "04AABBCC", "SERVICE", "04DDEEFF"):
        assert secret not in shown, secret
    for known in ("CP-1", "Acme", "csms.test", "PlugEvents", "a.key"):
        assert known in shown, known


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ftp://u:p@host:21/a?sig=1", "ftp://host:21/a?***"),
        ("https://host/a", "https://host/a"),
        ("no url", "no url"),
        ("", ""),
        ("http://[broken/a", "***"),
    ],
)
def test_urls_are_shown_without_credentials(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


def test_an_archive_can_be_read_by_its_owner_alone() -> None:
    packed = Members({"a.json": b"{}", "b.log": b"line\n"}).packed()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert [(one.name, one.size, one.mode) for one in archive] == [("a.json", 2, 0o600), ("b.log", 5, 0o600)]
