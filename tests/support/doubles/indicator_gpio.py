"""Three lamps and a buzzer on simulated pins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.support import gpio_physics


@contextlib.contextmanager
def double() -> Iterator[dict[str, Any]]:
    """Options that reach them."""
    gpio_physics.fresh()
    yield {"red_pin": "19", "green_pin": "20", "blue_pin": "21", "buzzer_pin": "26", "factory": "mock"}
    gpio_physics.fresh()
