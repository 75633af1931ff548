"""The OpenAPI document of a fleet's HTTP face; the commands of its stations are generated from the registry."""

from __future__ import annotations

from typing import Any, Final

from station.control.openapi import command_operation, operation, query, whole
from station.control.registry import COMMANDS

_JSON: Final = "application/json"
_PLAIN: Final[dict[str, Any]] = {"type": "object"}
_ANSWER: Final[dict[str, Any]] = {"$ref": "#/components/schemas/Answer"}
_DURATION: Final[dict[str, Any]] = {
    "type": ["string", "number"],
    "description": "a duration: 30s, 5m; a plain number is seconds",
}
_ID: Final[dict[str, Any]] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "the station's identity",
    "schema": {"type": "string"},
}
_SCALE: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["stations"],
    "properties": {
        "stations": {"type": "integer", "minimum": 0, "description": "how many are to run"},
        "ramp": {**_DURATION, "default": 0},
    },
}
_INJECT: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["do"],
    "properties": {
        "do": {"type": "string", "description": "a storm, or a command of a station"},
        "share": {
            "type": ["string", "number"],
            "description": "of the stations: 20%, or a number up to 1",
            "default": "100%",
        },
        "for": {**_DURATION, "description": "then it is over; left out: it is not undone"},
        "at": {**_DURATION, "description": "so long from now", "default": 0},
        "group": {"type": "string", "description": "only stations of this group"},
        "spread": {**_DURATION, "description": "begun within this time, evenly", "default": 0},
        "params": {"type": "object", "description": "of the command, or of the storm"},
    },
}


def _act(summary: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    if body is None:
        return {"post": operation(summary, _JSON, _ANSWER)}
    return {
        "post": operation(summary, _JSON, _ANSWER, requestBody={"required": True, "content": {_JSON: {"schema": body}}})
    }


def document(*, token: bool) -> dict[str, Any]:
    """The document.

    Args:
        token: whether requests need one.
    """
    page = [query("offset", "the first one's place, from 0"), query("limit", "how many at most, 1 to 1000")]
    paths: dict[str, Any] = {
        "/api/v1/fleet": {"get": operation("The figures so far", _JSON, _PLAIN)},
        "/api/v1/fleet/pause": _act("No new session begins"),
        "/api/v1/fleet/resume": _act("Sessions begin again"),
        "/api/v1/fleet/scale": _act("Bring the number of stations to another", _SCALE),
        "/api/v1/fleet/inject": _act("Let something befall stations, now", _INJECT),
        "/api/v1/fleet/stop": _act("End the run in order"),
        "/api/v1/stations": {"get": operation("The stations that run", _JSON, _PLAIN, parameters=page)},
        "/api/v1/stations/{id}": {"get": operation("The state of a station", _JSON, _PLAIN, parameters=[_ID])},
        "/metrics": {"get": operation("Metrics for Prometheus", "text/plain", {"type": "string"})},
        "/healthz": {"get": operation("Whether the control face answers", _JSON, _PLAIN)},
        "/openapi.json": {"get": operation("This document", _JSON, _PLAIN)},
    }
    paths |= {
        f"/api/v1/stations/{{id}}/commands/{command.name}": {"post": command_operation(command, _ID)}
        for command in COMMANDS.values()
    }
    return whole("ocpp-station fleet", paths, token=token)
