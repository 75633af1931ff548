"""The JSON schema of a profile, for editors (yaml-language-server) and `station schema`.

It is a little more generous than the loader: it cannot know positions, environment and files. Tell the editor about
the tag: `"yaml.customTags": ["!file scalar"]`.
"""

from typing import Any

from station.config import parts
from station.config.model import ProfileModel

_ANY = {"type": ["string", "number", "boolean", "array", "object"]}
_OFF = (False, "off", "no", "false")
_ON = (True, "on", "yes", "true")
_UID = {
    "type": "object",
    "description": "how a UID becomes a card number",
    "additionalProperties": False,
    "properties": {
        "order": {"enum": ["as-read", "reversed"]},
        "bytes": {"type": "integer", "minimum": 1, "maximum": 16},
        "format": {"enum": ["hex", "decimal"]},
        "case": {"enum": ["upper", "lower"]},
        "length": {"type": "integer", "minimum": 1, "maximum": 36},
        "prefix": {"type": "string"},
    },
}


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a profile; unknown keys are refused, quantities have patterns."""
    schema: dict[str, Any] = ProfileModel.model_json_schema()
    definitions = schema["$defs"]
    hardware = definitions["HardwareBlock"]["properties"]
    for part in hardware:
        hardware[part] = _drivers(part)
    definitions["AuthBlock"]["properties"]["readers"]["items"] = _drivers("reader")
    tidy(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ocpp-station profile",
        **schema,
    }


def _drivers(part: str) -> dict[str, Any]:
    return {"oneOf": [_driver(part, name) for name in parts.known_drivers(part)]}


def _driver(part: str, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"driver": {"const": name}}
    properties.update({key: {**_ANY, **about} for key, about in parts.option_names(part, name).items()})
    if part == "reader":
        properties["evses"] = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1}
        properties["uid"] = _UID
        properties["name"] = {"type": ["string", "number"], "maxLength": 40}
        properties["prevalidated"] = {"enum": [*_ON, *_OFF], "description": "its cards may charge unasked"}
    return {"type": "object", "required": ["driver"], "additionalProperties": False, "properties": properties}


def tidy(schema: Any) -> None:
    """Drop pydantic's titles, which repeat the keys, and let `off`, `no`, `yes` have their synonyms."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        words = [schema["const"]] if "const" in schema else schema.get("enum", [])
        more = [*_OFF] if {"off", "no"} & set(map(str, words)) else []
        more += [*_ON] if "yes" in words else []
        if more:
            schema.pop("const", None)
            schema.pop("type", None)
            schema["enum"] = [*words, *(word for word in more if word not in words)]
        for value in schema.values():
            tidy(value)
    elif isinstance(schema, list):
        for value in schema:
            tidy(value)
