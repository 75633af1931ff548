"""The variables of a station as the control face shows them."""

from __future__ import annotations

from typing import Any

from station.core.variables import Variables


def variable_list(variables: Variables) -> list[dict[str, Any]]:
    """Every variable: address, value (write-only ones without), type, unit, mutability."""
    out: list[dict[str, Any]] = []
    for address in variables.model.addresses:
        found = variables.get(address)
        if found.definition is None:
            continue
        out.append(
            {
                "name": str(address),
                "value": found.value,
                "type": found.definition.type.value,
                "unit": found.definition.unit,
                "mutability": found.mutability.value if found.mutability is not None else None,
            }
        )
    return out
