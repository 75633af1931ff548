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


def query(name: str, doc: str) -> dict[str, Any]:
    """A parameter of the query."""
    return {"name": name, "in": "query", "description": doc, "schema": {"type": "string"}}


def content(media_type: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A response."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


_PROBLEMS: Final[dict[str, Any]] = {
    "default": content(
        "application/problem+json", {"$ref": "#/components/schemas/Problem"}, "what is wrong, and a hint"
    )
}


def operation(summary: str, media_type: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An operation with what it answers."""
    return {"summary": summary, "responses": {"200": content(media_type, schema, summary), **_PROBLEMS}, **more}


def command_operation(command: Command, *more: dict[str, Any]) -> dict[str, Any]:
    """What the document says of a command; with more parameters."""
    body = {
        "required": bool(command.schema()["required"]),
        "content": {"application/json": {"schema": command.schema()}},
    }
    return operation(
        command.doc,
        "application/json",
        {"$ref": "#/components/schemas/Answer"},
        operationId=command.name,
        description=f"Answered {command.answered}.",
        parameters=[*more, _WAIT],
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
        "/api/v1/status": {"get": operation("The state of the station", json_type, plain)},
        "/api/v1/events": {
            "get": operation(
                "Events as they happen",
                "text/event-stream",
                {"type": "string"},
                parameters=[query("types", "names, with commas; left out: all but wire"), last_id],
            )
        },
        "/api/v1/variables": {
            "get": operation("Every variable", json_type, {"type": "array", "items": plain}),
            "patch": operation(
                "Write variables by name; null forgets what was written", json_type, answer, requestBody=changes
            ),
        },
        "/metrics": {"get": operation("Metrics for Prometheus", "text/plain", {"type": "string"})},
        "/healthz": {"get": operation("Whether the control face answers", json_type, plain)},
        "/openapi.json": {"get": operation("This document", json_type, plain)},
    }
    paths |= {f"/api/v1/commands/{command.name}": {"post": command_operation(command)} for command in COMMANDS.values()}
    return whole("ocpp-station", paths, token=token)


def whole(title: str, paths: dict[str, Any], *, token: bool) -> dict[str, Any]:
    """A document of these paths."""
    components: dict[str, Any] = {"schemas": {"Answer": _ANSWER, "Problem": _PROBLEM}}
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__},
        "paths": paths,
        "components": components,
    }
    if token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made
