"""The JSON schema of plans: what is shipped fits, and what is misspelt does not."""

from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from station.fleet.schema import plan_schema

VALIDATOR = jsonschema_rs.validator_for(plan_schema())
FLEETS = sorted((Path(__file__).parents[3] / "profiles" / "fleets").glob("*.yaml"))


@pytest.mark.parametrize("path", FLEETS, ids=lambda path: path.stem)
def test_what_is_shipped_fits(path: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(path.read_text()))] == []


@pytest.mark.parametrize(
    "plan",
    [
        {"groups": [{"station": {"evses": [{"phases": 3}]}, "behaviour": {"start": "at once"}}]},
        {"stations": "a.csv", "cards": ["A", {"idTag": "B", "type": "Central"}]},
        {"events": [{"at": "1m", "do": "network", "for": "3s", "params": {"drop": "1%"}}]},
        {"stages": [{"stations": 5, "for": "1m"}], "csms": {"url": "ws://h"}},
        {"plan": {"ramp": 0, "network": {"drop": ".5 %"}}},
    ],
)
def test_what_fits(plan: dict[str, object]) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(plan)] == []


@pytest.mark.parametrize(
    "plan",
    [
        {"group": []},
        {"plan": {"for": "10x"}},
        {"plan": {"ramp": 60}},
        {"plan": {"network": {"latency": "40"}}},
        {"groups": [{"share": 0.3}]},
        {"plan": {"run_for": "10s"}},
        {"groups": [{"station": {"evse": []}}]},
        {"groups": [{"behaviour": {"pattern": "lazy"}}]},
        {"events": [{"do": "go_offline"}]},
        {"events": [{"at": "1m", "do": "nothing"}]},
    ],
)
def test_what_does_not_fit(plan: dict[str, object]) -> None:
    assert not VALIDATOR.is_valid(plan)
