"""Checks that the options of GPIO drivers share."""

from __future__ import annotations

import dataclasses
from typing import Any


def distinct(options: Any) -> None:
    """Every ``pin`` and ``…_pin`` of an options dataclass is another one. Raises: ValueError."""
    seen: dict[int, str] = {}
    for field in dataclasses.fields(options):
        number = getattr(options, field.name)
        if (field.name == "pin" or field.name.endswith("_pin")) and number is not None:
            if number in seen:
                raise ValueError(f"{seen[number]} and {field.name} are both GPIO{number}")
            seen[number] = field.name
