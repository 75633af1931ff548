"""A word between the station and the handlers of its events."""

from __future__ import annotations

from typing import Final

NOTHING_FOLLOWS: Final = object()
"""What a handler answers where no EVSE, session or reset can have changed: the turn ends without a look at them."""
