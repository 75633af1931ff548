"""station.host.security_profile: what a higher profile needs, and its address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from station.config import Profile, from_mapping
from station.host.security_profile import has_password, missing, url_at

WS, WSS = "ws://csms.test:9000/ocpp/CP-1", "wss://csms.test:9000/ocpp/CP-1"


def profile(url: str = "ws://csms.test:9000/ocpp", **security: Any) -> Profile:
    """A profile with these security settings."""
    content = {"station": {"id": "CP-1"}, "csms": {"url": url, "security": security}, "store": "memory"}
    return from_mapping(content, Path("/nonexistent"), env={}).profile


@pytest.mark.spec("A05.FR.06")
def test_the_scheme_follows_a_changed_profile_only() -> None:
    plain, secure = profile(), profile("wss://csms.test:9000/ocpp")
    assert [url_at(plain, level, WS) for level in range(4)] == [WS, WS, WSS, WSS]
    assert [url_at(secure, level, WSS) for level in (2, 3)] == [WSS, WSS]
    assert url_at(secure, 2, WS) == WS, "an address of the owner is not touched"


@pytest.mark.spec("A05.FR.02", "A05.FR.03", "A05.FR.04")
def test_what_is_missing_is_named() -> None:
    bare = profile()
    assert missing(bare, 0, None) == ""
    assert missing(bare, 1, None) == "a password"
    assert missing(bare, 1, "x" * 20) == ""
    assert missing(bare, 2, "x" * 20) == "a root certificate of the CSMS"
    rooted = profile(ca="ca.pem")
    assert missing(rooted, 2, "x" * 20) == ""
    assert missing(rooted, 3, None) == "a certificate of the station"
    assert missing(profile(ca="ca.pem", cert="a.pem", key="a.key", profile=0), 3, None) == ""


def test_only_profiles_1_and_2_have_a_password() -> None:
    assert [has_password(level) for level in range(4)] == [False, True, True, False]
