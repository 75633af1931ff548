"""The OpenAPI document of the HTTP face, generated from the registry."""

from __future__ import annotations

from typing import Any, Final

from station import __version__
from station.control.registry import COMMANDS, Command

_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["ok"],
    "properties": {"ok": {"type": "boolean"}, "data": {"type": "object"}, "error": {"type": "string"}},
}
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint", "ok", "error"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "ok": {"const": False},
        "error": {"type": "string"},
    },
}
_WAIT: Final[dict[str, Any]] = {
    "name": "wait",
    "in": "query",
    "description": "answer as a control line does, after so many seconds at the latest; left out: at once",
    "schema": {"type": "number", "minimum": 0, "maximum": 3600},
}


def _query(name: str, doc: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": doc, "schema": {"type": "string"}}


def _content(media_type: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


_PROBLEMS: Final[dict[str, Any]] = {
    "default": _content(
        "application/problem+json", {"$ref": "#/components/schemas/Problem"}, "what is wrong, and a hint"
    )
}


def _operation(summary: str, media_type: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _content(media_type, schema, summary), **_PROBLEMS}, **more}


def _command(command: Command) -> dict[str, Any]:
    body = {
        "required": bool(command.schema()["required"]),
        "content": {"application/json": {"schema": command.schema()}},
    }
    return _operation(
        command.doc,
        "application/json",
        {"$ref": "#/components/schemas/Answer"},
        operationId=command.name,
        description=f"Answered {command.answered}.",
        parameters=[_WAIT],
        requestBody=body,
    )


def document(*, token: bool) -> dict[str, Any]:
    """The document.

    Args:
        token: whether requests need one.
    """
    answer = {"$ref": "#/components/schemas/Answer"}
    json_type, plain = "application/json", {"type": "object"}
    changes = {"required": True, "content": {json_type: {"schema": {"type": "object"}}}}
    last_id = {"name": "Last-Event-ID", "in": "header", "description": "go on after it", "schema": {"type": "string"}}
    paths: dict[str, Any] = {
        "/api/v1/status": {"get": _operation("The state of the station", json_type, plain)},
        "/api/v1/events": {
            "get": _operation(
                "Events as they happen",
                "text/event-stream",
                {"type": "string"},
                parameters=[_query("types", "names, with commas; left out: all but wire"), last_id],
            )
        },
        "/api/v1/variables": {
            "get": _operation("Every variable", json_type, {"type": "array", "items": plain}),
            "patch": _operation(
                "Write variables by name; null forgets what was written", json_type, answer, requestBody=changes
            ),
        },
        "/metrics": {"get": _operation("Metrics for Prometheus", "text/plain", {"type": "string"})},
        "/healthz": {"get": _operation("Whether the control face answers", json_type, plain)},
        "/openapi.json": {"get": _operation("This document", json_type, plain)},
    }
    paths |= {f"/api/v1/commands/{command.name}": {"post": _command(command)} for command in COMMANDS.values()}
    components: dict[str, Any] = {"schemas": {"Answer": _ANSWER, "Problem": _PROBLEM}}
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "ocpp-station", "version": __version__},
        "paths": paths,
        "components": components,
    }
    if token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made
