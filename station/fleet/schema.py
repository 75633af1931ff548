"""The JSON schema of a fleet's plan, for editors (yaml-language-server) and `station schema --fleet`.

A little more generous than ``plan_file``, as that of profiles is (``station.config.schema``).
"""

from __future__ import annotations

from typing import Any

from station.config.schema import json_schema, tidy
from station.fleet.plan_model import PlanModel
from station.fleet.storm_words import WORDS


def plan_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a plan; unknown keys are refused, quantities have patterns."""
    schema: dict[str, Any] = PlanModel.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    tidy(schema)
    profile = json_schema()
    definitions.update(profile.pop("$defs"))
    definitions["Profile"] = {key: profile[key] for key in ("type", "properties", "additionalProperties")}
    definitions["GroupBlock"]["properties"]["station"] = {
        "anyOf": [{"$ref": "#/$defs/Profile"}, {"type": "string"}],
        "description": "a profile, or its file",
    }
    definitions["EventBlock"]["properties"]["do"] = {
        "oneOf": [{"const": name, "description": word.doc} for name, word in WORDS.items()]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ocpp-station fleet plan", **schema}
