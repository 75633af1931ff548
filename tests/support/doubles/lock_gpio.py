"""A motor lock on simulated pins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.support import gpio_physics


@contextlib.contextmanager
def double() -> Iterator[dict[str, Any]]:
    """Options that reach it."""
    gpio_physics.Lock()
    yield {"lock_pin": "5", "unlock_pin": "6", "feedback_pin": "13", "factory": "mock"}
    gpio_physics.fresh()
