"""Payloads made from a JSON schema: every member that it names, each with a legal value."""

from __future__ import annotations

import importlib
from typing import Any

from station.ocpp.schema import VERSIONS, Kind, Version, known_actions

KINDS: tuple[Kind, ...] = ("request", "response")

ALL_PAYLOADS: list[tuple[Version, str, Kind]] = [
    (version, action, kind) for version in VERSIONS for action in sorted(known_actions(version)) for kind in KINDS
]

PACKAGES: dict[Version, str] = {"1.6": "ocpp.v16", "2.0.1": "ocpp.v201", "2.1": "ocpp.v21"}


def payload_class(version: Version, action: str, kind: Kind) -> type[Any]:
    """Find the dataclass of the ocpp package for a payload."""
    module = importlib.import_module(f"{PACKAGES[version]}.{'call' if kind == 'request' else 'call_result'}")
    found: type[Any] = getattr(module, action)
    return found


def full_sample(schema: dict[str, Any], root: dict[str, Any] | None = None) -> Any:
    """Build a value with all members of a schema, arrays with one element."""
    root = schema if root is None else root
    if "$ref" in schema:
        return full_sample(root["definitions"][schema["$ref"].rpartition("/")[2]], root)
    kind = schema.get("type", "string")
    if kind == "object":
        return {name: full_sample(member, root) for name, member in schema.get("properties", {}).items()}
    if kind == "array":
        return [full_sample(schema["items"], root)]
    return _scalar(kind, schema)


def _scalar(kind: str, schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][-1]
    if kind == "string":
        text = {"date-time": "2026-01-02T03:04:05.678Z", "uri": "https://example.com/a?b=c"}.get(
            schema.get("format", "")
        )
        return text or "x"
    if kind == "boolean":
        return False
    number = min(max(1, schema.get("minimum", 1)), schema.get("maximum", 1))
    return number if kind == "integer" else number + 0.0


def member_names(value: Any) -> set[str]:
    """Collect all member names of a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*(member_names(member) for member in value.values()))
    if isinstance(value, list):
        return set().union(*(member_names(element) for element in value))
    return set()
