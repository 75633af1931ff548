"""A button on a simulated pin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.support import gpio_physics


@contextlib.contextmanager
def double() -> Iterator[dict[str, Any]]:
    """Options that reach it."""
    gpio_physics.fresh()
    yield {"pin": "24", "factory": "mock"}
    gpio_physics.fresh()
