"""What the texts of OCPP demand and the JSON schemas do not say: applied to a schema before it is compiled.

Not here: reading schemas, finding faults (``station.ocpp.schema``, the only caller).
"""

from __future__ import annotations

from typing import Any, Final

LEAST_INTEGER: Final = -(2**63)
GREATEST_INTEGER: Final = 2**63 - 1
"""What is stored and written back holds 64 bits; a bigger number is out of range, whatever it is written like."""

_SEVERAL: Final = frozenset({"chargingSchedulePeriod"})
"""Members of requests of 1.6 with cardinality 1..* (OCPP 1.6 §7.13) that the schemas let be empty."""

_MAY_BE_EMPTY: Final = frozenset({"localAuthorizationList"})
"""Lists that may be empty by the text (OCPP 2.0.1 D01.FR.05, against the schema)."""


def amended(schema: dict[str, Any], *, lists_of_16: bool = False) -> dict[str, Any]:
    """A copy of a schema with what is missing in it.

    Args:
        schema: a JSON schema as read from its file.
        lists_of_16: whether it is that of a request of OCPP 1.6.
    """
    made = {key: _inner(key, value, lists_of_16) for key, value in schema.items()}
    if made.get("type") == "integer":
        made.setdefault("minimum", LEAST_INTEGER)
        made.setdefault("maximum", GREATEST_INTEGER)
    return made


def _inner(key: str, value: Any, lists_of_16: bool) -> Any:
    if key in ("properties", "definitions"):
        return {name: _member(name, member, lists_of_16) for name, member in value.items()}
    return amended(value, lists_of_16=lists_of_16) if key == "items" else value


def _member(name: str, schema: dict[str, Any], lists_of_16: bool) -> dict[str, Any]:
    made = amended(schema, lists_of_16=lists_of_16)
    if name in _MAY_BE_EMPTY:
        made.pop("minItems", None)
    if lists_of_16 and name in _SEVERAL:
        made.setdefault("minItems", 1)
    return made
