"""The JSON schema for editors."""

import jsonschema_rs
import pytest

from station.config import json_schema

VALIDATOR = jsonschema_rs.validator_for(json_schema())


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"station": {"id": "A", "serial": 123, "max_current": "63A"}},
        {"csms": "none", "auth": "free", "control": False},
        {"csms": {"url": "ws://h", "ping": 5, "compression": "off"}},
        {"evses": [{"hardware": {"meter": {"driver": "sim", "signed": {"begin": "x"}}}}]},
        {"evses": [{"hardware": {"contactor": {"driver": "gpio", "pin": 17}}}]},
        {"auth": {"readers": [{"driver": "keyboard", "evses": [1], "uid": {"case": "lower"}}]}},
        {"car": {"plugs_in": "after 2s", "soc": "35%"}},
        {"firmware": {"installer": {"exec": "x"}}, "reboot": {"real": True}},
        {"variables": {"A": 1, "B": [1, 2], "C": {"type": "string"}, "D": None}},
    ],
)
def test_what_fits(profile: dict[str, object]) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(profile)] == []


@pytest.mark.parametrize(
    "profile",
    [
        {"staton": {}},
        {"station": {"id": "a:b"}},
        {"station": {"max_current": "22kW"}},
        {"csms": "off"},
        {"csms": {"url": "http://h"}},
        {"evses": [{"hardware": {"meter": {"driver": "gpio"}}}]},
        {"evses": [{"hardware": {"contactor": {"driver": "gpio", "pni": 17}}}]},
        {"evses": [{"phases": 4}]},
        {"metering": {"sample": "10 parsecs"}},
    ],
)
def test_what_does_not(profile: dict[str, object]) -> None:
    assert not VALIDATOR.is_valid(profile)


def test_every_top_level_block_is_described() -> None:
    definitions = json_schema()["$defs"]
    assert all(definition.get("description") for definition in definitions.values())
