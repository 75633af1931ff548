"""A contactor with mirror contact, emergency stop and residual current device on simulated pins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.support import gpio_physics


@contextlib.contextmanager
def double() -> Iterator[dict[str, Any]]:
    """Options that reach it."""
    gpio_physics.Contactor()
    yield {
        "pin": "17",
        "feedback_pin": "27",
        "emergency_stop_pin": "22",
        "rcd_pin": "23",
        "tamper_pin": "24",
        "factory": "mock",
    }
    gpio_physics.fresh()
