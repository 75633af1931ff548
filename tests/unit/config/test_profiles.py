"""Every profile that is shipped can be read, and fits the schema."""

from pathlib import Path

import jsonschema_rs
import pytest

from station.config import json_schema, load
from station.config.loader import read_file
from station.config.nodes import to_plain

PROFILES = sorted((Path(__file__).parents[3] / "profiles" / "stations").glob("*.yaml"))
ENV = {"HOME": "/home/user", "CSMS_PASSWORD": "0123456789abcdef"}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_it_loads(path: Path) -> None:
    profile = load(path, env=ENV).profile
    assert profile.evses


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_it_fits_the_schema(path: Path) -> None:
    validator = jsonschema_rs.validator_for(schema_for_texts(json_schema()))
    node, problems = read_file(path, ENV)
    assert problems == []
    assert [error.message for error in validator.iter_errors(plain(to_plain(node)))] == []


def schema_for_texts(schema: object) -> object:
    """The same schema where numbers and switches may be texts, as our loader leaves them."""
    if isinstance(schema, dict):
        changed = {key: schema_for_texts(value) for key, value in schema.items()}
        if changed.get("type") in ("integer", "number"):
            changed = {"type": "string"}
        if "enum" in changed:
            changed["enum"] = [*changed["enum"], *(str(item) for item in changed["enum"])]
        return changed
    return [schema_for_texts(item) for item in schema] if isinstance(schema, list) else schema


def plain(value: object) -> object:
    """Texts of the plain kind, for the validator."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if value is None else str(value)
