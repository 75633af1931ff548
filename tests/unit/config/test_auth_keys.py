"""The keys of `auth` that say who is asked and what cards may do (docs/authorization.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from station.config import ConfigError, from_mapping


def auth(**keys: Any) -> Any:
    return from_mapping({"station": {"id": "CP-1"}, "auth": keys}, Path("/nonexistent"), env={}).profile.auth


def test_as_delivered() -> None:
    plain = auth()
    assert plain.validators == ("allow", "local_list", "cache", "csms", "offline")
    assert (plain.group_card, plain.reswipe, plain.after_plug_timeout) == ("start-if-plugged", "refuse", "accept")
    assert [(reader.name, reader.prevalidated) for reader in plain.readers] == [("keyboard", False)]


def test_readers_have_names() -> None:
    keyboard = {"driver": "keyboard"}
    written = [keyboard, {**keyboard, "name": "keyboard-2"}, keyboard, {**keyboard, "name": "lobby"}]
    assert [one.name for one in auth(readers=written).readers] == ["keyboard", "keyboard-2", "keyboard-3", "lobby"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"validators": []}, "empty"),
        ({"validators": ["csms", "csms"]}, "twice"),
        ({"validators": ["csms", "magic"]}, "magic"),
        ({"validators": ["offline", "csms"]}, "put it last"),
        ({"validators": ["cache", "local_list"]}, "local list comes before the cache"),
        ({"reswipe": "maybe"}, "withdraw"),
        ({"after_plug_timeout": "never"}, "replug"),
        ({"group_card": "stop"}, "stop-first"),
        ({"readers": [{"driver": "keyboard", "name": "csms"}]}, "no reader can be called"),
        ({"readers": [{"driver": "keyboard", "name": "x" * 41}]}, "no reader can be called"),
        ({"readers": [{"driver": "keyboard", "name": "a\nb"}]}, "control characters"),
        ({"readers": [{"driver": "keyboard", "name": ["a"]}]}, "name"),
        ({"readers": [{"driver": "keyboard", "prevalidated": "perhaps"}]}, "prevalidated"),
        ({"readers": [{"driver": "keyboard", "name": "a"}, {"driver": "keyboard", "name": "a"}]}, "two readers"),
    ],
)
def test_what_cannot_be_meant_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        auth(**keys)
    assert any(said in str(problem) for problem in caught.value.problems) or said in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"readers": [{"driver": "keyboard", "prevalidated": "yes"}]}, "nobody is asked"),
        ({"validators": ["csms"], "local": {"allow": ["04A1B2C3"]}}, "allow is not among auth.validators"),
    ],
)
def test_what_may_be_meant_but_surprises_is_a_warning(keys: dict[str, Any], said: str) -> None:
    loaded = from_mapping({"station": {"id": "CP-1"}, "auth": keys}, Path("/nonexistent"), env={})
    assert any(said in warning for warning in loaded.warnings)


def test_without_a_csms_somebody_has_to_be_allowed() -> None:
    block = {"validators": ["local_list"], "local": {"allow": ["04A1B2C3"]}}
    with pytest.raises(ConfigError, match="nobody may charge"):
        from_mapping({"station": {"id": "CP-1"}, "csms": "none", "auth": block}, Path("/nonexistent"), env={})
