"""station.host.security_profile: what a higher profile needs, and its address."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from station.config import Profile, from_mapping
from station.host.credentials import Credentials
from station.host.security_profile import has_password, missing, url_at
from station.host.state_folder import StateFolder
from tests.support.core_world import World
from tests.support.fake_ca import Authority, days

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WS, WSS = "ws://csms.test:9000/ocpp/CP-1", "wss://csms.test:9000/ocpp/CP-1"


def profile(url: str = "ws://csms.test:9000/ocpp", **security: Any) -> Profile:
    """A profile with these security settings."""
    content = {"station": {"id": "CP-1"}, "csms": {"url": url, "security": security}, "store": "memory"}
    return from_mapping(content, Path("/nonexistent"), env={}).profile


def credentials(**security: Any) -> Credentials:
    """The credentials of a station with these security settings, where nothing was installed."""
    choices = World().station.certificates
    return Credentials(profile(**security), StateFolder(None), lambda: choices, lambda: NOW)


@pytest.mark.spec("A05.FR.06")
def test_the_scheme_follows_a_changed_profile_only() -> None:
    plain, secure = profile(), profile("wss://csms.test:9000/ocpp")
    assert [url_at(plain, level, WS) for level in range(4)] == [WS, WS, WSS, WSS]
    assert [url_at(secure, level, WSS) for level in (2, 3)] == [WSS, WSS]
    assert url_at(secure, 2, WS) == WS, "an address of the owner is not touched"


@pytest.mark.spec("A05.FR.02", "A05.FR.03", "A05.FR.04")
def test_what_is_missing_is_named(tmp_path: Path) -> None:
    root = Authority()
    ca = str(root.write(tmp_path / "ca.pem"))
    bare = credentials()
    assert missing(bare, 0, None) == ""
    assert missing(bare, 1, None) == "a password"
    assert missing(bare, 1, "short") == "a password of at least 16 characters"
    assert missing(bare, 1, "x" * 20) == ""
    assert missing(bare, 2, "x" * 20) == "a valid root certificate of the CSMS"
    assert missing(credentials(ca=str(tmp_path / "none.pem")), 2, "x" * 20) == "a valid root certificate of the CSMS"
    expired = str(Authority(period=days(-20, -10, NOW)).write(tmp_path / "expired-ca.pem"))
    assert missing(credentials(ca=expired), 2, "x" * 20) == "a valid root certificate of the CSMS"
    rooted = credentials(ca=ca)
    assert missing(rooted, 2, "x" * 20) == ""
    assert missing(rooted, 3, None) == "a valid certificate of the station"
    cert, key = (str(file) for file in root.pair(tmp_path, "station"))
    assert missing(credentials(ca=ca, cert=cert, key=key, profile=0), 3, None) == ""
    cert, key = (str(file) for file in root.pair(tmp_path, "expired", period=days(-20, -10, NOW)))
    assert missing(credentials(ca=ca, cert=cert, key=key, profile=0), 3, None) == "a valid certificate of the station"


def test_only_profiles_1_and_2_have_a_password() -> None:
    assert [has_password(level) for level in range(4)] == [False, True, True, False]
